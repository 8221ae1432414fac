//! `GET /v1/events`: the same objects as server-sent events.

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

/// Streams until the client leaves or the engine stops; what the engine said until then is told.
pub async fn open(
    State(app): State<App>,
    Extension(holder): Extension<Holder>,
    headers: HeaderMap,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(params) = params.map_err(|_| Problem::new(Code::Invalid))?;
    let mut start = subscription::start(&app, &params)?;
    if let Some((epoch, seq)) = last_event(&headers) {
        (start.epoch, start.since) = (Some(epoch), Some(seq));
    }
    let stop = app.stop.clone();
    let session = Session::new(app, start, holder);
    let stream = futures_util::stream::unfold((session, stop), |(mut session, stop)| async move {
        let frames = tokio::select! {
            () = stop.cancelled() => session.rest(),
            frames = session.next() => frames,
        }?;
        let chunk = encode(session.epoch(), &frames);
        Some((Ok::<Bytes, std::convert::Infallible>(chunk), (session, stop)))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// `Last-Event-ID` as this server gave it: epoch and sequence number.
fn last_event(headers: &HeaderMap) -> Option<(String, u64)> {
    let (epoch, seq) = headers.get("last-event-id")?.to_str().ok()?.rsplit_once(':')?;
    Some((epoch.to_owned(), seq.parse().ok()?))
}

/// Several events as one chunk. JSON text has no line breaks, so each is one `data` line.
fn encode(epoch: &str, frames: &[Frame]) -> Bytes {
    let mut out = BytesMut::new();
    for frame in frames {
        if let Some(seq) = frame.seq {
            out.put_slice(format!("id: {epoch}:{seq}\n").as_bytes());
        }
        out.put_slice(b"data: ");
        out.put_slice(frame.text.as_bytes());
        out.put_slice(b"\n\n");
    }
    out.freeze()
}
