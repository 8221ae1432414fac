//! Opening hours: when somebody is there to answer, and how much of a stretch of time that was.

use std::sync::Arc;

use crate::calendar::{Calendar, Special};
use crate::time::{HOUR, MINUTE, Timestamp, Zone};

/// A civil day, in microseconds.
const DAY: i64 = 24 * HOUR;
/// Stretches that are looked through: years of them, should nobody ever be there.
const STRETCHES: usize = 10_000;

/// Civil hours of some days of the week, but for holidays.
#[derive(Debug, Clone)]
pub struct Hours {
    /// From Monday.
    pub days: [bool; 7],
    /// Minute of the day, from 0; before `to`.
    pub from: u16,
    /// Minute of the day, up to 1440.
    pub to: u16,
    /// Where they hold.
    pub zone: Zone,
    /// Its holidays are closed.
    pub holidays: Arc<Calendar>,
}

impl Hours {
    /// Whether somebody is there at `at`, and until when that stays so, or longer.
    ///
    /// What counts is what a clock on the wall shows: an hour that comes twice when summer time ends is open
    /// twice, and one that is left out when it begins is not open at all.
    fn stretch(&self, zone: &mut Zone, at: Timestamp) -> (bool, Timestamp) {
        let local = at.0.saturating_add(zone.offset(at));
        let (day, time) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (from, to) = (i64::from(self.from) * MINUTE, i64::from(self.to) * MINUTE);
        // 1970-01-01 was a Thursday.
        let weekday = (day + 3).rem_euclid(7) as usize;
        let works = self.days.get(weekday).copied().unwrap_or(false)
            && self.holidays.on(day).is_none_or(|special| special.special != Special::Holiday);
        let is_open = works && (from..to).contains(&time);
        let end = match (is_open, works && time < from) {
            (true, _) => to,
            (false, true) => from,
            (false, false) => DAY,
        };
        (is_open, at.plus(end - time).min(zone.steady_until(at)))
    }

    /// When `wanted` microseconds of open time have passed since `since`; `None` if nobody is there for years.
    pub fn after(&self, since: Timestamp, wanted: i64) -> Option<Timestamp> {
        let (mut zone, mut at, mut left) = (self.zone.clone(), since, wanted);
        for _ in 0..STRETCHES {
            let (is_open, until) = self.stretch(&mut zone, at);
            if is_open && until.since(at) >= left {
                return Some(at.plus(left));
            }
            left -= if is_open { until.since(at) } else { 0 };
            at = until;
        }
        None
    }

    /// Open time between two moments, in microseconds.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> i64 {
        let (mut zone, mut at, mut open) = (self.zone.clone(), from, 0);
        for _ in 0..STRETCHES {
            if at >= to {
                break;
            }
            let (is_open, until) = self.stretch(&mut zone, at);
            open += if is_open { until.min(to).since(at) } else { 0 };
            at = until;
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{NamedDay, When};
    use crate::dates;
    use crate::prng::Prng;

    fn hours(zone: &str, days: &[usize], from: u16, to: u16, holidays: &[&str]) -> Hours {
        let day = |text: &&str| NamedDay {
            name: String::new(),
            special: Special::Holiday,
            when: When::parse(text).expect(text),
            brought_forward: false,
        };
        Hours {
            days: std::array::from_fn(|d| days.contains(&d)),
            from,
            to,
            zone: Zone::named(zone).expect(zone),
            holidays: Arc::new(Calendar { days: holidays.iter().map(day).collect() }),
        }
    }

    /// The slow way: what the clock on the wall shows, asked anew for every minute.
    fn is_open(hours: &Hours, minute: i64) -> bool {
        let civil = Timestamp::from_minute(minute).to_jiff().to_zoned(tz(hours)).datetime();
        let day = civil.date().since(jiff::civil::date(1970, 1, 1)).expect("days").get_days();
        let works = hours.days[usize::from(civil.weekday().to_monday_zero_offset() as u8)] && hours.holidays.on(day.into()).is_none();
        let time = civil.hour() as u16 * 60 + civil.minute() as u16;
        works && hours.from <= time && time < hours.to
    }

    fn tz(hours: &Hours) -> jiff::tz::TimeZone {
        ["Europe/Madrid", "America/Mexico_City", "Asia/Kathmandu"]
            .into_iter()
            .find(|name| Zone::named(name).expect(name).is_same(&hours.zone))
            .and_then(|name| jiff::tz::TimeZone::get(name).ok())
            .expect("a zone of the tests")
    }

    #[test]
    fn time_that_is_open_is_counted_as_minute_by_minute() {
        let all = [
            hours("Europe/Madrid", &[0, 1, 2, 3, 4], 9 * 60, 18 * 60, &["12-25", "easter-2"]),
            // Where clocks are set: at 02:00 and 03:00, on Sundays.
            hours("Europe/Madrid", &[5, 6], 90, 150, &[]),
            hours("Europe/Madrid", &[0, 1, 2, 3, 4, 5, 6], 130, 170, &[]),
            hours("Europe/Madrid", &[6], 0, 1440, &[]),
            hours("America/Mexico_City", &[0, 2, 4], 480, 1080, &["first monday of february"]),
            hours("Asia/Kathmandu", &[0, 1, 2, 3, 4, 5, 6], 0, 1440, &[]),
        ];
        let start = |text| dates::parse(text).expect(text).minute();
        let mut prng = Prng::new(3);
        let mut changes = 0;
        for from in ["2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z", "2026-12-23T00:00:00Z"].map(start) {
            for hours in &all {
                let is_open: Vec<bool> = (0..6 * 24 * 60).map(|m| is_open(hours, from + m)).collect();
                let open = |a: usize, b: usize| is_open[a..b].iter().filter(|open| **open).count() as i64;
                for _ in 0..60 {
                    let a = prng.below(4 * 24 * 60) as usize;
                    let b = a + prng.below(2 * 24 * 60) as usize;
                    let at = |m: usize| Timestamp::from_minute(from + m as i64);
                    assert_eq!(hours.between(at(a), at(b)), open(a, b) * MINUTE, "{hours:?} {} {}", at(a), at(b));
                    let wanted = prng.below(240) as i64 + 1;
                    let want = (a..is_open.len()).find(|m| open(a, m + 1) == wanted).map(|m| at(m + 1));
                    if let Some(want) = want {
                        assert_eq!(hours.after(at(a), wanted * MINUTE), Some(want), "{hours:?} {} {wanted}", at(a));
                        changes += 1;
                    }
                }
            }
        }
        assert!(changes > 500, "{changes}");
    }

    #[test]
    fn hours_that_never_come_are_told() {
        let at = Timestamp::from_minute(29_000_000);
        assert_eq!(hours("Europe/Madrid", &[], 0, 1440, &[]).after(at, MINUTE), None);
        assert_eq!(hours("Europe/Madrid", &[0], 0, 1440, &[]).between(at, at.plus(-DAY)), 0);
    }
}
