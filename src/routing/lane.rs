//! One target: the groups that wait to be looked at, and what the target was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Book, Cause, ENDS, Moment, Order, Rank, Timing, Tracked, What, matchers, rank};
use crate::alert::Alert;
use crate::post::PostKey;

/// A group: its route, and the labels in which its alerts agree.
pub type Key = (usize, Vec<String>);

#[derive(Debug)]
pub struct Group {
    /// When it is looked at next.
    pub due: i64,
    /// Alerts by the numbers of their first transitions.
    members: BTreeMap<u64, String>,
}

/// What a target was told of one alert.
#[derive(Debug, Clone)]
pub struct Told {
    pub rank: Rank,
    /// When.
    pub at: i64,
    /// It was told that somebody took it on.
    pub acked: bool,
    /// The transition that was told last, and how often; `None` if it was told of the alerts in `open`
    /// only, with which this one goes on.
    pub last: Option<(u64, u32)>,
    /// Alerts that are over, which it still takes for open.
    pub open: Vec<(Arc<Alert>, u64)>,
}

/// The state of one target.
#[derive(Debug, Default)]
pub struct Lane {
    pub groups: BTreeMap<Key, Group>,
    due: BTreeSet<(i64, Key)>,
    /// In which group an alert waits.
    pub places: BTreeMap<String, Key>,
    pub told: BTreeMap<String, Told>,
    /// Groups that came, went, or are looked at later, since this was last asked for.
    pub changed: BTreeSet<Key>,
}

impl Lane {
    /// When there is something to look at next.
    pub fn due(&self) -> Option<i64> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Puts an alert into its group, unless it is in one; `false` if the target is not to hear of it.
    pub fn place(&mut self, target: usize, id: &str, book: &mut Book, now: Moment) -> bool {
        if self.places.contains_key(id) {
            return true;
        }
        let Some(tracked) = book.alerts.get(id) else { return false };
        let Some(route) = book.route(target, &tracked.alert) else { return false };
        if !tracked.fires() {
            return true;
        }
        let (labels, timing) = book.terms(route, target);
        let key = (route, matchers::values(labels, &tracked.alert));
        let due = self.groups.get(&key).map_or(now.elapsed.saturating_add(timing.wait), |group| group.due);
        let first = tracked.first;
        self.join(key, due, first, id.to_owned(), book);
        if due > now.elapsed {
            book.note(id, target, now, What::Grouped);
        }
        true
    }

    /// Puts the alert whose first transition is `first` into the group `key`, which is looked at when `due` if it is new.
    pub fn join(&mut self, key: Key, due: i64, first: u64, id: String, book: &mut Book) {
        let group = self.groups.entry(key.clone()).or_insert_with(|| {
            self.due.insert((due, key.clone()));
            self.changed.insert(key.clone());
            Group { due, members: BTreeMap::new() }
        });
        group.members.insert(first, id.clone());
        if let Some(tracked) = book.alerts.get_mut(&id) {
            tracked.lanes += 1;
        }
        book.changed.insert(id.clone());
        self.places.insert(id, key);
    }

    /// Looks at every group whose time has come. Looks that were missed are not made up for.
    pub fn advance(&mut self, target: usize, book: &mut Book, now: Moment, out: &mut Vec<Order>) {
        while let Some((due, key)) = self.due.first().filter(|(due, _)| *due <= now.elapsed).cloned() {
            self.due.remove(&(due, key.clone()));
            let Some(mut group) = self.groups.remove(&key) else { continue };
            self.changed.insert(key.clone());
            let (_, timing) = book.terms(key.0, target);
            for (first, id) in std::mem::take(&mut group.members) {
                let only_ends = key.0 == ENDS && book.alerts.get(&id).is_some_and(Tracked::fires);
                if only_ends || self.look(target, &id, timing, book, now, out) {
                    group.members.insert(first, id);
                } else {
                    self.places.remove(&id);
                    book.changed.insert(id.clone());
                    if let Some(tracked) = book.alerts.get_mut(&id) {
                        tracked.lanes = tracked.lanes.saturating_sub(1);
                    }
                }
            }
            if !group.members.is_empty() {
                // At least a moment, or this would not end.
                group.due = now.elapsed.saturating_add(timing.interval.max(1));
                self.due.insert((group.due, key.clone()));
                self.groups.insert(key, group);
            }
        }
    }

    /// Looks at one alert; `false` if the target need not hear of it any more.
    fn look(&mut self, target: usize, id: &str, timing: Timing, book: &mut Book, now: Moment, out: &mut Vec<Order>) -> bool {
        let Some(tracked) = book.alerts.get(id) else { return false };
        if !tracked.fires() {
            return self.end(target, id, timing, book, now, out);
        }
        let (alert, seq) = (tracked.alert.clone(), tracked.seq);
        let Some(cause) = self.cause(target, id, timing, book, now) else { return true };
        if cause == Cause::Fired && self.goes_on(target, id, timing, book, now) {
            return true;
        }
        if let Some(why) = book.held_back(&alert, now.at) {
            book.note(id, target, now, why);
            return true;
        }
        let told = self.told.remove(id);
        let again = told.as_ref().and_then(|t| t.last).map_or(0, |(last, n)| if last == seq { n + 1 } else { 0 });
        let before = told.as_ref().map(|t| t.rank);
        let next = Told {
            rank: before.map_or(rank(&alert), |b| b.max(rank(&alert))),
            at: now.elapsed,
            acked: alert.acknowledged.is_some(),
            last: Some((seq, again)),
            open: told.map(|t| t.open).unwrap_or_default(),
        };
        self.told.insert(id.to_owned(), next);
        book.changed.insert(id.to_owned());
        book.note(id, target, now, What::Sent(cause));
        out.push(Order { target, key: key(&alert, seq, again), alert, seq, cause });
        true
    }

    /// Why the target should hear of an alert that fires.
    fn cause(&self, target: usize, id: &str, timing: Timing, book: &mut Book, now: Moment) -> Option<Cause> {
        let alert = &book.alerts.get(id)?.alert;
        let Some(told) = self.told.get(id) else { return Some(Cause::Fired) };
        let of = book.settings.targets.get(target)?;
        let acked = alert.acknowledged.is_some();
        if rank(alert) > told.rank {
            return Some(Cause::Worse);
        }
        if acked && !told.acked && of.acks {
            return Some(Cause::Acknowledged);
        }
        if now.elapsed.saturating_sub(told.at) < timing.repeat {
            return None;
        }
        if acked && of.resend.is_none() {
            book.note(id, target, now, What::Quiet);
            return None;
        }
        Some(Cause::Repeated)
    }

    /// Whether an alert goes on with one that was told, is over, and whose end was not told yet.
    fn goes_on(&mut self, target: usize, id: &str, timing: Timing, book: &mut Book, now: Moment) -> bool {
        if timing.flap <= 0 {
            return false;
        }
        let Some(tracked) = book.alerts.get(id) else { return false };
        let goes_before = |(other, told): &(&String, &Told)| {
            let same = book.alerts.get(*other).filter(|t| !t.fires() && t.matter() == tracked.matter());
            same.is_some_and(|t| t.over.is_some_and(|over| now.elapsed.saturating_sub(over) < timing.flap))
                && told.rank >= rank(&tracked.alert)
        };
        let before = self.told.iter().filter(goes_before).map(|(other, _)| other.clone());
        let first = |other: &String| book.alerts.get(other).map(|t| t.first);
        let Some(before) = before.min_by_key(first) else { return false };
        let Some(mut told) = self.told.remove(&before) else { return false };
        if let (Some(_), Some(over)) = (told.last.take(), book.alerts.get(&before)) {
            told.open.push((over.alert.clone(), over.seq));
        }
        // Whether the new one is taken on is its own matter.
        told.acked = false;
        self.told.insert(id.to_owned(), told);
        book.changed.extend([id.to_owned(), before.clone()]);
        book.note(id, target, now, What::Continues(before.clone()));
        book.note(&before, target, now, What::Continued(id.to_owned()));
        true
    }

    /// Looks at an alert that is over; `false` if that is all.
    fn end(&mut self, target: usize, id: &str, timing: Timing, book: &mut Book, now: Moment, out: &mut Vec<Order>) -> bool {
        let Some(tracked) = book.alerts.get(id) else { return false };
        let (alert, seq, over) = (tracked.alert.clone(), tracked.seq, tracked.over.unwrap_or(now.elapsed));
        let Some(told) = self.told.get(id) else {
            let went_on = tracked.log.iter().any(|d| matches!(d.what, What::Continued(_)));
            if !went_on {
                book.note(id, target, now, What::Untold);
            }
            return false;
        };
        if now.elapsed.saturating_sub(over) < timing.flap {
            book.note(id, target, now, What::Held);
            return true;
        }
        let mut ends = told.open.clone();
        if told.last.is_some() {
            ends.push((alert, seq));
        }
        self.told.remove(id);
        book.changed.insert(id.to_owned());
        if !book.settings.targets.get(target).is_some_and(|t| t.wants.resolved) {
            return false;
        }
        book.note(id, target, now, What::Sent(Cause::Resolved));
        for (alert, seq) in ends {
            let key = key(&alert, seq, 0);
            out.push(Order { target, alert, seq, cause: Cause::Resolved, key });
        }
        false
    }

    /// Takes a post out of what may still be sent.
    pub fn scrub(&mut self, key: PostKey) {
        let open = self.told.values_mut().flat_map(|t| &mut t.open);
        open.filter(|(alert, _)| alert.shows(key)).for_each(|(alert, _)| Arc::make_mut(alert).forget(key));
    }

    /// Takes an alert out of everything.
    pub fn forget(&mut self, id: &str) {
        self.told.remove(id);
        let Some(key) = self.places.remove(id) else { return };
        if let Some(group) = self.groups.get_mut(&key) {
            group.members.retain(|_, member| member != id);
            if group.members.is_empty() {
                self.due.remove(&(group.due, key.clone()));
                self.groups.remove(&key);
                self.changed.insert(key);
            }
        }
    }
}

/// The same for the same transition of the same alert, told for the same time.
fn key(alert: &Alert, seq: u64, again: u32) -> String {
    format!("{}/{seq}/{again}", alert.id)
}
