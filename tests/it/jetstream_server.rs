//! A local Jetstream that behaves as told: it replays and goes live, and misbehaves on request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// How a connection ends.
#[derive(Clone)]
pub enum End {
    /// With a close frame.
    Close(u16),
    /// Without one: what a client calls 1006.
    Abort,
    /// It stays open and answers pings.
    Silent,
    /// It stays open and reads nothing any more.
    Dead,
}

/// Status, headers and body.
pub type Refusal = (u16, Vec<(&'static str, &'static str)>, &'static str);

/// What one connection does. Events are numbered from 0 in the order of the server.
#[derive(Clone)]
pub struct Behaviour {
    /// An answer instead of a stream.
    pub refuse: Option<Refusal>,
    /// Sent first, as they are.
    pub prelude: Vec<Message>,
    /// Events the server has when the client comes: replayed from the cursor on.
    pub known: usize,
    /// Events that get lost at the cut-over from replay to live.
    pub lost: usize,
    /// Events around the cut-over are sent twice and in reverse.
    pub jumbled: bool,
    /// Live events up to this one.
    pub until: usize,
    /// And then?
    pub end: End,
}

impl Behaviour {
    /// Replays events below `known`, then sends the rest below `until`, then `end`s.
    pub fn new(known: usize, until: usize, end: End) -> Behaviour {
        Behaviour { refuse: None, prelude: Vec::new(), known, lost: 0, jumbled: false, until, end }
    }
}

/// What a client asked for.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    pub path: String,
    pub query: Vec<(String, String)>,
}

impl Opening {
    pub fn get(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
    pub fn cursor(&self) -> Option<u64> {
        self.get("cursor").map(|cursor| cursor.parse().unwrap())
    }
}

/// One event: its position and its text.
pub type Event = (u64, Vec<u8>);

struct Script {
    events: Vec<Event>,
    dictionary: Option<Vec<u8>>,
    /// One for each connection; the last for all that follow.
    behaviours: Vec<Behaviour>,
}

pub struct Server {
    pub address: SocketAddr,
    openings: Arc<Mutex<Vec<Opening>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Serves `events` as the `behaviours` say, compressed with `dictionary` for those who ask.
    pub async fn start(events: Vec<Event>, dictionary: Option<Vec<u8>>, behaviours: Vec<Behaviour>) -> Server {
        Server::start_at("127.0.0.1:0".parse().unwrap(), events, dictionary, behaviours).await
    }

    /// The same at an address, as one that comes back.
    pub async fn start_at(at: SocketAddr, events: Vec<Event>, dictionary: Option<Vec<u8>>, behaviours: Vec<Behaviour>) -> Server {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let openings = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(Script { events, dictionary, behaviours });
        let (log, mut next) = (openings.clone(), 0);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let last = script.behaviours.len() - 1;
                tokio::spawn(serve(stream, script.clone(), last.min(next), log.clone()));
                next += 1;
            }
        });
        Server { address, openings, task }
    }

    /// What clients asked for so far.
    pub fn openings(&self) -> Vec<Opening> {
        self.openings.lock().unwrap().clone()
    }
}

fn parse(uri: &str) -> Opening {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let pair = |p: &str| p.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
    Opening { path: path.to_owned(), query: query.split('&').filter_map(pair).collect() }
}

#[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
async fn serve(stream: TcpStream, script: Arc<Script>, number: usize, log: Arc<Mutex<Vec<Opening>>>) {
    let behaviour = &script.behaviours[number];
    let mut opening = Opening::default();
    let answer = |request: &Request, mut response: Response| {
        opening = parse(&request.uri().to_string());
        log.lock().unwrap().push(opening.clone());
        if let Some(protocol) = request.headers().get("sec-websocket-protocol") {
            response.headers_mut().insert("sec-websocket-protocol", protocol.clone());
        }
        let Some((status, headers, body)) = &behaviour.refuse else { return Ok(response) };
        let mut refusal = ErrorResponse::new(Some((*body).to_owned()));
        *refusal.status_mut() = (*status).try_into().unwrap();
        for (name, value) in headers {
            refusal.headers_mut().insert(*name, value.parse().unwrap());
        }
        refusal.headers_mut().insert("content-length", body.len().to_string().parse().unwrap());
        Err(refusal)
    };
    let Ok(mut socket) = accept_hdr_async(stream, answer).await else { return };
    // A client that hangs up in the middle is none of the server's business.
    let _ = play(&mut socket, &script, behaviour, &opening).await;
}

async fn play(
    socket: &mut WebSocketStream<TcpStream>,
    script: &Script,
    behaviour: &Behaviour,
    opening: &Opening,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    // In as few writes as they fit, so that the client finds many at once.
    for message in &behaviour.prelude {
        socket.feed(message.clone()).await?;
    }
    socket.flush().await?;
    let compressed = opening.get("compress") == Some("true") || opening.get("zstdDictionary").is_some();
    let mut zstd =
        script.dictionary.as_ref().filter(|_| compressed).map(|dictionary| zstd::bulk::Compressor::with_dictionary(3, dictionary).unwrap());
    for i in order(script, behaviour, opening.cursor()) {
        let text = &script.events[i].1;
        let message = match &mut zstd {
            Some(zstd) => Message::Binary(zstd.compress(text).unwrap().into()),
            None => Message::Text(String::from_utf8(text.clone()).unwrap().into()),
        };
        socket.send(message).await?;
    }
    match behaviour.end {
        End::Close(code) => {
            socket.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await?;
            while socket.next().await.is_some() {}
        }
        End::Abort => {}
        End::Silent => while socket.next().await.is_some() {},
        End::Dead => tokio::time::sleep(Duration::from_secs(3600)).await,
    }
    Ok(())
}

/// Which events are sent, in which order.
fn order(script: &Script, behaviour: &Behaviour, cursor: Option<u64>) -> Vec<usize> {
    let replayed = (0..behaviour.known).filter(|i| cursor.is_some_and(|cursor| script.events[*i].0 >= cursor));
    let live = behaviour.known + behaviour.lost..behaviour.until;
    if !behaviour.jumbled {
        return replayed.chain(live).collect();
    }
    let mut order: Vec<usize> = replayed.collect();
    let seam = order.len().saturating_sub(8);
    order.extend(live);
    let end = order.len().min(seam + 16);
    let twice: Vec<usize> = order[seam..end].iter().rev().copied().collect();
    order.splice(end..end, twice);
    order[seam..end].reverse();
    order
}
