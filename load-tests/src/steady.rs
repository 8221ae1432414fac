//! Days of event time in minutes: memory that is bounded by hours must be flat once they are over.
//!
//! The engine is driven as a library, as `replay` does it: lines of a second, then a tick at its end. Half
//! of the posts are the synthetic world's, with its reposts, deletes, updates, duplicates and late ones, the
//! others those of `whole`.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::Fault;
use crate::engine;
use crate::frames::Frames;
use escucha::app::{Beat, Done, Engine, Parts, Sink, demo};
use escucha::config::{Config, TopicIds};
use escucha::decode::{Format, Mapping};
use escucha::feed::Feed;
use escucha::intake::Port;
use escucha::lane::Compiled;
use escucha::limits;
use escucha::synth::World;
use escucha::tally::{Event, Held, Settings, Tally};
use escucha::time::{ManualClock, SECOND, Timestamp};
use escucha::topic::SourceId;

/// `load-tests steady`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Hours of event time; at most 240. Memory is judged from hour 48 on.
    #[arg(long, default_value_t = 96)]
    hours: i64,
    /// Seconds of each minute in which posts are written.
    #[arg(long, default_value_t = 60)]
    busy: i64,
    /// Posts like those of `whole` in each such second, beside about five of the world; at most 50.
    #[arg(long, default_value_t = 4)]
    rate: u64,
    /// Phrases, and as many rules over them; a topic each.
    #[arg(long, default_value_t = 2000)]
    queries: usize,
    /// Megabytes of recent mentions, few so that they are full soon; at most 256.
    #[arg(long, default_value_t = 8)]
    recent: usize,
    /// Judge what the tally counts and not what is resident: for runs in which the feed does not fill.
    #[arg(long)]
    counted_only: bool,
    /// Lanes.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// The world's evening comes at hours 12, 36, 60 ...: they are compared with each other. This is the
/// evening of Monday 2026-07-06, ten in the morning where its people live.
const START: Timestamp = Timestamp(1_783_353_600_000_000);
/// Hours from one look at the memory to the next.
const LOOK: i64 = 6;
/// The look that the later ones are compared with, in hours.
const BASE: i64 = 36;
/// The first look that is compared, in hours.
const JUDGED: i64 = 48;
/// What a later look may have more than the base.
const MORE: f64 = 0.05;
/// Bytes that it may have more besides: some parts grow by chunks.
const SLACK: f64 = 65536.0;
/// One of so many posts comes a second time ...
const AGAIN_EVERY: u64 = 64;
/// ... after so many others.
const AGAIN_AFTER: u64 = 1000;
/// The engine works off what is in flight within this.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(args: &Args) -> Result<(), Fault> {
    if !(1..=240).contains(&args.hours) || !(1..=60).contains(&args.busy) || args.rate > 50 || args.queries > 20_000 || args.recent > 256 {
        return Err("1 to 240 hours, 1 to 60 seconds, at most 50 posts a second, 20 000 queries and 256 MB".into());
    }
    let frames = Frames::new(1, args.queries, args.queries);
    let parts = Parts {
        lanes: args.threads,
        formats: vec![Format { name: "escucha", mapping: Mapping::default() }],
        tally: Tally::new(Settings {
            lateness: limits::LATENESS,
            dedupe: limits::DEDUPE,
            recent_bytes: args.recent << 20,
            past: None,
            taken: Default::default(),
        }),
        compiled: Arc::new(Compiled::new(config(&frames)?.take_listening(&mut TopicIds::default(), 1))),
        clock: Arc::new(ManualClock::at(START)),
    };
    let (report, counted) = mpsc::channel();
    let sink = Publisher { feed: Feed::new("steady".into(), vec!["steady".into()]), counts: Counts::default(), report };
    let engine = Engine::start(parts, Box::new(sink))?;
    let port = engine.intake.port(SourceId(0), limits::BUFFERS_IN_FLIGHT, metrics::Counter::noop());
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let looks = runtime.block_on(drive(args, &engine, &port, &frames))?;
    drop(engine.stop());
    println!("{}", counted.recv()?.text());
    judge(&looks, args.counted_only)
}

/// The demo's topics and alerts, and a topic for each query of `whole`.
fn config(frames: &Frames) -> Result<Config, Fault> {
    let wave = "[[alert]]\nname = \"ola\"\non = \"volume\"\nwindow = \"1h\"\nat = 4\n";
    let mut text = format!("{}\n{wave}", demo::CONFIG);
    for (i, query) in frames.queries.iter().enumerate() {
        // JSON's escapes are TOML's.
        text.push_str(&format!("[[topic]]\nname = \"t{i}\"\nquery = {}\n", serde_json::to_string(query)?));
    }
    let (config, _) = Config::read("steady", text, Path::new(".")).map_err(|report| format!("{:?}", report.problems))?;
    Ok(config)
}

/// Memory at one moment.
struct Look {
    hour: i64,
    resident: f64,
    held: Held,
}

async fn drive(args: &Args, engine: &Engine, port: &Port, frames: &Frames) -> Result<Vec<Look>, Fault> {
    println!("hour  resident MB  counted MB:  ids  authors  panes  author sets  recent");
    let mut world = World::new(1, START);
    let (mut n, mut looks) = (AGAIN_AFTER, Vec::new());
    for minute in 0..args.hours * 60 {
        let start = START.plus(minute * 60 * SECOND);
        for second in 0..args.busy {
            let (start, mut bytes) = (start.plus(second * SECOND), Vec::new());
            world.second(start, &mut bytes);
            let apart = SECOND as u64 / args.rate.max(1);
            for i in 0..args.rate {
                let micros = start.0 as u64 + i * apart;
                frames.native("steady", n, micros, &mut bytes);
                if n.is_multiple_of(AGAIN_EVERY) {
                    frames.native("steady", n - AGAIN_AFTER, micros, &mut bytes);
                }
                n += 1;
            }
            port.send_recorded(bytes, start.plus(SECOND)).await?;
            engine.intake.tick(start.plus(SECOND))?;
        }
        let end = start.plus(60 * SECOND);
        engine.intake.tick(end)?;
        if (minute + 1) % (LOOK * 60) == 0 {
            looks.push(look((minute + 1) / 60, engine, end)?);
        }
    }
    Ok(looks)
}

/// Waits until the engine has come to `end`, and looks.
fn look(hour: i64, engine: &Engine, end: Timestamp) -> Result<Look, Fault> {
    let patience = std::time::Instant::now() + PATIENCE;
    loop {
        let (answer, held) = mpsc::channel();
        let ask = Box::new(move |tally: &mut escucha::tally::Tally| {
            // Whoever asked may have given up.
            let _ = answer.send((tally.now(), tally.held()));
        });
        engine.asks.send(ask).map_err(|_| "the engine is gone")?;
        let (now, held) = held.recv_timeout(PATIENCE)?;
        // The present moment is behind the ticks by what the data ever was at least.
        if now.plus(SECOND) >= end {
            let look = Look { hour, resident: engine::memory("self", "VmRSS:")?, held };
            println!("{}", look.row());
            return Ok(look);
        }
        if std::time::Instant::now() > patience {
            return Err("the engine does not take what is sent".into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Look {
    fn row(&self) -> String {
        let mb = |bytes: usize| bytes as f64 / f64::from(1 << 20);
        let Held { ids, authors, panes, author_sets, recent, shares: _ } = self.held;
        format!(
            "{:4}  {:11.1}  {:10.2}  {:4.2}  {:7.2}  {:5.2}  {:11.2}  {:6.2}",
            self.hour,
            self.resident,
            mb(self.held.sum()),
            mb(ids),
            mb(authors),
            mb(panes),
            mb(author_sets),
            mb(recent)
        )
    }
}

/// A part of the memory: its name, and how much of it a look saw.
type Part = (&'static str, fn(&Look) -> f64);

/// What is compared, in bytes: each part by itself, so that a small one cannot hide behind a large one.
const PARTS: [Part; 6] = [
    ("resident", |l| l.resident * f64::from(1 << 20)),
    ("ids", |l| l.held.ids as f64),
    ("authors", |l| l.held.authors as f64),
    ("panes", |l| l.held.panes as f64),
    ("author sets", |l| l.held.author_sets as f64),
    ("recent", |l| l.held.recent as f64),
];

/// Fails if memory went on growing: what is resident, or a part of what the tally itself counts.
fn judge(looks: &[Look], counted_only: bool) -> Result<(), Fault> {
    let later: Vec<&Look> = looks.iter().filter(|l| l.hour >= JUDGED).collect();
    let Some(base) = looks.iter().find(|l| l.hour == BASE).filter(|_| !later.is_empty()) else {
        println!("too short to be judged");
        return Ok(());
    };
    let (mut grown, mut told) = (Vec::new(), Vec::new());
    for (name, of) in PARTS {
        let most = later.iter().map(|l| of(l)).fold(0.0, f64::max);
        told.push(format!("{name} {:+.1} %", (most / of(base) - 1.0) * 100.0));
        let judged = name != "resident" || !counted_only;
        grown.extend(Some(name).filter(|_| judged && most > of(base) * (1.0 + MORE) + SLACK));
    }
    println!("from hour {JUDGED} on against hour {BASE}: {}", told.join(", "));
    if grown.is_empty() { Ok(()) } else { Err(format!("grew by more than {} %: {}", MORE * 100.0, grown.join(", ")).into()) }
}

/// What went through.
#[derive(Debug, Default)]
struct Counts {
    decoded: u64,
    matched: u64,
    skipped: u64,
    alerts: u64,
}

impl Counts {
    fn text(&self) -> String {
        format!(
            "{} posts decoded, {} matched, {} skipped (duplicates, deletes, updates, own); {} alerts told",
            self.decoded, self.matched, self.skipped, self.alerts
        )
    }
}

/// Keeps what is told for readers, as the engine does.
struct Publisher {
    feed: Arc<Feed>,
    counts: Counts,
    report: mpsc::Sender<Counts>,
}

impl Publisher {
    fn publish(&mut self, events: &mut Vec<Event>) {
        self.counts.alerts += events.iter().filter(|e| matches!(e, Event::Alert(_))).count() as u64;
        self.feed.publish_all(events.drain(..));
    }
}

impl Sink for Publisher {
    fn applied(&mut self, done: Done, events: &mut Vec<Event>) {
        let (outcome, applied) = (&done.outcome, &done.applied);
        self.counts.decoded += outcome.decoded;
        self.counts.matched += applied.matched;
        self.counts.skipped += applied.skipped.iter().sum::<u64>() + outcome.not_posts;
        self.publish(events);
    }

    fn ticked(&mut self, _: Beat, events: &mut Vec<Event>) {
        self.publish(events);
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _ = self.report.send(std::mem::take(&mut self.counts));
    }
}
