//! The canonical workload: posts and queries with a known number of matches, for speed.

use std::collections::BTreeSet;

use super::line::{Shape, did, tid};
use super::vocabulary::{Vocabulary, fresh};
use crate::bilingual::Lang;
use crate::post::{Author, Count, Lines, Post, Reference};
use crate::prng::{Prng, Zipf};
use crate::time::Timestamp;

/// One rule over phrases, by index into [`Workload::phrases`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// One to three groups; of each at least one phrase must be there.
    pub groups: Vec<Vec<u32>>,
    /// A phrase that must not be there.
    pub not: Option<u32>,
}

/// Queries and posts.
#[derive(Debug)]
pub struct Workload {
    /// One to three words each, all different without accents.
    pub phrases: Vec<String>,
    /// Rules over the phrases.
    pub rules: Vec<Rule>,
    /// The posts, one a line.
    pub ndjson: Vec<u8>,
    /// How many posts there are.
    pub posts: usize,
    /// How often a phrase was put into a post on purpose; chance adds less than one in a hundred.
    pub planted: u64,
}

impl Workload {
    /// Every phrase and every rule as the text of a query, phrases first.
    pub fn queries(&self) -> Vec<String> {
        let phrases = self.phrases.iter().map(|p| format!("\"{p}\""));
        phrases.chain(self.rules.iter().map(|r| self.query(r))).collect()
    }

    fn query(&self, rule: &Rule) -> String {
        let quoted = |i: &u32| format!("\"{}\"", self.phrases[*i as usize]);
        let group = |g: &Vec<u32>| format!("({})", g.iter().map(quoted).collect::<Vec<_>>().join(" OR "));
        let mut text = rule.groups.iter().map(group).collect::<Vec<_>>().join(" ");
        if let Some(not) = &rule.not {
            text.push_str(" -");
            text.push_str(&quoted(not));
        }
        text
    }
}

/// Phrases found in a post on average when there are so many of them: 0.05 for 1 000, 0.9 for 10 000.
fn hits_per_post(phrases: usize) -> f64 {
    let p = phrases as f64;
    if p <= 1_000.0 { 0.052 * p / 1_000.0 } else { (0.052 + (p - 1_000.0) * 0.85 / 9_000.0).min(9.5) }
}

/// Words of each language.
const WORDS: usize = 20_000;
/// Accounts that write.
const AUTHORS: usize = 20_000;
/// Microseconds from one post to the next.
const APART: i64 = 200;
/// When the first post was written: 2026-07-04T10:00:00Z.
const START: Timestamp = Timestamp(1_783_159_200_000_000);

/// The workload of this size; `phrases` and `rules` are counts.
pub fn workload(seed: u64, posts: usize, phrases: usize, rules: usize, shape: Shape) -> Workload {
    let prng = Prng::new(seed);
    let mut writer = Writer::new(&prng, phrases);
    let rules = (0..rules).map(|_| rule(&mut writer.rules, phrases)).collect();
    let mut ndjson = Vec::with_capacity(posts * if shape == Shape::Jetstream { 720 } else { 460 });
    for i in 0..posts {
        writer.post(START.plus(i as i64 * APART), shape, &mut ndjson);
    }
    Workload { phrases: writer.phrases, rules, ndjson, posts, planted: writer.planted }
}

/// A rule over `phrases` phrases: 5-20 of them in one to three groups, 15 % with a NOT.
fn rule(prng: &mut Prng, phrases: usize) -> Rule {
    let groups = match prng.unit() {
        u if u < 0.27 => 1,
        u if u < 0.63 => 2,
        _ => 3,
    };
    let mut chosen = BTreeSet::new();
    let size = (5 + prng.index(16)).min(phrases);
    while chosen.len() < size {
        chosen.insert(prng.index(phrases) as u32);
    }
    let not = Some(prng.index(phrases) as u32).filter(|n| prng.chance(0.15) && !chosen.contains(n));
    let mut split = vec![Vec::new(); groups];
    for (i, phrase) in chosen.into_iter().enumerate() {
        split[i % groups].push(phrase);
    }
    split.retain(|g| !g.is_empty());
    Rule { groups: split, not }
}

/// Writes posts.
struct Writer {
    es: Vocabulary,
    en: Vocabulary,
    phrases: Vec<String>,
    /// The phrases by language, since a phrase turns up in posts of its own, and how often each does: like
    /// words, a few of them often and most hardly ever.
    by_lang: [(Vec<u32>, Zipf); 2],
    hits: f64,
    authors: Vec<(String, String)>,
    activity: Zipf,
    texts: Prng,
    rules: Prng,
    planted: u64,
}

impl Writer {
    fn new(prng: &Prng, phrases: usize) -> Writer {
        let mut words = prng.fork("words");
        let mut taken = BTreeSet::new();
        let es = Vocabulary::new(&mut words, Lang::Es, WORDS, &mut taken);
        let en = Vocabulary::new(&mut words, Lang::En, WORDS, &mut taken);
        let mut by_lang = [Vec::new(), Vec::new()];
        let mut known = BTreeSet::new();
        let mut all = Vec::with_capacity(phrases);
        while all.len() < phrases {
            let lang = if words.chance(0.4) { Lang::Es } else { Lang::En };
            let of = if lang == Lang::Es { &es } else { &en };
            let phrase = phrase(&mut words, lang, of, &mut taken);
            if known.insert(phrase.clone()) {
                by_lang[lang as usize].push(all.len() as u32);
                all.push(phrase);
            }
        }
        let authors = (0..AUTHORS as u64).map(|n| (did(n), format!("{}{n}.bsky.social", es.middling(&mut words)))).collect();
        Writer {
            es,
            en,
            phrases: all,
            by_lang: by_lang.map(|phrases| {
                let ranks = Zipf::new(phrases.len());
                (phrases, ranks)
            }),
            hits: hits_per_post(phrases),
            authors,
            activity: Zipf::new(AUTHORS),
            texts: prng.fork("texts"),
            rules: prng.fork("rules"),
            planted: 0,
        }
    }

    /// Appends one post as a line.
    fn post(&mut self, at: Timestamp, shape: Shape, out: &mut Vec<u8>) {
        let lang = if self.texts.chance(0.4) { Lang::Es } else { Lang::En };
        let mut words = self.words(lang);
        let link = format!("https://{}.example/{:x}", self.en.middling(&mut self.texts), self.texts.below(1 << 32));
        let link = if self.texts.chance(0.22) { link } else { String::new() };
        let (author, other) = (self.activity.draw(&mut self.texts), self.activity.draw(&mut self.texts));
        let mention = self.texts.chance(0.16);
        self.decorate(&mut words, lang, &link, if mention { &self.authors[other].1 } else { "" }.to_owned());
        let text = words.join(" ");
        let id = tid(at);
        let url = format!("https://bsky.app/profile/{}/post/{id}", self.authors[author].1);
        let reply = self.texts.chance(0.50);
        let parent = tid(at.plus(-1_000_000 - self.texts.below(3_600_000_000) as i64));
        let ((did, handle), (other_did, other_handle)) = (&self.authors[author], &self.authors[other]);
        let answered = Reference { id: &parent, author: other_handle, author_id: other_did };
        let post = Post {
            id: &id,
            network: "bluesky",
            at,
            text: &text,
            lang: lang.pick("es", "en"),
            url: &url,
            author: Author { id: did, handle, followers: Count::of(self.texts.below(2_000)), ..Author::default() },
            in_reply_to: if reply { answered } else { Reference::default() },
            links: Lines(&link),
            mentions: Lines(if mention { other_did } else { "" }),
            ..Post::default()
        };
        shape.write(&post, at.plus(300_000), out);
    }

    /// The plain words of one post, with the phrases that were to come up: each takes the place of words
    /// that are as long together, so that a post is as long with thousands of phrases as with a few.
    fn words(&mut self, lang: Lang) -> Vec<String> {
        let prng = &mut self.texts;
        let vocabulary = if lang == Lang::Es { &self.es } else { &self.en };
        let n = 9 + prng.index(13);
        let mut words: Vec<String> = (0..n).map(|_| vocabulary.word(prng).to_owned()).collect();
        let (of_lang, ranks) = &self.by_lang[lang as usize];
        let mut phrases = Vec::new();
        let mut longer = 0;
        for _ in 0..prng.count(self.hits) {
            let Some(phrase) = of_lang.get(ranks.draw(prng)).map(|p| &self.phrases[*p as usize]) else { continue };
            if words.is_empty() {
                break;
            }
            longer += phrase.len() + 1;
            while let Some(word) = words.pop_if(|word| word.len() < longer) {
                longer -= word.len() + 1;
            }
            phrases.push(phrase.clone());
        }
        self.planted += phrases.len() as u64;
        for phrase in phrases {
            words.insert(prng.index(words.len() + 1), phrase);
        }
        words
    }

    /// Adds what posts have besides words: capitals, marks, emoji, a mention, a link.
    fn decorate(&mut self, words: &mut Vec<String>, lang: Lang, link: &str, mention: String) {
        let prng = &mut self.texts;
        let last = words.len() - 1;
        words[0] = capital(&words[0]);
        words[last].push_str(prng.pick::<&str>(&[".", "!", "?", "...", "", "", ""]));
        if prng.chance(0.07) {
            let at = prng.index(words.len());
            words[at] = format!("\"{}\"", words[at]);
        }
        if prng.chance(0.06) {
            let at = prng.index(words.len());
            words[at].push_str("\n\n");
        }
        if prng.chance(0.03) {
            words.push("&".into());
        }
        let curly = if lang == Lang::Es { 0.05 } else { 0.13 };
        if prng.chance(curly) {
            let at = prng.index(words.len());
            words[at] = format!("“{}”", words[at]);
        }
        if prng.chance(0.19) {
            words.push((*prng.pick(&["😂", "🔥", "😭", "❤️", "👀", "✨", "🙏🏽", "🤷‍♀️", "💀", "🎉"])).to_owned());
        }
        if !mention.is_empty() {
            words.insert(0, format!("@{mention}"));
        }
        if !link.is_empty() {
            words.push(link.to_owned());
        }
    }
}

/// One to three words: single ones are rare words of their own, longer ones are made of common ones,
/// so that their first words turn up often without the rest.
fn phrase(prng: &mut Prng, lang: Lang, vocabulary: &Vocabulary, taken: &mut BTreeSet<String>) -> String {
    let words = match prng.unit() {
        u if u < 0.4 => return fresh(prng, lang, 4, taken),
        u if u < 0.85 => 2,
        _ => 3,
    };
    (0..words).map(|_| vocabulary.middling(prng)).collect::<Vec<_>>().join(" ")
}

/// The word with a capital in front.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Token, TokenKind, Tokens};
    use std::collections::HashMap;

    /// What the slow way finds: (phrases, rules) that match, summed over all posts.
    fn matches(w: &Workload, texts: &[String]) -> (usize, usize) {
        let mut tokens = Tokens::default();
        let mut hashes = |text: &str| -> Vec<u64> {
            tokens.read(text);
            tokens.tokens().iter().filter(|t: &&Token| t.kind != TokenKind::Emoji).map(|t| t.hash).collect()
        };
        let index: HashMap<Vec<u64>, u32> = w.phrases.iter().enumerate().map(|(i, p)| (hashes(p), i as u32)).collect();
        assert_eq!(index.len(), w.phrases.len(), "all different without accents");
        let mut rules_of = vec![Vec::new(); w.phrases.len()];
        for (r, rule) in w.rules.iter().enumerate() {
            rule.groups[0].iter().for_each(|p| rules_of[*p as usize].push(r));
        }
        let (mut hits, mut fired) = (0, 0);
        for text in texts {
            let words = hashes(text);
            let found: BTreeSet<u32> = (1..=3).flat_map(|n| words.windows(n)).filter_map(|window| index.get(window)).copied().collect();
            let candidates: BTreeSet<usize> = found.iter().flat_map(|p| rules_of[*p as usize].iter().copied()).collect();
            let fires = |r: &&usize| {
                let rule = &w.rules[**r];
                rule.groups.iter().all(|g| g.iter().any(|p| found.contains(p))) && rule.not.is_none_or(|n| !found.contains(&n))
            };
            hits += found.len();
            fired += candidates.iter().filter(fires).count();
        }
        (hits, fired)
    }

    fn texts(w: &Workload, path: &[&str]) -> Vec<String> {
        let lines = w.ndjson.split(|b| *b == b'\n').filter(|l| !l.is_empty());
        let text = |l: &[u8]| {
            let v: serde_json::Value = serde_json::from_slice(l).expect("JSON");
            path.iter().fold(&v, |v, k| &v[*k]).as_str().expect("a text").to_owned()
        };
        lines.map(text).collect()
    }

    #[test]
    fn the_canonical_figures_hold() {
        const POSTS: usize = 10_000;
        let n = POSTS as f64;
        let w = workload(1, POSTS, 1_000, 1_000, Shape::Jetstream);
        let texts = texts(&w, &["commit", "record", "text"]);
        assert_eq!((texts.len(), w.phrases.len(), w.rules.len()), (POSTS, 1_000, 1_000));
        let (hits, fired) = matches(&w, &texts);
        let mut tokens = Tokens::default();
        let mut words = 0;
        for t in &texts {
            tokens.read(t);
            words += tokens.tokens().len();
        }
        let share = |f: &dyn Fn(&Rule) -> bool| w.rules.iter().filter(|r| f(r)).count() as f64 / 1_000.0;
        let table = [
            ("hits a post", hits as f64 / n, 0.044, 0.056),
            ("rules a post", fired as f64 / n, 0.15, 0.19),
            ("bytes a line", w.ndjson.len() as f64 / n, 680.0, 720.0),
            ("bytes of text", texts.iter().map(String::len).sum::<usize>() as f64 / n, 107.0, 117.0),
            ("words", words as f64 / n, 15.0, 17.0),
            ("non-ASCII", texts.iter().filter(|t| !t.is_ascii()).count() as f64 / n, 0.49, 0.55),
            ("rules with a NOT", share(&|r| r.not.is_some()), 0.12, 0.18),
            ("rules of one group", share(&|r| r.groups.len() == 1), 0.2, 0.4),
        ];
        for (what, got, low, high) in table {
            assert!((low..=high).contains(&got), "{what}: {got}");
        }
        let size = |r: &Rule| r.groups.iter().map(Vec::len).sum::<usize>();
        assert!(w.rules.iter().all(|r| (5..=20).contains(&size(r)) && r.groups.len() <= 3));
        assert!(hits as u64 >= w.planted * 97 / 100, "what was planted is found");
    }

    #[test]
    fn the_native_shape_and_the_large_set() {
        const POSTS: usize = 2_000;
        let w = workload(1, POSTS, 10_000, 10_000, Shape::Escucha);
        let (hits, fired) = matches(&w, &texts(&w, &["text"]));
        let per_post = |n: usize| n as f64 / POSTS as f64;
        assert!((0.85..1.0).contains(&per_post(hits)), "{}", per_post(hits));
        assert!((3.0..4.2).contains(&per_post(fired)), "{}", per_post(fired));
        assert!((424.0..464.0).contains(&per_post(w.ndjson.len())), "{}", per_post(w.ndjson.len()));
    }

    #[test]
    fn a_seed_is_a_workload() {
        let make = |seed| workload(seed, 200, 100, 100, Shape::Jetstream);
        let a = make(1);
        assert_eq!(a.ndjson, make(1).ndjson);
        assert_eq!(a.queries(), make(1).queries());
        assert_ne!(a.ndjson, make(2).ndjson);
        // An intended change of the workload changes this number; nothing else may.
        assert_eq!(xxhash_rust::xxh3::xxh3_64(&a.ndjson), 3_709_379_055_874_240_381);
        assert_eq!(a.queries().len(), 200);
    }
}
