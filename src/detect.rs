//! From a closed bucket and what is usual to evidence: is this an alert?
//!
//! A variance-stabilised residual, `2 (sqrt(c + 3/8) - sqrt(m + 3/8))` (Anscombe, Biometrika 1948), is
//! divided by the series' own recent spread, since one threshold on a p-value does not carry from
//! series to series. It is an alert when it passes the bar: the floor set by the sensitivity, or the
//! height of the lowest of the highest peaks that the budget has room for.
//!
//! No clock, no randomness, IEEE arithmetic in a fixed order.

mod channel;
mod look;

use crate::anomaly::{self, Budget, Direction, Finding, Kernel, PER_DAY, Settings, Usual};
use crate::codec::{Coded, Error, Reader};
use channel::{Channel, Reading};
use look::Looks;
pub use look::{Open, WINDOW};

/// What the fading sum keeps from bucket to bucket: half-life an hour, 0.5^(1/12).
const FADE: f64 = 0.943_874_312_681_693_5;
/// Variance of the residual of Poisson counts: 1 for a bucket; a fading sum of mean m/(1-d) has variance
/// m/(1-d²), which is less by 1/(1+d).
const CHANCE_BUCKET: f64 = 1.0;
const CHANCE_HOUR: f64 = 1.0 / (1.0 + FADE);
/// Buckets from the first to the first possible alert: 2.6 days.
const WARM_UP: u32 = 750;
/// An alert is followed by this many buckets in which it goes on and no other comes: a day.
const QUIET: u32 = PER_DAY;
/// Unless it becomes this many times as large.
const REARM: f64 = 3.0;
/// Floors of the quick channel, which judges single buckets, and of the other one beside it.
const QUICK_FLOOR: f64 = 8.0;
const SLOW_FLOOR: f64 = 3.0;
/// The default sensitivity, to which the floors of the quick mode belong.
const SENSITIVITY: f64 = 3.2;
/// After this many missing buckets nothing is left of a fading sum.
const FADED: u32 = PER_DAY;

/// One rule on one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    settings: Settings,
    /// Fading sums of what was seen and what was expected.
    seen: f64,
    expected: f64,
    slow: Channel,
    quick: Option<Box<Channel>>,
    /// For open buckets, where it looks for spikes.
    looks: Option<Box<Looks>>,
    /// The first and the latest bucket.
    first: Option<i64>,
    latest: u32,
    /// Buckets looked at, missing ones not among them.
    judged: u32,
    alerted: Option<Alerted>,
}

/// The last alert.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Alerted {
    /// Its bucket.
    t: u32,
    /// How many times its bar it was.
    ratio: f64,
    /// How many times theirs its minutes were, by which alone others are measured later: a sum over an
    /// hour that passed its bar by chance must not hide an onset for a day.
    window: f64,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(settings: Settings) -> Detector {
        let quick = settings.quick && settings.direction == Direction::Spike;
        // The quick mode moves with the sensitivity and keeps its proportions.
        let scale = settings.sensitivity / SENSITIVITY;
        let slow = if quick { SLOW_FLOOR * scale } else { settings.sensitivity };
        // Two channels find more than one, though mostly the same: each has a part of the budget.
        let alerts = if quick { (settings.budget.alerts * 4 / 5).max(1) } else { settings.budget.alerts };
        let budget = Budget { alerts, ..settings.budget };
        Detector {
            looks: (settings.direction == Direction::Spike).then(|| Box::new(Looks::new(&settings))),
            settings,
            seen: 0.0,
            expected: 0.0,
            slow: Channel::new(slow, budget, CHANCE_HOUR),
            quick: quick.then(|| Box::new(Channel::new(QUICK_FLOOR * scale, budget, CHANCE_BUCKET))),
            first: None,
            latest: 0,
            judged: 0,
            alerted: None,
        }
    }

    /// How it is set.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Judges the closed bucket number `bucket` (see `anomaly::bucket_of`), which had `count` mentions
    /// where `usual` was to be expected. Buckets come in ascending order; those left out are gaps, of
    /// which nothing is known. `learn` as for the baseline.
    pub fn judge(&mut self, bucket: i64, count: f64, usual: &Usual, learn: bool) -> Finding {
        let count = anomaly::sound(count);
        let t = self.step(bucket);
        let before = (FADE * self.seen, FADE * self.expected);
        self.seen = FADE * self.seen + count;
        self.expected = FADE * self.expected + usual.mean;
        let sign = if self.settings.direction == Direction::Spike { 1.0 } else { -1.0 };
        let reading = self.slow.read(t, Kernel::Hour, (self.seen, self.expected), sign, learn);
        let quick = self.quick.as_mut().map(|channel| channel.read(t, Kernel::Bucket, (count, usual.mean), sign, learn));
        if !learn && count < usual.mean {
            // What was missed here is to be missed no longer when the source is back.
            (self.seen, self.expected) = before;
        }
        let looks = self.looks.as_mut();
        let window = looks.map_or(0.0, |looks| looks.close(t, &mut self.slow, (count, usual.mean), learn));
        let reading = match quick {
            Some(quick) if quick.ratio() > reading.ratio() => quick,
            _ => reading,
        };
        // What was missed can only make a spike larger, and a drop none.
        let fit = learn || self.settings.direction == Direction::Spike;
        let (fires, again) = if fit { self.fires(t, reading.ratio(), window) } else { (false, false) };
        let mut finding = self.finding(&reading, usual, fires, again);
        finding.quiet = self.looks.as_ref().map_or(finding.quiet, |looks| finding.quiet.min(looks.quiet(t)));
        self.judged = self.judged.saturating_add(1);
        finding
    }

    /// Number of `bucket` since the first; what was summed before a gap fades by its length.
    fn step(&mut self, bucket: i64) -> u32 {
        self.first.get_or_insert(bucket);
        let (t, kept) = self.place(bucket);
        self.seen *= kept;
        self.expected *= kept;
        self.latest = t;
        t
    }

    /// Number of `bucket` since the first, and what the buckets missing before it left of the sums.
    fn place(&self, bucket: i64) -> (u32, f64) {
        let first = self.first.unwrap_or(bucket);
        let t = u32::try_from(bucket.saturating_sub(first)).unwrap_or(0).max(self.latest);
        let missing = t.saturating_sub(self.latest.saturating_add(1));
        let kept = if missing >= FADED { 0.0 } else { (0..missing).fold(1.0, |kept, _| kept * FADE) };
        (t, kept)
    }

    /// Whether a bucket that is `ratio` times its bar is an alert, and whether one in another's quiet time.
    fn fires(&mut self, t: u32, ratio: f64, window: f64) -> (bool, bool) {
        let tripled = self.alerted.is_some_and(|last| ratio >= REARM * last.ratio);
        let (fires, again) = self.would_fire(t, ratio, tripled);
        if fires {
            self.alerted = Some(Alerted { t, ratio, window });
        }
        (fires, again)
    }

    fn would_fire(&self, t: u32, ratio: f64, tripled: bool) -> (bool, bool) {
        if self.judged < WARM_UP || ratio < 1.0 {
            return (false, false);
        }
        let quiet = self.alerted.is_some_and(|last| t.saturating_sub(last.t) < QUIET);
        let fires = !quiet || tripled;
        (fires, fires && quiet)
    }

    fn finding(&self, reading: &Reading, usual: &Usual, fires: bool, again: bool) -> Finding {
        Finding {
            kernel: reading.kernel,
            observed: reading.observed,
            expected: reading.expected,
            range: reading.range,
            surprise: reading.surprise,
            bar: reading.bar,
            rank: reading.rank,
            peaks: reading.peaks,
            quiet: reading.quiet,
            learning: usual.learning,
            ready: self.judged >= WARM_UP,
            fires,
            again,
        }
    }
}

coded!(Alerted { t, ratio, window } if |a: &Alerted| a.ratio >= 0.0 && a.window >= 0.0);

impl Coded for Detector {
    fn encode(&self, out: &mut Vec<u8>) {
        self.settings.encode(out);
        (self.seen, self.expected).encode(out);
        (self.first, (self.latest, (self.judged, self.alerted))).encode(out);
        self.slow.encode(out);
        self.quick.iter().for_each(|channel| channel.encode(out));
        self.looks.iter().for_each(|looks| looks.encode(out));
    }

    fn decode(from: &mut Reader<'_>) -> Result<Detector, Error> {
        let mut read = Detector::new(Coded::decode(from)?);
        (read.seen, read.expected) = Coded::decode(from)?;
        (read.first, (read.latest, (read.judged, read.alerted))) = Coded::decode(from)?;
        let latest = read.latest;
        read.slow.decode(from, latest)?;
        if let Some(channel) = &mut read.quick {
            channel.decode(from, latest)?;
        }
        if let Some(looks) = &mut read.looks {
            looks.decode(from, latest)?;
        }
        if read.seen >= 0.0 && read.expected >= 0.0 { Ok(read) } else { Err(Error::Field("Detector")) }
    }
}

#[cfg(test)]
mod tests;
