//! From the tokens of a post to the leaves that may hold in it.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::key::{Field, Key, PREFIX_BYTES, prefix_key};
use super::leaf::{Test, View};
use crate::text::pair_hash;

/// Bits of the filter per key, of which a key sets three in one word: about one in 60 lookups of a word
/// that is no key passes, and the filter of 100 000 keys stays in the near cache.
const FILTER_BITS: usize = 16;

/// One slot of the table. Slots are small, because where they lie is not foreseeable: half of the key
/// tells them apart, and where that errs, the leaf that is proposed does not hold.
#[derive(Debug, Clone, Copy)]
struct Slot {
    tag: u32,
    /// The leaf; marked with `LIST`, where its leaves stand in the list; or `EMPTY`.
    place: u32,
}

const EMPTY: Slot = Slot { tag: 0, place: u32::MAX };
/// Marks a place in the list.
const LIST: u32 = 1 << 31;

/// A key that is in a post, perhaps one of the index.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Candidate {
    pub(super) key: u64,
    /// The token that ends it; a place that no text has if there is none.
    pub(super) at: u32,
}

impl Candidate {
    /// A key that is at no place of the text.
    pub(super) fn elsewhere(key: u64) -> Candidate {
        Candidate { key, at: u32::MAX }
    }
}

/// Which leaves a key belongs to: a bitmap that says no to nearly all, before an open-addressed table.
#[derive(Debug, Default)]
pub(super) struct Index {
    filter: Vec<u64>,
    slots: Vec<Slot>,
    /// The leaves of the keys that have more than one, behind how many they are.
    lists: Vec<u32>,
    /// Lengths of the prefixes among the keys, ascending.
    prefixes: Vec<u32>,
    /// Fields that have keys, as a set.
    fields: u8,
    /// Whether a substring may stand in a link that is not in the text.
    pub(super) in_links: bool,
    substrings: Substrings,
}

/// What the index is built from.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// Key and leaf.
    keys: Vec<(u64, u32)>,
    /// Lengths of prefixes.
    prefixes: Vec<u32>,
    /// Fields that have keys, as a set.
    fields: u8,
    in_links: bool,
    /// Base form and leaf.
    substrings: Vec<(String, u32)>,
}

impl Entries {
    /// Has `leaf`, which is `test`, found by `key`.
    pub(super) fn add(&mut self, key: Key, test: &Test, leaf: u32) {
        match key {
            Key::Token(key) => self.keys.push((key, leaf)),
            Key::Prefix(key, len) => {
                self.keys.push((key, leaf));
                self.prefixes.push(len);
            }
            Key::Field(field, key) => {
                self.keys.push((key, leaf));
                self.fields |= 1 << field as u8;
            }
            Key::Substring => self.substrings.push((test.substring(), leaf)),
            Key::LinkSubstring => {
                self.substrings.push((test.substring(), leaf));
                self.in_links = true;
            }
            // Found by the match of the rule.
            Key::Rule => {}
        }
    }
}

impl Index {
    pub(super) fn new(mut entries: Entries) -> Index {
        let keys = &mut entries.keys;
        keys.sort_unstable();
        keys.dedup();
        let distinct = keys.chunk_by(|a, b| a.0 == b.0).count();
        if distinct == 0 {
            return Index { in_links: entries.in_links, substrings: Substrings::new(&entries.substrings), ..Index::default() };
        }
        let mut index = Index {
            filter: vec![0; (distinct * FILTER_BITS / 64).next_power_of_two()],
            slots: vec![EMPTY; (distinct * 2).next_power_of_two()],
            lists: Vec::new(),
            prefixes: entries.prefixes,
            fields: entries.fields,
            in_links: entries.in_links,
            substrings: Substrings::new(&entries.substrings),
        };
        index.prefixes.sort_unstable();
        index.prefixes.dedup();
        for same in keys.chunk_by(|a, b| a.0 == b.0) {
            let place = if let [only] = same { only.1 } else { LIST | index.lists.len() as u32 };
            if place & LIST != 0 {
                index.lists.push(same.len() as u32);
                index.lists.extend(same.iter().map(|k| k.1));
            }
            index.insert(same[0].0, place);
        }
        index
    }

    fn insert(&mut self, key: u64, place: u32) {
        let (word, bits) = self.filter_place(key);
        self.filter[word] |= bits;
        let mask = self.slots.len() - 1;
        let mut at = key as usize & mask;
        while self.slots[at].place != EMPTY.place {
            at = (at + 1) & mask;
        }
        self.slots[at] = Slot { tag: (key >> 32) as u32, place };
    }

    /// The word of the filter and the bits there; they are further up in the key than what places it in
    /// the table.
    #[inline]
    fn filter_place(&self, key: u64) -> (usize, u64) {
        let word = (key >> 40) as usize & (self.filter.len() - 1);
        (word, 1 << (key >> 34 & 63) | 1 << (key >> 28 & 63) | 1 << (key >> 22 & 63))
    }

    /// 1 if `key` may be a key, else 0.
    #[inline]
    fn may_have(&self, key: u64) -> usize {
        let (word, bits) = self.filter_place(key);
        usize::from(self.filter.get(word).copied().unwrap_or(0) & bits == bits)
    }

    /// Appends the leaves of `key`, and now and then those of another.
    pub(super) fn leaves(&self, found: Candidate, out: &mut Vec<(u32, u32)>) {
        let tag = (found.key >> 32) as u32;
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = found.key as usize & mask;
        while let Some(slot) = self.slots.get(at).filter(|s| s.place != EMPTY.place) {
            at = (at + 1) & mask;
            if slot.tag != tag {
                continue;
            }
            if slot.place & LIST == 0 {
                out.push((slot.place, found.at));
            } else {
                let mut list = self.lists.get((slot.place & !LIST) as usize..).unwrap_or_default().iter();
                let length = list.next().copied().unwrap_or(0) as usize;
                out.extend(list.take(length).map(|leaf| (*leaf, found.at)));
            }
        }
    }

    /// Appends the keys of a text that pass the filter. Without a branch on what the words are: nearly
    /// none passes, and which does is not foreseeable.
    pub(super) fn candidates(&self, view: View<'_>, out: &mut Vec<Candidate>) {
        if self.filter.is_empty() {
            return;
        }
        let tokens = view.tokens.tokens();
        let first = out.len();
        out.resize(first + 2 * tokens.len(), Candidate::default());
        let room = out.get_mut(first..).unwrap_or_default();
        let mut found = 0;
        let mut before = 0;
        for (at, t) in (0..).zip(tokens) {
            for key in [t.hash, pair_hash(before, t.hash)] {
                // `found` is at most the number of keys seen, which is less than the room.
                if let Some(to) = room.get_mut(found) {
                    *to = Candidate { key, at };
                }
                found += self.may_have(key);
            }
            before = t.hash;
        }
        out.truncate(first + found);
        self.prefix_candidates(view, out);
    }

    /// Whether any key is of a field.
    pub(super) fn has_fields(&self) -> bool {
        self.fields != 0
    }

    /// Whether any key is of `field`.
    pub(super) fn has_field(&self, field: Field) -> bool {
        self.fields & (1 << field as u8) != 0
    }

    /// Appends the keys, salted, of a text that is not the post's own and that pass the filter.
    pub(super) fn salted_candidates(&self, view: View<'_>, salt: u64, out: &mut Vec<Candidate>) {
        if self.filter.is_empty() {
            return;
        }
        let mut before = 0;
        for t in view.tokens.tokens() {
            let words = [t.hash, pair_hash(before, t.hash)].into_iter();
            before = t.hash;
            let len = (t.base_end - t.base_start).min(PREFIX_BYTES);
            let head = view.tokens.head(t);
            let prefixes = self.prefixes.iter().take_while(|p| **p <= len).map(|p| prefix_key(head, *p));
            let keys = words.chain(prefixes).map(|key| pair_hash(key, salt));
            out.extend(keys.filter(|key| self.may_have(*key) != 0).map(Candidate::elsewhere));
        }
    }

    fn prefix_candidates(&self, view: View<'_>, out: &mut Vec<Candidate>) {
        if self.prefixes.is_empty() {
            return;
        }
        for t in view.tokens.tokens() {
            let len = (t.base_end - t.base_start).min(PREFIX_BYTES);
            let head = view.tokens.head(t);
            let fitting = self.prefixes.iter().take_while(|p| **p <= len);
            out.extend(fitting.map(|p| prefix_key(head, *p)).filter(|k| self.may_have(*k) != 0).map(Candidate::elsewhere));
        }
    }

    /// Calls `found` with the leaves whose substring is in the base form of `text`; `buffer` is working memory.
    pub(super) fn substrings(&self, text: &str, buffer: &mut Vec<u8>, mut found: impl FnMut(u32)) {
        let Some(automaton) = &self.substrings.automaton else {
            return self.substrings.leaves.iter().for_each(|leaf| found(*leaf));
        };
        crate::text::base_into(text, buffer);
        for hit in automaton.find_overlapping_iter(buffer.as_slice()) {
            if let Some(leaf) = self.substrings.leaves.get(hit.pattern().as_usize()) {
                found(*leaf);
            }
        }
    }

    /// Distinct keys and substrings.
    pub(super) fn keys(&self) -> usize {
        self.slots.iter().filter(|s| s.place != EMPTY.place).count() + self.substrings.leaves.len()
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        let automaton = self.substrings.automaton.as_ref().map_or(0, AhoCorasick::memory_usage);
        size_of_val(&*self.filter) + size_of_val(&*self.slots) + size_of_val(&*self.lists) + automaton
    }
}

/// The values of `contains:`, `raw:` and `url_contains:` as one automaton.
#[derive(Debug, Default)]
struct Substrings {
    automaton: Option<AhoCorasick>,
    /// Leaf of each pattern.
    leaves: Vec<u32>,
}

impl Substrings {
    fn new(values: &[(String, u32)]) -> Substrings {
        if values.is_empty() {
            return Substrings::default();
        }
        // A tenth of the memory of the fastest kind. One that is too large to build is done without: then
        // every leaf is a candidate, and only slower.
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .build(values.iter().map(|v| &v.0))
            .ok();
        Substrings { automaton, leaves: values.iter().map(|v| v.1).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(index: &Index, key: u64) -> Vec<u32> {
        let mut found = Vec::new();
        index.leaves(Candidate { key, at: 7 }, &mut found);
        assert!(found.iter().all(|(_, at)| *at == 7));
        found.into_iter().map(|(leaf, _)| leaf).collect()
    }

    /// Keys that a slot cannot tell apart, side by side: none may hide the leaves of the other.
    #[test]
    fn keys_with_the_same_tag_and_place_propose_the_leaves_of_all() {
        let (one, twin, other) = (5 << 32 | 3, 5 << 32 | 1 << 20 | 3, 6 << 32 | 3);
        let keys = vec![(one, 1), (twin, 2), (twin, 3), (other, 4)];
        let index = Index::new(Entries { keys, ..Entries::default() });
        assert_eq!(index.slots.len(), 8, "all begin at the same slot");
        for key in [one, twin] {
            assert_eq!(index.may_have(key), 1);
            let mut found = leaves(&index, key);
            found.sort_unstable();
            assert_eq!(found, [1, 2, 3]);
        }
        assert_eq!(leaves(&index, other), [4]);
        assert_eq!(leaves(&index, 7 << 32 | 3), [0; 0]);
        assert_eq!(leaves(&Index::default(), one), [0; 0]);
    }

    #[test]
    fn the_filter_passes_every_key_and_few_others() {
        let keys: Vec<(u64, u32)> = (0..10_000).map(|i| (pair_hash(u64::from(i), 1), i)).collect();
        let index = Index::new(Entries { keys: keys.clone(), ..Entries::default() });
        assert!(keys.iter().all(|(key, leaf)| index.may_have(*key) == 1 && leaves(&index, *key).contains(leaf)));
        let passed: usize = (0..100_000).map(|i| index.may_have(pair_hash(i, 2))).sum();
        assert!(passed < 4_000, "{passed} of 100 000 that are no key");
    }
}
