//! The Bluesky network over Jetstream, versions 1 and 2, plain or compressed.
//!
//! Every new connection resumes a little before the last position, and the overlap is dropped by
//! the identity of the events, so that neither a lost connection nor a sloppy cut-over from replay
//! to live loses or doubles an event.

mod endpoint;
mod event;
mod mend;
mod overlap;
mod socket;
mod watch;

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::bilingual::Both;
use crate::limits;
use crate::sources::{Context, Error, Retry, Settings, Spec, Writer};
use crate::time::Timestamp;

use endpoint::{Endpoint, Version};
use mend::{Mend, Plan};
use overlap::Overlap;
use socket::{Dictionary, Incoming, Socket};
use watch::{Verdict, Watch};

/// The type `jetstream`.
pub static SPEC: Spec = Spec { name: "jetstream", keys: &["endpoint", "collections", "dictionary", "cursor"], check, run };

/// Messages taken in a row before anything else gets its turn.
const TURN: usize = 256;

fn check(settings: &Settings) -> Vec<Both> {
    if settings.endpoint.is_empty() {
        return vec![Both::new("falta `endpoint`: la dirección del Jetstream", "`endpoint` is missing: the address of the Jetstream")];
    }
    Endpoint::new(&settings.endpoint, &settings.collections).err().unwrap_or_default()
}

fn run(settings: Settings, ctx: Context) -> BoxFuture<'static, Result<(), Error>> {
    async move {
        let mut reader = Reader::new(settings, ctx).await?;
        let mut retry = Retry::new(&reader.settings.name, &reader.ctx);
        // The source tries again by itself: what it knows of the stream outlives a connection.
        loop {
            retry.started();
            let ended = reader.connection().await;
            reader.ctx.connected(&reader.settings.name, false);
            reader.writer.flush().await?;
            match ended {
                Ok(()) => return Ok(()),
                Err(error @ Error::Engine(_)) => return Err(error),
                Err(error) if retry.pause(&error).await => {}
                Err(_) => return Ok(()),
            }
        }
    }
    .boxed()
}

async fn load(settings: &Settings) -> Result<Option<Dictionary>, Error> {
    let Some(path) = &settings.dictionary else { return Ok(None) };
    let read = tokio::fs::read(path).await.and_then(|bytes| Dictionary::new(&bytes));
    read.map(Some).map_err(|error| Error::File(path.display().to_string(), error))
}

/// What is known of the stream, across connections.
struct Reader {
    settings: Settings,
    ctx: Context,
    endpoint: Endpoint,
    dictionary: Option<Dictionary>,
    writer: Writer,
    overlap: Overlap,
    watch: Watch,
    /// The furthest position seen: it never goes back, though the stream may.
    position: Option<u64>,
    /// This connection resumed and has not gone live yet.
    catching_up: bool,
    mend: Option<Mend>,
    /// Messages without a position since the last with one.
    garbage: u32,
}

impl Reader {
    async fn new(settings: Settings, ctx: Context) -> Result<Reader, Error> {
        let endpoint = Endpoint::new(&settings.endpoint, &settings.collections).map_err(|problems| {
            let texts: Vec<&str> = problems.iter().map(|p| p.en.as_str()).collect();
            Error::Settings(texts.join("; "))
        })?;
        Ok(Reader {
            dictionary: load(&settings).await?,
            writer: Writer::new(&settings, &ctx),
            position: ctx.board.get(&settings.name).cursor.and_then(|cursor| endpoint.version.position(cursor)),
            overlap: Overlap::default(),
            watch: Watch::default(),
            catching_up: false,
            mend: None,
            garbage: 0,
            settings,
            ctx,
            endpoint,
        })
    }

    /// One connection, from its opening to its end; no error when the source must stop.
    async fn connection(&mut self) -> Result<(), Error> {
        self.mend = None;
        let stop = self.ctx.stop.clone();
        let mut socket = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            socket = self.connect() => socket?,
        };
        self.ctx.connected(&self.settings.name, true);
        self.watch.connected(self.ctx.port.clock().monotonic());
        loop {
            let now = self.ctx.port.clock().monotonic();
            let wait = match self.watch.verdict(now, &self.ctx.timing) {
                Verdict::Wait(wait) => wait,
                Verdict::Ping => {
                    socket.ping(self.ctx.timing.pong).await?;
                    self.watch.asked(now);
                    continue;
                }
                Verdict::Dead => return Err(Error::Stalled(self.watch.silence(now))),
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                incoming = socket.next() => self.turn(incoming?, &mut socket).await?,
                message = mended(&mut self.mend) => match message {
                    Some(message) => {
                        self.take(&message).await?;
                    }
                    None => self.mend = None,
                },
                () = self.writer.ready(), if !self.writer.is_empty() => self.writer.flush().await?,
                () = tokio::time::sleep(wait) => {}
            }
        }
        socket.close(self.ctx.timing.pong).await;
        Ok(())
    }

    /// Connects where it left off; where that is too long ago for the server, as early as it can.
    async fn connect(&mut self) -> Result<Socket, Error> {
        let timing = &self.ctx.timing;
        let cursor = self.position.map(|position| self.endpoint.version.rewind(position, timing)).or(self.settings.cursor);
        self.catching_up = cursor.is_some();
        match self.open(cursor).await {
            Err(Error::Status { code: 400, text, .. }) if cursor.is_some() && text.contains("CursorTooOld") => {
                tracing::error!(source = self.settings.name, cursor, text, "the server no longer has what was missed: going on live");
                self.writer.meter().gaps.increment(1);
                self.position = None;
                self.catching_up = false;
                self.open(None).await
            }
            outcome => outcome,
        }
    }

    async fn open(&self, cursor: Option<u64>) -> Result<Socket, Error> {
        let request = self.endpoint.request(cursor, self.dictionary.as_ref().map(|d| d.id))?;
        tracing::info!(source = self.settings.name, url = %request.uri(), "connecting");
        Socket::open(request, self.endpoint.tls, self.dictionary.as_ref(), &self.ctx.timing, &**self.ctx.port.clock()).await
    }

    /// Takes what came, and what else is there already.
    async fn turn(&mut self, mut incoming: Incoming, socket: &mut Socket) -> Result<(), Error> {
        for taken in 1.. {
            match incoming {
                Incoming::Data(message) => {
                    let before = self.position;
                    let position = self.take(&message).await?;
                    if let Some(position) = position.filter(|_| self.catching_up) {
                        self.notice_cut_over(before, position);
                    }
                    self.watch.data(self.ctx.port.clock().monotonic());
                }
                Incoming::Alive => self.watch.alive(),
            }
            // What is fetched must be taken, so the turn ends before the next is.
            if taken == TURN {
                break;
            }
            let Some(next) = socket.next().now_or_never() else { break };
            incoming = next?;
        }
        Ok(())
    }

    /// Hands on a message unless it came before; its position, if it has one.
    async fn take(&mut self, message: &[u8]) -> Result<Option<u64>, Error> {
        if message.trim_ascii().is_empty() {
            return Ok(None);
        }
        let Some(event) = event::read(self.endpoint.version, message) else {
            self.garbage += 1;
            if self.garbage > limits::GARBAGE_RUN {
                return Err(Error::Garbage("messages without a position only".to_owned()));
            }
            self.writer.message(message).await?;
            return Ok(None);
        };
        self.garbage = 0;
        let new = self.overlap.is_new(event.identity);
        if self.is_plausible(event.position) {
            self.position = self.position.max(Some(event.position));
        }
        if new {
            self.writer.message(message).await?;
        } else {
            self.writer.meter().overlap.increment(1);
        }
        if let Some(position) = self.position {
            self.writer.cursor(self.endpoint.version.cursor(position));
        }
        Ok(Some(event.position))
    }

    /// A position in the far future would make the next connection skip everything until then.
    fn is_plausible(&self, position: u64) -> bool {
        self.endpoint.version == Version::V2
            || i64::try_from(position).is_ok_and(|at| at <= self.ctx.port.clock().now().plus(limits::FUTURE).0)
    }

    /// Once a resumed connection of version 1 has gone live, has its cut-over read once more, from
    /// before the last event ahead of it. Version 2 delivers in the order of `seq` and needs no such
    /// thing.
    fn notice_cut_over(&mut self, before: Option<u64>, position: u64) {
        let now = self.ctx.port.clock().now();
        let at = Timestamp(i64::try_from(position).unwrap_or(i64::MAX));
        if self.endpoint.version == Version::V2 || now.since(at) > micros(self.ctx.timing.live) {
            return;
        }
        self.catching_up = false;
        self.mend = Some(Mend::start(Plan {
            endpoint: self.endpoint.clone(),
            dictionary: self.dictionary.clone(),
            timing: self.ctx.timing.clone(),
            clock: self.ctx.port.clock().clone(),
            from: Version::V1.rewind(before.unwrap_or(position).min(position), &self.ctx.timing),
            until: position.saturating_add(micros(self.ctx.timing.rewind).unsigned_abs()),
        }));
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The next message of a mend; for ever pending without one.
async fn mended(mend: &mut Option<Mend>) -> Option<Bytes> {
    match mend {
        Some(mend) => mend.next().await,
        None => std::future::pending().await,
    }
}
