//! What a query means, without its syntax: a tree over leaves.
//!
//! `eql` parses text into this, `matching` compiles it, `eql::explain` evaluates it slowly.

use std::ops::Range;

/// How words are compared; section 6, R21 and R22 of the query language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Accents {
    /// Writer and author may each drop an accent; ñ and ç stay letters of their own.
    #[default]
    Fold,
    /// A word written with a mark matches as typed, one without matches with and without.
    Smart,
    /// As typed, but for case.
    Exact,
}

/// Half-open range in Unicode code points of the query as typed.
pub type Span = Range<u32>;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The tree; `Node::Leaf(i)` names `leaves[i]`.
    pub root: Node,
    /// The leaves in the order they were typed.
    pub leaves: Vec<Leaf>,
    /// How its words are compared.
    pub accents: Accents,
    /// Whether the text of a quoted post is matched too, as a second text.
    pub quoted: bool,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// All hold; two or more.
    And(Vec<Node>),
    /// At least one holds; two or more.
    Or(Vec<Node>),
    /// It does not hold.
    Not(Box<Node>),
    /// An index into `Query::leaves`.
    Leaf(usize),
    /// Both have a span, apart by at most `distance` tokens, sharing none.
    Near {
        /// Left operand.
        left: Box<Node>,
        /// Right operand.
        right: Box<Node>,
        /// Most tokens between the two spans.
        distance: u32,
        /// Left must come first.
        ordered: bool,
    },
    /// All operands have spans that share no token, and their window holds at most `distance` others.
    Within {
        /// The operands; two or more.
        operands: Vec<Node>,
        /// Most tokens in the window that belong to no operand.
        distance: u32,
    },
}

/// One term with its place in the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Where it was typed.
    pub span: Span,
    /// What it asks.
    pub term: Term,
}

/// What a leaf asks of a post.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Term {
    /// Consecutive tokens; a word is a phrase of one. Each may hold `*` and `?`.
    Phrase(Vec<String>),
    /// Consecutive tokens with exactly these capitals.
    Case(Vec<String>),
    /// `@name`, without the sign.
    Mention(String),
    /// `#name`, without the sign.
    Hashtag(String),
    /// `$name`, without the sign.
    Cashtag(String),
    /// `from:` a handle, without a leading `@`.
    From(String),
    /// `to:` the handle the post answers.
    To(String),
    /// `lang:` a language code; matches its regions too.
    Lang(String),
    /// `network:` a network's name.
    Network(String),
    /// `contains:` a substring of the whole text.
    Contains(String),
}

impl Term {
    /// Whether a rule may stand on it: it names something a post must contain.
    pub fn is_anchor(&self) -> bool {
        !matches!(self, Term::Lang(_) | Term::Network(_))
    }
}
