//! `escucha report`: the figures of the care teams, or tables of what they are made of, from recordings or from a running
//! engine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::table::{self, Form};
use super::{ConfigArgs, Failure, deliveries, replay, tap};
use crate::bilingual::{Both, Lang};
use crate::config::{Config, TopicIds};
use crate::journal::{Sets, Setting};
use crate::lane::Compiled;
use crate::replay::Follow;
use crate::report::{self, Format, Period, Report, Sheet, Subject, Table};
use crate::store;
use crate::tally::Tally;
use crate::wire;

/// `report (--from T --to T | --day D | --week W | --month M) [FILE...]`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("period").required(true).args(["from", "day", "week", "month"]))]
pub struct Args {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The window begins here.
    #[arg(long, value_name = "TIME", requires = "to")]
    from: Option<String>,
    /// It ends before this.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<String>,
    /// One civil day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<String>,
    /// One week, Monday to Sunday.
    #[arg(long, value_name = "YYYY-Www")]
    week: Option<String>,
    /// One month.
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// One brand instead of all.
    #[arg(long, value_name = "NAME")]
    pub brand: Option<String>,
    /// A table of what the figures are made of instead.
    #[arg(long, value_name = "TABLE", value_parser = clap::builder::PossibleValuesParser::new(Table::ALL.map(Table::as_str)))]
    table: Option<String>,
    /// How it is written.
    #[arg(long, value_name = "FORMAT", value_parser = ["text", "json", "csv", "html", "ndjson", "parquet"])]
    format: Option<String>,
    /// Where to.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Address of the engine that is asked where there are no files.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub url: String,
    /// Token with the role viewer.
    #[arg(long, value_name = "TOKEN", env = "ESCUCHA_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Out of the store of an engine that does not run.
    #[arg(long, conflicts_with_all = ["files", "url"])]
    pub stored: bool,
    /// The source whose format the files have.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Recordings.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Makes the report; only with files the configuration is read.
pub fn run(
    args: Args,
    load: impl FnOnce(&ConfigArgs, &mut dyn Write) -> Result<Config, Failure>,
    lang: Lang,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let period = period(&args)?;
    let runs = args.files.is_empty() && !args.stored;
    let table = args.table.as_deref().and_then(Table::named);
    let made = match table {
        Some(table) => {
            let form = named(&args, Form::Sheet(Sheet::Csv), Form::named, "csv, ndjson, parquet")?;
            let config = if runs { None } else { Some(load(&args.config, err)?) };
            table::made(&args, (table, form), config.as_ref(), period, lang)?
        }
        None => {
            let format = named(&args, Format::Text, Format::named, "text, json, csv, html")?;
            let text = if runs {
                asked(&args, &path(&args, &[("format", format.as_str()), ("lang", lang.pick("es", "en"))]), lang)?.0
            } else {
                let config = load(&args.config, err)?;
                let report = if args.stored { stored(&args, &config, period)? } else { recorded(&args, &config, period)? };
                wire::report_as(&report, format, lang)
            };
            text.into_bytes()
        }
    };
    match &args.out {
        None => out.write_all(&made)?,
        Some(path) => std::fs::write(path, &made).map_err(|error| unwritable(path, &error))?,
    }
    Ok(())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let path = path.display();
    Failure::Work(Both::new(format!("no se puede escribir {path}: {error}"), format!("cannot write {path}: {error}")))
}

/// What was asked for, as typed.
fn period(args: &Args) -> Result<Period, Failure> {
    let bad = |option: &str, text: &str, example: &str| {
        Failure::Usage(Both::new(
            format!("--{option} «{text}» no se entiende; por ejemplo {example}"),
            format!("--{option} '{text}' is not understood; for example {example}"),
        ))
    };
    let typed = |option: &str, text: &Option<String>, example: &str, read: fn(&str) -> Option<Period>| {
        text.as_ref().map(|text| read(text).ok_or_else(|| bad(option, text, example)))
    };
    let named = typed("day", &args.day, "2026-03-02", Period::day)
        .or_else(|| typed("week", &args.week, "2026-W10", Period::week))
        .or_else(|| typed("month", &args.month, "2026-03", Period::month));
    if let Some(period) = named {
        return period;
    }
    let (from, to) = (args.from.as_deref().unwrap_or_default(), args.to.as_deref().unwrap_or_default());
    match Period::between(from, to) {
        Some(period) if !period.is_empty() => Ok(period),
        Some(_) => Err(Failure::Usage(Both::new("--to debe estar después de --from", "--to must be after --from"))),
        None if Period::between(from, from).is_none() => Err(bad("from", from, "2026-03-02T08:00:00Z, 2026-03-02")),
        // Or it is a day where the other is a moment.
        None => Err(bad("to", to, if Period::day(from).is_some() { "2026-03-09" } else { "2026-03-02T08:00:00Z" })),
    }
}

/// The brands that the report is about.
fn subjects<'a>(args: &Args, config: &'a Config) -> Result<Vec<&'a Subject>, Failure> {
    config.plan.subjects(args.brand.as_deref()).ok_or_else(|| no_brand(args, config))
}

/// There is no brand called as was asked.
pub fn no_brand(args: &Args, config: &Config) -> Failure {
    let all = config.plan.brands.iter().map(|b| b.name.as_str()).collect::<Vec<_>>().join(", ");
    let name = args.brand.as_deref().unwrap_or_default();
    Failure::Usage(Both::new(
        format!("no hay ninguna [[brand]] que se llame «{name}»; hay: {all}"),
        format!("there is no [[brand]] called '{name}'; there are: {all}"),
    ))
}

/// The format asked for, if what is asked for has it.
fn named<T>(args: &Args, usual: T, named: fn(&str) -> Option<T>, all: &str) -> Result<T, Failure> {
    let Some(format) = args.format.as_deref() else { return Ok(usual) };
    named(format).ok_or_else(|| {
        let (es, en) = if args.table.is_some() { ("con --table", "with --table") } else { ("sin --table", "without --table") };
        Failure::Usage(Both::new(
            format!("--format «{format}» no vale {es}; vale: {all}"),
            format!("--format '{format}' does not go {en}; it can be: {all}"),
        ))
    })
}

/// Out of recordings, replayed in event time.
fn recorded(args: &Args, config: &Config, period: Period) -> Result<Report, Failure> {
    let subjects = subjects(args, config)?;
    // Of all the sources only the one whose recordings these are is heard.
    let carried = replay::source(config, args.source.as_deref())?.own_posts;
    let plan = report::Plan { carried, ..config.plan.clone() };
    let tally = replayed(args, config, None)?;
    Ok(plan.report(&subjects, period, |brand, from, to| tally.matters_of(brand, from, to)))
}

/// The state at the end of the recordings.
pub fn replayed(args: &Args, config: &Config, follow: Option<Follow>) -> Result<Tally, Failure> {
    replay::tally(config, args.source.as_deref(), args.files.clone(), follow)
}

/// Out of the store that an engine left behind.
fn stored(args: &Args, config: &Config, period: Period) -> Result<Report, Failure> {
    let subjects = subjects(args, config)?;
    let tally = folded(config, &mut opened(config)?)?;
    Ok(config.plan.report(&subjects, period, |brand, from, to| tally.matters_of(brand, from, to)))
}

/// The store, of which nobody else has hold.
pub fn opened(config: &Config) -> Result<store::Opened, Failure> {
    let Some(settings) = config.store.as_ref().filter(|s| s.path.exists()) else {
        return Err(Failure::Usage(Both::new(
            "--stored lee el archivo de [store], y no hay ninguno",
            "--stored reads the file of [store], and there is none",
        )));
    };
    store::Opened::open(settings, "").map_err(refused)
}

/// The state that it holds.
pub fn folded(config: &Config, opened: &mut store::Opened) -> Result<Tally, Failure> {
    let mut ids = TopicIds::known(opened.names.topics.clone());
    let compiled = Arc::new(Compiled::new(config.listening(&mut ids, opened.names.version + 1)));
    let sources = config.sources.iter().map(|s| s.name.clone()).collect();
    let setting = Setting { tally: config.engine.tally.clone(), sources, compiled, sets: Sets::default() };
    opened.fold(setting).map(|fold| fold.tally).map_err(refused)
}

/// The store is not used.
pub fn refused(refused: store::Refused) -> Failure {
    Failure::Refused(refused.text())
}

/// Where a running engine is asked for this period and brand.
pub fn path(args: &Args, more: &[(&str, &str)]) -> String {
    let given =
        [("from", &args.from), ("to", &args.to), ("day", &args.day), ("week", &args.week), ("month", &args.month), ("brand", &args.brand)];
    let given = given.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let pairs: Vec<String> = more.iter().copied().chain(given).map(|(name, value)| format!("{name}={}", tap::percent(value))).collect();
    format!("/v1/report?{}", pairs.join("&"))
}

/// What a running engine says, and where it goes on.
pub fn asked(args: &Args, path: &str, lang: Lang) -> Result<(String, Option<String>), Failure> {
    let (status, body, next) = deliveries::ask_page(&args.url, args.token.as_deref(), "GET", path, b"", lang)?;
    let text = String::from_utf8_lossy(&body).into_owned();
    if status == 200 {
        return Ok((text, next));
    }
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or_default();
    Err(Failure::Work(Both::new(format!("{status}: {detail}"), format!("{status}: {detail}"))))
}
