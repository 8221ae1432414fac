//! Where frames come from: one type of source, one file.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use dashmap::DashMap;
use tokio_util::sync::CancellationToken;

use crate::decode::Format;
use crate::intake::Port;
use crate::time::Timestamp;

/// One `[[source]]` as used. Which keys a type takes stands in its [`Spec::keys`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Name in configuration, metrics and streams.
    pub name: String,
    /// Type: a name in [`ALL`].
    pub kind: &'static str,
    /// How its frames are read.
    pub format: Format,
    /// Shed when the engine is full, instead of waiting.
    pub shed: bool,
    /// `file`: what to read.
    pub path: PathBuf,
    /// `file`: go on reading what is appended, across rotations.
    pub follow: bool,
    /// `tcp`: where to listen.
    pub bind: Option<SocketAddr>,
    /// `jetstream`: WebSocket URL.
    pub endpoint: String,
    /// `jetstream`: `wantedCollections`.
    pub collections: Vec<String>,
    /// `jetstream`: compressed mode; the path of the published dictionary.
    pub dictionary: Option<PathBuf>,
    /// `jetstream`: first cursor when none is known.
    pub cursor: Option<u64>,
}

/// State of one source, for people and metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Has a connection, an open file or a bound socket.
    pub connected: bool,
    /// When the last frame came in.
    pub last_data: Option<Timestamp>,
    /// Times it had to connect anew.
    pub reconnects: u64,
    /// Read to its end; nothing more will come.
    pub finished: bool,
    /// What is wrong, in the words of the log.
    pub problem: Option<String>,
}

/// States of all sources, shared by those that write and those that read them.
#[derive(Debug, Default)]
pub struct Board(DashMap<String, State>);

impl Board {
    /// Changes the state of the source `name`.
    pub fn update(&self, name: &str, change: impl FnOnce(&mut State)) {
        change(&mut self.0.entry(name.to_owned()).or_default());
    }
    /// All states in name order.
    pub fn all(&self) -> Vec<(String, State)> {
        let mut all: Vec<_> = self.0.iter().map(|e| (e.key().clone(), e.value().clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

/// What a running source holds on to.
#[derive(Clone)]
pub struct Context {
    /// The way into the engine.
    pub port: Port,
    /// Where it tells its state.
    pub board: Arc<Board>,
    /// Cancelled when the source must stop; it then hands over what it has and returns.
    pub stop: CancellationToken,
}

/// Opens a recording, plain, `.gz` or `.zst` by its name.
pub fn open(path: &std::path::Path) -> std::io::Result<Box<dyn std::io::BufRead + Send>> {
    Ok(Box::new(std::io::BufReader::new(std::fs::File::open(path)?)))
}
