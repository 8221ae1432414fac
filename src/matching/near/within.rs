//! `~N`: all operands in one window, each with tokens of its own, and few tokens of no operand.
//!
//! Which run of an operand is taken decides what is left to the others. If all runs are single tokens,
//! that is a matching between operands and tokens, kept while a window slides over the text. If not, the
//! sets of operands that are placed are followed from token to token, with the fewest tokens left out.

use super::band::Band;
use crate::matching::leaf::Run;

/// Operands of which sets are followed.
pub(super) const SUBSETS: usize = 8;

/// Whether there is such a window.
pub(super) fn holds(operands: &[Band], distance: u32, steps: &mut u64) -> bool {
    let mut found = false;
    windows(operands, distance, steps, true, &mut |_, _| found = true);
    found
}

/// Every such window, from its first run's beginning to its last run's end.
pub(super) fn band(operands: &[Band], distance: u32, steps: &mut u64) -> Band {
    let longest = operands.iter().map(Band::longest).fold(distance, u32::saturating_add);
    let mut out = Band::new(operands.first().map_or(0, Band::rows), longest);
    windows(operands, distance, steps, false, &mut |start, end| out.add(start, end));
    out
}

/// Calls `found` with every window, or with any if `one` is enough.
fn windows(operands: &[Band], distance: u32, steps: &mut u64, one: bool, found: &mut dyn FnMut(usize, u32)) {
    let rows = operands.first().map_or(0, Band::rows);
    if operands.len() < 2 {
        return;
    }
    if operands.iter().all(|o| o.longest() <= 1) {
        return Sliding::new(operands, rows).run(distance, steps, one, found);
    }
    if operands.len() > SUBSETS {
        return Search::run(operands, distance, steps, one, found);
    }
    let mut gaps = Vec::new();
    if one {
        Sets { operands, from: 0, to: rows, anywhere: true }.follow(distance, &mut gaps, steps, &mut |end| found(0, end));
        return;
    }
    let longest = operands.iter().map(Band::longest).fold(distance, u32::saturating_add) as usize;
    for from in (0..rows).filter(|row| operands.iter().any(|o| o.ends(*row).next().is_some())) {
        let sets = Sets { operands, from, to: rows.min(from + longest), anywhere: false };
        sets.follow(distance, &mut gaps, steps, &mut |end| found(from, end));
    }
}

/// Sets of operands that can be placed between two tokens.
struct Sets<'a> {
    operands: &'a [Band],
    from: usize,
    to: usize,
    /// Whether the first run may begin behind `from`.
    anywhere: bool,
}

/// No way to place a set.
const NONE: u8 = u8::MAX;

impl Sets<'_> {
    /// Calls `found` with the end of every way to place all operands. `gaps` is working memory: for
    /// each token and set, the fewest tokens left out when the last run of the set ends there.
    fn follow(&self, distance: u32, gaps: &mut Vec<u8>, steps: &mut u64, found: &mut dyn FnMut(u32)) {
        let sets = 1 << self.operands.len();
        // A distance is at most 50; a larger one is as good as none that is counted.
        let distance = distance.min(u32::from(NONE - 1)) as u8;
        gaps.clear();
        gaps.resize((self.to - self.from + 1) * sets, NONE);
        let mut lower = |at: usize, set: usize, gap: u8| {
            if let Some(old) = gaps.get_mut((at - self.from) * sets + set) {
                *old = gap.min(*old);
            }
            gaps.get((at - self.from) * sets + set).copied()
        };
        for at in self.from..=self.to {
            if self.anywhere || at == self.from {
                lower(at, 0, 0);
            }
            for set in 0..sets - 1 {
                *steps += 1;
                let Some(gap) = lower(at, set, NONE).filter(|gap| *gap != NONE) else { continue };
                if set != 0 && gap < distance && at < self.to {
                    lower(at + 1, set, gap + 1);
                }
                for (i, operand) in self.operands.iter().enumerate().filter(|(i, _)| set >> i & 1 == 0) {
                    for end in operand.ends(at).take_while(|end| *end as usize <= self.to) {
                        *steps += 1;
                        lower(end as usize, set | 1 << i, gap);
                        if set | 1 << i == sets - 1 {
                            found(end);
                        }
                    }
                }
            }
        }
    }
}

/// Operands of one token each, matched with different tokens of a window that slides.
struct Sliding {
    /// The operands that each token is.
    operands_of: Vec<Vec<u16>>,
    /// The tokens that are each operand, ascending.
    tokens_of: Vec<Vec<usize>>,
    /// The operand each token is taken for.
    taken: Vec<Option<u16>>,
    /// The token taken for each operand.
    held: Vec<Option<usize>>,
    left: usize,
    right: usize,
}

impl Sliding {
    fn new(operands: &[Band], rows: usize) -> Sliding {
        let mut operands_of = vec![Vec::new(); rows];
        let mut tokens_of = vec![Vec::new(); operands.len()];
        for (i, (operand, tokens)) in operands.iter().zip(&mut tokens_of).enumerate() {
            for (row, of) in operands_of.iter_mut().enumerate() {
                if operand.ends(row).next().is_some() {
                    of.push(i as u16);
                    tokens.push(row);
                }
            }
        }
        Sliding { taken: vec![None; rows], held: vec![None; operands.len()], operands_of, tokens_of, left: 0, right: 0 }
    }

    fn run(mut self, distance: u32, steps: &mut u64, one: bool, found: &mut dyn FnMut(usize, u32)) {
        let (rows, count) = (self.operands_of.len(), self.held.len());
        let mut matched = 0;
        for left in 0..rows {
            self.left = left;
            let farthest = rows.min(left + count + distance as usize);
            while matched < count && self.right < farthest {
                self.right += 1;
                matched += usize::from(self.take(self.right - 1, steps));
            }
            if matched == count {
                // A wider window holds the same runs; it is one of its own if its edges can be in it together.
                let mut ends = (self.right..=farthest).filter(|end| self.are_apart(left, end - 1));
                if one {
                    return found(left, self.right as u32);
                }
                ends.by_ref().for_each(|end| found(left, end as u32));
                *steps += (farthest - self.right) as u64;
            }
            matched -= usize::from(self.give_up(left, steps));
        }
    }

    /// Whether both tokens are operands, and not only the same one: then some way to place all operands
    /// in the window takes both, because what can be placed together can be completed.
    fn are_apart(&self, first: usize, last: usize) -> bool {
        let of = |token: usize| self.operands_of.get(token).map(Vec::as_slice).unwrap_or_default();
        match (of(first), of(last)) {
            ([], _) | (_, []) => false,
            ([a], [b]) => a != b,
            _ => true,
        }
    }

    /// The window ends with `token` now: whether one more operand can be placed.
    fn take(&mut self, token: usize, steps: &mut u64) -> bool {
        let mut tried: Vec<Option<usize>> = vec![None; self.held.len()];
        let mut open = vec![token];
        while let Some(token) = open.pop() {
            for operand in self.operands_of.get(token).cloned().unwrap_or_default() {
                *steps += 1;
                match tried.get_mut(usize::from(operand)) {
                    Some(slot @ None) => *slot = Some(token),
                    _ => continue,
                }
                match self.held.get(usize::from(operand)).copied().flatten() {
                    Some(holder) => open.push(holder),
                    None => {
                        self.rewire(operand, &tried);
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Gives `operand` to the token it was tried for, and what that held to the one that was tried for, and so on.
    fn rewire(&mut self, operand: u16, tried: &[Option<usize>]) {
        let mut next = Some(operand);
        while let Some(operand) = next {
            let Some(token) = tried.get(usize::from(operand)).copied().flatten() else { return };
            next = self.taken.get_mut(token).and_then(|t| t.replace(operand));
            if let Some(held) = self.held.get_mut(usize::from(operand)) {
                *held = Some(token);
            }
        }
    }

    /// The window no longer begins with `token`: whether one operand less can be placed.
    fn give_up(&mut self, token: usize, steps: &mut u64) -> bool {
        self.left = token + 1;
        let Some(lost) = self.taken.get_mut(token).and_then(Option::take) else { return false };
        if let Some(held) = self.held.get_mut(usize::from(lost)) {
            *held = None;
        }
        // Breadth of what could be moved: operands that look for a token, and who made them look.
        let mut wanted_by: Vec<Option<u16>> = vec![None; self.right.saturating_sub(self.left)];
        let mut open = vec![lost];
        while let Some(operand) = open.pop() {
            let tokens = self.tokens_of.get(usize::from(operand)).map(Vec::as_slice).unwrap_or_default();
            let first = tokens.partition_point(|t| *t < self.left);
            for token in tokens.iter().skip(first).copied().take_while(|t| *t < self.right) {
                *steps += 1;
                match wanted_by.get_mut(token - self.left) {
                    Some(slot @ None) => *slot = Some(operand),
                    _ => continue,
                }
                match self.taken.get(token).copied().flatten() {
                    Some(other) => open.push(other),
                    None => {
                        self.move_up(token, lost, &wanted_by);
                        return false;
                    }
                }
            }
        }
        true
    }

    /// Gives the free `token` to the operand that wanted it, the token that had to whoever wanted that,
    /// until the operand that lost its own has one.
    fn move_up(&mut self, token: usize, lost: u16, wanted_by: &[Option<u16>]) {
        let mut token = token;
        while let Some(operand) = wanted_by.get(token - self.left).copied().flatten() {
            let before = self.held.get_mut(usize::from(operand)).and_then(|held| held.replace(token));
            if let Some(taken) = self.taken.get_mut(token) {
                *taken = Some(operand);
            }
            match before {
                Some(before) if operand != lost => token = before,
                _ => return,
            }
        }
    }
}

/// Tries one combination after another.
struct Search<'a> {
    operands: &'a [Vec<Run>],
    used: Vec<bool>,
    left_over: usize,
    one: bool,
}

impl Search<'_> {
    fn run(operands: &[Band], distance: u32, steps: &mut u64, one: bool, found: &mut dyn FnMut(usize, u32)) {
        let runs = |o: &Band| (0..o.rows()).flat_map(|row| o.ends(row).map(move |end| Run { start: row as u32, end })).collect();
        let operands: Vec<Vec<Run>> = operands.iter().map(runs).collect();
        let mut search = Search { operands: &operands, used: vec![false; operands.len()], left_over: crate::limits::PROXIMITY_STEPS, one };
        for (i, runs) in operands.iter().enumerate() {
            for run in runs {
                search.place(i, *run, distance, operands.len() - 1, found);
            }
        }
        *steps += (crate::limits::PROXIMITY_STEPS - search.left_over) as u64;
    }

    /// Takes the last run of `window` for operand `i` and puts the `left` others behind, with `room`
    /// tokens to spare between them.
    fn place(&mut self, i: usize, window: Run, room: u32, left: usize, found: &mut dyn FnMut(usize, u32)) {
        if self.left_over == 0 {
            return;
        }
        self.left_over -= 1;
        if left == 0 {
            found(window.start as usize, window.end);
            if self.one {
                self.left_over = 0;
            }
            return;
        }
        self.used.iter_mut().skip(i).take(1).for_each(|u| *u = true);
        let operands = self.operands;
        for (next, runs) in operands.iter().enumerate() {
            if self.used.get(next).copied().unwrap_or(true) {
                continue;
            }
            let first = runs.partition_point(|r| r.start < window.end);
            for run in runs.iter().skip(first).take_while(|r| r.start - window.end <= room) {
                self.place(next, Run { start: window.start, end: run.end }, room - (run.start - window.end), left - 1, found);
            }
        }
        self.used.iter_mut().skip(i).take(1).for_each(|u| *u = false);
    }
}
