//! Arguments, and the life of the process: parse, do, say what went wrong, exit.
//!
//! Exit codes: 0 done, 1 failed at work, 2 bad usage or bad configuration.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::bilingual::{Both, Lang};
use crate::config::{Config, Report, defaults};

mod backtest;
mod check;
mod computed;
mod deliveries;
mod erase;
mod health;
mod help;
mod import;
mod init;
mod live;
mod manual;
mod match_posts;
mod match_queries;
mod notify;
mod query;
mod replay;
mod report;
mod store;
mod table;
mod tap;
mod token;
mod usage;

#[derive(Debug, Parser)]
#[command(name = "escucha", version)]
struct Cli {
    #[arg(long, global = true, value_name = "LANG", value_parser = ["es", "en"])]
    lang: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(DemoArgs),
    Run(ConfigArgs),
    Check(check::Args),
    Query(query::Args),
    Match(match_posts::Args),
    #[command(subcommand, arg_required_else_help = true)]
    Import(import::Command),
    Replay(ReplayArgs),
    Backtest(backtest::Args),
    Report(report::Args),
    Tap(tap::Args),
    #[command(subcommand, arg_required_else_help = true)]
    Notify(notify::Command),
    Deliveries(deliveries::Args),
    #[command(subcommand, arg_required_else_help = true)]
    Store(store::Command),
    Erase(erase::Args),
    Health(health::Args),
    Init,
    Completions(manual::Completions),
    Man(manual::Man),
    #[command(subcommand, arg_required_else_help = true)]
    Token(token::Command),
}

#[derive(Debug, clap::Args)]
struct ConfigArgs {
    #[arg(short, long, value_name = "FILE", default_value = "escucha.toml")]
    config: PathBuf,
}

#[derive(Debug, clap::Args)]
struct DemoArgs {
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7070")]
    bind: SocketAddr,
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    speed: f64,
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
}

#[derive(Debug, clap::Args)]
struct ReplayArgs {
    #[command(flatten)]
    config: ConfigArgs,
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    #[arg(long, value_name = "N|max", default_value = "max", value_parser = speed)]
    speed: Speed,
    #[arg(long)]
    as_recorded: bool,
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Speed(Option<f64>);

fn positive(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|n: &f64| n.is_finite() && *n > 0.0).ok_or_else(|| "> 0".to_owned())
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" { Ok(Speed(None)) } else { positive(text).map(|n| Speed(Some(n))) }
}

/// Why a command did not end well.
#[derive(Debug)]
pub enum Failure {
    /// It failed at work.
    Work(Both),
    /// What it should work with was not accepted; nothing was changed.
    Refused(Both),
    /// The arguments make no sense.
    Usage(Both),
    /// The configuration cannot be used.
    Configuration(Report),
    /// Whoever read the output has gone: nothing is wrong.
    ClosedPipe,
}

impl From<Both> for Failure {
    fn from(text: Both) -> Failure {
        Failure::Work(text)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::Work(Both::new(format!("no se puede escribir: {error}"), format!("cannot write: {error}"))),
        }
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let lang = language(&args, |name| std::env::var(name).ok());
    // Not locked: threads of the engine log to stderr meanwhile.
    let mut out = io::stdout();
    let mut err = io::stderr();
    let colour = err.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    ExitCode::from(execute(&args, lang, colour, &mut out, &mut err))
}

/// Runs the command in `args` (the program's name first) and returns its exit code.
pub fn execute(args: &[OsString], lang: Lang, colour: bool, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let parsed = command(lang).try_get_matches_from(args).and_then(|m| Cli::from_arg_matches(&m));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // A stderr that cannot be written to leaves nobody to tell.
            let _ = write!(err, "{}", usage::text(&error, lang));
            return 2;
        }
        Err(help) => {
            let _ = write!(out, "{}", help::finished(&help.render().to_string(), lang));
            return 0;
        }
    };
    let done = dispatch(cli.command, lang, colour, out, err).and_then(|()| Ok(out.flush()?));
    let (code, text) = match done {
        Ok(()) | Err(Failure::ClosedPipe) => return 0,
        Err(Failure::Work(text)) => (1, format!("escucha: {}", text.get(lang))),
        Err(Failure::Usage(text) | Failure::Refused(text)) => (2, format!("escucha: {}", text.get(lang))),
        Err(Failure::Configuration(report)) => (2, report.render(lang, colour)),
    };
    let _ = writeln!(err, "{text}");
    code
}

fn dispatch(command: Command, lang: Lang, colour: bool, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => live::demo(&args, lang, out),
        Command::Run(args) => live::run(load(&args, lang, colour, err)?, args.config, lang, out),
        Command::Check(args) if args.print_defaults => Ok(out.write_all(defaults(lang).as_bytes())?),
        Command::Check(args) => check::run(load(&args.config, lang, colour, err)?, &args.config.config, lang, out),
        Command::Query(args) => query::run(&args, lang, out, err),
        Command::Match(args) => match_posts::run(&args, lang, out, err),
        Command::Import(command) => import::run(&command, lang, colour, out, err),
        Command::Replay(args) => {
            let config = load(&args.config, lang, colour, err)?;
            replay::run(&config, args, lang, out, err)
        }
        Command::Backtest(args) => backtest::run(args, lang, colour, out, err),
        Command::Report(args) => report::run(args, |given, err| load(given, lang, colour, err), lang, out, err),
        Command::Tap(args) => tap::run(&args, lang, out),
        Command::Notify(notify::Command::Test(args)) => {
            let config = load(&args.config, lang, colour, err)?;
            notify::test(&config, &args, lang, out)
        }
        Command::Deliveries(args) => deliveries::run(&args, lang, out),
        Command::Store(command) => store::run(&command, lang, out),
        Command::Erase(args) => erase::run(load(&args.config, lang, colour, err)?, &args, lang, out),
        Command::Health(args) => health::run(&args, lang, out),
        Command::Init => init::run(lang, out),
        Command::Completions(args) => manual::completions(&args, lang, out),
        Command::Man(args) => manual::man(&args, lang, out),
        Command::Token(token::Command::New(args)) => token::new(&args, lang, out),
    }
}

/// All commands with their options, as lines are parsed by them; the help is in `lang`.
pub fn command(lang: Lang) -> clap::Command {
    help::localised(Cli::command(), lang)
}

/// The configuration; its warnings are told and do no harm.
fn load(args: &ConfigArgs, lang: Lang, colour: bool, err: &mut dyn Write) -> Result<Config, Failure> {
    let (config, report) = Config::load(&args.config).map_err(Failure::Configuration)?;
    if !report.problems.is_empty() {
        writeln!(err, "{}", report.render(lang, colour))?;
    }
    Ok(config)
}

/// The language asked for by `--lang`, or else by the environment; needed before parsing, since
/// help and errors of the parser are in it.
fn language(args: &[OsString], env: impl Fn(&str) -> Option<String>) -> Lang {
    let mut args = args.iter().skip(1).take_while(|a| *a != "--");
    let mut asked = None;
    while let Some(arg) = args.next().and_then(|a| a.to_str()) {
        match arg.strip_prefix("--lang") {
            Some("") => asked = args.next().and_then(|a| OsStr::to_str(a)),
            Some(rest) if rest.starts_with('=') => asked = Some(&rest[1..]),
            _ => {}
        }
    }
    let from_env = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|name| env(name).filter(|v| !v.is_empty()));
    asked.map(str::to_owned).or_else(from_env).map_or(Lang::En, |tag| Lang::from_tag(&tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn call(line: &str) -> (u8, String, String) {
        call_with(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Exit code, standard output and standard error of a call.
    pub(super) fn call_with(args: &[&str]) -> (u8, String, String) {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let lang = language(&args, |_| None);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = execute(&args, lang, false, &mut out, &mut err);
        (code, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
    }

    #[test]
    fn the_language_comes_from_the_flag_then_the_environment() {
        let env = |name: &str| (name == "LANG").then(|| "es_MX.UTF-8".to_owned());
        for (line, want) in [
            ("escucha check", Lang::Es),
            ("escucha --lang en check", Lang::En),
            ("escucha check --lang=en", Lang::En),
            ("escucha check -- --lang en", Lang::Es),
            ("escucha --lang", Lang::Es),
        ] {
            assert_eq!(language(&words(line), env), want, "{line}");
        }
        assert_eq!(language(&words("escucha"), |_| None), Lang::En);
        assert_eq!(language(&words("escucha --lang es"), |_| None), Lang::Es);
    }

    #[test]
    fn bad_usage_is_two_in_both_languages() {
        for (line, say) in [
            ("escucha --lang es escuchar", "«escuchar»"),
            ("escucha --lang en escuchar", "'escuchar'"),
            ("escucha --lang es chek", "check"),
            ("escucha --lang es check --conifg x", "--config"),
            ("escucha --lang en check --conifg x", "--config"),
            ("escucha --lang es replay -c x", "ARCHIVO"),
            ("escucha --lang es demo --speed 0", "«0»"),
            ("escucha --lang es token new a jefe", "viewer"),
            ("escucha --lang es check -c nada.toml", "no se puede leer"),
            ("escucha --lang en check -c nada.toml", "cannot be read"),
            ("escucha --lang de check", "es, en"),
        ] {
            let (code, out, err) = call(line);
            assert_eq!(code, 2, "{line}: {err}");
            assert!(out.is_empty() && err.contains(say), "{line}: {err}");
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut err = Vec::new();
        assert_eq!(execute(&words("escucha init"), Lang::Es, false, &mut Closed, &mut err), 0);
        assert!(err.is_empty());
    }
}
