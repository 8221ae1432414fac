//! Rules that stand on other rules: which can be answered, and in what order.
//!
//! A rule is all queries of one name. The rank of a rule that names no other is 0, else one more than
//! the greatest rank of those it names; so a query is answered when all of lower rank are. Rules that
//! name each other in a circle have no rank: what one of these says of another is false. Nothing here
//! recurses, however long a chain of rules is.

use std::collections::HashMap;

use crate::query::{Named, Term};

/// A query that no other stands on, or a rule without a name.
pub(super) const NO_RULE: u32 = u32::MAX;

/// The rules of some queries, by number.
#[derive(Debug, Default)]
pub(super) struct Rules<'a> {
    numbers: HashMap<&'a str, u32>,
    /// Numbers of the rules that each names, once each.
    names: Vec<Vec<u32>>,
    /// Whether each lies on a circle, or between two.
    knotted: Vec<bool>,
    ranks: Vec<u32>,
}

impl<'a> Rules<'a> {
    /// The rules that `queries` name or are named by; empty if no query names any.
    pub(super) fn new(queries: &[Named<'a>]) -> Rules<'a> {
        let mut rules = Rules::default();
        for name in queries.iter().flat_map(named_by) {
            let next = rules.numbers.len() as u32;
            rules.numbers.entry(name).or_insert(next);
        }
        rules.names.resize(rules.numbers.len(), Vec::new());
        for query in queries {
            let others: Vec<u32> = named_by(query).filter_map(|name| rules.number(name)).collect();
            if let Some(own) = rules.number(query.name).and_then(|own| rules.names.get_mut(own as usize)) {
                own.extend(others);
            }
        }
        rules.names.iter_mut().for_each(|n| {
            n.sort_unstable();
            n.dedup();
        });
        rules.knotted = rules.knots();
        rules.ranks = rules.ranks();
        rules
    }

    /// The number of a rule that some query names.
    pub(super) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The rule that a query of the rule `from` (or of none) means by `name`; none if it is on the same circle.
    pub(super) fn meant(&self, from: &str, name: &str) -> Option<u32> {
        let other = self.number(name)?;
        self.number(from).is_none_or(|own| !self.is_cut(own, other)).then_some(other)
    }

    /// The rank of a query.
    pub(super) fn rank(&self, query: &Named<'a>) -> u32 {
        let others = named_by(query).filter_map(|name| self.meant(query.name, name));
        others.filter_map(|other| self.ranks.get(other as usize)).max().map_or(0, |rank| rank + 1)
    }

    fn is_knotted(&self, rule: u32) -> bool {
        self.knotted.get(rule as usize).copied().unwrap_or_default()
    }

    fn is_cut(&self, from: u32, to: u32) -> bool {
        self.is_knotted(from) && self.is_knotted(to)
    }

    /// What is left when the rules that name none of the rest are taken away one after another, and
    /// then those that none of the rest names.
    fn knots(&self) -> Vec<bool> {
        let mut left = vec![true; self.len()];
        take_away(&self.names, &mut left, &mut |_, _| {});
        // The other way round among what is left.
        let mut backward = vec![Vec::new(); self.len()];
        for (from, names) in self.names.iter().enumerate() {
            for to in names.iter().filter(|to| is_left(&left, from) && is_left(&left, **to as usize)) {
                if let Some(list) = backward.get_mut(*to as usize) {
                    list.push(from as u32);
                }
            }
        }
        take_away(&backward, &mut left, &mut |_, _| {});
        left
    }

    fn ranks(&self) -> Vec<u32> {
        let kept = |from: usize| move |to: &&u32| !self.is_cut(from as u32, **to);
        let names: Vec<Vec<u32>> =
            self.names.iter().enumerate().map(|(from, to)| to.iter().filter(kept(from)).copied().collect()).collect();
        let mut ranks = vec![0_u32; names.len()];
        take_away(&names, &mut vec![true; names.len()], &mut |to, from| {
            let rank = ranks.get(to).copied().unwrap_or_default() + 1;
            if let Some(own) = ranks.get_mut(from) {
                *own = rank.max(*own);
            }
        });
        ranks
    }
}

/// The rules a query names.
fn named_by<'a>(query: &Named<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    query.query.leaves.iter().filter_map(|l| if let Term::Rule(name) = &l.term { Some(name.as_str()) } else { None })
}

fn is_left(left: &[bool], i: usize) -> bool {
    left.get(i).copied().unwrap_or_default()
}

/// Takes away those that name none of what is `left`, one after another; `taken` hears of each that is
/// gone and of each that named it.
fn take_away(names: &[Vec<u32>], left: &mut [bool], taken: &mut dyn FnMut(usize, usize)) {
    let mut open: Vec<usize> = vec![0; names.len()];
    let mut named_by = vec![Vec::new(); names.len()];
    for (from, to) in names.iter().enumerate().filter(|(from, _)| is_left(left, *from)) {
        for to in to.iter().map(|to| *to as usize).filter(|to| is_left(left, *to)) {
            if let (Some(open), Some(list)) = (open.get_mut(from), named_by.get_mut(to)) {
                *open += 1;
                list.push(from);
            }
        }
    }
    let mut ready: Vec<usize> = (0..names.len()).filter(|i| is_left(left, *i) && open.get(*i) == Some(&0)).collect();
    while let Some(gone) = ready.pop() {
        if let Some(l) = left.get_mut(gone) {
            *l = false;
        }
        for from in named_by.get(gone).into_iter().flatten() {
            taken(gone, *from);
            if let Some(n) = open.get_mut(*from) {
                *n -= 1;
                if *n == 0 {
                    ready.push(*from);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Accents, Leaf, Node, Query};

    fn query(names: &[&str]) -> Query {
        let leaves = names.iter().map(|n| Leaf { span: 0..0, term: Term::Rule((*n).into()) }).collect();
        Query { root: Node::Leaf(0), leaves, accents: Accents::Fold, quoted: false }
    }

    fn ranks(rules: &[(&str, &[&str])]) -> Vec<u32> {
        let queries: Vec<Query> = rules.iter().map(|r| query(r.1)).collect();
        let named: Vec<Named<'_>> = rules.iter().zip(&queries).map(|(r, query)| Named { query, name: r.0, scope: 0 }).collect();
        let rules = Rules::new(&named);
        named.iter().map(|n| rules.rank(n)).collect()
    }

    #[test]
    fn a_rank_is_one_more_than_the_greatest_below() {
        assert_eq!(ranks(&[("c", &["b", "a"]), ("b", &["a"]), ("a", &[]), ("", &["c"]), ("a", &["unknown"])]), [3, 2, 0, 4, 1]);
    }

    #[test]
    fn circles_are_cut_and_what_stands_on_them_is_not() {
        assert_eq!(ranks(&[("a", &["a"]), ("", &["a"])]), [0, 1]);
        assert_eq!(ranks(&[("a", &["b"]), ("b", &["a", "x"]), ("x", &[]), ("y", &["b"]), ("", &["y"])]), [0, 1, 0, 2, 3]);
        // `m` lies between two circles.
        assert_eq!(ranks(&[("a", &["a", "m"]), ("m", &["b"]), ("b", &["b"])]), [0, 0, 0]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let names: Vec<String> = (0..50_000).map(|i| i.to_string()).collect();
        let queries: Vec<Query> = names.windows(2).map(|w| query(&[&w[1]])).collect();
        let named: Vec<Named<'_>> = queries.iter().zip(&names).map(|(query, name)| Named { query, name, scope: 0 }).collect();
        assert_eq!(Rules::new(&named).rank(&named[0]), 49_999);
    }
}
