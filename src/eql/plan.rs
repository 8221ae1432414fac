//! What a query costs: the terms it stands on, and how often they are likely to be looked at.

use crate::query::{Node, Query, Term};

/// The leaves of which a matching post must hold at least one: the rarest on every OR branch.
pub fn anchors(query: &Query) -> Vec<usize> {
    let (_, mut leaves) = choose(&query.root, query).unwrap_or_default();
    leaves.sort_unstable();
    leaves.dedup();
    leaves
}

/// An estimate for comparing queries: candidates among 10 000 posts, times the terms looked at then.
pub fn cost(query: &Query) -> u64 {
    let (candidates, _) = choose(&query.root, query).unwrap_or_default();
    candidates.saturating_mul(query.leaves.len() as u64)
}

/// The cheapest set of leaves that covers `node`, with its price; `None` if none covers it.
fn choose(node: &Node, query: &Query) -> Option<(u64, Vec<usize>)> {
    let best = |sides: &mut dyn Iterator<Item = &Node>| sides.filter_map(|s| choose(s, query)).min_by_key(|(price, _)| *price);
    match node {
        Node::Leaf(i) => query.leaves.get(*i).filter(|l| l.term.is_anchor()).map(|l| (price(&l.term), vec![*i])),
        Node::And(sides) | Node::Within { operands: sides, .. } => best(&mut sides.iter()),
        Node::Near { left, right, .. } => best(&mut [left.as_ref(), right.as_ref()].into_iter()),
        Node::Or(sides) => sides.iter().map(|s| choose(s, query)).try_fold((0, Vec::new()), |(price, mut leaves), side| {
            let (more, next) = side?;
            leaves.extend(next);
            Some((price + more, leaves))
        }),
        Node::Not(_) => None,
    }
}

/// How many of 10 000 posts a term is likely to touch; long words are rare.
fn price(term: &Term) -> u64 {
    match term {
        Term::Phrase(words) | Term::Case(words) => words.iter().map(|w| word_price(w)).min().unwrap_or(1),
        Term::Contains(text) => word_price(text).saturating_mul(4),
        Term::Mention(_) | Term::Hashtag(_) | Term::Cashtag(_) | Term::From(_) | Term::To(_) => 5,
        Term::Lang(_) | Term::Network(_) => 10_000,
    }
}

fn word_price(word: &str) -> u64 {
    let letters = word.chars().filter(|c| !matches!(c, '*' | '?')).count().clamp(1, 12) as u32;
    let wild = if word.contains('*') { 8 } else { 1 };
    (4096u64 >> letters).max(1) * wild
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eql::{Options, parse};

    #[test]
    fn every_branch_stands_on_its_rarest_term() {
        for (text, want) in [
            ("app", vec![0]),
            ("app bancomer lang:es", vec![1]),
            ("(app OR aplicación) NEAR/4 caída", vec![2]),
            ("a OR (b bancomer) OR @c", vec![0, 2, 3]),
            ("\"banco caído\"~3 -robo", vec![0]),
        ] {
            assert_eq!(anchors(&parse(text, &Options::default()).query.unwrap()), want, "{text}");
        }
    }

    #[test]
    fn a_wider_query_costs_more() {
        let costs = ["bancomer", "banco", "banco OR caja", "ba*"].map(|t| cost(&parse(t, &Options::default()).query.unwrap()));
        assert!(costs.windows(2).all(|w| w[0] < w[1]), "{costs:?}");
    }
}
