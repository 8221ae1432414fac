//! Topics that change while the engine runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};

use serde_json::json;

use super::*;

const FILE: &str = "
[[brand]]
name = 'Banco'
own = true
accounts = [{ handle = 'Cóndor' }]
[[list]]
name = 'fallas'
terms = ['caída', 'no funciona']
[[topic]]
name = 'banco'
query = 'banco'
[[topic]]
name = 'fallas'
queries = [{ query = 'rule:banco list:fallas', tag = 'T1' }, 'fallas']
[[alert]]
name = 'todas'
on = 'priority'
at = 1
";

fn plan() -> Plan {
    Plan { config: FILE.to_owned(), ..Plan::default() }
}

/// Names and queries in normal form.
async fn written(world: &World) -> Vec<(String, Vec<String>)> {
    let (_, all) = world.get("/v1/topics?queries=true", &[]).await;
    let text = |v: &Value| v.as_str().expect("a string").to_owned();
    let queries = |t: &Value| t["queries"].as_array().expect("queries").iter().map(|q| text(&q["query"])).collect();
    all["topics"].as_array().expect("topics").iter().map(|t| (text(&t["name"]), queries(t))).collect()
}

#[tokio::test]
async fn a_topic_is_created_replaced_and_taken_away() {
    let world = World::start(plan()).await;
    let body = json!({"queries": ["fraude OR  estafa", {"query": "condor", "tag": "T2"}], "brand": "Banco", "weight": 5, "category": null});
    let (status, answer) = world.send("PUT", "/v1/topics/nuevo%20tema", &body).await;
    assert_eq!((status, &answer["name"], answer["warnings"].as_array().map(Vec::len)), (201, &json!("nuevo tema"), Some(1)), "{answer}");
    let warning = &answer["warnings"][0];
    world.described("Fault", warning).await;
    assert_eq!(
        (&warning["code"], &warning["pointer"], &warning["start"], &warning["end"]),
        (&json!("W110"), &json!("/queries/1/query"), &json!(0), &json!(6))
    );
    assert_eq!(world.send("PUT", "/v1/topics/banco", &json!({"name": "banco", "query": "banco -playa"})).await.0, 200);
    let own = |s: &[&str]| s.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        written(&world).await,
        [
            ("banco".to_owned(), own(&["banco AND NOT playa"])),
            ("fallas".to_owned(), own(&["rule:banco AND list:fallas", "fallas"])),
            ("nuevo tema".to_owned(), own(&["fraude OR estafa", "condor"])),
        ]
    );
    let (_, page) = world.get("/v1/topics?queries=true&limit=1&cursor=1", &[]).await;
    assert_eq!((&page["topics"][0]["queries"][0]["tag"], &page["next"]), (&json!("T1"), &json!("2")), "{page}");

    let line = json!({"id": "1", "created_at": "2026-07-04T10:00:00Z", "text": "una estafa"}).to_string();
    assert_eq!(world.request("POST", "/v1/posts", &[], line.as_bytes()).await.0, 200);
    let (_, found) = world.get("/v1/mentions?topic=nuevo%20tema", &[]).await;
    assert_eq!(found["mentions"].as_array().map(Vec::len), Some(1));
    // The alert that watches every topic watches it too.
    assert_eq!(world.get("/v1/alerts", &[]).await.1["alerts"][0]["topic"], "nuevo tema");

    assert_eq!(world.send("DELETE", "/v1/topics/nuevo%20tema", &Value::Null).await.0, 204);
    assert_eq!(world.send("DELETE", "/v1/topics/nuevo%20tema", &Value::Null).await.0, 404);
    let (status, problem) = world.send("DELETE", "/v1/topics/banco", &Value::Null).await;
    assert_eq!((status, &problem["detail"], &problem["code"]), (409, &json!("named with rule: by fallas"), &json!("needed_by_others")));
    assert_eq!(world.send("DELETE", "/v1/topics/fallas", &Value::Null).await.0, 204);
    assert_eq!(world.send("DELETE", "/v1/topics/banco", &Value::Null).await.0, 204);
    assert_eq!(written(&world).await, []);
}

#[tokio::test]
async fn everything_wrong_with_a_topic_is_told_and_nothing_changes() {
    let world = World::start(plan()).await;
    let before = written(&world).await;
    for (name, body, faults) in [
        (
            "x",
            json!({"queries": ["ok", {"query": "ñ (x", "acents": "fold"}, "rule:nope a", "list:fallas all:posts"], "weight": 31}),
            vec![
                ("/queries/1/acents", "", None),
                ("/queries/1/query", "E101", Some((2, 3))),
                ("/queries/2", "E142", Some((0, 9))),
                ("/queries/3", "E145", Some((12, 21))),
                ("/weight", "", None),
            ],
        ),
        ("banco", json!({"query": "banco rule:fallas"}), vec![("/query", "E143", Some((6, 17)))]),
        ("x", json!({"queries": ["x", "rule:x"]}), vec![("/queries/1", "E143", Some((0, 6)))]),
        ("x", json!({"query": "x", "brand": "Bnaco"}), vec![("/brand", "", None)]),
        ("x", json!({"query": "x", "tag": "t".repeat(256)}), vec![("/tag", "", None)]),
        ("x", json!({"brand": "Banco"}), vec![("", "", None)]),
        ("x", json!({"query": "x", "name": "y"}), vec![("/name", "", None)]),
        ("x", json!([]), vec![("", "", None)]),
        ("a%22b", json!({"query": "x"}), vec![("/name", "", None)]),
    ] {
        let (status, problem) = world.send("PUT", &format!("/v1/topics/{name}"), &body).await;
        assert_eq!((status, &problem["code"]), (422, &json!("topic_rejected")), "{body} {problem}");
        let mut told = Vec::new();
        for fault in problem["errors"].as_array().expect("errors") {
            let span = fault["start"].as_u64().zip(fault["end"].as_u64());
            let text = |key: &str| fault[key].as_str().unwrap_or("").to_owned();
            assert!(!text("cause").is_empty(), "{fault}");
            told.push((text("pointer"), text("code"), span));
        }
        told.sort();
        let faults: Vec<_> = faults.into_iter().map(|(p, c, s)| (p.to_owned(), c.to_owned(), s)).collect();
        assert_eq!(told, faults, "{body}");
    }
    let (_, cycle) = world.send("PUT", "/v1/topics/banco", &json!({"query": "banco rule:fallas"})).await;
    assert!(cycle["detail"].as_str().is_some_and(|d| d.contains("banco → fallas → banco")), "{cycle}");
    let deep = format!("{{\"query\":{}{}}}", "[".repeat(120), "]".repeat(120));
    for body in ["{", &deep, "{\"query\":\"\\ud800\"}"] {
        assert_eq!(world.request("PUT", "/v1/topics/x", &[], body.as_bytes()).await.0, 422, "{body}");
    }
    assert_eq!(written(&world).await, before);
}

#[tokio::test]
async fn of_many_changes_at_once_none_is_lost() {
    let world = Arc::new(World::start(plan()).await);
    let tasks: Vec<_> = (0..24)
        .map(|i| {
            let world = world.clone();
            tokio::spawn(async move {
                let path = format!("/v1/topics/t{i}");
                let put = world.send("PUT", &path, &json!({"query": format!("palabra{i}")})).await.0;
                let gone = if i % 3 == 0 { world.send("DELETE", &path, &Value::Null).await.0 } else { 204 };
                (put, gone)
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic"), (201, 204));
    }
    let mut names: Vec<String> = written(&world).await.into_iter().map(|(name, _)| name).filter(|n| n.starts_with('t')).collect();
    names.sort();
    let mut want: Vec<String> = (0..24).filter(|i| i % 3 != 0).map(|i| format!("t{i}")).collect();
    want.sort();
    assert_eq!(names, want);
}

#[tokio::test]
async fn the_file_is_the_truth() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("e.toml");
    std::fs::write(&file, FILE).expect("written");
    let world = World::start(Plan { file: Some(file.clone()), ..plan() }).await;
    let before = written(&world).await;
    assert_eq!(world.send("PUT", "/v1/topics/nuevo", &json!({"query": "x1"})).await.0, 201);
    assert_eq!(world.send("PUT", "/v1/topics/banco", &json!({"query": "caja"})).await.0, 200);
    let changed = written(&world).await;
    std::fs::write(&file, FILE.replace("'banco'", "'banco (x'")).expect("written");
    assert_eq!(world.send("POST", "/v1/reload", &Value::Null).await.0, 422);
    assert_eq!(written(&world).await, changed, "a bad file leaves what is in force");
    std::fs::write(&file, FILE).expect("written");
    assert_eq!(world.send("POST", "/v1/reload", &Value::Null).await.0, 204);
    assert_eq!(written(&world).await, before);
    assert_eq!(world.send("PUT", "/v1/topics/nuevo", &json!({"query": "rule:banco x2"})).await.0, 201, "as new again");
    std::fs::write(
        &file,
        format!("timezone = 'Europe/Madrid'\n{FILE}\n[wall]\nscenes = ['week', 'now']\ndwell = '1m'\ntheme = 'light'\nlang = 'es'\npublic = true\n"),
    )
    .expect("written");
    assert_eq!(world.send("POST", "/v1/reload", &Value::Null).await.0, 204);
    let (_, wall) = world.get("/v1/wall", &[]).await;
    let want = json!({
        "scenes": ["week", "now"], "dwell_seconds": 60, "theme": "light", "lang": "es", "public": true, "device": false, "name": "localhost", "acts": true, "timezone": "Europe/Madrid",
        "groups": [], "own": ["Banco"], "version": "9.9.9"
    });
    assert_eq!(wall, want, "the wall follows");
}

/// What one buffer was matched with, and what came of it.
struct Heard {
    version: u64,
    posts: u64,
    matched: u64,
    /// Topics that a post must match in that version, by number; the word each looks for is in every post.
    due: Vec<TopicId>,
    /// Hits by topic.
    hits: BTreeMap<TopicId, u64>,
}

#[tokio::test]
async fn the_books_are_exact_while_topics_change() {
    const ROUNDS: u32 = 30;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("e.toml");
    let config = "[[topic]]\nname='fijo'\nquery='fijo'\n[[topic]]\nname='giro'\nquery='giro'\n[[topic]]\nname='otro'\nquery='rule:giro'\n"
        .to_owned();
    std::fs::write(&file, &config).expect("written");
    let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
    let names: Arc<Mutex<HashMap<TopicId, String>>> = Arc::default();
    let hear = {
        let (heard, names) = (heard.clone(), names.clone());
        move |buffer: &Buffer, outcome: &Outcome, applied: &Applied| {
            let listening = &buffer.compiled.listening;
            let written = |i: usize| &*listening.wordings(i)[0].normal;
            let is_due = |i: usize| match written(i) {
                "rule:giro" => written(1) == "giro",
                other => matches!(other, "fijo" | "giro"),
            };
            let due = listening.topics.iter().enumerate().filter(|(i, _)| is_due(*i)).map(|(_, t)| t.id).collect();
            let mut hits = BTreeMap::new();
            for hit in &outcome.hits {
                *hits.entry(listening.topics[hit.topic as usize].id).or_insert(0) += 1;
            }
            for topic in &listening.topics {
                let known = names.lock().expect("lock").entry(topic.id).or_insert_with(|| topic.name.clone()).clone();
                assert_eq!(known, topic.name, "a number is never used again");
            }
            let one = Heard { version: listening.version, posts: outcome.decoded, matched: applied.matched, due, hits };
            heard.lock().expect("lock").push(one);
        }
    };
    let world = Arc::new(World::start(Plan { config, file: Some(file), hear: Some(Box::new(hear)), share: 16, ..Plan::default() }).await);
    let (stop, mut sent) = (Arc::new(AtomicBool::new(false)), 0);
    let batches = Arc::new(AtomicU64::new(0));
    let flood = {
        let port = world.engine.intake.port(SourceId(0), 16, metrics::Counter::noop());
        let (stop, batches) = (stop.clone(), batches.clone());
        tokio::spawn(async move {
            while !stop.load(SeqCst) {
                let line = |i: u64| format!("{{\"id\":\"{i}\",\"created_at\":\"2026-07-04T10:00:00Z\",\"text\":\"fijo y giro\"}}\n");
                let batch: String = (sent..sent + 1 + sent % 7).map(line).collect();
                sent += 1 + sent % 7;
                port.send(batch.into_bytes()).await.expect("the engine runs");
                batches.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
            }
            sent
        })
    };
    for round in 0..ROUNDS {
        let query = if round % 2 == 0 { "nada" } else { "giro" };
        assert_eq!(world.send("PUT", "/v1/topics/giro", &json!({"query": query})).await.0, 200);
        let before = batches.load(SeqCst);
        // Two, because one may have been on its way already.
        while batches.load(SeqCst) < before + 2 {
            tokio::task::yield_now().await;
        }
        let extra = format!("/v1/topics/extra{}", round % 4);
        let status = world.send("PUT", &extra, &json!({"query": "giro"})).await.0;
        assert!(status == 200 || status == 201);
        assert_eq!(world.send("PUT", "/v1/topics/mal", &json!({"query": "giro ("})).await.0, 422);
        match round % 3 {
            0 => assert_eq!(world.send("DELETE", &extra, &Value::Null).await.0, 204),
            1 if round % 5 == 0 => assert_eq!(world.send("POST", "/v1/reload", &Value::Null).await.0, 204),
            _ => {}
        }
    }
    stop.store(true, SeqCst);
    let sent = flood.await.expect("no panic");
    let Ok(world) = Arc::try_unwrap(world) else { panic!("one owner is left") };
    world.server.stop().await;
    let mut tally = tokio::task::spawn_blocking(move || world.engine.stop()).await.expect("no panic");

    let heard = heard.lock().expect("lock");
    assert!(heard.is_sorted_by_key(|h| h.version), "swaps are items of the order");
    let versions = heard.iter().map(|h| h.version).collect::<std::collections::BTreeSet<_>>();
    assert!(versions.len() >= ROUNDS as usize, "posts came in between all changes: {}", versions.len());
    assert_eq!(heard.iter().map(|h| h.posts).sum::<u64>(), sent);
    assert_eq!(heard.iter().map(|h| h.matched).sum::<u64>(), sent);
    let mut due: BTreeMap<TopicId, u64> = BTreeMap::new();
    for one in &*heard {
        let expected: BTreeMap<TopicId, u64> = one.due.iter().map(|id| (*id, one.posts)).collect();
        assert_eq!(one.hits, expected, "version {}: one set for the whole buffer", one.version);
        for id in &one.due {
            *due.entry(*id).or_default() += one.posts;
        }
    }
    let totals: BTreeMap<String, u64> = tally.topics().into_iter().map(|o| (o.windows.name, o.total.mentions)).collect();
    assert_eq!(totals["fijo"], sent);
    let names = names.lock().expect("lock");
    for (id, posts) in due {
        // Topics that are gone by now keep their counts, but are not told of.
        if let Some(total) = totals.get(&names[&id]) {
            assert_eq!(*total, posts, "{}", names[&id]);
        }
    }
}

#[tokio::test]
async fn brands_that_a_rule_on_spikes_watches_stand_beside_the_topics() {
    let world = World::start(plan()).await;
    assert_eq!(world.get("/v1/topics", &[]).await.1["brands"], json!([]));
    let topics = FILE.replace("query = 'banco'", "query = 'banco'\nbrand = 'Banco'");
    let world =
        World::start(Plan { config: topics + "[[alert]]\nname = 'crisis'\non = 'spike'\ntopics = ['banco']\n", ..Plan::default() }).await;
    let body = r#"{"id":"1","created_at":"2026-07-04T10:00:00Z","text":"el banco"}"#;
    assert_eq!(world.request("POST", "/v1/posts", &[], body.as_bytes()).await.0, 200);
    let (_, answer) = world.get("/v1/topics", &[]).await;
    let brands = answer["brands"].as_array().expect("brands");
    assert_eq!((brands.len(), &brands[0]["name"], &brands[0]["windows"]["1h"]["mentions"]), (1, &json!("Banco"), &json!(1)));
    world.described("Brand", &brands[0]).await;
}
