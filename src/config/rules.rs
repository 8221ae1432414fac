//! `rule:` between topics: which topic refers to which, and that none refers to itself in the end.

use std::collections::HashMap;

use crate::query::{Query, Span, Term};

/// One `rule:` in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Which query of its topic, as typed.
    pub query: usize,
    /// Where in that query.
    pub span: Span,
    /// The name of the topic it leads to.
    pub to: String,
}

impl Pointer {
    /// Those of the query that was typed at place `query` of its topic.
    pub fn of(query: usize, parsed: &Query) -> impl Iterator<Item = Pointer> {
        rules_of(parsed).map(move |(to, span)| Pointer { query, span: span.clone(), to: to.to_owned() })
    }
}

/// One topic refers to another, by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The topic in whose query it stands.
    pub from: usize,
    /// The topic it names.
    pub to: usize,
    /// How it was typed.
    pub pointer: Pointer,
}

impl Reference {
    /// The places that it joins.
    pub fn edge(&self) -> (usize, usize) {
        (self.from, self.to)
    }
}

/// The names that the query refers to, and where.
pub fn rules_of(query: &Query) -> impl Iterator<Item = (&str, &Span)> {
    query.leaves.iter().filter_map(|leaf| match &leaf.term {
        Term::Rule(name) => Some((name.as_str(), &leaf.span)),
        _ => None,
    })
}

/// The pointers of topics in order, resolved; one that leads nowhere was refused with E142.
pub fn references(pointers: impl Iterator<Item = (usize, Pointer)>, places: &HashMap<&str, usize>) -> Vec<Reference> {
    pointers.filter_map(|(from, pointer)| Some(Reference { from, to: *places.get(pointer.to.as_str())?, pointer })).collect()
}
