//! The slow evaluator: says which leaves of a query stand where in a post, straight from the
//! definition of the language. It is the oracle of the fast matcher and shares no code with it.
//!
//! `text` reads a text and finds what asks for words or characters, `links` what asks for links,
//! `metadata` answers the fields, `near` finds spans for NEAR and `~N`, `all` evaluates many queries
//! that may name each other, and `print` writes a term as a person would.

mod all;
mod links;
mod metadata;
mod near;
mod print;
mod text;

use std::ops::Range;

use crate::post::Post;
use crate::query::{Accents, Facts, NoFacts, Node, Query, Term};

pub use all::explain_all;
pub use print::term_text;
use text::Text;

/// Why a query matches a post, or that it does not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explained {
    /// Whether it matches.
    pub matched: bool,
    /// Every occurrence of every leaf in the post's own text, by start.
    pub leaves: Vec<LeafMatch>,
}

/// One occurrence of a leaf.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeafMatch {
    /// First code point in `post.text`.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// Index into `Query::leaves`.
    pub leaf: usize,
    /// What the leaf looks for.
    pub term: String,
}

/// What the evaluator is told beside the post.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// What a query may ask that the post does not say.
    pub facts: &'a dyn Facts,
    /// The topic's number, handed back to `facts`.
    pub scope: u32,
    /// Whether the rule of a name matches the post.
    pub rules: &'a dyn Fn(&str) -> bool,
}

impl Given<'_> {
    /// Nothing but the post; no rule matches.
    pub const NOTHING: Given<'static> = Given { facts: &NoFacts, scope: 0, rules: &|_| false };
}

/// Evaluates `query` on `post`.
///
/// A field of the post that a query asks for and the post lacks makes the leaf false (R48). Only the
/// occurrences in the post's own text are listed, not those in the quoted text, a title or metadata.
pub fn explain(query: &Query, post: &Post<'_>, given: &Given<'_>) -> Explained {
    let view = View::new(post);
    let found = view.find(query);
    let matched = view.holds(&query.root, query, &found, given);
    let mut leaves = Vec::new();
    if let Some(own) = found.first() {
        for (leaf, (occurrences, l)) in own.leaves.iter().zip(&query.leaves).enumerate() {
            leaves.extend(occurrences.iter().map(|o| LeafMatch {
                start: o.chars.start as u32,
                end: o.chars.end as u32,
                leaf,
                term: term_text(&l.term),
            }));
        }
    }
    leaves.sort_unstable();
    Explained { matched, leaves }
}

/// An occurrence of a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Occurrence {
    chars: Range<usize>,
    /// Its tokens; empty where a term has no place among them.
    tokens: Range<usize>,
}

impl Occurrence {
    /// One that no NEAR can measure a distance to.
    fn without_place(chars: Range<usize>) -> Occurrence {
        Occurrence { chars, tokens: 0..0 }
    }
}

/// The occurrences of every leaf in one text.
struct Found {
    leaves: Vec<Vec<Occurrence>>,
}

impl Found {
    fn of(&self, leaf: usize) -> &[Occurrence] {
        self.leaves.get(leaf).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A post with its texts read.
struct View<'a> {
    post: &'a Post<'a>,
    own: Text,
    quoted: Text,
}

impl<'a> View<'a> {
    fn new(post: &'a Post<'a>) -> View<'a> {
        View { post, own: Text::read(post.text), quoted: Text::read(post.quoted_text) }
    }

    /// Where every leaf stands: first in the own text, then in the quoted one if the query wants it.
    ///
    /// The quoted text is a second text for words, entities and substrings (R50); links belong to the
    /// metadata as well and are those of the post itself.
    fn find(&self, query: &Query) -> Vec<Found> {
        let words = |term, text| occurrences(term, query.accents, text);
        let in_own = |term| [words(term, &self.own), links::occurrences(term, &self.own)].concat();
        let own = Found { leaves: query.leaves.iter().map(|l| in_own(&l.term)).collect() };
        let quoted = || Found { leaves: query.leaves.iter().map(|l| words(&l.term, &self.quoted)).collect() };
        std::iter::once(own).chain(query.quoted.then(quoted)).collect()
    }

    fn holds(&self, node: &Node, query: &Query, texts: &[Found], given: &Given<'_>) -> bool {
        match node {
            Node::And(sides) => sides.iter().all(|s| self.holds(s, query, texts, given)),
            Node::Or(sides) => sides.iter().any(|s| self.holds(s, query, texts, given)),
            Node::Not(inner) => !self.holds(inner, query, texts, given),
            Node::Near { .. } | Node::Within { .. } => texts.iter().any(|found| near::holds(node, found)),
            Node::Leaf(i) => {
                let is_so = |l: &crate::query::Leaf| metadata::is_so(&l.term, query.accents, self, given);
                texts.iter().any(|found| !found.of(*i).is_empty()) || query.leaves.get(*i).is_some_and(is_so)
            }
        }
    }
}

/// Every place of a term in a text; none if it does not ask for words, entities or characters.
fn occurrences(term: &Term, accents: Accents, text: &Text) -> Vec<Occurrence> {
    match term {
        Term::Phrase(words) => text.phrase(words, accents, false),
        Term::Case(words) => text.phrase(words, accents, true),
        Term::Mention(name) => text.entity('@', name),
        Term::Hashtag(name) => text.entity('#', name),
        Term::Cashtag(name) => text.entity('$', name),
        Term::Contains(value) => text.contains(value, accents),
        Term::Raw(value) => text.raw(value),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
