//! Many clients of the streams at once: who may join, when each comes back, what an alert costs.

use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;

use super::*;

/// A gate that two pass, and then nobody for longer than any test.
fn two() -> Joins {
    Joins { every: Duration::from_secs(3600), at_once: 2 }
}

#[tokio::test]
async fn who_joins_too_soon_is_told_when_to_come_back() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let world = World::start(Plan { joins: two(), ..Plan::default() }).await;
    let refused = async |headers: &[(&'static str, &str)]| match world.connect("channels=alerts", headers).await {
        Err(tungstenite::Error::Http(answer)) => answer,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("let in"),
    };
    // What is no stream, or none that may be had, takes no place.
    for _ in 0..5 {
        assert_eq!(world.get("/v1/stream", &[]).await.0, 426);
        assert_eq!(refused(&[("origin", "https://elsewhere.example")]).await.status(), 403);
    }
    let mut first = world.client("channels=alerts").await;
    first.next("hello").await;
    world.events("channels=alerts", None).await.until("hello").await;
    let in_time = |after: Option<&str>| after.and_then(|s| s.trim().parse::<u32>().ok()).is_some_and(|s| (1..=16).contains(&s));
    for (lang, detail) in [("es", "Se conectan demasiados clientes a la vez"), ("en", "Too many clients connect at once")] {
        let answer = refused(&[("accept-language", lang)]).await;
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok());
        assert_eq!((answer.status().as_u16(), header("content-type")), (503, Some("application/problem+json")));
        assert!(in_time(header("retry-after")), "{answer:?}");
        let (status, head, body) = world.request("GET", "/v1/events", &[("accept-language", lang)], b"").await;
        let problem: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!((status, &problem["code"], &problem["detail"]), (503, &json!("too_many_joins"), &json!(detail)));
        assert!(in_time(head.lines().find_map(|l| l.strip_prefix("retry-after: "))), "{head}");
    }
    // Who is there stays, and nothing else is touched.
    for path in ["/healthz", "/v1/topics", "/v1/alerts", "/v1/mentions"] {
        assert_eq!(world.get(path, &[]).await.0, 200, "{path}");
    }
    world.feed.publish(alert("a1", Severity::Info, vec![]));
    assert_eq!(first.next("alert").await["id"], "a1");
    let metrics = recorder.handle().render();
    for transport in ["websocket", "http"] {
        assert!(metrics.contains(&format!("escucha_stream_turned_away_total{{transport=\"{transport}\"}} 2\n")), "{metrics}");
    }
}

#[tokio::test]
async fn every_client_is_told_when_to_come_back() {
    // Slow enough for the window of two clients to reach its cap.
    let joins = Joins { every: Duration::from_secs(60), at_once: 100 };
    let world = World::start(Plan { joins, ..Plan::default() }).await;
    let mut client = world.client("channels=alerts").await;
    let hello = client.next("hello").await;
    let within = |after: &Value| after.as_u64().is_some_and(|after| after <= 15_000);
    assert!(hello["reconnect"]["window_ms"] == 15_000 && within(&hello["reconnect"]["after_ms"]), "{hello}");
    let mut events = world.events("channels=alerts", None).await;
    let told = |text: &str| -> Vec<u64> { text.lines().filter_map(|l| l.strip_prefix("retry: ")?.parse().ok()).collect() };
    let text = events.until("retry: ").await;
    let data = text.lines().find_map(|l| l.strip_prefix("data: ")).expect("an event");
    let hello: Value = serde_json::from_str(data).expect("JSON");
    let after = hello["reconnect"]["after_ms"].as_u64().expect("milliseconds");
    assert_eq!(told(text), [1000 + after], "the same as hello, and a second that a browser always waits");

    let stopping = tokio::spawn(world.server.stop());
    let reason = loop {
        match client.message().await {
            Some(Message::Close(Some(frame))) => break frame.reason.to_string(),
            Some(_) => {}
            None => panic!("no reason"),
        }
    };
    let mut parts = reason.split("; ");
    assert_eq!(parts.next(), Some("service_restart"), "{reason}");
    let number = |part: Option<&str>, key| part.and_then(|p| p.strip_prefix(key)?.parse::<u64>().ok());
    assert!(number(parts.next(), "after_ms=").is_some_and(|after| after <= 15_000), "{reason}");
    assert_eq!((number(parts.next(), "window_ms="), parts.next()), (Some(15_000), None), "{reason}");
    while events.read().await {}
    assert_eq!(told(&events.1).len(), 2, "told again at the end: {}", events.1);
    stopping.await.expect("stopped");
}

#[tokio::test]
async fn alerts_of_a_moment_are_one_write_for_each_client() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    // Longer than any machine needs to publish a few alerts.
    let timing = Timing { gather: Duration::from_secs(3), beat: PATIENCE, ..Timing::default() };
    let world = World::start(Plan { timing, ..Plan::default() }).await;
    let mut clients = [world.client("channels=alerts").await, world.client("channels=alerts").await];
    for client in &mut clients {
        client.next("hello").await;
    }
    let count = |name: &str| -> u64 {
        let text = recorder.handle().render();
        text.lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok()).expect("a count")
    };
    let (writes, frames) = (count("escucha_stream_writes_total "), count("escucha_stream_frames_total "));
    // The first does not wait ...
    world.feed.publish(alert("first", Severity::Info, vec![]));
    for client in &mut clients {
        assert_eq!(client.next("alert").await["id"], "first");
    }
    assert_eq!(count("escucha_stream_writes_total ") - writes, 2);
    // ... those that follow within the time are told together, though each is published alone.
    for i in 0..12 {
        world.feed.publish(alert(&i.to_string(), Severity::Info, vec![]));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for client in &mut clients {
        for i in 0..12 {
            assert_eq!(client.next("alert").await["id"], i.to_string());
        }
    }
    let (writes, frames) = (count("escucha_stream_writes_total ") - writes, count("escucha_stream_frames_total ") - frames);
    // Two writes for each of two clients, or a few more where the machine was busy with others meanwhile.
    assert!(frames == 26 && (4..=10).contains(&writes), "{writes} writes of {frames} frames");
}
