//! The demo's outage at fifty moments of the week, and fifty twins without one. What is found stands in
//! `docs/crises.md`.

use std::sync::Arc;

use escucha::alert::Status;
use escucha::anomaly::BUCKET;
use escucha::app::demo;
use escucha::decode::{Format, Mapping, decoders};
use escucha::lane::{Compiled, Input, Lane};
use escucha::limits::{DEDUPE, LATENESS};
use escucha::synth::{QUIET, Shape, World};
use escucha::tally::{Event, Settings, Tally};
use escucha::time::{HOUR, MINUTE, SECOND, Timestamp};
use escucha::topic::SourceId;

const SEEDS: u64 = 50;
/// What is listened to before the outage and from its start.
const BEFORE: i64 = 5 * MINUTE;
const AFTER: i64 = 13 * MINUTE;
/// A Monday, on a full hour.
const MONDAY: Timestamp = Timestamp(1_783_296_000_000_000);

/// When the outage of a seed begins: at ever other hours of the week, and minutes of a bucket.
fn onset(seed: u64) -> Timestamp {
    let hour = (seed as i64 * 37) % (7 * 24);
    MONDAY.plus(hour * HOUR + (seed as i64 % 5) * MINUTE)
}

/// How far event time has come, in microseconds from `onset`, when the topic of the app first fires a spike.
fn told(compiled: &Arc<Compiled>, seed: u64, outage: bool) -> Option<i64> {
    let onset = onset(seed);
    let begin = onset.plus(-BEFORE);
    let begin = Timestamp(begin.0.div_euclid(BUCKET) * BUCKET);
    let mut lane = Lane::new(decoders(&[Format { name: Shape::Escucha.format(), mapping: Mapping::default() }]));
    let past = Some(demo::past(seed, begin));
    let mut tally = Tally::new(Settings { lateness: LATENESS, dedupe: DEDUPE, recent_bytes: 1 << 24, past, taken: Default::default() });
    // Before its start a world has no outage.
    let mut world = World::new(seed, if outage { onset.plus(-QUIET) } else { onset.plus(24 * HOUR) });
    let (mut events, mut bytes) = (Vec::new(), Vec::new());
    let mut at = begin.plus(-MINUTE);
    while at < onset.plus(AFTER) {
        bytes.clear();
        world.second(at, &mut bytes);
        at = at.plus(SECOND);
        let input = Input { bytes: &mut bytes, source: SourceId(0), seen: at, compiled };
        let outcome = lane.process(input);
        tally.apply(compiled, SourceId(0), &outcome, &mut events);
        tally.tick(compiled, at, &mut events);
        let spike = |e: &Event| matches!(e, Event::Alert(a) if a.on == "spike" && a.topic == "caida-app" && a.status == Status::Firing);
        if events.iter().any(spike) {
            return Some(at.plus(-LATENESS).since(onset));
        }
        events.clear();
    }
    None
}

#[test]
fn outages_are_told_within_minutes_and_their_twins_are_quiet() {
    let compiled = Arc::new(Compiled::new(crate::demo::listening()));
    let of = |seed: u64| (told(&compiled, seed, true), told(&compiled, seed, false));
    let (first, second): (Vec<_>, Vec<_>) = std::thread::scope(|scope| {
        let odd = scope.spawn(|| (0..SEEDS).skip(1).step_by(2).map(of).collect::<Vec<_>>());
        ((0..SEEDS).step_by(2).map(of).collect(), odd.join().expect("told"))
    });
    let all = || first.iter().chain(&second);
    let mut delays: Vec<i64> = all().filter_map(|(outage, _)| *outage).collect();
    delays.sort_unstable();
    let false_alerts = all().filter(|(_, twin)| twin.is_some()).count();
    assert_eq!(delays.len() as u64, SEEDS, "every outage is told of");
    assert!(false_alerts <= 1, "{false_alerts} of the twins");
    let minutes = |delay: i64| delay as f64 / MINUTE as f64;
    let (median, worst) = (minutes(delays[delays.len() / 2]), minutes(delays[delays.len() - 1]));
    let within = delays.iter().filter(|d| **d <= 5 * MINUTE).count();
    println!("{within} within five minutes, median {median:.1}, worst {worst:.1}; {false_alerts} twins");
    assert!(within as u64 == SEEDS, "{worst}");
    let table = format!(
        "| avisadas · told | en 5 min · within 5 min | mediana · median | peor · worst | gemelos · twins |\n|---:|---:|---:|---:|---:|\n\
         | {} / {SEEDS} | {within} | {median:.1} min | {worst:.1} min | {false_alerts} / {SEEDS} |\n",
        delays.len(),
    );
    crate::crisislex::holds("docs/crises.md", "outages", &table);
}
