//! Folding and tokens: a text is folded once and split once, and everything later works on tokens.

mod entity;
mod fold;
mod split;
mod word;

pub use entity::Entity;
pub use fold::{base, fold, has_mark};
pub use split::{Piece, split};
pub use word::Word;

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
    /// Byte range in the base form of the text.
    pub base_start: u32,
    /// End of that range.
    pub base_end: u32,
    /// [`word_hash`] of the base form; 0 for a link.
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
        self.base.clear();
        self.tokens.clear();
        for p in split(text, false) {
            let base_start = self.base.len() as u32;
            if p.kind != TokenKind::Url {
                self.base.push_str(&Word::new(&text[p.start..p.end], crate::query::Accents::Exact).base_prefix());
            }
            let base_end = self.base.len() as u32;
            let hash = if p.kind == TokenKind::Url { 0 } else { word_hash(&self.base[base_start as usize..]) };
            self.tokens.push(Token { start: p.start as u32, end: p.end as u32, base_start, base_end, hash, kind: p.kind });
        }
    }
    /// The tokens in order.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }
    /// Base form of a token of this text; empty for a link.
    pub fn base(&self, t: &Token) -> &str {
        self.base.get(t.base_start as usize..t.base_end as usize).unwrap_or_default()
    }
}

/// Hash of a base form.
pub fn word_hash(base: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(base.as_bytes())
}
