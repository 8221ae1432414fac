//! Which posts were seen: duplicates, updates, deletes before creates.

mod index;
mod slots;

use crate::limits::{self, REMEMBERED};
use crate::post::PostKey;
use crate::time::Timestamp;
use index::{Index, WIDTH};
use slots::Slots;

/// A bounded map that forgets what was put in longer than a horizon of event time ago, oldest first.
///
/// It is never iterated, so its inner order cannot show. An entry costs what [`Horizon::BYTES`] says,
/// however many there are.
#[derive(Debug)]
pub struct Horizon<V> {
    /// In the order they were put in; one whose key has a later entry counts for nothing.
    slots: Slots<V>,
    /// The latest entry of every key.
    index: Index,
    span: i64,
    most: usize,
    /// All entries were put in before any time was known.
    undated: bool,
}

impl<V> Horizon<V> {
    /// Bytes of one entry at most, where there are many.
    pub const BYTES: usize = Slots::<V>::BYTES + Index::BYTES.ceil() as usize;

    /// A map that remembers for `span` microseconds, and at most `most` entries, which are no more
    /// than `limits::REMEMBERED`.
    pub fn new(span: i64, most: usize) -> Horizon<V> {
        Horizon { slots: Slots::default(), index: Index::default(), span, most: most.clamp(1, REMEMBERED), undated: false }
    }

    /// What is remembered of `key`.
    pub fn get(&mut self, key: u64) -> Option<&mut V> {
        let number = self.number(key)?;
        self.slots.value(number)
    }

    /// When what is remembered of `key` was put in.
    pub fn since(&self, key: u64) -> Option<Timestamp> {
        self.slots.at(self.number(key)?)
    }

    /// Remembers `value` from `now` on; `now` never runs back. At `Timestamp::MIN`, before any time
    /// is known, it is remembered from the first time that is.
    pub fn put(&mut self, key: u64, value: V, now: Timestamp) {
        self.date(now);
        let known = self.number(key).filter(|n| self.slots.at(*n) == Some(now));
        if let Some(known) = known.and_then(|n| self.slots.value(n)) {
            *known = value;
            return;
        }
        while self.slots.len() >= self.most {
            self.drop_oldest();
        }
        self.enter((key, now, value));
    }

    /// All entries as they were put in, oldest first, those among them that a later one stands for.
    pub fn entries(&self) -> impl Iterator<Item = (u64, Timestamp, &V)> {
        self.slots.iter()
    }

    /// Adds an entry of another map of the same bounds, see [`Horizon::entries`].
    pub fn enter(&mut self, (key, at, value): (u64, Timestamp, V)) {
        self.unlink(key, None);
        let number = self.slots.push(key, value, at);
        let slots = &self.slots;
        self.index.insert(key, number as u32, |n| key_of(slots, n));
        self.undated |= at == Timestamp::MIN;
    }

    /// Forgets what was put in before `now` less the span.
    pub fn expire(&mut self, now: Timestamp) {
        self.date(now);
        while self.slots.at(self.slots.front()).is_some_and(|since| now.since(since) > self.span) {
            self.drop_oldest();
        }
    }

    /// Gives `now` to what was put in before any time was known.
    fn date(&mut self, now: Timestamp) {
        if self.undated && now != Timestamp::MIN {
            self.slots.date(now);
            self.undated = false;
        }
    }

    fn drop_oldest(&mut self) {
        let oldest = self.slots.front();
        if let Some(key) = self.slots.key(oldest) {
            self.unlink(key, Some(oldest));
        }
        self.slots.pop();
    }

    /// The number of the entry that counts for `key`.
    fn number(&self, key: u64) -> Option<u64> {
        let found = self.index.get(key, |n| self.slots.key(self.slots.number(n, WIDTH)) == Some(key))?;
        Some(self.slots.number(found, WIDTH))
    }

    /// `key` stands for nothing any more; if `only` is given, only if it stands for that entry.
    fn unlink(&mut self, key: u64, only: Option<u64>) {
        let slots = &self.slots;
        let is = |n| {
            let number = slots.number(n, WIDTH);
            only.is_none_or(|only| number == only) && slots.key(number) == Some(key)
        };
        self.index.remove(key, is, |n| key_of(slots, n));
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes of all entries and of their index.
    pub fn bytes(&self) -> usize {
        self.slots.bytes() + self.index.bytes()
    }
}

/// The key of the entry whose number ends in `number`, which an index holds and so is there.
fn key_of<V>(slots: &Slots<V>, number: u32) -> u64 {
    slots.key(slots.number(number, WIDTH)).unwrap_or_default()
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

coded_cases!(Known: Known::Counted, Known::Own, Known::Deleted);

const _: () = assert!(Horizon::<Known>::BYTES <= limits::DEDUPE_ID_BYTES);

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

    /// Bytes of all that is remembered.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// What it is made of, to be written down,
    pub fn horizon(&self) -> &Horizon<Known> {
        &self.0
    }

    /// and read back.
    pub fn horizon_mut(&mut self) -> &mut Horizon<Known> {
        &mut self.0
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
            assert!(map.len() <= 10);
        }
        assert_eq!((map.get(39).copied(), map.get(0)), (Some(999), None));
    }

    /// The same as two plain maps would remember, with keys that come again, jumps of time, and a
    /// bound that is reached.
    #[test]
    fn it_agrees_with_plain_maps() {
        let mut map = Horizon::new(24 * HOUR, 500);
        let (mut twin, mut order) = (std::collections::BTreeMap::new(), std::collections::VecDeque::new());
        let (mut state, mut now) = (3_u64, Timestamp::MIN);
        for step in 0..30_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = (state >> 33) % 900;
            match (state >> 50) % 400 {
                _ if step < 50 => {}
                0 => now = Timestamp(now.0.max(0)).plus(20 * HOUR),
                1..50 => now = Timestamp(now.0.max(0)).plus((state >> 20) as i64 % (HOUR / 10)),
                _ => {}
            }
            if now != Timestamp::MIN {
                let undated = order.iter_mut().filter(|(since, _)| *since == Timestamp::MIN);
                undated.for_each(|(since, _): &mut (Timestamp, u64)| *since = now);
                twin.values_mut().filter(|(since, _)| *since == Timestamp::MIN).for_each(|(since, _): &mut (Timestamp, u64)| *since = now);
            }
            if state >> 62 == 0 {
                map.expire(now);
                while order.front().is_some_and(|(since, _)| now.since(*since) > 24 * HOUR) {
                    let Some((since, key)) = order.pop_front() else { break };
                    if twin.get(&key).is_some_and(|(put, _)| *put == since) {
                        twin.remove(&key);
                    }
                }
            }
            assert_eq!((map.get(key).copied(), map.since(key)), (twin.get(&key).map(|e| e.1), twin.get(&key).map(|e| e.0)), "step {step}");
            map.put(key, step, now);
            if twin.insert(key, (now, step)).is_none_or(|(since, _)| since != now) {
                order.push_back((now, key));
            }
            if order.len() > 500
                && let Some((since, key)) = order.pop_front()
                && twin.get(&key).is_some_and(|(put, _)| *put == since)
            {
                twin.remove(&key);
            }
        }
    }

    #[test]
    fn an_id_costs_what_is_stated() {
        const IDS: usize = 300_000;
        let mut seen = Seen::new(24 * HOUR, IDS);
        for i in 0..2 * IDS as u64 {
            seen.note(PostKey(i.wrapping_mul(0x9e37_79b9_7f4a_7c15)), Known::Counted, Timestamp(i as i64));
            let n = seen.0.len();
            assert!(!n.is_multiple_of(1000) || seen.0.bytes() <= n * limits::DEDUPE_ID_BYTES + 64 * 1024, "{} for {n}", seen.0.bytes());
        }
        assert!(seen.0.bytes() > IDS * 15, "{}", seen.0.bytes());
    }
}
