//! The fuzz targets of the query language and of matching, on a seeded generator.
//!
//! `ESCUCHA_FUZZ_SECONDS` makes each run that long instead of a fixed number of rounds, with the seed
//! `ESCUCHA_FUZZ_SEED`.

use std::time::{Duration, Instant};

use escucha::prng::Prng;

#[path = "../../fuzz/src/queries.rs"]
mod queries;

/// A number of the environment.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|n| n.parse().unwrap_or_else(|_| panic!("{name}: a number")))
}

/// Runs `one` for so many rounds, or for as long as the environment says.
fn run(what: &str, rounds: u64, mut one: impl FnMut(&mut Prng, u64)) {
    let mut random = Prng::new(given("ESCUCHA_FUZZ_SEED").unwrap_or(7)).fork(what);
    let long = given("ESCUCHA_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut done = 0;
    while long.map_or(done < rounds, |end| Instant::now() < end) {
        one(&mut random, done);
        done += 1;
    }
    println!("{what}: {done} runs");
}

const PIECES: &[&str] = &[
    " ",
    " ",
    " ",
    "(",
    ")",
    "(",
    ")",
    "\"",
    "\"",
    "{",
    "}",
    "~",
    "~3",
    "~99",
    "-",
    "NOT ",
    " AND ",
    " OR ",
    " NEAR/2 ",
    " NEAR ",
    " ONEAR/3f ",
    "<<<",
    ">>>",
    "#",
    "@",
    "$",
    "*",
    "?",
    "a",
    "banco",
    "ñ",
    "n\u{303}",
    "\u{301}",
    "İ",
    "ß",
    "😡",
    "\u{200D}",
    "\u{FE0F}",
    "🇲🇽",
    "🇲",
    "from:",
    "lang:es",
    "contains:",
    "has:links",
    "autor:x",
    "[",
    "1 TO 2]",
    "\\",
    "“",
    "»",
    "https://a.b/c",
    "–",
    "_",
    ".",
    "1",
    "o",
    "\u{0}",
    "\n",
    "가",
    "\u{1100}\u{1161}",
    "list:",
    "list:bancos",
    "rule:",
    "rule:r0",
    "rule:\"año 2\"",
    "all:posts",
    "raw:",
    "url:",
    "url_contains:",
    "site:",
    "title:",
    "bio:",
    "hour:22..6",
    "weekday:sab..dom",
    "weekday:",
    "followers_count:",
    "priority:>=",
    "sentiment:",
    "sentiment:negative",
    "sample:50",
    "is:",
    "has:question",
    "1.000",
    "..",
    ">=",
    "entity:x",
    "engagementType:REPLY",
    "rating:3",
    "country:",
    "in_reply_to:17",
    "retweets_of:@ana",
    "-1",
    "~2",
];

#[test]
fn no_query_breaks_the_parser() {
    run("query", 4500, |random, round| {
        if round % 9 == 0 {
            let bytes: Vec<u8> = (0..random.index(40)).map(|_| random.next_u64() as u8).collect();
            return queries::query(&bytes);
        }
        let length = 1 + random.index(if round % 10 == 1 { 60 } else { 9 });
        let text: String = (0..length).map(|_| *random.pick(PIECES)).collect();
        queries::query(text.as_bytes());
    });
    for hostile in ["(", ")", "-", "NOT ", "\"", "~", "a ", "a OR ", "NEAR/3 ", "#a#", "“a” ", "a?", "() ", "{a} ", "<<<>>>", "*", "ca* "]
    {
        queries::query(hostile.repeat(100_000 / hostile.len()).as_bytes());
        queries::query(hostile.repeat(4000 / hostile.len()).as_bytes());
    }
}

/// Few words, so that much matches, and whatever is hard about texts.
const WORDS: &[&str] = &[
    "banco",
    "BANCO",
    "bancó",
    "caja",
    "año",
    "ano",
    "an\u{303}o",
    "a",
    "b",
    "ca",
    "OK",
    "ok",
    "no",
    "ß",
    "ss",
    "İ",
    "i\u{307}",
    "ﬁ",
    "ς",
    "Σ",
    "😡",
    "👋",
    "👋🏽",
    "❤",
    "❤\u{FE0F}",
    "1",
    "1\u{FE0F}\u{20E3}",
    "²",
    "🇲🇽",
    "🇲",
    "가",
    "\u{1100}\u{1161}",
    "\u{11AB}",
    "日本",
    "a_b",
    "wi-fi",
    "c\u{327}a",
    "ça",
    "𝐀",
    "é",
    "e\u{301}\u{323}",
    "r0",
];

/// Signs between and around the words of a text.
const SIGNS: &[&str] = &[
    " ",
    " ",
    " ",
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
    "?",
    "¿",
    "\u{301}",
    "\u{200D}",
    "\u{FE0F}",
    "<",
    "http://a.b/",
    " https://www.a.b/año?x=",
    "*",
    "\u{0}",
    "\u{345}",
    "🏽",
    "",
];

/// Fields with what they may say of the posts.
const FIELDS: &[&str] = &[
    "from:ana",
    "from:año",
    "to:a.b.c",
    "retweets_of:banco",
    "lang:es",
    "lang:pt",
    "lang:und",
    "network:x",
    "source_app:ñandu",
    "country:mx",
    "conversation_id:17",
    "in_reply_to:17",
    "site:example.com",
    "site:com",
    "url:a.b",
    "url:\"t co\"",
    "url:año",
    "url_contains:avi",
    "url_contains:.b/",
    "followers_count:>=20",
    "followers_count:<5",
    "following_count:0..20",
    "posts_count:9000",
    "listed_count:[0 TO 20]",
    "sentiment:negative",
    "sentiment:-0.2..0.4",
    "priority:>=50",
    "priority:<20",
    "hour:22..6",
    "hour:[3 TO 9]",
    "weekday:sab..dom",
    "weekday:mon",
    "sample:50",
    "has:links",
    "has:media",
    "has:question",
    "has:hashtags",
    "has:mentions",
    "has:cashtags",
    "has:emoji",
    "has:images",
    "is:retweet",
    "is:reply",
    "is:quote",
    "is:original",
    "is:verified",
    "is:sensitive",
    "is:direct",
    "is:edited",
    "list:bancos",
    "rule:r0",
    "rule:r1",
    "rule:\"año 2\"",
    "all:posts",
    "bio_name:ano",
    "bio_location:\"la jefa\"",
    "place:mex*",
    "@ana",
    "has:geo",
];

fn word(random: &mut Prng) -> String {
    let word = *random.pick(WORDS);
    match random.index(9) {
        0 => format!("{word}*"),
        1 => format!("{word}?"),
        2 => format!("{word}{}", random.pick(WORDS)),
        _ => word.to_owned(),
    }
}

/// A term that may stand inside a proximity.
fn placed(random: &mut Prng) -> String {
    let some: Vec<String> = (0..1 + random.index(3)).map(|_| word(random)).collect();
    match random.index(9) {
        0 => format!("\"{}\"", some.join(" ")),
        1 => format!("\"{}\"~{}", some.join(" "), random.index(5)),
        2 => format!("{{{}}}", some.join(" ")),
        3 => format!("#{}", random.pick(WORDS)),
        4 => format!("@{}", some.join(*random.pick(&[".", "@", "-", ""]))),
        _ => word(random),
    }
}

fn term(random: &mut Prng) -> String {
    let place = ["title", "bio", "contains", "raw"];
    match random.index(8) {
        0..=2 => (*random.pick(FIELDS)).to_owned(),
        3 => {
            let some: String = (0..1 + random.index(3)).map(|_| format!("{}{}", random.pick(WORDS), random.pick(SIGNS))).collect();
            format!("{}:\"{}\"", random.pick(&place), some)
        }
        4 => format!("${}", random.pick(WORDS)),
        _ => placed(random),
    }
}

fn tree(random: &mut Prng, depth: usize, is_placed: bool) -> String {
    let kind = if depth == 0 { 9 } else { random.index(10) };
    let near = |random: &mut Prng, join: &str| {
        let (one, two) = (tree(random, depth - 1, true), tree(random, depth - 1, true));
        format!("(({one}) {join} ({two}))")
    };
    match kind {
        0 | 1 if !is_placed => format!("{} {}", tree(random, depth - 1, false), tree(random, depth - 1, false)),
        2 if !is_placed => format!("{} -({})", tree(random, depth - 1, false), tree(random, depth - 1, false)),
        3 | 4 => format!("({} OR {})", tree(random, depth - 1, is_placed), tree(random, depth - 1, is_placed)),
        5 => {
            let join = format!("NEAR/{}", random.index(5));
            near(random, &join)
        }
        6 => {
            let join = format!("ONEAR/{}", random.index(5));
            near(random, &join)
        }
        7 => {
            let all: Vec<String> = (0..2 + random.index(3)).map(|_| format!("({})", tree(random, depth - 1, true))).collect();
            format!("({})~{}", all.join(" AND "), random.index(5))
        }
        _ if is_placed => placed(random),
        _ => term(random),
    }
}

/// A post's text, its pieces glued by signs.
fn text(random: &mut Prng) -> String {
    (0..random.index(14)).map(|_| format!("{}{}", random.pick(WORDS), random.pick(SIGNS))).collect()
}

/// Lines for the target; a query's first byte is 128 or more. A query is a fair post for itself.
fn lines(random: &mut Prng) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut typed = Vec::new();
    for _ in 0..2 + random.index(6) {
        let depth = random.index(4);
        let query = tree(random, depth, false);
        bytes.push(0x80 | random.next_u64() as u8);
        bytes.extend(query.bytes());
        bytes.push(b'\n');
        typed.push(query);
    }
    for _ in 0..1 + random.index(4) {
        let (own, other) = (text(random), text(random));
        let own = if random.index(2) == 0 { format!("{}{}{own}", random.pick(&typed), random.pick(SIGNS)) } else { own };
        bytes.push(b'a' + random.index(26) as u8);
        bytes.extend(format!("{own}\t{other}\n").bytes());
    }
    bytes
}

#[test]
fn nothing_makes_the_matchers_differ() {
    let (mut queries, mut hits) = (0, 0);
    run("matching", 3000, |random, round| {
        let mut bytes = lines(random);
        for _ in 0..if round % 3 == 0 { random.index(4) } else { 0 } {
            let at = random.index(bytes.len());
            bytes[at] = random.next_u64() as u8;
        }
        let (read, matched) = queries::matching(&bytes);
        queries += read;
        hits += matched;
    });
    println!("{queries} queries, {hits} matches");
    assert!(queries > 3000 && hits > 1000, "{queries} queries with {hits} matches prove little");
}
