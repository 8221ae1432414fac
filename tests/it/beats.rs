//! What thousands of topics have at the same moment is spread over beats, and nothing is left out of it.

use std::collections::BTreeSet;

use escucha::anomaly::{BUCKET, Direction, Settings};
use escucha::limits::{CLOSED, LATENESS, VISITED};
use escucha::tally::Event;
use escucha::time::{SECOND, Timestamp};
use escucha::topic::On;

use crate::outcomes::{Engine, START, hit, listening, post, rule};

/// A few more than two beats close, and than a beat tells of.
const TOPICS: u32 = 2 * CLOSED as u32 + 50;
const _: () = assert!(TOPICS as usize > VISITED);

/// Topics that are all watched, of which every second one has a mention in the bucket after the first.
fn engine() -> Engine {
    let all: Vec<u32> = (0..TOPICS).collect();
    let mut engine = Engine::new(listening(1, TOPICS, "UTC", vec![rule("r", On::Unusual(Settings::new(Direction::Spike)), &all)]));
    engine.apply(0, &[post(1, START, 5).hits(Vec::new())]);
    engine.tick(START.plus(SECOND));
    let mention = |i: u32| post(u64::from(i) + 10, START.plus(BUCKET + SECOND), 5).hits(vec![hit(2 * i, 5)]);
    engine.apply(0, &(0..TOPICS / 2).map(mention).collect::<Vec<_>>());
    engine.tick(START.plus(BUCKET + 10 * SECOND));
    engine.events.clear();
    engine
}

/// The second at which the bucket after the first is over.
fn over() -> Timestamp {
    START.plus(2 * BUCKET + LATENESS)
}

/// Topics that a beat tells a closed bucket of.
fn closed(engine: &mut Engine, at: Timestamp) -> BTreeSet<String> {
    engine.tick(at);
    let windows = engine.events.drain(..).filter_map(|e| if let Event::Windows(w) = e { Some(w) } else { None });
    windows.filter(|w| w.watched.is_some()).map(|w| w.name.to_string()).collect()
}

/// Brings a beat every second up to the one before the bucket is over, so that nothing else is to be told.
fn listen(engine: &mut Engine) {
    let mut at = START.plus(BUCKET + 11 * SECOND);
    while at < over() {
        engine.tick(at);
        at = at.plus(SECOND);
    }
    engine.events.clear();
}

#[test]
fn a_bucket_closes_for_some_topics_in_a_beat_and_for_all_in_a_few() {
    let mut engine = engine();
    listen(&mut engine);
    let mut told = BTreeSet::new();
    for (beat, more) in [CLOSED, CLOSED, 50].into_iter().enumerate() {
        let before = told.len();
        told.extend(closed(&mut engine, over().plus(beat as i64 * SECOND)));
        assert_eq!(told.len() - before, more, "beat {beat}");
    }
    assert!(engine.tally.brands()[0].watched.is_some(), "the brand closes with the last of its topics");
}

#[test]
fn a_beat_tells_of_so_many_topics_and_the_next_goes_on_with_the_others() {
    let mut engine = engine();
    listen(&mut engine);
    let mention = |i: u32| post(u64::from(i) + 1_000_000, over(), 5).hits(vec![hit(i, 5)]);
    engine.apply(0, &(0..TOPICS).map(mention).collect::<Vec<_>>());
    engine.events.clear();
    let mut seen = BTreeSet::new();
    let told = |engine: &mut Engine, at| {
        engine.tick(at);
        let windows = engine.events.drain(..).filter_map(|e| if let Event::Windows(w) = e { Some(w.name.to_string()) } else { None });
        windows.collect::<BTreeSet<_>>()
    };
    let first = told(&mut engine, over());
    seen.extend(first.clone());
    assert_eq!(first.len(), VISITED);
    // Topics that have mentions all the time do not keep the others from their turn.
    let again = |i: u32| post(u64::from(i) + 2_000_000, over(), 5).hits(vec![hit(i, 5)]);
    engine.apply(0, &(0..TOPICS).map(again).collect::<Vec<_>>());
    engine.events.clear();
    let second = told(&mut engine, over().plus(SECOND));
    assert_eq!(second.len(), VISITED);
    seen.extend(second);
    assert_eq!(seen.len(), TOPICS as usize);
}

#[test]
fn a_reload_in_between_closes_the_bucket_for_the_topics_that_were_watched() {
    let mut engine = engine();
    listen(&mut engine);
    assert_eq!(closed(&mut engine, over()).len(), CLOSED);
    let few: Vec<u32> = (TOPICS - 10..TOPICS).collect();
    engine.compiled = listening(2, TOPICS, "UTC", vec![rule("r", On::Unusual(Settings::new(Direction::Spike)), &few)]);
    let names = closed(&mut engine, over().plus(SECOND));
    assert_eq!(names.len(), 10, "those that are still watched, each with its closed bucket");
    assert!(closed(&mut engine, over().plus(BUCKET)).len() == 10);
}

#[test]
fn a_long_silence_leaves_no_bucket_half_closed() {
    let mut engine = engine();
    listen(&mut engine);
    assert_eq!(closed(&mut engine, over()).len(), CLOSED);
    // The next beat comes when two more are over: all but the last of them close at once.
    for beat in 0..3 {
        engine.tick(over().plus(2 * BUCKET + beat * SECOND));
    }
    let expected: Vec<f64> = engine.tally.topics().iter().filter_map(|t| t.windows.watched).map(|w| w.expected).collect();
    assert_eq!(expected.len(), TOPICS as usize);
    let same = |first: usize| expected.iter().skip(first).step_by(2).all(|e| *e == expected[first]);
    assert!(same(0) && same(1) && expected[0] != expected[1], "topics with the same past know the same");
}
