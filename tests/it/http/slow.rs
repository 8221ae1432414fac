//! Clients that stop reading: closed, counted, and nobody else's loss.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpSocket;

use super::*;

/// A text that is found; a few hundred of them are more than the buffers of both sockets hold.
fn long_text() -> String {
    format!("fraude {}", "ñ".repeat(25_000))
}

/// Sends `request` and reads nothing of the answer.
async fn ask(world: &World, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut socket = socket.connect(world.address()).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", world.address());
    socket.write_all(request.as_bytes()).await.expect("written");
    socket
}

async fn until_counted(metrics: &PrometheusHandle, transport: &str, clients: u64) {
    let line = format!("escucha_slow_clients_total{{transport=\"{transport}\"}} {clients}\n");
    let counted = async {
        while !metrics.render().contains(&line) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.unwrap_or_else(|_| panic!("not counted: {line}{}", metrics.render()));
}

/// What still comes of an answer; it must end.
async fn rest(socket: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A connection that was reset has ended too.
    let _ = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut bytes)).await.expect("an end");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let timing = Timing { stall: Duration::from_millis(50), ..Timing::default() };
    let world = World::start(Plan { timing, ..Plan::default() }).await;
    let line = |i| {
        let created = Timestamp::from_seconds(1_783_000_000);
        format!(r#"{{"id":"{i}","created_at":"{created}","network":"x","text":"{}"}}"#, long_text())
    };
    for part in 0..3 {
        let body: Vec<String> = (0..100).map(|i| line(part * 100 + i)).collect();
        let headers = [("content-type", "application/x-ndjson")];
        assert_eq!(world.request("POST", "/v1/posts", &headers, body.join("\n").as_bytes()).await.0, 200);
    }
    let mut closed = 0;
    for path in ["/v1/mentions?format=csv", "/v1/mentions?limit=1000", "/v1/events?channels=alerts&since=0"] {
        if path.contains("events") {
            let alerts = (0..300).map(|i| alert(&i.to_string(), Severity::Info, vec![post(&i.to_string(), &long_text())]));
            world.feed.publish_all(alerts.chain([alert("last", Severity::Info, vec![])]));
        }
        let mut still = ask(&world, path).await;
        closed += 1;
        until_counted(&recorder.handle(), "http", closed).await;
        let text = rest(&mut still).await;
        assert!(text.starts_with("HTTP/1.1 200") && text.contains("fraude"), "{path}");
        assert!(!text.ends_with("\r\n0\r\n\r\n") && !text.ends_with("}]}") && !text.contains("\"last\""), "{path}: it came whole");
    }
}

#[tokio::test]
async fn who_reads_events_too_slowly_is_closed_like_on_a_websocket() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let timing = Timing { look: Duration::from_millis(1), stall: PATIENCE, ..Timing::default() };
    let world = World::start(Plan { timing, backlog: 1000, ..Plan::default() }).await;
    let alerts = (0..300).map(|i| alert(&i.to_string(), Severity::Info, vec![post(&i.to_string(), &long_text())]));
    world.feed.publish_all(alerts.chain([alert("last", Severity::Info, vec![])]));
    let mut slow = ask(&world, "/v1/events?channels=alerts&since=0").await;
    let mut text = Vec::new();
    // A little now and then: it gets on, but not as fast as the engine speaks.
    while !recorder.handle().render().contains("escucha_slow_clients_total{transport=\"http\"} 1\n") {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let read = tokio::time::timeout(PATIENCE, slow.read_buf(&mut text)).await.expect("in time");
        assert!(read.is_ok_and(|n| n > 0), "the end before it was counted");
    }
    assert!(!String::from_utf8_lossy(&text).contains("\"last\""));
    let _ = slow.shutdown().await;
    assert!(!rest(&mut slow).await.contains("\"last\""));
}
