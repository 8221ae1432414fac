//! Folding and tokens: a text is folded once and split once, and everything later works on tokens.

use crate::query::Accents;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A run of letters, marks and digits.
    Word,
    /// One emoji, with its modifiers.
    Emoji,
    /// One link; counts for distance and never matches a word.
    Url,
}

/// One token of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Byte range in the text as given.
    pub start: u32,
    /// End of that range.
    pub end: u32,
    /// Byte range in the folded text.
    pub base_start: u32,
    /// End of that range.
    pub base_end: u32,
    /// Hash of the base form; [`word_hash`].
    pub hash: u64,
    /// Word, emoji or link.
    pub kind: TokenKind,
}

/// The tokens of one text; used again for the next.
#[derive(Debug, Default, Clone)]
pub struct Tokens {
    base: String,
    tokens: Vec<Token>,
}

impl Tokens {
    /// Reads `text`. The *base* form of a token is its full case folding without any marks (ñ and ç
    /// lose theirs too): two tokens that are equal in any accent mode have equal base forms.
    pub fn read(&mut self, text: &str) {
        let _ = text;
        self.base.clear();
        self.tokens.clear();
    }
    /// Whether `text`, which was read last, mentions the account `handle` (lower case, without `@`);
    /// R18 and R19 of the query language.
    pub fn mentions_in(&self, text: &str, handle: &str) -> bool {
        let _ = (text, handle);
        false
    }
    /// The tokens in order.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }
    /// Base form of a token.
    pub fn base(&self, t: &Token) -> &str {
        &self.base[t.base_start as usize..t.base_end as usize]
    }
}

/// Hash of a base form.
pub fn word_hash(base: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(base.as_bytes())
}

/// `s` as it is compared in a mode; R21 and R22 of the query language. For `Smart` this is `Exact`
/// (the caller decides per word whether marks count).
pub fn fold(s: &str, accents: Accents) -> String {
    let _ = accents;
    s.to_lowercase()
}
