//! The real server on a loopback port, driven by real clients.

use std::borrow::Borrow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use escucha::alert::{Alert, Reason, Severity, Status};
use escucha::app::{Acted, Beat, Desk, Done, Engine, Parts, Sink, Swapped};
use escucha::bilingual::{Both, Lang};
use escucha::clusters::{ClusterId, Pace, Size};
use escucha::config::{Config, TopicIds};
use escucha::decode::{Format, Mapping};
use escucha::delivery::{Delivery, Target};
use escucha::feed::Feed;
use escucha::http::{Asker, Joins, NotStarted, Pulse, Server, Settings, Shared, Timing, Token};
use escucha::intake::Buffer;
use escucha::lane::{Compiled, Outcome};
use escucha::limits;
use escucha::post::{Author, Post, PostBuf};
use escucha::recall::Recall;
use escucha::routing;
use escucha::score::{Addend, Score};
use escucha::sources::Board;
use escucha::tally::{self, Applied, Event, Mention, MentionTopic, TopicWindows};
use escucha::telemetry::Exposition;
use escucha::time::{Clock, SystemClock, Timestamp};
use escucha::topic::{SourceId, TopicId};
use escucha::window::Tallied;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

mod api;
mod attention;
mod crowd;
mod incidents;
mod ingest;
mod queries;
mod report;
mod screens;
mod share;
mod slow;
mod stream;
mod topics;

/// Long enough for a loaded machine; nothing waits for it in a test that passes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server over a whole engine, whose feed the test may publish to as well.
struct World {
    server: Server,
    feed: Arc<Feed>,
    engine: Engine,
    board: Arc<Board>,
    tokens: Arc<ArcSwap<Vec<Token>>>,
    pulse: Arc<Pulse>,
}

/// What a test changes.
struct Plan {
    tokens: Vec<Token>,
    timing: Timing,
    backlog: u64,
    joins: Joins,
    /// Buffers of the `http` source in flight at once; 0 for an engine without such a source.
    share: usize,
    /// Where to listen.
    ip: [u8; 4],
    /// What to listen for, and the file a reload reads.
    config: String,
    file: Option<PathBuf>,
    /// Who is told of alerts.
    delivery: (routing::Settings, Vec<Target>),
    /// Hears of everything the tally does, beside the feed.
    hear: Hear,
}

/// Hears of one buffer that was applied.
type Hear = Option<Box<dyn FnMut(&Buffer, &Outcome, &Applied) + Send>>;

/// Two topics.
const TOPICS: &str = "
[[topic]]
name = 'caida-app'
query = 'caída'
weight = 10
[[topic]]
name = 'fraude'
query = 'fraude'
weight = 10
";

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            tokens: Vec::new(),
            timing: Timing::default(),
            backlog: u64::MAX,
            joins: Joins::default(),
            share: 4,
            ip: [127, 0, 0, 1],
            config: TOPICS.to_owned(),
            file: None,
            delivery: Default::default(),
            hear: None,
        }
    }
}

/// Publishes what the tally says.
struct Publish(Arc<Feed>, Hear);

impl Sink for Publish {
    fn applied(&mut self, mut done: Done, events: &mut Vec<Event>) {
        if let Some(hear) = &mut self.1 {
            hear(&done.buffer, &done.outcome, &done.applied);
        }
        self.0.publish_all(events.drain(..));
        if let Some(answer) = done.answer() {
            answer.give();
        }
    }
    fn ticked(&mut self, _: Beat, events: &mut Vec<Event>) {
        self.0.publish_all(events.drain(..));
    }
    fn acted(&mut self, acted: Acted, events: &mut Vec<Event>) {
        self.0.publish_all(events.drain(..));
        acted.tell();
    }
}

impl World {
    async fn start(plan: Plan) -> World {
        World::try_start(plan).await.expect("a free port")
    }

    async fn try_start(plan: Plan) -> Result<World, NotStarted> {
        let config = Config::read("e.toml", plan.config, Path::new("")).unwrap_or_else(|r| panic!("{}", r.render(Lang::En, false))).0;
        let mut ids = TopicIds::default();
        let listening = config.listening(&mut ids, 1);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let feed = Feed::new("E1".to_owned(), vec!["api".to_owned()]);
        let (settings, targets) = plan.delivery;
        let delivery = Delivery::start(feed.clone(), clock.clone(), settings, targets, 1, None).expect("nothing kept");
        let formats = vec![Format { name: "escucha", mapping: Mapping::default() }];
        let recall = Arc::new(Recall::new(config.engine.recall_bytes, formats.clone()));
        let parts = Parts {
            lanes: 2,
            formats: formats.clone(),
            tally: tally::Tally::new(tally::Settings {
                lateness: 0,
                dedupe: limits::DEDUPE,
                recent_bytes: limits::RECENT_BYTES,
                past: None,
                taken: Default::default(),
            }),
            compiled: Arc::new(Compiled::new(listening)),
            clock: clock.clone(),
        };
        let sink = Box::new(Publish(feed.clone(), plan.hear));
        let engine = Engine::start_recalling(parts, recall.clone(), sink).expect("threads");
        let board = Arc::new(Board::default());
        let pulse = Arc::new(Pulse::default());
        let swapped = Swapped { tokens: Arc::new(ArcSwap::from_pointee(plan.tokens)), ..Swapped::new(&config) };
        let tokens = swapped.tokens.clone();
        let shared = Shared {
            pulse: pulse.clone(),
            store: None,
            reader: None,
            feed: feed.clone(),
            intake: engine.intake.clone(),
            port: (plan.share > 0).then(|| engine.intake.port(SourceId(0), plan.share, metrics::Counter::noop())),
            delivery,
            asker: Asker::new(engine.asks.clone()),
            board: board.clone(),
            desk: Arc::new(Desk::new(&config, plan.file, ids, engine.intake.clone(), swapped.clone())),
            recall,
            metrics: Exposition::detached(),
            clock,
            version: "9.9.9",
            tokens: swapped.tokens,
            wall: swapped.wall,
            plan: swapped.plan,
        };
        let mut settings = Settings::new(SocketAddr::from((plan.ip, 0)));
        settings.allowed_origins = vec!["https://sala.example".to_owned()];
        settings.timing = plan.timing;
        settings.backlog = plan.backlog;
        settings.joins = plan.joins;
        let server = Server::start(settings, shared).await?;
        Ok(World { server, feed, engine, board, pulse, tokens })
    }

    fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// A WebSocket client with `headers`.
    async fn connect(&self, query: &str, headers: &[(&'static str, &str)]) -> Result<Client, tungstenite::Error> {
        let mut request = format!("ws://{}/v1/stream?{query}", self.address()).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await?;
        Ok(Client(socket))
    }

    async fn client(&self, query: &str) -> Client {
        self.connect(query, &[]).await.expect("a stream")
    }

    /// A client of `/v1/events` that has seen events up to `last`.
    async fn events(&self, query: &str, last: Option<&str>) -> Events {
        let mut socket = TcpStream::connect(self.address()).await.expect("a connection");
        let last = last.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let request = format!("GET /v1/events?{query} HTTP/1.1\r\nhost: {}\r\n{last}\r\n", self.address());
        socket.write_all(request.as_bytes()).await.expect("written");
        Events(socket, String::new())
    }

    /// One request on a connection of its own: status, headers in lower case, body.
    async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        for (name, value) in [("host", self.address().to_string()), ("content-length", body.len().to_string())] {
            if !headers.iter().any(|(given, _)| *given == name) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut socket = TcpStream::connect(self.address()).await.expect("a connection");
        socket.write_all(head.as_bytes()).await.expect("written");
        // A server that has heard enough may close while the body is still on its way.
        let _ = socket.write_all(body).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("an answer in time");
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        let mut body = answer[end + 4..].to_vec();
        if head.contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        (status, head, body)
    }

    /// JSON in, status and JSON out, in English.
    async fn send(&self, method: &str, path: &str, body: impl Borrow<Value>) -> (u16, Value) {
        let body = body.borrow();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, _, body) = self.request(method, path, &[("accept-language", "en")], body.as_bytes()).await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Checks that an answer has the keys that the published description says, and no others.
    async fn described(&self, schema: &str, answer: &Value) {
        let (_, document) = self.get("/v1/openapi.json", &[]).await;
        let keys = |v: &Value| v.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        let schema = &document["components"]["schemas"][schema];
        assert_eq!(keys(answer), keys(&schema["properties"]), "{answer}");
        let mut required: Vec<_> = schema["required"].as_array().expect("required").iter().filter_map(|k| k.as_str()).collect();
        required.sort_unstable();
        assert_eq!(keys(answer), required);
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let (status, _, body) = self.request("GET", path, headers, b"").await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let n = usize::from_str_radix(std::str::from_utf8(&rest[..end]).expect("ASCII"), 16).expect("a length");
        out.extend_from_slice(&rest[end + 2..end + 2 + n]);
        rest = &rest[end + 2 + n + 2..];
    }
    out
}

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn message(&mut self) -> Option<Message> {
        tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a frame in time").and_then(Result::ok)
    }

    async fn frame(&mut self) -> Value {
        match self.message().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("not a text frame: {other:?}"),
        }
    }

    /// The next frame of type `kind`; others are passed over.
    async fn next(&mut self, kind: &str) -> Value {
        let search = async {
            loop {
                let frame = self.frame().await;
                if frame["type"] == kind {
                    return frame;
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect(kind)
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("sent");
    }

    /// Reads to the end; the code it was closed with.
    async fn closed(&mut self) -> Option<u16> {
        loop {
            match self.message().await {
                Some(Message::Close(frame)) => return frame.map(|f| f.code.into()),
                Some(_) => {}
                None => return None,
            }
        }
    }
}

/// A client of `/v1/events`, and all it has read.
struct Events(TcpStream, String);

impl Events {
    /// Reads on until `wanted` and the rest of its event are there.
    async fn until(&mut self, wanted: &str) -> &str {
        let whole = |text: &str| text.find(wanted).is_some_and(|at| text[at..].contains("\n\n"));
        while !whole(&self.1) {
            assert!(self.read().await, "ended without {wanted}: {}", self.1);
        }
        &self.1
    }

    /// Reads what is there; `false` at the end.
    async fn read(&mut self) -> bool {
        let mut bytes = vec![0; 1 << 16];
        let n = tokio::time::timeout(PATIENCE, self.0.read(&mut bytes)).await.expect("in time").unwrap_or(0);
        self.1.push_str(&String::from_utf8_lossy(&bytes[..n]));
        n > 0
    }
}

fn post(id: &str, text: &str) -> PostBuf {
    PostBuf::new(&Post {
        id,
        network: "x",
        text,
        at: Timestamp::from_seconds(1_783_000_000),
        author: Author { handle: "ana", ..Author::default() },
        ..Post::default()
    })
}

fn alert(id: &str, severity: Severity, posts: Vec<PostBuf>) -> Event {
    Event::Alert(Box::new(Alert {
        topic: "caida-app".to_owned(),
        brand: "Banco Ejemplo".to_owned(),
        updated_at: Timestamp::from_seconds(1_783_000_060),
        observed: Tallied { mentions: 184, reposts: 3, authors: 151 },
        clusters: Some(97),
        threshold: 100,
        reasons: vec![Reason { code: "volume", text: Both::new("184 menciones", "184 mentions"), value: 184.0 }],
        first_post: posts.first().cloned(),
        top_posts: posts,
        networks: vec![("bluesky".to_owned(), 120), ("x".to_owned(), 64)],
        ..Alert::new(id, "crisis-app", "volume", severity, Timestamp::from_seconds(1_783_000_000))
    }))
}

fn mention(id: &str, text: &str, topic: &str, points: i16) -> Event {
    let post = post(id, text);
    Event::Mention(Arc::new(Mention {
        key: post.get().key(),
        post,
        topics: vec![MentionTopic { id: TopicId(0), name: topic.into(), direct: true, score: Score::points(points), addends: Vec::new() }],
        addends: vec![Addend { code: "question", weight: Score::points(5) }],
        cluster: Size { id: ClusterId(0x2a), posts: 37, authors: 30, pace: Some(Pace { per_minute: 45, doubling: 62 }) },
        source: SourceId(0),
        late: false,
    }))
}

fn update(id: &str, text: &str, topic: &str, points: i16) -> Event {
    match mention(id, text, topic, points) {
        Event::Mention(mention) => Event::Update(mention),
        other => other,
    }
}

fn windows(name: &str, mentions: u64) -> Event {
    let tallied = Tallied { mentions, reposts: 0, authors: 1 };
    let id = TopicId(name.len() as u32);
    Event::Windows(Box::new(TopicWindows {
        id,
        name: name.to_owned(),
        at: Timestamp::from_seconds(60),
        windows: [tallied; 5],
        watched: None,
        brand: None,
    }))
}
