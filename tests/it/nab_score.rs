//! The public scoreboard for anomaly detectors (Numenta Anomaly Benchmark), by its own rules.
//!
//! The first 750 rows of a file are not scored. In every labelled window the earliest alert counts, the
//! more the earlier; every alert elsewhere costs, the more the farther behind a window; a window without
//! alert costs. The sum is put on a scale on which no alert at all is 0 and a perfect detector 100. The
//! scorer is held against the figures of two detectors that the benchmark publishes row by row.

use escucha::dates;
use escucha::time::Timestamp;

use crate::{data, nab};

/// Weights of a hit, a miss and a false alert.
const PROFILES: [(&str, [f64; 3]); 3] =
    [("standard", [1.0, 1.0, 0.11]), ("reward_low_FP_rate", [1.0, 1.0, 0.22]), ("reward_low_FN_rate", [1.0, 2.0, 0.11])];
const PROBATION: usize = 750;
/// Rows of a week.
const WEEK: f64 = 7.0 * 288.0;

/// The labelled windows of one file as ranges of rows, both ends included.
struct File {
    windows: Vec<(usize, usize)>,
    rows: usize,
}

fn windows(name: &str, times: &[Timestamp]) -> File {
    let labels = data::read("nab/windows.json").expect("beside the series");
    let labels: serde_json::Value = serde_json::from_slice(&labels).expect("JSON");
    let at = |v: &serde_json::Value| dates::parse(v.as_str().expect("a time").split('.').next().unwrap()).expect("a time");
    let windows = labels[format!("realTweets/Twitter_volume_{name}.csv")].as_array().expect("windows").iter().map(|w| {
        let (from, to) = (at(&w[0]), at(&w[1]));
        (times.partition_point(|t| *t < from), times.partition_point(|t| *t <= to) - 1)
    });
    File { windows: windows.collect(), rows: times.len() }
}

fn sigmoid(x: f64) -> f64 {
    if x > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * x).exp()) - 1.0 }
}

/// What the alerts in some rows come to: the sum of one file, windows hit, and false alerts.
fn score(file: &File, alerts: &[usize], [hit, miss, wrong]: [f64; 3]) -> (f64, usize, usize) {
    let scored: Vec<usize> = alerts.iter().copied().filter(|row| *row >= PROBATION.min(file.rows * 15 / 100)).collect();
    let (mut sum, mut hits, mut falsely) = (0.0, 0, 0);
    for (from, to) in &file.windows {
        match scored.iter().find(|row| (from..=to).contains(row)) {
            Some(row) => {
                let position = -((to - row + 1) as f64) / (to - from + 1) as f64;
                sum += hit * sigmoid(position) / sigmoid(-1.0);
                hits += 1;
            }
            None => sum -= miss,
        }
    }
    for row in scored.iter().filter(|row| !file.windows.iter().any(|(from, to)| (from..=to).contains(row))) {
        let before = file.windows.iter().rev().find(|(_, to)| to < row);
        sum += wrong * before.map_or(-1.0, |(from, to)| sigmoid((row - to) as f64 / (to - from) as f64));
        falsely += 1;
    }
    (sum, hits, falsely)
}

/// The score over all files by a profile, windows hit, and false alerts.
fn scored(files: &[(File, Vec<usize>)], weights: [f64; 3]) -> (f64, usize, usize) {
    let all = files.iter().map(|(file, alerts)| score(file, alerts, weights));
    let (sum, hits, falsely) = all.fold((0.0, 0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2));
    let windows: f64 = files.iter().map(|(file, _)| file.windows.len() as f64).sum();
    let nothing = -weights[1] * windows;
    (100.0 * (sum - nothing) / (weights[0] * windows - nothing), hits, falsely)
}

/// Rows at or over a threshold of a detector that the benchmark publishes.
fn published(detector: &str, threshold: f64) -> Option<Vec<(File, Vec<usize>)>> {
    nab::SERIES
        .iter()
        .map(|name| {
            let rows = String::from_utf8(data::read(&format!("nab/published/{detector}_{name}.csv.gz"))?).expect("text");
            let fields = |line: &str| {
                let mut fields = line.split(',');
                (dates::parse(fields.next().unwrap()).expect("a time"), fields.nth(1).unwrap().parse::<f64>().expect("a score"))
            };
            let rows: Vec<(Timestamp, f64)> = rows.lines().skip(1).map(fields).collect();
            let times: Vec<Timestamp> = rows.iter().map(|r| r.0).collect();
            let alerts = rows.iter().enumerate().filter(|(_, r)| r.1 >= threshold).map(|(i, _)| i).collect();
            Some((windows(name, &times), alerts))
        })
        .collect()
}

#[test]
fn the_scorer_gives_what_is_published() {
    for (detector, threshold, want) in [("ARTime", 0.317_486, 84.32), ("contextOSE", 0.76553, 76.38)] {
        let Some(files) = published(detector, threshold) else { return };
        let (score, ..) = scored(&files, PROFILES[0].1);
        assert!((score - want).abs() < 0.006, "{detector}: {score}, published {want}");
    }
}

#[test]
fn the_detector_scores_what_is_promised() {
    let mut files = Vec::new();
    for name in nab::SERIES {
        let Some(series) = data::read(&format!("nab/Twitter_volume_{name}.csv")) else { return };
        let found = nab::findings(&String::from_utf8(series).expect("text"));
        let times: Vec<Timestamp> = found.iter().map(|(time, _)| dates::parse(time).expect("a time")).collect();
        let alerts = found.iter().enumerate().filter(|(_, (_, f))| f.fires).map(|(i, _)| i).collect();
        files.push((windows(name, &times), alerts));
    }
    let [standard, low_fp, low_fn] = PROFILES.map(|(_, weights)| scored(&files, weights));
    let weeks: f64 = files.iter().map(|(file, _)| (file.rows - PROBATION) as f64 / WEEK).sum();
    let wrong = standard.2 as f64 / weeks;
    println!(
        "standard {:.2}, low FP {:.2}, low FN {:.2}, {} windows, {wrong:.3} false a series-week",
        standard.0, low_fp.0, low_fn.0, standard.1
    );
    assert!(standard.0 >= 87.0 && low_fp.0 >= 80.0, "{standard:?} {low_fp:?}");
    assert!(wrong <= 0.6, "{wrong}");
    assert_eq!(standard.1, files.iter().map(|(file, _)| file.windows.len()).sum::<usize>(), "every window is hit");
    let row = format!(
        "| standard | low FP | low FN | ventanas · windows | falsas · false | falsas por serie y semana · false a series-week |\n\
         |---:|---:|---:|---:|---:|---:|\n| {:.1} | {:.1} | {:.1} | {} / {} | {} | {wrong:.2} |\n",
        standard.0, low_fp.0, low_fn.0, standard.1, standard.1, standard.2
    );
    crate::crisislex::holds("docs/crises.md", "scoreboard", &row);
}
