//! The log: lines on a terminal, JSON objects elsewhere, never a reason to wait.

use std::io::{self, IsTerminal};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Logs to stderr from now on; level by `ESCUCHA_LOG` (default `info`). What a stuck reader of
/// stderr does not take is dropped. Lines still waiting are written when the guard is dropped.
pub fn start() -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default().lossy(true).finish(io::stderr());
    let filter = EnvFilter::try_from_env("ESCUCHA_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    // Only the first call of a process can set it; later ones (in tests) change nothing.
    let _ = if io::stderr().is_terminal() { log.try_init() } else { log.json().try_init() };
    guard
}
