//! Who may do what, what the readers answer, and how the port defends itself.

use escucha::http::{ROUTES, Role, token_new};
use serde_json::json;

use super::*;

fn tokens() -> (Vec<Token>, Vec<(Role, String)>) {
    Role::ALL
        .into_iter()
        .map(|role| {
            let (secret, hash) = token_new().expect("random");
            let hash = Token::parse_hash(&hash).expect("a hash");
            (Token { name: role.as_str().to_owned(), role, hash, device: false }, (role, secret))
        })
        .unzip()
}

#[tokio::test]
async fn every_route_answers_to_its_roles_only() {
    let (tokens, secrets) = tokens();
    let world = World::start(Plan { tokens, ..Plan::default() }).await;
    let nobody = [(None, None), (None, Some("esc_wrong".to_owned()))];
    let holders: Vec<_> = secrets.into_iter().map(|(role, secret)| (Some(role), Some(secret))).chain(nobody).collect();
    for route in ROUTES {
        let path = route.path.replace("{name}", "fraude").replace("{file}", "favicon.svg");
        for (role, secret) in &holders {
            let bearer = secret.as_ref().map(|s| format!("Bearer {s}"));
            let headers: Vec<(&str, &str)> = bearer.iter().map(|b| ("authorization", b.as_str())).collect();
            // A stream would go on for ever: a parameter that does not exist ends it after the guard.
            let path = if path == "/v1/events" { "/v1/events?nonsense=1" } else { &path };
            let (status, ..) = world.request(route.method.as_str(), path, &headers, b"").await;
            let passed = status != 401 && status != 403;
            let signing_in = route.path == "/v1/session" && role.is_none();
            assert_eq!(passed, route.access.allows(*role) && !signing_in, "{} {path} as {role:?}: {status}", route.method);
            if !passed {
                let want = if role.is_some() { 403 } else { 401 };
                assert_eq!(status, want, "{} {path} as {role:?}", route.method);
            }
        }
    }
}

#[tokio::test]
async fn without_tokens_only_this_machine_is_served() {
    let world = World::start(Plan::default()).await;
    assert_eq!(world.get("/v1/topics", &[]).await.0, 200);
    assert_eq!(world.get("/v1/topics", &[("host", "evil.example")]).await.0, 403);
    let open = World::try_start(Plan { ip: [0, 0, 0, 0], ..Plan::default() }).await.map(|_| ());
    assert!(matches!(open, Err(NotStarted::Open(_))), "{open:?}");
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let world = World::start(Plan::default()).await;
    let own = format!("http://{}", world.address());
    for (origin, want) in [
        (own.as_str(), true),
        ("https://sala.example", true),
        ("https://evil.example", false),
        ("http://127.0.0.1:1", false),
        ("null", false),
    ] {
        let connected = world.connect("channels=alerts", &[("origin", origin)]).await;
        match connected {
            Ok(_) => assert!(want, "{origin}"),
            Err(tungstenite::Error::Http(r)) => assert!(!want && r.status() == 403, "{origin} {}", r.status()),
            Err(e) => panic!("{origin}: {e}"),
        }
        let (status, ..) = world.request("POST", "/v1/posts", &[("origin", origin)], b"").await;
        assert_eq!(status == 200, want, "{origin} {status}");
    }
}

#[tokio::test]
async fn browsers_sign_in_without_tokens_in_addresses() {
    let (tokens, secrets) = tokens();
    let viewer = secrets.iter().find(|(r, _)| *r == Role::Viewer).map(|(_, s)| s.clone()).expect("a viewer");
    let world = World::start(Plan { tokens, ..Plan::default() }).await;
    let refused = world.connect("channels=alerts", &[]).await.map(|_| ()).expect_err("no token");
    assert!(matches!(refused, tungstenite::Error::Http(r) if r.status() == 401));
    let protocols = format!("escucha.v1, bearer.{viewer}");
    world.connect("channels=alerts", &[("sec-websocket-protocol", &protocols)]).await.expect("by sub-protocol");

    let (status, head, _) = world.request("POST", "/v1/session", &[], json!({"token": viewer}).to_string().as_bytes()).await;
    let cookie = head.lines().find_map(|l| l.strip_prefix("set-cookie: ")).expect("a cookie").to_owned();
    assert_eq!(status, 204);
    assert!(cookie.contains("httponly") && cookie.contains("samesite=strict"), "{cookie}");
    let cookie = format!("escucha_token={viewer}");
    assert_eq!(world.get("/v1/topics", &[("cookie", &cookie)]).await.0, 200);
    world.connect("channels=alerts", &[("cookie", &cookie)]).await.expect("by cookie");
    let (status, ..) = world.request("POST", "/v1/session", &[], br#"{"token":"esc_wrong"}"#).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_sign_in_is_small_and_quick() {
    let timing = Timing { body: Duration::from_millis(50), ..Timing::default() };
    let world = World::start(Plan { timing, ..Plan::default() }).await;
    assert_eq!(world.request("POST", "/v1/session", &[], &[b' '; 5000]).await.0, 413);
    assert_eq!(world.request("POST", "/v1/session", &[("content-length", "100")], b"{").await.0, 408);
}

#[tokio::test]
async fn a_half_sent_head_is_closed() {
    let timing = Timing { header: Duration::from_millis(50), ..Timing::default() };
    let world = World::start(Plan { timing, ..Plan::default() }).await;
    let mut socket = TcpStream::connect(world.address()).await.expect("a connection");
    socket.write_all(b"GET /healthz HTTP/1.1\r\nhos").await.expect("written");
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, socket.read_to_end(&mut rest)).await.expect("closed").expect("read");
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn problems_speak_the_readers_language() {
    let world = World::start(Plan::default()).await;
    for (method, path, status, code) in [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/v1/topics/nope/week", 404, "not_found"),
        ("DELETE", "/v1/topics", 405, "method_not_allowed"),
        ("GET", "/v1/mentions?q=(", 400, "invalid_request"),
        ("GET", "/v1/mentions?from=ayer", 400, "invalid_request"),
        ("GET", "/v1/alerts?status=open", 400, "invalid_request"),
        ("GET", "/v1/alerts?min_severity=mild", 400, "invalid_request"),
        ("GET", "/v1/alerts?cursor=x", 400, "invalid_request"),
        ("GET", "/v1/stream", 426, "upgrade_required"),
        ("GET", "/v1/topics/%ff/week", 400, "invalid_request"),
        ("POST", "/v1/reload", 422, "configuration_rejected"),
    ] {
        let mut details = Vec::new();
        for lang in ["es", "en"] {
            let (got, head, body) = world.request(method, path, &[("accept-language", lang)], b"").await;
            let problem: Value = serde_json::from_slice(&body).expect("JSON");
            assert!(head.contains("application/problem+json"), "{head}");
            assert_eq!((got, &problem["status"], &problem["code"]), (status, &json!(status), &json!(code)), "{method} {path}");
            details.push(problem["detail"].as_str().expect("a detail").to_owned());
        }
        assert_ne!(details[0], details[1], "{method} {path}");
    }
}

#[tokio::test]
async fn readers_answer() {
    let world = World::start(Plan::default()).await;
    let texts = ["primera caída", "=HYPERLINK(\"x\") fraude", "caída y fraude"];
    let body: String = texts
        .iter()
        .enumerate()
        .map(|(i, text)| {
            json!({"id": i.to_string(), "network": "x", "created_at": format!("2026-07-04T10:0{i}:00Z"), "text": text}).to_string() + "\n"
        })
        .collect();
    assert_eq!(world.request("POST", "/v1/posts", &[], body.as_bytes()).await.0, 200);

    let ids = |page: &Value| {
        page["mentions"].as_array().map(|m| m.iter().map(|m| m["post"]["id"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>())
    };
    for (query, want) in [
        ("", &["2", "1", "0"][..]),
        ("topic=fraude", &["2", "1"]),
        ("q=primera%20OR%20hyperlink", &["1", "0"]),
        ("from=2026-07-04T10:01:00Z&to=2026-07-04T10:02:00Z", &["1"]),
        ("limit=0", &[]),
    ] {
        let (status, page) = world.get(&format!("/v1/mentions?{query}"), &[]).await;
        assert_eq!((status, ids(&page).as_deref()), (200, Some(&want.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>()[..])), "{query}");
    }
    let mut cursor = String::new();
    for (want, last) in [("2", false), ("0", true)] {
        let (_, page) = world.get(&format!("/v1/mentions?q=ca%C3%ADda&limit=1{cursor}"), &[]).await;
        assert_eq!((ids(&page).expect("a page"), page["next"].is_null()), (vec![want.to_owned()], last));
        cursor = format!("&cursor={}", page["next"].as_str().unwrap_or(""));
    }
    let (_, head, csv) = world.request("GET", "/v1/mentions", &[("accept", "text/csv")], b"").await;
    let csv = String::from_utf8(csv).expect("UTF-8");
    assert!(head.contains("text/csv"));
    assert_eq!(csv.lines().count(), 4);
    assert!(csv.contains("\"'=HYPERLINK(\"\"x\"\") fraude\""), "{csv}");

    let (_, topics) = world.get("/v1/topics", &[]).await;
    assert_eq!((&topics["topics"][0]["name"], &topics["topics"][0]["windows"]["1h"]["mentions"]), (&json!("caida-app"), &json!(2)));
    let (_, series) = world.get("/v1/topics/caida-app/windows?from=2026-07-04T10:00:00Z&to=2026-07-04T10:03:00Z", &[]).await;
    let counts: Vec<u64> = series["steps"].as_array().expect("steps").iter().filter_map(|s| s["mentions"].as_u64()).collect();
    assert_eq!(counts, [1, 0, 1]);
    let (_, week) = world.get("/v1/topics/fraude/week", &[]).await;
    assert_eq!(week["mentions"][5][10], 2, "Saturday at ten");
    // No rule asks for what is usual here.
    assert_eq!((&week["expected"], week["latest"].as_array().expect("hours").len()), (&Value::Null, 24));
    let running = &week["latest"][0];
    assert_eq!((&running["day"], &running["hour"], &running["mentions"]), (&json!(5), &json!(10), &json!(2)), "{running}");
    assert_eq!((&series["steps"][0]["expected"], &series["steps"][0]["expected_range"]), (&Value::Null, &Value::Null));
    let (_, wall) = world.get("/v1/wall", &[]).await;
    world.described("Wall", &wall).await;
    assert_eq!((&wall["dwell_seconds"], &wall["theme"], &wall["scenes"][0]), (&json!(20), &json!("dark"), &json!("now")));
    assert_eq!((&wall["lang"], &wall["timezone"]), (&Value::Null, &Value::Null), "those of the display");

    world.feed.publish_all([alert("a1", Severity::Info, vec![]), alert("a2", Severity::Info, vec![]), alert("a1", Severity::Info, vec![])]);
    let (_, alerts) = world.get("/v1/alerts?status=firing", &[]).await;
    let seqs: Vec<_> = alerts["alerts"].as_array().expect("alerts").iter().map(|a| (a["id"].clone(), a["seq"].clone())).collect();
    assert_eq!(seqs, [(json!("a2"), json!(2)), (json!("a1"), json!(3))], "each as it is now");
    assert_eq!((&alerts["epoch"], &alerts["seq"]), (&json!("E1"), &json!(3)));
    assert_eq!(world.get("/v1/alerts?since=3", &[]).await.1["alerts"], json!([]));
    for (query, want, next) in [
        ("limit=1", &["a1"][..], json!("3")),
        ("limit=1&cursor=3", &["a2"], json!(null)),
        ("limit=0", &[], json!(null)),
        ("topics=otro,caida-app", &["a2", "a1"], json!(null)),
        ("topics=otro", &[], json!(null)),
        ("min_severity=warning", &[], json!(null)),
    ] {
        let (_, page) = world.get(&format!("/v1/alerts?{query}"), &[]).await;
        let ids: Vec<_> = page["alerts"].as_array().expect("alerts").iter().map(|a| a["id"].as_str().expect("an id")).collect();
        assert_eq!((&ids[..], &page["next"]), (want, &next), "{query}");
    }
}

#[tokio::test]
async fn health_and_readiness() {
    let world = World::start(Plan::default()).await;
    world.board.update("api", |s| s.connected = true);
    assert_eq!(world.get("/healthz", &[]).await.0, 200);
    assert_eq!(world.get("/readyz", &[]).await, (200, json!({"ready": true, "components": {"engine": null, "source api": null}})));
    world.board.update("api", |s| s.problem = Some("refused".to_owned()));
    let (status, ready) = world.get("/readyz", &[]).await;
    assert_eq!((status, &ready["components"]["source api"]), (503, &json!("refused")));
    assert_eq!(world.request("GET", "/metrics", &[], b"").await.0, 200);
    let (status, head, _) = world.request("GET", "/", &[], b"").await;
    assert!(status == 200 && head.contains("content-security-policy: default-src 'none'"), "{head}");
}

#[tokio::test]
async fn an_engine_whose_beat_stopped_is_not_ready() {
    let timing = Timing { stuck: Duration::ZERO, ..Timing::default() };
    let world = World::start(Plan { timing, ..Plan::default() }).await;
    assert_eq!(world.get("/readyz", &[]).await.0, 200, "none has come yet");
    world.pulse.beat(Duration::ZERO);
    let (status, ready) = world.get("/readyz", &[]).await;
    assert_eq!((status, &ready["components"]["engine"]), (503, &json!("the last beat was 0 s ago")));
    assert_eq!(world.get("/healthz", &[]).await.0, 200);
}

#[tokio::test]
async fn the_published_description_names_every_route() {
    let world = World::start(Plan::default()).await;
    let (_, document) = world.get("/v1/openapi.json", &[]).await;
    let paths = document["paths"].as_object().expect("paths");
    let mut described: Vec<String> = Vec::new();
    for (path, methods) in paths {
        described.extend(methods.as_object().expect("methods").keys().map(|m| format!("{} {path}", m.to_uppercase())));
    }
    // The pages and their files are no API.
    let mut served: Vec<String> = ROUTES
        .iter()
        .filter(|r| !["/", "/care"].contains(&r.path) && !r.path.contains("{file}"))
        .map(|r| format!("{} {}", r.method, r.path))
        .collect();
    described.sort();
    served.sort();
    assert_eq!(described, served);
}
