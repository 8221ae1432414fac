//! Counts per topic: minute panes by event time, and windows that slide over them.
//!
//! Folding is integer addition, so the counts do not depend on the order of the posts. Only minutes
//! with mentions have a pane: a quiet topic costs next to nothing.

pub mod week;

use std::collections::VecDeque;
use std::ops::{AddAssign, SubAssign};

use crate::codec::{Coded, Error, Reader};
use crate::limits::{PANE_BYTES, PANES_MINUTES};
use crate::post::AuthorKey;
use crate::sketches::Distinct;
use crate::window::{Tallied, Window};

/// Earlier than any minute, and still far from the edge of the integers.
const NEVER: i64 = i64::MIN / 4;
/// Minutes whose authors are kept one by one; beyond, they are kept by hour.
const AUTHOR_MINUTES: i64 = Window::H1.minutes();
/// Hours of authors that the day is made of: the running one and those before it.
const AUTHOR_HOURS: i64 = Window::H24.minutes() / 60;

/// Mentions of a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// Mentions, reposts among them.
    pub mentions: u64,
    /// Reposts.
    pub reposts: u64,
    /// Mentions that speak to the brand; the others are active listening.
    pub direct: u64,
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Sum) {
        self.mentions += other.mentions;
        self.reposts += other.reposts;
        self.direct += other.direct;
    }
}

impl SubAssign for Sum {
    fn sub_assign(&mut self, other: Sum) {
        self.mentions -= other.mentions;
        self.reposts -= other.reposts;
        self.direct -= other.direct;
    }
}

/// What the counts need to know of a mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Its minute since 1970.
    pub minute: i64,
    /// Who wrote it.
    pub author: AuthorKey,
    /// Number of its network.
    pub network: u8,
    /// It only repeats another post.
    pub repost: bool,
    /// It speaks to the brand.
    pub direct: bool,
}

/// One minute, as small as it can be: a topic may have a pane for every minute of a day.
#[derive(Debug)]
struct Pane {
    minute: i64,
    mentions: u32,
    reposts: u32,
    direct: u32,
    /// The network of the first mention, and of all that `others` does not count.
    network: u8,
    /// Mentions of the other networks.
    others: Box<[(u8, u32)]>,
}

const _: () = assert!(size_of::<Pane>() <= PANE_BYTES);

coded!(Sum { mentions, reposts, direct });
coded!(Pane { minute, mentions, reposts, direct, network, others } if |p: &Pane| p.reposts <= p.mentions && p.direct <= p.mentions);

impl Pane {
    fn new(minute: i64, network: u8) -> Pane {
        Pane { minute, mentions: 0, reposts: 0, direct: 0, network, others: Box::default() }
    }

    fn sum(&self) -> Sum {
        Sum { mentions: self.mentions.into(), reposts: self.reposts.into(), direct: self.direct.into() }
    }

    fn add(&mut self, mention: &Counted) {
        self.mentions = self.mentions.saturating_add(1);
        self.reposts += u32::from(mention.repost && self.reposts < self.mentions);
        self.direct += u32::from(mention.direct && self.direct < self.mentions);
        if mention.network == self.network {
            return;
        }
        match self.others.iter_mut().find(|(n, _)| *n == mention.network) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.others = self.others.iter().copied().chain([(mention.network, 1)]).collect(),
        }
    }

    /// Mentions by network.
    fn networks(&self) -> impl Iterator<Item = (u8, u64)> {
        let others: u64 = self.others.iter().map(|(_, count)| u64::from(*count)).sum();
        let first = (self.network, u64::from(self.mentions).saturating_sub(others));
        self.others.iter().map(|(n, count)| (*n, u64::from(*count))).chain([first])
    }
}

/// The panes of one topic and the windows over them.
#[derive(Debug)]
pub struct Panes {
    /// Last minute of the sliding windows.
    end: i64,
    /// Minutes with mentions, ascending; some may lie after `end`.
    panes: VecDeque<Pane>,
    /// The windows that end with `end`, in the order of `Window::ALL`.
    sums: [Sum; Window::ALL.len()],
    /// The authors of these windows.
    authors: [Distinct; Window::ALL.len()],
    /// Authors by minute, ascending.
    minutes: VecDeque<(i64, Distinct)>,
    /// Authors by hour since 1970, ascending.
    hours: VecDeque<(i64, Distinct)>,
}

impl Coded for Panes {
    fn encode(&self, out: &mut Vec<u8>) {
        let Panes { end, panes, sums, authors, minutes, hours } = self;
        end.encode(out);
        panes.encode(out);
        sums.encode(out);
        authors.iter().for_each(|set| set.encode(out));
        minutes.encode(out);
        hours.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Panes, Error> {
        let mut read = Panes { end: Coded::decode(from)?, panes: Coded::decode(from)?, sums: Coded::decode(from)?, ..Panes::default() };
        for set in &mut read.authors {
            *set = Coded::decode(from)?;
        }
        (read.minutes, read.hours) = Coded::decode(from)?;
        let ascend = |sets: &VecDeque<(i64, Distinct)>| sets.iter().is_sorted_by(|a, b| a.0 < b.0);
        let ascending = read.panes.iter().is_sorted_by(|a, b| a.minute < b.minute) && ascend(&read.minutes) && ascend(&read.hours);
        if ascending { Ok(read) } else { Err(Error::Field("panes")) }
    }
}

impl Default for Panes {
    fn default() -> Self {
        Panes {
            end: NEVER,
            panes: VecDeque::new(),
            sums: [Sum::default(); Window::ALL.len()],
            authors: Default::default(),
            minutes: VecDeque::new(),
            hours: VecDeque::new(),
        }
    }
}

impl Panes {
    /// Last minute of the sliding windows.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// Slides the windows on, so that `end` is their last minute; they never slide back.
    pub fn slide(&mut self, end: i64) {
        if end <= self.end {
            return;
        }
        let mut stale = [false; Window::ALL.len()];
        for (i, window) in Window::ALL.into_iter().enumerate() {
            let length = window.minutes();
            let (enter, leave) = (self.between(self.end, end), self.between(self.end - length, end - length));
            self.sums[i] += enter;
            self.sums[i] -= leave;
            stale[i] = if length > AUTHOR_MINUTES { hour(end) != hour(self.end) } else { enter.mentions + leave.mentions > 0 };
        }
        self.end = end;
        let horizon = end - PANES_MINUTES as i64;
        while self.panes.front().is_some_and(|p| p.minute <= horizon) {
            self.panes.pop_front();
        }
        while self.minutes.front().is_some_and(|(m, _)| *m <= end - AUTHOR_MINUTES) {
            self.minutes.pop_front();
        }
        while self.hours.front().is_some_and(|(h, _)| *h <= hour(end) - AUTHOR_HOURS) {
            self.hours.pop_front();
        }
        // Sets cannot forget: a window that lost a pane is put together anew, once a minute at most.
        for (i, window) in Window::ALL.into_iter().enumerate().filter(|(i, _)| stale[*i]) {
            let mut authors = std::mem::take(&mut self.authors[i]);
            self.gather(window, end, &mut authors);
            authors.settle();
            self.authors[i] = authors;
        }
    }

    /// Counts a mention in the pane of its minute. `false` if it is too old for any pane.
    pub fn fold(&mut self, mention: &Counted) -> bool {
        let minute = mention.minute;
        if minute <= self.end - PANES_MINUTES as i64 {
            return false;
        }
        let one = Sum { mentions: 1, reposts: mention.repost.into(), direct: mention.direct.into() };
        let i = place(&self.panes, minute, |p| p.minute);
        if self.panes.get(i).is_none_or(|p| p.minute != minute) {
            self.panes.insert(i, Pane::new(minute, mention.network));
        }
        self.panes[i].add(mention);
        for (i, window) in Window::ALL.into_iter().enumerate() {
            let inside = minute <= self.end && minute > self.end - window.minutes();
            if inside {
                self.sums[i] += one;
            }
            let of_day = hour(minute) <= hour(self.end) && hour(minute) > hour(self.end) - AUTHOR_HOURS;
            if if window.minutes() > AUTHOR_MINUTES { of_day } else { inside } {
                self.authors[i].insert(mention.author.0);
            }
        }
        if minute > self.end - AUTHOR_MINUTES {
            note(&mut self.minutes, minute, mention.author);
        }
        if hour(minute) > hour(self.end) - AUTHOR_HOURS {
            note(&mut self.hours, hour(minute), mention.author);
        }
        true
    }

    /// The mentions of `window` with `end` as its last minute.
    pub fn sum(&self, window: Window, end: i64) -> Sum {
        let length = window.minutes();
        if (end - self.end).abs() >= length {
            return self.between(end - length, end);
        }
        // Step from the window that is kept: few minutes enter and leave.
        let mut sum = self.sums[window as usize];
        if end >= self.end {
            sum += self.between(self.end, end);
            sum -= self.between(self.end - length, end - length);
        } else {
            sum += self.between(end - length, self.end - length);
            sum -= self.between(end, self.end);
        }
        sum
    }

    /// All windows that end with [`Panes::end`].
    ///
    /// The authors of a day are those of the running hour and the 23 before it.
    pub fn windows(&self) -> [Tallied; Window::ALL.len()] {
        Window::ALL.map(|window| tallied(self.sums[window as usize], &self.authors[window as usize]))
    }

    /// `window` with `end` as its last minute.
    pub fn window(&self, window: Window, end: i64) -> Tallied {
        let mut authors = Distinct::default();
        self.gather(window, end, &mut authors);
        tallied(self.sum(window, end), &authors)
    }

    /// Authors of the last `minutes` of the hour that ends with `end` who did not write in the rest of
    /// it; `None` where less than half an hour of that rest is still kept.
    pub fn newcomers(&self, minutes: i64, end: i64) -> Option<u64> {
        let (start, before) = (end - AUTHOR_MINUTES, end - minutes);
        if before - AUTHOR_MINUTES / 2 < self.end - AUTHOR_MINUTES {
            return None;
        }
        let mut authors = Distinct::default();
        authors.merge_all(span(&self.minutes, start, before, |p| p.0).map(|(_, set)| set));
        let known = authors.count();
        authors.merge_all(span(&self.minutes, before, end, |p| p.0).map(|(_, set)| set));
        Some(authors.count().saturating_sub(known))
    }

    /// Puts the authors of `window` with `end` as its last minute into `authors`, and no others. Past
    /// the minutes that are kept, those of the hours it touches stand for them.
    fn gather(&self, window: Window, end: i64, authors: &mut Distinct) {
        authors.clear();
        let before = end - window.minutes();
        let (sets, after, to) = if window.minutes() > AUTHOR_MINUTES {
            (&self.hours, hour(end) - AUTHOR_HOURS, hour(end))
        } else if before < self.end - AUTHOR_MINUTES {
            (&self.hours, hour(before + 1) - 1, hour(end))
        } else {
            (&self.minutes, before, end)
        };
        authors.merge_all(span(sets, after, to, |p| p.0).map(|(_, set)| set));
    }

    /// Mentions by network number in `window` with `end` as its last minute, ascending by number.
    pub fn networks(&self, window: Window, end: i64) -> Vec<(u8, u64)> {
        let mut all = std::collections::BTreeMap::new();
        for pane in span(&self.panes, end - window.minutes(), end, |p| p.minute) {
            for (network, count) in pane.networks() {
                *all.entry(network).or_insert(0) += count;
            }
        }
        all.into_iter().collect()
    }

    /// The first window that holds `minute` and for whose last minute and mentions `wanted` holds.
    /// Windows that would end after the newest mention are left for the mentions to come.
    pub fn find(&self, window: Window, minute: i64, wanted: impl Fn(i64, u64) -> bool) -> Option<i64> {
        let length = window.minutes();
        let newest = self.panes.back()?.minute.min(minute + length - 1);
        let mut count = self.sum(window, minute).mentions;
        let mut entering = self.panes.range(place(&self.panes, minute + 1, |p| p.minute)..).peekable();
        let mut leaving = self.panes.range(place(&self.panes, minute + 1 - length, |p| p.minute)..).peekable();
        for end in minute..=newest {
            if wanted(end, count) {
                return Some(end);
            }
            count += entering.next_if(|p| p.minute == end + 1).map_or(0, |p| p.mentions.into());
            count -= leaving.next_if(|p| p.minute == end + 1 - length).map_or(0, |p| u64::from(p.mentions));
        }
        None
    }

    /// The next last minute at which some window will have changed by itself.
    pub fn next_change(&self) -> Option<i64> {
        let enters = self.panes.get(place(&self.panes, self.end + 1, |p| p.minute)).map(|p| p.minute);
        let leaves = Window::ALL.iter().filter_map(|w| {
            let oldest = self.panes.get(place(&self.panes, self.end - w.minutes() + 1, |p| p.minute))?;
            (oldest.minute <= self.end).then_some(oldest.minute + w.minutes())
        });
        leaves.chain(enters).min()
    }

    /// Gives back the memory for more minutes than there are.
    pub fn settle(&mut self) {
        give_back(&mut self.panes);
        give_back(&mut self.minutes);
        give_back(&mut self.hours);
    }

    /// Bytes of the panes and of the authors; never more than `limits::PANES_BYTES` and
    /// `limits::AUTHOR_SETS_BYTES`.
    pub fn bytes(&self) -> (usize, usize) {
        let panes = self.panes.capacity() * PANE_BYTES + self.panes.iter().map(|p| size_of_val(&*p.others)).sum::<usize>();
        let sets = self.minutes.iter().chain(&self.hours).map(|(_, set)| set).chain(&self.authors);
        (panes, sets.map(Distinct::bytes).sum())
    }

    /// The mentions of the minutes after `after` up to and with `to`.
    pub fn between(&self, after: i64, to: i64) -> Sum {
        let mut sum = Sum::default();
        span(&self.panes, after, to, |p| p.minute).for_each(|p| sum += p.sum());
        sum
    }
}

/// Both counts of a window. An estimate, or an hour that runs on after the window, must not tell of
/// more authors than mentions.
fn tallied(sum: Sum, authors: &Distinct) -> Tallied {
    Tallied { mentions: sum.mentions, reposts: sum.reposts, authors: authors.count().min(sum.mentions) }
}

/// Halves the room of a queue that is for the most part empty.
pub fn give_back<T>(items: &mut VecDeque<T>) {
    if items.len() < items.capacity() / 4 {
        items.shrink_to(items.capacity() / 2);
    }
}

/// The hour since 1970 of a minute.
fn hour(minute: i64) -> i64 {
    minute.div_euclid(60)
}

/// Index of the first item whose key is at least `key`; items are ascending and mostly asked for at
/// their end.
fn place<T>(items: &VecDeque<T>, key: i64, of: impl Fn(&T) -> i64) -> usize {
    match items.back() {
        Some(last) if of(last) > key => items.partition_point(|item| of(item) < key),
        Some(last) if of(last) == key => items.len() - 1,
        _ => items.len(),
    }
}

/// The items with `after < key <= to`.
fn span<T>(items: &VecDeque<T>, after: i64, to: i64, of: impl Fn(&T) -> i64) -> impl Iterator<Item = &T> {
    let from = place(items, after + 1, &of);
    let until = place(items, to + 1, &of).max(from);
    items.range(from..until)
}

/// Adds an author to the set at `key`.
fn note(sets: &mut VecDeque<(i64, Distinct)>, key: i64, author: AuthorKey) {
    let i = place(sets, key, |s| s.0);
    if sets.get(i).is_none_or(|s| s.0 != key) {
        // Time goes on: to the one before, only what is late will still be added.
        i.checked_sub(1).and_then(|before| sets.get_mut(before)).into_iter().for_each(|(_, set)| set.settle());
        sets.insert(i, (key, Distinct::default()));
    }
    sets[i].1.insert(author.0);
}

#[cfg(test)]
mod tests;
