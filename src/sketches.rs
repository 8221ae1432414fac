//! Small summaries of large sets.

use crate::codec::{self, Coded, Error, Reader};
use crate::limits::{DISTINCT_BYTES, DISTINCT_EXACT};

/// Leading bits of a hash that choose its register.
const PRECISION: u32 = 12;
/// Registers of the estimate: a standard error of `1.04 / sqrt(4096)`, 1.6 %.
const REGISTERS: usize = 1 << PRECISION;
/// Highest rank a register can hold, but for the one that says "all remaining bits are zero".
const RANKS: usize = 64 - PRECISION as usize;

/// How many different members a set has: exact up to `limits::DISTINCT_EXACT`, then HyperLogLog.
///
/// Members are hashes, taken as uniform over 64 bits. What a set says depends on its members alone,
/// never on the order in which they were inserted or merged.
#[derive(Debug, Clone)]
pub struct Distinct(Members);

#[derive(Debug, Clone)]
enum Members {
    /// The members, ascending.
    Few(Vec<u64>),
    Many(Box<Registers>),
}

/// The greatest rank per register, and how many registers have each rank.
#[derive(Debug, Clone)]
struct Registers {
    /// Two registers in a byte, the even one low, or, when too many do not fit, one in a byte.
    ranks: Box<[u8]>,
    /// Registers of two in a byte that hold `HIGH`, ascending, and their ranks: one member in 16 384 has
    /// such a rank.
    high: Vec<(u16, u8)>,
    with_rank: [u16; RANKS + 2],
}

/// What stands for this rank and all above it where two registers share a byte.
const HIGH: u8 = 15;
/// Registers with such a rank, above which each gets a byte of its own.
const MOST_HIGH: usize = 256;

const _: () = {
    assert!(size_of::<Distinct>() + size_of::<Registers>() + REGISTERS <= DISTINCT_BYTES);
    assert!(REGISTERS / 2 + 2 * MOST_HIGH * size_of::<(u16, u8)>() <= REGISTERS);
    assert!(size_of::<Distinct>() + (DISTINCT_EXACT + 1) * size_of::<u64>() <= DISTINCT_BYTES);
};

impl Coded for Distinct {
    fn encode(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Members::Few(few) => {
                false.encode(out);
                codec::roomy(few, out);
            }
            Members::Many(registers) => {
                true.encode(out);
                registers.ranks.encode(out);
                codec::roomy(&registers.high, out);
            }
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<Distinct, Error> {
        if !bool::decode(from)? {
            let few: Vec<u64> = codec::read_roomy(from)?;
            let is = few.len() <= DISTINCT_EXACT && few.is_sorted_by(|a, b| a < b);
            return if is { Ok(Distinct(Members::Few(few))) } else { Err(Error::Field("members")) };
        }
        let registers = Registers { ranks: Coded::decode(from)?, high: codec::read_roomy(from)?, with_rank: [0; RANKS + 2] };
        registers.counted().map(|registers| Distinct(Members::Many(Box::new(registers)))).ok_or(Error::Field("registers"))
    }
}

impl Default for Distinct {
    fn default() -> Self {
        Distinct(Members::Few(Vec::new()))
    }
}

impl Distinct {
    /// Adds a member.
    pub fn insert(&mut self, hash: u64) {
        match &mut self.0 {
            Members::Few(few) => {
                let Err(place) = few.binary_search(&hash) else { return };
                if few.len() == few.capacity() {
                    // By half and not to the double: there are many of these sets.
                    few.reserve_exact((few.len() / 2).max(2).min((DISTINCT_EXACT + 1).saturating_sub(few.len())));
                }
                few.insert(place, hash);
                self.outgrow();
            }
            Members::Many(registers) => registers.raise(hash),
        }
    }

    /// Adds the members of `other`.
    pub fn merge(&mut self, other: &Distinct) {
        match (&mut self.0, &other.0) {
            (Members::Few(mine), Members::Few(theirs)) => {
                union(mine, theirs);
                self.outgrow();
            }
            (Members::Few(mine), Members::Many(theirs)) => {
                let mut registers = theirs.clone();
                mine.iter().for_each(|&hash| registers.raise(hash));
                self.0 = Members::Many(registers);
            }
            (Members::Many(mine), Members::Few(theirs)) => theirs.iter().for_each(|&hash| mine.raise(hash)),
            (Members::Many(mine), Members::Many(theirs)) => mine.merge(theirs),
        }
    }

    /// Adds the members of all `others`, as one after another would be merged, but sorts once.
    pub fn merge_all<'a>(&mut self, others: impl Iterator<Item = &'a Distinct>) {
        for other in others {
            match (&mut self.0, &other.0) {
                (Members::Few(mine), Members::Few(theirs)) => {
                    mine.extend_from_slice(theirs);
                    if mine.len() > 8 * DISTINCT_EXACT {
                        self.order();
                    }
                }
                _ => self.merge(other),
            }
        }
        self.order();
    }

    /// Brings few members that were added at the end into their order, each once.
    fn order(&mut self) {
        if let Members::Few(few) = &mut self.0 {
            few.sort_unstable();
            few.dedup();
            self.outgrow();
        }
    }

    /// How many different members there are.
    pub fn count(&self) -> u64 {
        match &self.0 {
            Members::Few(few) => few.len() as u64,
            Members::Many(registers) => registers.estimate(),
        }
    }

    /// Gives back the memory for members that are not expected any more.
    pub fn settle(&mut self) {
        if let Members::Few(few) = &mut self.0 {
            few.shrink_to_fit();
        }
    }

    /// Bytes it holds, itself included: never more than `limits::DISTINCT_BYTES`.
    pub fn bytes(&self) -> usize {
        size_of::<Distinct>()
            + match &self.0 {
                Members::Few(few) => few.capacity() * size_of::<u64>(),
                Members::Many(r) => size_of::<Registers>() + r.ranks.len() + r.high.capacity() * size_of::<(u16, u8)>(),
            }
    }

    /// Forgets all members.
    pub fn clear(&mut self) {
        match &mut self.0 {
            Members::Few(few) => few.clear(),
            Members::Many(_) => *self = Distinct::default(),
        }
    }

    /// Turns into an estimate once there are too many members to keep.
    fn outgrow(&mut self) {
        let Members::Few(few) = &self.0 else { return };
        if few.len() > DISTINCT_EXACT {
            let mut registers = Box::new(Registers::empty());
            few.iter().for_each(|&hash| registers.raise(hash));
            self.0 = Members::Many(registers);
        }
    }
}

/// Adds the ascending `theirs` to the ascending `mine`.
fn union(mine: &mut Vec<u64>, theirs: &[u64]) {
    if theirs.is_empty() {
        return;
    }
    mine.reserve_exact(theirs.len());
    mine.extend_from_slice(theirs);
    // Two ascending runs: the stable sort finds and merges them in one pass.
    mine.sort();
    mine.dedup();
    mine.shrink_to(DISTINCT_EXACT + 1);
}

impl Registers {
    fn empty() -> Registers {
        let mut with_rank = [0; RANKS + 2];
        with_rank[0] = REGISTERS as u16;
        Registers { ranks: vec![0; REGISTERS / 2].into(), high: Vec::new(), with_rank }
    }

    /// The same with its registers counted by rank, if they are such as others can be merged with.
    fn counted(mut self) -> Option<Registers> {
        let whole = self.ranks.len() == REGISTERS / 2 || (self.ranks.len() == REGISTERS && self.high.is_empty());
        let ordered = self.high.is_sorted_by(|a, b| a.0 < b.0) && self.high.iter().all(|(register, _)| usize::from(*register) < REGISTERS);
        if !whole || !ordered {
            return None;
        }
        self.with_rank = [0; RANKS + 2];
        for register in 0..REGISTERS as u16 {
            let rank = usize::from(self.rank(register));
            *self.with_rank.get_mut(rank)? += 1;
        }
        Some(self)
    }

    /// Notes `hash` in its register.
    fn raise(&mut self, hash: u64) {
        let rank = ((hash << PRECISION).leading_zeros() as usize).min(RANKS) as u8 + 1;
        self.raise_to((hash >> (64 - PRECISION)) as u16, rank);
    }

    fn is_packed(&self) -> bool {
        self.ranks.len() < REGISTERS
    }

    /// The rank of a register.
    fn rank(&self, register: u16) -> u8 {
        let i = usize::from(register);
        if !self.is_packed() {
            return self.ranks[i];
        }
        match (self.ranks[i / 2] >> (4 * (i % 2))) & HIGH {
            HIGH => self.high.binary_search_by_key(&register, |h| h.0).map_or(HIGH, |at| self.high[at].1),
            low => low,
        }
    }

    /// Makes the rank of a register `rank`, unless it is higher.
    fn raise_to(&mut self, register: u16, rank: u8) {
        let before = self.rank(register);
        if rank <= before {
            return;
        }
        self.with_rank[usize::from(before)] -= 1;
        self.with_rank[usize::from(rank)] += 1;
        let i = usize::from(register);
        if !self.is_packed() {
            self.ranks[i] = rank;
            return;
        }
        let low = rank.min(HIGH) << (4 * (i % 2));
        self.ranks[i / 2] = (self.ranks[i / 2] & !(HIGH << (4 * (i % 2)))) | low;
        if rank >= HIGH {
            match self.high.binary_search_by_key(&register, |h| h.0) {
                Ok(at) => self.high[at].1 = rank,
                Err(at) => self.high.insert(at, (register, rank)),
            }
            if self.high.len() > MOST_HIGH {
                self.unpack();
            }
        }
    }

    /// Gives every register a byte of its own.
    fn unpack(&mut self) {
        let ranks = (0..REGISTERS as u16).map(|register| self.rank(register)).collect();
        self.ranks = ranks;
        self.high = Vec::new();
    }

    fn merge(&mut self, other: &Registers) {
        let packed = self.is_packed() && other.is_packed();
        for register in 0..REGISTERS as u16 {
            let i = usize::from(register / 2);
            // Most of the registers of sets that are alike have nothing to say to each other.
            if packed && (other.ranks[i] == 0 || self.is_packed() && self.ranks[i] == other.ranks[i] && is_low(other.ranks[i])) {
                continue;
            }
            self.raise_to(register, other.rank(register));
        }
    }

    /// The improved raw estimator of Otmar Ertl, "New cardinality estimation algorithms for
    /// HyperLogLog sketches" (arXiv:1702.01284), algorithm 6: one formula for every size, no tables.
    fn estimate(&self) -> u64 {
        let m = REGISTERS as f64;
        let with_rank = |k: usize| f64::from(self.with_rank[k]);
        let mut z = m * tau(1.0 - with_rank(RANKS + 1) / m);
        for k in (1..=RANKS).rev() {
            z = 0.5 * (z + with_rank(k));
        }
        z += m * sigma(with_rank(0) / m);
        (m * m / (2.0 * std::f64::consts::LN_2 * z)).round() as u64
    }
}

/// Whether neither of two registers that share a byte is high.
fn is_low(byte: u8) -> bool {
    byte & HIGH != HIGH && byte >> 4 != HIGH
}

/// Corrects for registers that were never hit.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        let before = z;
        x *= x;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// Corrects for registers that are full.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        let before = z;
        x = x.sqrt();
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::xxh3_64_with_seed;

    fn members(seed: u64, n: u64) -> impl Iterator<Item = u64> {
        (0..n).map(move |i| xxh3_64_with_seed(&i.to_le_bytes(), seed))
    }

    fn set(hashes: impl Iterator<Item = u64>) -> Distinct {
        let mut set = Distinct::default();
        hashes.for_each(|h| set.insert(h));
        set
    }

    #[test]
    fn few_members_are_counted_exactly() {
        for n in [0, 1, 2, 100, DISTINCT_EXACT as u64] {
            assert_eq!(set(members(7, n).chain(members(7, n))).count(), n);
        }
    }

    /// Over 40 seeds the mean error must be near zero and the spread that of 4096 registers.
    #[test]
    fn many_members_are_estimated_within_bounds() {
        for n in [DISTINCT_EXACT as u64 + 1, 2_000, 10_000, 60_000] {
            let errors: Vec<f64> = (0..40).map(|seed| set(members(seed, n)).count() as f64 / n as f64 - 1.0).collect();
            let mean = errors.iter().sum::<f64>() / errors.len() as f64;
            let spread = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
            assert!(mean.abs() < 0.01, "{n}: mean error {mean}");
            assert!(spread < 0.02, "{n}: standard error {spread}");
            assert!(errors.iter().all(|e| e.abs() < 0.065), "{n}: four standard errors");
        }
    }

    #[test]
    fn merging_equals_inserting_in_any_order() {
        // (of the first set, of the second, shared): both small, one large, both large, crossing over.
        for (a, b, shared) in [(10, 20, 5), (300, 300, 0), (300, 300, 200), (3000, 20, 10), (5000, 7000, 3000)] {
            let first = || members(1, a);
            let second = || members(2, b - shared).chain(members(1, shared));
            let whole = set(first().chain(second())).count();
            let (mut ab, mut ba) = (set(first()), set(second()));
            ab.merge(&set(second()));
            ba.merge(&set(first()));
            assert_eq!((ab.count(), ba.count()), (whole, whole), "{a} {b} {shared}");
        }
    }

    #[test]
    fn merging_all_equals_merging_one_by_one() {
        for sizes in [&[][..], &[0, 0], &[1, 1, 3], &[100; 30], &[200, 3000, 20], &[20, 20, 5000, 6000, 1], &[250; 40]] {
            // Every set shares members with the one before it.
            let sets: Vec<Distinct> =
                sizes.iter().enumerate().map(|(i, n)| set(members(i as u64, *n).chain(members(i as u64 + 1, n / 3)))).collect();
            let (mut one, mut all) = (set(members(9, 5)), set(members(9, 5)));
            sets.iter().for_each(|other| one.merge(other));
            all.merge_all(sets.iter());
            assert_eq!(all.count(), one.count(), "{sizes:?}");
            all.insert(17);
            one.insert(17);
            assert_eq!(all.count(), one.count(), "{sizes:?}");
        }
    }

    #[test]
    fn extreme_hashes_fit_their_registers() {
        let mut all = set([0, u64::MAX, 1, u64::MAX << (64 - PRECISION)].into_iter().chain(members(3, 1000)));
        assert!(all.count() > 900);
        all.clear();
        assert_eq!(all.count(), 0);
        let mut full = Registers::empty();
        for register in 0..REGISTERS as u16 {
            full.raise_to(register, RANKS as u8 + 1);
        }
        assert_eq!((full.with_rank[0], full.with_rank[RANKS + 1]), (0, REGISTERS as u16));
        full.merge(&Registers::empty());
        assert!(full.estimate() > 0);
        let full = Distinct(Members::Many(Box::new(full)));
        assert!(full.bytes() <= DISTINCT_BYTES, "{}", full.bytes());
    }

    /// However its registers are kept, each holds the greatest rank that it was given.
    #[test]
    fn packed_registers_hold_what_plain_ones_would() {
        for high in [0, 10, MOST_HIGH as u64, 2000] {
            let mut registers = Registers::empty();
            let mut plain = vec![0_u8; REGISTERS];
            for (i, hash) in members(high, 20_000).enumerate() {
                let rank = if (i as u64) < high { (hash >> 32) % (RANKS as u64 + 2) } else { (hash >> 32) % 14 } as u8;
                let register = (hash % REGISTERS as u64) as u16;
                registers.raise_to(register, rank);
                plain[usize::from(register)] = plain[usize::from(register)].max(rank);
            }
            assert!((0..REGISTERS).all(|i| registers.rank(i as u16) == plain[i]), "{high}");
            assert_eq!(registers.is_packed(), high <= MOST_HIGH as u64);
            for rank in 0..RANKS + 2 {
                let with_rank = plain.iter().filter(|r| usize::from(**r) == rank).count();
                assert_eq!(usize::from(registers.with_rank[rank]), with_rank, "{high} {rank}");
            }
        }
    }

    #[test]
    fn a_settled_set_takes_more() {
        for n in [0, 1, DISTINCT_EXACT as u64 - 1, DISTINCT_EXACT as u64] {
            let mut settled = set(members(5, n));
            settled.settle();
            members(6, 3).for_each(|h| settled.insert(h));
            assert!(settled.count() >= n && settled.bytes() <= DISTINCT_BYTES, "{n}");
        }
        assert_eq!(set(members(5, 10)).count(), 10);
    }
}
