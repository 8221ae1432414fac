//! `POST /v1/posts`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::*;

const FORM: &[(&str, &str)] = &[("content-type", "application/x-ndjson")];

fn line(id: usize, text: &str) -> String {
    json!({"id": id.to_string(), "network": "x", "created_at": "2026-07-04T10:00:00Z", "text": text}).to_string()
}

async fn send(world: &World, headers: &[(&str, &str)], body: &[u8]) -> (u16, String, Value) {
    let (status, head, body) = world.request("POST", "/v1/posts", headers, body).await;
    (status, head, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

#[tokio::test]
async fn every_line_is_answered_for() {
    let world = World::start(Plan::default()).await;
    let mut client = world.client("channels=mentions").await;
    let body = format!("{}\n\n{{\n{}\r\n{}", line(1, "se cayó: caída total"), line(2, "nada"), r#"{"id":"3","created_at":"x","text":"a"}"#);
    let (status, _, answer) = send(&world, FORM, body.as_bytes()).await;
    assert_eq!(status, 200);
    assert_eq!(answer["accepted"], 2);
    assert_eq!(answer["refused"], json!([{"line": 3, "reason": "malformed"}, {"line": 5, "reason": "bad_time"}]));
    let mention = client.next("mention").await;
    assert_eq!((&mention["post"]["id"], &mention["topics"][0]["topic"]), (&json!("1"), &json!("caida-app")));
}

#[tokio::test]
async fn bodies_come_in_every_shape() {
    let world = World::start(Plan::default()).await;
    let pretty =
        serde_json::to_string_pretty(&json!({"id": "9", "created_at": "2026-07-04T10:00:00Z", "text": "dos\nlíneas"})).expect("JSON");
    let many: String = (0..9000).map(|i| line(100 + i, "texto corriente de una cola larga") + "\n").collect();
    assert!(many.len() > 3 * limits::BUFFER_BYTES);
    let packed = gzip(many.as_bytes());
    for (headers, body, accepted) in [
        (FORM, pretty.as_bytes(), 1),
        (&[("content-type", "application/json")], pretty.as_bytes(), 1),
        (FORM, b"".as_slice(), 0),
        (FORM, b"\r\n\r\n", 0),
        (FORM, many.as_bytes(), 9000),
        (&[("content-encoding", "gzip")], &packed, 9000),
    ] {
        let (status, _, answer) = send(&world, headers, body).await;
        assert_eq!((status, &answer["accepted"], &answer["refused"]), (200, &json!(accepted), &json!([])), "{headers:?}");
    }
}

#[tokio::test]
async fn refused_lines_keep_their_numbers_over_many_buffers() {
    let world = World::start(Plan { share: 1, ..Plan::default() }).await;
    let body: String =
        (1..=9000).map(|i| if i % 3000 == 0 { "{\n".to_owned() } else { line(i, "texto corriente de una cola larga") + "\n" }).collect();
    let (status, _, answer) = send(&world, FORM, body.as_bytes()).await;
    let want: Vec<Value> = [3000, 6000, 9000].into_iter().map(|l| json!({"line": l, "reason": "malformed"})).collect();
    assert_eq!((status, &answer["accepted"], &answer["refused"]), (200, &json!(8997), &json!(want)));
}

#[tokio::test]
async fn bodies_that_are_too_much_are_turned_away() {
    let world = World::start(Plan::default()).await;
    let bomb = gzip(&vec![b' '; limits::BODY_BYTES + 1]);
    assert!(bomb.len() < limits::BODY_BYTES / 100);
    let long = vec![b' '; limits::BODY_BYTES + 1];
    for (headers, body, want, code) in [
        (&[("content-encoding", "gzip")][..], &bomb[..], 413, "body_too_large"),
        (&[], &long, 413, "body_too_large"),
        (&[("content-encoding", "br")], b"x", 415, "encoding_not_supported"),
        (&[("content-encoding", "gzip")], b"no gzip", 400, "invalid_request"),
    ] {
        let (status, _, problem) = send(&world, headers, body).await;
        assert_eq!((status, &problem["code"]), (want, &json!(code)), "{headers:?} {}", body.len());
    }
    let timing = Timing { body: Duration::from_millis(50), ..Timing::default() };
    let impatient = World::start(Plan { timing, ..Plan::default() }).await;
    let (status, _, problem) = send(&impatient, &[("content-length", "10")], b"12345").await;
    assert_eq!((status, &problem["code"]), (408, &json!("body_timeout")));
    let closed = World::start(Plan { share: 0, ..Plan::default() }).await;
    assert_eq!(send(&closed, &[], b"{}").await.0, 503);
}

#[tokio::test]
async fn a_full_engine_says_when_to_come_back() {
    let world = World::start(Plan { share: 1, ..Plan::default() }).await;
    // The tally answers a question for as long as the test holds the other end.
    let (release, wait) = crossbeam::channel::bounded::<()>(0);
    world.engine.asks.send(Box::new(move |_| drop(wait.recv()))).expect("asked");
    let address = world.address();
    let first = tokio::spawn(async move {
        let mut socket = TcpStream::connect(address).await.expect("a connection");
        let body = line(1, "uno");
        let head = format!("POST /v1/posts HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        socket.write_all((head + &body).as_bytes()).await.expect("written");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.expect("an answer");
        answer
    });
    let refused = loop {
        // Until the first body has its permit, others are taken: an empty one changes nothing.
        let answer = tokio::time::timeout(Duration::from_millis(200), send(&world, &[], b"")).await;
        match answer {
            Ok(answer) if answer.0 == 429 => break answer,
            _ => tokio::task::yield_now().await,
        }
    };
    assert!(refused.1.contains("retry-after: 1"), "{}", refused.1);
    drop(release);
    assert!(first.await.expect("a task").contains("\"accepted\":1"));
}
