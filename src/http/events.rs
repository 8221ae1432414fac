//! `GET /v1/events`: the same objects as server-sent events.

use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};

use super::auth::Holder;
use super::session::{Frame, Session};
use super::subscription::{self, Params};
use super::{App, Code, Problem};
use crate::telemetry;
use crate::wire::ReconnectView;

/// Milliseconds that are always part of `retry`: browsers wait for as long after every attempt, and
/// those that were to come back at once must not try without end while nobody answers.
const LEAST_RETRY_MS: u64 = 1000;

/// Streams until the client leaves or the engine stops; what the engine said until then is told.
pub async fn open(
    State(app): State<App>,
    Extension(holder): Extension<Holder>,
    headers: HeaderMap,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Response, Problem> {
    subscription::admit(&app, "http")?;
    let Query(params) = params.map_err(|_| Problem::new(Code::Invalid))?;
    let mut start = subscription::start(&app, &params)?;
    if let Some((epoch, seq)) = last_event(&headers) {
        (start.epoch, start.since) = (Some(epoch), Some(seq));
    }
    let events = Events { session: Session::new(app.clone(), start, holder), app, given: None, parted: false };
    let stream = futures_util::stream::unfold(events, |mut events| async move {
        let chunk = events.next().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(chunk), events))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// What one client is sent. The server asks for more once there is room for it; a client that reads
/// nothing at all is closed below, by its connection.
struct Events {
    app: App,
    session: Session,
    /// When the last chunk was given to the server.
    given: Option<Duration>,
    /// All was told, and when to come back.
    parted: bool,
}

impl Events {
    /// The next events; `None` at the end, which is also that of a client that reads too slowly.
    async fn next(&mut self) -> Option<Bytes> {
        let now = self.app.shared.clock.monotonic();
        let waited = self.given.map_or(Duration::ZERO, |given| now.saturating_sub(given));
        if waited > self.app.settings.timing.look && self.session.backlog() > self.app.settings.backlog {
            telemetry::slow_clients("http").increment(1);
            return None;
        }
        let frames = tokio::select! {
            () = self.app.stop.cancelled() => self.session.rest(),
            frames = self.session.next() => frames,
        };
        let mut out = BytesMut::new();
        match frames {
            Some(frames) => encode(self.session.epoch(), &frames, &mut out),
            None if self.app.stop.is_cancelled() && !self.parted => self.parted = true,
            None => return None,
        }
        if self.given.is_none() || self.parted {
            retry(if self.parted { self.app.admission.advice() } else { self.session.advice() }, &mut out);
        }
        self.given = Some(self.app.shared.clock.monotonic());
        Some(out.freeze())
    }
}

/// `Last-Event-ID` as this server gave it: epoch and sequence number.
fn last_event(headers: &HeaderMap) -> Option<(String, u64)> {
    let (epoch, seq) = headers.get("last-event-id")?.to_str().ok()?.rsplit_once(':')?;
    Some((epoch.to_owned(), seq.parse().ok()?))
}

/// When to come back, as the client itself understands it.
fn retry(advice: ReconnectView, out: &mut BytesMut) {
    out.put_slice(format!("retry: {}\n\n", LEAST_RETRY_MS + advice.after_ms).as_bytes());
}

/// Several events. JSON text has no line breaks, so each is one `data` line.
fn encode(epoch: &str, frames: &[Frame], out: &mut BytesMut) {
    for frame in frames {
        if let Some(seq) = frame.seq {
            out.put_slice(format!("id: {epoch}:{seq}\n").as_bytes());
        }
        out.put_slice(b"data: ");
        out.put_slice(frame.text.as_bytes());
        out.put_slice(b"\n\n");
    }
}
