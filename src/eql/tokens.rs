//! Tokens, emoji, links, entities and word forms as the language defines them (R13-R22), one
//! character at a time.
//!
//! The parser splits terms with it and the oracle splits texts. It shares nothing with `text`, the
//! fast path, on purpose: where the two differ, a differential test shows it.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::props::{ExtendedPictographic, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::steps;
use crate::query::Accents;

const ZWJ: char = '\u{200D}';
const TEXT_STYLE: char = '\u{FE0E}';
const EMOJI_STYLE: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

pub(super) fn is_letter(c: char) -> bool {
    GeneralCategoryGroup::Letter.contains(category(c))
}

pub(super) fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

/// L or N: what a token may start with.
pub(super) fn starts_token(c: char) -> bool {
    is_letter(c) || GeneralCategoryGroup::Number.contains(category(c))
}

fn continues_token(c: char) -> bool {
    starts_token(c) || is_mark(c)
}

/// L, M, N or `_`: what names are made of.
pub(super) fn is_name(c: char) -> bool {
    c == '_' || continues_token(c)
}

fn is_pictographic(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

fn is_regional(c: char) -> bool {
    ('\u{1F1E6}'..='\u{1F1FF}').contains(&c)
}

fn is_skin_tone(c: char) -> bool {
    ('\u{1F3FB}'..='\u{1F3FF}').contains(&c)
}

fn is_tag(c: char) -> bool {
    ('\u{E0020}'..='\u{E007F}').contains(&c)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Emoji,
    Url,
}

/// A token at `chars[start..end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub start: usize,
    pub end: usize,
    pub kind: Kind,
}

/// Length of the `http://` or `https://`, in any case, that `chars` start with, or 0.
pub(super) fn scheme_len(chars: &[char]) -> usize {
    let starts =
        |scheme: &&str| scheme.chars().zip(chars.iter().copied().chain(std::iter::repeat('\0'))).all(|(s, c)| c.eq_ignore_ascii_case(&s));
    ["http://", "https://"].iter().find(|s| starts(s)).map_or(0, |s| s.len())
}

/// Where the link that starts at `at` ends, if one does (R16).
pub(super) fn url_end(chars: &[char], at: usize) -> Option<usize> {
    if scheme_len(chars.get(at..)?) == 0 {
        return None;
    }
    let ends = |i: usize| chars.get(i).is_none_or(|c| c.is_whitespace() || matches!(c, '<' | '>' | '"') || emoji_end(chars, i).is_some());
    let end = (at..=chars.len()).find(|i| ends(*i));
    steps::add(end.unwrap_or(at) - at);
    end
}

/// Where the emoji that starts at `at` ends, if one does (R14).
pub(super) fn emoji_end(chars: &[char], at: usize) -> Option<usize> {
    let first = *chars.get(at)?;
    let next = chars.get(at + 1).copied();
    if is_regional(first) {
        return next.filter(|n| is_regional(*n)).map(|_| at + 2);
    }
    if !is_pictographic(first) || (first < '\u{2300}' && next != Some(EMOJI_STYLE)) {
        return None;
    }
    let mut end = at + 1;
    while let Some(c) = chars.get(end).copied() {
        let joined = c == ZWJ && chars.get(end + 1).is_some_and(|n| is_pictographic(*n));
        if joined {
            end += 2;
        } else if matches!(c, TEXT_STYLE | EMOJI_STYLE) || is_skin_tone(c) || is_tag(c) {
            end += 1;
        } else {
            break;
        }
    }
    steps::add(end - at);
    Some(end)
}

/// Splits into tokens. In a query `*` and `?` count as token characters (R04).
pub(super) fn split(chars: &[char], wildcards: bool) -> Vec<Token> {
    split_by(chars, |c| wildcards && matches!(c, '*' | '?'), |at| url_end(chars, at))
}

/// Splits a link without its scheme (R25). In it nothing is opaque, not even a link in its query.
pub(super) fn split_link(chars: &[char]) -> Vec<Token> {
    split_by(chars, |_| false, |_| None)
}

fn split_by(chars: &[char], wild: impl Fn(char) -> bool, url_end: impl Fn(usize) -> Option<usize>) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        steps::add(1);
        if let Some(end) = url_end(at) {
            tokens.push(Token { start: at, end, kind: Kind::Url });
            at = end;
        } else if let Some(end) = emoji_end(chars, at) {
            tokens.push(Token { start: at, end, kind: Kind::Emoji });
            at = end;
        } else if starts_token(c) || wild(c) {
            let start = at;
            at += 1;
            while chars.get(at).is_some_and(|c| continues_token(*c) || wild(*c)) && url_end(at).is_none() {
                at += 1;
            }
            tokens.push(Token { start, end: at, kind: Kind::Word });
        } else {
            at += 1;
        }
    }
    tokens
}

/// What becomes of combining marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// All are kept: `exact`.
    Keep,
    /// Those of ñ and ç are kept: `fold`.
    Letters,
    /// None is kept: `smart`, for a word typed without marks.
    Drop,
}

/// How `word`, as typed in a query, asks for its marks to be compared (R21, R22).
pub(super) fn marks_of(word: &str, accents: Accents) -> Marks {
    match accents {
        Accents::Fold => Marks::Letters,
        Accents::Exact => Marks::Keep,
        Accents::Smart if has_mark(word) => Marks::Keep,
        Accents::Smart => Marks::Drop,
    }
}

/// Whether a letter of `word` carries any mark, ñ and ç included.
pub(super) fn has_mark(word: &str) -> bool {
    nfd(word).chars().any(|c| is_mark(c) && !is_presentation(c))
}

/// The form in which a token or a substring is compared: NFC, case folded unless `keep_case`, marks
/// as told, without the characters that only choose how an emoji looks (R15). Folding makes a letter
/// of the iota subscript, so it counts as one where capitals stay, too.
pub(super) fn form(word: &str, marks: Marks, keep_case: bool) -> String {
    steps::add(word.len());
    let plain: String = nfc(word).chars().filter(|c| !is_presentation(*c)).collect();
    let cased = if keep_case { plain } else { nfc(&CaseMapper::new().fold_string(&plain)) };
    if marks == Marks::Keep {
        return cased;
    }
    let mut kept = String::with_capacity(cased.len());
    let mut before = '\0';
    for c in nfd(&cased).chars() {
        let letter = matches!((before, c), ('n' | 'N', '\u{303}') | ('c' | 'C', '\u{327}'));
        if !is_mark(c) || c == '\u{345}' || (letter && marks == Marks::Letters) {
            kept.push(c);
        }
        before = c;
    }
    nfc(&kept)
}

/// Whether NFC may join `c` to what stands before it: marks, and the few letters that compose.
pub(super) fn joins_previous(c: char) -> bool {
    is_mark(c) || matches!(c, '\u{1160}'..='\u{11FF}' | '\u{D7B0}'..='\u{D7FF}' | '\u{16D63}'..='\u{16D6A}')
}

/// Whether it only chooses how an emoji looks (R15).
pub(super) fn is_presentation(c: char) -> bool {
    matches!(c, TEXT_STYLE | EMOJI_STYLE | KEYCAP) || is_skin_tone(c)
}

pub(super) fn nfc(s: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(s).into_owned()
}

fn nfd(s: &str) -> String {
    DecomposingNormalizerBorrowed::new_nfd().normalize(s).into_owned()
}

/// Characters of `s` after NFC.
pub(super) fn nfc_len(s: &str) -> usize {
    nfc(s).chars().count()
}

/// Characters of `word` before its first wildcard, after NFC.
pub(super) fn stem_len(word: &str) -> usize {
    nfc(word).chars().take_while(|c| !matches!(c, '*' | '?')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, wildcards: bool) -> Vec<String> {
        let chars: Vec<char> = text.chars().collect();
        split(&chars, wildcards).iter().map(|t| chars[t.start..t.end].iter().collect()).collect()
    }

    #[test]
    fn tokens_are_runs_emoji_and_links() {
        for (text, want) in [
            ("La app, no-funciona_hoy", vec!["La", "app", "no", "funciona", "hoy"]),
            ("d'or·x\u{AD}y\u{200B}z", vec!["d", "or", "x", "y", "z"]),
            ("1ª 2² e\u{301}l", vec!["1ª", "2²", "e\u{301}l"]),
            ("👋🏽👨‍👩‍👧🇲🇽🇲", vec!["👋🏽", "👨‍👩‍👧", "🇲🇽"]),
            ("® ®\u{FE0F} ‼\u{FE0F} → ✓ ✔", vec!["®\u{FE0F}", "‼\u{FE0F}", "✔"]),
            ("xHTTPS://a.b/c?d=\"e\" www.x.com", vec!["x", "HTTPS://a.b/c?d=", "e", "www", "x", "com"]),
            ("https://a😡b", vec!["https://a", "😡", "b"]),
            ("foto-copia* ¿qué?", vec!["foto", "copia", "qué"]),
        ] {
            assert_eq!(words(text, false), want, "{text}");
        }
        assert_eq!(words("foto-copia* ¿qué?", true), ["foto", "copia*", "qué?"]);
    }

    #[test]
    fn forms_follow_the_accent_mode() {
        for (word, keep, letters, drop) in [
            ("COMISIÓN", "comisión", "comision", "comision"),
            ("AÑO", "año", "año", "ano"),
            ("Çaña\u{303}", "çañã", "çaña", "cana"),
            ("İ", "i\u{307}", "i", "i"),
            ("Straße", "strasse", "strasse", "strasse"),
            ("1\u{FE0F}\u{20E3}", "1", "1", "1"),
            ("👋🏽", "👋", "👋", "👋"),
        ] {
            assert_eq!(
                [form(word, Marks::Keep, false), form(word, Marks::Letters, false), form(word, Marks::Drop, false)],
                [keep, letters, drop]
            );
        }
        assert_eq!(form("BBVÁ", Marks::Letters, true), "BBVA");
        assert_eq!(form("BBVÁ\u{345}", Marks::Drop, true), "BBVA\u{345}", "folded, it is a letter");
    }
}
