//! How much people write at which hour of the civil week.

use crate::time::{Timestamp, Zone};

/// The zone in which the synthetic customers live.
pub const ZONE: &str = "America/Mexico_City";

/// Weight of a civil hour: asleep at four, busiest after nine at night, with a shoulder around lunch.
const HOURS: [u32; 24] = [30, 25, 22, 20, 20, 22, 27, 33, 38, 42, 45, 47, 49, 50, 49, 48, 47, 47, 49, 52, 55, 57, 53, 43];
/// Weight of a day, Monday first: a bank is talked of on working days, most of all on Friday, when
/// wages are paid.
const DAYS: [u32; 7] = [104, 103, 103, 104, 109, 92, 85];

/// The rhythm of the week in one zone.
#[derive(Debug, Clone)]
pub struct Rhythm(Zone);

impl Rhythm {
    /// The rhythm in the zone called `name`, or in UTC if there is no such zone.
    pub fn new(name: &str) -> Rhythm {
        Rhythm(Zone::named(name).unwrap_or_else(Zone::utc))
    }

    /// How many posts come at `at` for each that comes on average; the week's mean is 1.
    pub fn at(&mut self, at: Timestamp) -> f64 {
        Rhythm::factor(self.0.hour_of_week(at))
    }

    /// The same by hour of the week, 0 being Monday 00:00-01:00.
    pub fn factor(hour_of_week: usize) -> f64 {
        let (day, hour) = (hour_of_week / 24 % 7, hour_of_week % 24);
        let mean = f64::from(HOURS.iter().sum::<u32>()) / 24.0 * f64::from(DAYS.iter().sum::<u32>()) / 7.0;
        f64::from(HOURS[hour]) * f64::from(DAYS[day]) / mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    #[test]
    fn the_week_has_mean_one_and_a_shape() {
        let week: Vec<f64> = (0..168).map(Rhythm::factor).collect();
        assert!((week.iter().sum::<f64>() / 168.0 - 1.0).abs() < 1e-9);
        let (night, evening) = (week[4], week[21]);
        assert!(evening > 2.5 * night, "{evening} {night}");
        assert!(week[4 * 24 + 21] > week[6 * 24 + 21], "Friday before Sunday");
    }

    #[test]
    fn hours_are_civil() {
        // Monday 2026-07-06 at 04:30 in Mexico City, which has kept UTC-6 all year since 2022.
        let monday = Timestamp("2026-07-06T10:30:00Z".parse::<jiff::Timestamp>().expect("a time").as_microsecond());
        let mut r = Rhythm::new(ZONE);
        assert_eq!(r.at(monday), Rhythm::factor(4));
        assert_eq!(r.at(monday.plus(17 * HOUR)), Rhythm::factor(21));
    }
}
