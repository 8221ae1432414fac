//! A tree of operators as a chain of tests, and what must be in a post for it to match at all.

use crate::query::Node;

/// The chain ends: the query matches.
pub(super) const YES: u32 = u32::MAX;
/// The chain ends: it does not.
pub(super) const NO: u32 = u32::MAX - 1;

/// One test of a chain: a leaf, and where to go on if it holds and if it does not. AND, OR and NOT
/// are only ways to wire it, so evaluation knows no operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) leaf: u32,
    /// A token every text in which the leaf holds has, as a bit of [`Words`](super::words::Words):
    /// most steps end here, and the leaf itself is not touched.
    pub(super) word: u32,
    pub(super) yes: u32,
    pub(super) no: u32,
}

/// Builds chains; all of them stand in one list.
pub(super) struct Chainer<'a> {
    pub(super) steps: &'a mut Vec<Step>,
    /// The leaf of a term or of a proximity and its word, or none for what can never hold.
    pub(super) leaf_of: &'a mut dyn FnMut(&Node) -> Option<(u32, u32)>,
    /// How dear it is to ask for a leaf: what costs least is asked first.
    pub(super) dear: &'a dyn Fn(usize) -> u8,
}

impl Chainer<'_> {
    /// Appends the chain of `node` and returns where it begins.
    pub(super) fn chain(&mut self, node: &Node, yes: u32, no: u32) -> u32 {
        match node {
            Node::And(all) => self.dearest_first(all).into_iter().fold(yes, |next, n| self.chain(n, next, no)),
            Node::Or(any) => self.dearest_first(any).into_iter().fold(no, |next, n| self.chain(n, yes, next)),
            Node::Not(n) => self.chain(n, no, yes),
            Node::Leaf(_) => self.step(node, yes, no),
            // Distances are measured only where everything stands that could be near.
            Node::Near { left, right, .. } => {
                let near = self.step(node, yes, no);
                let right = self.present(right, near, no);
                self.present(left, right, no)
            }
            Node::Within { operands, .. } => {
                let within = self.step(node, yes, no);
                operands.iter().rev().fold(within, |next, n| self.present(n, next, no))
            }
        }
    }

    /// Appends the chain that asks whether an operand of a proximity could stand in the post at all.
    fn present(&mut self, node: &Node, yes: u32, no: u32) -> u32 {
        match node {
            Node::Or(any) => any.iter().rev().fold(no, |next, n| self.present(n, yes, next)),
            Node::Near { left, right, .. } => {
                let right = self.present(right, yes, no);
                self.present(left, right, no)
            }
            Node::Within { operands, .. } => operands.iter().rev().fold(yes, |next, n| self.present(n, next, no)),
            Node::Leaf(_) => self.step(node, yes, no),
            // Neither has a place in a text.
            Node::And(_) | Node::Not(_) => no,
        }
    }

    fn step(&mut self, node: &Node, yes: u32, no: u32) -> u32 {
        let Some((leaf, word)) = (self.leaf_of)(node) else { return no };
        self.steps.push(Step { leaf, word, yes, no });
        self.steps.len() as u32 - 1
    }

    /// A chain is built from its end.
    fn dearest_first<'n>(&self, nodes: &'n [Node]) -> Vec<&'n Node> {
        let mut nodes: Vec<&Node> = nodes.iter().collect();
        nodes.sort_by_cached_key(|n| self.dear_of(n));
        nodes.reverse();
        nodes
    }

    fn dear_of(&self, node: &Node) -> u8 {
        match node {
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().map(|n| self.dear_of(n)).max().unwrap_or_default(),
            Node::Not(n) => self.dear_of(n),
            Node::Leaf(i) => (self.dear)(*i),
            Node::Near { .. } | Node::Within { .. } => NEAR,
        }
    }
}

/// How dear a proximity is; a word is 0.
pub(super) const NEAR: u8 = 1;

/// Leaves of which at least one holds in every post that matches.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Anchors {
    /// Indices into `Query::leaves`.
    pub(super) leaves: Vec<usize>,
    /// How many of them a post has on average, by guess.
    pub(super) often: f64,
}

/// The anchors of `node` that are likely the rarest: of operands that must all hold the best one's, of
/// alternatives everyone's. `often` says how often a leaf holds, or none if it cannot be looked up.
/// None means that the query must be evaluated on every post.
pub(super) fn anchors(node: &Node, often: &dyn Fn(usize) -> Option<f64>) -> Option<Anchors> {
    let best = |nodes: &mut dyn Iterator<Item = &Node>| nodes.filter_map(|n| anchors(n, often)).min_by(|a, b| a.often.total_cmp(&b.often));
    match node {
        Node::Leaf(i) => often(*i).map(|often| Anchors { leaves: vec![*i], often }),
        Node::And(all) | Node::Within { operands: all, .. } => best(&mut all.iter()),
        Node::Near { left, right, .. } => best(&mut [&**left, &**right].into_iter()),
        Node::Or(any) => any.iter().try_fold(Anchors::default(), |mut sum, n| {
            let own = anchors(n, often)?;
            sum.leaves.extend(own.leaves);
            sum.often += own.often;
            Some(sum)
        }),
        Node::Not(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not(n: Node) -> Node {
        Node::Not(Box::new(n))
    }

    /// Runs the chain with the truth of each leaf given.
    fn run(node: &Node, truth: &[bool]) -> bool {
        let mut steps = Vec::new();
        let mut leaf_of = |n: &Node| if let Node::Leaf(i) = n { Some((*i as u32, 0)) } else { None };
        let mut chainer = Chainer { steps: &mut steps, leaf_of: &mut leaf_of, dear: &|i| 3 - i as u8 };
        let mut at = chainer.chain(node, YES, NO);
        while let Some(s) = steps.get(at as usize) {
            at = if truth[s.leaf as usize] { s.yes } else { s.no };
        }
        assert!(at == YES || at == NO);
        at == YES
    }

    fn value(node: &Node, truth: &[bool]) -> bool {
        match node {
            Node::Leaf(i) => truth[*i],
            Node::And(v) => v.iter().all(|n| value(n, truth)),
            Node::Or(v) => v.iter().any(|n| value(n, truth)),
            Node::Not(n) => !value(n, truth),
            Node::Near { .. } | Node::Within { .. } => false,
        }
    }

    #[test]
    fn a_chain_has_the_value_of_its_tree() {
        use Node::{And, Leaf, Or};
        let trees = [
            Leaf(0),
            not(Leaf(0)),
            And(vec![Leaf(0), Leaf(1), not(Leaf(2))]),
            Or(vec![And(vec![Leaf(0), Leaf(1)]), not(Or(vec![Leaf(2), Leaf(3)]))]),
            And(vec![Or(vec![Leaf(0), Leaf(1)]), not(And(vec![Leaf(2), not(Leaf(3))])), Or(vec![Leaf(3), Leaf(0)])]),
        ];
        for tree in &trees {
            for bits in 0..16 {
                let truth: Vec<bool> = (0..4).map(|i| bits >> i & 1 == 1).collect();
                assert_eq!(run(tree, &truth), value(tree, &truth), "{tree:?} {truth:?}");
            }
        }
    }

    #[test]
    fn anchors_cover_every_alternative() {
        use Node::{And, Leaf, Or};
        let often = |i: usize| (i != 9).then_some(0.1 * (i + 1) as f64);
        let of = |n: Node| anchors(&n, &often).map(|a| a.leaves);
        assert_eq!(of(And(vec![Leaf(2), Leaf(1), not(Leaf(0))])), Some(vec![1]));
        assert_eq!(of(And(vec![Or(vec![Leaf(0), Leaf(1)]), Leaf(4)])), Some(vec![0, 1]));
        assert_eq!(of(Or(vec![Leaf(0), Leaf(9)])), None);
        assert_eq!(of(Or(vec![Leaf(0), not(Leaf(1))])), None);
        assert_eq!(of(And(vec![Leaf(9), not(Leaf(1))])), None);
    }
}
