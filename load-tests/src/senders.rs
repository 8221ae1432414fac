//! Three ways in: NDJSON over TCP, `POST /v1/posts`, and a WebSocket server that speaks Jetstream.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use crate::frames::{Frames, micros_now};
use crate::pace::Pace;
use crate::{Fault, frames};

/// Lines of one request or one write.
const BATCH: u64 = 200;
/// A request that was told to come later is tried again after this, so many times.
const AGAIN: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 600;

/// What a sender did.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub posts: u64,
    pub seconds: f64,
    /// Requests that were answered 429 and sent again.
    pub told_to_wait: u64,
}

/// When post `n` was due, as microseconds since 1970.
fn due_at(pace: &Pace, n: u64) -> u64 {
    micros_now().saturating_sub(pace.elapsed().as_micros() as u64) + pace.due(n).as_micros() as u64
}

/// The posts `from..to` as lines.
fn lines(frames: &Frames, source: &str, pace: &Pace, from: u64, to: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(((to - from) * 320) as usize);
    (from..to).for_each(|n| frames.native(source, n, due_at(pace, n), &mut out));
    out
}

/// The end of the next batch: all that is due, at least one and at most `BATCH` posts.
async fn next_batch(pace: &Pace, from: u64, posts: u64) -> u64 {
    pace.until(from).await;
    pace.due_now().clamp(from + 1, from + BATCH).min(posts)
}

pub async fn tcp(address: SocketAddr, frames: Arc<Frames>, posts: u64, rate: f64) -> Result<Sent, Fault> {
    let mut stream = TcpStream::connect(address).await?;
    let pace = Pace::new(rate);
    let mut n = 0;
    while n < posts {
        let to = next_batch(&pace, n, posts).await;
        stream.write_all(&lines(&frames, "tcp", &pace, n, to)).await?;
        n = to;
    }
    stream.shutdown().await?;
    // The engine closes its side when it has read everything.
    let _ = stream.read(&mut [0; 1]).await;
    Ok(Sent { posts, seconds: pace.elapsed().as_secs_f64(), told_to_wait: 0 })
}

pub async fn http(address: SocketAddr, frames: Arc<Frames>, posts: u64, rate: f64) -> Result<Sent, Fault> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let pace = Pace::new(rate);
    let (mut n, mut told_to_wait) = (0, 0);
    while n < posts {
        let to = next_batch(&pace, n, posts).await;
        let body = lines(&frames, "http", &pace, n, to);
        let mut attempts = 0;
        while post(&mut stream, &body).await? == 429 {
            attempts += 1;
            told_to_wait += 1;
            if attempts > ATTEMPTS {
                return Err("the engine answered 429 for a minute".into());
            }
            tokio::time::sleep(AGAIN).await;
        }
        n = to;
    }
    Ok(Sent { posts, seconds: pace.elapsed().as_secs_f64(), told_to_wait })
}

/// One request on a connection that is kept; returns the status.
async fn post(stream: &mut TcpStream, body: &[u8]) -> Result<u16, Fault> {
    let head = format!(
        "POST /v1/posts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let (status, _) = answer(stream).await?;
    if status == 200 || status == 202 || status == 429 { Ok(status) } else { Err(format!("POST /v1/posts: {status}").into()) }
}

/// Reads one answer with `Content-Length`: status and body.
pub async fn answer(stream: &mut TcpStream) -> Result<(u16, Vec<u8>), Fault> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(i) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break i + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err("the connection was closed".into());
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or("no status")?;
    let length: usize = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok()).ok_or("no length")?;
    let mut body = bytes.split_off(end);
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err("the connection was closed".into());
        }
    }
    Ok((status, body))
}

/// Serves one Jetstream client, then holds the connection until the engine leaves.
pub async fn jetstream(listener: TcpListener, frames: Arc<Frames>, posts: u64, rate: f64) -> Result<Sent, Fault> {
    let (stream, _) = listener.accept().await?;
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    let pace = Pace::new(rate);
    let mut n = 0;
    while n < posts {
        let to = next_batch(&pace, n, posts).await;
        for post in n..to {
            socket.feed(Message::text(frames.jetstream(post, due_at(&pace, post)))).await?;
        }
        socket.flush().await?;
        n = to;
    }
    let sent = Sent { posts, seconds: pace.elapsed().as_secs_f64(), told_to_wait: 0 };
    tokio::spawn(async move {
        use futures_util::StreamExt;
        while let Some(Ok(_)) = socket.next().await {}
    });
    Ok(sent)
}

/// How many lines a second this program can make: what is near it measures the program.
pub fn ceiling(frames: &Frames) -> f64 {
    let posts = 200_000;
    let start = std::time::Instant::now();
    let pace = Pace::new(1e9);
    let mut n = 0;
    while n < posts {
        std::hint::black_box(lines(frames, "ceiling", &pace, n, n + BATCH));
        n += BATCH;
    }
    posts as f64 / start.elapsed().as_secs_f64()
}

/// Marked posts among the first `posts`.
pub fn marked(posts: u64) -> u64 {
    posts.div_ceil(frames::MARK_EVERY)
}
