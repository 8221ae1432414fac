//! Spans of tokens: what NEAR and `~N` measure (R10, R11, R45).
//!
//! NEAR is exact: all spans of both operands are tried. `~N` is exact in polynomial time where every
//! operand is a single token, whatever its alternatives, and where operands are longer it is exact as
//! long as few of them differ; in general it is to choose one interval from each of many sets, for
//! which no fast way is known, and `limits::EXPLAIN_STEPS` bounds the work, nearest windows first.
//! Both look at that many tokens of a text and no further.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Found;
use crate::limits;
use crate::query::Node;

/// For all starts of one text together, this many times the steps of one start.
const STARTS: usize = 16;

/// Whether an operand has any span in a text.
pub(super) fn holds(node: &Node, found: &Found) -> bool {
    let has_any = match node {
        // One is enough here, and there may be very many.
        Node::Within { operands, distance } => windows(&all_spans(operands, found), *distance as usize, Wanted::Any),
        _ => spans(node, found),
    };
    !has_any.rows.is_empty()
}

/// How many windows are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    All,
}

/// A set of numbers that lie close together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Set {
    /// The first word stands for the numbers from `64 * base` on.
    base: usize,
    words: Vec<u64>,
}

impl Set {
    /// Makes room for the words `from..to`.
    fn cover(&mut self, from: usize, to: usize) {
        if self.words.is_empty() {
            self.base = from;
        }
        if from < self.base {
            self.words.splice(0..0, std::iter::repeat_n(0, self.base - from));
            self.base = from;
        }
        self.words.resize(self.words.len().max(to.saturating_sub(self.base)), 0);
    }

    fn insert(&mut self, n: usize) {
        self.cover(n / 64, n / 64 + 1);
        if let Some(word) = self.words.get_mut(n / 64 - self.base) {
            *word |= 1 << (n % 64);
        }
    }

    fn add_all(&mut self, other: &Set) {
        if other.words.is_empty() {
            return;
        }
        self.cover(other.base, other.base + other.words.len());
        for (mine, theirs) in self.words.iter_mut().skip(other.base - self.base).zip(&other.words) {
            *mine |= theirs;
        }
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let numbers = |(i, word): (usize, &u64)| {
            let (word, first) = (*word, 64 * (self.base + i));
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| first + bit)
        };
        self.words.iter().enumerate().flat_map(numbers)
    }
}

/// Spans of tokens: for every start, its ends. No row is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Spans {
    rows: BTreeMap<usize, Set>,
}

impl Spans {
    fn insert(&mut self, start: usize, end: usize) {
        self.rows.entry(start).or_default().insert(end);
    }

    fn add_row(&mut self, start: usize, ends: &Set) {
        if !ends.words.is_empty() {
            self.rows.entry(start).or_default().add_all(ends);
        }
    }

    fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        self.rows.iter().flat_map(|(start, ends)| ends.iter().map(|end| (*start, end)))
    }
}

/// Every span of tokens that an operand has in one text.
fn spans(node: &Node, found: &Found) -> Spans {
    let mut out = Spans::default();
    match node {
        Node::Leaf(i) => {
            let within = found.of(*i).iter().map(|o| &o.tokens).filter(|t| t.start < t.end && t.end <= limits::EXPLAIN_STEPS);
            within.for_each(|t| out.insert(t.start, t.end));
        }
        Node::Or(sides) => {
            for (start, ends) in sides.iter().flat_map(|s| spans(s, found).rows) {
                out.add_row(start, &ends);
            }
        }
        Node::Near { left, right, distance, ordered } => {
            let (left, right) = (spans(left, found), spans(right, found));
            follow(&left, &right, *distance as usize, &mut out);
            if !ordered {
                follow(&right, &left, *distance as usize, &mut out);
            }
        }
        Node::Within { operands, distance } => out = windows(&all_spans(operands, found), *distance as usize, Wanted::All),
        // The parser admits neither as an operand.
        Node::And(_) | Node::Not(_) => {}
    }
    out
}

fn all_spans(operands: &[Node], found: &Found) -> Vec<Spans> {
    operands.iter().map(|o| spans(o, found)).collect()
}

/// Adds the span over each of `first` and each of `second` that begins after it, at most `distance`
/// tokens on.
fn follow(first: &Spans, second: &Spans, distance: usize, out: &mut Spans) {
    // Where spans of `second` end that follow an end of `first`.
    let mut after: BTreeMap<usize, Set> = BTreeMap::new();
    for (start, ends) in &first.rows {
        let mut lasts = Set::default();
        for end in ends.iter() {
            let near = || {
                let mut set = Set::default();
                second.rows.range(end..=end.saturating_add(distance)).for_each(|(_, ends)| set.add_all(ends));
                set
            };
            lasts.add_all(after.entry(end).or_insert_with(near));
        }
        out.add_row(*start, &lasts);
    }
}

/// The windows in which every operand has tokens of its own and at most `distance` belong to none.
fn windows(operands: &[Spans], distance: usize, wanted: Wanted) -> Spans {
    match operands {
        [] => Spans::default(),
        [one] => one.clone(),
        many if many.iter().any(|o| o.rows.is_empty()) => Spans::default(),
        many if many.iter().flat_map(Spans::iter).all(|(start, end)| end == start + 1) => Single::new(many).windows(distance, wanted),
        many => longer(many, distance, wanted),
    }
}

/// Operands that are single tokens: which of them may stand on each token.
struct Single {
    operands: usize,
    at: BTreeMap<usize, Vec<usize>>,
}

impl Single {
    fn new(operands: &[Spans]) -> Single {
        let mut at: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (operand, spans) in operands.iter().enumerate() {
            spans.rows.keys().for_each(|token| at.entry(*token).or_default().push(operand));
        }
        Single { operands: operands.len(), at }
    }

    /// A window is one if its tokens can be shared out so that every operand has one, among them the
    /// first and the last.
    ///
    /// Where some sharing gives every operand a token and some other uses the first and the last,
    /// there is one that does both (Mendelsohn and Dulmage), so both are asked apart.
    fn windows(&self, distance: usize, wanted: Wanted) -> Spans {
        let mut out = Spans::default();
        for (start, on_start) in &self.at {
            let mut token_of = vec![None; self.operands];
            let mut given = 0;
            for (last, on_last) in self.at.range(start..&start.saturating_add(self.operands).saturating_add(distance)) {
                if given < self.operands && self.share(*last, &mut token_of, &mut vec![false; self.operands]) {
                    given += 1;
                }
                let differ = on_start.len() > 1 || on_last.len() > 1 || on_start != on_last;
                if given == self.operands && start < last && differ {
                    out.insert(*start, last + 1);
                    if wanted == Wanted::Any {
                        return out;
                    }
                }
            }
        }
        out
    }

    /// Gives `token` to one of its operands, moving others to other tokens where that helps.
    fn share(&self, token: usize, token_of: &mut [Option<usize>], tried: &mut [bool]) -> bool {
        for operand in self.at.get(&token).into_iter().flatten() {
            match tried.get_mut(*operand) {
                Some(tried) if !*tried => *tried = true,
                _ => continue,
            }
            let held = token_of.get(*operand).copied().flatten();
            if held.is_none_or(|other| self.share(other, token_of, tried)) {
                if let Some(place) = token_of.get_mut(*operand) {
                    *place = Some(token);
                }
                return true;
            }
        }
        false
    }
}

/// Operands of any length, from each start to the right.
///
/// Of operands that are the same, only their number counts.
fn longer(operands: &[Spans], distance: usize, wanted: Wanted) -> Spans {
    let mut kinds: Vec<(&Spans, usize)> = Vec::new();
    for operand in operands {
        match kinds.iter_mut().find(|(spans, _)| *spans == operand) {
            Some((_, count)) => *count += 1,
            None => kinds.push((operand, 1)),
        }
    }
    let starts: BTreeSet<usize> = operands.iter().flat_map(|o| o.rows.keys().copied()).collect();
    let last = starts.last().copied().unwrap_or(0);
    let mut out = Spans::default();
    let mut steps = STARTS * limits::EXPLAIN_STEPS;
    for start in starts {
        longer_from(start, last, &kinds, distance, &mut steps, &mut |end| out.insert(start, end));
        if steps == 0 || (wanted == Wanted::Any && !out.rows.is_empty()) {
            break;
        }
    }
    out
}

/// What was placed so far, to the left of a token; the first in this order is followed first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    /// Tokens that belong to none.
    free: usize,
    /// Operands still to place, and how many of each kind.
    remaining: usize,
    left: Vec<usize>,
    /// The next token.
    at: usize,
}

/// Tells the end of every window from `start`. What has fewest free tokens is followed first, so that
/// whoever comes second to the same token with the same operands placed has nothing to add.
fn longer_from(start: usize, last: usize, kinds: &[(&Spans, usize)], distance: usize, steps: &mut usize, tell: &mut dyn FnMut(usize)) {
    let left: Vec<usize> = kinds.iter().map(|(_, n)| *n).collect();
    let mut open = BTreeSet::from([Placed { free: 0, remaining: left.iter().sum(), left, at: start }]);
    let mut seen = HashSet::new();
    while let Some(placed) = open.pop_first().filter(|_| *steps > 0 && seen.len() < limits::EXPLAIN_STEPS) {
        if !seen.insert((placed.at, placed.left.clone())) {
            continue;
        }
        *steps -= 1;
        if placed.remaining == 0 {
            tell(placed.at);
            continue;
        }
        for (i, (spans, _)) in kinds.iter().enumerate().filter(|(i, _)| placed.left.get(*i).is_some_and(|n| *n > 0)) {
            let mut next = Placed { remaining: placed.remaining - 1, ..placed.clone() };
            next.left.iter_mut().skip(i).take(1).for_each(|n| *n -= 1);
            let ends = spans.rows.get(&placed.at).into_iter().flat_map(Set::iter);
            open.extend(ends.map(|at| Placed { at, ..next.clone() }));
        }
        // The first token of a window belongs to an operand.
        if placed.at > start && placed.at < last && placed.free < distance {
            open.insert(Placed { at: placed.at + 1, free: placed.free + 1, ..placed });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans_of(list: &[(usize, usize)]) -> Spans {
        let mut spans = Spans::default();
        list.iter().for_each(|(start, end)| spans.insert(*start, *end));
        spans
    }

    fn list(spans: &Spans) -> Vec<(usize, usize)> {
        spans.iter().collect()
    }

    /// Every choice of one span for each operand.
    fn choices(operands: &[Vec<(usize, usize)>]) -> Vec<Vec<(usize, usize)>> {
        operands.iter().fold(vec![vec![]], |all, operand| {
            all.iter().flat_map(|chosen| operand.iter().map(|span| [chosen.clone(), vec![*span]].concat())).collect()
        })
    }

    /// R10 word by word.
    fn naive_windows(operands: &[Vec<(usize, usize)>], distance: usize) -> Vec<(usize, usize)> {
        let mut out = BTreeSet::new();
        for mut chosen in choices(operands) {
            chosen.sort_unstable();
            let apart = chosen.windows(2).all(|pair| pair[0].1 <= pair[1].0);
            let (start, end) = (chosen[0].0, chosen[chosen.len() - 1].1);
            let taken: usize = chosen.iter().map(|(a, b)| b - a).sum();
            if apart && end - start - taken <= distance {
                out.insert((start, end));
            }
        }
        out.into_iter().collect()
    }

    /// R11 word by word.
    fn naive_near(left: &[(usize, usize)], right: &[(usize, usize)], distance: usize, ordered: bool) -> Vec<(usize, usize)> {
        let mut out = BTreeSet::new();
        for ((a, b), (c, d)) in left.iter().flat_map(|l| right.iter().map(move |r| (*l, *r))) {
            if b <= c && c - b <= distance {
                out.insert((a, d));
            }
            if !ordered && d <= a && a - d <= distance {
                out.insert((c, b));
            }
        }
        out.into_iter().collect()
    }

    fn some_spans(longest: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
        proptest::collection::vec((0..130usize, 1..=longest), 0..6).prop_map(|spans| {
            spans.into_iter().map(|(start, len)| (start % 12 + start / 100 * 60, start % 12 + start / 100 * 60 + len)).collect()
        })
    }

    proptest! {
        #[test]
        fn windows_are_those_of_the_definition(
            longest in 1..4usize, operands in proptest::collection::vec(some_spans(3), 2..5), distance in 0..5usize
        ) {
            let cut = |o: &Vec<(usize, usize)>| o.iter().map(|(a, b)| (*a, *b.min(&(a + longest)))).collect::<Vec<_>>();
            let operands: Vec<Vec<(usize, usize)>> = operands.iter().map(cut).collect();
            let spans: Vec<Spans> = operands.iter().map(|o| spans_of(o)).collect();
            let want = naive_windows(&operands, distance);
            prop_assert_eq!(list(&windows(&spans, distance, Wanted::All)), want.clone());
            prop_assert_eq!(list(&longer(&spans, distance, Wanted::All)), want.clone());
            let any = [windows(&spans, distance, Wanted::Any), longer(&spans, distance, Wanted::Any)];
            prop_assert!(any.iter().all(|a| a.rows.is_empty() == want.is_empty() && list(a).iter().all(|w| want.contains(w))));
        }

        #[test]
        fn near_is_that_of_the_definition(left in some_spans(70), right in some_spans(3), distance in 0..5usize, ordered: bool) {
            let (l, r) = (spans_of(&left), spans_of(&right));
            let mut out = Spans::default();
            follow(&l, &r, distance, &mut out);
            if !ordered {
                follow(&r, &l, distance, &mut out);
            }
            prop_assert_eq!(list(&out), naive_near(&left, &right, distance, ordered));
        }
    }

    #[test]
    fn the_widest_distance_is_no_overflow() {
        let two = [spans_of(&[(0, 1)]), spans_of(&[(9, 10)])];
        assert_eq!(list(&windows(&two, usize::MAX, Wanted::All)), [(0, 10)]);
        assert_eq!(list(&windows(&two, 8, Wanted::All)), [(0, 10)]);
        assert_eq!(list(&windows(&two, 7, Wanted::All)), []);
        assert_eq!(list(&windows(&two[..1], 0, Wanted::All)), [(0, 1)]);
        assert_eq!(list(&windows(&[], 0, Wanted::All)), []);
    }
}
