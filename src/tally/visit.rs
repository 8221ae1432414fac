//! What a beat looks at: the topics that changed, and those whose windows slide by themselves.

use super::evidence::Around;
use super::{Event, Tally, tell};
use crate::limits::VISITED;
use crate::time::Timestamp;
use crate::topic::On;

impl Tally {
    /// Looks at the topics that changed, and at those whose windows slide by themselves.
    /// No beat looks at more than `limits::VISITED`: the next goes on where this one stopped, so that each has its
    /// turn.
    pub(super) fn visit(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        let mut slots = std::mem::take(&mut self.changed);
        while let Some((minute, slot)) = self.due.first().copied().filter(|(minute, _)| *minute <= now.minute()) {
            self.due.remove(&(minute, slot));
            slots.push(slot);
        }
        slots.sort_unstable_by_key(|slot| self.topics.get(*slot).map(|t| t.id));
        slots.dedup();
        let id = |slot: &usize| self.topics.get(*slot).map(|t| t.id);
        if slots.len() > VISITED {
            let seen = slots.partition_point(|slot| id(slot) <= self.visited);
            slots.rotate_left(seen);
        }
        let later = slots.split_off(slots.len().min(VISITED));
        self.visited = slots.last().and_then(id);
        for slot in slots {
            self.review(slot, now, events);
        }
        for slot in &later {
            // It may be here because its windows slide, and must not come twice.
            self.topics.get_mut(*slot).into_iter().for_each(|topic| topic.changed = true);
        }
        self.changed = later;
    }

    /// Slides the windows of one topic, judges what fires there, and tells of them.
    fn review(&mut self, slot: usize, now: Timestamp, events: &mut Vec<Event>) {
        let Some(topic) = self.topics.get_mut(slot) else { return };
        topic.changed = false;
        topic.panes.slide(now.minute());
        self.due.remove(&(topic.due, slot));
        if let Some(minute) = topic.panes.next_change() {
            topic.due = minute;
            self.due.insert((minute, slot));
        }
        if !topic.active {
            return;
        }
        let end = topic.panes.end();
        for watch in self.judge.watches(topic.id) {
            let Some(On::Volume { window, .. }) = self.judge.on(watch).filter(|_| self.judge.is_firing(watch)) else { continue };
            let observed = topic.panes.window(window, end);
            let around = Around { recent: &self.recent, networks: &self.networks, compiled: self.compiled.as_ref() };
            let evidence = |since| topic.evidence(window, end, since, around);
            self.judge.review(watch, end, observed, now, evidence, &mut self.alerts);
        }
        tell(&mut self.alerts, events);
        events.extend(self.told(slot, now).map(|windows| Event::Windows(Box::new(windows))));
    }
}
