//! Two ways in: NDJSON over TCP and `POST /v1/posts`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::frames::Frames;
use crate::pace::Pace;
use crate::{Fault, frames};

/// Lines of one write at most.
pub const BATCH: u64 = 200;
/// Lines of one request at most: the next waits for its answer, which where there is a store comes with a commit.
const REQUEST: u64 = 1000;
/// A request that was told to come later is tried again after this, so many times.
const AGAIN: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 600;

/// Posts that all senders together have sent so far.
pub type Progress = Arc<AtomicU64>;

/// What a sender did.
#[derive(Debug, Clone)]
pub struct Sent {
    pub posts: u64,
    pub seconds: f64,
    /// What else is to be known.
    pub remark: String,
}

/// The posts `from..to` as lines.
fn lines(frames: &Frames, source: &str, pace: &Pace, from: u64, to: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(((to - from) * 320) as usize);
    (from..to).for_each(|n| frames.native(source, n, pace.due_at(n), &mut out));
    out
}

/// The end of the next batch: all that is due, at least one and at most `most` posts.
pub async fn next_batch(pace: &Pace, from: u64, posts: u64, most: u64) -> u64 {
    pace.until(from).await;
    pace.due_now().clamp(from + 1, from + most).min(posts)
}

pub async fn tcp(address: SocketAddr, frames: Arc<Frames>, posts: u64, rate: f64, progress: Progress) -> Result<Sent, Fault> {
    let mut stream = TcpStream::connect(address).await?;
    let pace = Pace::new(rate);
    let mut n = 0;
    while n < posts {
        let to = next_batch(&pace, n, posts, BATCH).await;
        stream.write_all(&lines(&frames, "tcp", &pace, n, to)).await?;
        progress.fetch_add(to - n, Relaxed);
        n = to;
    }
    stream.shutdown().await?;
    // The engine closes its side when it has read everything.
    let _ = stream.read(&mut [0; 1]).await;
    Ok(Sent { posts, seconds: pace.elapsed().as_secs_f64(), remark: "one connection".to_owned() })
}

pub async fn http(address: SocketAddr, frames: Arc<Frames>, posts: u64, rate: f64, progress: Progress) -> Result<Sent, Fault> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let pace = Pace::new(rate);
    let (mut n, mut told_to_wait) = (0, 0);
    while n < posts {
        let to = next_batch(&pace, n, posts, REQUEST).await;
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
        progress.fetch_add(to - n, Relaxed);
        n = to;
    }
    let remark = format!("{told_to_wait} requests told to wait (429) and sent again");
    Ok(Sent { posts, seconds: pace.elapsed().as_secs_f64(), remark })
}

/// One request on a connection that is kept; returns the status.
pub async fn post(stream: &mut TcpStream, body: &[u8]) -> Result<u16, Fault> {
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
