//! The shape of the week, and of the days that are unlike others.

use crate::anomaly::{PER_HOUR, PER_WEEK};
use crate::calendar::Special;
use crate::codec::{Coded, Error, Reader};

/// Hours of a week.
const WEEK: usize = 168;
/// Hours of a day.
const DAY: usize = 24;
/// The hour of the day stands on this many buckets of the overall mean until it has its own.
const DAY_PRIOR: f64 = 24.0;
/// The hour of the week stands on this many buckets of the hour of the day: at six weeks, half.
const WEEK_PRIOR: f64 = 72.0;
/// A special day stands on this many buckets of an ordinary one: two such days, half.
const SPECIAL_PRIOR: f64 = (2 * PER_HOUR) as f64;
/// What is forgotten in a week: half-life 13 weeks, 0.5^(1/13).
const KEPT: f32 = 0.948_077_5;
/// Once more than this is learnt, in buckets, the oldest is forgotten: 1/(1 - 0.5^(1/13)) weeks.
/// Before, the plain mean of all is the better guess.
const ENOUGH: f64 = 19.26 * PER_WEEK as f64;
/// Special days are rare: half-life a year, 0.5^(1/52).
const SPECIAL_KEPT: f32 = 0.986_758_7;

/// A mean and the number of buckets behind it. Single precision: a mean of so few thousand buckets
/// has no more than that to say, and there are 168 of them for every topic.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Mean {
    mean: f32,
    weight: f32,
}

impl Mean {
    fn learn(&mut self, count: f64) {
        let weight = f64::from(self.weight) + 1.0;
        self.mean = (f64::from(self.mean) + (count - f64::from(self.mean)) / weight) as f32;
        self.weight = weight as f32;
    }

    fn sum(self) -> (f64, f64) {
        let weight = f64::from(self.weight);
        (f64::from(self.mean) * weight, weight)
    }
}

/// Sum and weight around `i` on a ring: its own by half, each neighbour's by a quarter.
fn smooth(ring: usize, i: usize, of: impl Fn(usize) -> (f64, f64)) -> (f64, f64) {
    let (before, here, after) = (of((i + ring - 1) % ring), of(i), of((i + 1) % ring));
    (0.25 * before.0 + 0.5 * here.0 + 0.25 * after.0, 0.25 * before.1 + 0.5 * here.1 + 0.25 * after.1)
}

/// Mentions a bucket by hour of the civil week.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    hours: Box<[Mean; WEEK]>,
    /// Of all buckets.
    sum: f64,
    weight: f64,
}

impl Default for Profile {
    fn default() -> Self {
        Profile { hours: Box::new([Mean::default(); WEEK]), sum: 0.0, weight: 0.0 }
    }
}

impl Profile {
    /// Mentions in a bucket of this hour of the week; `None` before anything is learnt.
    ///
    /// Hour of the week, shrunk to hour of the day, shrunk to the mean of all; both smoothed.
    pub fn mean(&self, hour_of_week: usize) -> Option<f64> {
        if self.weight <= 0.0 {
            return None;
        }
        let (sum, weight) = smooth(DAY, hour_of_week % DAY, |hour| self.of_day(hour));
        let day = (sum + DAY_PRIOR * self.sum / self.weight) / (weight + DAY_PRIOR);
        let (sum, weight) = smooth(WEEK, hour_of_week % WEEK, |hour| self.hours[hour].sum());
        Some((sum + WEEK_PRIOR * day) / (weight + WEEK_PRIOR))
    }

    /// The hour of the day over all weekdays: the seven hours of the week that it is made of.
    fn of_day(&self, hour: usize) -> (f64, f64) {
        let days = self.hours.iter().skip(hour).step_by(DAY).map(|mean| mean.sum());
        days.fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    pub fn learn(&mut self, hour_of_week: usize, count: f64) {
        self.hours[hour_of_week % WEEK].learn(count);
        self.sum += count;
        self.weight += 1.0;
    }

    /// Once a week: what is old counts less.
    pub fn forget(&mut self) {
        if self.weight > ENOUGH {
            self.hours.iter_mut().for_each(|mean| mean.weight *= KEPT);
            self.sum *= f64::from(KEPT);
            self.weight *= f64::from(KEPT);
        }
    }
}

/// How many times an ordinary day the special ones are, by kind and hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Specials([[Ratio; DAY]; Special::ALL.len()]);

/// Mentions seen and what an ordinary day would have had.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Ratio {
    seen: f32,
    ordinary: f32,
}

impl Default for Specials {
    fn default() -> Self {
        Specials([[Ratio::default(); DAY]; Special::ALL.len()])
    }
}

impl Specials {
    /// By what an ordinary bucket of this hour with `mean` mentions is to be multiplied.
    pub fn factor(&self, kind: Special, hour: usize, mean: f64) -> f64 {
        let hours = &self.0[kind as usize];
        let (seen, ordinary) = smooth(DAY, hour % DAY, |h| (f64::from(hours[h].seen), f64::from(hours[h].ordinary)));
        let prior = SPECIAL_PRIOR * mean;
        (seen + prior) / (ordinary + prior)
    }

    pub fn learn(&mut self, kind: Special, hour: usize, count: f64, ordinary: f64) {
        let ratio = &mut self.0[kind as usize][hour % DAY];
        ratio.seen = (f64::from(ratio.seen) + count) as f32;
        ratio.ordinary = (f64::from(ratio.ordinary) + ordinary) as f32;
    }

    pub fn forget(&mut self) {
        for ratio in self.0.iter_mut().flatten() {
            ratio.seen *= SPECIAL_KEPT;
            ratio.ordinary *= SPECIAL_KEPT;
        }
    }
}

coded!(Mean { mean, weight });
coded!(Profile { hours, sum, weight });
coded!(Ratio { seen, ordinary });

impl Coded for Specials {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Specials, Error> {
        Coded::decode(from).map(Specials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_what_they_are_said_to_be() {
        assert!((f64::from(KEPT) - 0.5f64.powf(1.0 / 13.0)).abs() < 1e-7);
        assert!((f64::from(SPECIAL_KEPT) - 0.5f64.powf(1.0 / 52.0)).abs() < 1e-7);
        assert!((ENOUGH / f64::from(PER_WEEK) - 1.0 / (1.0 - 0.5f64.powf(1.0 / 13.0))).abs() < 1e-3);
    }
}
