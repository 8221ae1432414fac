//! Results come back from the lanes in any order and leave in number order.

use std::collections::VecDeque;

/// Holds what came too early. Its length is bounded by the buffers in flight.
pub struct Reorder<T> {
    next: u64,
    early: VecDeque<Option<T>>,
}

impl<T> Default for Reorder<T> {
    fn default() -> Self {
        Reorder { next: 0, early: VecDeque::new() }
    }
}

impl<T> Reorder<T> {
    /// Takes the item with `number`; every number comes once, counted from 0.
    pub fn push(&mut self, number: u64, item: T) {
        assert!(number >= self.next, "number {number} came twice");
        let place = (number - self.next) as usize;
        if self.early.len() <= place {
            self.early.resize_with(place + 1, || None);
        }
        self.early[place] = Some(item);
    }

    /// The next item in order, if it is there.
    pub fn pop(&mut self) -> Option<T> {
        let item = self.early.front_mut()?.take()?;
        self.early.pop_front();
        self.next += 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_arrival_leaves_in_order(arrival in Just((0..40u64).collect::<Vec<_>>()).prop_shuffle()) {
            let mut reorder = Reorder::default();
            let mut left = Vec::new();
            for n in arrival {
                reorder.push(n, n);
                while let Some(n) = reorder.pop() {
                    left.push(n);
                }
            }
            prop_assert_eq!(left, (0..40).collect::<Vec<_>>());
        }
    }
}
