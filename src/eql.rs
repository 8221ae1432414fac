//! The query language: text to [`Query`], with every error and warning at its place, and the slow
//! evaluator that explains a match and is the oracle of the fast one.
//!
//! `lex` reads terms whole and matches brackets, `parse` builds the tree as typed, `normal` prints
//! it, and this file judges the rule as a whole and lowers it to the vocabulary of `query`.

mod cycles;
mod explain;
mod fields;
mod lex;
mod messages;
mod names;
mod normal;
mod parse;
mod steps;
mod terms;
mod tokens;
mod values;

use crate::limits;
use crate::query::{Accents, Leaf, Node, Query};

pub use cycles::{Cycle, cycles};
pub use explain::{Explained, Given, LeafMatch, explain, explain_all, term_text};
pub use messages::{Code, Problem, caret};
pub use names::Names;

use parse::Expr;

/// How a query is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// How its words are compared.
    pub accents: Accents,
    /// W101 to W107 are errors.
    pub strict: bool,
    /// Whether the text of a quoted post is matched too.
    pub quoted: bool,
    /// Whether `all:posts` is permitted.
    pub everything: bool,
    /// What `list:` and `rule:` may name; without it, nothing.
    pub names: Option<&'a Names>,
}

/// What reading a query gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The query, if no problem is an error.
    pub query: Option<Query>,
    /// Its normal form, which parses to the same query; empty if there is an error.
    pub normal: String,
    /// Errors and warnings, by their place.
    pub problems: Vec<Problem>,
}

impl Parsed {
    /// Whether any problem is an error.
    pub fn is_err(&self) -> bool {
        self.query.is_none()
    }
}

/// Reads `text`. The work is bounded by `limits::QUERY_CHARS`, whatever the text.
pub fn parse(text: &str, options: &Options<'_>) -> Parsed {
    let chars: Vec<char> = text.chars().take(limits::QUERY_CHARS + 1).collect();
    if chars.len() > limits::QUERY_CHARS {
        let all = text.chars().count() as u32;
        let span = limits::QUERY_CHARS as u32..all;
        return refused(vec![Problem::new(Code::E140, span, "", &limits::QUERY_CHARS.to_string())]);
    }
    let lexed = lex::lex(&chars, options);
    let mut problems = lexed.problems;
    let expr = match lexed.lexemes {
        _ if lexed.stopped => None,
        lexemes if lexemes.is_empty() => {
            if problems.is_empty() {
                problems.push(Problem::new(Code::E100, 0..chars.len() as u32, "", ""));
            }
            None
        }
        lexemes => {
            let (expr, found) = parse::parse(&chars, lexemes);
            problems.extend(found);
            Some(expr)
        }
    };
    if options.strict {
        terms::harden(&mut problems);
    }
    let lowered = expr.as_ref().map(lower);
    if let Some((root, leaves)) = &lowered {
        judge(root, leaves, (lexed.terms, chars.len() as u32), &mut problems);
    }
    problems.sort_by_key(|p| (p.span.start, p.span.end, p.code));
    if problems.iter().any(|p| p.is_error) {
        return refused(problems);
    }
    let query = lowered.map(|(root, leaves)| Query { root, leaves, accents: options.accents, quoted: options.quoted });
    Parsed { query, normal: expr.as_ref().map(normal::print).unwrap_or_default(), problems }
}

fn refused(problems: Vec<Problem>) -> Parsed {
    Parsed { query: None, normal: String::new(), problems }
}

/// The errors of the rule as a whole: too many leaves, and E201 to E203 when there is nothing else.
fn judge(root: &Node, leaves: &[Leaf], (terms, chars): (usize, u32), problems: &mut Vec<Problem>) {
    let mut whole = |code, hint: &str| problems.push(Problem::new(code, 0..chars, "", hint));
    if terms > limits::QUERY_LEAVES {
        whole(Code::E141, &limits::QUERY_LEAVES.to_string());
    }
    if problems.iter().any(|p| p.is_error) {
        return;
    }
    let mut whole = |code| problems.push(Problem::new(code, 0..chars, "", ""));
    if !has_positive(root) {
        whole(Code::E201);
    } else if has_excluded_side(root) {
        whole(Code::E202);
    } else if !is_anchored(root, leaves) {
        whole(Code::E203);
    }
}

/// Whether any term is not under an exclusion.
fn has_positive(node: &Node) -> bool {
    match node {
        Node::And(sides) | Node::Or(sides) => sides.iter().any(has_positive),
        Node::Not(_) => false,
        Node::Leaf(_) | Node::Near { .. } | Node::Within { .. } => true,
    }
}

/// Whether an OR, at any depth, has a side without a positive term (R38).
fn has_excluded_side(node: &Node) -> bool {
    match node {
        Node::Or(sides) => sides.iter().any(|s| !has_positive(s) || has_excluded_side(s)),
        Node::And(sides) => sides.iter().any(has_excluded_side),
        Node::Not(inner) => has_excluded_side(inner),
        _ => false,
    }
}

/// Whether every OR branch holds a term that a rule may stand on.
fn is_anchored(node: &Node, leaves: &[Leaf]) -> bool {
    match node {
        Node::And(sides) => sides.iter().any(|s| is_anchored(s, leaves)),
        Node::Or(sides) => sides.iter().all(|s| is_anchored(s, leaves)),
        Node::Not(_) => false,
        Node::Leaf(i) => leaves.get(*i).is_some_and(|l| l.term.is_anchor()),
        Node::Near { .. } | Node::Within { .. } => true,
    }
}

/// The meaning of a tree as typed: leaves in their order, AND within AND and OR within OR flattened.
fn lower(expr: &Expr) -> (Node, Vec<Leaf>) {
    let mut leaves = Vec::new();
    let root = lower_into(expr, &mut leaves);
    (root, leaves)
}

fn lower_into(expr: &Expr, leaves: &mut Vec<Leaf>) -> Node {
    let leaf = |l: &Leaf| {
        leaves.push(l.clone());
        Node::Leaf(leaves.len() - 1)
    };
    match expr {
        Expr::Term(unit) => match unit.proximity {
            Some(distance) => Node::Within { operands: unit.leaves.iter().map(leaf).collect(), distance },
            None if unit.leaves.len() > 1 => Node::Or(unit.leaves.iter().map(leaf).collect()),
            None => unit.leaves.first().map_or(Node::And(Vec::new()), leaf),
        },
        Expr::And(sides) => Node::And(flat(sides, leaves, |n| match n {
            Node::And(inner) => Ok(inner),
            other => Err(other),
        })),
        Expr::Or(sides) => Node::Or(flat(sides, leaves, |n| match n {
            Node::Or(inner) => Ok(inner),
            other => Err(other),
        })),
        Expr::Not(inner) => Node::Not(Box::new(lower_into(inner, leaves))),
        Expr::Near { left, right, distance, ordered } => {
            let left = Box::new(lower_into(left, leaves));
            let right = Box::new(lower_into(right, leaves));
            Node::Near { left, right, distance: *distance, ordered: *ordered }
        }
        Expr::Within(operands, distance) => {
            Node::Within { operands: operands.iter().map(|o| lower_into(o, leaves)).collect(), distance: *distance }
        }
        Expr::Group(inner) => lower_into(inner, leaves),
        Expr::Bad => Node::And(Vec::new()),
    }
}

fn flat(sides: &[Expr], leaves: &mut Vec<Leaf>, same: fn(Node) -> Result<Vec<Node>, Node>) -> Vec<Node> {
    let mut out = Vec::new();
    for side in sides {
        match same(lower_into(side, leaves)) {
            Ok(inner) => out.extend(inner),
            Err(other) => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
