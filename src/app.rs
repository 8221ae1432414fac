//! Threads, queues, start and stop.

use std::net::SocketAddr;

use crate::bilingual::{Both, Lang};
use crate::config::Config;

/// What `demo` was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demo {
    /// Where to listen.
    pub bind: SocketAddr,
    /// How much faster than the clock.
    pub speed: f64,
    /// Seed of the synthetic posts.
    pub seed: u64,
}

/// Runs the engine until it is told to stop.
///
/// # Errors
/// What kept it from starting or going on.
pub fn run(config: Config, lang: Lang) -> Result<(), Both> {
    let _ = (config, lang);
    Err(Both::new("aún no conectado", "not wired"))
}

/// Runs the engine on synthetic posts until it is told to stop.
///
/// # Errors
/// What kept it from starting or going on.
pub fn demo(demo: Demo, lang: Lang) -> Result<(), Both> {
    let _ = (demo, lang);
    Err(Both::new("aún no conectado", "not wired"))
}
