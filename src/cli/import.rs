//! `escucha import`: the rules of another service as topics of `escucha.toml`.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Failure;
use crate::bilingual::{Both, Lang};
use crate::config::{self, Report};
use crate::eql::{self, Code, Options, Problem};
use crate::limits;
use crate::query::Accents;
use crate::wire::QueryProblem;

mod fragment;
mod powertrack;

/// `import …`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Rules of PowerTrack or of the filtered stream of X.
    Powertrack(Args),
}

/// `import powertrack FILE...`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(long, value_name = "NAME", conflicts_with = "by_tag")]
    topic: Option<String>,
    #[arg(long)]
    by_tag: bool,
    #[arg(long)]
    json: bool,
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// How an imported query is read: as PowerTrack does, accents as typed and quoted posts included.
const SETTINGS: Options<'static> = Options { accents: Accents::Exact, strict: false, quoted: true, everything: false, names: None };

/// Warnings about what means the same in PowerTrack, or what the settings decide.
const EXPECTED: [Code; 3] = [Code::W101, Code::W104, Code::W108];

/// One rule as it was read.
struct Imported {
    /// Its place in the file, from 1.
    number: usize,
    /// Its text, in the names of this language.
    text: String,
    tag: String,
    /// What the reader has to say; with an error it is left out.
    problems: Vec<Problem>,
}

impl Imported {
    fn is_left_out(&self) -> bool {
        self.problems.iter().any(|p| p.is_error)
    }
}

/// The rules of one file.
struct Read {
    file: String,
    rules: Vec<Imported>,
}

/// The rules that become one topic, each with the file it stands in.
struct Topic<'a> {
    name: String,
    rules: Vec<(&'a str, &'a Imported)>,
}

/// Prints the topics that the rules of the files become; what cannot be imported goes to `err`.
pub fn run(command: &Command, lang: Lang, colour: bool, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let Command::Powertrack(args) = command;
    if let Some(name) = args.topic.as_deref().filter(|name| !config::is_name(name)) {
        let es = format!("el tema «{name}» no se puede llamar así: sin / , \" \\ ni espacios en los extremos");
        return Err(Failure::Usage(Both::new(es, format!("a topic cannot be called “{name}”: no / , \" \\ or spaces at either end"))));
    }
    let read = files(&args.files, lang, colour, err)?;
    let topics = topics(args, &read);
    match args.json {
        true => writeln!(out, "{}", object(&read, &topics, lang))?,
        false => {
            tell(&read, lang, err)?;
            write!(out, "{}", fragment::print(&read, &topics, lang))?;
        }
    }
    out.flush()?;
    let all = read.iter().map(|r| r.rules.len()).sum::<usize>();
    match read.iter().flat_map(|r| &r.rules).filter(|r| r.is_left_out()).count() {
        0 => Ok(()),
        left => {
            Err(Failure::Work(Both::new(format!("{left} de {all} reglas quedan fuera"), format!("{left} of {all} rules were left out"))))
        }
    }
}

/// All files, or what is wrong with those that cannot be read.
fn files(paths: &[PathBuf], lang: Lang, colour: bool, err: &mut dyn Write) -> Result<Vec<Read>, Failure> {
    let mut read = Vec::new();
    let mut refused: Vec<Report> = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|e| Failure::Usage(Both::new(format!("{shown}: no se puede leer: {e}"), format!("{shown}: cannot be read: {e}"))))?;
        match powertrack::read(&shown, bytes) {
            Ok(rules) => read.push(Read { file: shown, rules: rules.into_iter().enumerate().map(imported).collect() }),
            Err(report) => refused.push(report),
        }
    }
    let Some(last) = refused.pop() else { return Ok(read) };
    for report in refused {
        writeln!(err, "{}", report.render(lang, colour))?;
    }
    Err(Failure::Configuration(last))
}

fn imported((index, rule): (usize, powertrack::Rule)) -> Imported {
    let text = powertrack::translated(&rule.value);
    let mut problems = eql::parse(&text, &SETTINGS).problems;
    // Warnings about a query that cannot be read only hide the error.
    let refused = problems.iter().any(|p| p.is_error);
    problems.retain(|p| if refused { p.is_error } else { !EXPECTED.contains(&p.code) });
    Imported { number: index + 1, text, tag: powertrack::flat(&rule.tag.unwrap_or_default()), problems }
}

/// One topic for each file; with `--topic` one for all, with `--by-tag` one for each tag.
fn topics<'a>(args: &Args, read: &'a [Read]) -> Vec<Topic<'a>> {
    let mut topics: Vec<(String, Topic<'a>)> = Vec::new();
    for (number, file) in read.iter().enumerate() {
        let stem = Path::new(&file.file).file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        for rule in &file.rules {
            let (key, name) = match &args.topic {
                Some(name) => (String::new(), name.clone()),
                None if args.by_tag && !rule.tag.is_empty() => (format!("t{}", rule.tag), as_name(&rule.tag)),
                None => (format!("f{number}"), as_name(&stem)),
            };
            match topics.iter_mut().find(|(known, _)| *known == key) {
                Some((_, topic)) => topic.rules.push((&file.file, rule)),
                None => {
                    let name = unused(name, |n| topics.iter().any(|(_, t)| t.name == n));
                    topics.push((key, Topic { name, rules: vec![(&file.file, rule)] }));
                }
            }
        }
    }
    topics.into_iter().map(|(_, topic)| topic).collect()
}

/// `text` as near as a topic's name can be to it.
fn as_name(text: &str) -> String {
    let plain = |c: char| if c.is_control() || matches!(c, '/' | ',' | '"' | '\\') { ' ' } else { c };
    let words: String = text.chars().map(plain).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    // Room for a number at the end.
    let short: String = words.chars().take(limits::NAME_CHARS - 8).collect();
    match short.trim_end() {
        "" => "powertrack".to_owned(),
        name => name.to_owned(),
    }
}

fn unused(name: String, taken: impl Fn(&str) -> bool) -> String {
    (2..).map(|n| format!("{name} {n}")).find(|n| !taken(n)).filter(|_| taken(&name)).unwrap_or(name)
}

/// What is wrong with the rules, each under its file, number and tag.
fn tell(read: &[Read], lang: Lang, err: &mut dyn Write) -> Result<(), Failure> {
    for file in read {
        for rule in file.rules.iter().filter(|r| !r.problems.is_empty()) {
            let what = match rule.is_left_out() {
                true => lang.pick(" queda fuera", " left out"),
                false => lang.pick(" importada, con avisos", " imported, with warnings"),
            };
            writeln!(err, "{}: {}:{what}", file.file, title(rule, lang))?;
            for (problem, more) in distinct(&rule.problems) {
                let (text, near) = near(&rule.text, problem);
                write!(err, "{}", eql::caret(&text, &near, lang))?;
                match more {
                    0 => {}
                    1 => writeln!(err, "      {}", lang.pick("(una vez más en esta regla)", "(once more in this rule)"))?,
                    n => writeln!(err, "      ({n} {})", lang.pick("veces más en esta regla", "times more in this rule"))?,
                }
            }
            writeln!(err)?;
        }
    }
    Ok(())
}

/// Number and tag of a rule.
fn title(rule: &Imported, lang: Lang) -> String {
    let number = format!("{} {}", lang.pick("regla", "rule"), rule.number);
    match rule.tag.as_str() {
        "" => number,
        tag => format!("{number} «{tag}»"),
    }
}

/// The first of the problems that say the same, and how many more there are.
fn distinct(problems: &[Problem]) -> Vec<(&Problem, usize)> {
    let mut found: Vec<(&Problem, usize)> = Vec::new();
    for problem in problems {
        match found.iter_mut().find(|(p, _)| p.code == problem.code && p.cause == problem.cause) {
            Some((_, more)) => *more += 1,
            None => found.push((problem, 0)),
        }
    }
    found
}

/// Most characters shown on either side of a place, and of the place itself.
const AROUND: usize = 32;

/// The part of a long rule around a problem, and the problem with its place in that part.
fn near(text: &str, problem: &Problem) -> (String, Problem) {
    let chars: Vec<char> = text.chars().collect();
    let (start, end) = (problem.span.start as usize, problem.span.end as usize);
    let from = start.saturating_sub(AROUND);
    let end = end.min(start + AROUND).max(start);
    let to = (end + AROUND).min(chars.len());
    let before = if from > 0 { "…" } else { "" };
    let after = if to < chars.len() { "…" } else { "" };
    let part: String = chars.get(from..to).unwrap_or_default().iter().collect();
    let moved = |at: usize| (at - from + before.chars().count()) as u32;
    (format!("{before}{part}{after}"), Problem { span: moved(start)..moved(end), ..problem.clone() })
}

fn object(read: &[Read], topics: &[Topic<'_>], lang: Lang) -> Value {
    let queries = |topic: &Topic<'_>| -> Vec<Value> {
        let kept = topic.rules.iter().filter(|(_, r)| !r.is_left_out());
        kept.map(|(_, r)| json!({"query": r.text, "tag": r.tag})).collect()
    };
    let topics: Vec<Value> = topics
        .iter()
        .map(|t| json!({"name": t.name, "accents": "exact", "quoted": true, "queries": queries(t)}))
        .filter(|t| t.pointer("/queries/0").is_some())
        .collect();
    let rules = |left_out: bool| -> Vec<Value> {
        let all = read.iter().flat_map(|f| f.rules.iter().map(move |r| (f, r)));
        let some = all.filter(|(_, r)| !r.problems.is_empty() && r.is_left_out() == left_out);
        some.map(|(f, r)| {
            let problems: Vec<QueryProblem> = r.problems.iter().map(|p| QueryProblem::new(p, lang)).collect();
            json!({"file": f.file, "rule": r.number, "tag": r.tag, "query": r.text, "problems": problems})
        })
        .collect()
    };
    json!({"topics": topics, "left_out": rules(true), "warnings": rules(false)})
}

#[cfg(test)]
mod tests;
