//! The words of a post as a small set, to leave out most of what a query asks.

use crate::text::Tokens;

/// Bits of the set: at 20 words one in 50 of the others seems to be there.
const BITS: u32 = 1024;

/// The bit of a leaf that needs no word: it always seems to be there.
pub(super) const NO_WORD: u32 = BITS;

/// A set of words that errs on one side: what it says is missing is missing.
#[derive(Debug, Clone)]
pub(super) struct Words {
    bits: [u64; BITS as usize / 64 + 1],
}

impl Default for Words {
    fn default() -> Words {
        let mut bits = [0; BITS as usize / 64 + 1];
        bits[BITS as usize / 64] = 1;
        Words { bits }
    }
}

/// The bit of the word with this hash.
pub(super) fn bit(hash: u64) -> u32 {
    hash as u32 % BITS
}

impl Words {
    pub(super) fn add(&mut self, tokens: &Tokens) {
        for t in tokens.tokens() {
            let bit = bit(t.hash);
            self.bits[bit as usize / 64] |= 1 << (bit % 64);
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
        assert!((0..BITS).filter(|b| words.may_have(*b)).count() <= 7);
    }
}
