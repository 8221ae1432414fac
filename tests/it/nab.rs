//! The spike detector against the row-by-row output of its description, on real mention volume.

use std::ffi::OsString;

use escucha::anomaly::{Direction, Finding, Settings, Slot, bucket_of};
use escucha::baseline::Baseline;
use escucha::bilingual::Lang;
use escucha::dates;
use escucha::detect::Detector;
use escucha::time::Zone;

use crate::data;

pub const SERIES: [&str; 5] = ["AAPL", "CRM", "FB", "KO", "UPS"];
/// The reference is written with three decimals for surprise and bar and one for the rest; a slot of
/// the profile has single precision, which adds far less than that.
const ROUNDED: [f64; 5] = [0.000_51, 0.000_51, 0.051, 0.051, 0.051];
/// ... and a relative part for counts in the thousands.
const RELATIVE: f64 = 1e-5;

/// What the detector says of every row of a series of `timestamp,value`.
pub fn findings(series: &str) -> Vec<(String, Finding)> {
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

/// `escucha backtest --counts … --scores …`: scores are times the bar, held under 1 where no alert is.
#[test]
fn the_command_writes_the_same() {
    let Some(file) = data::shared("nab/Twitter_volume_UPS.csv") else { return };
    let reference = String::from_utf8(data::read("nab/reference/UPS.csv.gz").expect("beside it")).expect("text");
    let folder = tempfile::tempdir().unwrap();
    let scores = folder.path().join("scores.csv");
    let args = ["escucha", "backtest", "--counts"].map(OsString::from).into_iter().chain([file.into_os_string()]);
    let args: Vec<OsString> = args.chain(["--label".into(), "UPS".into(), "--scores".into(), scores.clone().into_os_string()]).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert_eq!(escucha::cli::execute(&args, Lang::En, false, &mut out, &mut err), 0, "{}", String::from_utf8_lossy(&err));
    let scores = std::fs::read_to_string(scores).unwrap();
    assert_eq!(scores.lines().count(), reference.lines().count());
    let mut alerts = 0;
    for (row, wanted) in scores.lines().zip(reference.lines()).skip(1) {
        let (row, wanted): (Vec<&str>, Vec<&str>) = (row.split(',').collect(), wanted.split(',').collect());
        assert_eq!((row[0], row[4]), (wanted[0], wanted[1]));
        let number = |s: &str| s.parse::<f64>().expect("a number");
        let ratio = number(wanted[2]) / number(wanted[3]);
        let score = if wanted[1] == "1" { ratio } else { ratio.min(0.999) };
        assert!((number(row[2]) - score).abs() < 1e-3 * score.max(1.0), "{row:?} {wanted:?}");
        alerts += usize::from(row[4] == "1");
    }
    let out = String::from_utf8(out).expect("text");
    assert_eq!((alerts, out.lines().count()), (12, 13), "an alert a line, and the summary");
    assert_eq!(out.matches("\"type\":\"alert\"").count(), 12);
}
