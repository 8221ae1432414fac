//! `/v1/stream` and `/v1/events`.

use escucha::http::Role;
use serde_json::json;
use sha2::Digest;

use super::*;

#[tokio::test]
async fn hello_comes_first_and_two_clients_agree() {
    let world = World::start(Plan::default()).await;
    let mut first = world.client("channels=alerts,mentions").await;
    let mut second = world.client("channels=alerts,mentions&min_severity=critical&min_priority=50").await;
    for client in [&mut first, &mut second] {
        let hello = client.frame().await;
        assert_eq!(hello["type"], "hello");
        assert_eq!((&hello["epoch"], &hello["seq"], &hello["version"]), (&json!("E1"), &json!(0), &json!("9.9.9")));
    }
    world.feed.publish_all([
        mention("p1", "baja", "caida-app", 20),
        alert("a1", Severity::Warning, vec![post("p1", "baja")]),
        mention("p2", "alta", "fraude", 80),
        alert("a2", Severity::Critical, vec![]),
    ]);
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(first.frame().await);
    }
    assert_eq!([&all[1]["seq"], &all[3]["seq"]], [&json!(1), &json!(2)]);
    assert_eq!(all[0]["topics"][0], json!({"topic": "caida-app", "origin": "direct", "priority": 20.0, "reasons": []}));
    assert_eq!(all[0]["source"], "api");
    assert_eq!(
        all[0]["cluster"],
        json!({"id": "000000000000002a", "posts": 37, "authors": 30, "per_minute": 4.5, "doubling_minutes": 6.2})
    );
    // The filtered client gets the same objects, without those that it did not ask for.
    assert_eq!([second.frame().await, second.frame().await], [all[2].clone(), all[3].clone()]);
}

#[tokio::test]
async fn the_alert_object_is_whole() {
    let world = World::start(Plan::default()).await;
    let mut client = world.client("channels=alerts").await;
    let text = "</script><img src=x onerror=alert(1)>\u{202e}\n\"";
    world.feed.publish(alert("crisis-app/caida-app/2026-07-04T10:05Z", Severity::Critical, vec![post("p1", text)]));
    let alert = client.next("alert").await;
    assert_eq!(alert["first_post"]["text"], text);
    assert_eq!(alert["first_post"]["created_at"], "2026-07-02T13:46:40Z");
    assert_eq!((&alert["observed"], &alert["unique_authors"], &alert["brand"]), (&json!(184), &json!(151), &json!("Banco Ejemplo")));
    assert_eq!(alert["unique_clusters"], 97);
    assert_eq!(alert["networks"], json!({"bluesky": 120, "x": 64}));
    assert_eq!(alert["reasons"][0], json!({"code": "volume", "text": {"es": "184 menciones", "en": "184 mentions"}, "value": 184.0}));
    assert_eq!((&alert["terms"], &alert["similar"], &alert["languages"]), (&json!([]), &json!([]), &json!({})));
    let part = json!({"topic": "caida-app", "status": "firing", "observed": 184, "expected": null, "level": null, "recovering": null});
    assert_eq!(alert["topics"], json!([part]), "a topic alone is listed all the same");
    let absent = ["level", "recovering", "expected", "expected_range", "surprise", "negative_share", "resolved_at", "priority", "url"];
    for absent in absent {
        assert!(alert.get(absent).is_some_and(Value::is_null), "{absent}");
    }
}

#[tokio::test]
async fn a_subscription_is_changed_in_place() {
    let world = World::start(Plan::default()).await;
    let mut client = world.client("channels=status").await;
    world.feed.publish(windows("caida-app", 3));
    client.say(json!({"type": "subscribe", "channels": ["mentions", "windows"], "topics": ["fraude"], "min_priority": 30})).await;
    let subscribed = client.next("subscribed").await;
    assert_eq!(subscribed["channels"], json!(["windows", "mentions"]));
    assert_eq!((&subscribed["topics"], &subscribed["min_priority"]), (&json!(["fraude"]), &json!(30.0)));
    world.feed.publish_all([
        windows("fraude", 4),
        windows("fraude", 5),
        mention("p1", "otro tema", "caida-app", 90),
        mention("p2", "muy baja", "fraude", 10),
        mention("p3", "esta sí", "fraude", 90),
    ]);
    // Mentions come at once and windows with the beat, in either order.
    for _ in 0..2 {
        let frame = client.frame().await;
        match frame["type"].as_str() {
            Some("mention") => assert_eq!(frame["post"]["id"], "p3"),
            Some("windows") => {
                assert_eq!((&frame["topic"], &frame["windows"]["5m"]["mentions"]), (&json!("fraude"), &json!(5)), "the latest only");
            }
            _ => panic!("{frame}"),
        }
    }
}

#[tokio::test]
async fn what_a_client_says_wrong_is_answered() {
    let world = World::start(Plan::default()).await;
    let mut client = world.client("channels=alerts").await;
    for bad in [
        json!("no object"),
        json!({"type": "publish"}),
        json!({"type": "subscribe", "channels": ["incident"]}),
        json!({"type": "subscribe", "topics": ["no-such"]}),
        json!({"type": "subscribe", "min_severity": "bad"}),
        json!({"type": "subscribe", "min_priority": 101}),
    ] {
        client.say(bad.clone()).await;
        let error = client.next("error").await;
        assert_eq!(error["code"], "invalid_request", "{bad}");
        assert_ne!(error["message"]["es"], error["message"]["en"], "{bad}");
    }
    client.0.send(Message::binary(vec![1, 2])).await.expect("sent");
    assert_eq!(client.next("error").await["code"], "invalid_request");
    // ... and the stream goes on as before.
    world.feed.publish(alert("a1", Severity::Info, vec![]));
    assert_eq!(client.next("alert").await["id"], "a1");
    for query in ["channels=incident", "since=x", "min_priority=-1", "topics=no-such", "nonsense=1"] {
        let refused = world.connect(query, &[]).await.map(|_| ()).expect_err(query);
        assert!(matches!(refused, tungstenite::Error::Http(r) if r.status() == 400), "{query}");
    }
}

#[tokio::test]
async fn streams_resume_or_say_why_not() {
    let world = World::start(Plan::default()).await;
    for i in 1..=5 {
        world.feed.publish(alert(&format!("a{i}"), Severity::Info, vec![]));
    }
    // (query, recovered, reason, first alert that follows)
    for (query, recovered, reason, first) in [
        ("since=3&epoch=E1", true, Value::Null, 4),
        ("since=0&epoch=E1", true, Value::Null, 1),
        ("since=5", true, Value::Null, 6),
        ("", false, Value::Null, 6),
        ("since=3&epoch=E0", false, json!({"code": "epoch_changed", "floor": 1}), 1),
        ("since=99", false, json!({"code": "epoch_changed", "floor": 1}), 1),
        ("since=99&epoch=E1", false, json!({"code": "cursor_ahead", "floor": 1}), 1),
    ] {
        let mut client = world.client(&format!("channels=alerts&{query}")).await;
        let hello = client.frame().await;
        assert_eq!((&hello["recovered"], &hello["reason"], &hello["seq"]), (&json!(recovered), &reason, &json!(5)), "{query}");
        if first <= 5 {
            assert_eq!(client.frame().await["seq"], first, "{query}");
        }
    }
}

#[tokio::test]
async fn a_cursor_behind_the_log_is_told_so() {
    let world = World::start(Plan::default()).await;
    let mut slow = world.client("channels=alerts").await;
    slow.next("hello").await;
    let over = limits::FEED_ENTRIES as u64 + 10;
    // One lock for all of them: the reader cannot come in between.
    world.feed.publish_all((0..over).map(|i| alert(&i.to_string(), Severity::Info, vec![])));
    let mut late = world.client("channels=alerts&since=1&epoch=E1").await;
    let hello = late.frame().await;
    let floor = hello["reason"]["floor"].as_u64().expect("a floor");
    assert!(floor > 11 - 1 && hello["reason"]["code"] == "cursor_too_old", "{hello}");
    assert_eq!(late.next("alert").await["seq"], floor);
    assert_eq!(slow.frame().await, json!({"type": "gap", "channel": "alerts", "from": 1, "to": floor - 1, "reason": "evicted"}));
    assert_eq!(slow.frame().await["seq"], floor);
}

#[tokio::test]
async fn lost_mentions_are_counted_in_the_next_one() {
    let world = World::start(Plan::default()).await;
    let mut client = world.client("channels=mentions").await;
    client.next("hello").await;
    let over = limits::FEED_ENTRIES + 10;
    world.feed.publish_all((0..over).map(|i| mention(&i.to_string(), "", "fraude", 1)));
    let first = client.frame().await;
    let dropped = first["dropped"].as_u64().expect("a count");
    assert!(dropped >= 10, "{dropped}");
    assert_eq!(first["post"]["id"], dropped.to_string(), "as many as were lost");
    assert!(client.frame().await.get("dropped").is_none());
}

#[tokio::test]
async fn status_tells_the_age_of_the_data_and_how_far_a_client_was_served() {
    let timing = Timing { beat: Duration::from_millis(10), status_every: 1, ..Timing::default() };
    let world = World::start(Plan { timing, ..Plan::default() }).await;
    world.board.update("api", |s| {
        s.connected = true;
        s.last_data = Some(Timestamp::from_seconds(0));
    });
    let mut client = world.client("channels=status,alerts&min_severity=critical").await;
    world.feed.publish(alert("a1", Severity::Info, vec![]));
    loop {
        let status = client.next("status").await;
        if status["seq"] == 1 && status["sources"][0]["name"] == "api" {
            assert!(status["sources"][0]["age_seconds"].as_f64().is_some_and(|age| age > 1e9));
            break;
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _local = metrics::set_default_local_recorder(&recorder);
    let timing = Timing { look: Duration::from_millis(20), drain: PATIENCE, ..Timing::default() };
    let world = World::start(Plan { timing, backlog: 1000, ..Plan::default() }).await;
    let mut slow = world.client("channels=alerts").await;
    let mut fast = world.client("channels=alerts").await;
    // More than the buffers of both sockets hold.
    let long = "ñ".repeat(30_000);
    let reading = tokio::spawn(async move {
        while fast.next("alert").await["id"] != "last" {}
        fast
    });
    for i in 0..300 {
        world.feed.publish(alert(&i.to_string(), Severity::Info, vec![post(&i.to_string(), &long)]));
        tokio::task::yield_now().await;
    }
    world.feed.publish(alert("last", Severity::Info, vec![]));
    let _fast = reading.await.expect("nobody else is closed");
    // The server looks many times while this client stands still; both timers are of one thread, which
    // fires them in order however late it is.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(slow.closed().await, Some(4008));
    let metrics = recorder.handle().render();
    assert!(metrics.contains("escucha_slow_clients_total{transport=\"websocket\"} 1\n"), "{metrics}");
}

#[tokio::test]
async fn a_stop_closes_streams_with_1012() {
    let world = World::start(Plan::default()).await;
    let mut client = world.client("channels=alerts").await;
    client.next("hello").await;
    let stopping = tokio::spawn(world.server.stop());
    assert_eq!(client.closed().await, Some(1012));
    stopping.await.expect("stopped");
}

#[tokio::test]
async fn deletes_and_updates_reach_what_is_still_held() {
    let world = World::start(Plan::default()).await;
    let mut client = world.client("channels=mentions").await;
    world.feed.publish_all([
        mention("p1", "secreto", "fraude", 50),
        alert("a1", Severity::Info, vec![post("p1", "secreto"), post("p2", "queda")]),
    ]);
    let key = client.next("mention").await["key"].clone();
    world.feed.publish(update("p2", "corregido", "fraude", 50));
    world.feed.publish(Event::Delete(post("p1", "").get().key()));
    assert_eq!(client.next("deleted").await, json!({"type": "deleted", "key": key, "network": "x", "id": "p1"}));

    let mut late = world.client("channels=alerts&since=0").await;
    let alert = late.next("alert").await;
    let gone = &alert["first_post"];
    assert_eq!(
        (&gone["id"], &gone["text"], &gone["kind"], &gone["author"]["handle"]),
        (&json!("p1"), &json!(""), &json!("delete"), &Value::Null)
    );
    assert_eq!(alert["top_posts"][1]["text"], "corregido");
    assert!(!alert.to_string().contains("secreto"));
}

#[tokio::test]
async fn events_carry_the_same_objects() {
    let world = World::start(Plan::default()).await;
    world.feed.publish_all([alert("a1", Severity::Info, vec![]), alert("a2", Severity::Info, vec![post("p1", "dos\nlíneas")])]);
    let mut events = world.events("channels=alerts", Some("E1:1")).await;
    let text = events.until("id: E1:2").await;
    assert!(text.contains("text/event-stream") && !text.contains("\"a1\""), "{text}");
    let data: Vec<Value> = text.lines().filter_map(|l| l.strip_prefix("data: ")).map(|d| serde_json::from_str(d).expect("JSON")).collect();
    assert_eq!((&data[0]["type"], &data[0]["recovered"]), (&json!("hello"), &json!(true)));
    assert_eq!(data[1]["first_post"]["text"], "dos\nlíneas");
}

#[tokio::test]
async fn every_event_that_says_how_far_a_client_was_served_can_be_gone_on_from() {
    let timing = Timing { beat: Duration::from_millis(10), status_every: 1, ..Timing::default() };
    let world = World::start(Plan { timing, ..Plan::default() }).await;
    world.feed.publish(alert("a1", Severity::Info, vec![]));
    // (cursor, what is said first): one that is refused keeps its cursor and is told again.
    for (cursor, first) in [
        (None, "id: E1:1\ndata: {\"type\":\"hello\""),
        (Some("E1:0"), "id: E1:0\ndata: {\"type\":\"hello\""),
        (Some("E0:9"), "\r\ndata: {\"type\":\"hello\""),
    ] {
        let mut events = world.events("channels=alerts", cursor).await;
        let text = events.until("\"type\":\"hello\"").await;
        assert!(text.contains(first), "{cursor:?}: {text}");
    }
    // An alert that a filter passes over is served.
    let mut picky = world.events("channels=alerts,status&min_severity=critical", None).await;
    picky.until("id: E1:1\ndata: {\"type\":\"status\"").await;
    world.feed.publish(alert("a2", Severity::Info, vec![]));
    picky.until("id: E1:2\ndata: {\"type\":\"status\"").await;
}

#[tokio::test]
async fn what_the_engine_says_last_is_told_before_the_end() {
    let world = World::start(Plan::default()).await;
    let mut client = world.client("channels=alerts").await;
    client.next("hello").await;
    let mut events = world.events("channels=alerts", None).await;
    events.until("hello").await;
    // More than one read, and no await before the stop: nobody has heard of them yet.
    world.feed.publish_all((1..=1000).map(|i| alert(&format!("a{i}"), Severity::Info, vec![])));
    let stopping = tokio::spawn(world.server.stop());
    for seq in 1..=1000 {
        assert_eq!(client.next("alert").await["seq"], seq);
    }
    assert_eq!(client.closed().await, Some(1012));
    events.until("id: E1:1000\n").await;
    stopping.await.expect("stopped");
}

#[tokio::test]
async fn a_stream_ends_with_the_token_it_came_with() {
    let timing = Timing { beat: Duration::from_millis(10), ..Timing::default() };
    let token = |secret: &str, role| {
        let hash = <[u8; 32]>::from(sha2::Sha256::digest(secret));
        Token { name: secret.to_owned(), role, hash, device: false }
    };
    let (mine, other) = (token("mine", Role::Viewer), token("other", Role::Viewer));
    let world = World::start(Plan { timing, tokens: vec![mine, other.clone()], ..Plan::default() }).await;
    let mut gone = world.connect("channels=alerts", &[("authorization", "Bearer mine")]).await.expect("let in");
    let mut stays = world.connect("channels=alerts", &[("authorization", "Bearer other")]).await.expect("let in");
    world.tokens.store(Arc::new(vec![other]));
    assert_eq!(gone.closed().await, Some(4001));
    world.feed.publish(alert("a1", Severity::Info, vec![]));
    assert_eq!(stays.next("alert").await["id"], "a1");
}
