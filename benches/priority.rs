//! How well the priority score puts first what people judged to matter: average precision for the
//! labels High and Critical on the last fifth by time of judged crisis posts, beside the two orders
//! one would try without reading (most followers first, most repeated first).

use std::fmt;

use escucha::post::{Author, Count, Post};
use escucha::score::{self, Score};
use escucha::signals::{self, Context, Scope};
use escucha::text::Tokens;

/// The judged posts, below the folder of shared data.
pub const DATA: &str = "priority-en/trecis_train.ndjson.gz";

/// Average precision of each order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Posts ranked.
    pub posts: usize,
    /// Those among them that matter.
    pub relevant: usize,
    /// By our score.
    pub score: f64,
    /// By followers of the author.
    pub followers: f64,
    /// By how often it was repeated.
    pub reposts: f64,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chance = self.relevant as f64 / self.posts.max(1) as f64;
        let Precision { posts, relevant, score, followers, reposts } = self;
        write!(f, "priority: average precision for {relevant} of {posts} posts: score {score:.3}, ")?;
        write!(f, "followers alone {followers:.3}, reposts alone {reposts:.3}, by chance {chance:.3}")
    }
}

/// One judged post.
struct Judged {
    at: i64,
    matters: bool,
    score: i64,
    followers: i64,
    reposts: i64,
}

/// Which part of the posts to rank, by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first four fifths: what the lists were tuned on.
    First,
    /// The last fifth: what they are judged on.
    Last,
}

/// Ranks one part of `lines` (NDJSON) in three ways.
pub fn evaluate(lines: &[u8], part: Part) -> Precision {
    let mut tokens = Tokens::default();
    let mut all: Vec<Judged> = lines.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| judged(l, &mut tokens)).collect();
    all.sort_by_key(|j| j.at);
    let (first, last) = all.split_at(all.len() * 4 / 5);
    let ranked = if part == Part::First { first } else { last };
    Precision {
        posts: ranked.len(),
        relevant: ranked.iter().filter(|j| j.matters).count(),
        score: average_precision(ranked, |j| j.score),
        followers: average_precision(ranked, |j| j.followers),
        reposts: average_precision(ranked, |j| j.reposts),
    }
}

fn judged(line: &[u8], tokens: &mut Tokens) -> Judged {
    let v: serde_json::Value = serde_json::from_slice(line).expect("a line of JSON");
    let text = |key: &str| v[key].as_str().unwrap_or_default();
    let number = |key: &str| text(key).parse::<f64>().map_or(0, |n| n as i64);
    let at = jiff::fmt::strtime::parse("%a %b %d %H:%M:%S %z %Y", text("created_at")).and_then(|t| t.to_timestamp());
    let author = Author { followers: Count::of(number("followers").max(0) as u64), ..Author::default() };
    let post = Post { id: text("id"), network: "x", text: text("text"), lang: text("lang"), author, ..Post::default() };
    Judged {
        at: at.expect("a time").as_second(),
        matters: matches!(text("priority"), "High" | "Critical"),
        score: i64::from(own_part(&post, tokens).0),
        followers: number("followers"),
        reposts: number("retweet_count"),
    }
}

/// The score of a post but for the topic it would match.
fn own_part(post: &Post<'_>, tokens: &mut Tokens) -> Score {
    tokens.read(post.text);
    let mut addends = Vec::new();
    signals::score(&Context { post, tokens, topic: None }, Scope::Post, &mut addends);
    score::total(&addends)
}

/// The mean, over all posts that matter, of the precision at the rank where each is found. Posts
/// with equal keys share one rank, so that the order of the file does not count.
fn average_precision(posts: &[Judged], key: impl Fn(&Judged) -> i64) -> f64 {
    let mut ranked: Vec<(i64, bool)> = posts.iter().map(|j| (key(j), j.matters)).collect();
    ranked.sort_unstable_by_key(|(k, _)| std::cmp::Reverse(*k));
    let (mut seen, mut found, mut sum) = (0, 0, 0.0);
    for tied in ranked.chunk_by(|a, b| a.0 == b.0) {
        let here = tied.iter().filter(|(_, matters)| *matters).count();
        seen += tied.len();
        found += here;
        sum += here as f64 * found as f64 / seen as f64;
    }
    sum / found.max(1) as f64
}

/// Prints the row, for whoever benches.
#[allow(clippy::print_stdout, reason = "a bench prints its row")]
pub fn run(lines: &[u8]) {
    println!("{}", evaluate(lines, Part::Last));
}

#[cfg(test)]
#[allow(unused_imports, reason = "the bench itself has no test harness")]
mod tests {
    use super::*;

    #[test]
    fn average_precision_by_hand() {
        let posts = [(9, true), (8, false), (7, true), (7, false), (1, false)].map(|(score, matters)| Judged {
            at: 0,
            matters,
            score,
            followers: 0,
            reposts: 0,
        });
        // 1/1 at the first rank, 2/4 where the tied third and fourth are passed.
        assert_eq!(average_precision(&posts, |j| j.score), (1.0 + 0.5) / 2.0);
        assert_eq!(average_precision(&posts, |_| 0), 0.4);
    }
}
