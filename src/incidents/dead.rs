//! Posts that were deleted: a create that comes later is none.

use std::collections::{HashSet, VecDeque};

use crate::limits::DEAD_POSTS;
use crate::post::PostKey;
use crate::time::Timestamp;

/// The latest of them.
#[derive(Debug, Default)]
pub(super) struct Dead {
    all: HashSet<PostKey>,
    order: VecDeque<(Timestamp, PostKey)>,
}

impl Dead {
    pub fn has(&self, key: PostKey) -> bool {
        self.all.contains(&key)
    }

    pub fn add(&mut self, key: PostKey, at: Timestamp) {
        if !self.all.insert(key) {
            return;
        }
        self.order.push_back((at, key));
        if self.order.len() > DEAD_POSTS
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.all.remove(&oldest);
        }
    }

    /// All, oldest first.
    pub fn all(&self) -> impl Iterator<Item = (Timestamp, PostKey)> {
        self.order.iter().copied()
    }
}
