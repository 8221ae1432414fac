//! Queries: checked, and tried against what came in lately.

use serde_json::json;

use super::*;

const FILE: &str = "
[[brand]]
name = 'Banco'
own = true
accounts = [{ handle = 'condor' }]
[[topic]]
name = 'banco'
query = 'banco'
";

fn plan() -> Plan {
    Plan { config: FILE.to_owned(), ..Plan::default() }
}

fn line(id: &str, at: &str, text: &str, kind: &str) -> String {
    json!({"id": id, "network": "x", "created_at": format!("2026-07-04T{at}Z"), "text": text, "kind": kind}).to_string() + "\n"
}

#[tokio::test]
async fn a_query_is_read_without_being_put_in_force() {
    let world = World::start(plan()).await;
    let check = |body: Value| world.send("POST", "/v1/query/check", body);
    let (status, seen) = check(json!({"query": "banco  condor -rule:banco", "accents": "smart"})).await;
    assert_eq!(status, 200, "{seen}");
    assert_eq!(
        (&seen["normalised"], &seen["accents"], &seen["dialect"], &seen["errors"]),
        (&json!("banco AND condor AND NOT rule:banco"), &json!("smart"), &Value::Null, &json!([]))
    );
    assert_eq!((&seen["warnings"][0]["code"], &seen["warnings"][0]["start"]), (&json!("W110"), &json!(7)));
    world.described("Checked", &seen).await;
    world.described("QueryProblem", &seen["warnings"][0]).await;
    assert!(seen["cost"].is_u64() && seen["anchors"].as_array().is_some_and(|a| a.len() == 1), "{seen}");

    let (status, seen) = check(json!({"query": "ñ (x rule:nope"})).await;
    let codes: Vec<_> = seen["errors"].as_array().expect("errors").iter().map(|e| (e["code"].clone(), e["start"].clone())).collect();
    assert_eq!((status, codes), (200, vec![(json!("E101"), json!(2)), (json!("E142"), json!(5))]));
    assert_eq!((&seen["normalised"], &seen["cost"], &seen["anchors"]), (&Value::Null, &Value::Null, &json!([])));
    let spanish = world.request("POST", "/v1/query/check", &[("accept-language", "es")], br#"{"query":"(x"}"#).await;
    assert!(spanish.1.contains("content-language: es") && String::from_utf8_lossy(&spanish.2).contains("paréntesis"));

    for (body, errors) in [
        (json!({"query": "a OR b c"}), 0),
        (json!({"query": "a OR b c", "strict": true}), 1),
        (json!({"query": "all:posts"}), 1),
        (json!({"query": "all:posts", "all": true}), 0),
    ] {
        let (_, seen) = check(body.clone()).await;
        assert_eq!(seen["errors"].as_array().map(Vec::len), Some(errors), "{body} {seen}");
    }
    for bad in [json!({}), json!({"query": 1}), json!({"query": "x", "accent": "fold"}), json!({"query": "x", "minutes": 5})] {
        assert_eq!(check(bad.clone()).await.0, 400, "{bad}");
    }
    assert_eq!(check(json!({"query": "x".repeat(70_000)})).await.0, 413);
}

#[tokio::test]
async fn a_query_is_tried_against_what_came_in() {
    let world = World::start(plan()).await;
    let attempt = |body: Value| world.send("POST", "/v1/query/try", body);
    let (status, empty) = attempt(json!({"query": "fraude"})).await;
    assert_eq!((status, &empty["posts"], &empty["from"], &empty["warnings"]), (200, &json!(0), &Value::Null, &json!([])));

    let mut body = String::new();
    for i in 0..20 {
        body += &line(&format!("p{i}"), &format!("10:{i:02}:00"), "nada que ver", "create");
    }
    body += &line("1", "10:30:00", "Un FRAUDE 😀 en el banco, fraude", "create");
    body += &line("2", "11:00:00", "fraude borrado", "create");
    body += &line("3", "11:01:00", "fraude que se corrige", "create");
    body += &line("1", "10:30:00", "Un FRAUDE 😀 en el banco, fraude", "create");
    assert_eq!(world.request("POST", "/v1/posts", &[], body.as_bytes()).await.0, 200);
    let late = line("2", "11:02:00", "", "delete") + &line("3", "11:03:00", "fraude corregido", "update");
    assert_eq!(world.request("POST", "/v1/posts", &[], late.as_bytes()).await.0, 200);

    let (status, found) = attempt(json!({"query": "fraude", "tag": "T7", "samples": 5, "minutes": 60})).await;
    assert_eq!((status, &found["posts"], &found["matched"], &found["complete"]), (200, &json!(23), &json!(3), &json!(true)), "{found}");
    assert_eq!(
        found["per_hour"],
        json!([
            {"hour": "2026-07-04T10:00:00Z", "posts": 21, "matched": 1},
            {"hour": "2026-07-04T11:00:00Z", "posts": 2, "matched": 2},
        ])
    );
    let texts: Vec<_> = found["samples"].as_array().expect("samples").iter().map(|s| s["post"]["text"].clone()).collect();
    assert_eq!(texts, ["fraude corregido", "Un FRAUDE 😀 en el banco, fraude"], "latest version, none that is deleted");
    assert_eq!(
        found["samples"][1]["leaves"],
        json!([
            {"text": "FRAUDE", "start": 3, "end": 9, "term": "fraude"},
            {"text": "fraude", "start": 25, "end": 31, "term": "fraude"},
        ])
    );
    assert_eq!((&found["tag"], &found["warnings"]), (&json!("T7"), &json!([])));
    world.described("Tried", &found).await;
    assert!(found["from"].is_string() && found["to"].is_string());

    for (query, matched) in [("rule:banco fraude", 1), ("fraude -rule:banco", 2), ("fraude hour:11", 2), ("fraude sentiment:>=-1", 3)] {
        let (_, found) = attempt(json!({"query": query})).await;
        assert_eq!(found["matched"], matched, "{query} {found}");
    }
    let (_, often) = attempt(json!({"query": "nada", "samples": 0})).await;
    assert_eq!((&often["matched"], &often["samples"], &often["warnings"][0]["code"]), (&json!(20), &json!([]), &json!("W111")), "{often}");
    assert!(often["warnings"][0]["cause"].as_str().is_some_and(|c| c.contains("86 %")), "{often}");
    assert_eq!(world.get("/v1/topics", &[]).await.1["topics"].as_array().map(Vec::len), Some(1), "nothing is put in force");

    let (status, problem) = attempt(json!({"query": "fraude ("})).await;
    assert_eq!((status, &problem["code"], &problem["errors"][0]["start"]), (422, &json!("query_rejected"), &json!(7)));
    for bad in [json!({"query": "x", "minutes": 0}), json!({"query": "x", "samples": 101}), json!({"query": "x", "minutes": -1})] {
        assert_eq!(attempt(bad.clone()).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_post_whose_delete_came_first_is_not_shown() {
    let world = World::start(plan()).await;
    for body in [line("1", "10:00:00", "", "delete"), line("1", "09:00:00", "fraude", "create")] {
        assert_eq!(world.request("POST", "/v1/posts", &[], body.as_bytes()).await.0, 200);
    }
    let (_, found) = world.send("POST", "/v1/query/try", json!({"query": "fraude"})).await;
    assert_eq!((&found["matched"], &found["samples"]), (&json!(1), &json!([])));
}

#[tokio::test]
async fn an_engine_that_keeps_nothing_says_so() {
    let world = World::start(Plan { config: format!("[engine]\nrecall = '0B'\n{FILE}"), ..Plan::default() }).await;
    assert_eq!(world.send("POST", "/v1/query/try", json!({"query": "fraude"})).await.0, 503);
    assert_eq!(world.send("POST", "/v1/query/check", json!({"query": "fraude"})).await.0, 200);
}
