//! `escucha backtest`: what would have fired, one JSON line per alert and a summary.

mod choices;
mod posts;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, positive};
use crate::anomaly::{BUCKET, Budget, Direction, SENSITIVITY, Settings, bucket_of};
use crate::backtest::choices::{Comparison, Trial};
use crate::backtest::events::{self, Event};
use crate::backtest::picture::{self, Picture};
use crate::backtest::{self, Job, Missing, Summary, counts};
use crate::bilingual::{Both, Lang};
use crate::config;
use crate::limits;
use crate::sources;
use crate::time::{SECOND, Zone};
use crate::wire;

/// `backtest -c FILE FILE...` or `backtest --counts FILE`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["counts", "files"])))]
pub struct Args {
    #[arg(short, long, value_name = "FILE", conflicts_with = "counts")]
    config: Option<PathBuf>,
    #[arg(long, value_name = "NAME", conflicts_with = "counts")]
    source: Option<String>,
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[arg(long, value_name = "FILE")]
    counts: Option<PathBuf>,
    #[arg(long, value_name = "NAME", conflicts_with = "files")]
    label: Option<String>,
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    scores: Option<PathBuf>,
    #[arg(long, value_name = "ZONE", default_value = "UTC", conflicts_with = "files")]
    timezone: String,
    #[arg(long, value_name = "KIND", default_value = "spike", value_parser = ["spike", "drop"], conflicts_with = "files")]
    on: String,
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with = "files")]
    sensitivity: Option<f64>,
    #[arg(long, value_name = "BUDGET", default_value = "5 per 3 weeks", conflicts_with = "files")]
    budget: String,
    #[arg(long, conflicts_with = "files")]
    quick: bool,
    #[arg(long, value_name = "WHAT", default_value = "gap", value_parser = ["gap", "zero"], conflicts_with = "files")]
    missing: String,
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

/// Judges the counts or the posts of the files.
pub fn run(args: Args, lang: Lang, colour: bool, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    match &args.counts {
        Some(path) => counted(&args, path, lang, out, err),
        None => posts::run(args, lang, colour, out, err),
    }
}

/// One topic's counts.
fn counted(args: &Args, path: &Path, lang: Lang, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let job = job(args, path)?;
    let (rows, refused) = counts::read(&contents(path)?);
    let lost = refused.len() as u64;
    say_refused(path, &refused, lang, err)?;
    check(path, &rows, job.missing)?;
    let known = known(args.events.as_deref(), lang, err)?;
    let tried = tried(&job, &rows, known.as_deref());
    if let Some(path) = &args.picture {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let mut picture = Picture::new(job.zone.clone(), job.calendar.clone(), job.settings, (bucket_of(first.at), bucket_of(last.at)));
        counts::buckets(&rows, job.missing).for_each(|b| picture.close(b.number, b.count, b.quality));
        draw(path, &[picture.svg(&job.label, lang)], lang)?;
    }
    let mut file = args.scores.as_deref().map(|path| create(path).map(|file| (path, file))).transpose()?;
    let label = job.label.clone();
    let mut seq = 0;
    let mut hear = |alert: &crate::alert::Alert| {
        seq += 1;
        writeln!(out, "{}", wire::alert_json(alert, seq))
    };
    let scores = file.as_mut().map(|(_, file)| file as &mut dyn Write);
    let summary = backtest::run(job, &rows, &mut hear, scores)?;
    if let Some((path, mut file)) = file {
        file.flush().map_err(|error| unwritable(path, &error))?;
    }
    writeln!(out, "{}", wire::backtest_json(&view(&label, &summary, &tried, lost)))?;
    writeln!(err, "{}\n", text(&label, &summary, lost, lang))?;
    write!(err, "{}", choices::text(&[(&label, &tried)], lang))?;
    Ok(())
}

/// Writes pictures: a page, or one picture alone, as the name of the file ends.
fn draw(path: &Path, pictures: &[String], lang: Lang) -> Result<(), Failure> {
    let whole = match (path.extension().and_then(|e| e.to_str()), pictures) {
        (Some("html"), pictures) => picture::page(pictures, lang),
        (Some("svg"), [one]) => one.clone(),
        _ => {
            let (shown, n) = (path.display(), pictures.len());
            return Err(Failure::Usage(Both::new(
                format!("--picture {shown}: hay {n} temas; un archivo .svg tiene uno, uno .html los que haga falta"),
                format!("--picture {shown}: there are {n} topics; a .svg file holds one, a .html file as many as there are"),
            )));
        }
    };
    std::fs::write(path, whole).map_err(|error| unwritable(path, &error))
}

/// What settings beside the one asked for would have come to.
fn tried(job: &Job, rows: &[counts::Row], events: Option<&[Event]>) -> Comparison {
    let concerned: Option<Vec<Event>> = events.map(|all| all.iter().filter(|e| e.concerns(&job.label)).cloned().collect());
    let mut trial = Trial::new(job.zone.clone(), job.calendar.clone(), job.settings.direction, &[job.settings], concerned.as_deref());
    for bucket in counts::buckets(rows, job.missing) {
        trial.close(bucket.number, bucket.count, bucket.quality);
    }
    trial.finish()
}

/// The events that are known, if a file of them is given.
fn known(path: Option<&Path>, lang: Lang, err: &mut dyn Write) -> Result<Option<Vec<Event>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let (events, refused) = events::read(&contents(path)?);
    say_refused(path, &refused, lang, err)?;
    if events.is_empty() {
        let shown = path.display();
        return Err(Failure::Work(Both::new(
            format!("{shown}: no hay ninguna fila timestamp,label,topic que se pueda leer"),
            format!("{shown}: there is no timestamp,label,topic row that can be read"),
        )));
    }
    Ok(Some(events))
}

fn say_refused(path: &Path, refused: &[(usize, Both)], lang: Lang, err: &mut dyn Write) -> io::Result<()> {
    for (line, why) in refused.iter().take(limits::REFUSED_SHOWN) {
        writeln!(err, "{}:{line}: {}", path.display(), why.get(lang))?;
    }
    if let Some(more) = refused.len().checked_sub(limits::REFUSED_SHOWN).filter(|n| *n > 0) {
        let more = Both::new(format!("… y {more} filas rechazadas más"), format!("… and {more} more refused rows"));
        writeln!(err, "{}", more.get(lang))?;
    }
    Ok(())
}

fn job(args: &Args, path: &Path) -> Result<Job, Failure> {
    let usage = |es: String, en: String| Failure::Usage(Both::new(es, en));
    let direction = if args.on == "drop" { Direction::Drop } else { Direction::Spike };
    let mut settings = Settings { quick: args.quick, ..Settings::new(direction) };
    if args.quick && direction == Direction::Drop {
        return Err(usage("--quick solo vale con --on spike".into(), "--quick goes with --on spike only".into()));
    }
    settings.sensitivity = args.sensitivity.unwrap_or(settings.sensitivity);
    let (least, most) = SENSITIVITY;
    if !(least..=most).contains(&settings.sensitivity) {
        return Err(usage(
            format!("--sensitivity debe estar entre {least} y {most}"),
            format!("--sensitivity must be between {least} and {most}"),
        ));
    }
    let typed = &args.budget;
    settings.budget = Budget::parse(typed).ok_or_else(|| {
        let (alerts, days) = (limits::BUDGET_ALERTS, limits::BUDGET_DAYS);
        usage(
            format!("--budget «{typed}» no se entiende; por ejemplo \"5 per 3 weeks\", hasta {alerts} alertas y {days} días"),
            format!("--budget '{typed}' is not understood; for example \"5 per 3 weeks\", up to {alerts} alerts and {days} days"),
        )
    })?;
    let zone = &args.timezone;
    let zone = Zone::named(zone).ok_or_else(|| {
        usage(
            format!("no hay zona horaria «{zone}»; por ejemplo America/Mexico_City"),
            format!("there is no time zone '{zone}'; for example Europe/Madrid"),
        )
    })?;
    let stem = || path.file_stem().map_or_else(|| "counts".to_owned(), |s| s.to_string_lossy().into_owned());
    let label = args.label.clone().unwrap_or_else(stem);
    if !config::is_name(&label) {
        return Err(usage(
            format!("--label «{label}» no puede ser el nombre de un tema"),
            format!("--label '{label}' cannot be the name of a topic"),
        ));
    }
    let missing = if args.missing == "zero" { Missing::Zero } else { Missing::Gap };
    Ok(Job { label, zone, calendar: Arc::default(), settings, missing })
}

fn contents(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let unreadable =
        |e: io::Error| Failure::Work(Both::new(format!("{shown}: no se puede leer: {e}"), format!("{shown}: cannot be read: {e}")));
    let mut bytes = Vec::new();
    let input = sources::open(path).map_err(unreadable)?;
    input.take(limits::COUNTS_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > limits::COUNTS_BYTES {
        let most = limits::COUNTS_BYTES >> 20;
        return Err(Failure::Work(Both::new(format!("{shown}: pasa de {most} MB"), format!("{shown}: larger than {most} MB"))));
    }
    Ok(bytes)
}

/// There must be rows, and one in every bucket unless the empty ones were left out.
fn check(path: &Path, rows: &[counts::Row], missing: Missing) -> Result<(), Failure> {
    let shown = path.display();
    if rows.is_empty() {
        return Err(Failure::Work(Both::new(
            format!("{shown}: no hay ninguna fila timestamp,value que se pueda leer"),
            format!("{shown}: there is no timestamp,value row that can be read"),
        )));
    }
    let step = counts::step(rows);
    if step > BUCKET && missing == Missing::Gap {
        let minutes = step / SECOND / 60;
        return Err(Failure::Work(Both::new(
            format!(
                "{shown}: hay una fila cada {minutes} minutos y hace falta una cada 5 minutos o menos; si faltan las vacías, --missing zero"
            ),
            format!(
                "{shown}: there is a row every {minutes} minutes, one every 5 minutes or less is needed; if empty ones are left out, --missing zero"
            ),
        )));
    }
    Ok(())
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    File::create(path).map(BufWriter::new).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::Work(Both::new(format!("{path}: no se puede escribir: {error}"), format!("{path}: cannot be written: {error}")))
}

fn view<'a>(label: &'a str, summary: &Summary, tried: &'a Comparison, refused: u64) -> wire::BacktestView<'a> {
    wire::BacktestView {
        rows: (summary.rows, refused),
        span: summary.span,
        weeks: summary.weeks(),
        missing: Some(summary.missing),
        alerts: summary.alerts,
        per_week: summary.per_week(),
        first: vec![(label, summary.first)],
        delay: spread(&summary.delays),
        choices: vec![(label, choices::view(tried))],
    }
}

/// The least, the median and the greatest of what is in order.
fn spread(delays: &[i64]) -> Option<[i64; 3]> {
    Some([*delays.first()?, *delays.get(delays.len() / 2)?, *delays.last()?])
}

/// The summary for people.
fn text(label: &str, s: &Summary, refused: u64, lang: Lang) -> String {
    let (rows, weeks, alerts, rate) = (s.rows, lang.decimal(s.weeks(), 1), s.alerts, lang.decimal(s.per_week(), 2));
    let mut text = lang.pick(
        format!("{label}: {rows} filas, {refused} rechazadas, {weeks} semanas; {alerts} alertas, {rate} por semana"),
        format!("{label}: {rows} rows, {refused} refused, {weeks} weeks; {alerts} alerts, {rate} a week"),
    );
    if let (Some(first), Some(delay)) = (s.first, s.median_delay()) {
        let minutes = delay / SECOND / 60;
        text += &lang.pick(
            format!("; la primera, {first}; del aviso al pico, {minutes} min (mediana)"),
            format!("; the first {first}; from alert to peak {minutes} min (median)"),
        );
    }
    text
}

#[cfg(test)]
mod tests;
