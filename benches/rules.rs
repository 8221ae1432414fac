//! Many realistic rules: what it costs to build them, to hold them and to ask them of every post.
//!
//! A rule is of the kind that people write about brands: a name or a phrase, a group of troubles in any of
//! two to twelve words, in one of five a proximity instead of AND, in one of seven an exclusion, in one of
//! ten a filter. A brand has 25 rules. Names stand in the posts as rarely as the phrases of the canonical
//! workload do, troubles are the common words of the posts themselves.

use std::collections::HashMap;

use cpu_time::ThreadTime;
use escucha::decode::Decoded;
use escucha::eql;
use escucha::matching::{Matcher, Scratch};
use escucha::post::Post;
use escucha::prng::Prng;
use escucha::query::{NoFacts, Query};
use escucha::text::{TokenKind, Tokens};

use crate::canonical::{Canonical, ROUNDS, median};

/// Rules of one brand.
const PER_BRAND: usize = 25;

/// Prints one row for `count` rules.
pub fn run(posts: usize, count: usize) {
    let brands = (count / PER_BRAND).max(1);
    let work = Canonical::new(posts, brands, 0);
    let decoded = work.decoded();
    let texts = Texts { names: work.phrases(), troubles: common(&decoded) };
    let typed: Vec<String> = (0..count).map(|i| rule(&texts, i / PER_BRAND, &mut Prng::new(i as u64))).collect();

    let start = ThreadTime::now();
    let queries: Vec<Query> =
        typed.iter().map(|q| eql::parse(q, &eql::Options::default()).query.unwrap_or_else(|| panic!("{q}"))).collect();
    let parsed = start.elapsed();
    let before = resident();
    let start = ThreadTime::now();
    let matcher = Matcher::new(&queries);
    let built = start.elapsed();
    let grown = resident().saturating_sub(before);
    let figures = matcher.figures();

    let all: Vec<Post<'_>> = decoded.posts.iter().collect();
    let (mut scratch, mut found) = (Scratch::default(), Vec::new());
    let (mut matches, mut matched) = (0, Vec::new());
    for post in &all {
        found.clear();
        matcher.matches(post, &NoFacts, &mut scratch, &mut found);
        matches += found.len();
        if !found.is_empty() {
            matched.push(*post);
        }
    }
    let mut cost = |posts: &[Post<'_>]| {
        median((0..ROUNDS).map(|_| {
            let start = ThreadTime::now();
            for post in posts {
                found.clear();
                matcher.matches(post, &NoFacts, &mut scratch, &mut found);
            }
            start.elapsed().as_nanos() as f64 / posts.len().max(1) as f64
        }))
    };
    let (each, of_matched) = (cost(&all), cost(&matched));
    println!(
        "rules     {count:>7} rules, {} leaves, {} keys: parse {:.2} s, build {:.2} s, {:.1} MB held ({:.1} MB resident); {each:.0} ns/post, {of_matched:.0} ns/matched post; {:.1} % of posts match, {:.2} rules each",
        figures.leaves,
        figures.keys,
        parsed.as_secs_f64(),
        built.as_secs_f64(),
        figures.bytes as f64 / 1e6,
        grown as f64 / 1e6,
        100.0 * matched.len() as f64 / all.len().max(1) as f64,
        matches as f64 / matched.len().max(1) as f64,
    );
}

struct Texts<'a> {
    names: &'a [String],
    troubles: Vec<String>,
}

/// The words of the posts by how often they stand there, without the 30 most frequent: 2 000 of them.
fn common(decoded: &Decoded) -> Vec<String> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut tokens = Tokens::default();
    for post in decoded.posts.iter().take(50_000) {
        tokens.read(post.text);
        for t in tokens.tokens().iter().filter(|t| t.kind == TokenKind::Word) {
            *counts.entry(post.text[t.start as usize..t.end as usize].to_lowercase()).or_default() += 1;
        }
    }
    let mut words: Vec<(String, usize)> = counts.into_iter().filter(|(w, _)| w.chars().count() > 3).collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    words.into_iter().skip(30).take(2000).map(|w| w.0).collect()
}

fn rule(texts: &Texts<'_>, brand: usize, prng: &mut Prng) -> String {
    let name = &texts.names[brand % texts.names.len()];
    let one_of = |prng: &mut Prng, n: usize| prng.index(n) == 0;
    let name = if one_of(prng, 4) { format!("(\"{name}\" OR @brand{brand} OR #brand{brand})") } else { format!("\"{name}\"") };
    let trouble = |prng: &mut Prng| {
        let word = &texts.troubles[prng.index(texts.troubles.len())];
        match prng.index(8) {
            0 => format!("\"{word} {}\"", texts.troubles[prng.index(texts.troubles.len())]),
            1 => format!("{word}*"),
            _ => format!("\"{word}\""),
        }
    };
    // At most 20 wildcards fit a rule; twelve words cannot reach that.
    let troubles: Vec<String> = (0..2 + prng.index(11)).map(|_| trouble(prng)).collect();
    let between = if one_of(prng, 5) { "NEAR/8" } else { "AND" };
    let mut text = format!("{name} {between} ({})", troubles.join(" OR "));
    if one_of(prng, 7) {
        text.push_str(&format!(" -\"{}\"", texts.troubles[prng.index(texts.troubles.len())]));
    }
    if one_of(prng, 10) {
        text.push_str([" lang:es", " -is:retweet", " followers_count:>=100"][prng.index(3)]);
    }
    text
}

/// Resident bytes of this process.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|n| n.parse::<usize>().ok()).unwrap_or(0) * 4096
}
