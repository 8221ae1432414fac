//! Customers' matters: what one costs in memory, what a post that joins one costs, a beat with all of them open
//! and an alert on each watched, and what a report is made of.

use std::sync::Arc;

use cpu_time::ThreadTime;
use escucha::config::{Config, TopicIds};
use escucha::decode::{self, Format, Mapping};
use escucha::lane::{Compiled, Input, Lane, Outcome};
use escucha::tally::Tally;
use escucha::time::{HOUR, SECOND, Timestamp};
use escucha::topic::SourceId;

const CONFIG: &str = "[engine]\nlateness = '0s'\n[[source]]\nname = 'all'\ntype = 'stdin'\nformat = 'escucha'\n\
    [[brand]]\nname = 'Banco'\nown = true\naccounts = [{ handle = 'banco' }]\n[[alert]]\nname = 'plazo'\non = 'sla'\n";
/// 2026-07-06T12:00:00Z.
const START: Timestamp = Timestamp(1_783_339_200_000_000);
const DAY: i64 = 24 * HOUR;
/// Posts of one buffer.
const TOGETHER: usize = 500;

struct World {
    tally: Tally,
    lane: Lane,
    compiled: Arc<Compiled>,
}

impl World {
    fn read(&mut self, lines: &str, at: Timestamp) -> Outcome {
        let mut bytes = lines.as_bytes().to_vec();
        self.lane.process(Input { bytes: &mut bytes, source: SourceId(0), seen: at, compiled: &self.compiled })
    }

    /// Applies posts of `customers` at `at`; nanoseconds of one.
    fn hear(&mut self, customers: std::ops::Range<usize>, turn: usize, at: Timestamp) -> f64 {
        let line = |i: usize| {
            format!(
                "{{\"id\":\"{turn}-{i}\",\"network\":\"x\",\"created_at\":\"{at}\",\"text\":\"@banco la app se cierra sola al entrar y no puedo ver mi saldo {i}\",\"author\":{{\"id\":\"a{i}\",\"handle\":\"c{i}\"}}}}\n"
            )
        };
        let count = customers.len();
        let all: Vec<usize> = customers.collect();
        let (compiled, mut events, mut took) = (self.compiled.clone(), Vec::new(), 0.0);
        // One buffer after the other: what has been applied is in nobody's memory any more.
        for some in all.chunks(TOGETHER) {
            let outcome = self.read(&some.iter().map(|i| line(*i)).collect::<String>(), at);
            let start = ThreadTime::now();
            self.tally.apply(&compiled, SourceId(0), &outcome, &mut events);
            took += start.elapsed().as_nanos() as f64;
            events.clear();
        }
        took / count as f64
    }

    fn beat(&mut self, at: Timestamp) -> f64 {
        let (compiled, mut events) = (self.compiled.clone(), Vec::new());
        let start = ThreadTime::now();
        self.tally.tick(&compiled, at, &mut events);
        start.elapsed().as_nanos() as f64
    }
}

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Prints the figures for so many open matters.
pub fn run(open: usize) {
    let (config, _) = Config::read("t", CONFIG.to_owned(), std::path::Path::new("")).unwrap();
    let compiled = Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1)));
    let lane = Lane::new(decode::decoders(&[Format { name: "escucha", mapping: Mapping::default() }]));
    let mut world = World { tally: Tally::new(config.engine.tally), lane, compiled };
    world.hear(0..1, 9, START);
    world.beat(START);
    let before = resident();
    let opens = world.hear(1..open, 0, START);
    let bytes = resident().saturating_sub(before) / open;
    let beats: Vec<f64> = (1..=100).map(|s| world.beat(START.plus(s * SECOND))).collect();
    let joins = world.hear(0..open.min(20_000), 1, START.plus(101 * SECOND));
    let start = ThreadTime::now();
    let report = world.tally.matters_of("Banco", START, START.plus(DAY));
    let copied = start.elapsed().as_nanos() as f64 / 1e6;
    assert_eq!(report.incidents.len(), open);
    let storm = world.beat(START.plus(46 * 60 * SECOND));
    println!("incidents  {open} open: {bytes} bytes each; a post opens one in {opens:.0} ns, joins one in {joins:.0} ns");
    println!(
        "incidents  a beat {:.0} ns, at most {:.0}; the beat at which all are due {:.1} ms; what a report needs of all {copied:.1} ms",
        crate::canonical::median(beats.iter().copied()),
        beats.iter().copied().fold(0.0, f64::max),
        storm / 1e6
    );
}
