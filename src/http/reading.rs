//! A connection whose peer must go on reading: one that does not is closed.
//!
//! Answers leave as fast as they are read, so whoever stops reading holds what waits for it, and its
//! place, for as long as it likes. The kernel asks for more only when a good part of its buffer is
//! free again, so a peer that reads a byte now and then stands still too.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use metrics::Counter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::telemetry;

/// Whether a connection is watched; a WebSocket watches itself and says why it ends.
#[derive(Debug, Clone)]
pub struct Watch(Arc<AtomicBool>);

impl Default for Watch {
    fn default() -> Self {
        Watch(Arc::new(AtomicBool::new(true)))
    }
}

impl Watch {
    /// From now on the connection is not watched.
    pub fn leave(&self) {
        self.0.store(false, Relaxed);
    }
}

/// A connection whose writes fail once its peer has read nothing for a while.
#[derive(Debug)]
pub struct Reading<S> {
    stream: S,
    watch: Watch,
    stall: Duration,
    /// Writes of a WebSocket.
    writes: Counter,
    /// When to give up, while something waits to be written.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Reading<S> {
    /// Gives up after `stall` without a byte that was read.
    pub fn new(stream: S, stall: Duration, watch: Watch) -> Reading<S> {
        Reading { stream, watch, stall, writes: telemetry::stream_writes(), deadline: None }
    }

    /// Looks at the clock while a write waits, and forgets it when one got on.
    fn judge(&mut self, cx: &mut Context<'_>, written: Poll<Result<usize>>) -> Poll<Result<usize>> {
        let watched = self.watch.0.load(Relaxed);
        if !watched && written.is_ready() {
            self.writes.increment(1);
        }
        if !watched || written.is_ready() {
            self.deadline = None;
            return written;
        }
        let stall = self.stall;
        ready!(self.deadline.get_or_insert_with(|| Box::pin(sleep(stall))).as_mut().poll(cx));
        self.deadline = None;
        telemetry::slow_clients("http").increment(1);
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Reading<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Reading<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.judge(cx, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.judge(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const STALL: Duration = Duration::from_secs(30);

    /// Writes 100 bytes to a peer that takes 10 at once, one such step every `pause`.
    async fn write_to_one_that_pauses(pause: Duration, watch: Watch) -> Result<()> {
        let (ours, mut theirs) = tokio::io::duplex(10);
        // Closed with the last write, so that the peer comes to an end too.
        let writing = async move { Reading::new(ours, STALL, watch).write_all(&[7; 100]).await };
        let reading = async {
            for _ in 0..10 {
                sleep(pause).await;
                let _ = theirs.read_exact(&mut [0; 10]).await;
            }
        };
        tokio::join!(writing, reading).0
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_reads_nothing_is_given_up() {
        let slow = write_to_one_that_pauses(STALL - Duration::from_secs(1), Watch::default()).await;
        assert!(slow.is_ok(), "{slow:?}");
        let still = write_to_one_that_pauses(STALL + Duration::from_secs(1), Watch::default()).await;
        assert_eq!(still.map_err(|e| e.kind()), Err(ErrorKind::TimedOut));
        let watch = Watch::default();
        watch.leave();
        let unwatched = write_to_one_that_pauses(10 * STALL, watch).await;
        assert!(unwatched.is_ok(), "{unwatched:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn time_between_writes_does_not_count() {
        let (ours, mut theirs) = tokio::io::duplex(10);
        let mut connection = Reading::new(ours, STALL, Watch::default());
        for _ in 0..3 {
            let late = async {
                sleep(STALL / 2).await;
                theirs.read_exact(&mut [0; 20]).await
            };
            let (written, read) = tokio::join!(connection.write_all(&[7; 20]), late);
            assert!(written.is_ok() && read.is_ok(), "{written:?} {read:?}");
            sleep(10 * STALL).await;
        }
    }
}
