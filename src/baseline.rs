//! What is usual at this hour of the week.
//!
//! One [`Baseline`] per topic. A profile over the 168 hours of the civil week is shrunk to the hour of
//! the day and to the mean of all while little is known (empirical Bayes with a fixed weight), a level
//! follows the topic's ups and downs within days, and what teaches them is winsorised, so that a
//! crisis does not become the custom (Noufaily et al., Statistics in Medicine 2013, weigh past
//! outbreaks down for the same reason). Holidays and paydays have slots of their own.
//!
//! Only sums, products, quotients and square roots of IEEE numbers in a fixed order: the same counts
//! give the same answer on every machine.

mod profile;

use crate::anomaly::{self, PER_DAY, PER_WEEK, Slot, Usual};
use profile::{Profile, Specials};

/// Gain of the level: half of a change is learnt in a week, 1 - 0.5^(1/2016).
const LEVEL_GAIN: f64 = 0.000_343_763_905_873_873_17;
/// Gain of the dispersion: half-life five days, 1 - 0.5^(1/1440).
const DISPERSION_GAIN: f64 = 0.000_481_236_377_333_740_44;
/// What is learnt is cut at this many standard deviations above the expected count.
const WINSOR: f64 = 6.0;
/// Range of the level.
const LEVELS: (f64, f64) = (0.1, 10.0);
/// No expectation is below this many mentions a bucket: the square root needs a foot to stand on.
const LEAST_MEAN: f64 = 0.05;
/// Until two weeks are learnt, what is expected is marked as `learning`.
const LEARNING: u32 = 2 * PER_WEEK;

/// What is usual for one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    profile: Profile,
    /// Made on the first special day.
    specials: Option<Box<Specials>>,
    /// The topic's present height, as a multiple of its profile.
    level: f64,
    /// Over-dispersion φ.
    dispersion: f64,
    /// Buckets learnt.
    learnt: u32,
}

impl Default for Baseline {
    fn default() -> Self {
        Baseline { profile: Profile::default(), specials: None, level: 1.0, dispersion: 0.5, learnt: 0 }
    }
}

impl Baseline {
    /// Says what was to be expected in the bucket at `slot`, before its `count` was known, and learns
    /// it if `learn`. Buckets in which a source was down or posts were shed are not to be learnt: they
    /// would teach that silence is usual.
    pub fn observe(&mut self, slot: Slot, count: f64, learn: bool) -> Usual {
        let count = anomaly::sound(count);
        // Of the very first bucket nothing is known but itself.
        let ordinary = self.profile.mean(slot.hour_of_week).unwrap_or_else(|| count.max(1.0));
        let (base, usual) = self.expected(slot, ordinary);
        if learn {
            self.learn(slot, count, base, &usual);
        }
        usual
    }

    /// What is usual in a bucket at `slot` by all that is known now; `None` before anything is learnt.
    pub fn usual(&self, slot: Slot) -> Option<Usual> {
        Some(self.expected(slot, self.profile.mean(slot.hour_of_week)?).1)
    }

    /// Where an `ordinary` bucket has so many: the count before the level, and what is usual.
    fn expected(&self, slot: Slot, ordinary: f64) -> (f64, Usual) {
        let base = ordinary.max(LEAST_MEAN);
        let base = match (&self.specials, slot.special) {
            (Some(specials), Some(kind)) => (base * specials.factor(kind, slot.hour_of_week % 24, base * self.level)).max(LEAST_MEAN),
            _ => base,
        };
        let mean = (base * self.level).max(LEAST_MEAN);
        (base, Usual { mean, dispersion: self.dispersion, learning: self.learnt < LEARNING })
    }

    fn learn(&mut self, slot: Slot, count: f64, base: f64, usual: &Usual) {
        let mean = usual.mean;
        let taught = count.min(mean + WINSOR * (mean + self.dispersion * mean * mean).sqrt());
        let n = f64::from(self.learnt);
        let gain = if self.learnt < PER_DAY { LEVEL_GAIN.max(1.0 / (n + 1.0)) } else { LEVEL_GAIN };
        self.level = (self.level + gain * (taught / base - self.level)).clamp(LEVELS.0, LEVELS.1);
        let gain = DISPERSION_GAIN.max(1.0 / (n + 20.0));
        let seen = ((taught - mean) * (taught - mean) - mean) / (mean * mean);
        self.dispersion = (self.dispersion + gain * (seen - self.dispersion)).max(0.001);
        match slot.special {
            None => self.profile.learn(slot.hour_of_week, taught),
            Some(kind) => {
                let ordinary = self.profile.mean(slot.hour_of_week).unwrap_or(base).max(LEAST_MEAN) * self.level;
                self.specials.get_or_insert_default().learn(kind, slot.hour_of_week % 24, taught, ordinary);
            }
        }
        self.learnt = self.learnt.saturating_add(1);
        if self.learnt.is_multiple_of(PER_WEEK) {
            self.profile.forget();
            if let Some(specials) = &mut self.specials {
                specials.forget();
            }
        }
    }
}

coded!(Baseline { profile, specials, level, dispersion, learnt });

#[cfg(test)]
mod tests;
