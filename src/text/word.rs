//! One word of a query against one token of a text.

use crate::query::Accents;

use super::fold::{base, fold, fold_keeping_case, has_mark, without_marks};

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
    form: String,
    marks: Marks,
    keeps_case: bool,
    wild: bool,
}

impl Word {
    /// A word in which `*` stands for any characters and `?` for one.
    pub fn new(word: &str, accents: Accents) -> Word {
        Word::build(word, accents, false, true)
    }
    /// A word of `{…}`: capitals count, wildcards are none.
    pub fn cased(word: &str, accents: Accents) -> Word {
        Word::build(word, accents, true, false)
    }

    fn build(word: &str, accents: Accents, keeps_case: bool, wildcards: bool) -> Word {
        let word = without_presentation(word);
        let marks = match accents {
            Accents::Fold => Marks::Own,
            Accents::Exact => Marks::Kept,
            Accents::Smart if has_mark(&word) => Marks::Kept,
            Accents::Smart => Marks::Ignored,
        };
        let mut made = Word { form: String::new(), marks, keeps_case, wild: wildcards && word.contains(['*', '?']) };
        made.form = made.form_of(&word);
        made
    }

    /// Whether the token `raw`, as written, is this word. Links are no words: ask for the kind first.
    pub fn is(&self, raw: &str) -> bool {
        let form = self.form_of(&without_presentation(raw));
        if self.wild { glob(&self.form, &form) } else { self.form == form }
    }

    /// Whether it holds `*` or `?`.
    pub fn is_wild(&self) -> bool {
        self.wild
    }

    /// Base form of what every matching token begins with: all of it, or what stands before the first wildcard.
    pub fn base_prefix(&self) -> String {
        let literal = if self.wild { self.form.split(['*', '?']).next().unwrap_or_default() } else { &self.form };
        base(literal)
    }

    /// `s` as this word compares it.
    fn form_of(&self, s: &str) -> String {
        match (self.marks, self.keeps_case) {
            (Marks::Own, false) => fold(s, Accents::Fold),
            (Marks::Own, true) => fold_keeping_case(s, Accents::Fold),
            (Marks::Kept, false) => fold(s, Accents::Exact),
            (Marks::Kept, true) => fold_keeping_case(s, Accents::Exact),
            (Marks::Ignored, false) => without_marks(&fold(s, Accents::Exact)),
            (Marks::Ignored, true) => without_marks(s),
        }
    }
}

/// Drops what only changes how an emoji looks, and makes a keycap its digit; R15.
fn without_presentation(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '\u{FE0E}' | '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' => {}
            '\u{20E3}' if out.ends_with(|d: char| d.is_ascii_digit()) => {}
            _ => out.push(c),
        }
    }
    out
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
        assert!(Word::cased("PERÚ", Fold).is("PERU"));
        assert!(!Word::cased("PERÚ", Exact).is("PERU"));
        assert!(!Word::cased("a*", Fold).is("ab"));
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
