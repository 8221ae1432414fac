//! The engine's one notion of time.
//!
//! Three times, three names everywhere else: `at` is the post's own, `seen` is stamped by the
//! intake, `tick` is the intake's beat in the numbered stream. Only [`SystemClock`] asks the
//! machine; everything below the intake is told.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::tz::TimeZone;

/// Microseconds since 1970-01-01T00:00:00Z; may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Microseconds in one second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in one minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in one hour.
pub const HOUR: i64 = 60 * MINUTE;

impl Timestamp {
    /// Earlier than any post.
    pub const MIN: Timestamp = Timestamp(i64::MIN);

    /// From whole milliseconds since 1970.
    pub fn from_millis(ms: i64) -> Timestamp {
        Timestamp(ms.saturating_mul(1000))
    }

    /// From whole seconds since 1970.
    pub fn from_seconds(s: i64) -> Timestamp {
        Timestamp(s.saturating_mul(SECOND))
    }

    /// Whole minutes since 1970, rounded towards the past.
    pub fn minute(self) -> i64 {
        self.0.div_euclid(MINUTE)
    }

    /// Whole seconds since 1970, rounded towards the past.
    pub fn second(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// The start of minute `minute` since 1970.
    pub fn from_minute(minute: i64) -> Timestamp {
        Timestamp(minute.saturating_mul(MINUTE))
    }

    /// This instant moved by `micros`, without wrapping.
    pub fn plus(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to `self`, without wrapping.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As a civil instant; times outside years -9999 to 9999 are clamped.
    pub fn to_jiff(self) -> jiff::Timestamp {
        let clamped = self.0.clamp(jiff::Timestamp::MIN.as_microsecond(), jiff::Timestamp::MAX.as_microsecond());
        jiff::Timestamp::from_microsecond(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

/// RFC 3339 in UTC, with as many digits of the second as are needed.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_jiff().fmt(f)
    }
}

/// A civil time zone, with the last offset kept so that a stream in time order asks the zone data
/// once per transition instead of once per post.
#[derive(Debug, Clone)]
pub struct Zone {
    zone: TimeZone,
    /// Offset in microseconds, valid for `from <= t < to`.
    offset: i64,
    from: i64,
    to: i64,
}

impl Zone {
    /// The zone with IANA name `name`; `None` if there is no such zone.
    pub fn named(name: &str) -> Option<Zone> {
        Some(Zone::new(TimeZone::get(name).ok()?))
    }

    /// Coordinated universal time.
    pub fn utc() -> Zone {
        Zone::new(TimeZone::UTC)
    }

    fn new(zone: TimeZone) -> Zone {
        Zone { zone, offset: 0, from: 0, to: 0 }
    }

    /// Whether both follow the same rules, whatever either has looked up.
    pub fn is_same(&self, other: &Zone) -> bool {
        self.zone == other.zone
    }

    /// Local time minus universal time, in microseconds, at `at`.
    pub fn offset(&mut self, at: Timestamp) -> i64 {
        if at.0 < self.from || at.0 >= self.to {
            let t = at.to_jiff();
            self.offset = i64::from(self.zone.to_offset(t).seconds()) * SECOND;
            self.from = self.zone.preceding(next(t)).next().map_or(i64::MIN, |x| x.timestamp().as_microsecond());
            self.to = self.zone.following(t).next().map_or(i64::MAX, |x| x.timestamp().as_microsecond());
        }
        self.offset
    }

    /// The next moment after `at` at which the offset changes; never, for all practical purposes, at the end.
    pub fn steady_until(&mut self, at: Timestamp) -> Timestamp {
        self.offset(at);
        Timestamp(self.to)
    }

    /// Hour of the civil week: `0` is Monday 00:00-01:00, `167` is Sunday 23:00-24:00.
    pub fn hour_of_week(&mut self, at: Timestamp) -> usize {
        let local = at.0.saturating_add(self.offset(at));
        // 1970-01-01 was a Thursday: three days after Monday.
        (local.div_euclid(HOUR) + 3 * 24).rem_euclid(168) as usize
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// The first instant of a civil day, given in days since 1970-01-01; also where midnight does not exist.
    pub fn start_of_day(&self, day: i64) -> Timestamp {
        let date = Timestamp(day.saturating_mul(24 * HOUR)).to_jiff().to_zoned(TimeZone::UTC).date();
        date.to_zoned(self.zone.clone()).map_or(Timestamp(day.saturating_mul(24 * HOUR)), |z| Timestamp(z.timestamp().as_microsecond()))
    }

    /// The civil day, in days since 1970-01-01.
    pub fn day(&mut self, at: Timestamp) -> i64 {
        at.0.saturating_add(self.offset(at)).div_euclid(24 * HOUR)
    }
}

/// `preceding` is exclusive, so a transition at this very instant is found from just after it.
fn next(t: jiff::Timestamp) -> jiff::Timestamp {
    t.checked_add(jiff::SignedDuration::from_nanos(1)).unwrap_or(t)
}

/// Where time comes from; injected, so that tests and `replay` drive it.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Time since some fixed start, never stepping back; for time-outs and latencies.
    fn monotonic(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock(std::time::Instant);

#[allow(clippy::disallowed_methods, reason = "the one place that asks the machine")]
impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn new() -> SystemClock {
        SystemClock(std::time::Instant::now())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place that asks the machine")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// The machine's clock, running `speed` times as fast from the moment it was made.
#[derive(Debug)]
pub struct FastClock {
    real: SystemClock,
    start: Timestamp,
    speed: f64,
}

impl FastClock {
    /// A clock that shows the present now.
    pub fn new(speed: f64) -> FastClock {
        let real = SystemClock::new();
        FastClock { start: real.now(), real, speed }
    }
}

impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        self.start.plus((self.real.monotonic().as_micros() as f64 * self.speed) as i64)
    }
    fn monotonic(&self) -> Duration {
        self.real.monotonic()
    }
}

/// A clock that stands still until it is set: for tests and for recorded input.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    pub fn at(at: Timestamp) -> ManualClock {
        ManualClock(AtomicI64::new(at.0))
    }
    /// Shows `at` from now on.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.0.load(Ordering::SeqCst).max(0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: &str) -> Timestamp {
        Timestamp(s.parse::<jiff::Timestamp>().expect("a time").as_microsecond())
    }

    #[test]
    fn hour_of_week_is_civil() {
        // (zone, instant, weekday with Monday 0, hour), by hand from published transition dates.
        let table = [
            ("UTC", "1970-01-01T00:00:00Z", 3, 0),
            ("America/Mexico_City", "2026-07-06T05:59:59Z", 6, 23),
            ("America/Mexico_City", "2026-07-06T06:00:00Z", 0, 0),
            // Madrid leaves summer time on 2026-10-25 at 01:00Z: 02:00-03:00 comes twice.
            ("Europe/Madrid", "2026-10-25T00:30:00Z", 6, 2),
            ("Europe/Madrid", "2026-10-25T01:30:00Z", 6, 2),
            ("Europe/Madrid", "2026-10-25T02:30:00Z", 6, 3),
            // ... and enters it on 2026-03-29 at 01:00Z: 02:00-03:00 does not exist.
            ("Europe/Madrid", "2026-03-29T00:59:59Z", 6, 1),
            ("Europe/Madrid", "2026-03-29T01:00:00Z", 6, 3),
            ("Asia/Kathmandu", "2026-01-05T00:00:00Z", 0, 5),
        ];
        for (zone, instant, day, hour) in table {
            let mut z = Zone::named(zone).expect(zone);
            assert_eq!(z.hour_of_week(at(instant)), day * 24 + hour, "{zone} {instant}");
        }
    }

    #[test]
    fn a_day_starts_when_it_starts() {
        let day = |s: &str| at(s).0.div_euclid(24 * HOUR);
        for (zone, date, want) in [
            ("UTC", "2020-10-01T00:00:00Z", "2020-10-01T00:00:00Z"),
            ("Europe/Madrid", "2020-10-25T00:00:00Z", "2020-10-24T22:00:00Z"),
            ("Europe/Madrid", "2020-10-26T00:00:00Z", "2020-10-25T23:00:00Z"),
            ("America/Mexico_City", "2020-10-01T00:00:00Z", "2020-10-01T05:00:00Z"),
            // Summer time begins at midnight: the day starts at one o'clock.
            ("America/Asuncion", "2020-10-04T00:00:00Z", "2020-10-04T04:00:00Z"),
        ] {
            let mut zone = Zone::named(zone).expect(zone);
            assert_eq!(zone.start_of_day(day(date)), at(want), "{date}");
            assert_eq!(zone.day(at(want)), day(date));
            assert_eq!(zone.day(at(want).plus(-1)), day(date) - 1);
        }
        assert_eq!(Zone::named("Europe/Madrid").expect("zone").name(), "Europe/Madrid");
    }

    #[test]
    fn cached_offsets_equal_fresh_ones() {
        let mut cached = Zone::named("Europe/Madrid").expect("zone");
        let start = at("2026-03-27T00:00:00Z");
        for step in (0..300i64).chain((0..300).rev()) {
            let t = start.plus(step * HOUR * 25);
            let mut fresh = Zone::named("Europe/Madrid").expect("zone");
            assert_eq!(cached.offset(t), fresh.offset(t), "{t}");
        }
    }

    #[test]
    fn extremes_do_not_panic() {
        for t in [i64::MIN, -1, 0, i64::MAX] {
            let t = Timestamp(t);
            let _ = (t.to_string(), t.minute(), t.plus(i64::MAX), t.since(Timestamp::MIN));
            Zone::named("Europe/Madrid").expect("zone").hour_of_week(t);
        }
    }
}
