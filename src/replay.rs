//! Recorded input through the whole engine, in event time.
//!
//! `replay` differs from `run` only in who drives the intake and which clock it holds: lines go in
//! by the time of their posts, and a tick follows every second of event time that had data. In a gap
//! a tick comes every minute, as long as windows or timers of the last day can still change, and one
//! right before the next data. That loses nothing against a tick every second: windows slide at full
//! minutes only, and an alert that resolves by itself bears the time at which it was due.
//! Two runs, on any number of lanes, therefore give the same alerts byte for byte.

mod merge;

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::alert::Alert;
use crate::anomaly::bucket_of;
use crate::app::{Beat, Done, Engine, Parts, Sink};
use crate::bilingual::Both;
use crate::decode::Format;
use crate::incident::Change;
use crate::intake::{Closed, Port};
use crate::lane::Compiled;
use crate::reason::{Refused, Skipped};
use crate::sources;
use crate::tally::{self, Event, Mention, Tally};
use crate::time::{Clock, MINUTE, SECOND, SystemClock, Timestamp};
use crate::wire;

use merge::Line;

/// What to replay, and how.
pub struct Job {
    /// Recordings, plain, `.gz` or `.zst`.
    pub files: Vec<PathBuf>,
    /// How their lines are read.
    pub format: Format,
    /// Keep the recorded order instead of the order of time.
    pub as_recorded: bool,
    /// Event seconds per second; `None` is as fast as possible.
    pub speed: Option<f64>,
    /// Lane threads.
    pub lanes: usize,
    /// A buffer goes to a lane at this size at the latest, in bytes.
    pub buffer_bytes: usize,
    /// How the tally behaves.
    pub tally: tally::Settings,
    /// What to listen for.
    pub compiled: Arc<Compiled>,
    /// Gather the mentions of every topic by bucket.
    pub counts: bool,
}

/// Mentions by topic and number of the bucket; those without any are left out.
pub type Counts = BTreeMap<Arc<str>, BTreeMap<i64, u64>>;

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A recording cannot be read.
    #[error("{path}: {error}", path = .path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The engine ended.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Threads(#[source] io::Error),
}

impl Error {
    /// For people.
    pub fn text(&self) -> Both {
        let es = match self {
            Error::Read { path, error } => format!("{}: {error}", path.display()),
            Error::Closed(_) => "el motor se ha detenido".to_owned(),
            Error::Threads(error) => format!("no se puede iniciar un hilo: {error}"),
        };
        Both::new(es, self.to_string())
    }
}

/// What went through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Items in the recordings.
    pub received: u64,
    /// Items that decoded.
    pub decoded: u64,
    /// Items refused, by `Refused as usize`.
    pub refused: [u64; Refused::COUNT],
    /// Posts that matched a topic and were counted.
    pub matched: u64,
    /// Posts that matched none.
    pub unmatched: u64,
    /// Decoded items that were not looked at, by `Skipped as usize`.
    pub skipped: [u64; Skipped::COUNT],
    /// Alerts written.
    pub alerts: u64,
    /// First and last second with data.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Mentions by topic and bucket, if they were to be gathered.
    pub counts: Counts,
}

/// Lines per report of progress.
const PROGRESS_LINES: u64 = 50_000;
/// After the last data, windows and timers can change for this long.
const AFTERGLOW: i64 = 25 * 60 * MINUTE;

/// Hears of every transition of an alert, with its place in their sequence.
pub type Hear = Box<dyn FnMut(&Alert, u64) + Send>;

/// Hears of every change of a customer's matter.
pub type Follow = Box<dyn FnMut(&Change) + Send>;

/// Runs the job; alerts go to `out` as JSON lines, `progress` hears how many bytes were read.
pub async fn run(job: Job, out: Box<dyn Write + Send>, progress: impl FnMut(u64)) -> Result<(Summary, Tally), Error> {
    let mut lines = Lines(out);
    run_to(job, Box::new(move |alert, seq| lines.write(alert, seq)), None, progress).await
}

/// Alerts as JSON lines.
struct Lines(Box<dyn Write + Send>);

impl Lines {
    fn write(&mut self, alert: &Alert, seq: u64) {
        // A closed pipe ends the output, not the count.
        let _ = self.0.write_all((wire::alert_json(alert, seq) + "\n").as_bytes());
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.0.flush();
    }
}

/// Runs the job; alerts go to `hear`, changes of matters to `follow`, `progress` hears how many bytes were read.
pub async fn run_to(job: Job, hear: Hear, follow: Option<Follow>, mut progress: impl FnMut(u64)) -> Result<(Summary, Tally), Error> {
    let (report, summary) = std::sync::mpsc::channel();
    let sink = Counter { hear, follow, summary: Summary::default(), report, counts: job.counts };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let parts = Parts {
        lanes: job.lanes,
        formats: vec![job.format.clone()],
        tally: Tally::new(job.tally),
        compiled: job.compiled,
        clock: clock.clone(),
    };
    let engine = Engine::start(parts, Box::new(sink)).map_err(Error::Threads)?;
    let port = engine.intake.port(crate::topic::SourceId(0), crate::limits::BUFFERS_IN_FLIGHT, metrics::Counter::noop());
    let pace = job.speed.map(|speed| Pace { speed, clock, started: None });
    let mut drive = Drive { port, engine: &engine, buffer: Vec::new(), limit: job.buffer_bytes, first: None, second: None, pace };

    let mut inputs = Vec::new();
    for path in &job.files {
        let input = sources::open(path).map_err(|error| Error::Read { path: path.clone(), error })?;
        let decoder = job.format.decoder();
        inputs.push((path.clone(), merge::Lines::new(input, decoder)));
    }
    if job.as_recorded {
        drive_as_recorded(inputs, &mut drive, &mut progress).await?;
    } else {
        let path = job.files.first().cloned().unwrap_or_default();
        let lines = inputs.into_iter().map(|(_, lines)| lines).collect();
        for line in merge::sorted(lines, &mut progress).map_err(|error| Error::Read { path, error })? {
            drive.line(line).await?;
        }
    }
    drive.finish().await?;
    let span = drive.first.zip(drive.second).map(|(first, last)| (Timestamp::from_seconds(first), Timestamp::from_seconds(last)));
    let tally = engine.stop();
    Ok((Summary { span, ..summary.recv().unwrap_or_default() }, tally))
}

async fn drive_as_recorded<R: BufRead>(
    inputs: Vec<(PathBuf, merge::Lines<R>)>,
    drive: &mut Drive<'_>,
    progress: &mut impl FnMut(u64),
) -> Result<(), Error> {
    for (path, mut lines) in inputs {
        while let Some(line) = lines.next().map_err(|error| Error::Read { path: path.clone(), error })? {
            progress(line.bytes.len() as u64);
            drive.line(line).await?;
        }
    }
    Ok(())
}

/// Sleeps so that event time goes `speed` times as fast as the clock.
struct Pace {
    speed: f64,
    clock: Arc<dyn Clock>,
    /// Clock and event time of the first line.
    started: Option<(Duration, Timestamp)>,
}

impl Pace {
    async fn wait_for(&mut self, at: Timestamp) {
        let now = self.clock.monotonic();
        let (start, first) = *self.started.get_or_insert((now, at));
        let due = start + Duration::from_secs_f64((at.since(first).max(0) as f64 / SECOND as f64 / self.speed).min(1e9));
        tokio::time::sleep(due.saturating_sub(now)).await;
    }
}

/// Feeds lines and ticks to the intake.
struct Drive<'a> {
    port: Port,
    engine: &'a Engine,
    buffer: Vec<u8>,
    limit: usize,
    /// Earliest second of event time with data that was driven.
    first: Option<i64>,
    /// Latest second of event time with data, not ticked yet.
    second: Option<i64>,
    pace: Option<Pace>,
}

impl Drive<'_> {
    async fn line(&mut self, line: Line) -> Result<(), Closed> {
        let second = line.at.second();
        self.first.get_or_insert(second);
        match self.second {
            Some(current) if second > current => {
                self.tick(current).await?;
                for at in beats(current, second) {
                    self.engine.intake.tick(at)?;
                }
                self.second = Some(second);
            }
            None => self.second = Some(second),
            // Behind its place, as recorded: it goes with the second that is on.
            Some(_) => {}
        }
        if let Some(pace) = &mut self.pace {
            pace.wait_for(line.at).await;
        }
        if !self.buffer.is_empty() && self.buffer.len() + line.bytes.len() > self.limit {
            self.flush().await?;
        }
        self.buffer.extend_from_slice(&line.bytes);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Closed> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let seen = end_of(self.second.unwrap_or_default());
        self.port.send_recorded(std::mem::take(&mut self.buffer), seen).await
    }

    async fn tick(&mut self, second: i64) -> Result<(), Closed> {
        self.flush().await?;
        self.engine.intake.tick(end_of(second))
    }

    async fn finish(&mut self) -> Result<(), Closed> {
        match self.second {
            Some(second) => self.tick(second).await,
            None => Ok(()),
        }
    }
}

/// The ticks between two seconds with data: full minutes, while anything can still change, and the
/// beginning of the later second, so that what is due by then comes before its posts.
fn beats(from: i64, to: i64) -> impl Iterator<Item = Timestamp> {
    let last = to.min(from.saturating_add(AFTERGLOW / SECOND));
    let minutes = (from.div_euclid(60) + 1..).take_while(move |minute| minute.saturating_mul(60) < last);
    let before = (to > from.saturating_add(1)).then(|| Timestamp::from_seconds(to));
    minutes.map(Timestamp::from_minute).chain(before)
}

/// The end of a second: nothing in it lies in the future of its tick.
fn end_of(second: i64) -> Timestamp {
    Timestamp::from_seconds(second.saturating_add(1))
}

/// Passes on alerts as they come and counts the rest.
struct Counter {
    hear: Hear,
    follow: Option<Follow>,
    summary: Summary,
    report: std::sync::mpsc::Sender<Summary>,
    counts: bool,
}

impl Counter {
    fn pass_on(&mut self, events: &mut Vec<Event>) {
        for event in events.drain(..) {
            match event {
                Event::Alert(alert) => {
                    self.summary.alerts += 1;
                    (self.hear)(&alert, self.summary.alerts);
                }
                Event::Incident(change) => {
                    if let Some(follow) = &mut self.follow {
                        follow(&change);
                    }
                }
                Event::Mention(mention) if self.counts => count(&mut self.summary.counts, &mention),
                _ => {}
            }
        }
    }
}

impl Sink for Counter {
    fn applied(&mut self, mut done: Done, events: &mut Vec<Event>) {
        let (outcome, applied) = (&done.outcome, &done.applied);
        let sum = &mut self.summary;
        sum.received += outcome.items;
        sum.decoded += outcome.decoded;
        sum.unmatched += outcome.unmatched;
        sum.matched += applied.matched;
        sum.refused.iter_mut().zip(outcome.refused).for_each(|(a, b)| *a += b);
        sum.skipped.iter_mut().zip(applied.skipped).for_each(|(a, b)| *a += b);
        sum.skipped[Skipped::NotAPost as usize] += outcome.not_posts;
        self.pass_on(events);
        if let Some(answer) = done.answer() {
            answer.give();
        }
    }

    fn ticked(&mut self, _: Beat, events: &mut Vec<Event>) {
        self.pass_on(events);
    }
}

fn count(counts: &mut Counts, mention: &Mention) {
    for topic in &mention.topics {
        *counts.entry(topic.name.clone()).or_default().entry(bucket_of(mention.post.at())).or_insert(0) += 1;
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        // What was written is flushed before anybody reads the summary.
        self.hear = Box::new(|_, _| ());
        let _ = self.report.send(std::mem::take(&mut self.summary));
    }
}

/// Says on `err` how much was read, every so many lines.
pub fn progress_to(mut err: impl Write, total: u64) -> impl FnMut(u64) {
    let (mut lines, mut bytes) = (0u64, 0u64);
    move |read| {
        lines += 1;
        bytes += read;
        if lines.is_multiple_of(PROGRESS_LINES) {
            let _ = write!(err, "\r{lines} · {} MB / {} MB", bytes / 1_000_000, total / 1_000_000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_has_a_beat_each_minute_and_one_before_the_next_data() {
        for (from, to, want) in
            [(10, 11, &[][..]), (10, 12, &[12]), (10, 60, &[60]), (10, 61, &[60, 61]), (-70, 130, &[-60, 0, 60, 120, 130])]
        {
            let got: Vec<i64> = beats(from, to).map(|at| at.second()).collect();
            assert_eq!(got, want, "{from} {to}");
        }
        let year = 365 * 24 * 60 * 60;
        assert_eq!(beats(0, year).count() as i64, AFTERGLOW / MINUTE, "nothing changes any more after the last day");
        assert_eq!(beats(0, year).last(), Some(Timestamp::from_seconds(year)));
    }
}
