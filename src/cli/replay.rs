//! `escucha replay`: alerts on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use super::{Failure, ReplayArgs, Speed};
use crate::bilingual::{Both, Lang};
use crate::config::{Config, TopicIds};
use crate::lane::Compiled;
use crate::limits;
use crate::reason::{Refused, Skipped};
use crate::replay::{self, Job, Summary};
use crate::sources;

/// Replays the recordings with the configuration's topics and alerts.
pub fn run(config: Config, args: ReplayArgs, lang: Lang, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let format = source(&config, args.source.as_deref())?.format.clone();
    let Speed(speed) = args.speed;
    let compiled = Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1)));
    let job = Job {
        files: args.files,
        format,
        as_recorded: args.as_recorded,
        speed,
        lanes: config.engine.lanes,
        buffer_bytes: limits::BUFFER_BYTES,
        tally: config.engine.tally.clone(),
        compiled,
    };
    let (lines, written) = channel();
    let worker = std::thread::Builder::new().name("replay".into()).spawn(move || work(job, lines))?;
    for line in written {
        out.write_all(&line)?;
    }
    let summary = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    writeln!(err, "{}", text(&summary, lang))?;
    Ok(())
}

/// The source whose format is used: the one named, or the only one.
fn source<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a sources::Settings, Failure> {
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

fn work(job: Job, lines: Sender<Vec<u8>>) -> Result<Summary, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let total = job.files.iter().filter_map(|f| std::fs::metadata(f).ok()).map(|m| m.len()).sum();
    let told = io::stderr();
    let mut progress = told.is_terminal().then(|| replay::progress_to(told, total));
    let hear = move |bytes| {
        if let Some(progress) = &mut progress {
            progress(bytes);
        }
    };
    let done = runtime.block_on(replay::run(job, Box::new(Lines(lines)), hear));
    done.map(|(summary, _)| summary).map_err(|error| Failure::Work(error.text()))
}

/// Hands written lines to the thread that owns the output.
struct Lines(Sender<Vec<u8>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
