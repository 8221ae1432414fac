//! Real onsets: the posts of eight crises on top of a quiet topic.

use std::collections::BTreeMap;

use escucha::anomaly::{Direction, PER_WEEK, Settings, bucket_of};
use escucha::dates;
use escucha::prng::Prng;
use escucha::tally::{Quality, Series};
use escucha::time::Zone;

use crate::data;

const CRISES: [&str; 8] = [
    "2012_Colorado_wildfires",
    "2013_Alberta_floods",
    "2013_Australia_bushfire",
    "2013_Glasgow_helicopter_crash",
    "2013_LA_airport_shootings",
    "2013_Queensland_floods",
    "2013_Singapore_haze",
    "2013_West_Texas_explosion",
];
/// Mentions in five minutes before the crisis and beside it: a few an hour.
const BACKGROUND: f64 = 0.2;
const WEEKS_BEFORE: u32 = 4;

/// Posts of a crisis by bucket.
fn posts(crisis: &str) -> Option<BTreeMap<i64, u32>> {
    let table = data::read(&format!("crisislex/{crisis}/{crisis}-tweetids_entire_period.csv.gz"))?;
    let table = String::from_utf8(table).expect("text");
    let mut counts = BTreeMap::new();
    for line in table.lines().filter(|l| l.trim_end().ends_with(",Y")) {
        let at = line.split('"').nth(1).and_then(dates::parse).expect("a time");
        *counts.entry(bucket_of(at)).or_insert(0) += 1;
    }
    Some(counts)
}

#[test]
fn every_crisis_is_told_before_two_in_a_hundred_of_its_posts() {
    for crisis in CRISES {
        let Some(counts) = posts(crisis) else { return };
        let (first, last) = (*counts.keys().next().expect("posts"), *counts.keys().next_back().expect("posts"));
        let all: u32 = counts.values().sum();
        let mut prng = Prng::new(9);
        let mut series = Series::new(Zone::utc(), Default::default(), [Settings::new(Direction::Spike)]);
        let (mut seen, mut told, mut early) = (0, None, 0);
        for bucket in first - i64::from(WEEKS_BEFORE * PER_WEEK)..=last {
            let crisis = counts.get(&bucket).copied().unwrap_or(0);
            seen += crisis;
            let count = prng.count(BACKGROUND) as f64 + f64::from(crisis);
            let (_, findings) = series.close(bucket, count, Quality::Whole);
            match findings[0].fires {
                true if bucket < first => early += 1,
                true => told = told.or(Some(seen)),
                false => {}
            }
        }
        let told = told.unwrap_or_else(|| panic!("{crisis} is never told"));
        println!("{crisis}: told after {told} of {all} posts; {early} alerts in the {WEEKS_BEFORE} weeks before");
        assert!(told * 50 <= all, "{crisis}: told after {told} of {all} posts");
    }
}
