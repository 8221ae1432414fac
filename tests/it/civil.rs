//! The civil clock against an independent one, across changes of the clocks.

use escucha::anomaly::{BUCKET, Slot};
use escucha::baseline::Baseline;
use escucha::dates;
use escucha::time::{HOUR, Timestamp, Zone};

/// Around every change in sixteen zones and seven years, written by Python's zoneinfo.
const TABLE: &str = include_str!("civil.txt");

#[test]
fn hours_and_days_are_those_of_an_independent_clock() {
    let mut rows = 0;
    let mut wrong = Vec::new();
    for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
        let [zone, instant, hour, day] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let mut clock = Zone::named(zone).expect(zone);
        let at = dates::parse(instant).expect(instant);
        if (clock.hour_of_week(at).to_string().as_str(), clock.day(at).to_string().as_str()) != (hour, day) {
            wrong.push(format!("{line}: {} {}", clock.hour_of_week(at), clock.day(at)));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(rows > 700, "{rows}");
}

/// A topic that is written about from nine to five, by the clock on the wall: when the clocks change,
/// what is expected changes with them, on the very Monday after.
#[test]
fn what_is_usual_follows_the_clock_on_the_wall() {
    for (zone, change) in [
        ("Europe/Madrid", "2026-03-29T01:00:00Z"),
        ("Europe/Madrid", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-03-08T07:00:00Z"),
        ("America/New_York", "2026-11-01T06:00:00Z"),
        ("America/Santiago", "2026-04-05T03:00:00Z"),
        ("America/Santiago", "2026-09-06T04:00:00Z"),
        // No change: the control.
        ("America/Mexico_City", "2026-10-25T08:00:00Z"),
    ] {
        let mut clock = Zone::named(zone).expect(zone);
        let change = dates::parse(change).expect("a time");
        let mut baseline = Baseline::default();
        let mut at = Timestamp(change.plus(-8 * 7 * 24 * HOUR).0.div_euclid(BUCKET) * BUCKET);
        let mut worst: f64 = 1.0;
        while at < change.plus(7 * 24 * HOUR) {
            let hour_of_week = clock.hour_of_week(at);
            let truth = |hour: usize| if (9..17).contains(&(hour % 24)) { 40.0 } else { 4.0 };
            let usual = baseline.observe(Slot { hour_of_week, special: None }, truth(hour_of_week), true);
            // Beside the steps of the day the profile is smooth on purpose.
            let flat = truth(hour_of_week) == truth(hour_of_week + 1) && truth(hour_of_week) == truth(hour_of_week + 23);
            if at >= change && flat {
                worst = worst.max(usual.mean / truth(hour_of_week)).max(truth(hour_of_week) / usual.mean);
            }
            at = at.plus(BUCKET);
        }
        assert!(worst < 1.1, "{zone} {change}: off by {worst:.3}");
    }
}
