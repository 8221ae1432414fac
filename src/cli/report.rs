//! `escucha report`: the figures of the care teams, from recordings or from a running engine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ConfigArgs, Failure, deliveries, replay, tap};
use crate::bilingual::{Both, Lang};
use crate::config::{Config, TopicIds};
use crate::journal::{Sets, Setting};
use crate::lane::Compiled;
use crate::report::{self, Format, Period, Report, Subject};
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
    brand: Option<String>,
    /// How it is written.
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = clap::builder::PossibleValuesParser::new(Format::ALL.map(Format::as_str)))]
    format: String,
    /// Where to.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Address of the engine that is asked where there are no files.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    url: String,
    /// Token with the role viewer.
    #[arg(long, value_name = "TOKEN", env = "ESCUCHA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Out of the store of an engine that does not run.
    #[arg(long, conflicts_with_all = ["files", "url"])]
    stored: bool,
    /// The source whose format the files have.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Recordings.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
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
    let format = Format::named(&args.format).unwrap_or(Format::Text);
    let text = if args.files.is_empty() && !args.stored {
        asked(&args, format, lang)?
    } else {
        let config = load(&args.config, err)?;
        let report = if args.stored { stored(&args, &config, period)? } else { recorded(&args, &config, period)? };
        wire::report_as(&report, format, lang)
    };
    match &args.out {
        None => out.write_all(text.as_bytes())?,
        Some(path) => std::fs::write(path, &text).map_err(|error| unwritable(path, &error))?,
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
    config.plan.subjects(args.brand.as_deref()).ok_or_else(|| {
        let all = config.plan.brands.iter().map(|b| b.name.as_str()).collect::<Vec<_>>().join(", ");
        let name = args.brand.as_deref().unwrap_or_default();
        Failure::Usage(Both::new(
            format!("no hay ninguna [[brand]] que se llame «{name}»; hay: {all}"),
            format!("there is no [[brand]] called '{name}'; there are: {all}"),
        ))
    })
}

/// Out of recordings, replayed in event time.
fn recorded(args: &Args, config: &Config, period: Period) -> Result<Report, Failure> {
    let subjects = subjects(args, config)?;
    // Of all the sources only the one whose recordings these are is heard.
    let carried = replay::source(config, args.source.as_deref())?.own_posts;
    let plan = report::Plan { carried, ..config.plan.clone() };
    let tally: Tally = replay::tally(config, args.source.as_deref(), args.files.clone())?;
    Ok(plan.report(&subjects, period, |brand, from, to| tally.matters_of(brand, from, to)))
}

/// Out of the store that an engine left behind.
fn stored(args: &Args, config: &Config, period: Period) -> Result<Report, Failure> {
    let subjects = subjects(args, config)?;
    let Some(settings) = config.store.as_ref().filter(|s| s.path.exists()) else {
        return Err(Failure::Usage(Both::new(
            "--stored lee el archivo de [store], y no hay ninguno",
            "--stored reads the file of [store], and there is none",
        )));
    };
    let refused = |refused: store::Refused| Failure::Refused(refused.text());
    let mut opened = store::Opened::open(settings, "").map_err(refused)?;
    let mut ids = TopicIds::known(opened.names.topics.clone());
    let compiled = Arc::new(Compiled::new(config.listening(&mut ids, opened.names.version + 1)));
    let sources = config.sources.iter().map(|s| s.name.clone()).collect();
    let setting = Setting { tally: config.engine.tally.clone(), sources, compiled, sets: Sets::default() };
    let tally = opened.fold(setting).map_err(refused)?.tally;
    Ok(config.plan.report(&subjects, period, |brand, from, to| tally.matters_of(brand, from, to)))
}

/// Out of a running engine.
fn asked(args: &Args, format: Format, lang: Lang) -> Result<String, Failure> {
    let given =
        [("from", &args.from), ("to", &args.to), ("day", &args.day), ("week", &args.week), ("month", &args.month), ("brand", &args.brand)];
    let mut path = format!("/v1/report?format={}&lang={}", format.as_str(), lang.pick("es", "en"));
    for (name, value) in given {
        if let Some(value) = value {
            path += &format!("&{name}={}", tap::percent(value));
        }
    }
    let (status, body) = deliveries::ask(&args.url, args.token.as_deref(), "GET", &path, lang)?;
    let text = String::from_utf8_lossy(&body).into_owned();
    if status == 200 {
        return Ok(text);
    }
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let detail = problem.get("detail").and_then(serde_json::Value::as_str).unwrap_or_default();
    Err(Failure::Work(Both::new(format!("{status}: {detail}"), format!("{status}: {detail}"))))
}
