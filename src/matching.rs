//! All queries against a post, fast.

use crate::post::Post;
use crate::query::Query;
use crate::text::Tokens;

/// Queries compiled together; immutable.
#[derive(Debug, Default)]
pub struct Matcher {}

/// Working memory of one lane; holds the tokens of the post matched last.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Tokens of the own text of the post matched last.
    pub tokens: Tokens,
}

impl Matcher {
    /// Compiles `queries`; a match is reported as the index of its query.
    pub fn new<'a>(queries: impl IntoIterator<Item = &'a Query>) -> Matcher {
        let _ = queries.into_iter().count();
        Matcher {}
    }
    /// Appends to `matched` the queries that match `post`, ascending, each once.
    pub fn matches(&self, post: &Post<'_>, scratch: &mut Scratch, matched: &mut Vec<u32>) {
        scratch.tokens.read(post.text);
        let _ = matched;
    }
}
