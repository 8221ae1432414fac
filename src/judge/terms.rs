//! The words that set some texts apart from others.
//!
//! Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn, "Fightin' Words",
//! Political Analysis 2008, equations 15, 16 and 22): how much likelier a word is in the one than in the
//! other, over the standard deviation of that. The prior is what both say together, so that words that
//! everybody always says, those of the query among them, come out near zero by themselves, and rare ones
//! must be said by more people. It weighs as much as the geometric mean of both sides: a window of a few
//! posts beside thousands of older ones is neither swamped by it nor left alone.
//!
//! Beside it, function words and numbers are no terms, and neither are links and accounts, for a term
//! is shown on a wall. What is counted is people, not posts: a word counts once for each author, and
//! callers bring one text of each cluster of near-duplicates, so that a campaign of copies is one voice.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use crate::limits::{ALERT_TERMS, TERM_TEXT_BYTES};
use crate::post::AuthorKey;
use crate::query::{Accents, Query, Term};
use crate::text::{TokenKind, Tokens, fold, nfc, word_hash};

/// The score of a term: 1.96 standard deviations, which chance reaches once in forty words.
const LEAST: f64 = 1.96;
/// People who must have used a word, so that none shows what one person alone wrote, or one who has
/// deleted it.
const PEOPLE: u32 = 2;
/// Tells a hashtag from the same word without its sign.
const TAG: u64 = 0x9e37_79b9_7f4a_7c15;

/// Folded, by hash.
static FUNCTION_WORDS: LazyLock<HashSet<u64>> = LazyLock::new(|| {
    let lines = include_str!("function_words.txt").lines().filter(|line| !line.starts_with('#'));
    // An apostrophe parts tokens.
    lines.flat_map(|line| line.split([' ', '\''])).map(key_of).collect()
});

/// One text and who wrote it.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Its author.
    pub author: AuthorKey,
    /// The text.
    pub text: &'a str,
}

/// Texts that are compared, one of each cluster of near-duplicates.
#[derive(Debug, Default)]
pub struct Texts<'a> {
    /// Those in question.
    pub now: Vec<Said<'a>>,
    /// Earlier ones of the same topic.
    pub before: Vec<Said<'a>>,
    /// Those of other topics, where there are too few of these. Words of the topic's own queries are not
    /// to be compared with them: of course they are rare there.
    pub others: Vec<Said<'a>>,
}

/// The words that `texts.now` has more than its share of, most telling first, at most
/// `limits::ALERT_TERMS`, each as people write it most often. `queries` are those of the topic.
pub fn terms(texts: &Texts<'_>, queries: &[Query]) -> Vec<String> {
    let mut reader = Reader::default();
    let now = reader.count(&texts.now);
    let mut before = reader.count(&texts.before);
    if !texts.others.is_empty() {
        for (word, people) in reader.count(&texts.others) {
            *before.entry(word).or_insert(0) += people;
        }
        let all = total(&before);
        for word in queries.iter().flat_map(words_of).flat_map(|word| [word, word ^ TAG]) {
            // At least as common there as here.
            let people = before.entry(word).or_insert(0);
            *people = (*people).max((share(&now, word) * all).ceil() as u32);
        }
    }
    let best = most_telling(&now, &before);
    reader.written(&texts.now, &best)
}

/// People by word.
type Counts = BTreeMap<u64, u32>;

fn total(counts: &Counts) -> f64 {
    counts.values().map(|n| f64::from(*n)).sum()
}

fn share(counts: &Counts, word: u64) -> f64 {
    f64::from(counts.get(&word).copied().unwrap_or(0)) / total(counts).max(1.0)
}

/// The words to show, the most telling first.
fn most_telling(now: &Counts, before: &Counts) -> Vec<u64> {
    let (here, there) = (total(now), total(before));
    if here == 0.0 || there == 0.0 {
        return Vec::new();
    }
    let prior = (here * there).sqrt();
    let score = |word: u64, n: u32| {
        let (n, m) = (f64::from(n), f64::from(before.get(&word).copied().unwrap_or(0)));
        let a = prior * (n + m) / (here + there);
        let odds = |count: f64, of: f64| (count + a) / (of + prior - count - a).max(f64::MIN_POSITIVE);
        let delta = (odds(n, here) / odds(m, there)).ln();
        delta / (1.0 / (n + a) + 1.0 / (m + a)).sqrt()
    };
    let of = |(word, n): (&u64, &u32)| (score(*word, *n), *n, *word);
    let mut scored: Vec<(f64, u32, u64)> = now.iter().filter(|(_, n)| **n >= PEOPLE).map(of).filter(|(z, ..)| *z >= LEAST).collect();
    // Thousandths: the last bits of a logarithm are the machine's.
    let rank = |(z, n, word): &(f64, u32, u64)| ((-1000.0 * z).round() as i64, std::cmp::Reverse(*n), *word);
    scored.sort_by_key(rank);
    let mut shown = HashSet::new();
    let words = scored.into_iter().map(|(.., word)| word);
    // A hashtag beside its own word says nothing more.
    words.filter(|word| !shown.contains(&(word ^ TAG)) && shown.insert(*word)).take(ALERT_TERMS).collect()
}

/// The words that a query names.
fn words_of(query: &Query) -> Vec<u64> {
    let of = |term: &Term| match term {
        Term::Phrase(words) | Term::Case(words) => words.iter().map(|w| key_of(w)).collect(),
        Term::Hashtag(name) | Term::Cashtag(name) => vec![key_of(name)],
        _ => Vec::new(),
    };
    query.leaves.iter().flat_map(|leaf| of(&leaf.term)).collect()
}

/// A word whatever its capitals and accents; ñ and ç are letters of their own.
fn key_of(word: &str) -> u64 {
    word_hash(&fold(word, Accents::Fold))
}

/// Reads one text after another.
#[derive(Default)]
struct Reader {
    tokens: Tokens,
}

impl Reader {
    /// Calls `found` for every word of a text that may be a term, with how it is written.
    fn words(&mut self, text: &str, mut found: impl FnMut(u64, &str)) {
        let end = (0..=TERM_TEXT_BYTES.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        let text = text.get(..end).unwrap_or(text);
        self.tokens.read(text);
        let mut entities = self.tokens.entities(text).peekable();
        for token in self.tokens.tokens().iter().filter(|t| t.kind == TokenKind::Word) {
            let (start, end) = (token.start as usize, token.end as usize);
            while entities.next_if(|e| e.end <= start).is_some() {}
            let entity = entities.peek().filter(|e| e.start < start);
            let Some(raw) = text.get(start..end).filter(|_| entity.is_none_or(|e| e.sign != '@')) else { continue };
            // The base form of ASCII is its folding.
            let word = if raw.is_ascii() { token.hash } else { key_of(raw) };
            if raw.chars().nth(1).is_none() || raw.bytes().all(|b| b.is_ascii_digit()) || FUNCTION_WORDS.contains(&word) {
                continue;
            }
            match entity {
                Some(tag) if tag.sign == '#' => found(word ^ TAG, text.get(tag.start..end).unwrap_or(raw)),
                _ => found(word, raw),
            }
        }
    }

    /// How many people used each word.
    fn count(&mut self, texts: &[Said<'_>]) -> Counts {
        let mut uses: Vec<(u64, AuthorKey)> = Vec::new();
        for said in texts {
            self.words(said.text, |word, _| uses.push((word, said.author)));
        }
        uses.sort_unstable();
        uses.dedup();
        let mut counts = Counts::new();
        for (word, _) in uses {
            *counts.entry(word).or_insert(0) += 1;
        }
        counts
    }

    /// `words` as they are written most often in `texts`; of equals, the first in the order of letters.
    fn written(&mut self, texts: &[Said<'_>], words: &[u64]) -> Vec<String> {
        let mut forms: HashMap<u64, BTreeMap<String, u32>> = words.iter().map(|w| (*w, BTreeMap::new())).collect();
        for said in texts {
            self.words(said.text, |word, raw| {
                if let Some(forms) = forms.get_mut(&word) {
                    *forms.entry(nfc(raw).into_owned()).or_insert(0) += 1;
                }
            });
        }
        let most = |word: &u64| forms.get(word)?.iter().min_by_key(|(_, n)| std::cmp::Reverse(**n)).map(|(form, _)| form.clone());
        words.iter().filter_map(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Leaf, Node};

    /// Texts of different people, numbered from `first`.
    fn said<'a>(first: u64, texts: &[&'a str]) -> Vec<Said<'a>> {
        texts.iter().zip(first..).map(|(text, n)| Said { author: AuthorKey(n), text }).collect()
    }

    /// What is usually said about an app, so many times over.
    fn usual(first: u64, times: usize) -> Vec<Said<'static>> {
        let texts = [
            "La app del banco no abre en mi celular",
            "¿Cómo descargo la app del banco?",
            "la app pide contraseña otra vez",
            "Actualicé la app y ahora va lenta",
            "The app asks for my password again",
            "How do I update the app of the bank?",
            "Love the new app, well done",
            "my app is slow since the update",
        ];
        said(first, &texts.repeat(times))
    }

    fn found(now: Vec<Said<'_>>, before: Vec<Said<'_>>) -> Vec<String> {
        terms(&Texts { now, before, others: Vec::new() }, &[])
    }

    #[test]
    fn what_is_new_comes_first_as_people_write_it() {
        let table: [(&str, &[&str], &[&str]); 7] = [
            ("a planted word", &["la app dice mantenimiento", "Mantenimiento en la app", "the app: mantenimiento"], &["mantenimiento"]),
            ("accents, as most people write them", &["caída de la app", "Se cayó: caída total", "otra caida"], &["caída"]),
            ("ñ is a letter of its own", &["me piden la contraseña del año", "qué año", "el año ano"], &["año"]),
            ("English", &["outage again, the app is down", "big outage", "an outage!"], &["outage"]),
            ("a hashtag keeps its sign", &["la app #BancoCaído", "#BancoCaído otra vez", "#bancocaido"], &["#BancoCaído"]),
            ("accounts and links are nobody's words", &["@ana.ejemplo https://a.example/x", "@ana.ejemplo hola", "@ana.ejemplo"], &[]),
            ("function words and numbers", &["porque cuando 503", "cuando 503 which", "which porque 503"], &[]),
        ];
        for (name, texts, want) in table {
            let mut now = usual(100, 1);
            now.extend(said(200, texts));
            assert_eq!(found(now, usual(1000, 12)), want, "{name}");
        }
    }

    #[test]
    fn more_people_tell_more_and_one_person_nothing() {
        let mut now = usual(100, 1);
        now.extend(said(200, &["apagón en la app", "apagón", "hubo apagón", "apagón y lentitud", "lentitud", "qué lentitud"]));
        let one = Said { author: AuthorKey(7), text: "estafadores" };
        now.extend([one; 9]);
        assert_eq!(found(now, usual(1000, 12)), ["apagón", "lentitud"]);
    }

    #[test]
    fn what_was_always_said_is_no_news_however_often_it_is_said_now() {
        assert_eq!(found(usual(100, 20), usual(1000, 12)), [""; 0]);
        assert_eq!(found(usual(100, 2), Vec::new()), [""; 0], "without a past nothing is known to be new");
    }

    #[test]
    fn words_of_the_query_are_not_compared_with_other_topics() {
        let leaf = Leaf { span: 0..3, term: Term::Phrase(vec!["APP".into()]) };
        let query = Query { root: Node::Leaf(0), leaves: vec![leaf], accents: Accents::Fold, quoted: false };
        let now = || said(200, &["la app dice mantenimiento", "app en mantenimiento", "the app: mantenimiento", "app"]);
        let chatter = ["buenos días a todas", "good morning everybody", "hoy juega la selección", "what a match"].repeat(30);
        let others = || said(1000, &chatter);
        let of = |queries: &[Query]| terms(&Texts { now: now(), before: Vec::new(), others: others() }, queries);
        assert_eq!(of(&[]), ["app", "mantenimiento"]);
        assert_eq!(of(&[query]), ["mantenimiento"]);
    }

    #[test]
    fn there_are_never_too_many() {
        let words: Vec<String> = ('a'..='l').map(|c| format!("palabra{c}")).collect();
        let text = words.join(" ");
        let mut now = usual(100, 8);
        now.extend(said(200, &[text.as_str(); 16]));
        assert_eq!(found(now, usual(1000, 60)).len(), ALERT_TERMS);
    }
}
