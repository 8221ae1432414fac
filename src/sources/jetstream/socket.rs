//! One WebSocket connection: opening it, inflating what comes, and what its errors mean.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::RETRY_AFTER;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::limits;
use crate::sources::{Error, Timing};
use crate::time::{Clock, SECOND, Timestamp};

/// What the first four bytes of a zstd dictionary say.
const DICTIONARY_MAGIC: [u8; 4] = 0xEC30_A437_u32.to_le_bytes();
/// Bytes of a refusal's body that are shown.
const SHOWN_BYTES: usize = 300;

/// The dictionary of the compressed mode.
#[derive(Clone)]
pub struct Dictionary {
    /// Its number, which stands in its header.
    pub id: u32,
    bytes: Arc<[u8]>,
}

impl Dictionary {
    /// From the bytes of the published file.
    pub fn new(bytes: &[u8]) -> io::Result<Dictionary> {
        let wrong = |text: &str| io::Error::new(io::ErrorKind::InvalidData, text.to_owned());
        if bytes.len() > limits::DICTIONARY_BYTES {
            return Err(wrong("too large for a zstd dictionary"));
        }
        let header = bytes.strip_prefix(&DICTIONARY_MAGIC).and_then(|rest| rest.first_chunk());
        let Some(id) = header else { return Err(wrong("not a zstd dictionary")) };
        Ok(Dictionary { id: u32::from_le_bytes(*id), bytes: bytes.into() })
    }
}

/// What a connection gives.
#[derive(Debug)]
pub enum Incoming {
    /// A message, inflated.
    Data(Bytes),
    /// A ping or pong.
    Alive,
}

/// An open connection.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    inflate: Option<Inflate>,
}

impl Socket {
    /// Opens a connection. `tls` says whether it should be a TLS one.
    pub async fn open(
        request: Request,
        tls: bool,
        dictionary: Option<&Dictionary>,
        timing: &Timing,
        clock: &dyn Clock,
    ) -> Result<Socket, Error> {
        // Done by the process already, unless this is a test; the second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = WebSocketConfig::default()
            .max_message_size(Some(limits::MESSAGE_BYTES))
            .max_frame_size(Some(limits::MESSAGE_BYTES))
            .write_buffer_size(0);
        let opened = timeout(timing.connect, connect_async_with_config(request, Some(config), true)).await;
        let opened = opened.map_err(|_| Error::Network(io::ErrorKind::TimedOut.into()))?;
        let (stream, _) = opened.map_err(|error| refused(error, tls, clock.now()))?;
        let inflate = dictionary.map(Inflate::new).transpose().map_err(|error| Error::Settings(format!("dictionary: {error}")))?;
        Ok(Socket { stream, inflate })
    }

    /// What comes next; safe to cancel.
    pub async fn next(&mut self) -> Result<Incoming, Error> {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Ok(Incoming::Data(text.into())),
            Some(Ok(Message::Binary(bytes))) => Ok(Incoming::Data(self.inflated(bytes))),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Incoming::Alive),
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) = frame.map_or((1005, String::new()), |f| (f.code.into(), f.reason.to_string()));
                Err(Error::Closed(format!("{code} {reason}").trim_end().to_owned()))
            }
            Some(Err(error)) => Err(broken(error)),
            None => Err(Error::Closed("1006".to_owned())),
        }
    }

    /// Asks for a sign of life.
    pub async fn ping(&mut self, patience: Duration) -> Result<(), Error> {
        match timeout(patience, self.stream.send(Message::Ping(Bytes::new()))).await {
            Ok(sent) => sent.map_err(broken),
            Err(_) => Err(Error::Stalled(patience)),
        }
    }

    /// Says goodbye, and does not wait long for the answer.
    pub async fn close(mut self, patience: Duration) {
        let _ = timeout(patience, self.stream.close(None)).await;
    }

    /// What cannot be inflated goes on as it came: the lane refuses and counts it.
    fn inflated(&mut self, bytes: Bytes) -> Bytes {
        match &mut self.inflate {
            Some(inflate) => inflate.inflate(&bytes).unwrap_or(bytes),
            None => bytes,
        }
    }
}

/// Inflates messages, each a zstd frame of its own.
struct Inflate {
    zstd: zstd::bulk::Decompressor<'static>,
    out: Vec<u8>,
}

impl Inflate {
    fn new(dictionary: &Dictionary) -> io::Result<Inflate> {
        let mut zstd = zstd::bulk::Decompressor::with_dictionary(&dictionary.bytes)?;
        zstd.set_parameter(zstd::zstd_safe::DParameter::WindowLogMax(limits::ZSTD_WINDOW_LOG))?;
        Ok(Inflate { zstd, out: Vec::with_capacity(limits::FRAME_BYTES + 1) })
    }

    /// One message; `None` if it is no frame of this dictionary or gives more than a frame's bytes.
    fn inflate(&mut self, bytes: &[u8]) -> Option<Bytes> {
        self.out.clear();
        self.zstd.decompress_to_buffer(bytes, &mut self.out).ok()?;
        Some(Bytes::copy_from_slice(&self.out))
    }
}

/// Why an opening failed.
fn refused(error: tungstenite::Error, tls: bool, now: Timestamp) -> Error {
    match error {
        tungstenite::Error::Http(response) => status(&response, now),
        tungstenite::Error::Tls(error) => Error::Tls(error.to_string()),
        tungstenite::Error::Io(error) if tls && is_tls(&error) => Error::Tls(error.to_string()),
        error => broken(error),
    }
}

/// Whether a failure of a socket is one of the TLS on it: a peer that knows none hangs up in the
/// middle of the handshake.
fn is_tls(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof || error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

/// Why a connection ended.
fn broken(error: tungstenite::Error) -> Error {
    use tungstenite::Error as Ws;
    match error {
        Ws::Io(error) => Error::Network(error),
        Ws::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Error::Closed("1006".to_owned()),
        Ws::ConnectionClosed | Ws::AlreadyClosed => Error::Closed("1006".to_owned()),
        error => Error::Garbage(error.to_string()),
    }
}

fn status(response: &tungstenite::http::Response<Option<Vec<u8>>>, now: Timestamp) -> Error {
    let body = response.body().as_deref().unwrap_or_default();
    Error::Status {
        code: response.status().as_u16(),
        retry_after: response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|value| retry_after(value, now)),
        text: String::from_utf8_lossy(body.get(..SHOWN_BYTES).unwrap_or(body)).trim().to_owned(),
    }
}

/// `Retry-After`: seconds, or a date.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
    let wait = date.as_microsecond().saturating_sub(now.0).max(0);
    Some(Duration::from_secs(wait.div_euclid(SECOND).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::from_seconds(1_445_412_470);
        for (value, want) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(10)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after(value, now).map(|d| d.as_secs()), want, "{value}");
        }
    }

    #[test]
    fn a_bomb_is_refused_within_bounded_memory() {
        let dictionary = Dictionary::new(&[DICTIONARY_MAGIC.as_slice(), &[1, 0, 0, 0]].concat()).expect("a header");
        assert_eq!(dictionary.id, 1);
        let mut inflate =
            Inflate { zstd: zstd::bulk::Decompressor::new().expect("zstd"), out: Vec::with_capacity(limits::FRAME_BYTES + 1) };
        let bomb = zstd::bulk::compress(&vec![b' '; 64 * limits::FRAME_BYTES], 3).expect("compressed");
        assert!(bomb.len() < 100_000);
        assert_eq!(inflate.inflate(&bomb), None);
        let good = zstd::bulk::compress(b"{}", 3).expect("compressed");
        assert_eq!(inflate.inflate(&good).as_deref(), Some(b"{}".as_slice()));
        assert_eq!(inflate.inflate(b"no zstd"), None);
        assert_eq!(inflate.out.capacity(), limits::FRAME_BYTES + 1);
    }
}
