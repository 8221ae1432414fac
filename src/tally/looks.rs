//! Looks at buckets that are still open, so that a crisis is told while it begins.
//!
//! A minute is looked at once event time is `lateness` past its end, for the topics that had mentions in
//! it and no others: without a mention no sum rises. What is unusual then is an alert if people confirm
//! it: the different authors who had not written in the hour before must be as unusual as the volume,
//! and more than a handful (a post without an author counts as one, as everywhere). Nothing is learnt
//! before the bucket closes.

use super::buckets::MINUTES;
use super::evidence::Around;
use super::{Moment, Tally};
use crate::detect::WINDOW;
use crate::judge::Closed;
use crate::time::Timestamp;
use crate::topic::TopicId;
use crate::window::Window;

/// A minute in which a topic had mentions; ordered as it is looked at.
pub type Busy = (i64, TopicId, usize);

impl Tally {
    /// Looks at the busy minutes before `until`, which are over.
    pub(super) fn look(&mut self, until: i64, now: Timestamp) {
        while let Some(busy) = self.busy.first().copied().filter(|(minute, ..)| *minute < until) {
            self.busy.remove(&busy);
            let (minute, _, slot) = busy;
            // What closed was judged as a whole.
            if self.bucket.is_some_and(|open| minute.div_euclid(MINUTES) >= open) {
                self.look_at(slot, minute, now);
            }
        }
        self.judge.tell_unusual(now, &mut self.alerts);
    }

    fn look_at(&mut self, slot: usize, minute: i64, now: Timestamp) {
        let Some(topic) = self.topics.get_mut(slot) else { return };
        let bucket = minute.div_euclid(MINUTES);
        let Some(unusual) = topic.unusual.as_mut().filter(|u| u.hears(bucket)) else { return };
        let (panes, minutes, window) = (&topic.panes, minute.rem_euclid(MINUTES) + 1, WINDOW as i64);
        let counts = (panes.between(minute - minutes, minute).mentions, panes.between(minute - window, minute).mentions);
        // Only asked for where the volume calls for it.
        let voices = || panes.newcomers(minutes, minute).zip(panes.newcomers(window, minute));
        let told = unusual.look(minute, counts, voices);
        if !told.is_empty() && !topic.changed {
            topic.changed = true;
            self.changed.push(slot);
        }
        for (watch, finding, standing) in told {
            let around = Around { recent: &self.recent, networks: &self.networks, compiled: self.compiled.as_ref() };
            let evidence = |since| topic.evidence(Window::H1, minute, since, around);
            let closed = Closed { bucket, finding: &finding, standing };
            self.judge.close(watch, closed, Moment { now, delayed: false }, evidence, &mut self.alerts);
        }
    }
}
