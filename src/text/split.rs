//! The reference splitter: where tokens begin and end, one character at a time; R13 to R16.
//!
//! Queries are split with it, and [`Tokens::read`](super::Tokens::read) must agree with it.

use icu_properties::CodePointSetData;
use icu_properties::props::ExtendedPictographic;

use super::TokenKind;
use super::fold::{is_word, is_word_start};

/// One token of a string, by its byte range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it is.
    pub kind: TokenKind,
}

/// The tokens of `s` in order. With `wildcards`, `*` and `?` count as letters, as in a query (R04).
pub fn split(s: &str, wildcards: bool) -> Vec<Piece> {
    let wild = |c: char| wildcards && matches!(c, '*' | '?');
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(c) = s[at..].chars().next() {
        let rest = &s[at..];
        let (len, kind) = if is_url(rest.as_bytes()) {
            (url_len(rest), TokenKind::Url)
        } else if let n @ 1.. = emoji_len(rest) {
            (n, TokenKind::Emoji)
        } else if is_word_start(c) || wild(c) {
            (word_len(rest, wild), TokenKind::Word)
        } else {
            at += c.len_utf8();
            continue;
        };
        pieces.push(Piece { start: at, end: at + len, kind });
        at += len;
    }
    pieces
}

/// Length of the word `s` begins with.
fn word_len(s: &str, wild: impl Fn(char) -> bool) -> usize {
    let goes_on = |(i, c): (usize, char)| i == 0 || ((is_word(c) || wild(c)) && !is_url(&s.as_bytes()[i..]));
    s.char_indices().find(|ic| !goes_on(*ic)).map_or(s.len(), |(i, _)| i)
}

/// Whether a link begins here.
pub(super) fn is_url(s: &[u8]) -> bool {
    let begins = |p: &[u8]| s.get(..p.len()).is_some_and(|h| h.eq_ignore_ascii_case(p));
    begins(b"http://") || begins(b"https://")
}

/// Length of the link `s` begins with.
pub(super) fn url_len(s: &str) -> usize {
    let ends = |(i, c): (usize, char)| c.is_whitespace() || matches!(c, '<' | '>' | '"') || (!c.is_ascii() && emoji_len(&s[i..]) > 0);
    s.char_indices().find(|ic| ends(*ic)).map_or(s.len(), |(i, _)| i)
}

/// Length of the emoji `s` begins with, or 0; R14.
pub(super) fn emoji_len(s: &str) -> usize {
    let mut chars = s.chars();
    let Some(first) = chars.next() else { return 0 };
    if first.is_ascii() {
        return 0;
    }
    if is_regional(first) {
        return chars.next().filter(|c| is_regional(*c)).map_or(0, |c| first.len_utf8() + c.len_utf8());
    }
    if !is_pictographic(first) || (first < '\u{2300}' && chars.next() != Some('\u{FE0F}')) {
        return 0;
    }
    let mut len = first.len_utf8();
    loop {
        len += s[len..].chars().take_while(|c| is_modifier(*c)).map(char::len_utf8).sum::<usize>();
        let joined = s[len..].strip_prefix('\u{200D}').and_then(|r| r.chars().next()).filter(|c| is_pictographic(*c));
        let Some(next) = joined else { return len };
        len += '\u{200D}'.len_utf8() + next.len_utf8();
    }
}

/// Half of a flag.
fn is_regional(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// Extended_Pictographic.
pub(super) fn is_pictographic(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

/// Variation selectors, skin tones and tag characters: part of the emoji before them.
fn is_modifier(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(s: &str) -> Vec<&str> {
        split(s, false).iter().map(|p| &s[p.start..p.end]).collect()
    }

    #[test]
    fn tokens_as_the_language_says() {
        for (text, expected) in [
            ("Hola, mundo_2 d'or l·l a\u{AD}b a\u{200B}b", vec!["Hola", "mundo", "2", "d", "or", "l", "l", "a", "b", "a", "b"]),
            ("1ª m² wi-fi", vec!["1ª", "m²", "wi", "fi"]),
            ("\u{301}cafe\u{301}", vec!["cafe\u{301}"]),
            ("a👋🏽b ✌️ ✌ → ® ®\u{FE0F} 1\u{FE0F}\u{20E3}", vec!["a", "👋🏽", "b", "✌️", "✌", "®\u{FE0F}", "1\u{FE0F}\u{20E3}"]),
            ("👨‍👩‍👧🇲🇽🇪🇸🇲 👍\u{200D}x", vec!["👨‍👩‍👧", "🇲🇽", "🇪🇸", "👍", "x"]),
            ("🏴\u{E0067}\u{E0062}\u{E007F}!", vec!["🏴\u{E0067}\u{E0062}\u{E007F}"]),
            (
                "xHTTPS://t.co/ñ?a=1,b<c> http:/ http://a😀b www.x.com",
                vec!["x", "HTTPS://t.co/ñ?a=1,b", "c", "http", "http://a", "😀", "b", "www", "x", "com"],
            ),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn wildcards_are_letters_in_a_query() {
        let s = "foto-copia* customi?e ¿qué?";
        let with: Vec<&str> = split(s, true).iter().map(|p| &s[p.start..p.end]).collect();
        assert_eq!(with, ["foto", "copia*", "customi?e", "qué?"]);
    }
}
