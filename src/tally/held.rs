//! What the tally holds in memory, counted by itself and not by an allocator.

use super::Tally;
use crate::limits::TOPICS_EVER;

/// Topics that settle at one beat, in turn: all that there can be within a quarter of an hour.
const SETTLED: usize = 128;
const _: () = assert!(TOPICS_EVER <= SETTLED * 15 * 60);

/// Bytes that grow with what comes in, by what they are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Ids of posts.
    pub ids: usize,
    /// Authors of mentions, to tell who writes again.
    pub authors: usize,
    /// Counts by minute, of all topics.
    pub panes: usize,
    /// Sets of authors, of all topics.
    pub author_sets: usize,
    /// Recent mentions, and their numbers by topic.
    pub recent: usize,
    /// Shares of voice, of all groups.
    pub shares: usize,
}

impl Held {
    /// All of it.
    pub fn sum(&self) -> usize {
        self.ids + self.authors + self.panes + self.author_sets + self.recent + self.shares
    }
}

impl Tally {
    /// Some topics, in turn, give back what only their next mention would make them give back.
    pub(super) fn settle(&mut self) {
        let oldest = self.recent.oldest();
        for _ in 0..SETTLED.min(self.topics.len()) {
            self.settled = (self.settled + 1) % self.topics.len();
            if let Some(topic) = self.topics.get_mut(self.settled) {
                topic.settle(oldest);
            }
        }
    }

    /// What is held now; it looks at every set of every topic.
    pub fn held(&self) -> Held {
        let mut held = Held {
            ids: self.seen.bytes(),
            authors: self.authors.bytes(),
            recent: self.recent.bytes(),
            shares: self.shares.bytes(),
            ..Held::default()
        };
        for topic in &self.topics {
            let (panes, sets) = topic.panes.bytes();
            held.panes += panes;
            held.author_sets += sets;
            held.recent += topic.mentions.capacity() * size_of::<u64>();
        }
        held
    }
}
