//! The newest entries of one channel, bounded by number and bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::entry::{Entry, Frames};
use crate::limits::FEED_FRAME_BYTES;

/// Entries one read takes at most, so that a reader holds the lock for a moment only.
const READ_ENTRIES: usize = 256;

#[derive(Debug)]
struct Slot {
    entry: Arc<Entry>,
    cost: usize,
    /// Bytes of all entries before it since the start.
    before: u64,
}

/// Frames of a ring are let go of, oldest first, down to this: there is room for those to come.
const FRAMES_KEPT: usize = FEED_FRAME_BYTES / 2 / 4 * 3;

/// Positions are gapless and never used again.
#[derive(Debug)]
pub(super) struct Ring {
    slots: VecDeque<Slot>,
    /// Position of the first slot.
    first: u64,
    bytes: usize,
    total: u64,
    max_entries: usize,
    max_bytes: usize,
    /// Entries before this position are cold.
    hot: u64,
    frames: Frames,
}

impl Ring {
    pub(super) fn new(first: u64, max_entries: usize, max_bytes: usize) -> Ring {
        Ring { slots: VecDeque::new(), first, bytes: 0, total: 0, max_entries, max_bytes, hot: first, frames: Frames::default() }
    }

    /// Position of the oldest entry that is held; `end()` if there is none.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Position of the next entry.
    pub(super) fn end(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    fn slot(&self, position: u64) -> Option<usize> {
        position.checked_sub(self.first).and_then(|i| usize::try_from(i).ok()).filter(|i| *i < self.slots.len())
    }

    /// Appends, and returns what had to go, with its positions. The newest entry always stays.
    pub(super) fn push(&mut self, entry: Arc<Entry>, cost: usize) -> Vec<(u64, Arc<Entry>)> {
        self.slots.push_back(Slot { entry, cost, before: self.total });
        self.bytes += cost;
        self.total += cost as u64;
        let mut gone = Vec::new();
        while self.slots.len() > 1 && (self.slots.len() > self.max_entries || self.bytes > self.max_bytes) {
            if let Some(slot) = self.slots.pop_front() {
                self.bytes -= slot.cost;
                gone.push((self.first, slot.entry));
                self.first += 1;
            }
        }
        self.cool();
        gone
    }

    /// Makes the oldest entries let go of their frames until there is room for more.
    fn cool(&mut self) {
        self.hot = self.hot.max(self.first);
        while self.frames.bytes() > FRAMES_KEPT
            && let Some(i) = self.slot(self.hot)
        {
            self.slots.get(i).into_iter().for_each(|slot| slot.entry.cool());
            self.hot += 1;
        }
    }

    /// What counts the frames of this ring's entries.
    pub(super) fn frames(&self) -> Frames {
        self.frames.clone()
    }

    /// Position of the first entry whose place in the sequence is `seq` or behind it.
    pub(super) fn place(&self, seq: u64) -> u64 {
        self.first + self.slots.partition_point(|slot| slot.entry.seq().is_some_and(|s| s < seq)) as u64
    }

    /// The entry at `position`, and what it costs.
    pub(super) fn slot_at(&self, position: u64) -> Option<(&Arc<Entry>, usize)> {
        self.slots.get(self.slot(position)?).map(|slot| (&slot.entry, slot.cost))
    }

    pub(super) fn get(&self, position: u64) -> Option<&Entry> {
        self.slots.get(self.slot(position)?).map(|s| &*s.entry)
    }

    /// All entries, newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.slots.iter().rev().map(|s| &*s.entry)
    }

    /// Puts another version of the entry in its place, which costs what it now holds.
    pub(super) fn replace(&mut self, position: u64, entry: Entry) {
        let cold = position < self.hot;
        let Some(slot) = self.slot(position).and_then(|i| self.slots.get_mut(i)) else { return };
        if cold {
            entry.cool();
        }
        self.bytes = (self.bytes + entry.cost()).saturating_sub(slot.cost);
        slot.cost = entry.cost();
        slot.entry = Arc::new(entry);
    }

    /// Takes entries from `at` on, which moves behind them, until `bytes` are taken (one entry goes
    /// over it at most); returns what is left of them.
    pub(super) fn read(&self, at: &mut u64, bytes: usize, out: &mut Vec<Arc<Entry>>) -> usize {
        let mut left = bytes;
        let Some(i) = self.slot(*at) else { return left };
        for slot in self.slots.range(i..).take(READ_ENTRIES) {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(slot.cost);
            out.push(slot.entry.clone());
            *at += 1;
        }
        left
    }

    /// Bytes of the entries from `position` on.
    pub(super) fn bytes_from(&self, position: u64) -> u64 {
        match self.slot(position.max(self.first)) {
            Some(i) => self.slots.get(i).map_or(0, |s| self.total - s.before),
            None => 0,
        }
    }
}
