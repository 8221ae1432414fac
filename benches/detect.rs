//! What one closed bucket of one topic costs: what is usual, and what its detector says.

use std::sync::Arc;

use cpu_time::ThreadTime;
use escucha::anomaly::{Direction, PER_DAY, PER_WEEK, Settings};
use escucha::prng::Prng;
use escucha::tally::{Quality, Series};
use escucha::time::Zone;

use super::canonical;

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
