//! One client of `/v1/stream`: what it read, whether anything is missing, how late it was.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

use futures_util::StreamExt;
use hdrhistogram::Histogram;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::Fault;
use crate::frames::{MARK, micros_now};

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What clients read.
#[derive(Debug, Default)]
pub struct Seen {
    pub frames: u64,
    pub alerts: u64,
    pub mentions: u64,
    /// Mentions that the engine says it dropped.
    pub dropped: u64,
    /// Gaps in the alerts that the engine told of ...
    pub gaps: u64,
    /// ... and those that it did not.
    pub holes: u64,
    /// Sequence number of the last alert.
    last: Option<u64>,
    /// Hash of all alerts in order, byte for byte.
    pub alerts_hash: u64,
}

/// How an alert begins.
pub const ALERT: &str = r#"{"type":"alert""#;

/// Number after `key` in the text.
pub fn number(text: &str, key: &str) -> Option<u64> {
    let rest = text.split_once(key)?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl Seen {
    /// Takes a frame in; the type stands first in every frame, but for `dropped`.
    pub fn frame(&mut self, text: &str) {
        self.frames += 1;
        let head = text.get(..64).unwrap_or(text);
        if head.starts_with(ALERT) {
            self.alert(number(head, r#""seq":"#));
        } else if head.starts_with(r#"{"type":"gap""#) {
            self.gaps += 1;
            self.last = None;
        } else if head.contains(r#""type":"mention""#) {
            self.mentions += 1;
            self.dropped += head.strip_prefix(r#"{"dropped":"#).and_then(|rest| number(rest, "")).unwrap_or(0);
        }
    }

    fn alert(&mut self, seq: Option<u64>) {
        self.alerts += 1;
        if seq.is_none() || self.last.is_some() && self.last.map(|last| last + 1) != seq {
            self.holes += 1;
        }
        self.last = seq;
    }

    /// Takes a frame into the hash of all alerts.
    pub fn remember(&mut self, text: &str) {
        if text.starts_with(ALERT) {
            let mut hasher = DefaultHasher::new();
            (self.alerts_hash, text).hash(&mut hasher);
            self.alerts_hash = hasher.finish();
        }
    }
}

/// Microseconds up to ten minutes; what is later is cut.
pub fn histogram() -> Result<Histogram<u64>, Fault> {
    Ok(Histogram::new_with_bounds(1, 600_000_000, 3)?)
}

/// Quantiles in milliseconds.
pub fn quantiles(late: &Histogram<u64>) -> String {
    let ms = |q: f64| late.value_at_quantile(q) as f64 / 1000.0;
    format!("p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms, max {:.1} ms ({} times)", ms(0.5), ms(0.9), ms(0.99), ms(1.0), late.len())
}

pub async fn connect(address: SocketAddr, query: &str) -> Result<Socket, Fault> {
    Ok(connect_async(format!("ws://{address}/v1/stream?{query}")).await?.0)
}

/// The next text; an error if the stream ends.
pub async fn next(socket: &mut Socket) -> Result<Utf8Bytes, Fault> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Close(why))) => return Err(format!("the engine closed the stream: {why:?}").into()),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => return Err("the stream ended".into()),
        }
    }
}

/// Reads until `stop`.
pub async fn reader(address: SocketAddr, query: &str, mut stop: watch::Receiver<bool>) -> Result<Seen, Fault> {
    let mut socket = connect(address, query).await?;
    let mut seen = Seen::default();
    loop {
        tokio::select! {
            text = next(&mut socket) => {
                let text = text?;
                seen.frame(&text);
                seen.remember(&text);
            }
            _ = stop.changed() => return Ok(seen),
        }
    }
}

/// How late marked posts were, by their source, from when they were due until they were read.
pub type Late = BTreeMap<String, Histogram<u64>>;

/// Reads marked posts until `stop`.
pub async fn marked(address: SocketAddr, query: &str, mut stop: watch::Receiver<bool>) -> Result<(Seen, Late), Fault> {
    let mut socket = connect(address, query).await?;
    let (mut seen, mut late) = (Seen::default(), Late::new());
    loop {
        tokio::select! {
            text = next(&mut socket) => {
                let text = text?;
                seen.frame(&text);
                mark(&text, &mut late)?;
            }
            _ = stop.changed() => return Ok((seen, late)),
        }
    }
}

fn mark(text: &str, late: &mut Late) -> Result<(), Fault> {
    let frame: serde_json::Value = serde_json::from_str(text)?;
    let post = &frame["post"];
    let Some(source) = frame["source"].as_str().filter(|_| post["text"].as_str().is_some_and(|t| t.starts_with(MARK))) else {
        return Ok(());
    };
    let due: jiff::Timestamp = post["created_at"].as_str().ok_or("a mention without a time")?.parse()?;
    let micros = micros_now().saturating_sub(due.as_microsecond().unsigned_abs());
    if !late.contains_key(source) {
        late.insert(source.to_owned(), histogram()?);
    }
    if let Some(histogram) = late.get_mut(source) {
        histogram.saturating_record(micros.max(1));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_shows() {
        let alert = |seq: u64| format!(r#"{{"type":"alert","seq":{seq},"id":"a"}}"#);
        let mut seen = Seen::default();
        for text in [&alert(7), &alert(8), r#"{"type":"mention","post":{}}"#, r#"{"dropped":12,"type":"mention"}"#] {
            seen.frame(text);
        }
        assert_eq!((seen.frames, seen.alerts, seen.mentions, seen.dropped, seen.holes), (4, 2, 2, 12, 0));
        seen.frame(&alert(10));
        assert_eq!((seen.holes, seen.gaps), (1, 0));
        seen.frame(r#"{"type":"gap","channel":"alerts"}"#);
        seen.frame(&alert(20));
        assert_eq!((seen.holes, seen.gaps), (1, 1));
    }

    #[test]
    fn clients_that_read_the_same_agree() {
        let hash = |texts: &[&str]| {
            let mut seen = Seen::default();
            texts.iter().for_each(|text| seen.remember(text));
            seen.alerts_hash
        };
        let (a, b, status) = (r#"{"type":"alert","seq":1}"#, r#"{"type":"alert","seq":2}"#, r#"{"type":"status"}"#);
        assert_eq!(hash(&[a, b]), hash(&[a, status, b]));
        assert_ne!(hash(&[a, b]), hash(&[b, a]));
        assert_ne!(hash(&[a, b]), hash(&[a]));
    }

    #[test]
    fn a_marked_post_is_timed_by_its_source() {
        let mut late = Late::new();
        for (text, source) in [(MARK, "tcp"), (MARK, "http"), ("otra cosa", "tcp")] {
            let frame =
                serde_json::json!({"type": "mention", "source": source, "post": {"text": text, "created_at": "2026-07-04T10:00:00Z"}});
            mark(&frame.to_string(), &mut late).expect("a frame");
        }
        let counts: Vec<(&str, u64)> = late.iter().map(|(source, h)| (source.as_str(), h.len())).collect();
        assert_eq!(counts, [("http", 1), ("tcp", 1)]);
    }
}
