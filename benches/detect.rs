//! What one closed bucket of one topic costs: what is usual, and what its detector says; and what ten
//! thousand topics cost a tick.

use std::fmt;
use std::sync::Arc;

use cpu_time::ThreadTime;
use escucha::anomaly::{BUCKET, Direction, PER_DAY, PER_WEEK, Settings, bucket_of};
use escucha::prng::Prng;
use escucha::tally::{self, Of, Past, Quality, Series, Tally};
use escucha::time::{MINUTE, SECOND, Zone};
use escucha::topic::On;

use super::canonical;
use super::outcomes::{Engine, START, hit, listening, post, rule};

/// So many that they do not stay in the cache next to the core, as in the engine.
const TOPICS: usize = 1000;

/// CPU nanoseconds per topic and closed bucket after three weeks, with `detectors` on every topic.
pub fn run(detectors: &[Settings]) -> f64 {
    let zone = Zone::named("America/Mexico_City").unwrap();
    let mut topics: Vec<Series> = (0..TOPICS).map(|_| Series::new(zone.clone(), Arc::default(), detectors.iter().copied())).collect();
    let mut prng = Prng::new(1);
    let counts: Vec<f64> = (0..4096).map(|_| prng.count(8.0) as f64).collect();
    let mut fired = 0;
    let mut close = |from: u32, to: u32| {
        for t in from..to {
            for (i, topic) in topics.iter_mut().enumerate() {
                let count = counts[(t as usize * 31 + i) % counts.len()];
                fired += topic.close(i64::from(t), count, Quality::Whole).1.iter().filter(|f| f.fires).count();
            }
        }
    };
    close(0, 3 * PER_WEEK);
    let rounds = (0..canonical::ROUNDS as u32).map(|round| {
        let from = 3 * PER_WEEK + round * PER_DAY;
        let start = ThreadTime::now();
        close(from, from + PER_DAY);
        start.elapsed().as_nanos() as f64 / f64::from(PER_DAY) / TOPICS as f64
    });
    let median = canonical::median(rounds);
    assert!(fired > 0, "nothing was judged");
    median
}

/// One rule, and three on one topic.
pub fn rows() -> [(&'static str, f64); 2] {
    let spike = Settings::new(Direction::Spike);
    [("one rule", run(&[spike])), ("three rules", run(&[spike, Settings { quick: true, ..spike }, Settings::new(Direction::Drop)]))]
}

/// Topics that are watched together.
const MANY: u32 = 10_000;
/// Mentions in a second, spread over all of them.
const MENTIONS: u64 = 200;
/// How long they are listened to: an hour, and until its last bucket has closed.
const SECONDS: i64 = 72 * 60;

/// Ten thousand topics with eight weeks behind them.
#[derive(Debug)]
pub struct Many {
    /// Bytes of the process a topic: once the weeks are learnt, and after an hour of mentions, the recent
    /// ones themselves among them.
    bytes: (f64, f64),
    /// CPU milliseconds to learn the weeks, until the first bucket has closed.
    learn: f64,
    /// CPU milliseconds of a tick in which no bucket closes: in the middle of all, and the worst.
    ticks: (f64, f64),
    /// CPU milliseconds of a tick in which a bucket of all topics closes.
    closes: (f64, f64),
}

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Many { bytes, learn, ticks, closes } = self;
        write!(f, "{MANY} topics: {:.1} KB each, {:.1} KB after an hour; a tick {:.2} ms, ", bytes.0 / 1e3, bytes.1 / 1e3, ticks.0)?;
        write!(f, "the worst {:.1}; closing a bucket {:.1} ms, the worst {:.1}; learning {learn:.0} ms", ticks.1, closes.0, closes.1)
    }
}

/// Resident bytes of the process.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or_default() * 4096.0
}

/// Ten thousand topics, each with eight weeks of counts behind it and a rule, and what knows of them.
fn watched() -> Engine {
    let all: Vec<u32> = (0..MANY).collect();
    let rules = vec![rule("r", On::Unusual(Settings::new(Direction::Spike)), &all)];
    let past = Past::new(bucket_of(START) + 1, |of| {
        let (Of::Topic(name) | Of::Brand(name)) = of;
        let mut prng = Prng::new(1).fork(name);
        let mean = 1.0 + prng.unit() * 10.0;
        (0..8 * PER_WEEK).map(|_| prng.count(mean) as f64).collect()
    });
    let (lateness, dedupe) = (escucha::limits::LATENESS, escucha::limits::DEDUPE);
    let settings = tally::Settings { lateness, dedupe, recent_bytes: 1 << 24, past: Some(past), taken: Default::default() };
    Engine { tally: Tally::new(settings), compiled: listening(1, MANY, "America/Mexico_City", rules), events: Vec::new() }
}

/// An hour of ten thousand topics.
pub fn many() -> Many {
    let before = resident();
    let mut engine = watched();
    let (mut prng, mut id) = (Prng::new(2), 0);
    let (mut ticks, mut closes) = (Vec::new(), Vec::new());
    let (mut learn, mut learnt) = (0.0, 0.0);
    for second in 0..SECONDS {
        let at = START.plus(second * SECOND);
        let mut one = || {
            id += 1;
            post(id, at, 5).by(prng.below(50_000)).hits(vec![hit(prng.below(u64::from(MANY)) as u32, 5)])
        };
        let items: Vec<_> = (0..MENTIONS).map(|_| one()).collect();
        engine.apply(0, &items);
        let start = ThreadTime::now();
        engine.tick(at.plus(SECOND));
        let cost = start.elapsed().as_nanos() as f64 / 1e6;
        engine.events.clear();
        // A bucket closes when event time is a minute past its end, or a second later.
        let behind = (at.0 + SECOND - MINUTE).rem_euclid(BUCKET);
        if at < START.plus(2 * BUCKET + 2 * MINUTE) {
            // The weeks are learnt as the topics are looked at for the first time, or their first bucket closes.
            learn += cost;
            learnt = resident() - before;
        } else if behind <= SECOND {
            closes.push(cost);
        } else {
            ticks.push(cost);
        }
    }
    // Of the two ticks in which a bucket may have closed, one did.
    closes.sort_by(f64::total_cmp);
    let closes = closes.split_off(closes.len() / 2);
    let worst = |costs: &[f64]| costs.iter().copied().fold(0.0, f64::max);
    let all = f64::from(MANY);
    Many {
        bytes: (learnt / all, (resident() - before) / all),
        learn,
        ticks: (canonical::median(ticks.iter().copied()), worst(&ticks)),
        closes: (canonical::median(closes.iter().copied()), worst(&closes)),
    }
}
