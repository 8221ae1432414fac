//! Proximity: NEAR, ONEAR and `~N` over runs of tokens; R10, R11 and R45.

use super::leaf::{Leaf, Run, View};
use crate::query::Node;

/// A proximity with its operands resolved to leaves.
#[derive(Debug)]
pub(super) enum Spans {
    /// Where a leaf stands.
    Leaf(u32),
    /// Where any of them stands.
    Or(Vec<Spans>),
    /// Two operands, apart by at most `distance`.
    Near { left: Box<Spans>, right: Box<Spans>, distance: u32, ordered: bool },
    /// All operands in a window with at most `distance` tokens of no operand.
    Within { operands: Vec<Spans>, distance: u32 },
    /// AND and NOT have no place in a text; the parser refuses them inside a proximity.
    Nowhere,
}

impl Spans {
    /// Resolves `node`; `leaf_of` gives the leaf of a term.
    pub(super) fn new(node: &Node, leaf_of: &dyn Fn(usize) -> Option<u32>) -> Spans {
        match node {
            Node::Leaf(i) => leaf_of(*i).map_or(Spans::Nowhere, Spans::Leaf),
            Node::Or(any) => Spans::Or(any.iter().map(|n| Spans::new(n, leaf_of)).collect()),
            Node::Near { left, right, distance, ordered } => Spans::Near {
                left: Box::new(Spans::new(left, leaf_of)),
                right: Box::new(Spans::new(right, leaf_of)),
                distance: *distance,
                ordered: *ordered,
            },
            Node::Within { operands, distance } => {
                Spans::Within { operands: operands.iter().map(|n| Spans::new(n, leaf_of)).collect(), distance: *distance }
            }
            Node::And(_) | Node::Not(_) => Spans::Nowhere,
        }
    }

    /// Whether it is anywhere in the text.
    pub(super) fn holds(&self, leaves: &[Leaf], view: View<'_>) -> bool {
        !self.runs(leaves, view).is_empty()
    }

    /// Bytes it holds on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of::<Spans>()
    }

    /// Every run of tokens that is it, ascending, each once; at most `limits::PROXIMITY_RUNS`.
    pub(super) fn runs(&self, leaves: &[Leaf], view: View<'_>) -> Vec<Run> {
        let mut out = Vec::new();
        match self {
            Spans::Nowhere => {}
            Spans::Leaf(i) => {
                if let Some(leaf) = leaves.get(*i as usize) {
                    leaf.test.runs(view, &mut out);
                }
            }
            Spans::Or(any) => out.extend(any.iter().flat_map(|s| s.runs(leaves, view))),
            Spans::Near { left, right, distance, ordered } => {
                let (left, right) = (left.runs(leaves, view), right.runs(leaves, view));
                if !left.is_empty() && !right.is_empty() {
                    follow(&left, &right, *distance, &mut out);
                    if !ordered {
                        follow(&right, &left, *distance, &mut out);
                    }
                }
            }
            Spans::Within { operands, distance } => {
                let operands: Vec<Vec<Run>> = operands.iter().map(|s| s.runs(leaves, view)).collect();
                if operands.iter().all(|o| !o.is_empty()) {
                    out = windows(&operands, *distance);
                }
            }
        }
        out.sort_unstable();
        out.dedup();
        out.truncate(crate::limits::PROXIMITY_RUNS);
        out
    }
}

/// Appends a run for each of `first` and each of `second` that begins behind it, at most `distance` tokens on.
fn follow(first: &[Run], second: &[Run], distance: u32, out: &mut Vec<Run>) {
    for a in first {
        let from = second.partition_point(|b| b.start < a.end);
        let near = second.get(from..).unwrap_or_default().iter().take_while(|b| b.start - a.end <= distance);
        out.extend(near.map(|b| Run { start: a.start, end: b.end }));
        if out.len() > crate::limits::PROXIMITY_STEPS {
            return;
        }
    }
}

/// Every window that holds one run of each operand, none sharing a token, and at most `distance` other tokens.
fn windows(operands: &[Vec<Run>], distance: u32) -> Vec<Run> {
    let mut search = Search { operands, used: vec![false; operands.len()], out: Vec::new(), steps: 0 };
    for (i, runs) in operands.iter().enumerate() {
        for run in runs {
            search.used[i] = true;
            search.extend(*run, distance, operands.len() - 1);
            search.used[i] = false;
        }
    }
    search.out
}

struct Search<'a> {
    operands: &'a [Vec<Run>],
    used: Vec<bool>,
    out: Vec<Run>,
    steps: usize,
}

impl Search<'_> {
    /// Puts the operands that are left behind `window`, with `room` tokens to spare between them.
    fn extend(&mut self, window: Run, room: u32, left: usize) {
        self.steps += 1;
        if left == 0 {
            self.out.push(window);
            return;
        }
        for i in 0..self.operands.len() {
            if self.used[i] {
                continue;
            }
            let runs = &self.operands[i];
            let from = runs.partition_point(|r| r.start < window.end);
            self.used[i] = true;
            for run in runs.iter().skip(from).take_while(|r| r.start - window.end <= room) {
                if self.steps > crate::limits::PROXIMITY_STEPS {
                    break;
                }
                self.extend(Run { start: window.start, end: run.end }, room - (run.start - window.end), left - 1);
            }
            self.used[i] = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(list: &[(u32, u32)]) -> Vec<Run> {
        list.iter().map(|(start, end)| Run { start: *start, end: *end }).collect()
    }

    #[test]
    fn spans_that_share_a_token_are_not_near() {
        let mut out = Vec::new();
        follow(&at(&[(0, 3)]), &at(&[(1, 2), (3, 4), (6, 7)]), 2, &mut out);
        assert_eq!(out, at(&[(0, 4)]));
    }

    #[test]
    fn a_window_counts_only_tokens_of_no_operand() {
        let banks = at(&[(0, 1), (9, 10)]);
        let cards = at(&[(3, 5)]);
        assert_eq!(windows(&[banks.clone(), cards.clone()], 2), at(&[(0, 5)]));
        assert_eq!(windows(&[banks.clone(), cards.clone()], 1), []);
        assert_eq!(windows(&[banks, cards], 4), at(&[(0, 5), (3, 10)]));
        // The same word twice needs two of it.
        let word = at(&[(0, 1), (2, 3)]);
        assert_eq!(windows(&[word.clone(), word.clone()], 1), at(&[(0, 3), (0, 3)]));
        assert_eq!(windows(&[word[..1].to_vec(), word[..1].to_vec()], 50), []);
    }
}
