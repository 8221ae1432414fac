//! The fast reader and the fast matcher against the slow ones, over real texts and over hard ones.

use escucha::eql::Given;
use escucha::query::NoFacts;
use std::io::BufRead;

use escucha::eql;
use escucha::matching::{Matcher, Scratch};
use escucha::post::{Author, Post, Reference};
use escucha::prng::Prng;
use escucha::query::{Accents, Attribute, Leaf, Node, Party, Query, Term};
use escucha::text::{self, TokenKind, Tokens, Word, word_hash};

use crate::data;

const MODES: [Accents; 3] = [Accents::Fold, Accents::Smart, Accents::Exact];

const FILES: [&str; 9] = [
    "banks-es/client_listener_2020-10.ndjson.gz",
    "priority-en/trecis_train.ndjson.gz",
    "airline-en/airline_first70.ndjson.gz",
    "jetstream/events_2026-07-04.jsonl",
    "mastodon/public_timeline_2020-04-16.ndjson",
    "news-es/es_news_opinion_2021-2022.json.gz",
    "x-v1-stream/sample_2015-03-20.ndjson.gz",
    "x-v1-stream/sample_2015-10-03.ndjson.gz",
    "x-v2/filtered_stream.ndjson",
];

/// Every string with a space in it, of every JSON line.
fn texts_of(file: &str) -> Vec<String> {
    fn collect(value: &serde_json::Value, out: &mut Vec<String>) {
        match value {
            serde_json::Value::String(s) if s.contains(' ') => out.push(s.clone()),
            serde_json::Value::Array(a) => a.iter().for_each(|v| collect(v, out)),
            serde_json::Value::Object(o) => o.values().for_each(|v| collect(v, out)),
            _ => {}
        }
    }
    let mut out = Vec::new();
    for line in data::read(file).unwrap_or_default().lines() {
        if let Ok(value) = line.map_err(|_| ()).and_then(|l| serde_json::from_str(&l).map_err(|_| ())) {
            collect(&value, &mut out);
        }
    }
    out
}

/// About `count` of them, spread over the whole.
fn some(texts: Vec<String>, count: usize) -> impl Iterator<Item = String> {
    let step = texts.len().div_ceil(count).max(1);
    texts.into_iter().step_by(step)
}

/// Strings made of what is hard to fold, to split and to tell apart.
fn hard(prng: &mut Prng) -> String {
    const PIECES: [&str; 56] = [
        "a",
        "B",
        "n",
        "N",
        "ñ",
        "Ñ",
        "c",
        "Ç",
        "ç",
        "e",
        "é",
        "ß",
        "ss",
        "İ",
        "i",
        "ı",
        "ﬁ",
        "ς",
        "Σ",
        "\u{301}",
        "\u{303}",
        "\u{327}",
        "\u{323}",
        "\u{345}",
        " ",
        " ",
        " ",
        "_",
        ".",
        "@",
        "#",
        "$",
        "-",
        "'",
        "*",
        "?",
        "http://",
        "HTTPS://",
        "<",
        "1",
        "²",
        "\u{FE0F}",
        "\u{20E3}",
        "\u{200D}",
        "👋",
        "🏽",
        "❤",
        "ℹ",
        "®",
        "🇲",
        "🇽",
        "한",
        "\u{1112}\u{1161}",
        "\u{11AB}",
        "日本",
        "𝐀",
    ];
    (0..1 + prng.index(14)).map(|_| PIECES[prng.index(PIECES.len())]).collect()
}

#[test]
fn the_fast_reader_agrees_with_the_reference() {
    let mut prng = Prng::new(7);
    let mut texts: Vec<String> = (0..10_000).map(|_| hard(&mut prng)).collect();
    texts.extend(FILES.iter().flat_map(|f| some(texts_of(f), 1500)));
    let mut tokens = Tokens::default();
    for text in &texts {
        tokens.read(text);
        let pieces = text::split(text, false);
        assert_eq!(tokens.tokens().len(), pieces.len(), "{text:?}");
        for (t, p) in tokens.tokens().iter().zip(pieces) {
            assert_eq!((t.start as usize, t.end as usize, t.kind), (p.start, p.end, p.kind), "{text:?}");
            let word = Word::literal(&text[p.start..p.end], Accents::Exact);
            let (base, hash) = if p.kind == TokenKind::Url { ("", 0) } else { (word.base(), word_hash(word.base())) };
            assert_eq!((tokens.base(t), t.hash), (base, hash), "{text:?}");
        }
    }
}

/// A world of texts, and queries about them.
struct World {
    prng: Prng,
    texts: Vec<String>,
}

impl World {
    fn text(&mut self) -> String {
        let i = self.prng.index(self.texts.len());
        self.texts[i].clone()
    }

    /// Consecutive words of a text, each written a little differently now and then.
    fn words(&mut self, most: usize) -> Vec<String> {
        let text = self.text();
        let pieces: Vec<_> = text::split(&text, false).into_iter().filter(|p| p.kind != TokenKind::Url).collect();
        if pieces.is_empty() {
            return vec!["nada".into()];
        }
        let first = self.prng.index(pieces.len());
        let count = 1 + self.prng.index(most.min(pieces.len() - first));
        pieces[first..first + count].iter().map(|p| self.vary(&text[p.start..p.end], p.kind)).collect()
    }

    fn vary(&mut self, word: &str, kind: TokenKind) -> String {
        let chars: Vec<char> = word.chars().collect();
        match self.prng.index(10) {
            0 => word.to_uppercase(),
            1 => text::base(word),
            2 => text::fold(word, Accents::Exact),
            3 => format!("{word}\u{301}"),
            4 | 5 if kind == TokenKind::Word && chars.len() > 2 => {
                chars[..2 + self.prng.index(chars.len() - 2)].iter().chain(&['*']).collect()
            }
            6 if kind == TokenKind::Word && chars.len() > 3 => {
                let hole = 2 + self.prng.index(chars.len() - 2);
                chars.iter().enumerate().map(|(i, c)| if i == hole { '?' } else { *c }).collect()
            }
            _ => word.to_string(),
        }
    }

    /// A name of an entity of a text.
    fn name(&mut self, sign: char) -> String {
        for _ in 0..20 {
            let text = self.text();
            let mut tokens = Tokens::default();
            tokens.read(&text);
            let named: Vec<_> = tokens.entities(&text).filter(|e| e.sign == sign).collect();
            if !named.is_empty() {
                let e = named[self.prng.index(named.len())];
                let end = if self.prng.index(2) == 0 { e.end } else { e.name_end };
                return text[e.start + 1..end].to_uppercase();
            }
        }
        "nadie".into()
    }

    fn term(&mut self, in_text: bool) -> Term {
        match self.prng.index(if in_text { 9 } else { 14 }) {
            0 => Term::Case(self.words(2).into_iter().map(|w| w.replace(['*', '?'], "")).collect()),
            1 => Term::Mention(self.name('@')),
            2 => Term::Hashtag(self.name('#')),
            3 => Term::Cashtag(self.name('$')),
            9 => Term::Lang(["es", "en", "pt-BR", "und"][self.prng.index(4)].into()),
            10 => Term::Is(Attribute::Network, ["x", "Bluesky"][self.prng.index(2)].into()),
            11 => Term::Account(Party::From, ["ana", "LUIS.bsky.social", "año", "did:plc:Ña"][self.prng.index(4)].into()),
            12 => Term::Account(Party::To, ["ANA", "luis.bsky.social", "17"][self.prng.index(3)].into()),
            13 => {
                let text = self.text();
                let chars: Vec<char> = text.chars().collect();
                let first = self.prng.index(chars.len());
                Term::Contains(chars[first..(first + 2 + self.prng.index(6)).min(chars.len())].iter().collect())
            }
            _ => Term::Phrase(self.words(3)),
        }
    }

    /// A tree over new leaves; inside a proximity only what has a place in the text.
    fn node(&mut self, depth: usize, near: bool, leaves: &mut Vec<Leaf>) -> Node {
        let choice = if depth == 0 { 0 } else { self.prng.index(9) };
        let mut several = |world: &mut World| (0..2 + world.prng.index(2)).map(|_| world.node(depth - 1, near, leaves)).collect::<Vec<_>>();
        match choice {
            1 | 2 if !near => Node::And(several(self)),
            3 | 4 => Node::Or(several(self)),
            5 if !near => Node::Not(Box::new(self.node(depth - 1, near, leaves))),
            6 => Node::Near {
                left: Box::new(self.node(depth - 1, true, leaves)),
                right: Box::new(self.node(depth - 1, true, leaves)),
                distance: self.prng.index(8) as u32,
                ordered: self.prng.index(2) == 0,
            },
            7 => {
                Node::Within { operands: (0..2).map(|_| self.node(depth - 1, true, leaves)).collect(), distance: self.prng.index(8) as u32 }
            }
            _ => {
                leaves.push(Leaf { span: 0..0, term: self.term(near) });
                Node::Leaf(leaves.len() - 1)
            }
        }
    }

    fn query(&mut self) -> Query {
        let mut leaves = Vec::new();
        let depth = self.prng.index(4);
        let root = self.node(depth, false, &mut leaves);
        Query { root, leaves, accents: MODES[self.prng.index(3)], quoted: self.prng.index(4) == 0 }
    }
}

/// Some queries on some posts: the same from the matcher, from the matcher without its index, and
/// from the slow evaluator. Returns how many matched.
fn compare(world: &mut World, queries: usize, posts: usize) -> usize {
    let queries: Vec<Query> = (0..queries).map(|_| world.query()).collect();
    let matchers = [Matcher::new(&queries), Matcher::without_index(&queries)];
    let mut scratch = Scratch::default();
    let mut hits = 0;
    for _ in 0..posts {
        let (own, quoted) = (world.text(), world.text());
        let post = Post {
            text: &own,
            quoted_text: if world.prng.index(3) == 0 { &quoted } else { "" },
            lang: ["es", "en-GB", ""][world.prng.index(3)],
            network: ["x", "bluesky"][world.prng.index(2)],
            author: Author {
                id: ["", "did:plc:Ña", "ANA"][world.prng.index(3)],
                handle: ["Ana", "luis.bsky.social", "AÑO", ""][world.prng.index(4)],
                ..Author::default()
            },
            in_reply_to: Reference { author: ["", "ana"][world.prng.index(2)], author_id: ["", "17"][world.prng.index(2)], id: "" },
            ..Post::default()
        };
        let slow: Vec<u32> =
            (0..queries.len() as u32).filter(|i| eql::explain(&queries[*i as usize], &post, &Given::NOTHING).matched).collect();
        for matcher in &matchers {
            let mut fast = Vec::new();
            matcher.matches(&post, &NoFacts, &mut scratch, &mut fast);
            let wrong = fast.iter().find(|i| !slow.contains(i)).or_else(|| slow.iter().find(|i| !fast.contains(i)));
            assert!(wrong.is_none(), "{post:?}\n{:?}", wrong.map(|i| &queries[*i as usize]));
            assert_eq!(fast, slow);
        }
        hits += slow.len();
    }
    hits
}

#[test]
fn the_matcher_agrees_with_the_slow_evaluator_on_real_texts() {
    let mut hits = 0;
    for (round, file) in FILES.iter().enumerate() {
        let all = texts_of(file);
        let mut prng = Prng::new(round as u64);
        // A query takes its words from few texts, so that many match.
        let few: Vec<String> = (0..40.min(all.len())).map(|_| all[prng.index(all.len())].clone()).filter(|t| t.len() < 1000).collect();
        if !few.is_empty() {
            hits += compare(&mut World { prng, texts: few }, 40, 25);
        }
    }
    assert!(hits > 300 || data::shared("jetstream").is_none(), "{hits} matches prove little");
}

#[test]
fn the_matcher_agrees_with_the_slow_evaluator_on_hard_texts() {
    let mut hits = 0;
    for round in 0..30 {
        let mut prng = Prng::new(round);
        // The iota subscript is left out: in `{…}` it is a mark to one side and a letter to the other.
        let texts = (0..30).map(|_| hard(&mut prng).replace('\u{345}', "")).collect();
        hits += compare(&mut World { prng, texts }, 60, 30);
    }
    assert!(hits > 3000, "{hits} matches prove little");
}
