//! Which events came before, for as long as the overlap of two connections needs it.

use std::collections::HashSet;

use crate::limits;

/// Remembers at least the last `limits::OVERLAP_EVENTS` identities, and at most twice as many: when
/// the young generation is full it becomes the old one.
#[derive(Debug, Default)]
pub struct Overlap {
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Overlap {
    /// Whether `identity` is new; remembers it.
    pub fn is_new(&mut self, identity: u64) -> bool {
        if self.old.contains(&identity) || !self.young.insert(identity) {
            return false;
        }
        if self.young.len() >= limits::OVERLAP_EVENTS {
            self.old = std::mem::take(&mut self.young);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_known_and_memory_is_bounded() {
        let mut overlap = Overlap::default();
        let n = 5 * limits::OVERLAP_EVENTS as u64 / 2;
        for i in 0..n {
            assert!(overlap.is_new(i));
        }
        assert!((n - limits::OVERLAP_EVENTS as u64..n).all(|i| !overlap.is_new(i)));
        assert!(overlap.young.len() + overlap.old.len() <= 2 * limits::OVERLAP_EVENTS);
        assert!(overlap.is_new(0), "long forgotten");
    }
}
