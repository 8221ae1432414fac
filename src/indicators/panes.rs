//! Counts of a group of brands, by quarter of an hour of event time.

use std::collections::VecDeque;

use crate::limits::{SHARE_CELL_BYTES, SHARE_PANES};
use crate::share::{Apart, Counting, Voice};

/// One brand in one pane, every way of counting.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    member: u8,
    /// As in [`Apart`].
    reposts: u32,
    tagged: u32,
    negative: u32,
    replies: u32,
    ways: [Compact; Counting::WAYS],
}

/// [`Voice`] as small as a quarter of an hour lets it be.
#[derive(Debug, Clone, Copy, Default)]
struct Compact {
    parts: u64,
    mentions: u32,
    direct: u32,
    answered: u32,
    answered_direct: u32,
}

coded!(Compact { parts, mentions, direct, answered, answered_direct });
coded!(Cell { member, reposts, tagged, negative, replies, ways });
coded!(Pane { number, cells } if |pane: &Pane| pane.cells.is_sorted_by(|a, b| a.member < b.member));
coded!(Panes { panes } if |all: &Panes| all.panes.iter().is_sorted_by(|a, b| a.number < b.number));

const _: () = assert!(size_of::<Cell>() <= SHARE_CELL_BYTES);

#[derive(Debug)]
struct Pane {
    number: i64,
    /// Ascending by member; as many as there are, and no room for more.
    cells: Vec<Cell>,
}

/// A mention of one member.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// The pane of its time.
    pub pane: i64,
    /// Place of the brand in the group.
    pub member: u8,
    /// Members that the post is about.
    pub about: usize,
    /// The ways in which it counts, as bits by [`Counting::way`].
    pub ways: u8,
    /// It speaks to the brand.
    pub direct: bool,
}

/// What a mention is like, whichever way it counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traits {
    /// It only repeats another's post.
    pub repost: bool,
    /// It has a hashtag.
    pub tagged: bool,
    /// Of a negative tone.
    pub negative: bool,
}

/// The panes of one group, `limits::SHARE_PANES` at most.
#[derive(Debug, Default)]
pub struct Panes {
    panes: VecDeque<Pane>,
}

impl Panes {
    /// Counts a mention, unless its pane is no longer kept at pane `now`.
    pub fn fold(&mut self, mention: &Counted, traits: Traits, now: i64) {
        let parts = Voice::UNIT / (mention.about as u64).max(1);
        let Some(cell) = self.cell(mention.pane, mention.member, now) else { return };
        let own_words = mention.ways & (1 << Counting::OWN_WORDS.way()) != 0;
        count(&mut cell.reposts, traits.repost);
        count(&mut cell.tagged, traits.repost && traits.tagged);
        count(&mut cell.negative, traits.negative && own_words);
        for way in ways(mention.ways) {
            let counts = &mut cell.ways[way];
            counts.parts = counts.parts.saturating_add(parts);
            count(&mut counts.mentions, true);
            count(&mut counts.direct, mention.direct);
        }
    }

    /// An account of a member answered somebody, in `pane`.
    pub fn reply(&mut self, pane: i64, member: u8, now: i64) {
        if let Some(cell) = self.cell(pane, member, now) {
            count(&mut cell.replies, true);
        }
    }

    /// A mention that was counted was answered.
    pub fn answer(&mut self, mention: &Counted, now: i64) {
        let Some(cell) = self.cell(mention.pane, mention.member, now) else { return };
        for way in ways(mention.ways) {
            let counts = &mut cell.ways[way];
            count(&mut counts.answered, true);
            count(&mut counts.answered_direct, mention.direct);
        }
    }

    fn cell(&mut self, pane: i64, member: u8, now: i64) -> Option<&mut Cell> {
        let horizon = now - SHARE_PANES as i64;
        while self.panes.front().is_some_and(|p| p.number <= horizon) {
            self.panes.pop_front();
        }
        if pane <= horizon {
            return None;
        }
        let at = self.place(pane);
        if self.panes.get(at).is_none_or(|p| p.number != pane) {
            self.panes.insert(at, Pane { number: pane, cells: Vec::new() });
        }
        let cells = &mut self.panes.get_mut(at)?.cells;
        let at = cells.partition_point(|c| c.member < member);
        if cells.get(at).is_none_or(|c| c.member != member) {
            cells.reserve_exact(1);
            cells.insert(at, Cell { member, ..Cell::default() });
        }
        cells.get_mut(at)
    }

    /// What was counted of each of `members` members in the panes from `from` up to `to`.
    pub fn sum(&self, from: i64, to: i64, counting: Counting, members: usize) -> Vec<Voice> {
        let mut sums = vec![Voice::default(); members];
        let within = self.panes.range(self.place(from)..self.place(to.max(from)));
        for cell in within.flat_map(|pane| &pane.cells) {
            let Some(sum) = sums.get_mut(usize::from(cell.member)) else { continue };
            let Compact { parts, mentions, direct, answered, answered_direct } = cell.ways[counting.way()];
            let [mentions, direct, answered, answered_direct] = [mentions, direct, answered, answered_direct].map(u64::from);
            let [reposts, tagged, negative, replies] = [cell.reposts, cell.tagged, cell.negative, cell.replies].map(u64::from);
            let apart = Apart { reposts, tagged, negative, replies };
            sum.add(&Voice { mentions, parts, direct, answered, answered_direct, apart });
        }
        sums
    }

    /// Bytes of all panes; never more than `limits::GROUP_BYTES`.
    pub fn bytes(&self) -> usize {
        let cells: usize = self.panes.iter().map(|p| p.cells.capacity() * size_of::<Cell>()).sum();
        self.panes.capacity() * size_of::<Pane>() + cells
    }

    /// Index of the first pane that is `number` or later; mostly asked for at the end.
    fn place(&self, number: i64) -> usize {
        match self.panes.back() {
            Some(last) if last.number >= number => self.panes.partition_point(|p| p.number < number),
            _ => self.panes.len(),
        }
    }
}

fn count(sum: &mut u32, is_one: bool) {
    *sum = sum.saturating_add(is_one.into());
}

/// The ways that are set in `bits`.
fn ways(bits: u8) -> impl Iterator<Item = usize> {
    (0..Counting::WAYS).filter(move |way| bits & (1 << way) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{GROUP_BRANDS, GROUP_BYTES};

    const EVERY: u8 = 0b1111;

    #[test]
    fn a_full_group_stays_within_its_bytes() {
        let mut panes = Panes::default();
        for pane in 0..3 * SHARE_PANES as i64 {
            for member in (0..GROUP_BRANDS as u8).rev() {
                // A post is one pane ahead at most.
                panes.fold(&Counted { pane: pane + 1, member, about: 1, ways: EVERY, direct: true }, Traits::default(), pane);
            }
        }
        assert_eq!(panes.panes.len(), SHARE_PANES + 1);
        assert!(panes.bytes() <= GROUP_BYTES && panes.bytes() > GROUP_BYTES / 2, "{} of {GROUP_BYTES}", panes.bytes());
    }

    #[test]
    fn what_is_too_old_is_not_counted() {
        let mut panes = Panes::default();
        let now = 5000;
        let mention = |pane| Counted { pane, member: 1, about: 2, ways: EVERY, direct: false };
        for pane in [now - SHARE_PANES as i64, now - SHARE_PANES as i64 + 1, now, now + 1] {
            panes.fold(&mention(pane), Traits::default(), now);
        }
        let sum = |from, to| panes.sum(from, to, Counting::ALL, 2)[1];
        assert_eq!(sum(i64::MIN, i64::MAX).mentions, 3);
        assert_eq!((sum(now, now + 1).mentions, sum(now, now + 1).parts), (1, Voice::UNIT / 2));
        assert_eq!((sum(now, now), sum(now + 1, now)), (Voice::default(), Voice::default()));
    }
}
