//! Who hears of an alert: from the feed over a scripted notifier to the API, and back.

use std::collections::VecDeque;
use std::sync::Mutex;

use escucha::delivery::{Patience, Target};
use escucha::http::Role;
use escucha::notifiers::{Message, Notifier, Outcome};
use escucha::routing;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::*;

/// Answers by a script, then with `Delivered`; tells of every try.
#[derive(Default)]
struct Scripted {
    script: Mutex<VecDeque<Outcome>>,
    tries: Mutex<Vec<(String, String, String)>>,
}

impl Notifier for Scripted {
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome> {
        let a = message.alert;
        let one = (a.id.clone(), a.status.as_str().to_owned(), message.key.to_owned());
        self.tries.lock().expect("no panic").push(one);
        let outcome = self.script.lock().expect("no panic").pop_front().unwrap_or(Outcome::Delivered);
        Box::pin(async move { outcome })
    }
}

impl Scripted {
    fn new(script: impl Into<VecDeque<Outcome>>) -> Arc<Scripted> {
        Arc::new(Scripted { script: Mutex::new(script.into()), ..Scripted::default() })
    }

    /// Waits for try number `n`, counted from 1.
    async fn tried(&self, n: usize) -> (String, String, String) {
        let search = async {
            loop {
                if let Some(found) = self.tries.lock().expect("no panic").get(n - 1) {
                    return found.clone();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("a try in time")
    }
}

/// A world whose alerts go to `notifier` at once.
async fn world(notifier: &Arc<Scripted>, tokens: Vec<Token>) -> World {
    let routed = routing::Target { name: "guardia".into(), acks: true, resend: None, wants: Default::default() };
    let patience = Patience { base: Duration::from_millis(1), cap: Duration::from_millis(1), ..Patience::default() };
    let target = Target { routed, notifier: notifier.clone(), lang: Lang::Es, patience };
    let timing = routing::Timing { wait: 0, interval: 10_000, ..routing::Timing::default() };
    let route = routing::Route { notify: [0].into(), matchers: routing::Matchers::default(), group_by: Vec::new(), timing };
    let settings = routing::Settings { routes: vec![route], ..routing::Settings::default() };
    World::start(Plan { tokens, delivery: (settings, vec![target]), ..Plan::default() }).await
}

fn over(event: Event) -> Event {
    match event {
        Event::Alert(mut alert) => {
            alert.status = Status::Resolved;
            Event::Alert(alert)
        }
        other => other,
    }
}

const ACK: &str = "/v1/alerts/crisis-app%2Fcaida-app%2F1/ack";
const WHY: &str = "/v1/alerts/crisis-app%2Fcaida-app%2F1/why";

fn crisis() -> Event {
    alert("crisis-app/caida-app/1", Severity::Critical, Vec::new())
}

#[tokio::test]
async fn an_alert_is_taken_on_and_everybody_sees_who_did() {
    let (secret, hash) = escucha::http::token_new().expect("random");
    let hash = Token::parse_hash(&hash).expect("hex");
    let notifier = Scripted::new([]);
    let world = world(&notifier, vec![Token { name: "Ana Ruiz".to_owned(), role: Role::Agent, hash, device: false }]).await;
    let bearer = format!("Bearer {secret}");
    let auth = [("authorization", bearer.as_str())];
    let mut client = world.connect("channels=alerts", &auth).await.expect("a stream");
    client.next("hello").await;
    world.feed.publish(crisis());
    assert_eq!(client.next("alert").await["acknowledged"], Value::Null);
    assert_eq!(notifier.tried(1).await.1, "firing");

    let (status, _, body) = world.request("POST", ACK, &auth, r#"{"note":"voy"}"#.as_bytes()).await;
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((status, &answer["seq"], &answer["acknowledged"]["by"]), (200, &json!(2), &json!("Ana Ruiz")), "{answer}");
    let told = client.next("alert").await;
    assert_eq!((&told["seq"], &told["acknowledged"]), (&json!(2), &answer["acknowledged"]));
    let (_, list) = world.get("/v1/alerts", &auth).await;
    assert_eq!((list["alerts"].as_array().map(Vec::len), &list["alerts"][0]["acknowledged"]["note"]), (Some(1), &json!("voy")));
    // The target knows of such things.
    notifier.tried(2).await;
    world.feed.publish(over(crisis()));
    assert_eq!(notifier.tried(3).await.1, "resolved");
    assert_eq!(client.next("alert").await["acknowledged"]["by"], "Ana Ruiz", "to the end");
    let (status, problem) = {
        let (status, _, body) = world.request("POST", ACK, &auth, b"").await;
        (status, serde_json::from_slice::<Value>(&body).expect("JSON"))
    };
    assert_eq!((status, &problem["code"]), (409, &json!("alert_over")));
    assert_eq!(world.request("POST", "/v1/alerts/nada/ack", &auth, b"").await.0, 404);
    for bad in [r#"{"nota":"x"}"#, "[", r#"{"note":1}"#, &format!("{{\"note\":\"{}\"}}", "x".repeat(1001))] {
        assert_eq!(world.request("POST", ACK, &auth, bad.as_bytes()).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn every_decision_can_be_asked_for() {
    let notifier = Scripted::new([Outcome::Transient { why: "503".to_owned(), after: None }]);
    let world = world(&notifier, Vec::new()).await;
    world.feed.publish(crisis());
    let (one, two) = (notifier.tried(1).await, notifier.tried(2).await);
    assert_eq!(one, two, "the same on every try");
    let codes = |v: &Value| v["decisions"].as_array().expect("decisions").iter().map(|d| d["code"].clone()).collect::<Vec<_>>();
    let settled = async {
        loop {
            let (_, why) = world.get(WHY, &[]).await;
            if codes(&why).last() == Some(&json!("delivered")) {
                return why;
            }
        }
    };
    let why = tokio::time::timeout(PATIENCE, settled).await.expect("delivered");
    assert_eq!(codes(&why), ["firing", "sent", "retried", "delivered"]);
    world.described("Decision", &why["decisions"][2]).await;
    let text = &why["decisions"][2]["text"];
    assert_eq!((&text["es"], &text["en"]), (&json!("no se pudo, se reintenta: 503"), &json!("failed, tried again: 503")));
    assert_eq!(world.get("/v1/alerts/nada/why", &[]).await.0, 404);
}

#[tokio::test]
async fn a_silence_is_made_seen_and_ended() {
    let notifier = Scripted::new([]);
    let world = world(&notifier, Vec::new()).await;
    let ends = "2999-01-01T00:00:00Z";
    let body = json!({"matchers": {"topic": ["caida-app"], "severity": ["critical"]}, "reason": "obras", "ends_at": ends});
    let (status, made) = world.send("POST", "/v1/silences", &body).await;
    assert_eq!(
        (status, &made["state"], &made["author"], &made["ends_at"]),
        (201, &json!("active"), &json!("localhost"), &json!(ends)),
        "{made}"
    );
    world.described("Silence", &made).await;
    let (_, list) = world.get("/v1/silences", &[]).await;
    assert_eq!(list["silences"], json!([made]));
    world.feed.publish(crisis());
    let held =
        async { while !world.get(WHY, &[]).await.1["decisions"].as_array().is_some_and(|d| d.iter().any(|d| d["code"] == "silenced")) {} };
    tokio::time::timeout(PATIENCE, held).await.expect("held back");
    assert!(notifier.tries.lock().expect("no panic").is_empty());
    let path = format!("/v1/silences/{}", made["id"].as_str().expect("an id"));
    assert_eq!(world.send("DELETE", &path, &Value::Null).await.0, 204);
    assert_eq!(world.send("DELETE", &path, &Value::Null).await.0, 404);
    notifier.tried(1).await;
}

#[tokio::test]
async fn everything_wrong_with_a_silence_is_told() {
    let world = world(&Scripted::new([]), Vec::new()).await;
    let good = || json!({"matchers": {"rule": ["r"]}, "reason": "x", "ends_at": "2999-01-01T00:00:00Z"});
    let with = |key: &str, value: Value| {
        let mut body = good();
        body[key] = value;
        body
    };
    for (body, pointers) in [
        (json!([]), vec![""]),
        (json!({}), vec![""]),
        (with("author", json!("yo")), vec![""]),
        (with("reason", json!(" ")), vec!["/reason"]),
        (with("matchers", json!({})), vec!["/matchers"]),
        (
            with("matchers", json!({"rulle": ["r"], "severity": ["bad"], "topic": []})),
            vec!["/matchers/rulle", "/matchers/severity", "/matchers/topic"],
        ),
        (with("ends_at", json!("mañana")), vec!["/ends_at"]),
        (with("ends_at", json!("2020-01-01T00:00:00Z")), vec!["/ends_at"]),
        (with("starts_at", json!("3000-01-01T00:00:00Z")), vec!["/ends_at"]),
        (with("starts_at", json!("ya")), vec!["/starts_at"]),
    ] {
        let (status, problem) = world.send("POST", "/v1/silences", &body).await;
        assert_eq!((status, &problem["code"]), (422, &json!("silence_rejected")), "{body} {problem}");
        let mut told: Vec<_> = problem["errors"].as_array().expect("errors").iter().map(|e| e["pointer"].as_str().unwrap_or("?")).collect();
        told.sort_unstable();
        assert_eq!(told, pointers, "{body}");
    }
    assert_eq!(world.get("/v1/silences", &[]).await.1["silences"], json!([]));
}

#[tokio::test]
async fn dead_letters_are_seen_and_sent_again() {
    let notifier = Scripted::new([Outcome::Permanent { why: "400".to_owned() }]);
    let world = world(&notifier, Vec::new()).await;
    world.feed.publish(crisis());
    let dead = async {
        loop {
            let (_, found) = world.get("/v1/deliveries?status=dead", &[]).await;
            if found["deliveries"].as_array().is_some_and(|d| !d.is_empty()) {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, dead).await.expect("a dead letter");
    let letter = &found["deliveries"][0];
    world.described("Delivery", letter).await;
    world.described("Notifier", &found["notifiers"][0]).await;
    assert_eq!((&letter["error"], &letter["status"], &letter["tries"]), (&json!("400"), &json!("dead"), &json!(1)));
    assert_eq!(world.get("/v1/deliveries?status=waiting", &[]).await.1["deliveries"], json!([]));
    assert_eq!(world.get("/v1/deliveries?status=x", &[]).await.0, 400);
    let path = format!("/v1/deliveries/{}/replay", letter["id"].as_str().expect("an id"));
    assert_eq!(world.send("POST", &path, &Value::Null).await.0, 202);
    assert_eq!(notifier.tried(1).await, notifier.tried(2).await);
    for gone in [path.as_str(), "/v1/deliveries/x/replay"] {
        assert_eq!(world.send("POST", gone, &Value::Null).await.0, 404);
    }
}
