//! Real onsets: the posts of eight crises on top of a topic that is quiet, and of one that is not. What is
//! found stands in `docs/crises.md`, and this test keeps that table true; `ESCUCHA_BLESS=1` writes it.

use std::collections::BTreeMap;
use std::path::Path;

use escucha::alert::Status;
use escucha::anomaly::{BUCKET, Direction, PER_WEEK, Settings, bucket_of};
use escucha::dates;
use escucha::prng::Prng;
use escucha::synth::{Subject, World};
use escucha::tally::{Event, Quality, Series};
use escucha::time::{HOUR, MINUTE, SECOND, Timestamp, Zone};
use escucha::topic::On;

use crate::data;
use crate::outcomes::{Engine, listening, post, rule};

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
/// Mentions in a minute of the quiet topic: two or three an hour.
const QUIET: f64 = 0.04;
const WEEKS_BEFORE: i64 = 4;
/// A crisis has begun with the first of so many posts within ten minutes, 25 times the quiet background.
const ONSET: (usize, i64) = (10, 10 * MINUTE);
/// Backgrounds that each crisis is laid on.
const SEEDS: u64 = 5;

/// Times of the posts of a crisis, ascending.
fn times(crisis: &str) -> Option<Vec<Timestamp>> {
    let table = data::read(&format!("crisislex/{crisis}/{crisis}-tweetids_entire_period.csv.gz"))?;
    let table = String::from_utf8(table).expect("text");
    let posts = table.lines().filter(|l| l.trim_end().ends_with(",Y"));
    let mut times: Vec<Timestamp> = posts.map(|l| l.split('"').nth(1).and_then(dates::parse).expect("a time")).collect();
    times.sort_unstable();
    Some(times)
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

/// By counts alone, without looks at open buckets and without people.
#[test]
fn every_crisis_is_told_before_two_in_a_hundred_of_its_posts() {
    for crisis in CRISES {
        let Some(times) = times(crisis) else { return };
        let mut counts: BTreeMap<i64, u32> = BTreeMap::new();
        times.iter().for_each(|at| *counts.entry(bucket_of(*at)).or_insert(0) += 1);
        let (first, last) = (bucket_of(times[0]), bucket_of(times[times.len() - 1]));
        let mut prng = Prng::new(9);
        let mut series = Series::new(Zone::utc(), Default::default(), [Settings::new(Direction::Spike)]);
        let (mut seen, mut told, mut early) = (0, None, 0);
        for bucket in first - WEEKS_BEFORE * i64::from(PER_WEEK)..=last {
            let crisis = counts.get(&bucket).copied().unwrap_or(0);
            seen += crisis as usize;
            let count = prng.count(QUIET * (BUCKET / MINUTE) as f64) as f64 + f64::from(crisis);
            let (_, findings) = series.close(bucket, count, Quality::Whole);
            match findings[0].fires {
                true if bucket < first => early += 1,
                true => told = told.or(Some(seen)),
                false => {}
            }
        }
        let told = told.unwrap_or_else(|| panic!("{crisis} is never told"));
        assert!(told * 50 <= times.len(), "{crisis}: told after {told} of {} posts", times.len());
        assert!(early <= 4, "{crisis}: {early} alerts in the weeks before");
    }
}

/// From the onset to the first word of an alert that fires then or later, in microseconds: the posts
/// `times` and their background, `rate` mentions a minute, through the tally with a beat each minute, a week
/// and an hour long; an hour if there is none.
fn delay(times: &[Timestamp], onset: Timestamp, seed: u64, mut rate: impl FnMut(Timestamp) -> f64) -> i64 {
    let mut engine = Engine::new(listening(1, 1, "UTC", vec![rule("r", On::Unusual(Settings::new(Direction::Spike)), &[0])]));
    let mut prng = Prng::new(seed);
    let first = onset.plus(-7 * 24 * HOUR);
    let mut times = times.iter().copied().skip_while(|at| *at < first).peekable();
    let (mut id, mut told) = (0, BTreeMap::new());
    for minute in first.minute()..onset.minute() + 60 {
        let (start, end) = (Timestamp::from_minute(minute), Timestamp::from_minute(minute + 1));
        let others = prng.count(rate(start));
        let mut posts: Vec<Timestamp> = (0..others).map(|_| start.plus(prng.below(60) as i64 * SECOND)).collect();
        posts.extend(std::iter::from_fn(|| times.next_if(|at| *at < end)));
        posts.sort_unstable();
        let items: Vec<_> = (id..).zip(posts).map(|(id, at)| post(id, at, 5)).collect();
        id += items.len() as u64;
        engine.apply(0, &items);
        engine.tick(end);
        for event in engine.events.drain(..) {
            let Event::Alert(alert) = event else { continue };
            match alert.status {
                Status::Firing => _ = told.entry(alert.id).or_insert(alert.updated_at),
                // What was over before tells nobody of what comes.
                Status::Resolved if alert.updated_at < onset => _ = told.remove(&alert.id),
                Status::Resolved => {}
            }
        }
    }
    told.into_values().min().map_or(HOUR, |at| at.since(onset))
}

/// Minutes, ascending.
fn delays(times: &[Timestamp], onset: Timestamp, mut rate: impl FnMut(Timestamp) -> f64) -> Vec<f64> {
    let mut delays: Vec<f64> = (1..=SEEDS).map(|seed| delay(times, onset, seed, &mut rate) as f64 / MINUTE as f64).collect();
    delays.sort_by(f64::total_cmp);
    delays
}

/// The one in the middle and the worst.
fn shown(delays: &[f64]) -> String {
    let one = |minutes: f64| if minutes >= 60.0 { "—".to_owned() } else { format!("{} min", minutes.round() as i64) };
    format!("{} | {}", one(delays[delays.len() / 2]), one(delays[delays.len() - 1]))
}

#[test]
fn every_crisis_is_told_within_ten_minutes_and_the_table_in_the_docs_is_true() {
    let mut table = String::from(
        "| crisis | mensajes · posts | comienzo · onset (UTC) | tema tranquilo · quiet topic | peor · worst | \
         tema con ruido · busy topic | peor · worst |\n|---|---:|---|---:|---:|---:|---:|\n",
    );
    for crisis in CRISES {
        let Some(times) = times(crisis) else { return };
        let (posts, within) = ONSET;
        let onset = times.windows(posts).find(|w| w[posts - 1].since(w[0]) < within).expect("an onset")[0];
        let quiet = delays(&times, onset, |_| QUIET);
        // A sixtieth of the demo's topic of the app, as usual: before its start a world has no outage.
        let mut world = World::new(1, Timestamp(i64::MAX / 2));
        let busy = delays(&times, onset, |at| world.rate(Subject::App, at) / 60.0);
        println!("{crisis}: told {quiet:.1?} and {busy:.1?} minutes after its onset");
        // By chance, one background of five may have an alert of its own shortly before, and a quiet time.
        assert!(quiet[2] <= 10.0 && quiet[3] <= 10.0, "{crisis}: {quiet:?}");
        let start = onset.to_jiff().strftime("%Y-%m-%d %H:%M");
        table += &format!("| {} | {} | {start} | {} | {} |\n", crisis.replace('_', " "), times.len(), shown(&quiet), shown(&busy));
    }
    holds("docs/crises.md", "crises", &table);
}
