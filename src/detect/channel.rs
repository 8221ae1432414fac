//! One residual, standardised by its own past, and the bar it has to pass.

use std::collections::VecDeque;

use crate::anomaly::{Budget, Kernel, PER_DAY, PER_HOUR};
use crate::codec::{Coded, Error, Reader};

/// Gain of spread and offset: half-life five days, 1 - 0.5^(1/1440).
const SPREAD_GAIN: f64 = 0.000_481_236_377_333_740_44;
/// A residual teaches the spread no more than this many spreads.
const CLIP: f64 = 6.0;
/// Anscombe's constant.
const ANSCOMBE: f64 = 3.0 / 8.0;
/// A peak is over when nothing was near it for this many buckets: four hours.
const PEAK_GAP: u32 = 4 * PER_HOUR;

/// What a channel says of one bucket; see `anomaly::Finding`.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub kernel: Kernel,
    pub observed: f64,
    pub expected: f64,
    pub range: (f64, f64),
    pub surprise: f64,
    pub bar: f64,
    pub rank: u32,
    pub peaks: u32,
    pub quiet: u32,
}

impl Reading {
    pub fn ratio(&self) -> f64 {
        self.surprise / self.bar
    }
}

/// The highest point of a stretch of unusual buckets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    t: u32,
    height: f32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    floor: f64,
    budget: Budget,
    /// Mean and variance of the residual.
    offset: f64,
    variance: f64,
    /// No spread is believed to be smaller than that of pure chance: else, in a topic of a mention a
    /// day, every mention would be a surprise.
    chance: f64,
    learnt: u32,
    /// Peaks within the time of the budget, in order of time.
    peaks: VecDeque<Peak>,
    /// The peak that goes on.
    open: Option<Peak>,
    /// The last bucket at half the floor or above.
    high: Option<u32>,
    bar: f64,
    /// The hour (since the first bucket) in which the bar was set.
    set: u32,
}

impl Channel {
    pub fn new(floor: f64, budget: Budget, chance: f64) -> Channel {
        let (peaks, open, high) = (VecDeque::new(), None, None);
        Channel { floor, budget, offset: 0.0, variance: 1.0, chance, learnt: 0, peaks, open, high, bar: floor, set: 0 }
    }

    /// Reads bucket number `t`, with `observed` where `expected` was usual; `sign` is -1 to look for
    /// too few.
    pub fn read(&mut self, t: u32, kernel: Kernel, counts: (f64, f64), sign: f64, learn: bool) -> Reading {
        self.settle(t);
        let (centred, spread) = self.standing(counts);
        let surprise = (sign * centred / spread).max(0.0);
        // The reading is of what was known before.
        let before = self.reading(kernel, counts, surprise);
        if learn {
            self.learn(centred, spread, sign);
            if surprise >= self.floor / 2.0 {
                self.note(t, surprise);
            }
        }
        Reading { quiet: self.high.map_or(t, |high| t - high), ..before }
    }

    /// What [`Channel::read`] would say of the open bucket `t` if it closed with these counts, but for a
    /// bar that is set anew at its close; nothing is learnt.
    pub fn peek(&self, t: u32, kernel: Kernel, counts: (f64, f64), sign: f64) -> Reading {
        let (centred, spread) = self.standing(counts);
        let surprise = (sign * centred / spread).max(0.0);
        let quiet = if surprise >= self.floor / 2.0 { 0 } else { self.high.map_or(t, |high| t.saturating_sub(high)) };
        Reading { quiet, ..self.reading(kernel, counts, surprise) }
    }

    /// What surprise must reach.
    pub fn bar(&self) -> f64 {
        self.bar
    }

    /// The looks at bucket `t`, which closed just now, came as high as this.
    pub fn note_look(&mut self, t: u32, surprise: f64) {
        if surprise >= self.floor / 2.0 {
            self.note(t, surprise);
        }
    }

    /// The residual less its mean, and its spread.
    fn standing(&self, (observed, expected): (f64, f64)) -> (f64, f64) {
        let root = (expected + ANSCOMBE).sqrt();
        let spread = self.variance.max(self.chance).sqrt();
        (2.0 * ((observed + ANSCOMBE).sqrt() - root) - self.offset, spread)
    }

    fn reading(&self, kernel: Kernel, (observed, expected): (f64, f64), surprise: f64) -> Reading {
        let root = (expected + ANSCOMBE).sqrt();
        let spread = self.variance.max(self.chance).sqrt();
        // The count at which the residual would be at the bar.
        let edge = |bar: f64| {
            let at = (root + (self.offset + bar * spread) / 2.0).max(0.0);
            (at * at - ANSCOMBE).max(0.0)
        };
        let (bar, range) = (self.bar, (edge(-self.bar), edge(self.bar)));
        let (rank, peaks) = (self.rank(surprise), self.peaks.len() as u32);
        Reading { kernel, observed, expected, range, surprise, bar, rank, peaks, quiet: 0 }
    }

    /// A drop is judged by the spread of what lies below: the crises above it say nothing of how low a
    /// topic may fall, and would hide a source that has died.
    fn learn(&mut self, centred: f64, spread: f64, sign: f64) {
        let gain = SPREAD_GAIN.max(1.0 / (f64::from(self.learnt) + 50.0));
        let clipped = centred.clamp(-CLIP * spread, if sign < 0.0 { spread } else { CLIP * spread });
        if sign > 0.0 || clipped < 0.0 {
            self.variance += gain * (clipped * clipped - self.variance);
        }
        self.offset += gain * clipped;
        self.learnt = self.learnt.saturating_add(1);
    }

    fn note(&mut self, t: u32, surprise: f64) {
        self.high = Some(t);
        if self.open.is_none_or(|peak| surprise > f64::from(peak.height)) {
            self.open = Some(Peak { t, height: surprise as f32 });
        }
    }

    /// How many of the peaks are higher; no peak is below half the floor.
    fn rank(&self, surprise: f64) -> u32 {
        let higher = |p: &&Peak| f64::from(p.height) > surprise;
        if surprise < self.floor / 2.0 { self.peaks.len() as u32 } else { self.peaks.iter().filter(higher).count() as u32 }
    }

    /// Mean and variance of the residual, as learnt so far.
    #[cfg(test)]
    pub fn spread(&self) -> (f64, f64) {
        (self.offset, self.variance)
    }

    /// Closes a peak that is over, and sets the bar anew, then and once an hour. The peak that goes on
    /// never raises its own bar.
    fn settle(&mut self, t: u32) {
        let over = self.high.is_some_and(|high| t - high > PEAK_GAP);
        let closed = self.open.take_if(|_| over);
        self.peaks.extend(closed);
        let hour = t / PER_HOUR;
        if closed.is_none() && hour == self.set {
            return;
        }
        self.set = hour;
        let reach = self.budget.days * PER_DAY;
        while self.peaks.front().is_some_and(|p| p.t < t.saturating_sub(reach)) {
            self.peaks.pop_front();
        }
        let kept = self.budget.alerts as usize;
        self.bar = self.floor;
        if self.peaks.len() >= kept && kept > 0 {
            let mut heights: Vec<f32> = self.peaks.iter().map(|p| p.height).collect();
            let (_, height, _) = heights.select_nth_unstable_by(kept - 1, |a, b| b.total_cmp(a));
            self.bar = self.floor.max(f64::from(*height));
        }
    }
}

coded!(Peak { t, height });

/// What was learnt; how it is set its detector knows.
impl Channel {
    pub fn encode(&self, out: &mut Vec<u8>) {
        (self.offset, (self.variance, self.learnt)).encode(out);
        (self.open, (self.high, (self.bar, self.set))).encode(out);
        self.peaks.encode(out);
    }

    /// Takes over what `encode` wrote, of a channel that is set alike and has come to bucket `latest`.
    pub fn decode(&mut self, from: &mut Reader<'_>, latest: u32) -> Result<(), Error> {
        (self.offset, (self.variance, self.learnt)) = Coded::decode(from)?;
        (self.open, (self.high, (self.bar, self.set))) = Coded::decode(from)?;
        self.peaks = Coded::decode(from)?;
        let times = self.peaks.iter().chain(&self.open).map(|peak| peak.t).chain(self.high);
        let ordered = self.peaks.iter().map(|peak| peak.t).is_sorted();
        if self.bar >= self.floor && self.variance >= 0.0 && ordered && times.max().is_none_or(|t| t <= latest) {
            Ok(())
        } else {
            Err(Error::Field("Channel"))
        }
    }
}
