//! Where the entry of a key stands: a hash table of 32-bit cells that holds no keys.
//!
//! A cell is the end of an entry's number and a few bits of its hash; the key itself stands in the
//! entry and is looked at only when these bits agree. Sixty-four tables grow one by one, so that
//! none takes long to be laid out anew.

use std::hash::{BuildHasher, RandomState};

use crate::limits::REMEMBERED;

/// Bits of a number that are kept: entries are told apart as long as there are no more than this.
pub const WIDTH: u32 = REMEMBERED.ilog2();
const NUMBER: u32 = (1 << WIDTH) - 1;
const TABLES: usize = 64;
/// A table grows to this part more when three quarters are full, and shrinks when a quarter is.
const GROWTH: usize = 4;
const LEAST: usize = 8;

/// The tables. Hashes are keyed at random: who writes posts cannot make them collide.
#[derive(Debug)]
pub struct Index {
    tables: Vec<Table>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Table {
    /// 0 is free.
    cells: Vec<u32>,
    full: usize,
}

impl Default for Index {
    fn default() -> Self {
        Index { tables: (0..TABLES).map(|_| Table::default()).collect(), hasher: RandomState::new() }
    }
}

impl Index {
    /// Bytes for each of many entries at most, just after growing.
    pub const BYTES: f64 = size_of::<u32>() as f64 * 4.0 / 3.0 * (GROWTH + 1) as f64 / GROWTH as f64;

    /// The end of the number that `key` stands for; `is` tells whether an entry has that key.
    pub fn get(&self, key: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let table = self.tables.get(table(hash))?;
        let place = table.find(hash, is)?;
        table.cells.get(place).map(|cell| cell & NUMBER)
    }

    /// Lets `key`, which is not there, stand for the entry whose number ends in `number`; `key_of`
    /// gives the keys of entries.
    pub fn insert(&mut self, key: u64, number: u32, key_of: impl Fn(u32) -> u64) {
        let hash = self.hasher.hash_one(key);
        let Some(table) = self.tables.get_mut(table(hash)) else { return };
        if (table.full + 1) * 4 > table.cells.len() * 3 {
            let hash_of = |number| self.hasher.hash_one(key_of(number));
            table.resize((table.cells.len() + table.cells.len() / GROWTH).max(LEAST), hash_of);
        }
        table.put(hash, number);
    }

    /// Forgets `key`.
    pub fn remove(&mut self, key: u64, is: impl Fn(u32) -> bool, key_of: impl Fn(u32) -> u64) {
        let hash = self.hasher.hash_one(key);
        let Some(table) = self.tables.get_mut(table(hash)) else { return };
        let hash_of = |number| self.hasher.hash_one(key_of(number));
        if let Some(place) = table.find(hash, is) {
            table.free(place, hash_of);
            if table.full * 4 < table.cells.len() && table.cells.len() > LEAST {
                table.resize((table.full * 2).max(LEAST), hash_of);
            }
        }
    }

    /// Bytes of all cells.
    pub fn bytes(&self) -> usize {
        self.tables.iter().map(|t| t.cells.capacity() * size_of::<u32>()).sum()
    }
}

/// The table of a hash: its highest bits.
fn table(hash: u64) -> usize {
    (hash >> (64 - TABLES.ilog2())) as usize
}

/// The cell without its place: what of the hash is kept, and never 0, and the number.
fn cell(hash: u64, number: u32) -> u32 {
    (((hash as u32) << WIDTH).max(1 << WIDTH)) | (number & NUMBER)
}

impl Table {
    /// Where a hash would stand if it stood alone.
    fn home(&self, hash: u64) -> usize {
        let rest = hash << TABLES.ilog2();
        ((u128::from(rest) * self.cells.len() as u128) >> 64) as usize
    }

    fn after(&self, place: usize) -> usize {
        if place + 1 == self.cells.len() { 0 } else { place + 1 }
    }

    fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<usize> {
        let mut place = self.home(hash);
        // A quarter is free, so this ends.
        loop {
            match *self.cells.get(place)? {
                0 => return None,
                found if found == cell(hash, found) && is(found & NUMBER) => return Some(place),
                _ => place = self.after(place),
            }
        }
    }

    fn put(&mut self, hash: u64, number: u32) {
        let mut place = self.home(hash);
        while self.cells.get(place).is_some_and(|c| *c != 0) {
            place = self.after(place);
        }
        if let Some(free) = self.cells.get_mut(place) {
            *free = cell(hash, number);
            self.full += 1;
        }
    }

    /// Frees a cell and moves those behind it up that could not stand nearer to their homes.
    fn free(&mut self, place: usize, hash_of: impl Fn(u32) -> u64) {
        let (mut hole, mut next, size) = (place, self.after(place), self.cells.len());
        while self.cells[next] != 0 {
            let home = self.home(hash_of(self.cells[next] & NUMBER));
            let way = |from: usize, to: usize| if to >= from { to - from } else { to + size - from };
            if way(home, next) >= way(hole, next) {
                self.cells[hole] = self.cells[next];
                hole = next;
            }
            next = self.after(next);
        }
        self.cells[hole] = 0;
        self.full -= 1;
    }

    fn resize(&mut self, cells: usize, hash_of: impl Fn(u32) -> u64) {
        let before = std::mem::replace(&mut self.cells, vec![0; cells]);
        self.full = 0;
        for number in before.into_iter().filter(|c| *c != 0).map(|c| c & NUMBER) {
            self.put(hash_of(number), number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Against a plain map, over a growing and then a shrinking set, with keys that come again.
    #[test]
    fn it_agrees_with_a_map() {
        let (mut index, mut twin) = (Index::default(), BTreeMap::new());
        let mut keys = Vec::new();
        let mut state = 7_u64;
        for step in 0..60_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = (state >> 40) % 20_000;
            let wants_more = step < 30_000;
            let there = twin.get(&key).copied();
            let is = |n: u32| keys.get(n as usize) == Some(&key);
            assert_eq!(index.get(key, is), there);
            if there.is_none() && wants_more {
                keys.push(key);
                let number = keys.len() as u32 - 1;
                index.insert(key, number, |n| keys[n as usize]);
                twin.insert(key, number);
            } else if there.is_some() && (!wants_more || state >> 63 == 1) {
                index.remove(key, is, |n| keys[n as usize]);
                twin.remove(&key);
            }
            let room = index.bytes() as f64 / Index::BYTES;
            assert!(twin.len() < 2000 || !wants_more || room < twin.len() as f64 * 2.0, "{room} for {}", twin.len());
        }
        assert!(index.bytes() <= TABLES * 64 + twin.len() * 16 * 2, "it shrinks: {} for {}", index.bytes(), twin.len());
    }
}
