//! The week: mentions by civil hour and weekday, and how much of each hour was listened to.

use std::collections::VecDeque;

use crate::codec::{Coded, Error, Reader};
use crate::limits::{LISTENED_GAP, LISTENED_SPANS};
use crate::time::{MINUTE, Timestamp, Zone};

/// Hours of a week.
pub const HOURS: usize = 168;
/// Every civil clock of our time is a multiple of this apart from universal time.
const QUARTER: i64 = 15 * MINUTE;

/// One topic's mentions by hour of the civil week; index 0 is Monday 00:00-01:00.
#[derive(Debug, Default)]
pub struct Week(Option<Box<[u64; HOURS]>>);

impl Coded for Week {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.as_deref().map(|hours| hours.to_vec()).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Week, Error> {
        let Some(hours) = Option::<Vec<u64>>::decode(from)? else { return Ok(Week(None)) };
        <[u64; HOURS]>::try_from(hours).map(|hours| Week(Some(Box::new(hours)))).map_err(|_| Error::Field("week"))
    }
}

impl Week {
    /// Counts a mention at `at`.
    pub fn fold(&mut self, zone: &mut Zone, at: Timestamp) {
        let hours = self.0.get_or_insert_with(|| Box::new([0; HOURS]));
        if let Some(hour) = hours.get_mut(zone.hour_of_week(at)) {
            *hour += 1;
        }
    }

    /// The counts.
    pub fn counts(&self) -> [u64; HOURS] {
        self.0.as_deref().copied().unwrap_or([0; HOURS])
    }
}

/// The stretches of event time during which the engine listened.
#[derive(Debug, Default)]
pub struct Listened {
    /// Disjoint, ascending.
    spans: VecDeque<(Timestamp, Timestamp)>,
}

coded!(Listened { spans });

impl Listened {
    /// Event time has come to `now`. A step of more than `limits::LISTENED_GAP` was not listened to.
    pub fn advance(&mut self, now: Timestamp) {
        match self.spans.back_mut() {
            Some((_, end)) if now <= *end => {}
            Some((_, end)) if now.since(*end) <= LISTENED_GAP => *end = now,
            _ => self.spans.push_back((now, now)),
        }
        if self.spans.len() > LISTENED_SPANS
            && let (Some((start, _)), Some(second)) = (self.spans.pop_front(), self.spans.front_mut())
        {
            second.0 = start;
        }
    }

    /// Since when event time is known.
    pub fn since(&self) -> Option<Timestamp> {
        self.spans.front().map(|(start, _)| *start)
    }

    /// Microseconds listened to after `since`, by hour of the civil week.
    pub fn by_hour(&self, zone: &mut Zone, since: Timestamp) -> [i64; HOURS] {
        let mut hours = [0; HOURS];
        for (start, end) in &self.spans {
            let mut at = (*start).max(since);
            while at < *end {
                let next = Timestamp((at.0.div_euclid(QUARTER) + 1) * QUARTER).min(*end);
                if let Some(hour) = hours.get_mut(zone.hour_of_week(at)) {
                    *hour += next.since(at);
                }
                at = next;
            }
        }
        hours
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    fn at(s: &str) -> Timestamp {
        Timestamp(s.parse::<jiff::Timestamp>().expect("a time").as_microsecond())
    }

    /// One post an hour over the whole Sunday on which Madrid changes its clocks.
    #[test]
    fn both_days_of_the_clock_change_are_normalised() {
        const SUNDAY: usize = 6 * 24;
        // (first instant, last, hour that is special, times it happens)
        let table = [("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 2, 0), ("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 2, 2)];
        for (from, to, special, times) in table {
            let mut zone = Zone::named("Europe/Madrid").expect("zone");
            let (mut week, mut listened) = (Week::default(), Listened::default());
            let mut t = at(from);
            listened.advance(t);
            while t < at(to) {
                week.fold(&mut zone, t.plus(HOUR / 2));
                t = t.plus(HOUR);
                listened.advance(t);
            }
            let seen = listened.by_hour(&mut zone, Timestamp::MIN);
            for hour in 0..24 {
                let want = if hour == special { times } else { 1 };
                assert_eq!(week.counts()[SUNDAY + hour], want, "{from} {hour}");
                assert_eq!(seen[SUNDAY + hour], want as i64 * HOUR, "{from} {hour}");
            }
            assert_eq!(week.counts().iter().sum::<u64>() as i64 * HOUR, seen.iter().sum::<i64>());
        }
    }

    #[test]
    fn silence_counts_and_absence_does_not() {
        let mut zone = Zone::utc();
        let mut listened = Listened::default();
        let start = at("2026-07-06T00:00:00Z");
        for step in [0, 1, 12, 12 + 30, 12 + 31] {
            listened.advance(start.plus(step * HOUR));
        }
        let total: i64 = listened.by_hour(&mut zone, Timestamp::MIN).iter().sum();
        assert_eq!(total, 13 * HOUR);
        let later: i64 = listened.by_hour(&mut zone, start.plus(2 * HOUR + 7 * MINUTE)).iter().sum();
        assert_eq!(later, 11 * HOUR - 7 * MINUTE);
    }

    #[test]
    fn spans_are_bounded() {
        let mut listened = Listened::default();
        (0..LISTENED_SPANS as i64 * 2).for_each(|i| listened.advance(Timestamp(i * 2 * LISTENED_GAP)));
        assert!(listened.spans.len() <= LISTENED_SPANS);
    }
}
