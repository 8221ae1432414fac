//! Priority: one signal, one file. A score is the sum of what they add, each with its reason.

use crate::bilingual::Both;
use crate::post::Post;
use crate::score::{Addend, Score};
use crate::text::Tokens;

/// What a signal may look at.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The post.
    pub post: &'a Post<'a>,
    /// Tokens of its text.
    pub tokens: &'a Tokens,
    /// The topic it is scored for; `None` while the post's own part is scored.
    pub topic: Option<TopicContext>,
}

/// What is known per post and topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicContext {
    /// The topic's configured weight.
    pub weight: Score,
    /// The post mentions or answers an account of the topic's brand.
    pub direct: bool,
}

/// Whether a signal depends on the post alone or on the topic too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Evaluated once per post.
    Post,
    /// Evaluated once per post and topic.
    Topic,
}

/// One registered signal.
pub struct Spec {
    /// Its name: the file's name with `_` as `-`.
    pub name: &'static str,
    /// Post or topic.
    pub scope: Scope,
    /// Most it can add or take away, in tenths of a point.
    pub range: (Score, Score),
    /// What it means, for people.
    pub explain: fn() -> Both,
    /// What it adds; deterministic, never panics.
    pub score: fn(&Context<'_>) -> Score,
}

/// Appends the addends of all signals of `scope` that are not zero, in registration order.
pub fn score(context: &Context<'_>, scope: Scope, out: &mut Vec<Addend>) {
    let _ = (context, scope, out);
}
