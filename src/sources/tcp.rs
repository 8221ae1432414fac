//! Newline-delimited JSON over TCP, from many connections at once.
//!
//! A line that its connection leaves unfinished is handed over like any other: the decoder reads it
//! if it is whole, and counts it as malformed if not.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bilingual::Both;
use crate::limits;
use crate::sources::writer::Ack;
use crate::sources::{Context, Error, Settings, Spec, Splitter, Writer};

/// The type `tcp`.
pub static SPEC: Spec = Spec { name: "tcp", keys: &["bind", "ack"], check, run };

fn check(settings: &Settings) -> Vec<Both> {
    let mut problems = Vec::new();
    if settings.bind.is_none() {
        problems.push(Both::new(
            "falta `bind`: la dirección y el puerto donde escuchar",
            "`bind` is missing: the address and port to listen on",
        ));
    }
    if settings.ack && settings.shed {
        problems.push(Both::new(
            "`ack` no va con on_full = \"shed\": lo que se descarta no se puede confirmar",
            "`ack` does not go with on_full = \"shed\": what is shed cannot be acknowledged",
        ));
    }
    problems
}

fn run(settings: Settings, ctx: Context) -> BoxFuture<'static, Result<(), Error>> {
    async move {
        let Some(bind) = settings.bind else { return Err(Error::Settings("no `bind`".to_owned())) };
        let listener = TcpListener::bind(bind).await?;
        ctx.connected(&settings.name, true);
        let address = listener.local_addr()?;
        ctx.board.update(&settings.name, |state| state.address = Some(address));
        tracing::info!(source = settings.name, %address, "listening");
        let tasks = TaskTracker::new();
        let outcome = accept(&listener, &settings, &ctx, &tasks).await;
        // Every connection sees the stop too, hands over what it has and ends.
        tasks.close();
        tasks.wait().await;
        outcome
    }
    .boxed()
}

/// How a connection can end: the label `end` of `escucha_source_connections_total`.
pub const ENDS: &[&str] = &["closed", "reset", "idle", "slow", "stop", "unkept", "engine"];

async fn accept(listener: &TcpListener, settings: &Settings, ctx: &Context, tasks: &TaskTracker) -> Result<(), Error> {
    let places = Arc::new(Semaphore::new(limits::TCP_CONNECTIONS));
    let long_lines = Arc::new(Semaphore::new(limits::TCP_LONG_LINES));
    let name: Arc<str> = settings.name.as_str().into();
    let writer = Writer::new(settings, ctx);
    loop {
        let accepted = tokio::select! {
            () = ctx.stop.cancelled() => return Ok(()),
            accepted = next(listener, &places) => accepted,
        };
        let Some((stream, place)) = accepted else {
            // No descriptor or no memory left: some are about to be given back.
            tokio::time::sleep(ctx.timing.poll).await;
            continue;
        };
        let writer = writer.another(limits::TCP_BUFFER_BYTES);
        let connection = Connection {
            ctx: ctx.clone(),
            name: name.clone(),
            long_lines: long_lines.clone(),
            ack: settings.ack,
            unkept: CancellationToken::new(),
            _place: place,
        };
        tasks.spawn(connection.serve(stream, writer));
    }
}

async fn next(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.ok()?;
    let (stream, _) = listener.accept().await.inspect_err(|error| tracing::warn!(%error, "accept failed")).ok()?;
    Some((stream, place))
}

/// Tells the client how many of its lines survive a crash, whenever there are more: a number and a line
/// break. Once of some lines that is not known, nothing more is told, and the connection ends.
async fn acknowledge(mut to: OwnedWriteHalf, mut told: UnboundedReceiver<Ack>, unkept: CancellationToken) {
    let mut durable = 0;
    while let Some((lines, receipt)) = told.recv().await {
        if receipt.await.is_err() {
            break;
        }
        durable += lines;
        if to.write_all(format!("{durable}\n").as_bytes()).await.is_err() {
            break;
        }
    }
    unkept.cancel();
}

struct Connection {
    ctx: Context,
    name: Arc<str>,
    long_lines: Arc<Semaphore>,
    /// The client is told how many of its lines survive a crash.
    ack: bool,
    /// Of some nobody can say so.
    unkept: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(self, stream: TcpStream, mut writer: Writer) {
        let mut splitter = Splitter::new(limits::TCP_READ_BYTES);
        let (mut from, to) = stream.into_split();
        let mut telling = None;
        if self.ack {
            let (acks, told) = mpsc::unbounded_channel();
            writer = writer.acknowledging(acks);
            telling = Some(tokio::spawn(acknowledge(to, told, self.unkept.clone())));
        }
        let end = self.read(&mut from, &mut splitter, &mut writer).await;
        tracing::debug!(source = &*self.name, end, unfinished = splitter.pending(), "connection ended");
        writer.meter().connection_ended(end);
        if let Some(rest) = splitter.finish() {
            let _ = writer.lines(rest).await;
        }
        let _ = writer.flush().await;
        // Ends the acknowledgements, once all were given.
        drop(writer);
        if let Some(telling) = telling {
            let _ = telling.await;
        }
    }

    /// Reads until the connection ends, and says why it did.
    async fn read(&self, stream: &mut OwnedReadHalf, splitter: &mut Splitter, writer: &mut Writer) -> &'static str {
        let clock = self.ctx.port.clock().clone();
        let mut line_began = clock.monotonic();
        let mut long_line = None;
        loop {
            if splitter.pending() < limits::TCP_READ_BYTES {
                long_line = None;
            } else if long_line.is_none() {
                // Long lines take memory, so only some connections may have one at a time.
                long_line = self.long_lines.acquire().await.ok();
            }
            let patience = match splitter.pending() {
                0 => self.ctx.timing.idle,
                _ => (line_began + self.ctx.timing.line).saturating_sub(clock.monotonic()),
            };
            let read = tokio::select! {
                biased;
                () = self.ctx.stop.cancelled() => return "stop",
                () = self.unkept.cancelled() => return "unkept",
                read = stream.read(splitter.spare()) => read,
                () = writer.ready(), if !writer.is_empty() => {
                    match writer.flush().await { Ok(()) => continue, Err(_) => return "engine" }
                }
                () = tokio::time::sleep(patience) => return if splitter.pending() == 0 { "idle" } else { "slow" },
            };
            match read {
                Ok(0) => return "closed",
                Ok(n) => {
                    if splitter.pending() == 0 {
                        // The read may have waited long for it.
                        line_began = clock.monotonic();
                    }
                    splitter.filled(n);
                }
                Err(_) => return "reset",
            }
            while let Some(lines) = splitter.next() {
                line_began = clock.monotonic();
                if writer.lines(lines).await.is_err() {
                    return "engine";
                }
            }
        }
    }
}
