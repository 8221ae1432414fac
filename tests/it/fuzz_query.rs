//! Any bytes as a query: no panic, bounded work, spans inside the text, and the oracle agrees with
//! the normal form.

use escucha::bilingual::Lang;
use escucha::eql::Given;
use escucha::eql::{self, Options};
use escucha::limits;
use escucha::post::Post;
use escucha::prng::Prng;
use escucha::query::Accents;

/// One run of the target.
pub fn query(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let chars = text.chars().count();
    for (accents, strict) in [(Accents::Fold, false), (Accents::Smart, true), (Accents::Exact, false)] {
        let options = Options { accents, strict, ..Options::default() };
        let parsed = eql::parse(&text, &options);
        assert_eq!(parsed.query.is_none(), parsed.problems.iter().any(|p| p.is_error), "{text:?}");
        assert!(parsed.problems.len() <= 4 * limits::QUERY_CHARS, "{text:?}");
        for p in &parsed.problems {
            assert!(p.span.start <= p.span.end && p.span.end as usize <= chars, "{text:?}: {p:?}");
        }
        if let Some(p) = parsed.problems.first() {
            assert!(eql::caret(&text, p, Lang::Es).contains('^'));
        }
        let Some(query) = parsed.query else { continue };
        let again = eql::parse(&parsed.normal, &options);
        let again = again.query.unwrap_or_else(|| panic!("{text:?} -> {:?}: {:?}", parsed.normal, again.problems));
        // What a person typed is a fair post for it, and both forms must say the same of it.
        let cut: String = text.chars().take(200).collect();
        let post = Post { text: &cut, ..Post::default() };
        let (one, two) = (eql::explain(&query, &post, &Given::NOTHING), eql::explain(&again, &post, &Given::NOTHING));
        assert_eq!((one.matched, one.leaves), (two.matched, two.leaves), "{text:?} -> {:?}", parsed.normal);
    }
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
];

#[test]
fn no_query_breaks_the_parser() {
    let mut random = Prng::new(7);
    let mut next = |n: usize| random.index(n);
    for round in 0..4000 {
        let length = 1 + next(if round % 10 == 0 { 60 } else { 9 });
        let text: String = (0..length).map(|_| PIECES[next(PIECES.len())]).collect();
        query(text.as_bytes());
    }
    for _ in 0..500 {
        let bytes: Vec<u8> = (0..next(40)).map(|_| next(256) as u8).collect();
        query(&bytes);
    }
    for hostile in ["(", ")", "-", "NOT ", "\"", "~", "a ", "a OR ", "NEAR/3 ", "#a#", "“a” ", "a?", "() ", "{a} ", "<<<>>>", "*", "ca* "]
    {
        query(hostile.repeat(100_000 / hostile.len()).as_bytes());
        query(hostile.repeat(4000 / hostile.len()).as_bytes());
    }
}
