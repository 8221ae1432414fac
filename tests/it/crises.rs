//! Levels of crisis, through the tally.

use escucha::anomaly::{BUCKET, Direction, PER_DAY, PER_HOUR, Settings, Standing};
use escucha::prng::Prng;
use escucha::tally::Event;
use escucha::time::{SECOND, Timestamp};
use escucha::topic::On;

use crate::outcomes::{Engine, Item, START, listening, post, rule};

/// A week before anything happens.
const CALM: u32 = 7 * PER_DAY;

/// Who writes during a stretch of time, beside what is usual.
#[derive(Clone, Copy)]
enum Crowd {
    /// Nobody else.
    Nobody,
    /// Many people, so many times what is usual.
    Angry(f64),
    Pleased(f64),
    /// Three accounts.
    Campaign(f64),
    /// People whose network does not tell who they are.
    Nameless(f64),
}

/// A topic with six mentions in five minutes, of which one in five is negative.
struct World {
    engine: Engine,
    prng: Prng,
    buckets: i64,
    posts: u64,
    named: bool,
}

impl World {
    fn new(rules: &[Settings]) -> World {
        let rules = rules.iter().enumerate().map(|(i, s)| rule(&format!("r{i}"), On::Unusual(*s), &[0])).collect();
        let engine = Engine::new(listening(1, 1, "America/Mexico_City", rules));
        World { engine, prng: Prng::new(7), buckets: 0, posts: 0, named: true }
    }

    fn calm(named: bool) -> World {
        let mut world = World { named, ..World::new(&[Settings::new(Direction::Spike)]) };
        world.run(CALM, Crowd::Nobody);
        world
    }

    /// The next mention, within the running bucket.
    fn post(&mut self, start: Timestamp) -> Item {
        let at = start.plus(self.prng.below(290) as i64 * SECOND);
        self.posts += 1;
        let item = post(self.posts, at, 5);
        if self.named { item } else { item.anonymous() }
    }

    /// So many buckets, a beat after each; where the topic stands after each of them.
    fn run(&mut self, buckets: u32, crowd: Crowd) -> Vec<Standing> {
        let mut standings = Vec::new();
        for _ in 0..buckets {
            let start = START.plus(self.buckets * BUCKET);
            let mut items = Vec::new();
            for _ in 0..self.prng.count(6.0) {
                let item = self.post(start);
                items.push(if self.prng.chance(0.2) { item.negative() } else { item });
            }
            let (times, angry, few) = match crowd {
                Crowd::Nobody => (0.0, false, false),
                Crowd::Angry(times) | Crowd::Nameless(times) => (times, true, false),
                Crowd::Pleased(times) => (times, false, false),
                Crowd::Campaign(times) => (times, true, true),
            };
            for i in 0..self.prng.count(6.0 * times) {
                let item = self.post(start);
                let item = if few { item.by(i % 3) } else { item };
                items.push(if angry { item.negative() } else { item });
            }
            items.sort_by_key(|item| item.at);
            self.engine.apply(0, &items);
            self.buckets += 1;
            // A bucket closes a minute after its end.
            self.engine.tick(START.plus(self.buckets * BUCKET + 61 * SECOND));
            let topics = self.engine.tally.topics();
            standings.extend(topics.iter().filter_map(|t| t.windows.watched).map(|w| w.standing));
        }
        standings
    }

    /// Alerts told since the last call: their status, level, and whether they recover.
    fn told(&mut self) -> Vec<String> {
        let events = self.engine.events.drain(..);
        let alerts = events.filter_map(|e| if let Event::Alert(a) = e { Some(a) } else { None });
        let standing = |s: Standing| format!("{}{}", s.level.number(), if s.recovering { "r" } else { "" });
        alerts.map(|a| format!("{} {} {}", a.status.as_str(), a.id, a.standing.map_or_else(String::new, standing))).collect()
    }
}

fn highest(standings: &[Standing]) -> u8 {
    standings.iter().map(|s| s.level.number()).max().unwrap_or_default()
}

#[test]
fn a_crisis_rises_at_once_recovers_and_is_over() {
    let mut world = World::calm(true);
    world.told();
    let risen = world.run(PER_HOUR, Crowd::Angry(8.0));
    let first = risen.iter().position(|s| s.level.number() == 3).expect("a crisis");
    assert!(first <= 2 && risen[first..].iter().all(|s| s.level.number() == 3), "within a quarter of an hour: {risen:?}");
    let told = world.told();
    assert!(told.iter().any(|t| t.starts_with("firing") && t.ends_with(" 3")), "{told:?}");

    let back = world.run(12 * PER_HOUR, Crowd::Nobody);
    let numbers: Vec<u8> = back.iter().map(|s| s.level.number()).collect();
    assert!(numbers.is_sorted_by(|a, b| a >= b) && numbers.last() == Some(&0), "{numbers:?}");
    let fell = back.iter().position(|s| s.level.number() < 3).expect("it comes down");
    assert!(back[fell - 1].recovering && back[fell - 2].recovering, "through recovering: {back:?}");
    assert!(back[fell..].iter().all(|s| s.recovering == (s.level.number() > 0)), "all the way: {back:?}");
    let told = world.told();
    assert!(
        told.iter().any(|t| t.ends_with(" 3r")) && told.last().is_some_and(|t| t.starts_with("resolved") && t.ends_with(" 0")),
        "{told:?}"
    );
}

#[test]
fn people_and_tone_decide_how_far_it_rises() {
    let table = [
        ("three accounts", true, Crowd::Campaign(8.0), 1),
        ("people who are pleased", true, Crowd::Pleased(8.0), 2),
        ("people who are angry", true, Crowd::Angry(8.0), 3),
        ("a little more than usual", true, Crowd::Angry(0.15), 0),
        ("without names, for a quarter of an hour", false, Crowd::Nameless(8.0), 3),
    ];
    for (name, named, crowd, want) in table {
        assert_eq!(highest(&World::calm(named).run(PER_HOUR, crowd)), want, "{name}");
    }
}

#[test]
fn a_quiet_week_stays_below_an_alert() {
    let mut world = World::calm(true);
    let week = world.run(7 * PER_DAY, Crowd::Nobody);
    let raised = week.iter().filter(|s| s.level.number() > 0).count();
    assert!(highest(&week) <= 1 && raised * 50 <= week.len(), "{raised} of {}", week.len());
}

#[test]
fn silence_is_no_crisis_and_a_topic_that_nobody_watches_has_no_level() {
    let mut world = World::new(&[Settings::new(Direction::Drop)]);
    world.run(CALM, Crowd::Nobody);
    world.told();
    world.buckets += 1;
    let silent = START.plus((world.buckets + 24) * BUCKET);
    while START.plus(world.buckets * BUCKET) < silent {
        world.buckets += 1;
        world.engine.tick(START.plus(world.buckets * BUCKET + 61 * SECOND));
    }
    let told = world.told();
    assert!(!told.is_empty() && told.iter().all(|t| t.ends_with(' ')), "a drop has no level: {told:?}");
    assert_eq!(highest(&world.run(1, Crowd::Nobody)), 0);
    assert!(World::new(&[]).run(PER_HOUR, Crowd::Angry(9.0)).is_empty());
}

#[test]
fn the_same_posts_give_the_same_levels() {
    let run = || {
        let mut world = World::calm(true);
        let standings = [world.run(PER_HOUR, Crowd::Angry(6.0)), world.run(PER_DAY, Crowd::Nobody)].concat();
        (standings, world.told())
    };
    let first = run();
    assert!(highest(&first.0) == 3 && first.1.len() > 3 && first == run());
}
