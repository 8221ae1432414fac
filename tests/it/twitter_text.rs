//! The conformance cases of twitter-text: what they find in a text is what is found here, but where
//! the query language decides otherwise; `docs/twitter-text.md` lists every such case.

use std::collections::{BTreeMap, BTreeSet};

use escucha::eql::{self, Given, Options};
use escucha::post::Post;
use escucha::query::{Accents, Term};
use escucha::text::{TokenKind, Tokens, split};
use serde_json::Value;

use crate::data;

/// A thing found in a text: what it is called and its place in code points.
type Found = (String, usize, usize);

fn points(text: &str, byte: usize) -> usize {
    text[..byte].chars().count()
}

/// Entities of one sign, without it, each with the place of sign and name.
fn entities(text: &str, sign: char) -> Vec<Found> {
    let mut tokens = Tokens::default();
    tokens.read(text);
    let own = tokens.entities(text).filter(|e| e.sign == sign);
    own.map(|e| (text[e.start + 1..e.name_end].to_owned(), points(text, e.start), points(text, e.name_end))).collect()
}

fn links(text: &str) -> Vec<Found> {
    let mut tokens = Tokens::default();
    tokens.read(text);
    let own = tokens.tokens().iter().filter(|t| t.kind == TokenKind::Url).map(|t| (t.start as usize, t.end as usize));
    own.map(|(a, b)| (text[a..b].to_owned(), points(text, a), points(text, b))).collect()
}

/// Where the slow evaluator finds a term in a text.
fn explained(query: &str, text: &str) -> Vec<(usize, usize)> {
    let parsed = eql::parse(query, &Options { accents: Accents::Exact, ..Options::default() });
    let query = parsed.query.unwrap_or_else(|| panic!("{query}: {:?}", parsed.problems));
    let found = eql::explain(&query, &Post { text, ..Post::default() }, &Given::NOTHING);
    found.leaves.iter().map(|l| (l.start as usize, l.end as usize)).collect()
}

/// Whether a query can ask for this name, as a whole and not as a handle with a server.
fn is_name(sign: char, name: &str) -> bool {
    let query = eql::parse(&format!("{sign}{name}"), &Options::default()).query;
    let term = query.as_ref().and_then(|q| q.leaves.first()).map(|l| &l.term);
    matches!(term, Some(Term::Mention(n) | Term::Hashtag(n) | Term::Cashtag(n)) if n == name && !n.contains(['.', '@', '-']))
}

/// The slow evaluator finds the same entities, and words where the fast reader does: none in links.
fn slow_agrees(text: &str, expected: &[String]) {
    for sign in ['#', '@', '$'] {
        let fast = entities(text, sign);
        let names: BTreeSet<&String> = fast.iter().map(|f| &f.0).chain(expected).collect();
        for name in names.into_iter().filter(|n| is_name(sign, n)) {
            let same = |f: &&Found| escucha::text::fold(&f.0, Accents::Fold) == escucha::text::fold(name, Accents::Fold);
            let want: Vec<(usize, usize)> = fast.iter().filter(same).map(|f| (f.1, f.2)).collect();
            assert_eq!(explained(&format!("{sign}{name}"), text), want, "{sign}{name} in {text}");
        }
    }
    let mut tokens = Tokens::default();
    tokens.read(text);
    let opened = text.replace("://", " ");
    let words: BTreeSet<&str> =
        split(&opened, false).iter().filter(|p| p.kind == TokenKind::Word).map(|p| &opened[p.start..p.end]).collect();
    let exact = |s: &str| escucha::text::fold(s, Accents::Exact);
    for word in words {
        let own = tokens.tokens().iter().filter(|t| t.kind == TokenKind::Word).map(|t| (t.start as usize, t.end as usize));
        let want: Vec<(usize, usize)> =
            own.filter(|(a, b)| exact(&text[*a..*b]) == exact(word)).map(|(a, b)| (points(text, a), points(text, b))).collect();
        assert_eq!(explained(&format!("\"{word}\""), text), want, "{word} in {text}");
    }
}

/// What a case expects: names, and places where it gives them.
fn expected(case: &Value) -> (Vec<String>, Option<Vec<(usize, usize)>>) {
    let Some(list) = case["expected"].as_array() else { return (Vec::new(), None) };
    let key = |v: &Value| ["screen_name", "hashtag", "cashtag", "url"].into_iter().find_map(|k| v[k].as_str().map(str::to_owned));
    let names = list.iter().map(|v| {
        let slug = v["list_slug"].as_str().unwrap_or_default();
        v.as_str().map(str::to_owned).or_else(|| key(v)).unwrap_or_default() + slug
    });
    let place = |v: &Value| Some((v["indices"][0].as_u64()? as usize, v["indices"][1].as_u64()? as usize));
    (names.collect(), list.iter().map(place).collect::<Option<Vec<_>>>())
}

/// One case: its section, its description, and whether we say the same.
struct Case {
    section: String,
    description: String,
    agrees: bool,
}

fn sections(file: &str) -> Option<Vec<(String, Vec<Value>)>> {
    let bytes = data::read(&format!("twitter-text/{file}"))?;
    let read: Value = serde_saphyr::from_slice(&bytes).unwrap();
    let lists = read["tests"].as_object().unwrap().iter();
    Some(lists.map(|(name, list)| (name.clone(), list.as_array().unwrap().clone())).collect())
}

fn find(section: &str, text: &str) -> Vec<Found> {
    match section.split('_').next() {
        Some("mentions" | "usernames") => entities(text, '@'),
        Some("hashtags") => entities(text, '#'),
        Some("cashtags") => entities(text, '$'),
        _ => links(text),
    }
}

/// Every case of the files that asks for something that exists here.
fn cases() -> Option<Vec<Case>> {
    let mut cases = Vec::new();
    // Who is answered is told by the network, not by the text.
    for (section, list) in sections("extract.yml")?.iter().filter(|(s, _)| s != "replies") {
        for case in list {
            let text = case["text"].as_str().unwrap();
            let (names, places) = expected(case);
            let found = find(section, text);
            slow_agrees(text, &names);
            let agrees = found.iter().map(|f| &f.0).eq(&names) && places.is_none_or(|p| found.iter().map(|f| (f.1, f.2)).eq(p));
            let description = case["description"].as_str().unwrap().to_owned();
            cases.push(Case { section: format!("extract: {section}"), description, agrees });
        }
    }
    // The length of posts and the names of lists are nothing here.
    let valid = ["usernames", "hashtags", "urls", "urls_without_protocol"];
    for (section, list) in sections("validate.yml")?.iter().filter(|(s, _)| valid.contains(&s.as_str())) {
        for case in list {
            let text = case["text"].as_str().unwrap();
            slow_agrees(text, &[]);
            let whole = |f: &Found| f.1 == 0 && f.2 == text.chars().count();
            let agrees = find(section, text).first().is_some_and(whole) == case["expected"].as_bool().unwrap();
            let description = case["description"].as_str().unwrap().to_owned();
            cases.push(Case { section: format!("validate: {section}"), description, agrees });
        }
    }
    Some(cases)
}

/// The rows of a table of the page, by their cells.
fn rows(columns: usize) -> Vec<Vec<String>> {
    let page = include_str!("../../docs/twitter-text.md").replace("\\|", "\u{1}");
    let cells = |line: &str| -> Vec<String> { line.trim().trim_matches('|').split('|').map(|c| c.trim().replace('\u{1}', "|")).collect() };
    page.lines().filter(|l| l.starts_with("| extract:") || l.starts_with("| validate:")).map(cells).filter(|c| c.len() == columns).collect()
}

#[test]
fn names_and_links_are_those_of_twitter_text_or_the_page_says_why() {
    let Some(cases) = cases() else { return };
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in &cases {
        let count = counts.entry(&case.section).or_default();
        *(if case.agrees { &mut count.0 } else { &mut count.1 }) += 1;
    }
    let counted: Vec<Vec<String>> =
        counts.iter().map(|(section, (same, other))| vec![(*section).to_owned(), same.to_string(), other.to_string()]).collect();
    assert_eq!(rows(3), counted);

    let other: BTreeSet<(&str, &str)> = cases.iter().filter(|c| !c.agrees).map(|c| (c.section.as_str(), c.description.as_str())).collect();
    assert_eq!(other.len(), cases.iter().filter(|c| !c.agrees).count(), "two cases have one description");
    let listed = rows(4);
    let named: BTreeSet<(&str, &str)> = listed.iter().map(|r| (r[0].as_str(), r[1].as_str())).collect();
    assert_eq!(named, other);
    for row in &listed {
        assert!(["R16", "R18", "R19", "R20"].contains(&row[2].as_str()) && !row[3].is_empty(), "{row:?}");
    }
}
