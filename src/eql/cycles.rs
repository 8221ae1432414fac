//! Rules that wait for each other.

use crate::limits::{CYCLE_NAMES, PROBLEMS_SHOWN};

/// A chain of rules that ends where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// Its rules in order, each once; of a long one the first and the last.
    pub first: Vec<usize>,
    /// See `first`; empty if nothing is left out.
    pub last: Vec<usize>,
}

impl Cycle {
    fn new(path: &[usize]) -> Cycle {
        if path.len() <= CYCLE_NAMES {
            return Cycle { first: path.to_vec(), last: Vec::new() };
        }
        let (first, rest) = path.split_at(CYCLE_NAMES / 2);
        Cycle { first: first.to_vec(), last: rest[rest.len() - CYCLE_NAMES / 2..].to_vec() }
    }

    /// The rule it is told of, and the one that rule names.
    pub fn head(&self) -> Option<(usize, usize)> {
        let from = *self.first.first()?;
        Some((from, self.first.get(1).copied().unwrap_or(from)))
    }

    /// `a → b → a`.
    pub fn told<'n>(&self, name: impl Fn(usize) -> &'n str) -> String {
        let mut names: Vec<&str> = self.first.iter().map(|i| name(*i)).collect();
        if !self.last.is_empty() {
            names.push("…");
            names.extend(self.last.iter().map(|i| name(*i)));
        }
        names.extend(self.first.first().map(|i| name(*i)));
        names.join(" → ")
    }
}

/// The edges of `count` nodes, by the node they leave.
struct Edges {
    first: Vec<usize>,
    to: Vec<usize>,
}

impl Edges {
    fn new(count: usize, references: impl IntoIterator<Item = (usize, usize)>) -> Edges {
        let mut edges: Vec<(usize, usize)> = references.into_iter().filter(|(a, b)| *a < count && *b < count).collect();
        edges.sort_unstable();
        edges.dedup();
        let first = (0..=count).map(|node| edges.partition_point(|(from, _)| *from < node)).collect();
        Edges { first, to: edges.into_iter().map(|(_, to)| to).collect() }
    }

    fn of(&self, node: usize) -> &[usize] {
        &self.to[self.first[node]..self.first[node + 1]]
    }
}

/// What the search knows of a node.
#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    /// On the path, at this place.
    Open(usize),
    Done,
}

/// The cycles among `count` rules of which one refers to another, by their places, beginning the search at `start` and going on in order: one for every
/// reference that closes one, so that without these references there is none. No recursion, however
/// long a chain is; every reference is followed once.
pub fn cycles(count: usize, start: usize, references: impl IntoIterator<Item = (usize, usize)>) -> Vec<Cycle> {
    let edges = Edges::new(count, references);
    let mut visits = vec![Visit::New; count];
    let mut found = Vec::new();
    for root in std::iter::once(start).filter(|s| *s < count).chain(0..count) {
        if visits[root] != Visit::New {
            continue;
        }
        // The path, and how many references of each node on it were followed.
        let (mut path, mut followed) = (vec![root], vec![0]);
        visits[root] = Visit::Open(0);
        while let (Some(node), Some(next)) = (path.last().copied(), followed.last_mut()) {
            let Some(to) = edges.of(node).get(*next).copied() else {
                visits[node] = Visit::Done;
                path.pop();
                followed.pop();
                continue;
            };
            *next += 1;
            match visits[to] {
                Visit::Done => {}
                Visit::Open(at) => {
                    found.push(Cycle::new(&path[at..]));
                    if found.len() == PROBLEMS_SHOWN {
                        return found;
                    }
                }
                Visit::New => {
                    visits[to] = Visit::Open(path.len());
                    path.push(to);
                    followed.push(0);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(count: usize, start: usize, pairs: &[(usize, usize)]) -> Vec<String> {
        let names: Vec<String> = (0..count).map(|i| i.to_string()).collect();
        cycles(count, start, pairs.iter().copied()).iter().map(|c| c.told(|i| &names[i])).collect()
    }

    #[test]
    fn every_cycle_is_told_once_and_whole() {
        for (count, pairs, want) in [
            (3, &[(0, 1), (1, 2)][..], &[][..]),
            (1, &[(0, 0)], &["0 → 0"]),
            (2, &[(0, 1), (1, 0), (0, 1)], &["0 → 1 → 0"]),
            // A diamond is no cycle.
            (4, &[(0, 1), (0, 2), (1, 3), (2, 3)], &[]),
            // Two that share a rule, and one that only leads to them.
            (4, &[(3, 0), (0, 1), (1, 0), (0, 2), (2, 0)], &["0 → 1 → 0", "0 → 2 → 0"]),
            (4, &[(2, 3), (3, 2), (1, 1)], &["1 → 1", "2 → 3 → 2"]),
            // Nobody is at this place.
            (1, &[(0, 7), (7, 0)], &[]),
            (0, &[], &[]),
        ] {
            assert_eq!(told(count, 0, pairs), want, "{pairs:?}");
        }
        assert_eq!(told(3, 2, &[(0, 1), (1, 2), (2, 0)]), ["2 → 0 → 1 → 2"], "told from where the search begins");
    }

    #[test]
    fn long_chains_need_no_stack() {
        let n = crate::limits::QUERIES;
        let chain: Vec<(usize, usize)> = (0..n - 1).map(|i| (i, i + 1)).collect();
        assert_eq!(cycles(n, 0, chain.iter().copied()), []);
        let mut ring = chain.clone();
        ring.push((n - 1, 0));
        let told = told(n, 0, &ring);
        assert!(told.len() == 1 && told[0].starts_with("0 → 1 → ") && told[0].ends_with(&format!("→ {} → 0", n - 1)), "{}", told[0]);
        assert!(told[0].contains("→ … →") && told[0].len() < 1000);
        // Every rule closes a cycle to the first: what is told stays bounded.
        let back: Vec<(usize, usize)> = chain.into_iter().chain((0..n).map(|i| (i, 0))).collect();
        let all = cycles(n, 0, back);
        assert_eq!(all.len(), PROBLEMS_SHOWN);
        assert!(all.iter().all(|c| c.first.len() + c.last.len() <= CYCLE_NAMES));
    }
}
