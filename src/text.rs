//! Folding and tokens: a text is folded once and split once, and everything later works on tokens.

mod entity;
mod fold;
mod hash;
mod plain;
mod read;
mod split;
mod table;
mod word;

pub use entity::{Entity, Name};
pub use fold::{base, fold, has_mark, nfc};
pub use hash::{pair_hash, word_hash};
use plain::Joined;
pub use plain::PlainWords;
pub use split::{Piece, split};
pub use table::base_into;
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
    /// The text in lower case, and behind it the base forms that are not to be found there; keeps its
    /// length, so what follows the last is left over.
    base: Vec<u8>,
    /// What the bytes of the text are.
    classes: Vec<read::Classes>,
    tokens: Vec<Token>,
}

impl Tokens {
    /// Reads `text`. The *base* form of a token is its full case folding without any marks (ñ and ç
    /// lose theirs too): two tokens that are equal in any accent mode have equal base forms.
    pub fn read(&mut self, text: &str) {
        self.tokens.clear();
        read::read(text, &mut self.base, &mut self.classes, &mut self.tokens);
    }
    /// The tokens in order.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }
    /// Base form of a token of this text; empty for a link.
    pub fn base(&self, t: &Token) -> &str {
        std::str::from_utf8(self.base_bytes(t)).unwrap_or_default()
    }
    /// The first bytes of the base form of a token, up to eight, little endian; the rest is 0.
    pub fn head(&self, t: &Token) -> u64 {
        hash::masked(&self.base, t.base_start as usize, t.base_end as usize)
    }
    /// Whether these tokens are words of ASCII with one space between each, whose base forms are `joined`
    /// in the same way: one look tells of most phrases that they are there. If not, they may still be.
    #[inline]
    fn are_spaced(&self, run: &[Token], joined: &Joined) -> bool {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return false };
        // Only words of ASCII have their base form where they stand, and only ASCII is equal to ASCII there.
        first.base_start == first.start && joined.are_in(&self.base, first.start as usize, last.end as usize)
    }

    /// The base form as bytes, without looking at them.
    pub fn base_bytes(&self, t: &Token) -> &[u8] {
        self.base.get(t.base_start as usize..t.base_end as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Accents;
    use proptest::prelude::*;

    /// The fast reader must say what the reference says.
    fn agrees(text: &str) {
        let mut tokens = Tokens::default();
        // What an earlier text left behind must not show.
        tokens.read("LEFT over ñandú 한국 https://x.y 👋🏽 and a rather long tail of words");
        tokens.read(text);
        let fast: Vec<_> = tokens.tokens().iter().map(|t| (t.start as usize, t.end as usize, t.kind, tokens.base(t), t.hash)).collect();
        let bases: Vec<String> =
            split(text, false)
                .iter()
                .map(|p| {
                    if p.kind == TokenKind::Url {
                        String::new()
                    } else {
                        Word::new(&text[p.start..p.end], Accents::Exact).base().to_string()
                    }
                })
                .collect();
        let slow: Vec<_> = split(text, false)
            .iter()
            .zip(&bases)
            .map(|(p, b)| (p.start, p.end, p.kind, b.as_str(), if p.kind == TokenKind::Url { 0 } else { word_hash(b) }))
            .collect();
        assert_eq!(fast, slow, "{text:?}");
    }

    #[test]
    fn fast_and_slow_agree_on_a_table() {
        for text in [
            "",
            "Hola, MUNDO cruel_2",
            "abcdefgh ijklmnop8 abcdefg",
            "xHTTPS://t.co/ñ?a=1<b https:// http:/x shttps://a http://b\"c",
            "httphttp://a ñhttp://x http://a😀b HTTP://",
            "a👋🏽b ✌️ ✌ → ® ®\u{FE0F} 1\u{FE0F}\u{20E3} aℹ\u{FE0F}b ℹ",
            "👨\u{200D}👩🏽\u{200D}👧🇲🇽🇪🇸🇲 👍\u{200D}x Ⓜ️",
            "İ ß ﬁ ΐ և ŉ α\u{345} α\u{345}\u{301} 한국 \u{1112}\u{1161}\u{11AB} 𝐀 𐐀 𠀀",
            "\u{301}cafe\u{301} a\u{301}\u{FE0F}b",
        ] {
            agrees(text);
        }
    }

    /// Strings made of what is hard.
    fn hard() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            (0x80..0x3000u32).prop_filter_map("a character", char::from_u32).prop_map(String::from),
            "[a-zA-Z0-9 _.:/#@$]{1,12}",
            prop::sample::select(vec![
                "http://", "HTTPS://", "://", "\u{301}", "\u{345}", "\u{FE0F}", "\u{200D}", "👋", "🏽", "🇲", "🇽", "ñ", "Ç", "한",
                "\u{1161}", "\u{11A8}", "İ", "ß", "<", "\"", "ℹ", "ｱ", "𝐀", "\u{303}", "n", "N", "\u{327}", "c",
            ])
            .prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|v| v.concat())
    }

    proptest! {
        #[test]
        fn fast_and_slow_agree_on_anything(text in hard()) {
            agrees(&text);
        }

        #[test]
        fn equal_in_any_mode_is_equal_in_base(a in hard(), b in hard()) {
            for accents in [Accents::Fold, Accents::Smart, Accents::Exact] {
                // Two random strings are hardly ever equal: the second is a string folded once.
                for other in [&b, &fold(&a, accents), &a.to_uppercase()] {
                    if fold(&a, accents) == fold(other, accents) {
                        prop_assert_eq!(base(&a), base(other));
                    }
                }
            }
        }

        #[test]
        fn the_base_of_a_string_is_that_of_its_characters(a in hard()) {
            let joined: String = a.chars().map(|c| base(c.to_string().as_str())).collect();
            prop_assert_eq!(base(&a), joined);
        }
    }
}
