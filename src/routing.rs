//! From "it fired" to "who is told, and when", once.
//!
//! Pure: transitions, silences and moments go in, orders come out, and every alert keeps a log of what
//! was decided about it. The words are those of Alertmanager: a route gathers alerts in groups, a group
//! is looked at after `group_wait` and then every `group_interval`, and what a look finds to tell is
//! ordered. At a look the newest transition of an alert goes to a target if the target has not heard of
//! the alert, or it has grown worse, or `repeat_interval` has passed; what is over goes to those who
//! were told that it fired, and to nobody else. Silences, mute times and inhibition hold back all but
//! that end: whoever was called must learn that it is over.

mod decision;
mod lane;
mod matchers;
mod mutes;
mod state;

pub use decision::{Cause, Decision, What};
pub use matchers::{Label, Matchers};
pub use mutes::{Civil, DAY_MINUTES, Inhibit, Mute, Silence};
pub use state::{Row, Rows, rows};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::alert::{Alert, Reason, Severity, Status};
use crate::anomaly::Level;
use crate::bilingual::Both;
use crate::limits::{ALERTS_ROUTED, DECISIONS, SILENCES};
use crate::post::PostKey;
use crate::time::{HOUR, MINUTE, SECOND, Timestamp};
use lane::Lane;

/// Now, twice: the wall clock, which hours and silences go by and which may be set, and the time since
/// some start, in microseconds, which only grows and which waits go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock.
    pub at: Timestamp,
    /// Since some start.
    pub elapsed: i64,
}

/// Waits of a route, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From the first alert of a group to the first look at it.
    pub wait: i64,
    /// From one look at a group to the next.
    pub interval: i64,
    /// From telling a target to telling it again.
    pub repeat: i64,
    /// What is over is told after this, and if the like fires again before, neither is.
    pub flap: i64,
}

impl Default for Timing {
    fn default() -> Self {
        Timing { wait: 5 * SECOND, interval: MINUTE, repeat: 4 * HOUR, flap: 0 }
    }
}

/// Which alerts go to which targets, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Targets, by their numbers. For each of them the first route that matches counts.
    pub notify: BTreeSet<usize>,
    /// Which alerts.
    pub matchers: Matchers,
    /// Alerts that agree in these form a group.
    pub group_by: Vec<Label>,
    /// Waits.
    pub timing: Timing,
}

/// Who can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name of the notifier.
    pub name: Arc<str>,
    /// It has a notion of an alert that somebody took on.
    pub acks: bool,
    /// It forgets what is not told again after so long, in microseconds: it is told all the time, and
    /// neither damping nor an acknowledgement stops that.
    pub resend: Option<i64>,
    /// What it asks to be told, whatever the routes say.
    pub wants: Wants,
}

/// What a target asks to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wants {
    /// The mildest alert.
    pub min_severity: Severity,
    /// Names of the topics; `None` is all.
    pub topics: Option<Vec<String>>,
    /// Names of the alert rules; `None` is all.
    pub rules: Option<Vec<String>>,
    /// Also that an alert is over.
    pub resolved: bool,
}

impl Default for Wants {
    fn default() -> Wants {
        Wants { min_severity: Severity::Info, topics: None, rules: None, resolved: true }
    }
}

impl Wants {
    /// Whether it is told about `alert` at all.
    pub fn takes(&self, alert: &Alert) -> bool {
        alert.severity >= self.min_severity
            && self.topics.as_ref().is_none_or(|list| list.iter().any(|name| alert.is_about(name)))
            && self.rules.as_ref().is_none_or(|list| list.contains(&alert.rule))
    }
}

/// A sign of life to a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// The target.
    pub notify: usize,
    /// In microseconds.
    pub every: i64,
}

/// What the router goes by.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Targets, by their numbers.
    pub targets: Vec<Target>,
    /// Routes in order. A target that is in none gets everything.
    pub routes: Vec<Route>,
    /// Inhibitions.
    pub inhibits: Vec<Inhibit>,
    /// Mute times.
    pub mutes: Vec<Mute>,
    /// Signs of life.
    pub heartbeats: Vec<Heartbeat>,
}

/// One transition for one target.
#[derive(Debug, Clone)]
pub struct Order {
    /// The target.
    pub target: usize,
    /// The transition.
    pub alert: Arc<Alert>,
    /// Its number.
    pub seq: u64,
    /// Why.
    pub cause: Cause,
    /// Unique; the same on every try.
    pub key: String,
}

/// There are too many silences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are {SILENCES} silences")]
pub struct TooMany;

/// The route of what was told to a target that would not be told of it by the routes of now: only of its end.
const ENDS: usize = usize::MAX;

/// How bad an alert is, for comparing: its severity, then its level.
type Rank = (Severity, Option<Level>);

fn rank(alert: &Alert) -> Rank {
    (alert.severity, alert.standing.map(|s| s.level))
}

/// One alert, by its newest transition.
#[derive(Debug)]
struct Tracked {
    alert: Arc<Alert>,
    seq: u64,
    /// Number of its first transition: the order in which alerts are told.
    first: u64,
    /// When it was over.
    over: Option<i64>,
    /// Lanes it is in.
    lanes: usize,
    log: VecDeque<Decision>,
}

impl Tracked {
    fn fires(&self) -> bool {
        self.alert.status == Status::Firing
    }

    /// What would fire again if it came back: the post, or the rule and the topic.
    fn matter(&self) -> (&str, &str) {
        match self.alert.on {
            "priority" => (&self.alert.id, ""),
            _ => (&self.alert.rule, &self.alert.topic),
        }
    }

    /// Notes a decision, unless it is the last one of that target and stands; whether it did.
    fn note(&mut self, at: Timestamp, notifier: Option<&Arc<str>>, seq: u64, what: What) -> bool {
        let last = self.log.iter().rev().find(|d| d.notifier.as_ref() == notifier);
        if last.is_some_and(|d| d.what == what) {
            return false;
        }
        if self.log.len() >= DECISIONS {
            // What it began with explains more than what went on and on.
            self.log.remove(DECISIONS / 2);
        }
        self.log.push_back(Decision { at, seq, notifier: notifier.cloned(), what });
        true
    }
}

/// Everything that is known of alerts, apart from who was told.
#[derive(Debug, Default)]
struct Book {
    settings: Settings,
    alerts: BTreeMap<String, Tracked>,
    /// Alerts in the order of their first transitions.
    order: BTreeSet<(u64, String)>,
    /// For each inhibition the alerts that fire and match its source, by the labels that must agree.
    sources: Vec<BTreeMap<Vec<String>, BTreeSet<String>>>,
    silences: BTreeMap<String, Silence>,
    /// Ids of alerts that are not as they were when this was last asked for.
    changed: BTreeSet<String>,
    /// The same for silences,
    changed_silences: BTreeSet<String>,
    /// and rows of groups that are none any more.
    stale: BTreeSet<String>,
}

/// Decides who is told what, and when.
#[derive(Debug, Default)]
pub struct Router {
    book: Book,
    /// By the targets' numbers.
    lanes: Vec<Lane>,
    /// When each sign of life is due, and how many there were.
    beats: Vec<(i64, u64)>,
    /// Names targets and routes: with the same, groups are the same.
    plan: u64,
}

impl Router {
    /// Knows nothing yet; signs of life begin at `now`.
    pub fn new(settings: Settings, now: Moment) -> Router {
        let lanes = settings.targets.iter().map(|_| Lane::default()).collect();
        let beats = settings.heartbeats.iter().map(|_| (now.elapsed, 0)).collect();
        let sources = settings.inhibits.iter().map(|_| BTreeMap::new()).collect();
        let plan = settings.plan();
        Router { book: Book { settings, sources, ..Book::default() }, lanes, beats, plan }
    }

    /// Takes the transition `seq` of an alert in; numbers grow, and what was read already is passed over.
    pub fn observe(&mut self, alert: Arc<Alert>, seq: u64, now: Moment) {
        let id = alert.id.clone();
        if !self.book.take(alert, seq, now) {
            return;
        }
        let mut routed = false;
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            routed |= lane.place(number, &id, &mut self.book, now);
        }
        if let Some(tracked) = self.book.alerts.get_mut(&id)
            && !routed
            && !tracked.log.iter().any(|d| d.what == What::Unrouted)
        {
            tracked.note(now.at, None, seq, What::Unrouted);
        }
        while self.book.alerts.len() > ALERTS_ROUTED {
            self.forget_one();
        }
    }

    /// The alert, as it was told last.
    pub fn alert(&self, id: &str) -> Option<Arc<Alert>> {
        self.book.alerts.get(id).map(|tracked| tracked.alert.clone())
    }

    /// What is to be sent at `now`.
    pub fn advance(&mut self, now: Moment) -> Vec<Order> {
        let mut out = Vec::new();
        for ((due, count), beat) in self.beats.iter_mut().zip(&self.book.settings.heartbeats) {
            if *due <= now.elapsed {
                *due = now.elapsed.saturating_add(beat.every);
                *count += 1;
                out.push(sign_of_life(beat.notify, now.at, *count));
            }
        }
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            lane.advance(number, &mut self.book, now, &mut out);
        }
        out
    }

    /// When there is something to look at next, by the time since the start.
    pub fn due(&self) -> Option<i64> {
        let beats = self.beats.iter().map(|(due, _)| *due);
        beats.chain(self.lanes.iter().filter_map(Lane::due)).min()
    }

    /// Puts a silence in force, or replaces the one with its id; those that are over make room.
    ///
    /// # Errors
    /// There are too many that are not over.
    pub fn silence(&mut self, silence: Silence, now: Moment) -> Result<(), TooMany> {
        let silences = &mut self.book.silences;
        if silences.len() >= SILENCES && !silences.contains_key(&silence.id) {
            let over: Vec<String> = silences.values().filter(|s| s.ends <= now.at).map(|s| s.id.clone()).collect();
            for id in over {
                silences.remove(&id);
                self.book.changed_silences.insert(id);
            }
            if silences.len() >= SILENCES {
                return Err(TooMany);
            }
        }
        self.book.changed_silences.insert(silence.id.clone());
        silences.insert(silence.id.clone(), silence);
        Ok(())
    }

    /// Ends a silence; `false` if there is none with this id.
    pub fn unsilence(&mut self, id: &str) -> bool {
        self.book.changed_silences.insert(id.to_owned());
        self.book.silences.remove(id).is_some()
    }

    /// All silences by id, also those that are over or to come.
    pub fn silences(&self) -> impl Iterator<Item = &Silence> {
        self.book.silences.values()
    }

    /// What was decided about the alert `id`, oldest first; `None` if it is not known (any more).
    pub fn why(&self, id: &str) -> Option<Vec<Decision>> {
        self.book.alerts.get(id).map(|t| t.log.iter().cloned().collect())
    }

    /// Notes what came of an order.
    pub fn note(&mut self, order: &Order, what: What, at: Timestamp) {
        let book = &mut self.book;
        if let (Some(tracked), Some(target)) = (book.alerts.get_mut(&order.alert.id), book.settings.targets.get(order.target))
            && tracked.note(at, Some(&target.name), order.seq, what)
        {
            book.changed.insert(order.alert.id.clone());
        }
    }

    /// A post is gone, and with it its text from everything that may still be sent.
    pub fn scrub(&mut self, key: PostKey) {
        for tracked in self.book.alerts.values_mut().filter(|t| t.alert.shows(key)) {
            Arc::make_mut(&mut tracked.alert).forget(key);
        }
        self.lanes.iter_mut().for_each(|lane| lane.scrub(key));
    }

    /// The targets.
    pub fn targets(&self) -> &[Target] {
        &self.book.settings.targets
    }

    /// Makes room: the oldest alert that nobody waits for, or else the oldest.
    fn forget_one(&mut self) {
        let settled = |(_, id): &&(u64, String)| self.book.alerts.get(id).is_none_or(|t| t.lanes == 0 && !t.fires());
        let Some((_, id)) = self.book.order.iter().find(settled).or(self.book.order.first()).cloned() else { return };
        for lane in &mut self.lanes {
            lane.forget(&id);
        }
        self.book.forget(&id);
    }
}

impl Book {
    /// Keeps a transition; `false` if it is none that is new.
    fn take(&mut self, alert: Arc<Alert>, seq: u64, now: Moment) -> bool {
        let id = alert.id.clone();
        if self.alerts.get(&id).is_some_and(|t| t.seq >= seq) {
            return false;
        }
        self.index(&id, false);
        let tracked = self.alerts.entry(id.clone()).or_insert_with(|| {
            self.order.insert((seq, id.clone()));
            Tracked { alert: alert.clone(), seq, first: seq, over: None, lanes: 0, log: VecDeque::new() }
        });
        let over = alert.status == Status::Resolved;
        tracked.over = over.then(|| tracked.over.unwrap_or(now.elapsed));
        let what = match alert.acknowledged.as_ref().filter(|a| !over && tracked.alert.acknowledged.as_ref() != Some(*a)) {
            Some(ack) => What::Acknowledged(ack.by.clone()),
            None => What::Came(alert.status, alert.severity),
        };
        tracked.note(now.at, None, seq, what);
        (tracked.alert, tracked.seq) = (alert, seq);
        self.changed.insert(id.clone());
        self.index(&id, true);
        true
    }

    /// Adds the alert to what inhibits, or takes it out.
    fn index(&mut self, id: &str, add: bool) {
        let Some(tracked) = self.alerts.get(id).filter(|t| t.fires()) else { return };
        for (inhibit, sources) in self.settings.inhibits.iter().zip(&mut self.sources) {
            if !inhibit.source.matches(&tracked.alert) {
                continue;
            }
            let key = matchers::values(&inhibit.equal, &tracked.alert);
            if add {
                sources.entry(key).or_default().insert(id.to_owned());
            } else if let Some(ids) = sources.get_mut(&key) {
                ids.remove(id);
                if ids.is_empty() {
                    sources.remove(&key);
                }
            }
        }
    }

    fn forget(&mut self, id: &str) {
        self.index(id, false);
        if let Some(tracked) = self.alerts.remove(id) {
            self.order.remove(&(tracked.first, id.to_owned()));
            self.changed.insert(id.to_owned());
        }
    }

    fn note(&mut self, id: &str, target: usize, now: Moment, what: What) {
        if let (Some(tracked), Some(target)) = (self.alerts.get_mut(id), self.settings.targets.get(target))
            && tracked.note(now.at, Some(&target.name), tracked.seq, what)
        {
            self.changed.insert(id.to_owned());
        }
    }

    /// The first route of `target` that is about `alert`; a number past the last for what goes
    /// everywhere.
    fn route(&self, target: usize, alert: &Alert) -> Option<usize> {
        if !self.settings.targets.get(target)?.wants.takes(alert) {
            return None;
        }
        let mut own = self.settings.routes.iter().enumerate().filter(|(_, r)| r.notify.contains(&target)).peekable();
        if own.peek().is_none() {
            return Some(self.settings.routes.len());
        }
        own.find(|(_, r)| r.matchers.matches(alert)).map(|(i, _)| i)
    }

    /// Groups and waits of a route for a target.
    fn terms(&self, route: usize, target: usize) -> (&[Label], Timing) {
        let (labels, mut timing) = match self.settings.routes.get(route) {
            Some(route) => (&route.group_by[..], route.timing),
            None => (&[Label::Topic][..], Timing::default()),
        };
        if let Some(resend) = self.settings.targets.get(target).and_then(|t| t.resend) {
            timing = Timing { interval: timing.interval.min(resend), repeat: resend, flap: 0, ..timing };
        }
        (labels, timing)
    }

    /// What holds `alert` back at `at`.
    fn held_back(&self, alert: &Alert, at: Timestamp) -> Option<What> {
        if let Some(s) = self.silences.values().find(|s| s.is_active(at) && s.matchers.matches(alert)) {
            return Some(What::Silenced(s.id.clone(), s.author.clone(), s.reason.clone()));
        }
        if let Some(mute) = self.settings.mutes.iter().find(|m| m.matchers.matches(alert) && m.is_active(at)) {
            return Some(What::Muted(mute.name.clone()));
        }
        let inhibits = self.settings.inhibits.iter().zip(&self.sources).filter(|(i, _)| i.target.matches(alert));
        let mut found = inhibits.filter_map(|(inhibit, sources)| {
            let ids = sources.get(&matchers::values(&inhibit.equal, alert))?;
            ids.iter().find(|id| self.alerts.get(*id).is_some_and(|t| inhibit.mutes(&t.alert, alert)))
        });
        found.next().map(|id| What::Inhibited(id.clone()))
    }
}

/// A sign of life has the form of an alert that never ends, for that is what targets understand.
fn sign_of_life(target: usize, at: Timestamp, count: u64) -> Order {
    let alert = Alert {
        reasons: vec![Reason {
            code: "heartbeat",
            text: Both::new("escucha sigue viva y puede avisar", "escucha is alive and can tell"),
            value: count as f64,
        }],
        ..Alert::new("escucha/heartbeat", "heartbeat", "heartbeat", Severity::Info, at)
    };
    let key = format!("{}/{}/{count}", alert.id, at.0);
    Order { target, alert: Arc::new(alert), seq: 0, cause: Cause::Heartbeat, key }
}

#[cfg(test)]
mod tests;
