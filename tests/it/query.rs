//! The query language from outside: the public vectors, the round trip, the pages for users.

use escucha::eql::{self, Code, Names, Options};
use escucha::query::{Accents, Node, Query, Term};
use proptest::prelude::*;
use serde_json::Value;

use crate::{data, native, powertrack};

fn accents(v: &Value) -> Accents {
    match v["accents"].as_str() {
        Some("smart") => Accents::Smart,
        Some("exact") => Accents::Exact,
        _ => Accents::Fold,
    }
}

fn text<'a>(v: &'a Value, key: &str) -> &'a str {
    v[key].as_str().unwrap_or("")
}

/// Runs one vector.
fn vector(v: &Value) {
    let query = text(v, "query");
    let parsed = eql::parse(query, &Options { accents: accents(v), ..Options::default() });
    let codes: Vec<&str> = parsed.problems.iter().map(|p| p.code.as_str()).collect();
    if let Some(code) = v["error"].as_str().or(v["warning"].as_str()) {
        assert_eq!((codes, parsed.query.is_some()), (vec![code], v["error"].is_null()), "{query}");
        return;
    }
    let found = parsed.query.unwrap_or_else(|| panic!("{query}: {codes:?}"));
    for (key, want) in [("match", true), ("no_match", false)] {
        let posts = v[key].as_array().unwrap();
        assert!(!posts.is_empty(), "{query}");
        for post in posts {
            assert_eq!(native::matches(&found, post, &[]), want, "{query} on {post}");
        }
        assert_eq!(by_command(v, posts), vec![want; posts.len()], "{query}");
    }
}

/// Whether each of the posts matches, as `escucha match` says.
fn by_command(v: &Value, posts: &[Value]) -> Vec<bool> {
    let lines: String = posts.iter().map(|p| format!("{}\n", native::post(p))).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines).unwrap();
    let accents = v["accents"].as_str().unwrap_or("fold");
    let (code, out, err) = powertrack::call(&["match", "--accents", accents, "--query", text(v, "query"), file.path().to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["matched"] != Value::Array(Vec::new())).collect()
}

#[test]
fn all_public_vectors_hold() {
    let Some(bytes) = data::read("query/query_vectors.jsonl") else { return };
    let vectors: Vec<Value> = bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
    assert_eq!(vectors.len(), 85);
    vectors.iter().for_each(vector);
}

/// Fields in every notation that they have.
const FIELDS: [&str; 40] = [
    "retweets_of:@ana",
    "at_mentions:@a.b!",
    "hashtag:Año",
    "in_reply_to:17",
    "conversation_id:\"a b\"",
    "source:Web",
    "country:MEX",
    "place_country:es",
    "title:\"caj* no\"",
    "bio:año",
    "BIO_NAME:ana",
    "bio_location:«Ciudad de México»",
    "place:madrid",
    "raw:\"Google+\"",
    "raw:\"ñ \\\\ ¡\"",
    "url:https://bancomer.com/a?b=1",
    "links:bancomer.com",
    "url_contains:utm_",
    "site:news.example",
    "followers_count:1000",
    "authorFollowers:[10 TO 20]",
    "min_followers:>=3",
    "friends_count:<5",
    "tweets_count:1..2",
    "listed_count:>0",
    "sentiment:negative",
    "sentiment:-0.5..0.5",
    "priority:>=70",
    "hour:22..6",
    "hour:[9 TO 17]",
    "weekday:sab..dom",
    "sample:50",
    "has:links",
    "has:question",
    "has:videos",
    "is:repost",
    "is:original",
    "engagementType:REPLY",
    "authorVerified:true",
    "is:nullcast",
];

/// Queries of every construct that is built, well-formed but for exclusions in odd places.
pub fn queries() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "banco",
        "caída",
        "año",
        "no",
        "wi-fi",
        "reclam*",
        "customi?e",
        "😡",
        "¡hola!",
        "€5",
        "$90",
        "OK",
        "a<<<nota>>>b",
        "–x",
        "I.B.M.",
    ]);
    let words = prop::collection::vec(word.clone(), 1..4).prop_map(|w| w.join(" ").replace("<<<nota>>>", "_"));
    let term = prop_oneof![
        6 => word.prop_map(str::to_owned),
        2 => words.clone().prop_map(|w| format!("\"{w}\"")),
        1 => words.clone().prop_map(|w| format!("«{w} \\\\»")),
        1 => (words.clone(), 0..=50u32).prop_map(|(w, n)| format!("\"x {w}\"~{n}")),
        1 => words.prop_map(|w| format!("{{{w}}}")),
        2 => prop::sample::select(vec!["#Año", "@a.b@c-d,", "$TSLA", "#x!", "@_a"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["from:@ana", "AUTHOR:\"ana b\"", "to:x", "lang:pt-BR", "network:x", "contains:\"a \\\" b\"", "contains:<<<"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(FIELDS.to_vec()).prop_map(str::to_owned),
    ];
    term.prop_recursive(5, 40, 4, |inner| {
        let operand = inner.clone();
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|s| s.join(" ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|s| s.join(" AND ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|s| s.join(" OR ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|s| format!("(({}))", s.join(" OR "))),
            inner.clone().prop_map(|s| format!("({s})")),
            inner.clone().prop_map(|s| format!("b1 -({s})")),
            inner.clone().prop_map(|s| format!("b2 NOT NOT {s}")),
            (inner.clone(), operand.clone(), 0..=50u32).prop_map(|(a, b, n)| format!("({a}) NEAR/{n}f ({b})")),
            (inner, operand, 0..=50u32).prop_map(|(a, b, n)| format!("(({a}) AND ({b}))~{n}")),
        ]
    })
}

/// The meaning alone, without places in the text.
fn meaning(q: &Query) -> (&Node, Vec<&Term>, Accents, bool) {
    (&q.root, q.leaves.iter().map(|l| &l.term).collect(), q.accents, q.quoted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_normal_form_means_the_same_and_is_its_own(text in queries()) {
        let options = Options::default();
        let parsed = eql::parse(&text, &options);
        let Some(query) = &parsed.query else {
            // Terms are drawn freely, so some land where the language does not admit them.
            let known = [Code::E112, Code::E117, Code::E118, Code::E119, Code::E201, Code::E202, Code::E203, Code::E146, Code::E147];
            prop_assert!(parsed.problems.iter().filter(|p| p.is_error).all(|p| known.contains(&p.code)), "{text}: {:?}", parsed.problems);
            return Ok(());
        };
        let again = eql::parse(&parsed.normal, &options);
        let second = again.query.as_ref();
        prop_assert!(second.is_some(), "{text} -> {}: {:?}", parsed.normal, again.problems);
        prop_assert_eq!(second.map(meaning), Some(meaning(query)), "{} -> {}", text, parsed.normal);
        prop_assert_eq!(&again.normal, &parsed.normal, "{}", text);
    }
}

#[test]
fn most_random_queries_are_good_and_use_every_construct() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = queries();
    let parsed: Vec<Query> =
        (0..500).filter_map(|_| eql::parse(&strategy.new_tree(&mut runner).unwrap().current(), &Options::default()).query).collect();
    assert!(parsed.len() > 200, "{}", parsed.len());
    let has = |wanted: fn(&Node) -> bool| parsed.iter().any(|q| contains(&q.root, wanted));
    assert!(has(|n| matches!(n, Node::Near { .. })) && has(|n| matches!(n, Node::Within { .. })) && has(|n| matches!(n, Node::Not(_))));
}

fn contains(node: &Node, wanted: fn(&Node) -> bool) -> bool {
    wanted(node)
        || match node {
            Node::And(s) | Node::Or(s) | Node::Within { operands: s, .. } => s.iter().any(|n| contains(n, wanted)),
            Node::Not(n) => contains(n, wanted),
            Node::Near { left, right, .. } => contains(left, wanted) || contains(right, wanted),
            Node::Leaf(_) => false,
        }
}

/// `text *(from=ana, followers_count=200)*` as a post of the vectors.
fn example(cell: &str) -> Value {
    let (text, meta) = cell.rsplit_once(" *(").unwrap_or((cell, ")*"));
    let mut post = serde_json::json!({ "text": text.trim() });
    for (key, value) in meta.trim_end_matches(")*").split(", ").filter_map(|p| p.split_once('=')) {
        // Numbers, true and false are what they look like; links are a list.
        let plain = serde_json::from_str(value).ok().filter(|v: &Value| v.is_number() || v.is_boolean());
        post[key] = if key == "urls" { Value::from(vec![value]) } else { plain.unwrap_or_else(|| value.into()) };
    }
    post
}

/// Runs every table row of a page whose first cell is a query; returns how many of each kind.
fn page(name: &str, source: &str) -> (usize, usize) {
    let (mut examples, mut problems) = (0, 0);
    // What the pages say that `list:bancos` and `rule:caida` are.
    let mut names = Names::default();
    assert!(names.add_list("bancos", ["bbva", "banco ejemplo"]).is_empty());
    names.add_rule("caida");
    let rules = [("caida", eql::parse("\"no funciona\"", &Options::default()).query.unwrap())];
    for line in source.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let typed = cells[0].trim_matches('`');
        let code = cells[1].trim_matches('`');
        let accents =
            [("smart", Accents::Smart), ("exact", Accents::Exact)].into_iter().find(|(n, _)| line.contains(&format!("accents: {n}")));
        let parsed =
            eql::parse(typed, &Options { accents: accents.map_or(Accents::Fold, |(_, a)| a), names: Some(&names), ..Options::default() });
        if Code::ALL.iter().any(|c| c.as_str() == code) {
            assert!(parsed.problems.iter().any(|p| p.code.as_str() == code), "{name}: {typed}: {:?}", parsed.problems);
            problems += 1;
            continue;
        }
        let query = parsed.query.unwrap_or_else(|| panic!("{name}: {typed}: {:?}", parsed.problems));
        for (cell, want) in [(cells[1], true), (cells[2], false)] {
            for post in cell.split("<br>") {
                assert_eq!(native::matches(&query, &example(post), &rules), want, "{name}: {typed} on {post}");
            }
        }
        examples += 1;
    }
    (examples, problems)
}

#[test]
fn the_examples_of_the_pages_for_users_are_true() {
    let es = page("es", include_str!("../../docs/query-language.es.md"));
    let en = page("en", include_str!("../../docs/query-language.md"));
    assert_eq!(es, en);
    assert!(es.0 >= 70 && es.1 >= 45, "{es:?}");
}
