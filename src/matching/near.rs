//! Proximity: NEAR, ONEAR and `~N` over runs of tokens; R10, R11 and R45.
//!
//! Every run of an operand counts, not only the first or the shortest, so what is computed is the
//! relation between beginnings and ends, as a [`Band`] of bits. Let a text have `n` tokens, and let the
//! longest run of an operand be `x`, of the other `y`, at distance `d`. The work, in words of 64 bits:
//!
//! - NEAR inside another proximity: at most `n * (2 * (x / (d + 2)) + 9) * ((y + d) / 64 + 3)` for each
//!   order, and the outermost NEAR, of which only the existence is asked, `n * (x + y) / 64` and a few `n`.
//! - `~N` over `k` operands of one token each: a matching that slides over the text, at most
//!   `n * k * (2 * k + N)`.
//! - `~N` over `k` operands, up to [`SUBSETS`], with longer ones: `n * 2^k * (k * x + 1)` for the outermost,
//!   and for an inner one as much at each token over the tokens of its longest window.
//!
//! All are linear in the text, exact and without a cap. Only `~N` over more operands than that with a
//! longer one among them, which is an NP-hard choice, is cut off after `limits::PROXIMITY_STEPS`.

mod band;
mod within;

use super::leaf::{Leaf, Run, View};
use crate::query::Node;
use band::Band;
#[cfg(doc)]
use within::SUBSETS;

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

/// A text in which runs are looked for, and how much was done for it.
struct Places<'a> {
    leaves: &'a [Leaf],
    view: View<'a>,
    steps: u64,
}

impl Places<'_> {
    fn tokens(&self) -> usize {
        self.view.tokens.tokens().len()
    }
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
        self.is_in(&mut Places { leaves, view, steps: 0 })
    }

    fn is_in(&self, places: &mut Places<'_>) -> bool {
        match self {
            Spans::Nowhere => false,
            Spans::Or(any) => any.iter().any(|s| s.is_in(places)),
            Spans::Leaf(_) => !self.runs(places).is_empty(),
            Spans::Near { left, right, distance, ordered } => {
                let Some((left, right)) = both(left, right, places) else { return false };
                left.precedes(&right, *distance, &mut places.steps) || (!ordered && right.precedes(&left, *distance, &mut places.steps))
            }
            Spans::Within { operands, distance } => {
                let Some(operands) = all(operands, places) else { return false };
                within::holds(&operands, *distance, &mut places.steps)
            }
        }
    }

    /// Every run of tokens that is it.
    fn band(&self, places: &mut Places<'_>) -> Band {
        match self {
            Spans::Nowhere => Band::new(0, 0),
            Spans::Leaf(_) => Band::of(places.tokens(), &self.runs(places)),
            Spans::Or(any) => {
                let bands: Vec<Band> = any.iter().map(|s| s.band(places)).collect();
                Band::any(places.tokens(), &bands, &mut places.steps)
            }
            Spans::Near { left, right, distance, ordered } => {
                let Some((left, right)) = both(left, right, places) else { return Band::new(0, 0) };
                let mut out = Band::new(places.tokens(), left.longest() + distance + right.longest());
                left.follow(&right, *distance, &mut out, &mut places.steps);
                if !ordered {
                    right.follow(&left, *distance, &mut out, &mut places.steps);
                }
                out
            }
            Spans::Within { operands, distance } => {
                let Some(operands) = all(operands, places) else { return Band::new(0, 0) };
                within::band(&operands, *distance, &mut places.steps)
            }
        }
    }

    /// Where a leaf stands.
    fn runs(&self, places: &mut Places<'_>) -> Vec<Run> {
        let mut runs = Vec::new();
        if let Spans::Leaf(i) = self
            && let Some(leaf) = places.leaves.get(*i as usize)
        {
            leaf.test.runs(places.view, &mut runs);
            places.steps += places.tokens() as u64;
        }
        runs
    }

    /// Bytes it holds on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        let inner = match self {
            Spans::Leaf(_) | Spans::Nowhere => 0,
            Spans::Or(all) | Spans::Within { operands: all, .. } => all.iter().map(Spans::heap_bytes).sum(),
            Spans::Near { left, right, .. } => left.heap_bytes() + right.heap_bytes(),
        };
        size_of::<Spans>() + inner
    }
}

/// The runs of two operands, unless one has none.
fn both(left: &Spans, right: &Spans, places: &mut Places<'_>) -> Option<(Band, Band)> {
    let left = Some(left.band(places)).filter(|b| !b.is_empty())?;
    let right = Some(right.band(places)).filter(|b| !b.is_empty())?;
    Some((left, right))
}

/// The runs of all operands, unless one has none.
fn all(operands: &[Spans], places: &mut Places<'_>) -> Option<Vec<Band>> {
    operands.iter().map(|s| Some(s.band(places)).filter(|b| !b.is_empty())).collect()
}

#[cfg(test)]
mod tests;
