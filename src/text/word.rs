//! One word of a query against one token of a text.

use std::borrow::Cow;

use crate::query::Accents;

use super::fold::{base, fold, fold_keeping_case, has_mark, without_marks};
use super::{Token, TokenKind, Tokens, word_hash};

/// How a word is compared, once `Smart` is decided for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Marks {
    /// They do not count at all.
    Ignored,
    /// Only those of ñ and ç count.
    Own,
    /// All count.
    Kept,
}

/// One word of a query, ready to be compared with tokens; R05, R15, R21 to R23.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word {
    /// The word as it is compared.
    form: Box<str>,
    /// Base form of what every matching token begins with, where it differs from `form`.
    base: Option<Box<str>>,
    /// [`word_hash`](super::word_hash) of the base form.
    hash: u64,
    marks: Marks,
    keeps_case: bool,
    wild: bool,
}

impl Word {
    /// A word in which `*` stands for any characters and `?` for one.
    pub fn new(word: &str, accents: Accents) -> Word {
        Word::build(word, accents, false, word.contains(['*', '?']))
    }
    /// A word of `{…}`: capitals count, wildcards are none. The iota subscript of Greek, the one mark
    /// that folds to a letter, counts as one here, whatever the mode.
    pub fn cased(word: &str, accents: Accents) -> Word {
        Word::build(word, accents, true, false)
    }
    /// The value of `contains:`, for [`Word::is_in`]; wildcards are none.
    pub fn literal(value: &str, accents: Accents) -> Word {
        Word::build(value, accents, false, false)
    }

    fn build(word: &str, accents: Accents, keeps_case: bool, wild: bool) -> Word {
        let word = without_presentation(word);
        let marks = match accents {
            Accents::Fold => Marks::Own,
            Accents::Exact => Marks::Kept,
            Accents::Smart if has_mark(&word) => Marks::Kept,
            Accents::Smart => Marks::Ignored,
        };
        let form = form_of(&word, marks, keeps_case);
        let literal = if wild { word.split(['*', '?']).next().unwrap_or_default() } else { &word };
        let base = base(literal);
        Word { hash: word_hash(&base), base: (base != form).then(|| base.into()), form: form.into(), marks, keeps_case, wild }
    }

    /// Whether the token `raw`, as written, is this word. Links are no words: ask for the kind first.
    pub fn is(&self, raw: &str) -> bool {
        let form = form_of(&without_presentation(raw), self.marks, self.keeps_case);
        if self.wild { glob(&self.form, &form) } else { *self.form == form }
    }

    /// Whether `token` of `text`, which `tokens` read last, is this word: as [`Word::is`], but by way
    /// of the hash and the base form, so that what differs costs one comparison.
    pub fn is_token(&self, text: &str, tokens: &Tokens, token: &Token) -> bool {
        if token.kind == TokenKind::Url {
            return false;
        }
        let base = tokens.base_bytes(token);
        let own = self.base().as_bytes();
        let may_be = if self.wild { base.starts_with(own) } else { self.hash == token.hash && base == own };
        if !may_be {
            return false;
        }
        if !self.wild && !self.keeps_case && self.marks == Marks::Ignored {
            return true;
        }
        let Some(raw) = text.get(token.start as usize..token.end as usize) else { return false };
        if !self.wild && !self.keeps_case && raw.is_ascii() {
            return self.base.is_none();
        }
        self.is(raw)
    }

    /// Whether it occurs anywhere in `text`. A value that only says how an emoji looks does not.
    pub fn is_in(&self, text: &str) -> bool {
        !self.form.is_empty() && form_of(&without_presentation(text), self.marks, self.keeps_case).contains(&*self.form)
    }

    /// Whether it holds `*` or `?`.
    pub fn is_wild(&self) -> bool {
        self.wild
    }

    /// Whether a token is this word if its base form is, but for the marks of what is not ASCII.
    pub(super) fn is_plain(&self) -> bool {
        !self.wild && !self.keeps_case && self.base.is_none()
    }

    /// Base form of what every matching token begins with: all of it, or what stands before the first wildcard.
    pub fn base(&self) -> &str {
        self.base.as_deref().unwrap_or(&self.form)
    }

    /// Hash of [`Word::base`].
    pub fn hash(&self) -> u64 {
        self.hash
    }
}

/// Whether the token `raw`, whose base form is `form`, is compared as that in a mode where marks count.
pub(super) fn is_plain_as(raw: &str, accents: Accents, form: &[u8]) -> bool {
    // The foreign letters of most words: to fold them would take longer than all else that is asked of the word.
    match raw.chars().filter(|c| !c.is_ascii()).try_fold(false, |_, c| is_accented(c).then_some(true)) {
        Some(true) => accents == Accents::Fold,
        _ => fold(&without_presentation(raw), accents).as_bytes() == form,
    }
}

/// Letters that are one of ASCII with an accent, which counts in no mode but exact (ñ and ç are letters).
fn is_accented(c: char) -> bool {
    matches!(c, 'À'..='Å' | 'È'..='Ï' | 'Ò'..='Ö' | 'Ù'..='Ý' | 'à'..='å' | 'è'..='ï' | 'ò'..='ö' | 'ù'..='ý' | 'ÿ')
}

/// `s` as a word is compared.
fn form_of(s: &str, marks: Marks, keeps_case: bool) -> String {
    match (marks, keeps_case) {
        (Marks::Own, false) => fold(s, Accents::Fold),
        (Marks::Own, true) => fold_keeping_case(s, Accents::Fold),
        (Marks::Kept, false) => fold(s, Accents::Exact),
        (Marks::Kept, true) => fold_keeping_case(s, Accents::Exact),
        (Marks::Ignored, false) => without_marks(&fold(s, Accents::Exact)),
        (Marks::Ignored, true) => without_marks(s),
    }
}

/// Drops what only changes how an emoji looks, and makes a keycap its digit; R15.
fn without_presentation(s: &str) -> Cow<'_, str> {
    if s.is_ascii() {
        return Cow::Borrowed(s);
    }
    let shown = |c: &char| !matches!(c, '\u{FE0E}' | '\u{FE0F}' | '\u{20E3}' | '\u{1F3FB}'..='\u{1F3FF}');
    Cow::Owned(s.chars().filter(shown).collect())
}

/// Whether all of `s` fits `pattern`, where `*` is any characters and `?` exactly one.
fn glob(pattern: &str, s: &str) -> bool {
    let (mut p, mut t) = (pattern.chars(), s.chars());
    // After the last star, and the text it was last tried at.
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let before = t.clone();
        match (p.next(), t.next()) {
            (Some('*'), _) => {
                retry = Some((p.clone(), before.clone()));
                t = before;
            }
            (None, None) => return true,
            (Some(a), Some(b)) if a == '?' || a == b => {}
            _ => {
                let Some((after_star, tried)) = &mut retry else { return false };
                if tried.next().is_none() {
                    return false;
                }
                (p, t) = (after_star.clone(), tried.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Accents::{Exact, Fold, Smart};

    #[test]
    fn words_in_every_mode() {
        for (word, token, fold, smart, exact) in [
            ("comisión", "COMISION", true, false, false),
            ("comision", "Comisión", true, true, false),
            ("comisión", "comisio\u{301}n", true, true, true),
            ("año", "ano", false, false, false),
            ("ano", "año", false, true, false),
            ("strasse", "STRASSE", true, true, true),
            ("straße", "STRASSE", true, true, true),
            ("👋", "👋🏽", true, true, true),
            ("1", "1\u{FE0F}\u{20E3}", true, true, true),
            ("caj*", "Cajéro", true, true, true),
            ("cajé*", "Cajero", true, false, false),
            ("customi?e", "customise", true, true, true),
            ("customi?e", "customie", false, false, false),
            ("caf?", "café", true, true, true),
            ("ca*e*o", "cajero", true, true, true),
            ("a?o", "año", true, true, true),
        ] {
            for (accents, expected) in [(Fold, fold), (Smart, smart), (Exact, exact)] {
                assert_eq!(Word::new(word, accents).is(token), expected, "{word} {token} {accents:?}");
            }
        }
    }

    #[test]
    fn capitals_count_in_braces() {
        assert!(Word::cased("BT", Fold).is("BT"));
        assert!(!Word::cased("BT", Fold).is("Bt"));
        assert!(!Word::cased("BT", Fold).is("BT\u{345}"), "folded, the iota subscript is a letter");
        assert!(Word::cased("PERÚ", Fold).is("PERU"));
        assert!(!Word::cased("PERÚ", Exact).is("PERU"));
        assert!(!Word::cased("a*", Fold).is("ab"));
    }

    #[test]
    fn letters_with_an_accent_are_plain_when_folded_and_never_exact() {
        let slow = |raw: &str, accents, form: &str| fold(&without_presentation(raw), accents) == form;
        for c in (0x80..0x600).filter_map(char::from_u32) {
            for raw in [c.to_string(), format!("a{c}b"), format!("{c}\u{301}"), format!("ñ{c}"), format!("{c}n\u{303}"), "a".into()] {
                let form = crate::text::base(&raw);
                for accents in [Accents::Fold, Accents::Exact] {
                    assert_eq!(is_plain_as(&raw, accents, form.as_bytes()), slow(&raw, accents, &form), "{raw:?} {accents:?}");
                }
            }
        }
        assert!(('À'..='ÿ').filter(|c| is_accented(*c)).count() == 49);
    }

    #[test]
    fn a_glob_takes_all_of_the_text() {
        for (p, s, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b", "aXbY", false),
            ("??", "ñá", true),
            ("a**", "a", true),
            ("a*?", "a", false),
        ] {
            assert_eq!(glob(p, s), expected, "{p} {s}");
        }
    }
}
