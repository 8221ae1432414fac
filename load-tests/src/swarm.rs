//! Clients of `/v1/stream`: how many frames each got, how late, and whether they agree.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use hdrhistogram::Histogram;
use tokio::sync::watch;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::Fault;
use crate::frames::{MARK, micros_now};

/// `load-tests swarm`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the engine listens, on this machine.
    #[arg(long, default_value = "127.0.0.1:7070")]
    address: SocketAddr,
    /// Clients, at most 10 000.
    #[arg(long, default_value_t = 100)]
    clients: usize,
    /// How long, at most 600 seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Channels each asks for.
    #[arg(long, default_value = "alerts,windows,status")]
    channels: String,
}

/// What clients saw.
pub struct Seen {
    pub clients: usize,
    pub frames: u64,
    pub alerts: u64,
    pub mentions: u64,
    pub dropped: u64,
    pub gaps: u64,
    /// Marked posts, from when they were due until they were read, in microseconds.
    pub late: Histogram<u64>,
    /// Hash of ids and numbers of all alerts, in order.
    pub alerts_hash: u64,
}

impl Seen {
    fn new() -> Result<Seen, Fault> {
        let late = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        Ok(Seen { clients: 1, frames: 0, alerts: 0, mentions: 0, dropped: 0, gaps: 0, late, alerts_hash: 0 })
    }

    fn frame(&mut self, text: &str) {
        self.frames += 1;
        let Ok(frame) = serde_json::from_str::<serde_json::Value>(text) else { return };
        match frame["type"].as_str() {
            Some("alert") => {
                self.alerts += 1;
                let mut hasher = DefaultHasher::new();
                (self.alerts_hash, frame["seq"].as_u64(), frame["id"].as_str()).hash(&mut hasher);
                self.alerts_hash = hasher.finish();
            }
            Some("mention") => {
                self.mentions += 1;
                self.dropped += frame["dropped"].as_u64().unwrap_or(0);
                self.mark(&frame["post"]);
            }
            Some("gap") => self.gaps += 1,
            _ => {}
        }
    }

    fn mark(&mut self, post: &serde_json::Value) {
        if !post["text"].as_str().is_some_and(|t| t.starts_with(MARK)) {
            return;
        }
        if let Some(due) = post["created_at"].as_str().and_then(|at| at.parse::<jiff::Timestamp>().ok()) {
            let late = micros_now().saturating_sub(due.as_microsecond().max(0) as u64);
            // Out of bounds is cut to the greatest.
            self.late.saturating_record(late.max(1));
        }
    }

    /// Adds another client's, if it saw the same alerts.
    pub fn add(&mut self, other: &Seen) -> Result<bool, Fault> {
        self.clients += other.clients;
        self.frames += other.frames;
        self.dropped += other.dropped;
        self.gaps += other.gaps;
        self.mentions += other.mentions;
        self.late.add(&other.late)?;
        Ok((self.alerts, self.alerts_hash) == (other.alerts, other.alerts_hash))
    }

    /// Quantiles in milliseconds.
    pub fn latency(&self) -> String {
        let ms = |q: f64| self.late.value_at_quantile(q) as f64 / 1000.0;
        format!(
            "latency from due to read, {} marked posts: p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            self.late.len(),
            ms(0.5),
            ms(0.9),
            ms(0.99),
            self.late.max() as f64 / 1000.0
        )
    }
}

/// One client until `stop` is set.
pub async fn client(address: SocketAddr, query: String, mut stop: watch::Receiver<bool>) -> Result<Seen, Fault> {
    let (mut stream, _) = connect_async(format!("ws://{address}/v1/stream?{query}")).await?;
    let mut seen = Seen::new()?;
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => seen.frame(&text),
                Some(Ok(Message::Close(why))) => return Err(format!("the engine closed the stream: {why:?}").into()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err("the stream ended".into()),
            },
            _ = stop.changed() => return Ok(seen),
        }
    }
}

pub fn run(args: &Args) -> Result<(), Fault> {
    if !args.address.ip().is_loopback() || args.clients > 10_000 || args.seconds > 600 {
        return Err("only loopback, at most 10 000 clients and 600 seconds".into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (stop, stopped) = watch::channel(false);
        let query = format!("channels={}", args.channels);
        let clients: Vec<_> = (0..args.clients).map(|_| tokio::spawn(client(args.address, query.clone(), stopped.clone()))).collect();
        tokio::time::sleep(Duration::from_secs(args.seconds)).await;
        stop.send(true)?;
        let (mut all, mut failed) = (None::<Seen>, 0);
        for client in clients {
            match (client.await?, &mut all) {
                (Err(error), _) => {
                    failed += 1;
                    eprintln!("{error}");
                }
                (Ok(seen), None) => all = Some(seen),
                (Ok(seen), Some(all)) => {
                    all.add(&seen)?;
                }
            }
        }
        let all = all.ok_or("no client came through")?;
        println!("{} clients, {failed} failed; {} frames, {} gaps, {} mentions dropped", all.clients, all.frames, all.gaps, all.dropped);
        println!("{}", all.latency());
        Ok(())
    })
}
