//! Share of voice: how many of the mentions of a group of brands are each one's.

use crate::limits::SHARE_PANE;
use crate::time::Timestamp;

/// The pane of `at`: quarters of an hour since 1970.
pub fn pane_of(at: Timestamp) -> i64 {
    at.0.div_euclid(SHARE_PANE)
}

/// When pane `pane` begins.
pub fn pane_start(pane: i64) -> Timestamp {
    Timestamp(pane.saturating_mul(SHARE_PANE))
}

/// Brands that are compared with each other, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// Its name in configuration, metrics and the API.
    pub name: String,
    /// Its brands.
    pub members: Vec<Member>,
    /// People who use these networks where the brands are, if it was given.
    pub population: Option<u64>,
}

/// One brand of a group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Member {
    /// Index into `Listening::brands`.
    pub brand: usize,
    /// Its share of the market, 0-1, if it was given.
    pub market: Option<f64>,
}

/// A window of shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// One hour.
    H1,
    /// Six hours.
    H6,
    /// One day.
    H24,
    /// Seven days.
    D7,
}

impl Span {
    /// All, shortest first.
    pub const ALL: [Span; 4] = [Span::H1, Span::H6, Span::H24, Span::D7];

    /// Its length in panes.
    pub const fn panes(self) -> i64 {
        match self {
            Span::H1 => 4,
            Span::H6 => 24,
            Span::H24 => 96,
            Span::D7 => 7 * 96,
        }
    }

    /// Its name in configuration and API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Span::H1 => "1h",
            Span::H6 => "6h",
            Span::H24 => "24h",
            Span::D7 => "7d",
        }
    }

    /// The span called `name`.
    pub fn named(name: &str) -> Option<Span> {
        Span::ALL.into_iter().find(|s| s.as_str() == name)
    }
}

/// Which mentions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counting {
    /// Reposts count too.
    pub reposts: bool,
    /// Every near-duplicate counts; otherwise a cluster counts once for a brand, with its first mention.
    pub duplicates: bool,
}

impl Counting {
    /// Every mention.
    pub const ALL: Counting = Counting { reposts: true, duplicates: true };
    /// What tests go by: posts are not independent where people copy each other.
    pub const OWN_WORDS: Counting = Counting { reposts: false, duplicates: false };
    /// How many ways there are.
    pub const WAYS: usize = 4;

    /// Its place among the ways.
    pub const fn way(self) -> usize {
        self.reposts as usize * 2 + self.duplicates as usize
    }

    /// The one at `way`.
    pub const fn at(way: usize) -> Counting {
        Counting { reposts: way & 2 != 0, duplicates: way & 1 != 0 }
    }
}

/// What was counted of one brand in a stretch of time, one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Voice {
    /// Posts about it, each once.
    pub mentions: u64,
    /// The same with a post about k brands of the group as 1/k, in units of [`Voice::UNIT`].
    pub parts: u64,
    /// Those that speak to it.
    pub direct: u64,
    /// Mentions that one of its accounts replied to.
    pub answered: u64,
    /// Those that speak to it among them.
    pub answered_direct: u64,
    /// What is counted one way only.
    pub apart: Apart,
}

/// What was counted of one brand in a stretch of time whichever way mentions are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Apart {
    /// Mentions that are reposts.
    pub reposts: u64,
    /// Those with a hashtag among them.
    pub tagged: u64,
    /// Mentions of a negative tone, without reposts and near-duplicates.
    pub negative: u64,
    /// Posts by its accounts that answer others.
    pub replies: u64,
}

impl Voice {
    /// A whole post, as parts: the least common multiple of 1 to 16, so that sums of thirds are exact.
    pub const UNIT: u64 = 720_720;

    /// Adds `other`.
    pub fn add(&mut self, other: &Voice) {
        self.mentions += other.mentions;
        self.parts += other.parts;
        self.direct += other.direct;
        self.answered += other.answered;
        self.answered_direct += other.answered_direct;
        self.apart.add(&other.apart);
    }
}

impl Apart {
    /// Adds `other`.
    pub fn add(&mut self, other: &Apart) {
        self.reposts += other.reposts;
        self.tagged += other.tagged;
        self.negative += other.negative;
        self.replies += other.replies;
    }
}

/// How an alert rule looks for changes of share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Index into `Listening::groups`.
    pub group: u16,
    /// The members that are watched, as bits by their places in the group.
    pub members: u32,
    /// The window, compared with the one before it.
    pub span: Span,
    /// Chance of a false alert of the rule in one length of its window, at most.
    pub significance: f64,
    /// Least change, 0-1.
    pub change: f64,
}

/// What is said against a brand and what it answers, in one window: the replies written in it, and not those that its
/// mentions got so far, of which the latest always lack some.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answering {
    /// Mentions of a negative tone.
    pub negative: u64,
    /// Mentions that speak to it.
    pub direct: u64,
    /// Posts by its accounts that answer others.
    pub replies: u64,
}

impl Answering {
    /// That of `voice`, which is counted in own words.
    pub fn of(voice: &Voice) -> Answering {
        Answering { negative: voice.apart.negative, direct: voice.direct, replies: voice.apart.replies }
    }

    /// Replies to a mention, if anybody spoke to it.
    pub fn rate(&self) -> Option<f64> {
        of((self.replies, self.direct))
    }

    /// Replies among both, which are what can be tested: in both windows the same part of what is said between
    /// the brand and its customers, if it answers at the same rate.
    pub fn part(&self) -> (u64, u64) {
        (self.replies, self.replies + self.direct)
    }
}

/// A brand's window beside the one before it, as far as answering goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fire {
    /// This window.
    pub now: Answering,
    /// The window before.
    pub before: Answering,
}

impl Settings {
    /// What `change` is unless given, in per cent, where answers and not shares are compared.
    pub const UNANSWERED_CHANGE: f64 = 25.0;
    /// What `significance` is unless given.
    pub const SIGNIFICANCE: f64 = 0.01;
    /// What `change` is unless given, in points.
    pub const CHANGE: f64 = 5.0;
}

/// One brand's share in a window beside that in the window before, without reposts and near-duplicates.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shift {
    /// The brand's mentions and the group's, now.
    pub now: (u64, u64),
    /// The same in the window before.
    pub before: (u64, u64),
}

impl Shift {
    /// The share now, if anything was counted.
    pub fn share(&self) -> Option<f64> {
        of(self.now)
    }

    /// The share before.
    pub fn share_before(&self) -> Option<f64> {
        of(self.before)
    }

    /// The share now less that before.
    pub fn difference(&self) -> Option<f64> {
        Some(self.share()? - self.share_before()?)
    }
}

fn of((part, all): (u64, u64)) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_has_its_place() {
        for way in 0..Counting::WAYS {
            assert_eq!(Counting::at(way).way(), way);
        }
        assert_eq!((Counting::ALL.way(), Counting::OWN_WORDS.way()), (3, 0));
    }

    #[test]
    fn whole_posts_are_shared_out_without_a_rest() {
        assert!((1..=16).all(|k| Voice::UNIT.is_multiple_of(k)));
    }
}
