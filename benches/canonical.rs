//! The canonical workload through one stage, through the whole engine, and through the plain twin.

use escucha::query::NoFacts;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use cpu_time::{ProcessTime, ThreadTime};
use crossbeam::channel::unbounded;
use dashmap::DashMap;
use escucha::app::{Beat, Done, Engine, Parts, Sink};
use escucha::decode::{self, Decoded, Format, Mapping};
use escucha::eql;
use escucha::lane::{Compiled, Input, Lane};
use escucha::limits;
use escucha::matching::{Matcher, Scratch};
use escucha::query::Query;
use escucha::tally::{Event, Settings, Tally};
use escucha::text::Tokens;
use escucha::time::{SystemClock, Timestamp, Zone};
use escucha::topic::{Listening, SourceId, Topic, TopicId};

use crate::plain::Plain;

/// Rounds of which the median is printed.
pub const ROUNDS: usize = 5;

pub struct Canonical {
    phrases: Vec<String>,
    queries: Vec<Query>,
    /// Whole lines in buffers of the usual size.
    buffers: Vec<Vec<u8>>,
    posts: usize,
    bytes: usize,
    seen: Timestamp,
}

/// What a run of the engine cost and found.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// CPU nanoseconds of the process per post.
    pub cpu: f64,
    /// Posts per second of the wall clock.
    pub rate: f64,
    pub mentions: u64,
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

impl Canonical {
    pub fn new(posts: usize, phrases: usize, rules: usize) -> Canonical {
        let work = escucha::synth::workload(1, posts, phrases, rules, escucha::synth::Shape::Jetstream);
        let parse = |text: &String| eql::parse(text, &eql::Options::default()).query.unwrap();
        let queries = work.queries().iter().map(parse).collect();
        let buffers = cut(&work.ndjson);
        let bytes = work.ndjson.len();
        let mut new = Canonical { phrases: work.phrases, queries, buffers, posts, bytes, seen: Timestamp::MIN };
        new.seen = new.decoded().posts.iter().map(|p| p.at).max().unwrap_or_default();
        new
    }

    fn per_post(&self, nanoseconds: u128) -> f64 {
        nanoseconds as f64 / self.posts as f64
    }

    fn format() -> Format {
        Format { name: "jetstream", mapping: Mapping::default() }
    }

    fn compiled(&self) -> Arc<Compiled> {
        let topic = |(i, query): (usize, &Query)| Topic {
            id: TopicId(i as u32),
            name: format!("t{i}"),
            brand: None,
            weight: Default::default(),
            zone: Zone::utc(),
            calendar: Default::default(),
            labels: Default::default(),
            queries: vec![query.clone()],
        };
        let topics = self.queries.iter().enumerate().map(topic).collect();
        Arc::new(Compiled::new(Listening { version: 1, topics, ..Listening::default() }))
    }

    /// Median thread time of `work` on a fresh copy of every buffer; copying is not counted.
    fn over_buffers(&self, mut work: impl FnMut(&mut [u8])) -> f64 {
        median((0..ROUNDS).map(|_| {
            let mut spent = 0;
            for buffer in &self.buffers {
                let mut copy = buffer.clone();
                let start = ThreadTime::now();
                work(&mut copy);
                spent += start.elapsed().as_nanos();
            }
            self.per_post(spent)
        }))
    }

    pub fn decode(&self) -> f64 {
        let mut decoder = Self::format().decoder();
        let mut decoded = Decoded::default();
        self.over_buffers(|bytes| {
            decoded.clear();
            decode::lines(decoder.as_mut(), bytes, &mut decoded);
        })
    }

    /// Its phrases.
    pub fn phrases(&self) -> &[String] {
        &self.phrases
    }

    /// All posts, decoded once.
    pub fn decoded(&self) -> Decoded {
        let mut decoder = Self::format().decoder();
        let mut decoded = Decoded::default();
        for buffer in &self.buffers {
            decode::lines(decoder.as_mut(), &mut buffer.clone(), &mut decoded);
        }
        assert_eq!(decoded.posts.len(), self.posts, "the workload holds posts only");
        decoded
    }

    pub fn tokens(&self) -> f64 {
        let decoded = self.decoded();
        let mut tokens = Tokens::default();
        median((0..ROUNDS).map(|_| {
            let start = ThreadTime::now();
            for post in decoded.posts.iter() {
                tokens.read(post.text);
            }
            self.per_post(start.elapsed().as_nanos())
        }))
    }

    /// Nanoseconds and matches per post.
    pub fn matching(&self) -> (f64, f64) {
        let decoded = self.decoded();
        let matcher = Matcher::new(&self.queries);
        let (mut scratch, mut matched) = (Scratch::default(), Vec::new());
        let mut found = 0;
        let cost = median((0..ROUNDS).map(|_| {
            let start = ThreadTime::now();
            for post in decoded.posts.iter() {
                matched.clear();
                matcher.matches(&post, &NoFacts, &mut scratch, &mut matched);
                found += matched.len();
            }
            self.per_post(start.elapsed().as_nanos())
        }));
        (cost, found as f64 / (ROUNDS * self.posts) as f64)
    }

    pub fn lane(&self) -> f64 {
        let compiled = self.compiled();
        let mut lane = Lane::new(decode::decoders(&[Self::format()]));
        self.over_buffers(|bytes| {
            lane.process(Input { bytes, source: SourceId(0), seen: self.seen, compiled: &compiled });
        })
    }

    /// The whole engine, fed from memory.
    pub fn engine(&self, lanes: usize) -> Run {
        let (found, mentions) = std::sync::mpsc::channel();
        let parts = Parts {
            lanes,
            formats: vec![Self::format()],
            tally: Tally::new(Settings {
                lateness: limits::LATENESS,
                dedupe: limits::DEDUPE,
                recent_bytes: limits::RECENT_BYTES,
                past: None,
                taken: Default::default(),
            }),
            compiled: self.compiled(),
            clock: Arc::new(SystemClock::new()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let copies: Vec<Vec<u8>> = self.buffers.clone();
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        let engine = Engine::start(parts, Box::new(Counting { mentions: 0, found })).unwrap();
        let port = engine.intake.port(SourceId(0), limits::BUFFERS_IN_FLIGHT, metrics::Counter::noop());
        runtime.block_on(async {
            for bytes in copies {
                port.send_recorded(bytes, self.seen).await.unwrap();
            }
        });
        engine.intake.tick(self.seen).unwrap();
        let tally = engine.stop();
        let (cpu, wall) = (cpu.elapsed(), wall.elapsed());
        // Taking the state apart is no part of the way from memory to alert.
        drop(tally);
        let mentions = mentions.recv().unwrap();
        Run { cpu: self.per_post(cpu.as_nanos()), rate: self.posts as f64 / wall.as_secs_f64(), mentions }
    }

    pub fn plain(&self) -> f64 {
        self.plain_and_found().0
    }

    fn plain_and_found(&self) -> (f64, u64) {
        let (out, matches) = unbounded();
        let counts = Arc::new(DashMap::new());
        let mut plain = Plain::new(&self.queries, counts.clone(), out);
        let copies: Vec<Vec<u8>> = self.buffers.clone();
        let cpu = ProcessTime::now();
        let drain =
            std::thread::spawn(move || matches.iter().map(|m| m.rule as usize + m.score as usize + m.id.len() + m.at.len()).sum::<usize>());
        let mut posts = 0;
        for mut bytes in copies {
            for line in bytes.split_mut(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                posts += u64::from(plain.line(line) > 0);
            }
        }
        drop(plain);
        drain.join().unwrap();
        (self.per_post(cpu.elapsed().as_nanos()), posts)
    }

    /// Both in turn; the ratio is taken within a round.
    pub fn ratio(&self) {
        let mut ratios = Vec::new();
        for round in 1..=ROUNDS {
            let ours = self.engine(1);
            let (plain, found) = self.plain_and_found();
            ratios.push(plain / ours.cpu);
            println!("  round {round}: engine {:.0} ns/post ({} mentions), plain {plain:.0} ns/post ({found})", ours.cpu, ours.mentions);
        }
        println!("ratio     {:>8.2} times plain crates per CPU second", median(ratios.into_iter()));
    }
}

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} posts of {} bytes, {} queries", self.posts, self.bytes / self.posts.max(1), self.queries.len())
    }
}

/// Whole lines in pieces of at most a buffer.
fn cut(ndjson: &[u8]) -> Vec<Vec<u8>> {
    let mut buffers = Vec::new();
    let mut buffer = Vec::new();
    for line in ndjson.split_inclusive(|b| *b == b'\n') {
        if !buffer.is_empty() && buffer.len() + line.len() > limits::BUFFER_BYTES {
            buffers.push(std::mem::take(&mut buffer));
        }
        buffer.extend_from_slice(line);
    }
    buffers.push(buffer);
    buffers
}

/// Takes every event, as a feed would, and counts the mentions.
struct Counting {
    mentions: u64,
    found: std::sync::mpsc::Sender<u64>,
}

impl Sink for Counting {
    fn applied(&mut self, _: Done, events: &mut Vec<Event>) {
        self.mentions += events.iter().filter(|e| matches!(e, Event::Mention(_))).count() as u64;
    }
    fn ticked(&mut self, _: Beat, _: &mut Vec<Event>) {}
}

impl Drop for Counting {
    fn drop(&mut self) {
        let _ = self.found.send(self.mentions);
    }
}
