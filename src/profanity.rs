//! Words that a screen for all to see does not show: whole words, in Spanish as it is spoken in Mexico,
//! Spain, Argentina and Colombia, and in English.
//!
//! The lists hold what is rude wherever it is said. A word that is rude in one country and everyday in
//! another (coger, concha, polla, pija) is not in them, but the curses that it stands in are.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use crate::lexicon::Lexicon;
use crate::query::Accents;
use crate::text::{Tokens, fold};

/// One list a language.
const LISTS: [&str; 2] = [include_str!("profanity/es.txt"), include_str!("profanity/en.txt")];
/// What stands in place of each letter but the first.
const DOT: char = '•';

struct Words {
    lexicon: Lexicon,
    /// The terms folded: the lexicon knows no ñ, and a cone is nothing to be ashamed of.
    folded: HashSet<String>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let terms = LISTS.iter().flat_map(|list| list.lines()).filter_map(|line| line.split_once(' '));
    Words { lexicon: Lexicon::new(&LISTS), folded: terms.map(|(_, term)| folded(term)).collect() }
});

/// Words of `text` folded, with one space between each.
fn folded(text: &str) -> String {
    let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(|w| fold(w, Accents::Fold)).collect();
    words.join(" ")
}

/// `text` with every rude word as its first letter and dots.
pub fn dotted(text: &str) -> Cow<'_, str> {
    let mut tokens = Tokens::default();
    tokens.read(text);
    let mut rude = Vec::new();
    WORDS.lexicon.find(text, &tokens, |found| {
        let term = tokens.tokens().get(found.first..found.first + found.length).unwrap_or_default();
        let (Some(first), Some(last)) = (term.first(), term.last()) else { return };
        let whole = text.get(first.start as usize..last.end as usize).unwrap_or_default();
        if WORDS.folded.contains(&folded(whole)) {
            rude.extend(term.iter().map(|t| t.start as usize..t.end as usize));
        }
    });
    if rude.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for range in rude {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        let word = text.get(range.clone()).unwrap_or_default();
        out.extend(word.chars().enumerate().map(|(i, c)| if i == 0 { c } else { DOT }));
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::is_well_formed;

    #[test]
    fn rude_words_are_dotted_and_others_are_not() {
        for (text, want) in [
            ("¡Qué MIERDA de app!", "¡Qué M••••• de app!"),
            ("son unos cabrones, hijos de puta", "son unos c•••••••, h•••• d• p•••"),
            ("pinche banco, no mames", "p••••• banco, n• m••••"),
            ("la concha de tu madre", "l• c••••• d• t• m••••"),
            ("este banco gonorrea e hijueputa", "este banco g••••••• e h••••••••"),
            ("Coño, otra vez", "C•••, otra vez"),
            ("what the fuck, this Fucking app", "what the f•••, this F•••••• app"),
            ("bull\u{200B}shit shit", "bull\u{200B}s••• s•••"),
            ("jódete", "j•••••"),
        ] {
            assert_eq!(dotted(text), want);
        }
        for text in [
            "el Cono Sur y un cono de tráfico",
            "Scunthorpe, Essex, assassin, class, cocktail, Hancock",
            "computadora, disputa, reputación, amputar, imputado",
            "https://example.com/mierda/shit",
            "voy a coger el bus en La Concha con una polla de fútbol",
            "los años de la ONU",
            "",
        ] {
            assert!(matches!(dotted(text), Cow::Borrowed(_)), "{text}: {}", dotted(text));
        }
    }

    #[test]
    fn the_lists_are_well_formed_and_say_nothing_twice() {
        let mut all = HashSet::new();
        for list in LISTS {
            assert!(is_well_formed(list));
            for term in list.lines().filter_map(|line| line.split_once(' ')).filter(|(points, _)| *points != "#") {
                assert!(all.insert(folded(term.1)), "{} is there twice", term.1);
            }
        }
        assert!(all.len() > 150, "{}", all.len());
    }
}
