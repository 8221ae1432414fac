//! Entries in the order they were put in, at a fixed cost each: numbered without gaps, added at the
//! end and dropped at the front, in chunks that are never copied when there are more.

use std::collections::VecDeque;

use crate::time::Timestamp;

/// Entries of a chunk: the most that lie empty at either end.
const CHUNK: usize = 1024;

/// Keys, low halves of times and values of `CHUNK` entries; apart, so that none is padded.
#[derive(Debug)]
struct Chunk<V> {
    keys: Vec<u64>,
    times: Vec<u32>,
    values: Vec<V>,
}

/// The entries.
#[derive(Debug)]
pub struct Slots<V> {
    chunks: VecDeque<Chunk<V>>,
    /// Number of the first entry of the first chunk.
    base: u64,
    /// Number of the oldest entry.
    front: u64,
    /// Number that the next entry gets.
    end: u64,
    /// From which number on the high half of the time is which. Times ascend.
    highs: VecDeque<(u64, i64)>,
}

impl<V> Default for Slots<V> {
    fn default() -> Self {
        Slots { chunks: VecDeque::new(), base: 0, front: 0, end: 0, highs: VecDeque::new() }
    }
}

impl<V> Slots<V> {
    /// Bytes of one entry.
    pub const BYTES: usize = size_of::<u64>() + size_of::<u32>() + size_of::<V>();

    /// How many there are.
    pub fn len(&self) -> usize {
        (self.end - self.front) as usize
    }

    /// Number of the oldest; of the next one, if there is none.
    pub fn front(&self) -> u64 {
        self.front
    }

    /// Bytes of all chunks.
    pub fn bytes(&self) -> usize {
        self.chunks.len() * (CHUNK * Slots::<V>::BYTES + size_of::<Chunk<V>>()) + self.highs.len() * size_of::<(u64, i64)>()
    }

    /// Adds an entry and gives its number; its time is none of the earlier ones.
    pub fn push(&mut self, key: u64, value: V, at: Timestamp) -> u64 {
        let (high, low) = halves(at);
        if self.highs.back().is_none_or(|(_, h)| *h != high) {
            self.highs.push_back((self.end, high));
        }
        if self.chunks.back().is_none_or(|c| c.keys.len() == CHUNK) {
            let (keys, times, values) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
            self.chunks.push_back(Chunk { keys, times, values });
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.keys.push(key);
            chunk.times.push(low);
            chunk.values.push(value);
        }
        self.end += 1;
        self.end - 1
    }

    /// Drops the oldest and gives its key.
    pub fn pop(&mut self) -> Option<u64> {
        let key = self.key(self.front)?;
        self.front += 1;
        if self.highs.get(1).is_some_and(|(first, _)| *first <= self.front) {
            self.highs.pop_front();
        }
        if self.front - self.base == CHUNK as u64 {
            self.chunks.pop_front();
            self.base = self.front;
        }
        Some(key)
    }

    /// The key of entry `number`.
    pub fn key(&self, number: u64) -> Option<u64> {
        let (chunk, i) = self.place(number)?;
        self.chunks.get(chunk)?.keys.get(i).copied()
    }

    /// The value of entry `number`.
    pub fn value(&mut self, number: u64) -> Option<&mut V> {
        let (chunk, i) = self.place(number)?;
        self.chunks.get_mut(chunk)?.values.get_mut(i)
    }

    /// When entry `number` was put in.
    pub fn at(&self, number: u64) -> Option<Timestamp> {
        let (chunk, i) = self.place(number)?;
        let low = *self.chunks.get(chunk)?.times.get(i)?;
        let (_, high) = *self.highs.get(self.highs.partition_point(|(first, _)| *first <= number).checked_sub(1)?)?;
        Some(Timestamp((high << 32) | i64::from(low)))
    }

    /// All that there are, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, Timestamp, &V)> {
        (self.front..self.end).filter_map(|number| {
            let (chunk, i) = self.place(number)?;
            Some((self.key(number)?, self.at(number)?, self.chunks.get(chunk)?.values.get(i)?))
        })
    }

    /// Dates all that there are anew; they must have one time, and `at` be a later one.
    pub fn date(&mut self, at: Timestamp) {
        let (high, low) = halves(at);
        self.chunks.iter_mut().for_each(|c| c.times.fill(low));
        self.highs.iter_mut().for_each(|(_, h)| *h = high);
    }

    fn place(&self, number: u64) -> Option<(usize, usize)> {
        if number < self.front {
            return None;
        }
        let i = (number - self.base) as usize;
        Some((i / CHUNK, i % CHUNK))
    }

    /// The entry whose number ends in `bits`, the lowest `width` bits: there is one if there is any, as
    /// long as there are no more entries than such endings.
    pub fn number(&self, bits: u32, width: u32) -> u64 {
        let ahead = u64::from(bits).wrapping_sub(self.front) & ((1 << width) - 1);
        self.front + ahead
    }
}

/// The parts of a time that are kept apart.
fn halves(at: Timestamp) -> (i64, u32) {
    (at.0 >> 32, at.0 as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_numbers_times_and_values() {
        let mut slots = Slots::default();
        // Times from before any to far ahead, across many halves.
        let at = |i: u64| if i == 0 { Timestamp::MIN } else { Timestamp(i as i64 * 3_000_000_000 - 7_000_000_000_000) };
        for i in 0..5000 {
            assert_eq!(slots.push(i * 7, i, at(i)), i);
            if i >= 2500 {
                assert_eq!(slots.pop(), Some((i - 2500) * 7));
            }
        }
        assert_eq!((slots.len(), slots.front()), (2500, 2500));
        for i in 2500..5000 {
            let bits = (i as u32) & 0xfff;
            assert_eq!((slots.key(i), slots.value(i).copied(), slots.at(i)), (Some(i * 7), Some(i), Some(at(i))));
            assert_eq!(slots.number(bits, 12), i);
        }
        assert_eq!((slots.key(2499), slots.key(5000), slots.at(5000)), (None, None, None));
        assert!(slots.chunks.len() <= 4 && slots.highs.len() <= 2500);
    }
}
