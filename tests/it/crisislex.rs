//! Real onsets: the posts of eight crises on top of a topic that is quiet, and of one that is not. What is
//! found stands in `docs/crises.md`, and this test keeps that table true; `ESCUCHA_BLESS=1` writes it.

use std::collections::BTreeMap;
use std::path::Path;

use escucha::anomaly::{BUCKET, Direction, PER_HOUR, PER_WEEK, Settings, bucket_of};
use escucha::dates;
use escucha::prng::Prng;
use escucha::synth::{Subject, World};
use escucha::tally::{Quality, Series};
use escucha::time::{MINUTE, Timestamp, Zone};

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
/// Mentions in five minutes of the quiet topic: a few an hour.
const QUIET: f64 = 0.2;
const WEEKS_BEFORE: i64 = 4;
/// A crisis begins with the first post after which so many come within an hour.
const ONSET: u32 = 5;

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

/// The first bucket of an hour with `ONSET` posts.
fn onset(counts: &BTreeMap<i64, u32>) -> i64 {
    let hour = |from: &i64| counts.range(*from..*from + i64::from(PER_HOUR)).map(|(_, n)| n).sum::<u32>();
    *counts.keys().find(|from| hour(from) >= ONSET).expect("a crisis")
}

/// When it is told of, and after how many of its posts; and the alerts of the weeks before.
struct Told {
    bucket: i64,
    posts: u32,
    early: u32,
}

/// The crisis on top of `background`, which is the mean of each bucket.
fn told(counts: &BTreeMap<i64, u32>, mut background: impl FnMut(i64) -> f64) -> Option<Told> {
    let (first, last) = (*counts.keys().next()?, *counts.keys().next_back()?);
    let mut prng = Prng::new(9);
    let mut series = Series::new(Zone::utc(), Default::default(), [Settings::new(Direction::Spike)]);
    let (mut posts, mut early) = (0, 0);
    for bucket in first - WEEKS_BEFORE * i64::from(PER_WEEK)..=last {
        let crisis = counts.get(&bucket).copied().unwrap_or(0);
        posts += crisis;
        let count = prng.count(background(bucket)) as f64 + f64::from(crisis);
        let (_, findings) = series.close(bucket, count, Quality::Whole);
        match findings[0].fires {
            true if bucket < first => early += 1,
            true => return Some(Told { bucket, posts, early }),
            false => {}
        }
    }
    None
}

/// Holds what stands between the marks called `name` in a document against `text`, or writes it there
/// if `ESCUCHA_BLESS` is set.
pub fn holds(document: &str, name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let whole = std::fs::read_to_string(&path).expect(document);
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let from = whole.find(&begin).expect("a mark") + begin.len();
    let to = from + whole[from..].find(&end).expect("its end");
    if std::env::var_os("ESCUCHA_BLESS").is_some() {
        std::fs::write(&path, format!("{}{text}{}", &whole[..from], &whole[to..])).expect("written");
        return;
    }
    assert!(whole[from..to] == *text, "{document} should hold\n{text}\n(ESCUCHA_BLESS=1 writes it)");
}

#[test]
fn every_crisis_is_told_early_and_the_table_in_the_docs_is_true() {
    let mut table = String::from(
        "| crisis | mensajes · posts | comienzo · onset (UTC) | tema tranquilo · quiet topic | mensajes antes · posts before | \
         tema con ruido · busy topic |\n|---|---:|---|---:|---:|---:|\n",
    );
    for crisis in CRISES {
        let Some(counts) = posts(crisis) else { return };
        let (all, onset) = (counts.values().sum::<u32>(), onset(&counts));
        let quiet = told(&counts, |_| QUIET).unwrap_or_else(|| panic!("{crisis} is never told"));
        // A sixtieth of the demo's topic of the app, as usual: before its start a world has no outage.
        let mut world = World::new(1, Timestamp(i64::MAX / 2));
        let rate = |bucket: i64| (BUCKET / MINUTE) as f64 / 60.0 * world.rate(Subject::App, Timestamp(bucket * BUCKET));
        let busy = told(&counts, rate);
        let minutes = |told: &Told| (told.bucket + 1 - onset) * BUCKET / MINUTE;
        assert!(quiet.posts * 50 <= all, "{crisis}: told after {} of {all} posts", quiet.posts);
        assert!(quiet.early <= 4, "{crisis}: {} alerts in the weeks before", quiet.early);
        let start = Timestamp(onset * BUCKET).to_jiff().strftime("%Y-%m-%d %H:%M");
        let name = crisis.replace('_', " ");
        let later = busy.as_ref().map_or_else(|| "-".to_owned(), |told| format!("{} min", minutes(told)));
        table += &format!("| {name} | {all} | {start} | {} min | {} | {later} |\n", minutes(&quiet), quiet.posts);
    }
    print!("{table}");
    holds("docs/crises.md", "crises", &table);
}
