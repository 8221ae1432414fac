//! The spike detector against the row-by-row output of its description, on real mention volume.

use escucha::anomaly::{Direction, Finding, Settings, Slot, bucket_of};
use escucha::baseline::Baseline;
use escucha::dates;
use escucha::detect::Detector;
use escucha::time::Zone;

use crate::data;

const SERIES: [&str; 5] = ["AAPL", "CRM", "FB", "KO", "UPS"];
/// The reference is written with three decimals for surprise and bar and one for the rest; a slot of
/// the profile has single precision, which adds far less than that.
const ROUNDED: [f64; 5] = [0.000_51, 0.000_51, 0.051, 0.051, 0.051];
/// ... and a relative part for counts in the thousands.
const RELATIVE: f64 = 1e-5;

/// What the detector says of every row of a series of `timestamp,value`.
fn findings(series: &str) -> Vec<(String, Finding)> {
    let (mut zone, mut baseline, mut detector) = (Zone::utc(), Baseline::default(), Detector::new(Settings::new(Direction::Spike)));
    let rows = series.lines().skip(1).map(|line| {
        let (time, value) = line.split_once(',').expect("two fields");
        let at = dates::parse(time).expect("a time");
        let count = value.parse().expect("a count");
        let usual = baseline.observe(Slot { hour_of_week: zone.hour_of_week(at), special: None }, count, true);
        (time.to_owned(), detector.judge(bucket_of(at), count, &usual, true))
    });
    rows.collect()
}

#[test]
fn every_row_equals_the_reference() {
    let (mut rows, mut alerts, mut worst) = (0, 0, [0.0f64; 5]);
    for name in SERIES {
        let Some(series) = data::read(&format!("nab/Twitter_volume_{name}.csv")) else { return };
        let Some(reference) = data::read(&format!("nab/reference/{name}.csv.gz")) else { return };
        let series = String::from_utf8(series).expect("text");
        let reference = String::from_utf8(reference).expect("text");
        let found = findings(&series);
        assert_eq!(found.len(), reference.lines().count() - 1, "{name}");
        for ((time, f), line) in found.iter().zip(reference.lines().skip(1)) {
            let (at, figures) = line.split_once(',').expect("fields");
            assert_eq!(at, time);
            let [alert, figures @ ..] = &figures.split(',').map(|x| x.parse().expect("a number")).collect::<Vec<f64>>()[..] else {
                panic!("{line}")
            };
            assert_eq!(f.fires, *alert == 1.0, "{name} {line}: {f:?}");
            for (i, mine) in [f.surprise, f.bar, f.observed, f.expected, f.range.1].into_iter().enumerate() {
                let off = (mine - figures[i]).abs();
                assert!(off <= ROUNDED[i] + RELATIVE * figures[i], "{name} {line}: {f:?}");
                worst[i] = worst[i].max(off);
            }
            rows += 1;
            alerts += u32::from(f.fires);
        }
    }
    println!("{rows} rows and {alerts} alerts equal; greatest differences of surprise, bar, observed, expected, upper end: {worst:?}");
    assert_eq!((rows, alerts), (79_354, 40));
}
