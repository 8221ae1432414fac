//! A server that speaks Jetstream, version 1: it breaks its first connection once, and gives to those
//! who come with a cursor everything from there on, so that a client must come back, drop what it
//! had, and lose nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use crate::Fault;
use crate::frames::Frames;
use crate::pace::Pace;
use crate::senders::{BATCH, Progress, Sent, next_batch};

/// The first connection is broken after one in as many posts.
const BREAK_AFTER: u64 = 4;

struct Server {
    frames: Arc<Frames>,
    pace: Pace,
    posts: u64,
    /// How many posts have been sent at least once.
    furthest: watch::Sender<u64>,
    /// Events sent, with those that were sent again.
    events: AtomicU64,
    progress: Progress,
}

/// Serves until every post was sent to some connection; those that are open stay so.
pub async fn serve(listener: TcpListener, frames: Arc<Frames>, posts: u64, rate: f64, progress: Progress) -> Result<Sent, Fault> {
    let (first, _) = listener.accept().await?;
    let (furthest, mut sent) = watch::channel(0);
    let server = Arc::new(Server { frames, pace: Pace::new(rate), posts, furthest, events: AtomicU64::new(0), progress });
    let connections = Arc::new(AtomicU64::new(1));
    tokio::spawn(server.clone().connection(first, 0));
    let (accepting, number) = (server.clone(), connections.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(accepting.clone().connection(stream, number.fetch_add(1, Relaxed)));
        }
    });
    sent.wait_for(|n| *n >= posts).await?;
    let again = server.events.load(Relaxed).saturating_sub(posts);
    let remark = format!("{} connections, {again} events sent again", connections.load(Relaxed));
    Ok(Sent { posts, seconds: server.pace.elapsed().as_secs_f64(), remark })
}

impl Server {
    /// A client that leaves in the middle is none of the server's business.
    async fn connection(self: Arc<Server>, stream: TcpStream, number: u64) {
        let _ = self.stream(stream, number).await;
    }

    #[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
    async fn stream(&self, stream: TcpStream, number: u64) -> Result<(), Fault> {
        let mut cursor = None;
        let answer = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            let query = request.uri().query().unwrap_or_default();
            cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor=")?.parse().ok());
            Ok(response)
        };
        let mut socket = tokio_tungstenite::accept_hdr_async(stream, answer).await?;
        let start = if number == 0 { 0 } else { self.pace.due_now() };
        let mut n = cursor.map_or(start, |cursor| self.pace.first_at(cursor));
        let end = if number == 0 { self.posts / BREAK_AFTER } else { self.posts };
        while n < end {
            let to = next_batch(&self.pace, n, end, BATCH).await;
            for post in n..to {
                socket.feed(Message::text(self.frames.jetstream(post, self.pace.due_at(post)))).await?;
            }
            socket.flush().await?;
            self.sent(n, to);
            n = to;
        }
        // The first is dropped without a goodbye; the others stay until the engine leaves.
        while number > 0 && matches!(socket.next().await, Some(Ok(_))) {}
        Ok(())
    }

    fn sent(&self, from: u64, to: u64) {
        self.events.fetch_add(to - from, Relaxed);
        self.furthest.send_if_modified(|furthest| {
            let new = to.saturating_sub(*furthest);
            self.progress.fetch_add(new, Relaxed);
            *furthest += new;
            new > 0
        });
    }
}
