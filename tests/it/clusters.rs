//! Near-duplicates among real posts; the same figures as the bench row.

use std::collections::HashMap;

#[path = "../../benches/clusters.rs"]
#[allow(dead_code, reason = "what only the bench prints")]
mod bench;

use bench::{DATA, Found, evaluate, post, texts};

use crate::data;

/// What is found in `posts`, and how many of them joined a text that is written differently.
fn found(name: &str, posts: &[(String, String)]) -> (Found, usize) {
    let mut founders = HashMap::new();
    let mut near = Vec::new();
    let found = evaluate(posts.iter().map(post), |post, id| {
        let founder = *founders.entry(id).or_insert(post.text);
        if words(founder) != words(post.text) {
            near.push((founder.replace('\n', " "), post.text.replace('\n', " ")));
        }
    });
    println!("{name}: {found}, {} not word by word", near.len());
    for (a, b) in near.iter().step_by((near.len() / 10).max(1)) {
        println!("  {a}\n  {b}\n");
    }
    (found, near.len())
}

/// The text without accounts, links and signs.
fn words(text: &str) -> Vec<String> {
    let kept = text.split_whitespace().filter(|w| !w.starts_with('@') && !w.starts_with("http") && *w != "RT");
    let plain = kept.map(|w| w.chars().filter(|c| c.is_alphabetic()).collect::<String>().to_lowercase());
    plain.filter(|w| !w.is_empty()).collect()
}

#[test]
fn customers_of_banks_hardly_copy_each_other() {
    let Some(lines) = data::read(DATA) else { return };
    let (found, near) = found("banks", &texts(&lines));
    assert!(found.posts > 2500 && found.largest * 50 < found.posts, "{found}");
    assert!(near * 20 < found.posts, "{found}, {near} not word by word");
}

#[test]
fn a_crisis_is_many_clusters() {
    let name = "2013_Queensland_floods";
    let Some(table) = data::read(&format!("crisislex/{name}/{name}-tweets_labeled.csv.gz")) else { return };
    let table = String::from_utf8_lossy(&table).into_owned();
    let read = |line: &str| {
        let (id, rest) = line.strip_prefix('"')?.split_once("\",\"")?;
        Some((id.to_owned(), rest.rsplit_once("\",")?.0.to_owned()))
    };
    let posts: Vec<_> = table.lines().filter_map(read).collect();
    let (found, _) = found(name, &posts);
    assert!(found.posts > 800 && found.clusters * 2 > found.posts && found.largest > 5, "{found}");
}
