//! What finding the near-duplicates of a mention costs, and how many there are in recorded posts.

use std::collections::HashMap;
use std::fmt;

use cpu_time::ThreadTime;
use escucha::clusters::{ClusterId, Clusters, Member};
use escucha::fingerprint::fingerprint;
use escucha::post::Post;
use escucha::text::Tokens;
use escucha::time::Timestamp;

/// The posts of the second row, below the folder of shared data.
pub const DATA: &str = "banks-es/client_listener_2020-10.ndjson.gz";

/// What was found in some posts, and what it cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Posts that were looked at.
    pub posts: usize,
    /// Clusters they make.
    pub clusters: usize,
    /// Posts of the largest.
    pub largest: usize,
    /// CPU nanoseconds of the fingerprint of one post, its tokens given.
    pub print: f64,
    /// CPU nanoseconds to find or found its cluster.
    pub join: f64,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found { posts, clusters, largest, print, join } = self;
        write!(f, "{:>8.0} ns/mention, {print:.0} of them for the fingerprint; ", print + join)?;
        write!(f, "{posts} posts in {clusters} clusters, the largest of {largest}")
    }
}

/// Puts every post into a cluster by its text, eight posts a second; `told` is told of each with its cluster.
pub fn evaluate<'a>(posts: impl Iterator<Item = Post<'a>>, mut told: impl FnMut(&Post<'a>, ClusterId)) -> Found {
    let (mut clusters, mut tokens, mut words) = (Clusters::default(), Tokens::default(), Vec::new());
    let mut sizes: HashMap<ClusterId, usize> = HashMap::new();
    let (mut print_ns, mut join_ns, mut count) = (0, 0, 0);
    for (second, post) in (0..).zip(posts) {
        tokens.read(post.text);
        words.clear();
        let start = ThreadTime::now();
        let print = fingerprint(post.text, &tokens, &mut words);
        print_ns += start.elapsed().as_nanos();
        let member = Member { key: post.key(), author: post.author_key(), at: post.at, original: None, print, words: &words, about: 1 };
        let now = Timestamp::from_seconds(second / 8);
        let start = ThreadTime::now();
        clusters.expire(now);
        let size = clusters.join(&member, now);
        join_ns += start.elapsed().as_nanos();
        *sizes.entry(size.id).or_default() += 1;
        told(&post, size.id);
        count += 1;
    }
    let each = |ns: u128| ns as f64 / count.max(1) as f64;
    let largest = sizes.values().copied().max().unwrap_or(0);
    Found { posts: count, clusters: sizes.len(), largest, print: each(print_ns), join: each(join_ns) }
}

/// Prints the row for recorded posts, for whoever benches.
#[allow(clippy::print_stdout, reason = "a bench prints its row")]
pub fn run(lines: &[u8]) {
    let posts = texts(lines);
    println!("clusters  {}", evaluate(posts.iter().map(post), |_, _| {}));
}

/// Ids and texts of recorded posts, a JSON object a line.
pub fn texts(lines: &[u8]) -> Vec<(String, String)> {
    let read = |line: &[u8]| {
        let v: serde_json::Value = serde_json::from_slice(line).ok()?;
        Some((v["id_str"].as_str()?.to_owned(), v["text"].as_str()?.to_owned()))
    };
    lines.split(|b| *b == b'\n').filter_map(read).collect()
}

/// A post with this id and text.
pub fn post((id, text): &(String, String)) -> Post<'_> {
    Post { id, text, network: "x", ..Post::default() }
}
