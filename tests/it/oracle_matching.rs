//! The fast reader and the fast matcher against the slow ones, over real texts and over hard ones.

use std::io::BufRead;

use escucha::eql;
use escucha::matching::{Matcher, Scratch};
use escucha::post::{Author, Count, Kind, Lines, Media, Post, Reference};
use escucha::prng::Prng;
use escucha::query::{Accents, Attribute, Decimals, Facts, Flag, Leaf, Measure, Named, Node, Party, Place, Query, Term};
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

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.prng.index(of.len())]
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.prng.index(3) > 0).then_some(value)
    }

    /// A piece of a text.
    fn piece(&mut self, text: &str, most: usize) -> String {
        let chars: Vec<char> = text.chars().collect();
        let first = self.prng.index(chars.len().max(1));
        chars.iter().skip(first).take(2 + self.prng.index(most)).collect()
    }

    fn term(&mut self, in_text: bool) -> Term {
        match self.prng.index(if in_text { 8 } else { 26 }) {
            0 => Term::Case(self.words(2).into_iter().map(|w| w.replace(['*', '?'], "")).collect()),
            1 => Term::Mention(self.name('@')),
            2 => Term::Hashtag(self.name('#')),
            8 => Term::Cashtag(self.name('$')),
            9 => Term::Lang(self.one(&["es", "en", "pt-BR", "und"]).into()),
            10 => Term::Is(self.one(&[Attribute::Network, Attribute::SourceApp]), self.one(&["x", "Bluesky", "ÑANDÚ", "ñandu"]).into()),
            11 => Term::Is(Attribute::Country, self.one(&["mx", "MX", "es"]).into()),
            12 => Term::Is(self.one(&[Attribute::Conversation, Attribute::InReplyTo]), self.one(&["c1", "C1", "17"]).into()),
            13 => Term::Account(
                self.one(&[Party::From, Party::To, Party::RetweetsOf]),
                self.one(&["ana", "LUIS.bsky.social", "año", "did:plc:Ña", "17"]).into(),
            ),
            14 | 15 => {
                let (text, most) = (self.text(), 6);
                Term::Contains(self.piece(&text, most))
            }
            16 => {
                let (text, most) = (self.text(), 6);
                Term::Raw(self.piece(&text, most))
            }
            17 => Term::In(self.one(&PLACES), self.words(2)),
            18 => Term::In(self.one(&PLACES), vec![self.one(&["jefa", "Año", "ano", "mex*"]).into()]),
            19 => {
                let link = self.one(&LINKS);
                let pieces = text::split(link.split("://").last().unwrap(), false);
                let first = self.prng.index(pieces.len());
                let some = pieces.iter().skip(first).take(1 + self.prng.index(3));
                let link = link.split("://").last().unwrap();
                Term::Url(some.map(|p| link[p.start..p.end].to_uppercase()).collect())
            }
            20 => {
                let link = self.one(&LINKS);
                Term::UrlContains(self.piece(link, 6).to_uppercase())
            }
            21 => Term::Site(self.one(&["example.com", "news.EXAMPLE.com", "ñu.es", "com"]).into()),
            22 => Term::Number(
                self.one(&[Measure::Followers, Measure::Following, Measure::Posts, Measure::Listed, Measure::Sentiment, Measure::Priority]),
                self.one(&[
                    Decimals { from: -Decimals::ONE, to: 0 },
                    Decimals { from: 0, to: 20 * Decimals::ONE },
                    Decimals { from: 20 * Decimals::ONE, to: i64::MAX },
                ]),
            ),
            23 if self.prng.index(2) == 0 => Term::Hour { from: self.prng.index(24) as u8, to: self.prng.index(24) as u8 },
            23 => Term::Weekday { from: self.prng.index(7) as u8, to: self.prng.index(7) as u8 },
            24 => Term::Flag(Flag::ALL[self.prng.index(Flag::ALL.len())].2),
            25 if self.prng.index(4) == 0 => Term::Everything,
            25 => Term::Sample(self.one(&[1, 30, 60, 100])),
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

    /// A query that may name rules, any below `rules`; one that is never there is the last.
    fn query(&mut self, rules: usize) -> Query {
        let mut leaves = Vec::new();
        let depth = self.prng.index(4);
        let mut root = self.node(depth, false, &mut leaves);
        if self.prng.index(3) == 0 {
            let named = self.prng.index(rules + 1);
            let name = if named == rules { "unknown".into() } else { format!("r{named}") };
            leaves.push(Leaf { span: 0..0, term: Term::Rule(name) });
            let mut rule = Node::Leaf(leaves.len() - 1);
            if self.prng.index(3) == 0 {
                rule = Node::Not(Box::new(rule));
            }
            let both = vec![root, rule];
            root = if self.prng.index(2) == 0 { Node::Or(both) } else { Node::And(both) };
        }
        Query { root, leaves, accents: MODES[self.prng.index(3)], quoted: self.prng.index(4) == 0 }
    }

    fn facts(&mut self) -> Told {
        let flags = Flag::ALL.iter().map(|f| f.2).filter(|f| *f != Flag::Nullcast);
        let told = flags.filter_map(|f| if self.prng.index(8) == 0 { Some((f, self.prng.index(2) == 0)) } else { None }).collect();
        let (tenths, hour) = (self.prng.index(21) as f64, self.prng.index(24) as u8);
        Told { sentiment: self.maybe(tenths / 10.0 - 1.0), hour: self.maybe(hour), told }
    }

    fn reference(&mut self) -> Reference<'static> {
        Reference { author: self.one(&["", "ana", "AÑO"]), author_id: self.one(&["", "17"]), id: self.one(&["", "17", "c1"]) }
    }
}

const PLACES: [Place; 5] = [Place::Title, Place::Bio, Place::BioName, Place::BioLocation, Place::Place];

const LINKS: [&str; 4] =
    ["https://www.bancomer.com/avisos?id=7", "HTTP://t.co/AbÑ", "https://l.example.com/r_a?u=año.es/É", "www.bancomer.org/x-7"];

/// Facts that differ by scope.
struct Told {
    sentiment: Option<f64>,
    hour: Option<u8>,
    told: Vec<(Flag, bool)>,
}

impl Facts for Told {
    fn sentiment(&self) -> Option<f64> {
        self.sentiment
    }
    fn priority(&self, scope: u32) -> Option<f64> {
        (scope != 1).then_some(f64::from(scope) * 15.0)
    }
    fn hour(&self, scope: u32) -> Option<u8> {
        self.hour.map(|h| (h + scope as u8) % 24)
    }
    fn weekday(&self, scope: u32) -> Option<u8> {
        self.hour.map(|h| (h + 3 * scope as u8) % 7)
    }
    fn is_direct(&self, scope: u32) -> bool {
        scope == 2
    }
    fn told(&self, flag: Flag) -> Option<bool> {
        self.told.iter().find(|t| t.0 == flag).map(|t| t.1)
    }
}

/// Some queries on some posts: the same from the matcher, from the matcher without its index, and
/// from the slow evaluator. Returns how many matched.
fn compare(world: &mut World, queries: usize, posts: usize) -> usize {
    // Three queries to a rule, which stand on rules before them only, and some that belong to none.
    let queries: Vec<(Query, String)> =
        (0..queries).map(|i| (world.query(i / 3), if world.prng.index(4) == 0 { String::new() } else { format!("r{}", i / 3) })).collect();
    let named = queries.iter().enumerate().map(|(i, (query, name))| Named { query, name, scope: i as u32 % 4 });
    let named: Vec<Named<'_>> = named.collect();
    let matchers = [Matcher::new(named.iter().copied()), Matcher::without_index(named.iter().copied())];
    let mut scratch = Scratch::default();
    let mut hits = 0;
    for number in 0..posts {
        let (mut own, quoted, other) = (world.text(), world.text(), world.text());
        if world.prng.index(4) == 0 {
            own = format!("{own} {} {}", world.one(&LINKS), world.one(&["", "¿y?", "#b $c", "😡"]));
        }
        let (facts, id, links) = (world.facts(), format!("at://{number}"), format!("{}\n{}", world.one(&LINKS), world.one(&LINKS)));
        let count = |world: &mut World| world.one(&[Count::UNKNOWN, Count::of(0), Count::of(20), Count::of(9_000)]);
        let some = |world: &mut World, s| world.maybe(s).unwrap_or("");
        let post = Post {
            kind: world.one(&[Kind::Create, Kind::Update]),
            id: &id,
            text: &own,
            quoted_text: if world.prng.index(3) == 0 { &quoted } else { "" },
            title: some(world, &other),
            lang: world.one(&["es", "en-GB", ""]),
            network: world.one(&["x", "bluesky"]),
            url: world.one(&["", "https://news.example.com/a", "http://ÑU.es:80/com", "https://x.com?example.com"]),
            author: Author {
                id: world.one(&["", "did:plc:Ña", "ANA"]),
                handle: world.one(&["Ana", "luis.bsky.social", "AÑO", ""]),
                name: world.one(&["", "Jefa ano", "Feliz Año"]),
                bio: some(world, &other),
                location: world.one(&["", "México", "la jefa, Mexico"]),
                followers: count(world),
                following: count(world),
                posts: count(world),
                listed: count(world),
                verified: world.prng.index(2) == 0,
            },
            in_reply_to: world.reference(),
            repost_of: world.reference(),
            quote_of: world.reference(),
            conversation_id: world.one(&["", "c1", "C1"]),
            links: Lines(some(world, &links)),
            mentions: Lines(world.one(&["", "@ana"])),
            media: Media(world.one(&[0, 0, 1, 2, 4, 8, 5])),
            place: world.one(&["", "Año Nuevo", "mexicali"]),
            country: world.one(&["", "MX", "es"]),
            sensitive: world.prng.index(2) == 0,
            source_app: world.one(&["", "Ñandú", "X"]),
            ..Post::default()
        };
        let slow = eql::explain_all(named.iter().copied(), &post, &facts);
        for matcher in &matchers {
            let mut fast = Vec::new();
            matcher.matches(&post, &facts, &mut scratch, &mut fast);
            let wrong = fast.iter().find(|i| !slow.contains(i)).or_else(|| slow.iter().find(|i| !fast.contains(i)));
            assert!(wrong.is_none(), "{post:?}\n{:?} fast: {fast:?}", wrong.map(|i| (i, &named[*i as usize])));
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
        let texts = (0..30).map(|_| hard(&mut prng)).collect();
        hits += compare(&mut World { prng, texts }, 60, 30);
    }
    assert!(hits > 3000, "{hits} matches prove little");
}
