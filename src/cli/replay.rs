//! `escucha replay`: alerts on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use super::{Failure, ReplayArgs, Speed};
use crate::alert::Alert;
use crate::bilingual::{Both, Lang};
use crate::config::{Config, TopicIds};
use crate::lane::Compiled;
use crate::limits;
use crate::reason::{Refused, Skipped};
use crate::replay::{self, Follow, Job, Summary};
use crate::sources;
use crate::tally::Tally;
use crate::topic::Listening;
use crate::wire;

/// Replays the recordings with the configuration's topics and alerts.
pub fn run(config: &Config, args: ReplayArgs, lang: Lang, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let Speed(speed) = args.speed;
    let recording = Recording { source: args.source.as_deref(), files: args.files, as_recorded: args.as_recorded, speed, counts: false };
    let summary = drive(config, recording, &mut |alert, seq| writeln!(out, "{}", wire::alert_json(alert, seq)))?;
    writeln!(err, "{}", text(&summary, lang))?;
    Ok(())
}

/// What to replay.
pub struct Recording<'a> {
    /// The source whose format it has; `None` for the only one.
    pub source: Option<&'a str>,
    pub files: Vec<PathBuf>,
    pub as_recorded: bool,
    pub speed: Option<f64>,
    /// Gather the mentions of every topic by bucket.
    pub counts: bool,
}

/// Replays on a thread of its own; `hear` is called here with every transition of an alert.
pub fn drive(config: &Config, recording: Recording<'_>, hear: &mut dyn FnMut(&Alert, u64) -> io::Result<()>) -> Result<Summary, Failure> {
    let listening = listening(config, &recording)?;
    let job = job(config, recording, listening)?;
    let (alerts, heard) = channel();
    let worker = std::thread::Builder::new().name("replay".into()).spawn(move || work(job, alerts, None))?;
    for (alert, seq) in heard {
        hear(&alert, seq)?;
    }
    worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map(|(summary, _)| summary)
}

/// Replays recordings of `source` in the order of time, for what is known at their end; changes of matters go to `follow`.
pub fn tally(config: &Config, source: Option<&str>, files: Vec<PathBuf>, follow: Option<Follow>) -> Result<Tally, Failure> {
    let recording = Recording { source, files, as_recorded: false, speed: None, counts: false };
    let listening = listening(config, &recording)?;
    // A late answer counts however late, and no matter is too old for its report.
    let listening = Listening { care: listening.care.clone().for_ever(), ..listening };
    let job = job(config, recording, listening)?;
    let (alerts, _) = channel();
    work(job, alerts, follow).map(|(_, tally)| tally)
}

/// What is listened for in a recording: there is one source, the first.
fn listening(config: &Config, recording: &Recording<'_>) -> Result<Listening, Failure> {
    let source = source(config, recording.source)?;
    Ok(Listening { own_posts: vec![source.own_posts], ..config.listening(&mut TopicIds::default(), 1) })
}

fn job(config: &Config, recording: Recording<'_>, listening: Listening) -> Result<Job, Failure> {
    let format = source(config, recording.source)?.format.clone();
    let compiled = Arc::new(Compiled::new(listening));
    Ok(Job {
        files: recording.files,
        format,
        as_recorded: recording.as_recorded,
        speed: recording.speed,
        lanes: config.engine.lanes,
        buffer_bytes: limits::BUFFER_BYTES,
        tally: config.engine.tally.clone(),
        compiled,
        counts: recording.counts,
    })
}

/// The source whose format is used: the one named, or the only one.
pub fn source<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a sources::Settings, Failure> {
    let found = match name {
        Some(name) => config.sources.iter().find(|s| s.name == name),
        None if config.sources.len() == 1 => config.sources.first(),
        None => None,
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = config.sources.iter().map(|s| s.name.as_str()).collect();
        let names = names.join(", ");
        Failure::Usage(Both::new(
            format!("di con --source de qué fuente es el formato; hay: {names}"),
            format!("say with --source whose format to use; there are: {names}"),
        ))
    })
}

fn work(job: Job, alerts: Sender<(Alert, u64)>, follow: Option<Follow>) -> Result<(Summary, Tally), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let total = job.files.iter().filter_map(|f| std::fs::metadata(f).ok()).map(|m| m.len()).sum();
    let told = io::stderr();
    let mut progress = told.is_terminal().then(|| replay::progress_to(told, total));
    let read = move |bytes| {
        if let Some(progress) = &mut progress {
            progress(bytes);
        }
    };
    // Whoever listened may have gone; the count goes on.
    let hear = Box::new(move |alert: &Alert, seq| drop(alerts.send((alert.clone(), seq))));
    let done = runtime.block_on(replay::run_to(job, hear, follow, read));
    done.map_err(|error| Failure::Work(error.text()))
}

fn text(s: &Summary, lang: Lang) -> String {
    let refused = reasons(Refused::ALL.iter().map(|r| (r.as_str(), s.refused[*r as usize])));
    let skipped = reasons(Skipped::ALL.iter().map(|r| (r.as_str(), s.skipped[*r as usize])));
    let words = lang.pick(
        ["recibidos", "leídos", "rechazados", "coincidentes", "sin coincidencia", "omitidos", "alertas"],
        ["received", "decoded", "refused", "matched", "unmatched", "skipped", "alerts"],
    );
    let rows = [
        (s.received, String::new()),
        (s.decoded, String::new()),
        (s.refused.iter().sum(), refused),
        (s.matched, String::new()),
        (s.unmatched, String::new()),
        (s.skipped.iter().sum(), skipped),
        (s.alerts, String::new()),
    ];
    let rows = words.iter().zip(rows).map(|(word, (n, why))| format!("{word:<18}{n:>12}  {why}").trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

/// The reasons that occurred.
fn reasons(all: impl Iterator<Item = (&'static str, u64)>) -> String {
    all.filter(|(_, n)| *n > 0).map(|(reason, n)| format!("{reason} {n}")).collect::<Vec<_>>().join(", ")
}
