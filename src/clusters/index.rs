//! Where the clusters are that share a piece of text.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::SIMILAR;
use crate::fingerprint::Trace;
use crate::limits::{CLUSTER_CHAIN, CLUSTER_WORDS};

/// Bytes of one piece of one cluster at most, where the map has just grown: a cluster alone takes an entry,
/// two share one and a list of four leads.
#[cfg(test)]
pub const PIECE_BYTES: usize = 2 * (size_of::<(u64, Chain)>() + 1) + 16;
#[cfg(test)]
const _: () = assert!((2 * (size_of::<(u64, Chain)>() + 1) + 16 + 4 * size_of::<Lead>()) / 2 <= PIECE_BYTES);

/// A map whose keys are hashes already.
pub type Map<K, V> = HashMap<K, V, Keyed>;

/// Mixes hashes with a key drawn at random, since whoever writes posts knows how texts are hashed: one
/// multiplication instead of a whole hash. No map is iterated, so the key shows nowhere.
#[derive(Debug, Clone)]
pub struct Keyed {
    mask: u64,
    factor: u64,
}

impl Default for Keyed {
    fn default() -> Self {
        let random = RandomState::new();
        Keyed { mask: random.hash_one(0u8), factor: random.hash_one(1u8) | 1 }
    }
}

impl BuildHasher for Keyed {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed { state: self.mask, factor: self.factor }
    }
}

/// The hash of a few numbers.
#[derive(Debug)]
pub struct Mixed {
    state: u64,
    factor: u64,
}

impl Hasher for Mixed {
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.state ^ number) * u128::from(self.factor);
        self.state = (product >> 64) as u64 ^ product as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn finish(&self) -> u64 {
        self.state
    }
}

/// What a text is about at a glance: how many words it has, and one of 64 bits for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gist {
    bits: u64,
    words: u32,
}

impl Gist {
    pub fn new(words: &[Trace]) -> Gist {
        let bits = words.iter().fold(0, |bits, trace| bits | 1 << (trace.word() % 64));
        Gist { bits, words: words.len() as u32 }
    }

    /// Whether two texts can be near-duplicates. Each bit that only one of them has stands for a word at
    /// least that the other lacks, which bounds the Jaccard index from above; of texts that were cut
    /// nothing is known.
    pub fn may_be_similar(self, other: Gist) -> bool {
        let cut = CLUSTER_WORDS as u32;
        if self.words >= cut || other.words >= cut {
            return true;
        }
        let lacks = (other.bits & !self.bits).count_ones();
        let lacked = (self.bits & !other.bits).count_ones();
        let both = self.words.saturating_sub(lacked).min(other.words.saturating_sub(lacks));
        let either = (self.words + lacks).max(other.words + lacked);
        both * 100 >= either * SIMILAR as u32
    }
}

/// A cluster that has a piece.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lead {
    pub place: u32,
    words: u32,
    bits: u64,
}

impl Lead {
    /// What the cluster is about at a glance.
    pub fn gist(self) -> Gist {
        Gist { bits: self.bits, words: self.words }
    }
}

/// The clusters of one piece, oldest first; most pieces have one.
#[derive(Debug)]
enum Chain {
    One(Lead),
    More(Vec<Lead>),
}

impl Chain {
    fn leads(&self) -> &[Lead] {
        match self {
            Chain::One(lead) => std::slice::from_ref(lead),
            Chain::More(leads) => leads,
        }
    }
}

/// Clusters by piece of text.
#[derive(Debug, Default)]
pub struct Pieces(Map<u64, Chain>);

impl Pieces {
    /// The clusters that have `piece`, oldest first; 0 is no piece.
    pub fn get(&self, piece: u64) -> &[Lead] {
        if piece == 0 { &[] } else { self.0.get(&piece).map_or(&[], Chain::leads) }
    }

    /// One more cluster has `piece`; the oldest of too many is led to no more.
    pub fn lead(&mut self, piece: u64, place: u32, gist: Gist) {
        let lead = Lead { place, words: gist.words, bits: gist.bits };
        match self.0.get_mut(&piece) {
            None => drop(self.0.insert(piece, Chain::One(lead))),
            Some(Chain::More(leads)) => {
                if leads.len() == CLUSTER_CHAIN {
                    leads.remove(0);
                }
                leads.push(lead);
            }
            Some(chain @ Chain::One(_)) => *chain = Chain::More(chain.leads().iter().copied().chain([lead]).collect()),
        }
    }

    /// The cluster at `place` has `piece` no more.
    pub fn forget(&mut self, piece: u64, place: u32) {
        let Some(chain) = self.0.get_mut(&piece) else { return };
        let gone = match chain {
            Chain::One(lead) => lead.place == place,
            Chain::More(leads) => {
                leads.retain(|lead| lead.place != place);
                leads.is_empty()
            }
        };
        if gone {
            self.0.remove(&piece);
        }
    }

    /// Pieces that lead anywhere.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    pub fn chains(&self) -> impl Iterator<Item = &[Lead]> {
        self.0.values().map(Chain::leads)
    }
}
