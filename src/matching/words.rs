//! The words of a post as a small set, to leave out most of what a query asks.

use crate::text::{Tokens, pair_hash};

/// Bits for whole words: at 20 words one in 50 of the others seems to be there.
const WORDS: u32 = 1024;
/// Bits for what words begin with.
const BEGINNINGS: u32 = 512;
/// Bytes of a beginning, of the base form.
const BEGINNING: usize = 3;

/// The bit of a leaf that needs no word: it always seems to be there.
pub(super) const NO_WORD: u32 = WORDS + BEGINNINGS;

/// A set of words that errs on one side: what it says is missing is missing.
#[derive(Debug, Clone)]
pub(super) struct Words {
    bits: [u64; NO_WORD as usize / 64 + 1],
}

impl Default for Words {
    fn default() -> Words {
        let mut words = Words { bits: [0; NO_WORD as usize / 64 + 1] };
        words.set(NO_WORD);
        words
    }
}

/// The bit of the word with this hash.
pub(super) fn bit(hash: u64) -> u32 {
    hash as u32 % WORDS
}

/// The bit of the words that begin with this base form; none if it is too short to tell.
pub(super) fn beginning(base: &str) -> Option<u32> {
    let mut head = [0; 8];
    let first = base.as_bytes().get(..BEGINNING)?;
    head.iter_mut().zip(first).for_each(|(to, from)| *to = *from);
    Some(head_bit(u64::from_le_bytes(head)))
}

/// The bit of a beginning that is the low bytes of `head`.
fn head_bit(head: u64) -> u32 {
    let kept = head & ((1 << (8 * BEGINNING)) - 1);
    WORDS + (pair_hash(kept, BEGINNING as u64) as u32 % BEGINNINGS)
}

impl Words {
    pub(super) fn add(&mut self, tokens: &Tokens) {
        for t in tokens.tokens() {
            self.set(bit(t.hash));
            self.set(head_bit(tokens.head(t)));
        }
    }

    fn set(&mut self, bit: u32) {
        if let Some(word) = self.bits.get_mut(bit as usize / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    /// Whether the word with this bit may be in the post.
    pub(super) fn may_have(&self, bit: u32) -> bool {
        self.bits.get(bit as usize / 64).is_none_or(|w| w >> (bit % 64) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_denied() {
        let mut tokens = Tokens::default();
        tokens.read("la app no funciona desde ayer 😡");
        let mut words = Words::default();
        words.add(&tokens);
        assert!(tokens.tokens().iter().all(|t| words.may_have(bit(t.hash))));
        assert!(words.may_have(NO_WORD));
        assert!((0..WORDS).filter(|b| words.may_have(*b)).count() <= 7);
        for (base, may_be) in [
            ("fun", Some(true)),
            ("funci", Some(true)),
            ("des", Some(true)),
            ("xyz", Some(false)),
            ("fu", None),
            ("", None),
            ("ñ", None),
            ("ña", Some(false)),
        ] {
            assert_eq!(beginning(base).map(|b| words.may_have(b)), may_be, "{base}");
        }
    }
}
