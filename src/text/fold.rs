//! The reference fold: slow, by the Unicode tables of icu; R21 and R22 of the query language.
//!
//! [`table`](super::table) is built from it and must agree with it.

use std::borrow::Cow;

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use crate::query::Accents;

const CASE: CaseMapperBorrowed<'static> = CaseMapper::new();
const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();

/// `s` as it is compared in a mode. For `Smart` this is `Exact`: whether marks count is decided per
/// word, by [`Word`](super::Word).
pub fn fold(s: &str, accents: Accents) -> String {
    if s.is_ascii() {
        return s.to_ascii_lowercase();
    }
    match accents {
        Accents::Fold => without_accents(&folded(s)),
        Accents::Smart | Accents::Exact => NFC.normalize(&folded(s)).into_owned(),
    }
}

/// As [`fold`], but capitals stay.
pub(super) fn fold_keeping_case(s: &str, accents: Accents) -> String {
    if s.is_ascii() {
        return s.to_string();
    }
    match accents {
        Accents::Fold => without_accents(s),
        Accents::Smart | Accents::Exact => NFC.normalize(s).into_owned(),
    }
}

/// `s` without any mark, composed; capitals stay.
pub(super) fn without_marks(s: &str) -> String {
    if s.is_ascii() {
        return s.to_string();
    }
    let bare: String = NFD.normalize(s).chars().filter(|c| !is_dropped(*c)).collect();
    NFC.normalize(&bare).into_owned()
}

/// The base form: case folded, decomposed, without any mark (ñ and ç lose theirs too). Strings that
/// are equal in any accent mode have equal base forms, and the base form of a string is that of its
/// characters joined.
pub fn base(s: &str) -> String {
    if s.is_ascii() {
        return s.to_ascii_lowercase();
    }
    NFD.normalize(&folded(s)).chars().filter(|c| !is_mark(*c)).collect()
}

/// `s` composed (NFC), and nothing else.
pub fn nfc(s: &str) -> Cow<'_, str> {
    NFC.normalize(s)
}

/// Whether `s` holds any mark, composed or not; ñ and ç included.
pub fn has_mark(s: &str) -> bool {
    !s.is_ascii() && NFD.normalize(s).chars().any(is_mark)
}

/// Full default case folding of the composed form.
fn folded(s: &str) -> Cow<'_, str> {
    match NFC.normalize(s) {
        Cow::Borrowed(s) => CASE.fold_string(s),
        Cow::Owned(s) => Cow::Owned(CASE.fold_string(&s).into_owned()),
    }
}

/// Drops every mark but those of ñ and ç.
fn without_accents(s: &str) -> String {
    let mut before = '\0';
    let mut keep = |c: char| {
        let own = matches!((before, c), ('n' | 'N', '\u{303}') | ('c' | 'C', '\u{327}'));
        before = c;
        own || !is_dropped(c)
    };
    let bare: String = NFD.normalize(s).chars().filter(|c| keep(*c)).collect();
    NFC.normalize(&bare).into_owned()
}

/// Marks but the iota subscript of Greek: folding makes a letter of it, so it is one where capitals stay.
fn is_dropped(c: char) -> bool {
    is_mark(c) && c != '\u{345}'
}

/// Whether `s` stays as it is when it is decomposed.
pub(super) fn is_decomposed(s: &str) -> bool {
    NFD.is_normalized(s)
}

/// General category M.
pub(super) fn is_mark(c: char) -> bool {
    !c.is_ascii() && GeneralCategoryGroup::Mark.contains(category(c))
}

/// General category L or N: a token may begin with it.
pub(super) fn is_word_start(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && LETTER_OR_NUMBER.contains(category(c)))
}

/// General category L, M or N: a token may go on with it.
pub(super) fn is_word(c: char) -> bool {
    is_word_start(c) || is_mark(c)
}

const LETTER_OR_NUMBER: GeneralCategoryGroup = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Number);

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_as_the_language_says() {
        for (s, exact, plain, bare) in [
            ("COMISIÓN", "comisión", "comision", "comision"),
            ("Año", "año", "año", "ano"),
            ("an\u{303}o", "año", "año", "ano"),
            ("Curaçao", "curaçao", "curaçao", "curacao"),
            ("Straße", "strasse", "strasse", "strasse"),
            ("İstanbul", "i\u{307}stanbul", "istanbul", "istanbul"),
            ("ΌΣΟΣ", "όσοσ", "οσοσ", "οσοσ"),
            ("n\u{323}\u{303}", "ṇ\u{303}", "n", "n"),
            ("α\u{345}", "αι", "αι", "αι"),
            ("ﬁn", "fin", "fin", "fin"),
            ("①", "①", "①", "①"),
        ] {
            assert_eq!(fold(s, Accents::Exact), exact, "{s}");
            assert_eq!(fold(s, Accents::Fold), plain, "{s}");
            assert_eq!(base(s), bare, "{s}");
        }
    }

    #[test]
    fn marks_are_found_composed_or_not() {
        for (s, expected) in [("ano", false), ("año", true), ("n\u{303}", true), ("日本", false), ("한", false), ("ø", false)] {
            assert_eq!(has_mark(s), expected, "{s}");
        }
    }
}
