//! Several topics of one brand that are unusual together are one crisis: one alert, to whose parts each
//! of them belongs. It goes on until all are as usual again.

use std::collections::BTreeMap;

use super::alerts::{Alerts, Kept};
use super::{Judge, Watch, words};
use crate::alert::{Alert, Part, Reason, Status};
use crate::anomaly::Standing;
use crate::limits::ALERT_TOPICS;
use crate::time::Timestamp;
use crate::topic::{On, TopicId};

/// The topics of one alert.
#[derive(Debug, Default)]
pub struct Parts {
    /// The one that fired first, of which the alert tells the most.
    first: Option<TopicId>,
    all: BTreeMap<TopicId, Part>,
}

impl Parts {
    /// Those of an alert that begins with one topic.
    pub fn of(topic: TopicId, part: Part) -> Parts {
        Parts { first: Some(topic), all: BTreeMap::from([(topic, part)]) }
    }

    fn firing(&self) -> impl Iterator<Item = &Part> {
        self.all.values().filter(|part| part.status == Status::Firing)
    }

    /// Where the worst of them stands; of those that go on, if one does.
    fn standing(&self) -> Option<Standing> {
        let worst = |parts: &mut dyn Iterator<Item = &Part>| parts.filter_map(|p| p.standing).max_by_key(|s| (s.level, !s.recovering));
        worst(&mut self.firing()).or_else(|| worst(&mut self.all.values()))
    }
}

impl Kept {
    /// Makes the alert tell of all its parts; whether one of them goes on.
    fn compose(&mut self) -> bool {
        let mut shown: Vec<&Part> = self.parts.firing().take(ALERT_TOPICS).collect();
        shown.extend(self.parts.all.values().filter(|part| part.status == Status::Resolved).take(ALERT_TOPICS - shown.len()));
        self.alert.topics = shown.into_iter().cloned().collect();
        self.alert.standing = self.parts.standing();
        let firing: Vec<&str> = self.parts.firing().map(|part| part.topic.as_str()).collect();
        self.alert.reasons.retain(|reason| !matches!(reason.code, words::TOPICS | words::LEVEL));
        if self.parts.all.len() > 1 && !firing.is_empty() {
            self.alert.reasons.push(words::together(&firing));
        }
        self.alert.reasons.extend(self.alert.standing.map(words::level));
        !firing.is_empty()
    }
}

impl Alerts {
    /// What was told last of a topic's part in alert `number`.
    pub fn part(&self, number: u64, topic: TopicId) -> Option<&Part> {
        self.kept(number)?.parts.all.get(&topic)
    }

    /// A topic has this part in alert `number` from now on; when the alert began, if it began with
    /// this topic.
    pub fn set_part(&mut self, number: u64, topic: TopicId, part: Part) -> Option<Timestamp> {
        let kept = self.kept_mut(number)?;
        kept.parts.all.insert(topic, part);
        (kept.parts.first == Some(topic)).then_some(kept.alert.started_at)
    }
}

/// The alerts on what is unusual that other topics may join.
#[derive(Debug, Default)]
pub struct Crises {
    /// The latest alert by rule and brand.
    latest: BTreeMap<(String, String), u64>,
    /// Alerts of which is to be told, and why the topic that left last did so.
    moved: BTreeMap<u64, Option<Reason>>,
}

impl Crises {
    /// The alert that the topic of `watch` may join. One without a brand stays alone.
    pub fn of(&self, watch: &Watch) -> Option<u64> {
        let key = (watch.rule.name.clone(), watch.brand.clone());
        self.latest.get(&key).copied().filter(|_| !watch.brand.is_empty())
    }

    /// Topics of the brand of `watch` may join alert `number` from now on.
    pub fn begin(&mut self, watch: &Watch, number: u64) {
        self.latest.insert((watch.rule.name.clone(), watch.brand.clone()), number);
    }

    /// There is to be told of alert `number`; `left` says why a topic is no longer part of it.
    pub fn moved(&mut self, number: u64, left: Option<Reason>) {
        let why = self.moved.entry(number).or_default();
        *why = left.or(why.take());
    }
}

impl Judge {
    /// Tells of the alerts on what is unusual that changed since the last time, each once however many
    /// of its topics did: it fires, goes on, or resolves with the last of its topics.
    pub fn tell_unusual(&mut self, now: Timestamp, out: &mut Vec<Alert>) {
        for (number, left) in std::mem::take(&mut self.crises.moved) {
            if !self.alerts.is_open(number) {
                continue;
            }
            self.alerts.observe(number, now, |_| ());
            let goes_on = self.alerts.kept_mut(number).is_some_and(Kept::compose);
            match left {
                Some(reason) if !goes_on => self.alerts.resolve(number, now, reason, out),
                _ => self.alerts.tell(number, out),
            }
        }
    }

    /// After a change of what is watched: topics that are watched no more, or are another brand's now,
    /// leave their crises.
    pub(super) fn drop_parts(&mut self, now: Timestamp, out: &mut Vec<Alert>) {
        let mut holders: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (i, watch) in self.watches.iter().enumerate().filter(|(_, w)| matches!(w.rule.on, On::Unusual(_))) {
            if let Some(firing) = watch.firing {
                holders.entry(firing.alert).or_default().push(i);
            }
        }
        self.crises.latest.clear();
        for (number, holders) in holders {
            self.drop_parts_of(number, &holders);
        }
        self.tell_unusual(now, out);
    }

    fn drop_parts_of(&mut self, number: u64, holders: &[usize]) {
        let Some(kept) = self.alerts.kept_mut(number) else { return };
        // The brand is that of the topic that fired first, or else of the first that is left.
        let first = holders.iter().filter_map(|i| self.watches.get(*i)).find(|w| Some(w.topic) == kept.parts.first);
        let Some(leader) = first.or_else(|| self.watches.get(*holders.first()?)) else { return };
        let (brand, topic) = (leader.brand.clone(), leader.topic);
        self.crises.begin(leader, number);
        let mut held = Vec::new();
        for i in holders {
            let Some(watch) = self.watches.get_mut(*i) else { continue };
            if watch.topic == topic || (watch.brand == brand && !brand.is_empty()) {
                held.push(watch.topic);
            } else {
                watch.firing = None;
            }
        }
        let gone = kept.parts.all.iter_mut().filter(|(id, part)| part.status == Status::Firing && !held.contains(id));
        let gone = gone.map(|(_, part)| part.status = Status::Resolved).count();
        kept.alert.brand = brand;
        if gone > 0 {
            self.crises.moved(number, Some(words::rule_removed()));
        }
    }
}
