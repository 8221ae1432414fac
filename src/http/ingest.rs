//! `POST /v1/posts`: NDJSON, or one JSON object however it is laid out; plain or gzip.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::IgnoredAny;
use tokio::sync::{SemaphorePermit, oneshot};

use super::page::json;
use super::{App, Code, Problem};
use crate::intake::{NotTaken, Port, Receipt};
use crate::limits;
use crate::wire::{self, IngestAnswer, RefusedLine};

/// Unit in which room for bodies is counted.
pub const KIB: usize = 1024;
/// Pause before a buffer of a body that was taken in part is offered again.
const PAUSE: Duration = Duration::from_millis(5);
/// Seconds after which a client that was turned away may try again.
pub const RETRY_AFTER: u32 = 1;

/// Takes posts and tells what became of every line.
pub async fn posts(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let Some(port) = app.shared.port.clone() else {
        return Err(Problem::because(
            Code::Unavailable,
            "la configuración no tiene ninguna fuente de tipo «http»",
            "the configuration has no source of type \"http\"",
        ));
    };
    if app.shared.store.as_ref().is_some_and(|health| health.problem().is_some()) {
        return Err(unkept());
    }
    if !port.is_free() {
        return Err(Problem::new(Code::Busy).retry_after(RETRY_AFTER));
    }
    let _room = room(&app, &headers).await?;
    let body = read(&app, body, limits::BODY_BYTES).await?;
    let body = tokio::task::spawn_blocking(move || unpack(&headers, body)).await.map_err(|_| Problem::new(Code::Unavailable))??;
    let deadline = tokio::time::sleep(app.settings.timing.body);
    tokio::pin!(deadline);
    let mut sending = Sending::new(&port, body);
    let late = tokio::select! {
        done = sending.run() => { done?; false }
        () = &mut deadline => true,
    };
    let answer = sending.finish().await?;
    if late && answer.accepted == 0 && answer.refused.is_empty() {
        return Err(Problem::new(Code::Busy).retry_after(RETRY_AFTER));
    }
    let now = app.shared.clock.now();
    app.shared.board.update(app.shared.feed.source(port.source()), |s| s.last_data = Some(now));
    Ok(json(wire::json(&answer)))
}

/// Nobody can say that the posts would survive a crash. Whoever sends them again does no harm.
fn unkept() -> Problem {
    let problem = Problem::because(
        Code::Unavailable,
        "no se puede garantizar que los mensajes sobrevivan a una caída: reenvíalos",
        "nobody can say that the posts would survive a crash: send them again",
    );
    problem.retry_after(RETRY_AFTER)
}

/// Room for a body, packed and unpacked, so that many bodies at once are not too many bytes at once.
pub async fn room<'a>(app: &'a App, headers: &HeaderMap) -> Result<SemaphorePermit<'a>, Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|l| l.to_str().ok()).and_then(|l| l.parse::<usize>().ok());
    let packed = if headers.contains_key(header::CONTENT_ENCODING) { limits::BODY_BYTES } else { 0 };
    let kib = (length.unwrap_or(limits::BODY_BYTES).min(limits::BODY_BYTES) + packed).div_ceil(KIB);
    let permit = app.bodies.acquire_many(u32::try_from(kib).unwrap_or(u32::MAX));
    match tokio::time::timeout(app.settings.timing.body, permit).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Problem::new(Code::Busy).retry_after(RETRY_AFTER)),
    }
}

/// The whole body as it came, within `most` bytes and its limit of time.
pub async fn read(app: &App, body: Body, most: usize) -> Result<Bytes, Problem> {
    let collected = tokio::time::timeout(app.settings.timing.body, Limited::new(body, most).collect()).await;
    match collected {
        Err(_) => Err(Problem::new(Code::BodyTimeout)),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(too_large(most)),
        Ok(Err(_)) => Err(Problem::because(Code::Invalid, "el cuerpo se cortó", "the body was cut off")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

fn too_large(most: usize) -> Problem {
    let most = most / KIB;
    Problem::because(
        Code::TooLarge,
        format!("caben {most} KiB, contados ya descomprimidos"),
        format!("{most} KiB fit, counted after decompression"),
    )
}

/// The body without its encoding and with one frame per line.
fn unpack(headers: &HeaderMap, body: Bytes) -> Result<Vec<u8>, Problem> {
    let encoding = headers.get(header::CONTENT_ENCODING).map_or(&b"identity"[..], |e| e.as_bytes());
    let mut bytes = match encoding {
        b"identity" => Vec::from(body),
        b"gzip" | b"x-gzip" => {
            let mut out = Vec::new();
            let read = MultiGzDecoder::new(&*body).take(limits::BODY_BYTES as u64 + 1).read_to_end(&mut out);
            read.map_err(|_| Problem::because(Code::Invalid, "el gzip está dañado", "the gzip is damaged"))?;
            if out.len() > limits::BODY_BYTES {
                return Err(too_large(limits::BODY_BYTES));
            }
            out
        }
        _ => return Err(Problem::because(Code::Encoding, "vale gzip o nada", "gzip or nothing will do")),
    };
    // One JSON value over several lines is one frame. Reading NDJSON this way ends at its second line.
    if serde_json::from_slice::<IgnoredAny>(&bytes).is_ok() {
        bytes.iter_mut().filter(|b| matches!(b, b'\n' | b'\r')).for_each(|b| *b = b' ');
    }
    Ok(bytes)
}

/// A body on its way into the engine, a buffer at a time.
struct Sending<'a> {
    port: &'a Port,
    body: Vec<u8>,
    /// Bytes and lines handed over.
    sent: usize,
    lines: u64,
    /// First line of each buffer, counted from 0, and what will be told of it.
    receipts: Vec<(u64, oneshot::Receiver<Receipt>)>,
}

impl<'a> Sending<'a> {
    fn new(port: &'a Port, body: Vec<u8>) -> Sending<'a> {
        Sending { port, body, sent: 0, lines: 0, receipts: Vec::new() }
    }

    /// Hands over everything. A body of which nothing was taken yet is not kept waiting; one that was
    /// taken in part is worth some patience.
    async fn run(&mut self) -> Result<(), Problem> {
        while let Some(rest) = self.body.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let chunk = rest.get(..chunk(rest)).unwrap_or(rest);
            let (bytes, lines) = (chunk.len(), memchr::memchr_iter(b'\n', chunk).count() as u64);
            match self.port.try_send_with_receipt(chunk.to_vec()) {
                Ok(receipt) => {
                    self.receipts.push((self.lines, receipt));
                    self.sent += bytes;
                    self.lines += lines;
                }
                Err(NotTaken::Closed) => return Err(Problem::new(Code::Unavailable)),
                Err(NotTaken::Full(_)) if self.sent == 0 => return Err(Problem::new(Code::Busy).retry_after(RETRY_AFTER)),
                Err(NotTaken::Full(_)) => tokio::time::sleep(PAUSE).await,
            }
        }
        Ok(())
    }

    /// What became of all that was handed over.
    async fn finish(self) -> Result<IngestAnswer, Problem> {
        let mut answer =
            IngestAnswer { resume_at_line: (self.sent < self.body.len()).then_some(self.lines + 1), ..IngestAnswer::default() };
        for (first, receipt) in self.receipts {
            let receipt = receipt.await.map_err(|_| unkept())?;
            answer.accepted += receipt.accepted;
            answer.refused.extend(receipt.refused.iter().map(|(line, why)| RefusedLine::new(first + u64::from(*line) + 1, *why)));
        }
        Ok(answer)
    }
}

/// Length of the next buffer: whole lines up to the size of a buffer, or one line that is longer.
fn chunk(rest: &[u8]) -> usize {
    let head = rest.get(..limits::BUFFER_BYTES).unwrap_or(rest);
    if head.len() == rest.len() {
        return rest.len();
    }
    match memchr::memrchr(b'\n', head) {
        Some(end) => end + 1,
        None => memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_cut_at_line_ends() {
        let long = vec![b'x'; limits::BUFFER_BYTES + 5];
        let mut body = b"1\n".to_vec();
        body.extend_from_slice(&long);
        body.extend_from_slice(b"\n2\n3");
        let mut parts = Vec::new();
        let mut rest = &body[..];
        while !rest.is_empty() {
            let n = chunk(rest);
            parts.push(n);
            rest = &rest[n..];
        }
        assert_eq!(parts, [2, long.len() + 1, 3]);
    }

    #[test]
    fn one_value_over_several_lines_is_one_frame() {
        for (body, want) in [
            ("{\n\"id\": \"1\"\r\n}\n", "{ \"id\": \"1\"  } "),
            ("{\"id\":\"1\"}\n{\"id\":\"2\"}\n", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n"),
            ("{\n", "{\n"),
            ("", ""),
        ] {
            let got = unpack(&HeaderMap::new(), Bytes::from_static(body.as_bytes())).expect("plain");
            assert_eq!(String::from_utf8_lossy(&got), want);
        }
    }
}
