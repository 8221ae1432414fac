//! The Jetstream source against a server that breaks off, goes silent, repeats, reorders, loses,
//! sends garbage and refuses.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use escucha::limits;
use escucha::sources::{Cursor, Settings, Timing};
use escucha::time::{Clock, ManualClock, Timestamp};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::data;
use crate::jetstream_server::{Behaviour, End, Event, Server};
use crate::probe::{Probe, lines, recorded, settings, system, timing};

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
async fn a_flood_comes_through_whole() {
    // More at once than the source takes in one turn.
    let events: Vec<Event> = (0..20_000).map(|i| (i, format!(r#"{{"time_us":{i}}}"#).into_bytes())).collect();
    let prelude = events.iter().map(|(i, _)| Message::text(format!(r#"{{"time_us":{i}}}"#))).collect();
    let server = Server::start(Vec::new(), None, vec![Behaviour { prelude, ..Behaviour::new(0, 0, End::Silent) }]).await;
    let mut probe = Probe::start(v1(&server), system(), timing());
    probe.until_lines(events.len()).await;
    assert_exactly_once(&events, &probe.stop().await.0, "a flood");
}

#[test]
fn a_silent_or_dead_stream_is_left_for_a_new_one() {
    let Some(events) = events() else { return };
    let n = events.len();
    let timing = Timing {
        silence_min: Duration::from_millis(50),
        silence_max: Duration::from_millis(100),
        pong: Duration::from_millis(50),
        ..timing()
    };
    for (what, end) in [("silent", End::Silent), ("dead", End::Dead)] {
        let metrics = recorded(async {
            let behaviours = vec![Behaviour::new(0, 50, end), Behaviour::new(n, n, End::Silent)];
            let server = Server::start(events.clone(), None, behaviours).await;
            let mut probe = Probe::start(v1(&server), system(), timing.clone());
            probe.until_lines(n).await;
            assert_exactly_once(&events, &probe.stop().await.0, what);
        });
        assert_eq!(classes(&metrics), ["stalled"], "{what}: {metrics}");
    }
}

/// The classes of error that ever were.
fn classes(metrics: &str) -> Vec<&str> {
    let counted = metrics.lines().filter(|line| line.contains("class=") && !line.ends_with(" 0"));
    counted.filter_map(|line| line.split("class=\"").nth(1)?.split('"').next()).collect()
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
            let wall = Server::start(Vec::new(), None, vec![refusal.clone()]).await;
            let mut probe = Probe::start(v1(&wall), system(), timing());
            probe.until("the refusal", |probe| probe.state().problem.is_some()).await;
            let problem = probe.stop().await.1.problem.unwrap();
            assert!(problem.contains(&status.to_string()) && problem.contains("go away"), "{problem}");

            let server = Server::start(events.clone(), None, vec![refusal, Behaviour::new(0, n, End::Silent)]).await;
            let mut probe = Probe::start(v1(&server), at_the_end(&events), timing());
            probe.until_lines(n).await;
            assert!(probe.state().connected && probe.state().problem.is_none());
            assert_exactly_once(&events, &probe.stop().await.0, class);
        });
        assert_eq!(classes(&metrics), [class], "{status}");
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
    assert_eq!(classes(&metrics), ["tls"], "{metrics}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    // Bound and not listened to: nobody else gets the port meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let endpoint = format!("ws://{}/subscribe", socket.local_addr().unwrap());
    let mut probe = Probe::start(Settings { endpoint, ..settings("jetstream") }, system(), timing());
    probe.until("three failures", |probe| probe.state().reconnects >= 3).await;
    assert!(probe.stop().await.1.problem.is_some_and(|problem| problem.starts_with("network: ")));
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
        assert_eq!(opening.get(key), Some(value), "{opening:?}");
    }
}

#[tokio::test]
async fn version_2_resumes_by_seq_and_takes_no_cursor_of_version_1() {
    let Some(events) = events_v2() else { return };
    let n = events.len();
    let behaviours = vec![Behaviour::new(0, 60, End::Abort), Behaviour::new(n, n, End::Silent)];
    let server = Server::start(events.clone(), None, behaviours).await;
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
