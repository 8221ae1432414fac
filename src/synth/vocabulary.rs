//! Made-up words that look Spanish or English, from tables of syllables; no word list is shipped.

use std::collections::BTreeSet;

use crate::bilingual::Lang;
use crate::prng::{Prng, Zipf};

const ES_ONSETS: [&str; 24] =
    ["b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "ll", "ch", "tr", "br", "pl", "gr", "cl", "qu", "j", "h", "pr"];
const ES_RIMES: [&str; 18] = ["a", "e", "i", "o", "u", "a", "o", "e", "an", "en", "ar", "er", "or", "es", "os", "ia", "ie", "al"];
const EN_ONSETS: [&str; 26] = [
    "b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "w", "th", "sh", "st", "br", "cr", "fl", "gr", "pl", "tr", "wh", "k",
    "j",
];
const EN_RIMES: [&str; 22] = [
    "a", "e", "i", "o", "ay", "ee", "ow", "an", "en", "in", "on", "er", "or", "ing", "ack", "est", "ill", "ook", "ed", "ate", "and", "ice",
];

/// The words of one language; low ranks are short and common.
#[derive(Debug)]
pub struct Vocabulary {
    words: Vec<String>,
    zipf: Zipf,
}

impl Vocabulary {
    /// Makes `n` words that differ from each other and from `taken` even without accents.
    pub fn new(prng: &mut Prng, lang: Lang, n: usize, taken: &mut BTreeSet<String>) -> Vocabulary {
        let words: Vec<String> = (0..n)
            .map(|rank| {
                // Common words are short; every eighth Spanish one carries a mark.
                let syllables = match rank {
                    0..40 => 1,
                    40..400 => 1 + usize::from(prng.chance(0.5)),
                    400..4_000 => 2 + usize::from(prng.chance(0.25)),
                    _ => 2 + usize::from(prng.chance(0.75)),
                };
                let word = fresh(prng, lang, syllables, taken);
                if lang == Lang::Es && rank % 8 == 5 { marked(&word) } else { word }
            })
            .collect();
        Vocabulary { zipf: Zipf::new(words.len()), words }
    }

    /// A word, common ones more often.
    pub fn word(&self, prng: &mut Prng) -> &str {
        &self.words[self.zipf.draw(prng)]
    }

    /// A word of middling rank, each equally often: what terms of phrases are made of.
    pub fn middling(&self, prng: &mut Prng) -> &str {
        let from = self.words.len() / 200;
        &self.words[from + prng.index(self.words.len() / 4)]
    }
}

/// A word nobody has taken, which is then taken; longer ones are tried when short ones run out.
pub fn fresh(prng: &mut Prng, lang: Lang, syllables: usize, taken: &mut BTreeSet<String>) -> String {
    let (onsets, rimes) = match lang {
        Lang::Es => (&ES_ONSETS[..], &ES_RIMES[..]),
        Lang::En => (&EN_ONSETS[..], &EN_RIMES[..]),
    };
    let mut attempt = 0;
    loop {
        let length = syllables + attempt / 20;
        let word: String = (0..length).flat_map(|_| [*prng.pick::<&str>(onsets), *prng.pick::<&str>(rimes)]).collect();
        if taken.insert(word.clone()) {
            return word;
        }
        attempt += 1;
    }
}

/// The word with its last plain vowel accented, or its last n with a tilde where there is none.
fn marked(word: &str) -> String {
    let accent = |c| match c {
        'a' => 'á',
        'e' => 'é',
        'i' => 'í',
        'o' => 'ó',
        _ => 'ú',
    };
    let Some((at, c)) = word.char_indices().rev().find(|(_, c)| "aeiou".contains(*c)) else { return word.replacen('n', "ñ", 1) };
    format!("{}{}{}", &word[..at], accent(c), &word[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_differ_without_accents_and_common_ones_are_short() {
        let (mut prng, mut taken) = (Prng::new(1), BTreeSet::new());
        let es = Vocabulary::new(&mut prng, Lang::Es, 5_000, &mut taken);
        let en = Vocabulary::new(&mut prng, Lang::En, 5_000, &mut taken);
        let plain: BTreeSet<String> = es.words.iter().chain(&en.words).map(|w| crate::synth::texts::without_marks(w)).collect();
        assert_eq!(plain.len(), 10_000);
        let mean = |v: &Vocabulary, r: std::ops::Range<usize>| v.words[r.clone()].iter().map(String::len).sum::<usize>() / r.len();
        assert!(mean(&es, 0..100) < mean(&es, 3_000..4_000));
        assert!(en.words.iter().all(|w| w.is_ascii()) && es.words.iter().any(|w| w.contains(['á', 'é'])));
    }
}
