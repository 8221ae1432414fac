//! Recorded input through the engine.

use std::io::Write;
use std::path::PathBuf;

use crate::bilingual::{Both, Lang};
use crate::config::Config;

/// What `replay` was asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// The source whose format and mapping are used; the only one if `None`.
    pub source: Option<String>,
    /// How much faster than event time; `None` for as fast as possible.
    pub speed: Option<f64>,
    /// Keep the order of the files instead of sorting by time.
    pub as_recorded: bool,
    /// The recordings.
    pub files: Vec<PathBuf>,
}

/// Plays recordings through the engine and writes its alerts to `out`, one JSON object a line.
///
/// # Errors
/// What kept it from reading or writing.
pub fn run(config: &Config, options: &Options, lang: Lang, out: &mut dyn Write) -> Result<(), Both> {
    let _ = (config, options, lang, out);
    Err(Both::new("aún no conectado", "not wired"))
}
