//! What is usual, and how unusual a closed bucket is: the words between baseline and detector.

use crate::calendar::Special;
use crate::limits::{BUCKET_MENTIONS, BUDGET_ALERTS, BUDGET_DAYS};
use crate::time::{MINUTE, Timestamp};

/// Length of a bucket, in microseconds: baselines learn and detectors judge once per closed bucket.
pub const BUCKET: i64 = 5 * MINUTE;
/// Buckets in an hour.
pub const PER_HOUR: u32 = 12;
/// Buckets in a day.
pub const PER_DAY: u32 = 24 * PER_HOUR;
/// Buckets in a week.
pub const PER_WEEK: u32 = 7 * PER_DAY;

/// Number of the bucket that holds `at`, counted from 1970.
pub fn bucket_of(at: Timestamp) -> i64 {
    at.0.div_euclid(BUCKET)
}

/// `count` as it may be reckoned with: not below zero, not above `limits`; what is no number is none.
pub fn sound(count: f64) -> f64 {
    if count.is_nan() { 0.0 } else { count.clamp(0.0, BUCKET_MENTIONS) }
}

/// Where a bucket stands in the civil calendar of its topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Hour of the civil week at its start; 0 is Monday 00:00-01:00.
    pub hour_of_week: usize,
    /// The day is a holiday or a payday.
    pub special: Option<Special>,
}

/// What a topic usually has in one bucket, as known before the bucket was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// Mentions expected in the bucket.
    pub mean: f64,
    /// Over-dispersion φ: the variance of the count is `mean + φ mean²`; 0 would be Poisson.
    pub dispersion: f64,
    /// Less than two weeks were learnt: the hours of the week do not yet differ by what they are.
    pub learning: bool,
}

/// What is usual over a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Mentions expected.
    pub expected: f64,
    /// Two standard deviations below and above; never below zero.
    pub range: (f64, f64),
}

impl Band {
    /// Around `expected` mentions with over-dispersion `dispersion`, which all buckets of the stretch are taken to share.
    pub fn new(expected: f64, dispersion: f64) -> Band {
        let spread = 2.0 * (expected + dispersion * expected * expected).sqrt();
        Band { expected, range: ((expected - spread).max(0.0), expected + spread) }
    }
}

/// Which way a detector looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More mentions than usual.
    Spike,
    /// Fewer than usual, as when a source has died.
    Drop,
}

impl Direction {
    /// Its name in configuration, metrics and streams.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::Spike => "spike",
            Direction::Drop => "drop",
        }
    }
}

/// How many alerts are meant to come in how much time: the bar of a noisy topic rises until it keeps
/// to this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Alerts.
    pub alerts: u32,
    /// In this many days.
    pub days: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { alerts: 5, days: 21 }
    }
}

impl Budget {
    /// Reads `5 per 3 weeks`, `1 per week` or `2 per 14 days`; `None` if it is none of these or
    /// outside of `limits`.
    pub fn parse(text: &str) -> Option<Budget> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let (alerts, number, unit) = match words[..] {
            [alerts, "per", unit] => (alerts, "1", unit),
            [alerts, "per", number, unit] => (alerts, number, unit),
            _ => return None,
        };
        let length = match unit {
            "day" | "days" => 1,
            "week" | "weeks" => 7,
            _ => return None,
        };
        let days = number.parse::<u32>().ok()?.checked_mul(length)?;
        let alerts = alerts.parse().ok()?;
        let known = (1..=BUDGET_ALERTS).contains(&alerts) && (1..=BUDGET_DAYS).contains(&days);
        known.then_some(Budget { alerts, days })
    }

    /// Alerts in a week.
    pub fn per_week(self) -> f64 {
        f64::from(self.alerts) * 7.0 / f64::from(self.days)
    }
}

/// Sensitivities that make sense, in spreads.
pub const SENSITIVITY: (f64, f64) = (1.0, 100.0);

/// How a detector is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Which way it looks.
    pub direction: Direction,
    /// The floor of the bar, in spreads of the series: lower finds more, and more that is nothing.
    pub sensitivity: f64,
    /// Caps the alerts of noisy topics.
    pub budget: Budget,
    /// Also judge each bucket by itself, for desks that must hear of a burst of minutes.
    pub quick: bool,
}

impl Settings {
    /// The defaults for `direction`.
    pub fn new(direction: Direction) -> Settings {
        let sensitivity = match direction {
            Direction::Spike => 3.2,
            Direction::Drop => 3.5,
        };
        Settings { direction, sensitivity, budget: Budget::default(), quick: false }
    }
}

/// The stretch of time over which mentions are summed to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// A sum that fades by half every hour; its weight is that of about 90 minutes.
    Hour,
    /// The bucket alone.
    Bucket,
    /// Three minutes alone, before their bucket closes.
    Minutes,
}

/// What a detector says of one closed bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// Where `observed`, `expected` and `range` come from.
    pub kernel: Kernel,
    /// Mentions seen over the kernel.
    pub observed: f64,
    /// Mentions expected over the kernel.
    pub expected: f64,
    /// Below and above these, the bar is passed.
    pub range: (f64, f64),
    /// How far off, in the direction the detector looks, in spreads of the series; 0 on the other side.
    pub surprise: f64,
    /// What `surprise` must reach: the sensitivity, or more where the budget asks for it.
    pub bar: f64,
    /// Recent peaks that were higher, of `peaks`.
    pub rank: u32,
    /// Peaks within the time of the budget.
    pub peaks: u32,
    /// Buckets since `surprise` was last at half the sensitivity or above.
    pub quiet: u32,
    /// The baseline is still learning.
    pub learning: bool,
    /// Enough was seen to rely on it; before, nothing fires.
    pub ready: bool,
    /// This is an alert, and not one that goes on or one that comes too early to know.
    pub fires: bool,
    /// It fires within the quiet time of another since it has become three times as large.
    pub again: bool,
}

impl Finding {
    /// How many times the bar; an alert has 1 or more.
    pub fn ratio(&self) -> f64 {
        self.surprise / self.bar
    }

    /// Whole mentions at which the bar is passed.
    pub fn threshold(&self, direction: Direction) -> u64 {
        match direction {
            Direction::Spike => self.range.1.floor() as u64,
            Direction::Drop => self.range.0.ceil() as u64,
        }
    }
}

/// How bad it is for a topic; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// As usual.
    #[default]
    Calm,
    /// More than usual.
    Watch,
    /// Much more, and from many people.
    Alert,
    /// Far more, or for long, and the tone turns.
    Crisis,
}

impl Level {
    /// All, mildest first.
    pub const ALL: [Level; 4] = [Level::Calm, Level::Watch, Level::Alert, Level::Crisis];

    /// Its number in metrics and streams, 0 to 3.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// Where a topic stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// How bad it is.
    pub level: Level,
    /// It is on its way back: what raised the level is over, and the quiet time runs.
    pub recovering: bool,
}

/// The last closed bucket of a topic that is watched for what is unusual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched {
    /// Mentions that were usual in it.
    pub expected: f64,
    /// How far off it was, in spreads of the topic; see [`Finding::surprise`].
    pub surprise: f64,
    /// Where the topic stands since.
    pub standing: Standing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets() {
        for (text, want) in [
            ("5 per 3 weeks", Some((5, 21))),
            ("1 per week", Some((1, 7))),
            ("2 per 14 days", Some((2, 14))),
            (" 3  per day ", Some((3, 1))),
            ("0 per week", None),
            ("-1 per week", None),
            ("5 per 0 weeks", None),
            ("5 per 900 weeks", None),
            ("5 per 4294967295 weeks", None),
            ("1000 per week", None),
            ("5 a week", None),
            ("per week", None),
            ("", None),
        ] {
            assert_eq!(Budget::parse(text).map(|b| (b.alerts, b.days)), want, "{text}");
        }
        assert!((Budget::default().per_week() - 5.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn buckets_start_at_full_five_minutes_of_1970() {
        for (micros, want) in [(-1, -1), (0, 0), (BUCKET - 1, 0), (BUCKET, 1)] {
            assert_eq!(bucket_of(Timestamp(micros)), want);
        }
    }
}
