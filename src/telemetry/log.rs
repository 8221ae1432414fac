//! The log: lines on a terminal, JSON objects elsewhere, never a reason to wait. What it has can be changed while it runs.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// What is logged where nothing else is said.
pub const USUAL: &str = "info";
/// Says what is logged, before the configuration does.
const VARIABLE: &str = "ESCUCHA_LOG";

/// The log of the process: it has one, as it has one stderr.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

fn parse(filter: &str) -> Result<EnvFilter, String> {
    if filter.trim().is_empty() {
        return Err("empty".to_owned());
    }
    EnvFilter::builder().parse(filter).map_err(|error| error.to_string())
}

/// Whether `filter` can be used: a level (`info`), or levels by module (`info,escucha::sources=debug`).
///
/// # Errors
/// What is wrong with it, in English.
pub fn check(filter: &str) -> Result<(), String> {
    parse(filter).map(|_| ())
}

/// Logs to stderr from now on, what `ESCUCHA_LOG` says or else `usual`. What a stuck reader of stderr does not take is
/// dropped. Lines still waiting are written when the guard is dropped.
pub fn start(usual: &str) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default().lossy(true).finish(io::stderr());
    let filter = of_environment().or_else(|| parse(usual).ok()).unwrap_or_else(|| EnvFilter::new(USUAL));
    let (filter, handle) = reload::Layer::new(filter);
    let lines = fmt::layer().with_writer(writer).with_target(false);
    let lines = if io::stderr().is_terminal() { lines.boxed() } else { lines.json().boxed() };
    // Only the first call of a process can set it; later ones (in tests) change nothing.
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok() {
        let _ = FILTER.set(handle);
    }
    guard
}

fn of_environment() -> Option<EnvFilter> {
    std::env::var(VARIABLE).ok().and_then(|filter| parse(&filter).ok())
}

/// Logs what the configuration says from now on, `filter`, unless `ESCUCHA_LOG` says something else.
pub fn configured(filter: &str) {
    // It was checked when the file was read.
    let _ = if of_environment().is_some() { Ok(()) } else { set(filter) };
}

/// Logs what `filter` says from now on.
///
/// # Errors
/// What is wrong with it, in English; nothing changed.
pub fn set(filter: &str) -> Result<(), String> {
    let parsed = parse(filter)?;
    let Some(handle) = FILTER.get() else { return Ok(()) };
    handle.reload(parsed).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_checked() {
        for good in [USUAL, "warn,escucha::sources=debug", "off", "trace"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", " ", "escucha=loud", "info,=debug=x"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
