//! Where frames come from: one type of source, one file.
//!
//! A source reads, cuts what it reads into lines and hands buffers of them to its port; it decodes
//! nothing. [`supervise`] runs it until it has read everything or must stop, and after a failure
//! starts it again with a back-off that depends on the class of the error.

mod error;
mod input;
mod pipe;
mod retry;
mod splitter;
mod writer;

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::bilingual::Both;
use crate::decode::Format;
use crate::intake::Port;
use crate::limits;
use crate::telemetry::{self, SourceMeter};
use crate::time::Timestamp;
pub use crate::topic::Cursor;
use crate::topic::Sign;

pub use error::{Class, Error};

use retry::Retry;
use splitter::Splitter;
use writer::Writer;

register!(Spec: file, stdin, tcp, http, jetstream);

/// One registered type of source.
pub struct Spec {
    /// Name in the configuration: the file's name with `_` as `-`.
    pub name: &'static str,
    /// Configuration keys it takes beside `name`, `type`, `format`, `map`, `time_format` and
    /// `on_full`.
    pub keys: &'static [&'static str],
    /// What is wrong with the settings; nothing when empty.
    pub check: fn(&Settings) -> Vec<Both>,
    /// Reads until the end, an error or the stop.
    pub run: fn(Settings, Context) -> BoxFuture<'static, Result<(), Error>>,
}

/// The type of source called `kind`.
pub fn spec(kind: &str) -> Option<&'static Spec> {
    ALL.iter().find(|spec| spec.name == kind).copied()
}

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
    /// It carries the posts of our own accounts, so that it tells what was answered.
    pub own_posts: bool,
    /// `file`: what to read.
    pub path: PathBuf,
    /// `file`: go on reading what is appended, across rotations.
    pub follow: bool,
    /// `tcp`: where to listen.
    pub bind: Option<SocketAddr>,
    /// `tcp`: every client is told how many of its lines survive a crash.
    pub ack: bool,
    /// `jetstream`: WebSocket URL.
    pub endpoint: String,
    /// `jetstream`: `wantedCollections`.
    pub collections: Vec<String>,
    /// `jetstream`: compressed mode; the path of the published dictionary.
    pub dictionary: Option<PathBuf>,
    /// `jetstream`: first cursor when none is known, of the version the endpoint speaks.
    pub cursor: Option<u64>,
}

impl Settings {
    /// A source with every other key left out.
    pub fn new(name: impl Into<String>, kind: &'static str, format: Format) -> Settings {
        Settings {
            name: name.into(),
            kind,
            format,
            shed: false,
            own_posts: false,
            path: PathBuf::new(),
            follow: false,
            bind: None,
            ack: false,
            endpoint: String::new(),
            collections: Vec::new(),
            dictionary: None,
            cursor: None,
        }
    }
}

/// State of one source, for people and metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Has a connection, an open file or a bound socket.
    pub connected: bool,
    /// Where it listens, if it does.
    pub address: Option<SocketAddr>,
    /// When the last frame came in.
    pub last_data: Option<Timestamp>,
    /// Times it had to connect anew.
    pub reconnects: u64,
    /// Read to its end; nothing more will come.
    pub finished: bool,
    /// What is wrong, in the words of the log.
    pub problem: Option<String>,
    /// Where to go on after a restart: everything before it was handed over. A source starts from
    /// what stands here when it starts.
    pub cursor: Option<Cursor>,
}

/// States of all sources, shared by those that write and those that read them.
#[derive(Debug, Default)]
pub struct Board(DashMap<String, State>);

impl Board {
    /// Changes the state of the source `name`.
    pub fn update(&self, name: &str, change: impl FnOnce(&mut State)) {
        change(&mut self.0.entry(name.to_owned()).or_default());
    }
    /// The state of the source `name`.
    pub fn get(&self, name: &str) -> State {
        self.0.get(name).map(|state| state.clone()).unwrap_or_default()
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
    /// How long it waits for what.
    pub timing: Timing,
}

impl Context {
    /// With the usual timing.
    pub fn new(port: Port, board: Arc<Board>, stop: CancellationToken) -> Context {
        Context { port, board, stop, timing: Timing::default() }
    }

    /// Tells people, metrics and the engine whether the source `name` is connected.
    pub(crate) fn connected(&self, name: &str, connected: bool) {
        SourceMeter::new(name).connected.set(if connected { 1.0 } else { 0.0 });
        // Who is told to stop is not missed.
        if connected || !self.stop.is_cancelled() {
            self.port.sign(if connected { Sign::Up } else { Sign::Down });
        }
        self.board.update(name, |state| {
            state.connected = connected;
            if connected {
                state.problem = None;
            }
        });
    }
}

/// How long sources wait for what. The defaults are for production; tests shorten them.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// `file`: between two looks at a followed file.
    pub poll: Duration,
    /// `tcp`: for the end of a line that has begun.
    pub line: Duration,
    /// `tcp`: for anything at all.
    pub idle: Duration,
    /// First back-off after a network error; the other classes follow from it.
    pub back_off: Duration,
    /// Longest back-off after a network error.
    pub back_off_cap: Duration,
    /// An attempt that brought data and lived as long starts the back-off anew.
    pub healthy: Duration,
    /// `jetstream`: for a connection.
    pub connect: Duration,
    /// `jetstream`: silence is suspicious after as many times the longest gap of late ...
    pub silence_factor: u32,
    /// ... but not before this ...
    pub silence_min: Duration,
    /// ... and always after this.
    pub silence_max: Duration,
    /// `jetstream`: for the answer to a ping.
    pub pong: Duration,
    /// `jetstream` v1: how far the cursor is rewound when connecting again.
    pub rewind: Duration,
    /// `jetstream` v2: the same, in sequence numbers.
    pub rewind_seqs: u64,
    /// `jetstream`: an event this close to now is live, no longer replayed.
    pub live: Duration,
    /// `jetstream`: after the cut-over from replay to live, before it is read once more.
    pub mend: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        let seconds = Duration::from_secs;
        Timing {
            poll: Duration::from_millis(200),
            line: seconds(30),
            idle: seconds(60 * 60),
            back_off: seconds(2),
            back_off_cap: seconds(60),
            healthy: seconds(30),
            connect: seconds(15),
            silence_factor: 5,
            silence_min: seconds(10),
            silence_max: seconds(120),
            pong: seconds(5),
            rewind: seconds(10),
            rewind_seqs: 10_000,
            live: seconds(5),
            mend: seconds(15),
        }
    }
}

/// Makes the counters of what may never happen to the source `name` exist, before it does.
pub fn zero(name: &str, ends: &[&'static str]) {
    telemetry::zero_source(name, Class::ALL.iter().map(|class| class.as_str()), ends);
}

/// Runs the source of `settings` until it has read everything, must stop, or the engine is gone.
pub async fn supervise(settings: Settings, ctx: Context) {
    let name = settings.name.clone();
    zero(&name, if settings.kind == "tcp" { tcp::ENDS } else { &[] });
    let Some(spec) = spec(settings.kind) else {
        tracing::error!(source = name, kind = settings.kind, "no such type of source");
        return;
    };
    let mut retry = Retry::new(&name, &ctx);
    loop {
        retry.started();
        let outcome = (spec.run)(settings.clone(), ctx.clone()).await;
        ctx.connected(&name, false);
        match outcome {
            Ok(()) => {
                let finished = !ctx.stop.is_cancelled();
                ctx.board.update(&name, |state| state.finished = finished);
                ctx.port.sign(Sign::Ended);
                tracing::info!(source = name, finished, "source ended");
                return;
            }
            Err(Error::Engine(_)) => return,
            Err(error) => {
                if !retry.pause(&error).await {
                    return;
                }
            }
        }
    }
}

/// Reads the next line of a recording into `line`, with its break; false at the end. Of a line that
/// no decoder would take, only as much as shows that: `limits::FRAME_BYTES` and one byte.
pub fn read_line(input: &mut (impl BufRead + ?Sized), line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = memchr::memchr(b'\n', chunk).map(|i| i + 1);
        let taken = end.unwrap_or(chunk.len());
        let room = (limits::FRAME_BYTES + 1).saturating_sub(line.len());
        line.extend_from_slice(chunk.get(..taken.min(room)).unwrap_or_default());
        input.consume(taken);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Opens a recording, plain, `.gz` or `.zst` by its name.
pub fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    Ok(Box::new(BufReader::with_capacity(limits::BUFFER_BYTES, input::Input::open(path)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_line_without_end_is_read_in_bounded_memory() {
        let endless = io::repeat(b'a').take(5 * limits::FRAME_BYTES as u64);
        let mut input = BufReader::new(endless.chain(&b"\nb\n\nc"[..]));
        let mut lines = Vec::new();
        let mut line = Vec::new();
        while read_line(&mut input, &mut line).expect("readable") {
            assert!(line.capacity() <= 2 * limits::FRAME_BYTES + 2);
            lines.push(line.clone());
        }
        assert_eq!(lines, [vec![b'a'; limits::FRAME_BYTES + 1], b"b\n".to_vec(), b"\n".to_vec(), b"c".to_vec()]);
    }
}
