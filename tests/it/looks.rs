//! Looks at open buckets, through the tally: a crisis is told while it begins, by people and not by noise.

use std::collections::BTreeSet;

use escucha::alert::{Alert, Status};
use escucha::anomaly::{BUCKET, Direction, Kernel, PER_WEEK, Settings, bucket_of};
use escucha::limits::{DEDUPE, LATENESS, LOOK_VOICES};
use escucha::prng::Prng;
use escucha::tally::{self, Event, Past, Tally};
use escucha::time::{HOUR, MINUTE, SECOND, Timestamp};
use escucha::topic::On;

use crate::outcomes::{Engine, Item, START, listening, post, rule};

/// Mentions in a minute, usually.
const USUAL: f64 = 2.0;
/// Times what is usual, by minute of the outage; as the demo's.
const OUTAGE: [f64; 8] = [3.0, 5.0, 8.0, 8.0, 7.0, 4.5, 2.5, 1.5];
const WEEKS: u32 = 4;
const DAY: i64 = 24 * HOUR;

/// Who writes what is not usual.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    People,
    /// Three accounts.
    Three,
    /// People whose network does not tell who they are: each post counts as one.
    Nameless,
}

struct World {
    engine: Engine,
    prng: Prng,
    posts: u64,
    /// The second that comes.
    now: Timestamp,
}

/// A topic that is watched for spikes, with these counts before `START`.
fn engine(past: Vec<f64>) -> Engine {
    let mut engine = Engine::new(listening(1, 1, "UTC", vec![rule("r", On::Unusual(Settings::new(Direction::Spike)), &[0])]));
    let past = Some(Past::new(bucket_of(START), move |_| past.clone()));
    engine.tally =
        Tally::new(tally::Settings { lateness: LATENESS, dedupe: DEDUPE, recent_bytes: 1 << 24, past, taken: Default::default() });
    engine
}

impl World {
    /// A topic of which four weeks of counts are known, and an hour of posts.
    fn new(seed: u64, who: Who) -> World {
        let mut prng = Prng::new(seed).fork("past");
        let past = (0..WEEKS * PER_WEEK).map(|_| prng.count(USUAL * (BUCKET / MINUTE) as f64) as f64).collect();
        let mut world = World { engine: engine(past), prng: Prng::new(seed), posts: 0, now: START };
        world.run(HOUR / SECOND, who, |_| 1.0);
        world
    }

    /// So many seconds, a beat after each; `times` is by second from now. Alerts told meanwhile.
    fn run(&mut self, seconds: i64, who: Who, times: impl Fn(i64) -> f64) -> Vec<Alert> {
        for second in 0..seconds {
            let more = (times(second) - 1.0).max(0.0) * USUAL / 60.0;
            let (usual, more) = (self.prng.count(USUAL / 60.0), self.prng.count(more));
            let items: Vec<Item> = (0..usual + more).map(|i| self.item(i >= usual, who)).collect();
            if !items.is_empty() {
                self.engine.apply(0, &items);
            }
            self.now = self.now.plus(SECOND);
            self.engine.tick(self.now);
        }
        let events = self.engine.events.drain(..);
        events.filter_map(|e| if let Event::Alert(alert) = e { Some(*alert) } else { None }).collect()
    }

    fn item(&mut self, unusual: bool, who: Who) -> Item {
        self.posts += 1;
        let item = post(self.posts, self.now, 5);
        match who {
            Who::Three if unusual => item.by(self.posts % 3),
            Who::Nameless => item.anonymous(),
            _ => item,
        }
    }

    /// The outage and some minutes after it; alerts told meanwhile.
    fn outage(&mut self, who: Who) -> Vec<Alert> {
        self.run(12 * 60, who, |second| OUTAGE.get(second as usize / 60).copied().unwrap_or(1.0))
    }
}

fn firing(told: &[Alert]) -> Option<&Alert> {
    told.iter().find(|a| a.status == Status::Firing)
}

#[test]
fn an_outage_is_told_within_five_minutes_and_its_twin_without_one_never() {
    let mut delays = Vec::new();
    for seed in 0..50 {
        let (mut world, mut twin) = (World::new(seed, Who::People), World::new(seed, Who::People));
        // Outages know nothing of buckets and minutes.
        let before = world.prng.below(300) as i64;
        let noise = [world.run(before, Who::People, |_| 1.0), twin.run(before + 20 * 60, Who::People, |_| 1.0)].concat();
        assert!(noise.is_empty(), "seed {seed}: {noise:?}");
        let onset = world.now;
        let told = world.outage(Who::People);
        let alert = firing(&told).unwrap_or_else(|| panic!("seed {seed}: never told"));
        delays.push(alert.updated_at.since(onset) / SECOND);
    }
    delays.sort_unstable();
    println!("told {delays:?} seconds after the onset");
    assert!(delays.iter().all(|s| *s <= 5 * 60), "{delays:?}");
}

#[test]
fn what_is_told_early_is_told_once_and_bears_the_name_of_its_bucket() {
    let mut world = World::new(3, Who::People);
    let bucket = bucket_of(world.now);
    let told = world.outage(Who::People);
    let early = firing(&told).expect("an alert");
    let finding = early.finding.expect("evidence");
    assert_eq!(finding.kernel, Kernel::Minutes);
    assert!(early.updated_at.plus(-LATENESS) < Timestamp((bucket + 1) * BUCKET), "before the bucket closes");
    assert_eq!(early.id, format!("r/t0/{}", early.started_at.to_jiff().strftime("%Y-%m-%dT%H:%MZ")));
    assert_eq!(early.started_at, Timestamp(bucket * BUCKET));
    assert_eq!(early.observed.mentions, finding.observed as u64);
    assert!(finding.observed > 3.0 * finding.expected && finding.range.1 < finding.observed, "{finding:?}");
    assert!(early.reasons[0].text.en.contains("in 3 minutes"), "{:?}", early.reasons);
    let later = [told.clone(), world.run(3 * HOUR / SECOND, Who::People, |_| 1.0)].concat();
    let ids: BTreeSet<&str> = later.iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(later.iter().filter(|a| a.status == Status::Resolved).count(), 1, "and resolves once");
}

#[test]
fn people_confirm_it_and_a_few_loud_accounts_do_not() {
    let early = |who| {
        let mut world = World::new(5, who);
        let onset = world.now;
        let told = world.outage(who);
        firing(&told).map(|a| a.updated_at.since(onset) <= 5 * MINUTE && a.finding.is_some_and(|f| f.kernel == Kernel::Minutes))
    };
    for (who, want) in [(Who::People, true), (Who::Three, false), (Who::Nameless, true)] {
        assert_eq!(early(who).unwrap_or(false), want, "{who:?}");
    }
}

/// A topic of which nobody speaks: what is unusual there is a handful of posts.
#[test]
fn a_handful_of_posts_waits_for_the_bucket_to_close() {
    let told = |posts: i64| {
        let mut engine = engine(vec![0.0; (WEEKS * PER_WEEK) as usize]);
        let later = START.plus(HOUR);
        // The day begins with a beat, so that buckets are heard whole.
        engine.apply(0, &[post(1, START.plus(-DAY), 5)]);
        engine.tick(START);
        engine.tick(later);
        let items: Vec<Item> = (0..posts).map(|i| post(10 + i as u64, later.plus(i * SECOND), 5)).collect();
        engine.apply(0, &items);
        let told = |engine: &mut Engine, at: Timestamp| {
            engine.tick(at);
            engine.alerts()
        };
        (told(&mut engine, later.plus(MINUTE + LATENESS)), told(&mut engine, later.plus(BUCKET + LATENESS)))
    };
    for (posts, early) in [(LOOK_VOICES as i64 + 4, true), (LOOK_VOICES as i64 - 1, false)] {
        let (look, close) = told(posts);
        assert_eq!((look.len(), close.len() <= 1), (usize::from(early), true), "{posts}: {look:?} {close:?}");
        assert!(early || close.len() == 1, "{posts} are told at the close: {close:?}");
    }
}

#[test]
fn the_same_posts_give_the_same_looks() {
    let run = || format!("{:?}", World::new(8, Who::People).outage(Who::People));
    let first = run();
    assert!(first.contains("Minutes") && first == run());
}
