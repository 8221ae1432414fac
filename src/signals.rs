//! Priority: one signal, one file. A score is the sum of what they add, each with its reason.

use crate::bilingual::Both;
use crate::post::Post;
use crate::score::{Addend, Score};
use crate::text::Tokens;

crate::register!(Spec: topic, origin, question, severity, negativity, influence);

pub use crate::sentiment::sentiment;

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
    /// Most it can take away and add.
    pub range: (Score, Score),
    /// What it means, for people.
    pub explain: fn() -> Both,
    /// What it adds; deterministic, never panics. [`score`] cuts it to the range.
    pub score: fn(&Context<'_>) -> Score,
}

impl Spec {
    /// What it adds, within its range.
    pub fn addend(&self, context: &Context<'_>) -> Addend {
        Addend { code: self.name, weight: (self.score)(context).clamp(self.range.0, self.range.1) }
    }
}

/// The signal called `name`.
pub fn named(name: &str) -> Option<&'static Spec> {
    ALL.iter().copied().find(|s| s.name == name)
}

/// Appends the addends of all signals of `scope` that are not zero, in registration order.
pub fn score(context: &Context<'_>, scope: Scope, out: &mut Vec<Addend>) {
    let addends = ALL.iter().filter(|s| s.scope == scope).map(|s| s.addend(context));
    out.extend(addends.filter(|a| a.weight != Score::default()));
}

#[cfg(test)]
mod tests;
