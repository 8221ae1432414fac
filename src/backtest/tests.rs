use super::*;
use crate::prng::Prng;

fn read(text: &str) -> (Vec<Row>, Vec<usize>) {
    let (rows, refused) = counts::read(text.as_bytes());
    (rows, refused.into_iter().map(|(line, _)| line).collect())
}

#[test]
fn rows_in_every_dress() {
    for (text, values, refused) in [
        ("timestamp,value\n2026-01-01 00:00:00,5\n2026-01-01 00:05:00,6.5", &["5", "6.5"][..], &[][..]),
        ("\u{feff}timestamp,value\r\n2026-01-01T00:00:00Z,5\r\n\r\n", &["5"], &[]),
        ("value,extra,timestamp\n5,x,2026-01-01T00:00:00Z\n", &["5"], &[]),
        ("fecha,menciones\n2026-01-01T00:00:00Z,5\n", &["5"], &[]),
        ("2026-01-01T00:00:00Z,5\n", &["5"], &[]),
        ("\"Thu, 01 Jan 2026 00:00:00 +0000\",\"5\"\n", &["5"], &[]),
        ("1767225600,5\n1767225900,6\n", &["5", "6"], &[]),
        ("t,v\nt,v\n2026-01-01T00:00:00Z,5,x\n", &["5"], &[2]),
        ("2026-01-01T00:00:00Z,1e99\n2026-01-01T00:05:00Z,NaN\n2026-01-01T00:10:00Z,inf\n2026-01-01T00:15:00Z,\n", &[], &[1, 2, 3, 4]),
        ("2026-01-01T00:05:00Z,1\n2026-01-01T00:05:00Z,1\n2026-01-01T00:00:00Z,1\n", &["1"], &[2, 3]),
        ("\"", &[], &[]),
        ("", &[], &[]),
    ] {
        let (rows, lines) = read(text);
        assert_eq!(rows.iter().map(|r| r.value.as_str()).collect::<Vec<_>>(), values, "{text}");
        assert_eq!(lines, refused, "{text}");
    }
    assert_eq!(counts::read(b"timestamp,value\n\xff,1\n").1[0].0, 2);
}

fn job(missing: Missing) -> Job {
    Job { label: "t".into(), zone: Zone::utc(), calendar: Arc::default(), settings: Settings::new(Direction::Spike), missing }
}

/// About `mean(t)` mentions a minute over 30 days, from a seed; `None` leaves the row out.
fn minutes(mean: impl Fn(i64) -> Option<f64>) -> Vec<Row> {
    let mut prng = Prng::new(3);
    let rows = (0..30 * 24 * 60).filter_map(|t| {
        let (at, value) = (Timestamp::from_minute(29_000_000 + t), prng.count(mean(t)?));
        Some(Row { at, count: value as f64, time: at.to_string(), value: value.to_string() })
    });
    rows.collect()
}

fn run_all(missing: Missing, rows: &[Row]) -> (Vec<Alert>, Summary, String) {
    let (mut alerts, mut scores) = (Vec::new(), Vec::new());
    let mut hear = |alert: &Alert| {
        alerts.push(alert.clone());
        Ok(())
    };
    let summary = run(job(missing), rows, &mut hear, Some(&mut scores)).expect("written");
    (alerts, summary, String::from_utf8(scores).expect("text"))
}

#[test]
fn finer_rows_are_summed_and_every_row_has_its_score() {
    let surge = 25 * 24 * 60 + 3;
    let rows = minutes(|t| Some(if (surge..surge + 60).contains(&t) { 7.0 } else { 4.0 }));
    let (alerts, summary, scores) = run_all(Missing::Gap, &rows);
    assert_eq!((alerts.len(), summary.rows, summary.missing), (1, 43_200, 0), "{summary:?}");
    assert_eq!(scores.lines().count(), 43_201);
    let line = scores.lines().position(|l| l.ends_with(",1")).expect("the alert") as i64 - 1;
    assert!((surge..surge + 30).contains(&line) && line % 5 == 4, "at the row that closes a bucket: {line}");
    assert_eq!(scores.lines().filter(|l| l.ends_with(",1")).count(), 1);
    let expected: f64 = scores.lines().nth(line as usize).and_then(|l| l.split(',').nth(3)?.parse().ok()).expect("a number");
    assert!((expected - 4.0).abs() < 0.5, "{expected} a minute");
}

#[test]
fn rows_that_are_not_there() {
    // A surge after two days without rows, of a topic with three mentions an hour.
    let rows = minutes(|t| match t {
        30_000..33_000 => None,
        33_500..33_600 => Some(0.4),
        _ => Some(0.05),
    });
    let (alerts, summary, _) = run_all(Missing::Gap, &rows);
    assert_eq!(summary.missing, 600);
    let minute = |t: i64| Timestamp::from_minute(29_000_000 + t);
    let after = alerts.iter().map(|a| a.started_at).find(|at| *at >= minute(30_000));
    assert!(after.is_some_and(|at| (minute(33_500)..minute(33_600)).contains(&at)), "{after:?}");
    let zero = run_all(Missing::Zero, &rows).1;
    assert_eq!((zero.missing, zero.buckets), (0, 8640));
    // Rows of zero left out and taken as zero are the same as rows of zero.
    let dense = minutes(|_| Some(0.05));
    let sparse: Vec<Row> = dense.iter().filter(|r| r.count > 0.0 || r.at.minute() % 5 == 4).cloned().collect();
    let (dense, sparse) = (run_all(Missing::Gap, &dense).1, run_all(Missing::Zero, &sparse).1);
    assert_eq!(dense.alerts, sparse.alerts);
}

#[test]
fn a_wide_gap_costs_no_time() {
    let far = |at: i64| Row { at: Timestamp(at), count: 1.0, time: at.to_string(), value: "1".into() };
    let summary = run_all(Missing::Zero, &[far(0), far(i64::MAX / 2)]).1;
    assert_eq!(summary.buckets, 2);
}
