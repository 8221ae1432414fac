//! How bad it is for a topic: four levels that rise at once and fall after quiet time.
//!
//! The ladder is 0 as usual, 1 more than usual, 2 confirmed by many people, 3 a crisis. Its steps are
//! meant for p-values of 10^-3, 10^-5 and 10^-8, which are 3.09, 4.26 and 5.61 spreads of a normal
//! residual. The first step is the topic's own bar, whose default is 3.2 spreads, so that a noisy
//! topic with a higher bar needs as much more for the others: they are multiples of the bar.
//!
//! Time is confirmed by people and not by more time: to wait for two buckets in a row would miss half
//! of the short bursts (NAB, Twitter volume: 12 windows of 22 found instead of 21).

use crate::anomaly::{Level, PER_HOUR, Standing};

/// Times the bar for level 2: 10^-5 beside 10^-3, in spreads.
const ALERT: f64 = 4.26 / 3.09;
/// Times the bar for level 3 at once: 10^-8 beside 10^-3, in spreads.
const CRISIS: f64 = 5.61 / 3.09;
/// Times their own bar that the different authors must reach to confirm level 2.
const CONFIRMED: f64 = 1.0;
/// Where posts have no authors, this many buckets in a row confirm it: a quarter of an hour.
const REPEATED: u32 = 3;
/// A level 2 that goes on for this many buckets is a crisis if the tone is bad: half an hour.
const LASTING: u32 = PER_HOUR / 2;
/// A level is left after this many buckets that did not reach it.
pub const QUIET: u32 = 3;

/// What one closed bucket says of a topic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Symptoms {
    /// How many times its bar the volume is; 0 while too little is known.
    pub volume: f64,
    /// The volume is at half its bar or above, so that an alert would go on.
    pub near: bool,
    /// How many times their bar the different authors are; `None` where posts have no authors.
    pub authors: Option<f64>,
    /// The share of negative posts has risen, or they are most of all.
    pub negative: bool,
}

/// The level of one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Crisis {
    standing: Standing,
    /// Buckets in a row that did not reach the level.
    quiet: u32,
    /// The highest level they reached.
    reached: Level,
    /// It came down since it last rose.
    fell: bool,
    /// Buckets in a row with the volume of level 2.
    strong: u32,
    /// Buckets in a row that reached level 2.
    lasting: u32,
}

impl Crisis {
    /// Where the topic stands.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// One more bucket closed. Buckets of which too little was heard are not to be told: the level
    /// stays as it is.
    pub fn close(&mut self, symptoms: &Symptoms) -> Standing {
        let reached = self.reached(symptoms);
        let level = self.standing.level;
        if reached >= level {
            self.fell &= reached == level && level > Level::Calm;
            self.settle(reached);
        } else {
            self.quiet += 1;
            self.reached = self.reached.max(reached);
            if self.quiet >= QUIET {
                self.fell = true;
                self.settle(self.reached);
            }
        }
        let recovering = self.standing.level > Level::Calm && (self.fell || self.quiet > 0);
        self.standing.recovering = recovering;
        self.standing
    }

    /// A look at a bucket that is still open came to `volume` times the bar, and people confirm it: the level
    /// rises at once, though no further than 2, since the tone is known when the bucket closes.
    pub fn look(&mut self, volume: f64) -> Standing {
        let reached = if volume >= ALERT { Level::Alert } else { Level::Watch };
        if reached > self.standing.level {
            self.fell = false;
            self.standing.recovering = false;
            self.settle(reached);
        }
        self.standing
    }

    fn settle(&mut self, level: Level) {
        self.standing.level = level;
        (self.quiet, self.reached) = (0, Level::Calm);
        self.fell &= level > Level::Calm;
    }

    /// The level that this bucket alone calls for, beside those before it.
    fn reached(&mut self, symptoms: &Symptoms) -> Level {
        self.strong = if symptoms.volume >= ALERT { self.strong.saturating_add(1) } else { 0 };
        let confirmed = symptoms.authors.map_or(self.strong >= REPEATED, |authors| authors >= CONFIRMED);
        let second = self.strong > 0 && confirmed;
        self.lasting = if second { self.lasting.saturating_add(1) } else { 0 };
        if second && symptoms.negative && (symptoms.volume >= CRISIS || self.lasting >= LASTING) {
            Level::Crisis
        } else if second {
            Level::Alert
        } else if symptoms.volume >= 1.0 || (symptoms.near && self.standing.level > Level::Calm) {
            Level::Watch
        } else {
            Level::Calm
        }
    }
}

coded!(Crisis { standing, quiet, reached, fell, strong, lasting } if |crisis| crisis.quiet < QUIET);

#[cfg(test)]
mod tests {
    use super::*;

    /// One bucket: times the bar of volume and of authors, and `-` for a bad tone. `~` is near the bar.
    fn symptoms(word: &str) -> Symptoms {
        let negative = word.ends_with('-');
        let (volume, authors) = word.trim_end_matches('-').split_once('/').expect("volume/authors");
        let near = volume.starts_with('~');
        let volume: f64 = volume.trim_start_matches('~').parse().expect("a number");
        Symptoms { volume, near: near || volume >= 0.5, authors: authors.parse().ok(), negative }
    }

    /// Levels as digits, `r` behind those that recover.
    fn levels(buckets: &str) -> String {
        let mut crisis = Crisis::default();
        let one = |word: &str| {
            let standing = crisis.close(&symptoms(word));
            format!("{}{}", standing.level.number(), if standing.recovering { "r" } else { "" })
        };
        buckets.split_ascii_whitespace().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_look_raises_and_never_lowers() {
        let mut crisis = Crisis::default();
        let stands = |s: Standing| (s.level.number(), s.recovering);
        assert_eq!(stands(crisis.look(1.1)), (1, false));
        assert_eq!(stands(crisis.look(1.5)), (2, false));
        assert_eq!(stands(crisis.look(1.0)), (2, false));
        assert_eq!(stands(crisis.close(&symptoms("0/0"))), (2, true));
        assert_eq!(stands(crisis.look(9.0)), (2, true));
        let after: Vec<_> = (0..2).map(|_| stands(crisis.close(&symptoms("0/0")))).collect();
        assert_eq!(after, [(2, true), (0, false)]);
    }

    #[test]
    fn transitions() {
        let table = [
            ("as usual", "0/0 0.9/0.9 0.9/9-", "0 0 0"),
            ("over the bar", "1/0 1.3/5-", "1 1"),
            ("much more from many people", "1.4/1", "2"),
            ("a campaign of few", "1.4/0.9 9/0.5- 9/0.5-", "1 1 1"),
            ("far more and angry, at once", "0/0 1.9/1-", "0 3"),
            ("far more and pleased", "5/5 5/5 5/5 5/5 5/5 5/5 5/5", "2 2 2 2 2 2 2"),
            ("it lasts for half an hour", "1.4/1- 1.4/1- 1.4/1- 1.4/1- 1.4/1- 1.4/1-", "2 2 2 2 2 3"),
            ("an interruption begins the half hour anew", "1.4/1- 1.4/1- 1.4/1- 1/1- 1.4/1- 1.4/1- 1.4/1- 1.4/1-", "2 2 2 2r 2 2 2 2"),
            ("without authors, three buckets", "1.4/? 1.4/? 1.4/? 2/?-", "1 1 2 3"),
            ("down after three quiet buckets", "1/0 0/0 0/0 0/0 0/0", "1 1r 1r 0 0"),
            ("near the bar is not quiet", "1/0 ~0.5/0 ~0.5/0 ~0.5/0 ~0.5/0 0/0", "1 1 1 1 1 1r"),
            ("but near is no reason to rise", "~0.9/0 ~0.9/0", "0 0"),
            ("straight down from a crisis", "3/3- 0/0 0/0 0/0 0/0", "3 3r 3r 0 0"),
            ("step by step, recovering all the way", "3/3- 1/1 1/1 1/1 1/1 0/0 0/0 0/0", "3 3r 3r 1r 1r 1r 1r 0"),
            ("to the highest of the quiet buckets", "3/3- 0/0 1.5/1 0/0 0/0", "3 3r 3r 2r 2r"),
            ("up again", "3/3- 1/1 1/1 1/1 1.5/1 3/3-", "3 3r 3r 1r 2 3"),
            ("two quiet buckets are not three", "1/0 0/0 0/0 1/0 0/0 0/0 1/0", "1 1r 1r 1 1r 1r 1"),
            ("a new episode does not recover", "1/0 0/0 0/0 0/0 1/0", "1 1r 1r 0 1"),
        ];
        for (name, buckets, want) in table {
            assert_eq!(levels(buckets), want, "{name}");
        }
    }

    #[test]
    fn numbers_that_are_none_are_calm() {
        let odd = Symptoms { volume: f64::NAN, near: false, authors: Some(f64::NAN), negative: true };
        assert_eq!(Crisis::default().close(&odd), Standing::default());
        let odd = Symptoms { volume: f64::INFINITY, ..odd };
        assert_eq!(Crisis::default().close(&odd).level, Level::Watch);
    }
}
