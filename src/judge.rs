//! From counts and scores to alerts.
//!
//! The judge holds one watch per rule and topic, and every alert until it is read no more. It is told
//! what was observed and answers with transitions: an alert fires, changes, resolves.

mod alerts;
mod crisis;
mod parts;
mod share;
mod sla;
mod state;
mod similar;
mod sources;
mod terms;
mod unusual;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::alert::{self, Alert, Gist};
use crate::post::{PostBuf, PostKey};
use crate::score::{Addend, Score};
use crate::time::{MINUTE, Timestamp};
use crate::topic::{Listening, On, Rule, TopicId};
use crate::window::Tallied;
use alerts::{Alerts, Kept};
pub use crisis::{Crisis, Symptoms};
use parts::Crises;
pub use sources::Brought;
use sources::SourceWatch;
pub use terms::{Said, Texts, terms};
pub use unusual::Closed;
pub use words::unusual;

/// A firing `volume` alert tells of its growth at most this often, unless it doubled.
const UPDATE_EVERY: i64 = MINUTE;

/// What stands behind an alert.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The window.
    pub observed: Tallied,
    /// Clusters of near-duplicates among its mentions.
    pub clusters: u64,
    /// The earliest post.
    pub first: Option<PostBuf>,
    /// The posts with the highest priority, highest first.
    pub top: Vec<PostBuf>,
    /// Mentions by network, in name order.
    pub networks: Vec<(String, u64)>,
    /// What its mentions are like.
    pub gist: Gist,
}

/// When something was found, and whether it came behind the watermark.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Event time.
    pub now: Timestamp,
    /// Caused by a late post.
    pub delayed: bool,
}

/// One rule on one topic.
#[derive(Debug)]
struct Watch {
    rule: Arc<Rule>,
    topic: TopicId,
    topic_name: String,
    brand: String,
    /// The firing alert, but for `priority`.
    firing: Option<Firing>,
    /// Windows with this last minute or an earlier one belong to an alert that is over.
    done: i64,
}

/// An alert on a topic's volume that goes on.
#[derive(Debug, Clone, Copy)]
struct Firing {
    /// Number of the alert.
    alert: u64,
    /// Last minute of the window that fired.
    end: i64,
    /// What was told last, and when.
    told: u64,
    told_at: Timestamp,
}

/// All watches and alerts.
#[derive(Debug, Default)]
pub struct Judge {
    /// Ordered by topic, then as the rules are configured.
    watches: Vec<Watch>,
    of_topic: BTreeMap<TopicId, Range<usize>>,
    /// As the rules are configured.
    sources: Vec<SourceWatch>,
    /// Those of shares of voice and of answers, as the rules are configured.
    shares: Vec<share::Watch>,
    /// Those on how customers are answered, as the rules are configured.
    sla: Vec<sla::Watch>,
    alerts: Alerts,
    crises: Crises,
}

impl Judge {
    /// Gives none of `taken` as an id to an alert.
    pub fn beside(taken: &[String]) -> Judge {
        Judge { alerts: Alerts::beside(taken), ..Judge::default() }
    }

    /// Watches the rules of `listening` from now on. What an old rule had firing goes on if the rule
    /// still watches its topic, and resolves otherwise.
    pub fn adopt(&mut self, listening: &Listening, now: Timestamp, out: &mut Vec<Alert>) {
        let mut old: BTreeMap<(TopicId, String), Watch> =
            std::mem::take(&mut self.watches).into_iter().map(|w| ((w.topic, w.rule.name.clone()), w)).collect();
        let topics: BTreeMap<TopicId, &crate::topic::Topic> = listening.topics.iter().map(|t| (t.id, t)).collect();
        for rule in &listening.rules {
            let rule = Arc::new(rule.clone());
            for topic in rule.topics.iter().filter_map(|id| topics.get(id)) {
                let before = old.remove(&(topic.id, rule.name.clone())).filter(|w| same_kind(&w.rule.on, &rule.on));
                self.watches.push(Watch {
                    rule: rule.clone(),
                    topic: topic.id,
                    topic_name: topic.name.clone(),
                    brand: listening.brand_of(topic).map_or_else(String::new, |b| b.name.clone()),
                    firing: before.as_ref().and_then(|w| w.firing),
                    done: before.as_ref().map_or(i64::MIN, |w| w.done),
                });
            }
        }
        self.watches.sort_by_key(|w| w.topic);
        self.of_topic.clear();
        for (i, watch) in self.watches.iter().enumerate() {
            self.of_topic.entry(watch.topic).or_insert(i..i).end = i + 1;
        }
        self.adopt_shares(listening);
        self.drop_unwatched(now, out);
    }

    /// Resolves the alerts that no watch holds any more.
    fn drop_unwatched(&mut self, now: Timestamp, out: &mut Vec<Alert>) {
        let firing = self.watches.iter().filter_map(|w| w.firing).map(|f| f.alert);
        let firing: BTreeSet<u64> = firing.chain(self.shares.iter().filter_map(share::Watch::alert)).collect();
        let priority = self.watches.iter().filter(|w| matches!(w.rule.on, On::Priority { .. }));
        let priority: BTreeSet<(&str, &str)> = priority.map(|w| (w.rule.name.as_str(), w.topic_name.as_str())).collect();
        let held = |number, a: &Alert| match a.on {
            "source" | "sla" => true,
            "priority" => priority.contains(&(a.rule.as_str(), a.topic.as_str())),
            _ => firing.contains(&number),
        };
        for number in self.alerts.open_but(held) {
            self.alerts.resolve(number, now, words::rule_removed(), out);
        }
        self.drop_parts(now, out);
    }

    /// The watches of a topic, to be asked about by number.
    pub fn watches(&self, topic: TopicId) -> Range<usize> {
        self.of_topic.get(&topic).cloned().unwrap_or_default()
    }

    /// What watch `i` looks at.
    pub fn on(&self, i: usize) -> Option<On> {
        self.watches.get(i).map(|w| w.rule.on)
    }

    /// Whether `volume` watch `i` has an alert that goes on.
    pub fn is_firing(&self, i: usize) -> bool {
        self.watches.get(i).is_some_and(|w| w.firing.is_some())
    }

    /// Whether `count` mentions in the window with last minute `end` make watch `i` fire. A window
    /// that belongs to an alert that is over fires only at the very mention that fills it.
    pub fn reaches(&self, i: usize, end: i64, count: u64) -> bool {
        self.watches.get(i).is_some_and(
            |w| matches!(w.rule.on, On::Volume { at, .. } if w.firing.is_none() && count >= at && (end > w.done || count == at)),
        )
    }

    /// A mention reached the score of `priority` watch `i`.
    pub fn fire_priority<'a>(
        &mut self,
        i: usize,
        shown: &PostBuf,
        score: Score,
        addends: impl Iterator<Item = &'a Addend>,
        when: Moment,
        out: &mut Vec<Alert>,
    ) {
        let post = shown.get();
        let Some(watch) = self.watches.get(i) else { return };
        let On::Priority { at } = watch.rule.on else { return };
        let evidence = Evidence {
            observed: Tallied { mentions: 1, reposts: post.is_repost().into(), authors: 1 },
            clusters: 1,
            first: Some(shown.clone()),
            top: vec![shown.clone()],
            networks: vec![(post.network.to_owned(), 1)],
            gist: Gist { languages: vec![(language(post.lang), 1)], ..Gist::default() },
        };
        let id = format!("{}/{}/{}", watch.rule.name, watch.topic_name, post.id);
        let mut alert = watch.alert(id, post.at, u64::from(at.rounded()), evidence, when);
        alert.priority = Some(score);
        alert.reasons.push(words::priority(score, at));
        alert.reasons.extend(addends.map(words::addend));
        let due = when.now.max(post.at).plus(watch.rule.resolve_after);
        let kept = Kept { cause: Some(post.key()), due: Some(due), ..Kept::new(alert) };
        self.alerts.open(kept, when.now, out);
    }

    /// The window with last minute `end` reached the count of `volume` watch `i`.
    pub fn fire_volume(&mut self, i: usize, end: i64, evidence: Evidence, when: Moment, out: &mut Vec<Alert>) {
        let Some(watch) = self.watches.get_mut(i) else { return };
        let On::Volume { window, at } = watch.rule.on else { return };
        let start = Timestamp::from_minute(end + 1 - window.minutes());
        let id = alert::id(&watch.rule.name, &watch.topic_name, start);
        let observed = evidence.observed;
        let mut alert = watch.alert(id, start, at, evidence, when);
        alert.reasons = words::volume(observed, window, at);
        let number = self.alerts.open(Kept::new(alert), when.now, out);
        watch.firing = Some(Firing { alert: number, end, told: observed.mentions, told_at: when.now });
    }

    /// Looks at the firing `volume` alert of watch `i` once more, now that the window that ends with
    /// minute `end` holds what was `observed`: it resolves, tells of its growth, or stays as it is.
    /// `evidence` is given when the alert began.
    pub fn review(
        &mut self,
        i: usize,
        end: i64,
        observed: Tallied,
        now: Timestamp,
        evidence: impl FnOnce(Timestamp) -> Evidence,
        out: &mut Vec<Alert>,
    ) {
        let Some(watch) = self.watches.get_mut(i) else { return };
        let (Some(firing), On::Volume { window, at }) = (watch.firing, watch.rule.on) else { return };
        if !self.alerts.is_open(firing.alert) {
            // It made room for others: its window is not to fire at once and push out the next.
            watch.firing = None;
            watch.done = watch.done.max(end).max(firing.end);
            return;
        }
        let count = observed.mentions;
        if end < firing.end {
            return; // The posts that fired it are ahead of the beat.
        }
        if count < at {
            self.alerts.observe(firing.alert, now, |a| a.observed = observed);
            self.alerts.resolve(firing.alert, now, words::below(count, window, at), out);
            watch.firing = None;
            watch.done = watch.done.max(end - 1);
            return;
        }
        let grown = count >= firing.told.saturating_mul(2);
        if grown || (count != firing.told && now.since(firing.told_at) >= UPDATE_EVERY) {
            watch.firing = Some(Firing { told: count, told_at: now, ..firing });
            let evidence = evidence(self.alerts.get(firing.alert).map_or(now, |alert| alert.started_at));
            let reasons = words::volume(evidence.observed, window, at);
            self.alerts.grow(firing.alert, now, evidence, reasons);
            self.alerts.tell(firing.alert, out);
        }
    }

    /// Resolves what is due.
    pub fn tick(&mut self, now: Timestamp, out: &mut Vec<Alert>) {
        while let Some((due, number)) = self.alerts.next_timer().filter(|(due, _)| *due <= now) {
            self.alerts.resolve(number, due, words::quiet(), out);
        }
    }

    /// The post is gone: no alert shows it any more, and what it alone caused is over.
    pub fn forget(&mut self, key: PostKey, now: Timestamp, out: &mut Vec<Alert>) {
        for number in self.alerts.forget(key) {
            self.alerts.resolve(number, now, words::post_deleted(), out);
        }
    }

    /// The post has a new version: alerts show that one.
    pub fn replace(&mut self, key: PostKey, post: &PostBuf) {
        self.alerts.replace(key, post);
    }

    /// The alerts that are kept, in the order they fired.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter()
    }
}

impl Watch {
    /// An alert of this watch that begins to fire.
    fn alert(&self, id: String, started_at: Timestamp, threshold: u64, evidence: Evidence, when: Moment) -> Alert {
        Alert {
            topic: self.topic_name.clone(),
            brand: self.brand.clone(),
            // A post can be ahead of the beat; an alert is never older than its cause.
            updated_at: when.now.max(started_at),
            observed: evidence.observed,
            clusters: Some(evidence.clusters),
            threshold,
            delayed: when.delayed,
            first_post: evidence.first,
            top_posts: evidence.top,
            networks: evidence.networks,
            gist: evidence.gist,
            ..Alert::new(id, self.rule.name.clone(), on(&self.rule.on), self.rule.severity, started_at)
        }
    }
}

/// A language without its region, for people and counters: `und` where a network gives none, or what is
/// no code.
pub fn language(code: &str) -> String {
    let primary = code.split(['-', '_']).next().unwrap_or_default();
    let known = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    if known { primary.to_ascii_lowercase() } else { "und".to_owned() }
}

/// The name of what a rule watches.
fn on(on: &On) -> &'static str {
    match on {
        On::Priority { .. } => "priority",
        On::Volume { .. } => "volume",
        On::Unusual(settings) => settings.direction.as_str(),
        On::Share(_) => "share",
        On::Unanswered(_) => "unanswered",
    }
}

/// Whether an alert of the one can go on as an alert of the other.
fn same_kind(a: &On, b: &On) -> bool {
    match (a, b) {
        (On::Priority { .. }, On::Priority { .. }) => true,
        (On::Volume { window: a, .. }, On::Volume { window: b, .. }) => a == b,
        (On::Unusual(a), On::Unusual(b)) => a.direction == b.direction,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
