//! Fuzz targets of the query language and the matcher, run like those of [`targets`](super::targets).

use escucha::bilingual::Lang;
use escucha::eql::{self, Given, Names, Options};
use escucha::limits;
use escucha::matching::{Matcher, Scratch};
use escucha::post::{Author, Count, Lines, Media, Post, Reference};
use escucha::prng::Prng;
use escucha::query::{Accents, Facts, Flag, Named, Node, Query, Term};

/// Rules that queries may name and be named by; their numbers rise with what they stand on.
const RULES: [&str; 3] = ["r0", "r1", "Año 2"];

/// Queries and posts of one run of [`matching`], and characters of each text.
const MOST: usize = 8;
const MOST_CHARS: usize = 400;

/// With more operands than this and a longer one among them, `~N` may give up.
const EXACT_OPERANDS: usize = 8;

/// What `list:` and `rule:` may name.
pub fn names() -> Names {
    let mut names = Names::default();
    names.add_list("Bancos", ["banco", "caja a", "#ñ", "@banco", "$a", "{OK}", "ca*"]);
    names.add_list("vacía", []);
    RULES.iter().for_each(|rule| names.add_rule(rule));
    names
}

/// Any bytes as a query: no panic, bounded work, spans inside the text, and the normal form means the
/// same of a post.
pub fn query(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let chars = text.chars().count();
    let names = names();
    for (accents, strict, known) in [(Accents::Fold, false, true), (Accents::Smart, true, false), (Accents::Exact, false, true)] {
        let options = Options { accents, strict, everything: known, names: known.then_some(&names), ..Options::default() };
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
        assert!(query.leaves.iter().all(|l| l.span.start < l.span.end && l.span.end as usize <= chars), "{text:?}: {:?}", query.leaves);
        let again = eql::parse(&parsed.normal, &options);
        let again = again.query.unwrap_or_else(|| panic!("{text:?} -> {:?}: {:?}", parsed.normal, again.problems));
        // What a person typed is a fair post for it, and both forms must say the same of it.
        let cut: String = text.chars().take(200).collect();
        let post = Post { text: &cut, ..Post::default() };
        let (one, two) = (eql::explain(&query, &post, &Given::NOTHING), eql::explain(&again, &post, &Given::NOTHING));
        assert_eq!((one.matched, one.leaves), (two.matched, two.leaves), "{text:?} -> {:?}", parsed.normal);
        leaves(&query, &post);
    }
}

/// Every occurrence that is told lies in the text, and alone it is one of the same leaf.
fn leaves(query: &Query, post: &Post<'_>) {
    let chars: Vec<char> = post.text.chars().collect();
    for leaf in eql::explain(query, post, &Given::NOTHING).leaves {
        let (start, end) = (leaf.start as usize, leaf.end as usize);
        assert!(start < end && end <= chars.len(), "{leaf:?} in {:?}", post.text);
        let term = &query.leaves[leaf.leaf].term;
        if matches!(term, Term::Url(_) | Term::UrlContains(_)) {
            continue; // a part of a link is no link
        }
        let slice: String = chars[start..end].iter().collect();
        let alone = Query { root: Node::Leaf(leaf.leaf), leaves: query.leaves.clone(), accents: query.accents, quoted: false };
        let found = eql::explain(&alone, &Post { text: &slice, ..Post::default() }, &Given::NOTHING);
        let same = found.leaves.iter().any(|l| l.leaf == leaf.leaf);
        assert!(found.matched && same, "{term:?} ({:?}) not in {slice:?} of {:?}", query.accents, post.text);
    }
}

/// A query as it stands among others.
struct Rule {
    query: Query,
    name: &'static str,
    scope: u32,
}

/// What a post needs to live.
struct Item {
    text: String,
    other: String,
    seed: u64,
}

/// Lines of any bytes as queries and posts: the first byte of a line says which and how, the rest is
/// the text. The matcher, the matcher without its index and the slow evaluator agree on all of them.
/// Gives how many queries could be read and how many posts they matched.
pub fn matching(bytes: &[u8]) -> (usize, usize) {
    let (mut rules, items) = read(bytes);
    if is_circular(&rules) {
        // Rules in a circle may be told differently; without names there is none.
        rules.iter_mut().for_each(|r| r.name = "");
    }
    let named: Vec<Named<'_>> = rules.iter().map(|r| Named { query: &r.query, name: r.name, scope: r.scope }).collect();
    let matchers = [Matcher::new(named.iter().copied()), Matcher::without_index(named.iter().copied())];
    let (mut scratch, mut hits) = (Scratch::default(), 0);
    for item in &items {
        let told = Told { random: Prng::new(item.seed).fork("facts") };
        dressed(item, &mut Prng::new(item.seed), |post| {
            let slow = eql::explain_all(named.iter().copied(), post, &told);
            for (i, matcher) in matchers.iter().enumerate() {
                let mut fast = Vec::new();
                matcher.matches(post, &told, &mut scratch, &mut fast);
                let differ = slow.iter().chain(&fast).find(|n| slow.contains(n) != fast.contains(n));
                let differ = differ.map(|n| (n, &rules[*n as usize].query, rules[*n as usize].scope));
                assert!(differ.is_none(), "matcher {i} says {fast:?}, the evaluator {slow:?}: {differ:?}\n{post:?}");
                assert!(fast.is_sorted_by(|a, b| a < b), "{fast:?}");
            }
            rules.iter().for_each(|r| leaves(&r.query, post));
            hits += slow.len();
        });
    }
    (rules.len(), hits)
}

fn read(bytes: &[u8]) -> (Vec<Rule>, Vec<Item>) {
    let names = names();
    let (mut rules, mut items) = (Vec::new(), Vec::new());
    for line in bytes.split(|b| *b == b'\n') {
        let Some((head, rest)) = line.split_first() else { continue };
        let text: String = String::from_utf8_lossy(rest).chars().take(MOST_CHARS).collect();
        let how = usize::from(*head & 0x7F);
        if *head < 0x80 {
            let (text, other) = text.split_once('\t').unwrap_or((&text, ""));
            let seed = rest.iter().fold(how as u64, |hash, b| hash.wrapping_mul(31).wrapping_add(u64::from(*b)));
            items.push(Item { text: text.to_owned(), other: other.to_owned(), seed });
            continue;
        }
        let accents = [Accents::Fold, Accents::Smart, Accents::Exact][how % 3];
        let options = Options { accents, strict: false, quoted: how / 3 % 2 == 1, everything: true, names: Some(&names) };
        let name = RULES.get(how / 6 % 4).copied().unwrap_or("");
        let query = eql::parse(&text, &options).query.filter(|q| is_exact(&q.root, &q.leaves));
        rules.extend(query.map(|query| Rule { query, name, scope: (how / 24 % 4) as u32 }));
    }
    rules.truncate(MOST);
    items.truncate(MOST);
    (rules, items)
}

/// Whether every `~N` is decided exactly.
fn is_exact(node: &Node, leaves: &[escucha::query::Leaf]) -> bool {
    let all = |nodes: &[Node]| nodes.iter().all(|n| is_exact(n, leaves));
    match node {
        Node::And(sides) | Node::Or(sides) => all(sides),
        Node::Not(inner) => is_exact(inner, leaves),
        Node::Near { left, right, .. } => is_exact(left, leaves) && is_exact(right, leaves),
        Node::Within { operands, .. } => {
            let one = |n: &Node| matches!(n, Node::Leaf(i) if matches!(&leaves[*i].term, Term::Phrase(w) | Term::Case(w) if w.len() == 1));
            all(operands) && (operands.len() <= EXACT_OPERANDS || operands.iter().all(one))
        }
        Node::Leaf(_) => true,
    }
}

fn is_circular(rules: &[Rule]) -> bool {
    let number = |name: &str| RULES.iter().position(|r| *r == name);
    let asked = |r: &Rule| {
        let from = number(r.name);
        let named = r.query.leaves.iter().filter_map(|l| if let Term::Rule(name) = &l.term { number(name) } else { None });
        named.filter_map(|to| Some((from?, to))).collect::<Vec<_>>()
    };
    !eql::cycles(RULES.len(), 0, rules.iter().flat_map(asked)).is_empty()
}

/// A post of this text with whatever else `random` gives it.
fn dressed(item: &Item, random: &mut Prng, with: impl FnOnce(&Post<'_>)) {
    let mut one = |of: &[&'static str]| of[random.index(of.len())];
    let links = format!("{}\n{}", one(&LINKS), one(&LINKS));
    let links = one(&["", "-"]).replace('-', &links);
    let people = ["", "ana", "AÑO", "a.b.c", "banco", "did:plc:Ña"];
    let title = if one(&["", "-"]).is_empty() { "" } else { &*item.other };
    let bio = if one(&["", "-"]).is_empty() { "" } else { &*item.text };
    let quoted_text = if one(&["", "-"]).is_empty() { "" } else { &*item.other };
    let reference = |random: &mut Prng| match random.index(3) {
        0 => Reference { id: "17", author: people[random.index(6)], author_id: people[random.index(6)] },
        _ => Reference::default(),
    };
    let id = one(&["1", "2", "ñ", "at://a/b"]);
    let (lang, network) = (one(&["", "es", "pt-BR", "EN"]), one(&["x", "bluesky", ""]));
    let url = one(&["", "https://news.example.com/a", "http://ÑU.es:80/com", "https://x.com?example.com"]);
    let (place, country) = (one(&["", "Año Nuevo", "mexicali"]), one(&["", "MX", "es"]));
    let (conversation_id, source_app, mentions) = (one(&["", "17", "C1"]), one(&["", "Ñandú", "X"]), one(&["", "@ana", "@banco\n17"]));
    let (handle, author_id, name) = (one(&people), one(&people), one(&["", "Jefa ano", "Feliz Año"]));
    let location = one(&["", "México", "la jefa, Mexico"]);
    let count = |random: &mut Prng| [Count::UNKNOWN, Count::of(0), Count::of(20), Count::of(9_000)][random.index(4)];
    let author = Author {
        id: author_id,
        handle,
        name,
        bio,
        location,
        followers: count(random),
        following: count(random),
        posts: count(random),
        listed: count(random),
        verified: random.index(2) == 0,
    };
    with(&Post {
        id,
        text: &item.text,
        quoted_text,
        title,
        lang,
        network,
        url,
        author,
        in_reply_to: reference(random),
        repost_of: reference(random),
        quote_of: reference(random),
        conversation_id,
        links: Lines(&links),
        mentions: Lines(mentions),
        media: Media(random.index(16) as u8),
        place,
        country,
        source_app,
        sensitive: random.index(2) == 0,
        ..Post::default()
    });
}

const LINKS: [&str; 4] = ["https://www.a.b/avisos?id=7", "HTTP://t.co/AbÑ", "https://l.example.com/r_a?u=año.es/É", "www.a.org/x-7"];

/// Facts that differ by scope and always are the same when asked again.
struct Told {
    random: Prng,
}

impl Told {
    fn pick(&self, what: &str, scope: u32, n: usize) -> Option<usize> {
        self.random.fork(what).fork(["a", "b", "c", "d"][scope as usize % 4]).index(n + 1).checked_sub(1)
    }
}

impl Facts for Told {
    fn sentiment(&self) -> Option<f64> {
        self.pick("sentiment", 0, 21).map(|n| n as f64 / 10.0 - 1.0)
    }
    fn priority(&self, scope: u32) -> Option<f64> {
        self.pick("priority", scope, 101).map(|n| n as f64)
    }
    fn hour(&self, scope: u32) -> Option<u8> {
        self.pick("hour", scope, 24).map(|n| n as u8)
    }
    fn weekday(&self, scope: u32) -> Option<u8> {
        self.pick("weekday", scope, 7).map(|n| n as u8)
    }
    fn is_direct(&self, scope: u32) -> bool {
        self.pick("direct", scope, 1).is_some()
    }
    fn told(&self, flag: Flag) -> Option<bool> {
        if flag == Flag::Nullcast {
            return None;
        }
        self.pick(&format!("{flag:?}"), 0, 6).filter(|n| *n < 2).map(|n| n == 0)
    }
}
