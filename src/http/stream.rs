//! `GET /v1/stream`: frames over a WebSocket.

use std::borrow::Cow;
use std::time::Duration;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::Response;
use futures_util::SinkExt;

use super::auth::Holder;
use super::reading::Watch;
use super::serve::Place;
use super::session::{Frame, Session};
use super::subscription::{self, Params};
use super::{App, Code, Problem};
use crate::bilingual::Both;
use crate::feed::Filter;
use crate::telemetry;
use crate::wire::{self, ReconnectView, Subscribe};

/// The sub-protocol.
const PROTOCOL: &str = "escucha.v1";
/// A client sends subscriptions and nothing long.
const MESSAGE_BYTES: usize = 64 * 1024;
/// Bytes that every client has for what it says, whether it says anything or not.
const READ_BYTES: usize = 1024;
/// Frames are gathered up to this size into one write.
const WRITE_BYTES: usize = 64 * 1024;
/// Bound of what is buffered for a client that does not read: one batch and one long frame.
const UNWRITTEN_BYTES: usize = 32 * 1024 * 1024;
/// The engine stops; come back.
const RESTART: u16 = 1012;
/// The client did not keep up.
const TOO_SLOW: u16 = 4008;
/// The token it came with is no longer good.
const REVOKED: u16 = 4001;

/// Why a stream ends.
enum End {
    /// The client went away.
    Gone,
    /// The engine stops.
    Stopped,
    /// The client did not keep up.
    TooSlow,
    /// The token it came with is no longer good.
    Revoked,
}

/// Upgrades and streams.
pub async fn open(
    State(app): State<App>,
    Extension(place): Extension<Place>,
    Extension(watch): Extension<Watch>,
    Extension(holder): Extension<Holder>,
    params: Result<Query<Params>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let Query(params) = params.map_err(|_| Problem::new(Code::Invalid))?;
    let start = subscription::start(&app, &params)?;
    // To ask without an upgrade takes nobody's place.
    let upgrade = upgrade.map_err(|_| Problem::new(Code::Upgrade))?;
    subscription::admit(&app, "websocket")?;
    let upgrade = upgrade
        .protocols([Cow::Borrowed(PROTOCOL)])
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_write_buffer_size(UNWRITTEN_BYTES)
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES);
    let streams = app.streams.clone();
    Ok(upgrade.on_upgrade(move |socket| {
        streams.track_future(async move {
            let _place = place;
            // From here on `write` watches, which can still say why the stream ends.
            watch.leave();
            let session = Session::new(app.clone(), start, holder);
            serve(app, socket, session).await;
        })
    }))
}

async fn serve(app: App, mut socket: WebSocket, mut session: Session) {
    let (code, reason) = match exchange(&app, &mut socket, &mut session).await {
        End::Gone => return,
        End::Stopped => (RESTART, parting(app.admission.advice())),
        End::TooSlow => {
            telemetry::slow_clients("websocket").increment(1);
            (TOO_SLOW, "client_too_slow".to_owned())
        }
        End::Revoked => (REVOKED, "token_revoked".to_owned()),
    };
    let close = async {
        // The engine may have said something between the last write and its end.
        while let Some(frames) = session.rest().filter(|_| code == RESTART) {
            let frames = frames.into_iter().map(|f| f.text).collect();
            if send(&mut socket, &session, frames).await.is_err() {
                return;
            }
        }
        drop(session);
        // A client that is gone by now needs no close frame.
        let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = tokio::time::timeout(app.settings.timing.drain, close).await;
}

/// Why the engine leaves, and when the client should come back: what `hello` said is of a time when there
/// were fewer or more of them.
fn parting(advice: ReconnectView) -> String {
    format!("service_restart; after_ms={}; window_ms={}", advice.after_ms, advice.window_ms)
}

async fn exchange(app: &App, socket: &mut WebSocket, session: &mut Session) -> End {
    // Made once: all clients would else enter and leave its list with every alert.
    let mut stopped = std::pin::pin!(app.stop.cancelled());
    loop {
        let frames = tokio::select! {
            () = &mut stopped => return End::Stopped,
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => vec![answer(app, session, &text)],
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Binary(_))) => vec![refusal(&Problem::because(
                    Code::Invalid,
                    "aquí se envían mensajes de texto",
                    "messages are text here",
                ))],
                Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Gone,
            },
            frames = session.next() => match frames {
                Some(frames) => frames.into_iter().map(|f: Frame| f.text).collect(),
                None if session.is_allowed() => return End::Stopped,
                None => return End::Revoked,
            },
        };
        if let Err(end) = write(app, socket, session, frames).await {
            return end;
        }
    }
}

/// Writes `frames` in as few writes as they fit, and watches a client that does not read.
async fn write(app: &App, socket: &mut WebSocket, session: &Session, frames: Vec<Utf8Bytes>) -> Result<(), End> {
    let timing = app.settings.timing;
    let mut writing = std::pin::pin!(send(socket, session, frames));
    let mut waited = Duration::ZERO;
    loop {
        // A stop does not cut a frame in two: the server waits for it as long as for all that is open.
        match tokio::time::timeout(timing.look, &mut writing).await {
            Ok(written) => return written.map_err(|_| End::Gone),
            Err(_) => waited += timing.look,
        }
        if session.backlog() > app.settings.backlog || waited >= timing.stall {
            return Err(End::TooSlow);
        }
    }
}

async fn send(socket: &mut WebSocket, session: &Session, frames: Vec<Utf8Bytes>) -> Result<(), axum::Error> {
    session.sent.increment(frames.len() as u64);
    for frame in frames {
        socket.feed(Message::Text(frame)).await?;
    }
    socket.flush().await
}

/// The answer to what a client said.
fn answer(app: &App, session: &mut Session, text: &str) -> Utf8Bytes {
    let wanted = Subscribe::parse(text)
        .map_err(|e| Problem::because(Code::Invalid, format!("mensaje no entendido: {e}"), format!("message not understood: {e}")))
        .and_then(|change| subscription::changed(app, session.filter(), change));
    match wanted {
        Ok(filter) => {
            let answer = subscribed(&filter);
            session.subscribe(filter);
            answer
        }
        Err(problem) => refusal(&problem),
    }
}

fn subscribed(filter: &Filter) -> Utf8Bytes {
    let channels: Vec<&str> = filter.channels.iter().map(|c| c.as_str()).collect();
    let topics: Vec<&str> = filter.topics.iter().map(String::as_str).collect();
    let topics = (!topics.is_empty()).then_some(topics.as_slice());
    wire::subscribed_json(&channels, topics, filter.min_severity.as_str(), filter.min_priority.as_f64()).into()
}

fn refusal(problem: &Problem) -> Utf8Bytes {
    let detail: &Both = problem.detail();
    wire::error_json(problem.code(), detail).into()
}
