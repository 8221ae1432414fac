//! The alerts that are kept: all that fire, and the latest that are over.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::parts::Parts;
use super::{Evidence, similar, words};
use crate::alert::{Alert, Reason, Severity, Status};
use crate::codec::{Coded, Error, Reader};
use crate::limits::{ALERT_IDS, ALERTS_OPEN, ALERTS_RESOLVED};
use crate::post::{PostBuf, PostKey};
use crate::time::Timestamp;
use crate::window::Tallied;

/// One alert.
#[derive(Debug)]
pub struct Kept {
    pub alert: Alert,
    /// The post that alone caused it.
    pub cause: Option<PostKey>,
    /// When it resolves by itself.
    pub due: Option<Timestamp>,
    /// The topics that are unusual together.
    pub parts: Parts,
    /// What it came to at its height; see `Similar::peak`.
    pub peak: Option<f64>,
    /// The terms it had then: what is said on the way back is another matter.
    pub terms: Vec<String>,
}

impl Kept {
    /// One that no post alone caused and that does not resolve by itself.
    pub fn new(alert: Alert) -> Kept {
        Kept { alert, cause: None, due: None, parts: Parts::default(), peak: None, terms: Vec::new() }
    }

    /// The posts it shows, and the one that caused it.
    fn posts(&self) -> BTreeSet<PostKey> {
        let shown = self.alert.first_post.iter().chain(&self.alert.top_posts).map(|p| p.get().key());
        shown.chain(self.cause).collect()
    }
}

coded!(Kept { alert, cause, due, parts, peak, terms });

/// Ids of alerts that are kept no more, which mean what they meant; the oldest are forgotten.
#[derive(Debug, Default)]
struct Taken {
    ids: BTreeSet<Arc<str>>,
    order: VecDeque<Arc<str>>,
}

impl Taken {
    fn add(&mut self, id: &str) {
        let id: Arc<str> = id.into();
        if !self.ids.insert(id.clone()) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > ALERT_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

/// Alerts by number, in the order they fired.
#[derive(Debug, Default)]
pub struct Alerts {
    kept: BTreeMap<u64, Kept>,
    next: u64,
    open: BTreeSet<u64>,
    /// When open alerts resolve by themselves.
    timers: BTreeSet<(Timestamp, u64)>,
    /// In the order they resolved.
    resolved: VecDeque<u64>,
    by_id: HashMap<String, u64>,
    taken: Taken,
    /// Which alerts show a post.
    by_post: HashMap<PostKey, BTreeSet<u64>>,
}

impl Alerts {
    /// Gives none of `taken`, oldest first, as an id.
    pub fn beside(taken: &[String]) -> Alerts {
        let mut alerts = Alerts::default();
        taken.iter().for_each(|id| alerts.taken.add(id));
        alerts
    }

    /// Appends all alerts; whatever finds them follows from them.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let Alerts { kept, next, open, timers, resolved, taken, by_id: _, by_post: _ } = self;
        kept.encode(out);
        next.encode(out);
        open.encode(out);
        timers.encode(out);
        resolved.encode(out);
        taken.order.encode(out);
    }

    /// Keeps the alerts that were written.
    ///
    /// # Errors
    /// If the bytes are none.
    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        self.kept = Coded::decode(from)?;
        self.next = Coded::decode(from)?;
        (self.open, self.timers) = Coded::decode(from)?;
        self.resolved = Coded::decode(from)?;
        let order: VecDeque<Arc<str>> = Coded::decode(from)?;
        order.iter().for_each(|id| self.taken.add(id));
        self.by_id = self.kept.iter().map(|(number, kept)| (kept.alert.id.clone(), *number)).collect();
        let numbers: Vec<u64> = self.kept.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.link(number));
        Ok(())
    }

    /// Keeps a new alert, tells of it, and gives its number.
    pub fn open(&mut self, kept: Kept, now: Timestamp, out: &mut Vec<Alert>) -> u64 {
        let number = self.keep(kept, now, out);
        self.tell(number, out);
        number
    }

    /// Keeps a new alert, makes its id unique, and gives its number. Only of the one that makes room for
    /// it is told.
    pub fn keep(&mut self, mut kept: Kept, now: Timestamp, out: &mut Vec<Alert>) -> u64 {
        let cause = kept.alert.id.clone();
        let mut times = 1;
        while self.by_id.contains_key(&kept.alert.id) || self.taken.ids.contains(kept.alert.id.as_str()) {
            times += 1;
            kept.alert.id = format!("{cause}#{times}");
        }
        if self.open.len() >= ALERTS_OPEN
            && let Some(oldest) = self.open.first().copied()
        {
            self.resolve(oldest, now, words::displaced(), out);
        }
        let number = self.next;
        self.next += 1;
        self.by_id.insert(kept.alert.id.clone(), number);
        self.open.insert(number);
        self.timers.extend(kept.due.map(|due| (due, number)));
        self.kept.insert(number, kept);
        self.link(number);
        self.compare(number);
        number
    }

    /// Tells of alert `number` as it is.
    pub fn tell(&self, number: u64, out: &mut Vec<Alert>) {
        out.extend(self.get(number).cloned());
    }

    /// All that is kept of alert `number`.
    pub fn kept(&self, number: u64) -> Option<&Kept> {
        self.kept.get(&number)
    }

    /// As [`Alerts::kept`], to be changed.
    pub fn kept_mut(&mut self, number: u64) -> Option<&mut Kept> {
        self.kept.get_mut(&number)
    }

    /// Alert `number`, if it is kept.
    pub fn get(&self, number: u64) -> Option<&Alert> {
        self.kept.get(&number).map(|k| &k.alert)
    }

    /// Whether alert `number` still fires.
    pub fn is_open(&self, number: u64) -> bool {
        self.open.contains(&number)
    }

    /// Whether an alert has or had this id.
    pub fn is_known(&self, id: &str) -> bool {
        self.by_id.contains_key(id) || self.taken.ids.contains(id)
    }

    /// Alert `number` is as bad as this now, for these reasons; tells so if it goes on.
    pub fn worsen(&mut self, number: u64, now: Timestamp, severity: Severity, reasons: Vec<Reason>, out: &mut Vec<Alert>) {
        if self.is_open(number) {
            self.observe(number, now, |alert| (alert.severity, alert.reasons) = (severity.max(alert.severity), reasons));
            self.tell(number, out);
        }
    }

    /// Alert `number` is about so many now; tells so if it goes on.
    pub fn swell(&mut self, number: u64, now: Timestamp, severity: Severity, count: u64, reason: Reason, out: &mut Vec<Alert>) {
        if self.is_open(number) {
            self.observe(number, now, |alert| alert.observed = Tallied { mentions: count, authors: count, reposts: 0 });
            self.worsen(number, now, severity, vec![reason], out);
        }
    }

    /// Ends alert `number` and tells so, unless it is over already.
    pub fn resolve(&mut self, number: u64, now: Timestamp, reason: Reason, out: &mut Vec<Alert>) {
        if !self.open.remove(&number) {
            return;
        }
        if let Some(due) = self.kept.get(&number).and_then(|k| k.due) {
            self.timers.remove(&(due, number));
        }
        self.observe(number, now, |alert| {
            alert.status = Status::Resolved;
            alert.resolved_at = Some(now);
            alert.reasons = vec![reason];
            out.push(alert.clone());
        });
        self.resolved.push_back(number);
        if self.resolved.len() > ALERTS_RESOLVED
            && let Some(oldest) = self.resolved.pop_front()
        {
            self.unlink(oldest);
            if let Some(kept) = self.kept.remove(&oldest) {
                self.by_id.remove(&kept.alert.id);
                self.taken.add(&kept.alert.id);
            }
        }
    }

    /// The open alert that resolves by itself next, and when.
    pub fn next_timer(&self) -> Option<(Timestamp, u64)> {
        self.timers.first().copied()
    }

    /// How many open alerts resolve by themselves.
    #[cfg(test)]
    pub fn timers(&self) -> usize {
        self.timers.len()
    }

    /// Changes alert `number` and tells nobody.
    pub fn observe(&mut self, number: u64, now: Timestamp, change: impl FnOnce(&mut Alert)) {
        if let Some(kept) = self.kept.get_mut(&number) {
            kept.alert.updated_at = now;
            change(&mut kept.alert);
        }
    }

    /// Shows what alert `number` has become.
    pub fn grow(&mut self, number: u64, now: Timestamp, evidence: Evidence, reasons: Vec<Reason>) {
        self.unlink(number);
        self.observe(number, now, |alert| {
            alert.observed = evidence.observed;
            alert.clusters = Some(evidence.clusters);
            alert.first_post = evidence.first;
            alert.top_posts = evidence.top;
            alert.networks = evidence.networks;
            alert.gist = evidence.gist;
            alert.reasons = reasons;
        });
        self.link(number);
        self.compare(number);
    }

    /// Measures alert `number` and looks for those of the past that are like it.
    fn compare(&mut self, number: u64) {
        let Some(kept) = self.kept.get(&number) else { return };
        let peak = similar::higher(&kept.alert, kept.peak);
        let similar = similar::to(&kept.alert, peak, self.resolved.iter().filter_map(|n| self.kept.get(n)));
        if let Some(kept) = self.kept.get_mut(&number) {
            if peak != kept.peak || kept.terms.is_empty() {
                kept.terms.clone_from(&kept.alert.gist.terms);
            }
            (kept.peak, kept.alert.similar) = (peak, similar);
        }
    }

    /// The open alerts that `keep` does not hold for, in the order they fired.
    pub fn open_but(&self, keep: impl Fn(u64, &Alert) -> bool) -> Vec<u64> {
        self.open.iter().copied().filter(|n| self.kept.get(n).is_some_and(|k| !keep(*n, &k.alert))).collect()
    }

    /// Takes the post out of every alert and gives the open ones that it alone caused.
    pub fn forget(&mut self, key: PostKey) -> Vec<u64> {
        let mut caused = Vec::new();
        for number in self.by_post.remove(&key).unwrap_or_default() {
            let Some(kept) = self.kept.get_mut(&number) else { continue };
            kept.alert.top_posts.retain(|p| p.get().key() != key);
            if kept.alert.first_post.as_ref().is_some_and(|p| p.get().key() == key) {
                kept.alert.first_post = None;
            }
            if kept.cause == Some(key) && self.open.contains(&number) {
                caused.push(number);
            }
        }
        caused
    }

    /// Shows `post` wherever an earlier version of it is shown.
    pub fn replace(&mut self, key: PostKey, post: &PostBuf) {
        for number in self.by_post.get(&key).into_iter().flatten() {
            let Some(kept) = self.kept.get_mut(number) else { continue };
            let shown = kept.alert.first_post.iter_mut().chain(&mut kept.alert.top_posts);
            shown.filter(|p| p.get().key() == key).for_each(|p| *p = post.clone());
        }
    }

    /// All, in the order they fired.
    pub fn iter(&self) -> impl Iterator<Item = &Alert> {
        self.kept.values().map(|k| &k.alert)
    }

    fn link(&mut self, number: u64) {
        for key in self.kept.get(&number).map(Kept::posts).unwrap_or_default() {
            self.by_post.entry(key).or_default().insert(number);
        }
    }

    fn unlink(&mut self, number: u64) {
        for key in self.kept.get(&number).map(Kept::posts).unwrap_or_default() {
            if let Some(alerts) = self.by_post.get_mut(&key) {
                alerts.remove(&number);
                if alerts.is_empty() {
                    self.by_post.remove(&key);
                }
            }
        }
    }
}
