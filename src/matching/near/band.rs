//! Runs of tokens as bits: from where to where each reaches.

use crate::matching::leaf::Run;

/// Bits of a word.
const WORD: u32 = u64::BITS;

/// A set of runs. The row of a token tells the ends of the runs that begin with it, as bits that are
/// aligned to words of the text, so that rows are joined without shifting.
#[derive(Debug, Clone)]
pub(super) struct Band {
    /// Words in a row.
    width: usize,
    rows: usize,
    /// No run has more tokens.
    longest: u32,
    bits: Vec<u64>,
}

/// The word of the text in which a row begins.
fn base(row: usize) -> usize {
    row / WORD as usize
}

impl Band {
    /// No run yet, of at most `longest` tokens, in a text of `rows`.
    pub(super) fn new(rows: usize, longest: u32) -> Band {
        // No run is longer than the text.
        let longest = longest.min(rows as u32);
        let width = longest.div_ceil(WORD) as usize + 1;
        Band { width, rows, longest, bits: vec![0; width * rows] }
    }

    /// These runs.
    pub(super) fn of(rows: usize, runs: &[Run]) -> Band {
        let longest = runs.iter().map(|r| r.end.saturating_sub(r.start)).max().unwrap_or_default();
        let mut band = Band::new(rows, longest);
        runs.iter().for_each(|r| band.add(r.start as usize, r.end));
        band
    }

    /// The runs of all of `bands`.
    pub(super) fn any(rows: usize, bands: &[Band], steps: &mut u64) -> Band {
        let mut out = Band::new(rows, bands.iter().map(|b| b.longest).max().unwrap_or_default());
        for band in bands {
            for row in 0..band.rows {
                *steps += out.join(row, band, row);
            }
        }
        out
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn longest(&self) -> u32 {
        self.longest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bits.iter().all(|w| *w == 0)
    }

    fn row(&self, row: usize) -> &[u64] {
        self.bits.get(row * self.width..(row + 1) * self.width).unwrap_or_default()
    }

    /// Adds the run from `row` to `end`.
    pub(super) fn add(&mut self, row: usize, end: u32) {
        let bit = end - base(row) as u32 * WORD;
        if let Some(word) = self.bits.get_mut(row * self.width + (bit / WORD) as usize) {
            *word |= 1 << (bit % WORD);
        }
    }

    /// The ends of the runs that begin at `row`, ascending.
    pub(super) fn ends(&self, row: usize) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(self.next_end(row, 0), move |end| self.next_end(row, end + 1))
    }

    /// The first end at `from` or later.
    fn next_end(&self, row: usize, from: u32) -> Option<u32> {
        let start = base(row) as u32 * WORD;
        let from = from.saturating_sub(start);
        let mut kept = u64::MAX << (from % WORD);
        for (i, word) in self.row(row).iter().enumerate().skip((from / WORD) as usize) {
            if word & kept != 0 {
                return Some(start + i as u32 * WORD + (word & kept).trailing_zeros());
            }
            kept = u64::MAX;
        }
        None
    }

    /// The last end at `to` or before.
    fn last_end(&self, row: usize, to: u32) -> Option<u32> {
        let start = base(row) as u32 * WORD;
        let to = to.checked_sub(start)?;
        let kept = |i: usize| if i as u32 == to / WORD { u64::MAX >> (WORD - 1 - to % WORD) } else { u64::MAX };
        let words = self.row(row).iter().enumerate().take((to / WORD) as usize + 1);
        let (i, word) = words.map(|(i, word)| (i, word & kept(i))).rfind(|(_, word)| *word != 0)?;
        Some(start + i as u32 * WORD + WORD - 1 - word.leading_zeros())
    }

    /// Adds to `row` the ends of the row `from` of `other`, which begins no earlier. Returns the words joined.
    fn join(&mut self, row: usize, other: &Band, from: usize) -> u64 {
        let shift = base(from) - base(row);
        let room = self.bits.get_mut(row * self.width..(row + 1) * self.width).unwrap_or_default();
        room.iter_mut().skip(shift).zip(other.row(from)).for_each(|(to, word)| *to |= word);
        other.width as u64
    }

    /// As if a run began up to `distance` tokens before it does: for each token the ends of the runs
    /// that begin with it or with one of the next `distance`.
    fn reached_from_before(&self, distance: u32, steps: &mut u64) -> Band {
        let mut out = Band::new(self.rows, self.longest + distance);
        for row in 0..self.rows {
            *steps += out.join(row, self, row);
        }
        // Rows that tell of `done` beginnings, joined with those `step` on, tell of `done + step`.
        let mut done = 1;
        while done <= distance as usize {
            let step = done.min(distance as usize + 1 - done);
            for row in 0..self.rows.saturating_sub(step) {
                let (head, tail) = out.bits.split_at_mut((row + step) * out.width);
                let shift = base(row + step) - base(row);
                let room = head.get_mut(row * out.width..(row + 1) * out.width).unwrap_or_default();
                room.iter_mut().skip(shift).zip(tail).for_each(|(to, word)| *to |= *word);
            }
            *steps += (self.rows * out.width) as u64;
            done += step;
        }
        out
    }

    /// Adds to `out` the runs that begin as one of these and end as one of `second` that begins behind
    /// it, at most `distance` tokens on.
    pub(super) fn follow(&self, second: &Band, distance: u32, out: &mut Band, steps: &mut u64) {
        let second = second.reached_from_before(distance, steps);
        for row in 0..self.rows {
            let mut next = self.next_end(row, 0);
            while let Some(end) = next {
                *steps += out.join(row, &second, end as usize) + 1;
                // What begins up to here is joined. The farthest end that leaves no gap spares those between.
                let joined = end + distance;
                next = self.last_end(row, joined + 1).filter(|e| *e > end).or_else(|| self.next_end(row, joined + 2));
            }
        }
    }

    /// Whether one of `second` begins behind one of these, at most `distance` tokens on.
    pub(super) fn precedes(&self, second: &Band, distance: u32, steps: &mut u64) -> bool {
        let mut ends = vec![0; base(self.rows) + self.width + 1];
        for row in 0..self.rows {
            ends.iter_mut().skip(base(row)).zip(self.row(row)).for_each(|(to, word)| *to |= word);
        }
        *steps += (self.rows * (self.width + second.width)) as u64;
        let is_end = |at: usize| ends.get(at / WORD as usize).is_some_and(|w: &u64| w >> (at as u32 % WORD) & 1 != 0);
        let mut last = None;
        (0..second.rows).any(|at| {
            last = if is_end(at) { Some(at) } else { last };
            second.row(at).iter().any(|w| *w != 0) && last.is_some_and(|end| at - end <= distance as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_found_from_both_sides() {
        let runs = [(3, 4), (3, 70), (3, 130), (100, 101)].map(|(start, end)| Run { start, end });
        let band = Band::of(200, &runs);
        assert_eq!(band.ends(3).collect::<Vec<_>>(), [4, 70, 130]);
        assert_eq!(band.ends(100).collect::<Vec<_>>(), [101]);
        assert_eq!(band.ends(4).count() + band.ends(500).count(), 0);
        let last = |to| band.last_end(3, to);
        assert_eq!([3, 4, 69, 70, 129, 130, 400].map(last), [None, Some(4), Some(4), Some(70), Some(70), Some(130), Some(130)]);
    }
}
