//! Which posts were seen: duplicates, updates, deletes before creates.

use std::collections::{HashMap, VecDeque};

use crate::post::PostKey;
use crate::time::Timestamp;

/// A bounded map that forgets what was put in longer than a horizon of event time ago, oldest first.
///
/// It is never iterated, so its inner order cannot show.
#[derive(Debug)]
pub struct Horizon<V> {
    entries: HashMap<u64, (Timestamp, V)>,
    /// In the order they were put in; an entry whose time differs was put in again later.
    order: VecDeque<(Timestamp, u64)>,
    span: i64,
    most: usize,
}

impl<V> Horizon<V> {
    /// A map that remembers for `span` microseconds, and at most `most` entries.
    pub fn new(span: i64, most: usize) -> Horizon<V> {
        Horizon { entries: HashMap::new(), order: VecDeque::new(), span, most }
    }

    /// What is remembered of `key`.
    pub fn get(&mut self, key: u64) -> Option<&mut V> {
        self.entries.get_mut(&key).map(|(_, value)| value)
    }

    /// Remembers `value` from `now` on; `now` never runs back. At `Timestamp::MIN`, before any time
    /// is known, it is remembered from the first time that is.
    pub fn put(&mut self, key: u64, value: V, now: Timestamp) {
        self.date(now);
        let known = self.entries.insert(key, (now, value));
        if known.is_none_or(|(since, _)| since != now) {
            self.order.push_back((now, key));
        }
        while self.order.len() > self.most {
            self.drop_oldest();
        }
    }

    /// Forgets what was put in before `now` less the span.
    pub fn expire(&mut self, now: Timestamp) {
        self.date(now);
        while self.order.front().is_some_and(|(since, _)| now.since(*since) > self.span) {
            self.drop_oldest();
        }
    }

    /// Gives `now` to what was put in before any time was known.
    fn date(&mut self, now: Timestamp) {
        if now == Timestamp::MIN {
            return;
        }
        for (since, key) in self.order.iter_mut().take_while(|(since, _)| *since == Timestamp::MIN) {
            *since = now;
            if let Some(entry) = self.entries.get_mut(key) {
                entry.0 = now;
            }
        }
    }

    fn drop_oldest(&mut self) {
        let Some((since, key)) = self.order.pop_front() else { return };
        if self.entries.get(&key).is_some_and(|(put, _)| *put == since) {
            self.entries.remove(&key);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }
}

/// What is known of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It was counted as a mention.
    Counted,
    /// It is an own post.
    Own,
    /// It was deleted, perhaps before it came.
    Deleted,
}

/// Posts seen within the horizon.
#[derive(Debug)]
pub struct Seen(Horizon<Known>);

impl Seen {
    /// Remembers for `span` microseconds of event time, and at most `most` posts.
    pub fn new(span: i64, most: usize) -> Seen {
        Seen(Horizon::new(span, most))
    }

    /// What is known of the post; `None` if it is new.
    pub fn know(&mut self, key: PostKey) -> Option<Known> {
        self.0.get(key.0).copied()
    }

    /// Remembers what became of the post.
    pub fn note(&mut self, key: PostKey, what: Known, now: Timestamp) {
        self.0.put(key.0, what, now);
    }

    /// Forgets posts noted longer than the horizon before `now`.
    pub fn expire(&mut self, now: Timestamp) {
        self.0.expire(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    fn at(hours: i64) -> Timestamp {
        Timestamp(hours * HOUR)
    }

    #[test]
    fn a_post_is_known_for_the_horizon() {
        let mut seen = Seen::new(24 * HOUR, 100);
        seen.note(PostKey(1), Known::Counted, at(0));
        seen.expire(at(24));
        assert_eq!(seen.know(PostKey(1)), Some(Known::Counted));
        seen.expire(at(24).plus(1));
        assert_eq!(seen.know(PostKey(1)), None);
    }

    #[test]
    fn a_tombstone_starts_the_horizon_anew() {
        let mut seen = Seen::new(24 * HOUR, 100);
        seen.note(PostKey(1), Known::Counted, at(0));
        seen.note(PostKey(1), Known::Deleted, at(23));
        seen.expire(at(30));
        assert_eq!(seen.know(PostKey(1)), Some(Known::Deleted));
        seen.expire(at(48));
        assert_eq!(seen.know(PostKey(1)), None);
    }

    #[test]
    fn what_came_before_any_time_is_dated_by_the_first() {
        let mut seen = Seen::new(24 * HOUR, 100);
        seen.note(PostKey(1), Known::Deleted, Timestamp::MIN);
        seen.note(PostKey(2), Known::Deleted, Timestamp::MIN);
        seen.note(PostKey(2), Known::Deleted, at(1));
        seen.expire(at(25));
        assert_eq!([1, 2].map(|key| seen.know(PostKey(key))), [Some(Known::Deleted); 2]);
        seen.expire(at(26));
        assert_eq!([1, 2].map(|key| seen.know(PostKey(key))), [None; 2]);
    }

    #[test]
    fn it_never_holds_more_than_its_bound() {
        let mut map = Horizon::new(i64::MAX, 10);
        for i in 0..1000 {
            map.put(i % 40, i, Timestamp(i as i64));
            assert!(map.len() <= 10 && map.order.len() <= 10);
        }
        assert_eq!((map.get(39).copied(), map.get(0)), (Some(999), None));
    }
}
