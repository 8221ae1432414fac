//! `escucha tap`: live matched posts and alerts of a running engine in the terminal.

use std::io::Write;

use crate::alert::Severity;
use crate::bilingual::{Both, Lang};

use super::Failure;

/// `tap [FILTERS]`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the engine.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub url: String,
    /// Token with the role viewer.
    #[arg(long, value_name = "TOKEN", env = "ESCUCHA_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// What to show.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', default_value = "alerts,mentions", value_parser = ["alerts", "mentions", "windows", "status"])]
    pub channels: Vec<String>,
    /// Only these topics.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub topics: Vec<String>,
    /// Only alerts at least this bad.
    #[arg(long, value_name = "SEVERITY", value_parser = clap::builder::PossibleValuesParser::new(Severity::ALL.map(Severity::as_str)))]
    pub min_severity: Option<String>,
    /// Only posts of at least this priority.
    #[arg(long, value_name = "0-100", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub min_priority: Option<u8>,
    /// The objects of the stream as they come.
    #[arg(long)]
    pub json: bool,
}

/// Shows what a running engine finds until one of the two ends.
pub fn run(args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let _ = (args, lang, out);
    Err(Failure::Work(Both::new("aún no conectado", "not wired")))
}
