mod fields;
mod total;

use super::*;
use crate::eql::{Options, parse};

fn matches(query: &str, accents: Accents, text: &str) -> bool {
    let parsed = parse(query, &Options { accents, ..Options::default() });
    let query = parsed.query.unwrap_or_else(|| panic!("{query}: {:?}", parsed.problems));
    explain(&query, &Post { text, ..Post::default() }, &Given::NOTHING).matched
}

#[test]
fn a_hostile_query_on_a_hostile_text_ends() {
    let nested = (0..30).fold("a".to_owned(), |q, _| format!("({q}) NEAR/50 a"));
    let groups = |wide: &str, n: usize| (0..n).map(|i| format!("(a OR {wide}b{i}\")")).collect::<Vec<_>>().join(" AND ");
    let lengths = (0..40).map(|i| format!("(\"a{}\" OR b{i})", " a".repeat(i % 4))).collect::<Vec<_>>().join(" AND ");
    let all = [
        nested,
        format!("({})~50", groups("\"", 60)),
        format!("({})~50", groups("\"a ", 30)),
        format!("({lengths})~50"),
        format!("\"{}\"~50", "a ".repeat(100)),
    ];
    for query in all {
        assert!(matches(&query, Accents::Fold, &"a ".repeat(300)), "{query}");
    }
}

/// What the examples of the language leave open.
#[test]
fn texts_that_match_and_texts_that_do_not() {
    let fold = Accents::Fold;
    for (query, accents, yes, no) in [
        ("bank", fold, "@bank_mx", "@bankmx"),
        ("@bank", fold, "thanks @bank.Bye", "x@bank"),
        ("@bank", fold, "@bank@mastodon.social", "@bank_mx"),
        ("@bank.bsky.social", fold, "hi @Bank.bsky.social!", "@bank.bsky.sociale"),
        ("#año", fold, "(#AÑO)", "#ano"),
        ("#no", fold, "#nó", "https://a.b/#no"),
        ("$tsla", fold, "up $TSLA!", "US$TSLA"),
        ("👋", fold, "👋🏽 hola", "👋\u{200D}🔥"),
        ("✌", fold, "✌\u{FE0F}", "v"),
        ("1", fold, "1\u{FE0F}\u{20E3}", "11"),
        ("comisión", Accents::Smart, "COMISIO\u{301}N", "comision"),
        ("ano", Accents::Smart, "año", "anos"),
        ("año", Accents::Smart, "AÑO", "ano"),
        ("ano", Accents::Exact, "ANO", "año"),
        ("{bbvá}", fold, "bbva", "BBVA"),
        ("{BBVA}", Accents::Exact, "BBVA", "BBVÁ"),
        ("strasse", fold, "Straße", "strase"),
        ("re?l", fold, "réal ", "re l"),
        ("re*l", fold, "rel", "rela"),
        ("x1 NEAR/0 y1", fold, "y1 x1", "x1 z y1"),
        ("x1 NEAR/0f y1", fold, "x1, y1", "y1 x1"),
        ("(a NEAR/3 b) NEAR/2 c", fold, "a b c", "a c b"),
        ("xy NEAR/2 xy*", fold, "xy xyz", "xy"),
        ("\"a b c\"~1", fold, "c x b a", "c x b x a"),
        ("\"a a\"~2", fold, "a x x a", "a"),
        ("a NEAR/1 b", fold, "a https://x.com b", "a https://x.com x b"),
        ("contains:\"ña c\"", fold, "MAÑA CÓ", "mana co"),
        ("contains:ab.c", fold, "https://xAB.Cd", "ab c"),
        ("\"no va\"", fold, "no… va", "no 😡 va"),
        ("a -(-b)", fold, "a b", "a"),
    ] {
        assert!(matches(query, accents, yes), "{query} on {yes}");
        assert!(!matches(query, accents, no), "{query} on {no}");
    }
}

#[test]
fn metadata_decides_fields() {
    let es = Post { text: "banco", lang: "pt-BR", network: "x", ..Post::default() };
    let m = |q: &str, post: &Post<'_>| explain(&parse(q, &Options::default()).query.unwrap(), post, &Given::NOTHING).matched;
    for (query, want) in [
        ("banco lang:pt", true),
        ("banco lang:pt-br", true),
        ("banco lang:ptb", false),
        ("banco network:X", true),
        ("banco -from:ana", true),
        ("banco from:ana", false),
    ] {
        assert_eq!(m(query, &es), want, "{query}");
    }
    let mut post = Post { text: "banco", ..Post::default() };
    post.author.handle = "Ána";
    post.in_reply_to.author = "bank";
    assert!(m("from:@ana to:BANK banco lang:und", &post));
    (post.author.id, post.in_reply_to.author_id) = ("did:plc:aB1", "17");
    assert!(m("from:did:plc:aB1 to:17", &post) && m("from:ana to:bank", &post));
    assert!(!m("from:did:plc:ab1", &post) && !m("from:17", &post) && !m("to:did:plc:aB1", &post));
}

#[test]
fn a_quoted_text_is_a_second_text() {
    let post = Post { text: "no", quoted_text: "va bien", ..Post::default() };
    let m = |q: &str, quoted| explain(&parse(q, &Options { quoted, ..Options::default() }).query.unwrap(), &post, &Given::NOTHING).matched;
    assert_eq!(
        [m("va", false), m("va", true), m("\"no va\"", true), m("no NEAR/3 va", true), m("no va", true)],
        [false, true, false, false, true]
    );
}

#[test]
fn occurrences_are_code_points_of_the_text() {
    let q = parse("aña OR contains:aa OR @b.c OR \"x y\"", &Options::default()).query.unwrap();
    let found = explain(&q, &Post { text: "😡 AN\u{303}A aaa @b.c! x-y aña", ..Post::default() }, &Given::NOTHING);
    let at: Vec<(u32, u32, usize)> = found.leaves.iter().map(|l| (l.start, l.end, l.leaf)).collect();
    assert_eq!(at, [(2, 6, 0), (7, 9, 1), (8, 10, 1), (11, 15, 2), (17, 20, 3), (21, 24, 0)]);
}
