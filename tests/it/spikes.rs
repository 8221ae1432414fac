//! Alerts on what is unusual, through the tally.

use std::sync::Arc;

use escucha::alert::Status;
use escucha::anomaly::{BUCKET, Direction, Level, PER_DAY, PER_HOUR, Settings};
use escucha::lane::Compiled;
use escucha::prng::Prng;
use escucha::tally::Event;
use escucha::time::{HOUR, SECOND, Timestamp};
use escucha::topic::{On, Sign, SourceId};

use crate::outcomes::{Engine, START, listening, post, rule};

/// Days before anything happens; nothing fires in the first 2.6.
const CALM: u32 = 4 * PER_DAY;

fn watching(version: u64, settings: &[Settings]) -> Arc<Compiled> {
    let rules = settings.iter().enumerate().map(|(i, s)| rule(&format!("r{i}"), On::Unusual(*s), &[0])).collect();
    listening(version, 1, "America/Mexico_City", rules)
}

/// A topic with six mentions in five minutes.
struct World {
    engine: Engine,
    prng: Prng,
    buckets: i64,
    posts: u64,
}

impl World {
    fn new(settings: &[Settings]) -> World {
        World { engine: Engine::new(watching(1, settings)), prng: Prng::new(4), buckets: 0, posts: 0 }
    }

    fn start(&self) -> Timestamp {
        START.plus(self.buckets * BUCKET)
    }

    /// Buckets with `times` what is usual, a beat each minute; what was told meanwhile.
    fn run(&mut self, buckets: u32, times: f64) -> Vec<String> {
        for _ in 0..buckets {
            let start = self.start();
            let count = self.prng.count(6.0 * times);
            let items: Vec<_> = (0..count).map(|i| post(self.posts + i, start.plus((290 * i / count) as i64 * SECOND), 5)).collect();
            self.posts += count;
            self.engine.apply(0, &items);
            self.buckets += 1;
            self.engine.tick(self.start());
        }
        self.engine.alerts()
    }
}

#[test]
fn a_surge_fires_grows_and_resolves() {
    let mut world = World::new(&[Settings::new(Direction::Spike)]);
    assert_eq!(world.run(CALM, 1.0), [""; 0]);
    let begun = world.start();
    let told = world.run(2 * PER_HOUR, 4.0);
    let id = format!("r0/t0/{}", begun.to_jiff().strftime("%Y-%m-%dT%H"));
    assert!(told[0].starts_with(&format!("firing {id}:")), "{told:?}");
    assert!(told.len() > 3 && told.iter().all(|t| t.starts_with("firing") && t.contains(&id)), "one alert that grows: {told:?}");
    let told = world.run(6 * PER_HOUR, 1.0);
    let resolved: Vec<&String> = told.iter().filter(|t| t.starts_with("resolved")).collect();
    assert!(resolved.len() == 1 && resolved[0].contains(&id) && told.last() == Some(resolved[0]), "{told:?}");
}

#[test]
fn the_alert_tells_what_is_usual_and_shows_posts() {
    let mut world = World::new(&[Settings::new(Direction::Spike)]);
    world.run(CALM, 1.0);
    world.engine.events.clear();
    for _ in 0..PER_HOUR {
        let start = world.start();
        let items: Vec<_> = (0..30).map(|i| post(world.posts + i, start.plus(i as i64 * 9 * SECOND), 5)).collect();
        world.posts += 30;
        world.engine.apply(0, &items);
        world.buckets += 1;
        world.engine.tick(world.start());
    }
    let alert = world.engine.events.iter().find_map(|e| if let Event::Alert(a) = e { Some(a) } else { None }).expect("an alert");
    let finding = alert.finding.expect("evidence");
    assert_eq!((alert.on, alert.status), ("spike", Status::Firing));
    // Thirty posts where six are usual are told by three of their minutes.
    assert!(finding.learning && (3.0..4.5).contains(&finding.expected) && finding.range.1 < finding.observed, "{finding:?}");
    assert_eq!(alert.observed.mentions, finding.observed.round() as u64);
    assert!(alert.threshold <= alert.observed.mentions && alert.observed.authors > 0);
    assert!(alert.first_post.is_some() && !alert.top_posts.is_empty() && alert.networks.len() == 1);
    let codes: Vec<&str> = alert.reasons.iter().map(|r| r.code).collect();
    assert_eq!(codes, ["volume", "spike", "rank", "learning", "level"]);
}

#[test]
fn a_topic_that_falls_silent_is_a_drop_also_when_nothing_comes_at_all() {
    let mut world = World::new(&[Settings::new(Direction::Spike), Settings::new(Direction::Drop)]);
    assert_eq!(world.run(CALM, 1.0), [""; 0]);
    let told = world.run(2 * PER_HOUR, 0.0);
    assert!(told.first().is_some_and(|t| t.starts_with("firing r1/t0/")), "{told:?}");
    assert!(told.iter().all(|t| t.contains("r1/t0/")), "silence is no spike: {told:?}");
}

/// Who hears nothing since its source is down knows nothing of the topic: no alert, and nothing learnt.
#[test]
fn a_source_that_is_known_to_be_down_is_no_silence() {
    let mut world = World::new(&[Settings::new(Direction::Spike), Settings::new(Direction::Drop)]);
    world.engine.tally.hear(SourceId(0), Sign::Up);
    assert_eq!(world.run(CALM, 1.0), [""; 0]);
    let usual = |world: &mut World| world.engine.tally.topics()[0].windows.watched.expect("watched").expected;
    let before = usual(&mut world);
    world.engine.tally.hear(SourceId(0), Sign::Down);
    assert_eq!(world.run(6 * PER_HOUR, 0.0), [""; 0], "no drop");
    let after = usual(&mut world);
    assert!((after / before - 1.0).abs() < 0.2, "nothing was learnt: {after} {before}");
    world.engine.tally.hear(SourceId(0), Sign::Up);
    assert_eq!(world.run(PER_DAY, 1.0), [""; 0], "as usual again");
    // A silence of a source that says it is up is one.
    assert!(world.run(2 * PER_HOUR, 0.0).iter().any(|t| t.starts_with("firing r1/t0/")));
}

#[test]
fn a_spike_is_told_though_one_of_the_sources_is_down_and_the_level_does_not_fall() {
    let mut world = World::new(&[Settings::new(Direction::Spike), Settings::new(Direction::Drop)]);
    assert_eq!(world.run(CALM, 1.0), [""; 0]);
    world.engine.tally.hear(SourceId(1), Sign::Down);
    let told = world.run(PER_HOUR, 6.0);
    assert!(told.first().is_some_and(|t| t.starts_with("firing r0/t0/")) && told.iter().all(|t| t.contains("r0/")), "{told:?}");
    let level = |world: &mut World| world.engine.tally.topics()[0].windows.watched.expect("watched").standing.level;
    assert!(level(&mut world) >= Level::Alert, "people confirm it");
    world.run(PER_HOUR, 0.0);
    assert!(level(&mut world) >= Level::Alert, "nobody knows whether it is over");
    world.engine.tally.hear(SourceId(1), Sign::Up);
    world.run(4 * PER_HOUR, 1.0);
    assert_eq!(level(&mut world), Level::Calm);
}

#[test]
fn a_leap_of_time_is_a_gap() {
    let mut world = World::new(&[Settings::new(Direction::Drop)]);
    assert_eq!(world.run(CALM, 1.0), [""; 0]);
    world.buckets += 3 * i64::from(PER_DAY);
    assert_eq!(world.run(PER_HOUR, 1.0), [""; 0], "three days that nobody listened to are no silence");
}

#[test]
fn a_reload_keeps_what_was_learnt_and_ends_what_is_watched_no_more() {
    let spike = Settings::new(Direction::Spike);
    let mut world = World::new(&[spike]);
    world.run(CALM, 1.0);
    // Another sensitivity beside the old rule: the old one goes on at once, the new one warms up.
    world.engine.compiled = watching(2, &[spike, Settings { sensitivity: 2.6, ..spike }]);
    let told = world.run(PER_HOUR, 4.0);
    assert!(told.iter().any(|t| t.starts_with("firing r0/")) && !told.iter().any(|t| t.contains("r1/")), "{told:?}");
    world.engine.compiled = watching(3, &[]);
    let told = world.run(1, 4.0);
    assert!(told.len() == 1 && told[0].starts_with("resolved r0/"), "{told:?}");
    assert_eq!(world.run(PER_HOUR, 1.0), [""; 0]);
}

#[test]
fn the_same_posts_give_the_same_alerts() {
    let run = || {
        let mut world = World::new(&[Settings::new(Direction::Spike), Settings::new(Direction::Drop)]);
        [world.run(CALM, 1.0), world.run(PER_HOUR, 5.0), world.run(PER_DAY, 1.0), world.run(PER_HOUR, 0.0)].concat()
    };
    let first = run();
    assert!(first.len() > 4 && first == run(), "{first:?}");
    assert_eq!(HOUR, i64::from(PER_HOUR) * BUCKET);
}
