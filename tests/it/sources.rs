//! Sources against the outside as it is: files that move, clients that misbehave, streams that
//! break off.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, unbounded};
use escucha::decode::{Format, Mapping};
use escucha::intake::{Buffer, Intake};
use escucha::lane::Compiled;
use escucha::limits;
use escucha::sources::{self, Board, Context, Cursor, Settings, State, Timing};
use escucha::time::{Clock, ManualClock, SystemClock, Timestamp};
use escucha::topic::SourceId;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::data;
use crate::jetstream_server::{Behaviour, End, Event, Server};

const NAME: &str = "probe";

/// Waits of tests: as short as can be, and no repair of the cut-over unless a test asks for it.
fn timing() -> Timing {
    let ms = Duration::from_millis;
    Timing {
        poll: ms(5),
        line: ms(60_000),
        idle: ms(60_000),
        back_off: ms(1),
        back_off_cap: ms(5),
        healthy: ms(1),
        connect: ms(10_000),
        silence_factor: 5,
        silence_min: ms(60_000),
        silence_max: ms(60_000),
        pong: ms(10_000),
        rewind: ms(100),
        rewind_seqs: 20,
        live: Duration::ZERO,
        mend: ms(20),
    }
}

/// One source under test and all that came out of it.
struct Probe {
    ctx: Context,
    task: JoinHandle<()>,
    buffers: Receiver<Box<Buffer>>,
    lines: Vec<Vec<u8>>,
}

impl Probe {
    fn start(settings: Settings, clock: Arc<dyn Clock>, timing: Timing) -> Probe {
        Probe::resume(settings, clock, timing, None)
    }

    fn resume(settings: Settings, clock: Arc<dyn Clock>, timing: Timing, cursor: Option<Cursor>) -> Probe {
        let ((lanes, buffers), (tally, _)) = (unbounded(), unbounded());
        let intake = Intake::new(clock, Arc::new(Compiled::default()), lanes, tally);
        let port = intake.port(SourceId(0), 4, metrics::Counter::noop());
        let board = Arc::new(Board::default());
        board.update(NAME, |state| state.cursor = cursor);
        let ctx = Context { timing, ..Context::new(port, board, CancellationToken::new()) };
        let task = tokio::spawn(sources::supervise(settings, ctx.clone()));
        Probe { ctx, task, buffers, lines: Vec::new() }
    }

    fn state(&self) -> State {
        self.ctx.board.get(NAME)
    }

    fn drain(&mut self) {
        for buffer in self.buffers.try_iter() {
            assert_eq!(buffer.bytes.last(), Some(&b'\n'), "whole lines only");
            self.lines.extend(buffer.bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec));
        }
    }

    /// Lets the source work until `done`.
    async fn until(&mut self, what: &str, done: impl Fn(&Probe) -> bool) {
        let patience = Instant::now() + Duration::from_secs(60);
        while !done(self) {
            assert!(Instant::now() < patience, "{what}: {} lines, {:?}", self.lines.len(), self.state());
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.drain();
        }
    }

    async fn until_lines(&mut self, count: usize) {
        self.until(&format!("{count} lines"), |probe| probe.lines.len() >= count).await;
    }

    /// Stops the source and gives everything it handed over, with its last state.
    async fn stop(mut self) -> (Vec<Vec<u8>>, State) {
        self.ctx.stop.cancel();
        (&mut self.task).await.unwrap();
        self.drain();
        let state = self.state();
        (self.lines, state)
    }

    /// Waits for the end of a source that ends by itself.
    async fn end(mut self) -> (Vec<Vec<u8>>, State) {
        self.until("the end", |probe| probe.task.is_finished()).await;
        self.stop().await
    }
}

fn settings(kind: &'static str) -> Settings {
    Settings::new(NAME, kind, Format { name: "jetstream", mapping: Mapping::default() })
}

fn system() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

/// Runs `test` with a metrics recorder of its own and returns what it recorded.
fn recorded(test: impl Future<Output = ()>) -> String {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(test));
    recorder.handle().render()
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect()
}

fn text(lines: &[Vec<u8>]) -> String {
    String::from_utf8(lines.join(&b' ')).unwrap()
}

// Files.

#[tokio::test]
async fn a_file_is_read_whole_however_it_is_packed() {
    let Some(bytes) = data::read("jetstream/events_2026-07-04.jsonl") else { return };
    let bytes = bytes.repeat(20);
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes[..bytes.len() / 2]).unwrap();
    let mut members = gzip.finish().unwrap();
    let mut second = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    second.write_all(&bytes[bytes.len() / 2..]).unwrap();
    members.extend(second.finish().unwrap());
    for (name, packed) in
        [("a.jsonl", bytes.clone()), ("a.jsonl.gz", members), ("a.jsonl.zst", zstd::encode_all(bytes.as_slice(), 1).unwrap())]
    {
        let path = folder.path().join(name);
        fs::write(&path, packed).unwrap();
        let (got, state) = Probe::start(Settings { path, ..settings("file") }, system(), timing()).end().await;
        assert!(got == lines(&bytes), "{name}: {} lines", got.len());
        assert!(state.finished && !state.connected && state.problem.is_none(), "{name}: {state:?}");
    }
}

#[tokio::test]
async fn a_broken_archive_gives_what_can_be_read_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gz");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    gzip.write_all("{\"a\":1}\n".repeat(100).as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    let (got, state) = Probe::start(Settings { path, ..settings("file") }, system(), timing()).end().await;
    assert!(got.len() > 40 && got[..40].iter().all(|line| line == b"{\"a\":1}"), "{}", got.len());
    assert!(state.finished && state.problem.is_some(), "{state:?}");
}

#[tokio::test]
async fn a_small_file_that_unpacks_to_an_endless_line_is_one_line_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = [vec![b' '; 32 * limits::FRAME_BYTES], b"\n{\"a\":1}\n".to_vec()].concat();
    for (name, packed) in [("a.zst", zstd::encode_all(bomb.as_slice(), 1).unwrap())] {
        assert!(packed.len() < 10_000);
        let path = folder.path().join(name);
        fs::write(&path, packed).unwrap();
        let (got, _) = Probe::start(Settings { path, ..settings("file") }, system(), timing()).end().await;
        assert_eq!(got.iter().map(Vec::len).collect::<Vec<_>>(), [limits::FRAME_BYTES + 1, 7], "{name}");
    }
}

fn append(path: &Path, text: &str) {
    fs::OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_followed_file_may_come_late_grow_be_replaced_and_be_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut probe = Probe::start(Settings { path: path.clone(), follow: true, ..settings("file") }, system(), timing());
    probe.until("a look at nothing", |probe| !probe.state().connected).await;
    append(&path, "1\n2");
    probe.until_lines(1).await;
    append(&path, "2\n3\n");
    probe.until_lines(3).await;
    // Replaced, while the old one still gets a last line.
    let old = folder.path().join("log.1");
    fs::rename(&path, &old).unwrap();
    append(&old, "4\n");
    append(&path, "5\n");
    probe.until_lines(5).await;
    // Cut and written anew.
    fs::write(&path, "").unwrap();
    probe.until("a look at the cut file", |_| true).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    append(&path, "6\n7");
    probe.until_lines(6).await;
    let (got, state) = probe.stop().await;
    assert_eq!(text(&got), "1 22 3 4 5 6 7");
    assert!(!state.finished);
}

#[tokio::test]
async fn a_missing_file_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late");
    let mut probe = Probe::start(Settings { path: path.clone(), ..settings("file") }, system(), timing());
    probe.until("two failures", |probe| probe.state().reconnects >= 2).await;
    assert!(probe.state().problem.is_some_and(|problem| problem.contains("late")));
    append(&path, "1\n");
    assert_eq!(text(&probe.end().await.0), "1");
}

// TCP.

async fn tcp(timing: Timing) -> (Probe, std::net::SocketAddr) {
    let settings = Settings { bind: Some(([127, 0, 0, 1], 0).into()), ..settings("tcp") };
    let mut probe = Probe::start(settings, system(), timing);
    probe.until("a bound socket", |probe| probe.state().address.is_some()).await;
    let address = probe.state().address.unwrap();
    (probe, address)
}

#[tokio::test]
async fn many_connections_give_whole_lines_and_their_last_one_without_a_break() {
    let (mut probe, address) = tcp(timing()).await;
    let mut clients = Vec::new();
    for i in 0..20u32 {
        clients.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            for j in 0..50u32 {
                let line = format!("{{\"client\":{i},\"line\":{j}}}{}", if j == 49 { "" } else { "\r\n" });
                let (head, tail) = line.split_at(j as usize % line.len());
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                stream.write_all(tail.as_bytes()).await.unwrap();
            }
        }));
    }
    probe.until_lines(1000).await;
    let (mut got, _) = probe.stop().await;
    got.iter_mut().for_each(|line| line.truncate(line.trim_ascii_end().len()));
    got.sort();
    let mut want: Vec<Vec<u8>> =
        (0..20).flat_map(|i| (0..50).map(move |j| format!("{{\"client\":{i},\"line\":{j}}}").into_bytes())).collect();
    want.sort();
    assert!(got == want, "{} lines", got.len());
}

#[tokio::test]
async fn a_client_that_never_ends_its_line_is_cut_off_and_counted() {
    let (mut probe, address) = tcp(Timing { line: Duration::from_millis(20), ..timing() }).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"{\"never\":").await.unwrap();
    let mut good = TcpStream::connect(address).await.unwrap();
    good.write_all(b"{\"good\":1}\n").await.unwrap();
    probe.until_lines(2).await;
    let mut rest = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut slow, &mut rest).await.unwrap();
    good.write_all(b"{\"good\":2}\n").await.unwrap();
    probe.until_lines(3).await;
    let (mut got, _) = probe.stop().await;
    got.sort();
    assert_eq!(text(&got), r#"{"good":1} {"good":2} {"never":"#);
}

#[tokio::test]
async fn an_endless_line_over_tcp_is_one_line_too_long() {
    let (mut probe, address) = tcp(timing()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..8 {
        stream.write_all(&vec![b'x'; limits::FRAME_BYTES]).await.unwrap();
    }
    stream.write_all(b"\n{}\n").await.unwrap();
    probe.until_lines(2).await;
    let lengths: Vec<usize> = probe.stop().await.0.iter().map(Vec::len).collect();
    assert_eq!(lengths, [limits::FRAME_BYTES + 1, 2]);
}

// Jetstream.

/// The recorded events with their positions, in the order they came.
fn events() -> Option<Vec<Event>> {
    let bytes = data::read("jetstream/events_2026-07-04.jsonl")?;
    let position = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).unwrap()["time_us"].as_u64().unwrap();
    Some(lines(&bytes).into_iter().map(|line| (position(&line), line)).collect())
}

/// The same as version 2 sends them.
fn events_v2() -> Option<Vec<Event>> {
    let wrap = |(i, (_, line)): (usize, Event)| {
        let seq = 5000 + i as u64;
        let mut payload: serde_json::Value = serde_json::from_slice(&line).unwrap();
        payload.as_object_mut().unwrap().remove("time_us");
        let rest = payload.to_string();
        let text = format!(
            r##"{{"$type":"message","payload":{{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":{seq},{}}}"##,
            &rest[1..]
        );
        (seq, text.into_bytes())
    };
    Some(events()?.into_iter().enumerate().map(wrap).collect())
}

/// A clock that stands where the last event is.
fn at_the_end(events: &[Event]) -> Arc<dyn Clock> {
    let last = events.iter().map(|e| e.0).max().unwrap();
    Arc::new(ManualClock::at(Timestamp(last as i64)))
}

fn v1(server: &Server) -> Settings {
    Settings { endpoint: format!("ws://{}/subscribe", server.address), ..settings("jetstream") }
}

fn v2(server: &Server) -> Settings {
    Settings { endpoint: format!("ws://{}/xrpc/network.bsky.jetstream.subscribeEvents", server.address), ..settings("jetstream") }
}

/// Every event came, and none twice.
fn assert_exactly_once(events: &[Event], got: &[Vec<u8>], what: &str) {
    let mut times: BTreeMap<&[u8], usize> = events.iter().map(|e| (e.1.as_slice(), 0)).collect();
    for line in got {
        *times.entry(line.as_slice()).or_default() += 1;
    }
    let wrong: Vec<_> = times.iter().filter(|(_, n)| **n != 1).map(|(line, n)| (n, String::from_utf8_lossy(line))).collect();
    assert!(wrong.is_empty(), "{what}: {} wrong, first {:?}", wrong.len(), wrong[0]);
}

#[test]
fn a_broken_stream_is_resumed_without_loss_or_doubles() {
    let Some(events) = events() else { return };
    let n = events.len();
    let cut = |end: End| vec![Behaviour::new(0, 60, end.clone()), Behaviour::new(90, 110, end), Behaviour::new(n, n, End::Silent)];
    let jumbled: Vec<Behaviour> = cut(End::Abort).into_iter().map(|b| Behaviour { jumbled: true, ..b }).collect();
    // What is lost at one cut-over is replayed after the next break.
    let lossy = vec![
        Behaviour::new(0, 60, End::Abort),
        Behaviour { lost: 10, ..Behaviour::new(70, 95, End::Abort) },
        Behaviour::new(n, n, End::Silent),
    ];
    for (what, behaviours, class) in [
        ("closed", cut(End::Close(1001)), "closed"),
        ("aborted", cut(End::Abort), "closed"),
        ("jumbled and repeated", jumbled, "closed"),
        ("lost at the cut-over", lossy, "closed"),
    ] {
        let metrics = recorded(async {
            let server = Server::start(events.clone(), None, behaviours).await;
            let mut probe = Probe::start(v1(&server), at_the_end(&events), timing());
            probe.until_lines(n).await;
            let openings = server.openings();
            let (got, state) = probe.stop().await;
            assert_exactly_once(&events, &got, what);
            assert_eq!(state.reconnects, 2, "{what}");
            assert_eq!(state.cursor, Some(Cursor::JetstreamTime(events.iter().map(|e| e.0).max().unwrap())), "{what}");
            let seen = events[..60].iter().map(|e| e.0).max().unwrap();
            assert_eq!(openings.iter().map(|o| o.cursor()).take(2).collect::<Vec<_>>(), [None, Some(seen - 100_000)], "{what}");
            assert_eq!(openings[0].path, "/subscribe");
        });
        let line = format!(r#"escucha_source_reconnects_total{{source="probe",class="{class}"}} 2"#);
        assert!(metrics.contains(&line), "{what}: {metrics}");
        assert!(metrics.contains(r#"escucha_source_connected{source="probe"} 0"#), "{metrics}");
    }
}

#[tokio::test]
async fn what_a_cut_over_loses_is_read_once_more_while_live() {
    let Some(events) = events() else { return };
    let n = events.len();
    let behaviours = vec![
        Behaviour::new(0, 60, End::Abort),
        Behaviour { lost: 12, ..Behaviour::new(110, n, End::Silent) },
        // The second look, over a connection of its own.
        Behaviour::new(n, n, End::Silent),
    ];
    let server = Server::start(events.clone(), None, behaviours).await;
    let timing = Timing { live: Duration::from_millis(100), rewind: Duration::from_millis(200), ..timing() };
    let mut probe = Probe::start(v1(&server), at_the_end(&events), timing);
    probe.until_lines(n).await;
    assert_exactly_once(&events, &probe.lines, "mended");
    let (_, state) = probe.stop().await;
    assert_eq!((state.reconnects, server.openings().len()), (1, 3));
}

#[tokio::test]
async fn a_silent_or_dead_stream_is_left_for_a_new_one() {
    let Some(events) = events() else { return };
    let n = events.len();
    for (what, end) in [("silent", End::Silent), ("dead", End::Dead)] {
        let behaviours = vec![Behaviour::new(0, 50, end), Behaviour::new(n, n, End::Silent)];
        let server = Server::start(events.clone(), None, behaviours).await;
        let timing = Timing {
            silence_min: Duration::from_millis(50),
            silence_max: Duration::from_millis(100),
            pong: Duration::from_millis(50),
            ..timing()
        };
        let mut probe = Probe::start(v1(&server), system(), timing);
        probe.until("a break", |probe| probe.state().problem.is_some_and(|p| p.contains("silent"))).await;
        probe.until_lines(n).await;
        assert_exactly_once(&events, &probe.stop().await.0, what);
    }
}

#[tokio::test]
async fn garbage_is_handed_on_to_be_counted_and_the_stream_goes_on() {
    let Some(events) = events() else { return };
    let n = events.len();
    let prelude = vec![
        Message::text("no json"),
        Message::text(""),
        Message::binary(vec![0xff, 0x00, b'\n', 0xfe]),
        Message::text("{\"two\":\n\"lines\"}"),
        Message::text("x".repeat(limits::FRAME_BYTES + 500)),
        Message::Ping("p".into()),
    ];
    let server = Server::start(events.clone(), None, vec![Behaviour { prelude, ..Behaviour::new(0, n, End::Silent) }]).await;
    let mut probe = Probe::start(v1(&server), at_the_end(&events), timing());
    probe.until_lines(n + 4).await;
    let (got, state) = probe.stop().await;
    assert_exactly_once(&events, &got[4..], "after garbage");
    assert_eq!(got[..3], [b"no json".to_vec(), vec![0xff, 0x00, b' ', 0xfe], b"{\"two\": \"lines\"}".to_vec()]);
    assert_eq!(got[3].len(), limits::FRAME_BYTES + 1);
    assert_eq!(state.reconnects, 0);
}

#[tokio::test]
async fn nothing_but_garbage_and_messages_without_end_break_the_connection() {
    let Some(events) = events() else { return };
    let n = events.len();
    let flood = vec![Message::text("no json"); limits::GARBAGE_RUN as usize + 1];
    let huge = vec![Message::binary(vec![b'x'; limits::MESSAGE_BYTES + 1])];
    for (what, prelude) in [("flood", flood), ("huge", huge)] {
        let behaviours = vec![Behaviour { prelude, ..Behaviour::new(0, n, End::Silent) }, Behaviour::new(0, n, End::Silent)];
        let server = Server::start(events.clone(), None, behaviours).await;
        let mut probe = Probe::start(v1(&server), at_the_end(&events), timing());
        probe.until("a break", |probe| probe.state().reconnects == 1).await;
        probe.until("all events", |probe| probe.lines.iter().filter(|l| l.starts_with(b"{\"did\"")).count() == n).await;
        let (got, _) = probe.stop().await;
        let good: Vec<Vec<u8>> = got.into_iter().filter(|l| l.starts_with(b"{\"did\"")).collect();
        assert_exactly_once(&events, &good, what);
    }
}

#[test]
fn refusals_are_waited_out_by_class() {
    let Some(events) = events() else { return };
    let n = events.len();
    for (status, headers, class) in [
        (429, vec![("retry-after", "0")], "busy"),
        (503, vec![], "busy"),
        (500, vec![], "server"),
        (401, vec![], "refused"),
        (403, vec![], "refused"),
    ] {
        let metrics = recorded(async {
            let refusal = Behaviour { refuse: Some((status, headers, "go away")), ..Behaviour::new(0, 0, End::Abort) };
            let server = Server::start(events.clone(), None, vec![refusal, Behaviour::new(0, n, End::Silent)]).await;
            let mut probe = Probe::start(v1(&server), at_the_end(&events), timing());
            probe
                .until("the refusal", |probe| {
                    probe.state().problem.is_some_and(|p| p.contains(&status.to_string()) && p.contains("go away"))
                })
                .await;
            probe.until_lines(n).await;
            assert!(probe.state().connected && probe.state().problem.is_none());
            assert_exactly_once(&events, &probe.stop().await.0, class);
        });
        let line = format!(r#"escucha_source_reconnects_total{{source="probe",class="{class}"}} 1"#);
        assert!(metrics.contains(&line), "{status}: {metrics}");
    }
}

#[test]
fn without_tls_or_trust_there_is_no_connection() {
    let metrics = recorded(async {
        // A server that knows no TLS ...
        let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // ... and one that nobody vouches for.
        let own = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into()))
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let addresses = [plain.local_addr().unwrap(), own.local_addr().unwrap()];
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = plain.accept().await {
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = own.accept().await {
                let _ = acceptor.accept(stream).await;
            }
        });
        for address in addresses {
            let endpoint = format!("wss://localhost:{}/subscribe", address.port());
            let mut probe = Probe::start(Settings { endpoint, ..settings("jetstream") }, system(), timing());
            probe.until("two refusals", |probe| probe.state().reconnects >= 2).await;
            let (got, state) = probe.stop().await;
            assert!(got.is_empty() && !state.connected);
            assert!(state.problem.as_ref().is_some_and(|p| p.starts_with("TLS: ")), "{state:?}");
        }
    });
    assert!(metrics.contains(r#"class="tls""#) && !metrics.contains(r#"class="network""#), "{metrics}");
}

#[tokio::test]
async fn the_compressed_mode_is_asked_for_and_understood() {
    let (Some(plain), Some(wrapped)) = (events(), events_v2()) else { return };
    let n = plain.len();
    for (file, key, value, events) in
        [("legacy_subscribe", "compress", "true", plain), ("subscribe_events_20260811", "zstdDictionary", "20260811", wrapped)]
    {
        let path = data::shared(&format!("jetstream/{file}.zdict")).unwrap();
        let server = Server::start(events.clone(), Some(fs::read(&path).unwrap()), vec![Behaviour::new(0, n, End::Silent)]).await;
        let to = if key == "compress" { v1(&server) } else { v2(&server) };
        let mut probe = Probe::start(Settings { dictionary: Some(path), ..to }, at_the_end(&events), timing());
        probe.until_lines(n).await;
        assert_exactly_once(&events, &probe.stop().await.0, file);
        let opening = &server.openings()[0];
        assert!(opening.get(key).is_some_and(|v| v == value || key == "zstdDictionary"), "{opening:?}");
    }
}

#[tokio::test]
async fn version_2_resumes_by_seq_and_takes_no_cursor_of_version_1() {
    let Some(events) = events_v2() else { return };
    let n = events.len();
    let behaviours = vec![Behaviour::new(n, 60, End::Abort), Behaviour::new(60, 60, End::Abort), Behaviour::new(n, n, End::Silent)];
    let server = Server::start(events.clone(), None, vec![Behaviour::new(0, 60, End::Abort), behaviours[2].clone()]).await;
    let foreign = Some(Cursor::JetstreamTime(1_783_175_888_085_434));
    let settings = Settings { collections: vec!["app.bsky.feed.post".to_owned()], ..v2(&server) };
    let mut probe = Probe::resume(settings, at_the_end(&events), timing(), foreign);
    probe.until_lines(n).await;
    let (got, state) = probe.stop().await;
    assert_exactly_once(&events, &got, "v2");
    assert_eq!(state.cursor, Some(Cursor::JetstreamSeq(5000 + n as u64 - 1)));
    let openings = server.openings();
    assert_eq!(openings.iter().map(|o| o.cursor()).collect::<Vec<_>>(), [None, Some(5059 - 20)]);
    assert_eq!(openings[0].get("collections"), Some("app.bsky.feed.post"));
}

#[tokio::test]
async fn a_cursor_too_old_is_given_up_and_the_stream_goes_on_live() {
    let Some(events) = events_v2() else { return };
    let n = events.len();
    let body = r#"{"error":"CursorTooOld","message":"the floor is 900"}"#;
    let refusal = Behaviour { refuse: Some((400, vec![], body)), ..Behaviour::new(0, 0, End::Abort) };
    let server = Server::start(events.clone(), None, vec![refusal, Behaviour::new(0, n, End::Silent)]).await;
    let mut probe = Probe::resume(v2(&server), at_the_end(&events), timing(), Some(Cursor::JetstreamSeq(50)));
    probe.until_lines(n).await;
    let (got, state) = probe.stop().await;
    assert_exactly_once(&events, &got, "live");
    assert_eq!(server.openings().iter().map(|o| o.cursor()).collect::<Vec<_>>(), [Some(30), None]);
    assert_eq!(state.reconnects, 0);
}
