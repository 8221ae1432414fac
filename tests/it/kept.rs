//! How long what customers wrote is kept, and that erasing it leaves nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use escucha::codec::Coded;
use escucha::incident::{Cause, Deed, Field, Hands, Incident, IncidentKey, Why};
use escucha::incidents::Incidents;
use escucha::post::{AuthorKey, PostKey};
use escucha::prng::Prng;
use escucha::time::{HOUR, Timestamp};
use escucha::topic::{Account, Brand, Care};
use serde_json::{Value, json};

use crate::incidents::Reader;
use crate::notified::Running;

const DAY: i64 = 24 * HOUR;
/// 2026-01-05T00:00:00Z.
const START: Timestamp = Timestamp(1_767_571_200_000_000);

fn reader() -> Reader {
    let account = Account { handle: "banco".into(), ..Account::default() };
    Reader::new(vec![Brand { name: "Banco".into(), own: true, accounts: vec![account], ..Brand::default() }])
}

/// Posts in the order of their times, over `days`, each answering none older than 20 days.
fn world(seed: u64, days: u64, posts: usize) -> Vec<Value> {
    let mut draw = Prng::new(seed);
    let mut times: Vec<i64> = (0..posts).map(|_| draw.below(days * 24) as i64).collect();
    times.sort_unstable();
    let texts = ["no va", "¿y mi dinero?", "gracias", "ya está. -GL", "¿nos escribes por DM?", "@banco ayuda", "@c1 ya", "@c2 @banco mira"];
    let mut all: Vec<(i64, Value)> = Vec::new();
    for (i, hour) in times.into_iter().enumerate() {
        // Customers come and go.
        let who = if draw.below(3) == 0 { "banco".to_owned() } else { format!("c{}", hour as u64 / 24 / 15 * 3 + draw.below(4)) };
        let at = START.plus(hour * HOUR).to_string();
        let mut post = json!({"id": format!("{}", 1000 + i), "network": "x", "created_at": at,
            "text": *draw.pick(&texts), "author": {"id": format!("{who}-1"), "handle": who}});
        let parents: Vec<&(i64, Value)> = all.iter().filter(|(then, _)| hour - then < 20 * 24).collect();
        if !parents.is_empty() && draw.below(3) > 0 {
            let (_, parent) = parents[draw.below(parents.len() as u64) as usize];
            post["in_reply_to"] = json!({"id": parent["id"], "author": parent["author"]["handle"]});
        }
        all.push((hour, post));
    }
    all.into_iter().map(|(_, post)| post).collect()
}

/// Without what may go.
fn figures(incident: &Incident) -> Incident {
    let nobody = "".into();
    Incident {
        author: AuthorKey(0),
        handle: std::sync::Arc::clone(&nobody),
        post_id: nobody,
        previous: None,
        assignee: None,
        hands: incident.hands.clone().map(|hands| Box::new(Hands { last: None, ..*hands })),
        peer: incident.peer.map(|_| PostKey(0)),
        notes: Vec::new(),
        ..incident.clone()
    }
}

fn all(incidents: &Incidents) -> BTreeMap<IncidentKey, Incident> {
    incidents.all().map(|(incident, _)| (incident.key(), figures(incident))).collect()
}

fn care(retention: i64, texts: i64, strays: i64) -> Care {
    Care { retention: retention * DAY, texts: texts * DAY, strays: strays * DAY, ..Care::default() }
}

#[test]
fn letting_go_changes_no_figure_of_what_is_still_kept() {
    let (reader, mut fewer, mut nameless) = (reader(), 0, 0);
    for seed in 0..120 {
        let (mut kept, mut twin) = (Incidents::default(), Incidents::default());
        kept.keep(&care(100, 31, 21));
        let mut now = START;
        for post in world(seed, 240, 60) {
            let (kind, post) = reader.read(&post);
            now = post.at;
            for incidents in [&mut kept, &mut twin] {
                incidents.hear(kind, post.clone(), now);
                incidents.settle(now, &mut Vec::new());
            }
            kept.prune(now, &mut Vec::new());
        }
        let (got, want) = (all(&kept), all(&twin));
        for (key, incident) in &want {
            let over = incident.closing().map_or(now, |c| c.at.max(incident.last_activity));
            match got.get(key) {
                Some(found) => assert_eq!(found, incident, "seed {seed}"),
                None => assert!(now.since(over) >= 99 * DAY, "seed {seed}: {incident:?} is gone too early"),
            }
        }
        assert!(got.keys().all(|key| want.contains_key(key)), "seed {seed}");
        fewer += usize::from(kept.len() < twin.len());
        nameless += kept.all().filter(|(i, _)| i.handle.is_empty()).count();
    }
    assert!(fewer > 100 && nameless > 200, "{fewer} {nameless}");
}

#[test]
fn memory_is_flat_once_everything_was_let_go_of_once() {
    let (reader, mut incidents) = (reader(), Incidents::default());
    incidents.keep(&care(60, 31, 1));
    let (mut sizes, mut told) = (Vec::new(), Vec::new());
    for day in 0..240i64 {
        let mut hear = |hour: i64, who: &str, text: &str| {
            let at = START.plus(day * DAY + hour * HOUR).to_string();
            let author = json!({"id": format!("{who}-id"), "handle": who});
            let post = json!({"id": format!("{day}{hour:02}"), "network": "x", "created_at": at, "text": text, "author": author});
            let (kind, post) = reader.read(&post);
            let now = post.at;
            incidents.hear(kind, post, now);
            incidents.settle(now, &mut told);
            incidents.prune(now, &mut told);
        };
        for i in 0..10 {
            hear(i, &format!("c{day}x{i}"), if i % 2 == 0 { "@banco no va" } else { "no va nada" });
        }
        // Who never falls silent, without a matter and with one, and what we tell everybody.
        hear(10, "talker", "buenos días a todos");
        hear(11, "client", if day == 0 { "@banco no va" } else { "qué sueño" });
        hear(12, "banco", "Abrimos a las nueve");
        let mut bytes = Vec::new();
        incidents.pieces(&mut |piece| piece.encode(&mut bytes));
        sizes.push(bytes.len());
    }
    assert!(sizes[110] > 2 * sizes[10], "it grows at first: {sizes:?}");
    let (early, late) = (sizes[110], sizes[239]);
    assert!(late <= early + early / 50, "{early} {late}");
    // Of a day each the talkers and the last customers, of a month our broadcasts; what customers asked is there until it is let go of.
    let asked = incidents.all().filter(|(i, _)| !i.handle.is_empty()).count();
    assert!(incidents.len() <= asked + 31 + 10, "{} posts, {asked} of them in matters", incidents.len());
    assert!(incidents.all().all(|(i, _)| &*i.handle != "client"), "talking keeps no closed matter");
    // Whoever was told of it is told that it is told no more, last of all.
    let client: Vec<_> = told.iter().filter(|c| &*c.incident.handle == "client").map(|c| (c.version, c.why)).collect();
    assert_eq!((client.len(), client.last()), (3, Some(&(3, Why::Gone))), "opened, expired, gone: {client:?}");
}

#[test]
fn who_leaves_keeps_what_they_wrote_of_late() {
    let (reader, mut incidents) = (reader(), Incidents::default());
    incidents.keep(&care(400, 31, 21));
    let mut hear = |day: i64, id: &str, who: &str, text: &str, parent: &str| {
        let author = json!({"id": format!("{who}-id"), "handle": who});
        let mut post = json!({"id": id, "network": "x", "created_at": START.plus(day * DAY).to_string(), "text": text, "author": author});
        if !parent.is_empty() {
            post["in_reply_to"] = json!({"id": parent});
        }
        let (kind, post) = reader.read(&post);
        let now = post.at;
        incidents.hear(kind, post, now);
        incidents.settle(now, &mut Vec::new());
        incidents.prune(now, &mut Vec::new());
    };
    hear(0, "1", "ana", "@banco no va", "");
    hear(1, "2", "banco", "ya está", "1");
    hear(20, "3", "ana", "no me deja entrar", "");
    // The matter was over on day 4, and its texts go after 31 days; the post of day 20 waits until day 41.
    hear(36, "4", "eva", "buenos días", "");
    hear(37, "5", "banco", "¿nos cuentas más?", "3");
    let mut all: Vec<_> = incidents.all().map(|(i, _)| (i.opened_at, i.cause, i.handle.is_empty())).collect();
    all.sort_unstable();
    assert_eq!(all, [(START, Cause::MentionOrReply, true), (START.plus(20 * DAY), Cause::AnsweredByUs, false)]);
}

#[test]
fn there_is_a_bound_and_what_is_beyond_is_counted() {
    let (reader, mut incidents) = (reader(), Incidents::default());
    incidents.keep(&Care { max_posts: 50, ..care(400, 90, 3) });
    for i in 0..80 {
        let at = START.plus(i * HOUR / 60).to_string();
        let text = if i < 30 { "no va nada" } else { "@banco no va" };
        let post = json!({"id": format!("{i}"), "network": "x", "created_at": at, "text": text, "author": {"id": format!("a{i}")}});
        let (kind, post) = reader.read(&post);
        let now = post.at;
        incidents.hear(kind, post, now);
        incidents.settle(now, &mut Vec::new());
    }
    assert_eq!((incidents.len(), incidents.dropped()), (50, 30), "who spoke to nobody made room");
    assert_eq!(incidents.all().count(), 50);
}

/// Posts of an hour each: id, author, the post it answers, text.
fn hours(posts: &[(&str, &str, &str, &str)]) -> Vec<Value> {
    let post = |(i, (id, who, parent, text)): (usize, &(&str, &str, &str, &str))| {
        let mut post = json!({"id": id, "network": "x", "created_at": START.plus(i as i64 * HOUR).to_string(), "text": text,
            "author": {"id": format!("{who}-1"), "handle": who}});
        if !parent.is_empty() {
            post["in_reply_to"] = json!({"id": parent});
        }
        post
    };
    posts.iter().enumerate().map(post).collect()
}

#[test]
fn those_who_answered_each_other_leave_together_and_who_was_thanked_no_sooner() {
    let reader = reader();
    for (name, posts) in [
        ("thanked in reply", [("1", "ana", "", "@banco no va"), ("2", "eva", "1", "@ana reinicia"), ("3", "ana", "2", "@eva gracias")]),
        ("thanked beside", [("1", "ana", "", "@banco no va"), ("2", "eva", "1", "@ana reinicia"), ("3", "ana", "1", "gracias")]),
    ] {
        let mut incidents = Incidents::default();
        incidents.keep(&care(400, 90, 3));
        for post in hours(&posts) {
            let (kind, post) = reader.read(&post);
            incidents.hear(kind, post.clone(), post.at);
            incidents.settle(post.at, &mut Vec::new());
        }
        let key = *all(&incidents).keys().next().expect("a matter");
        let said = |deed| (START.plus(5 * HOUR), "luis".into(), deed);
        for deed in [Deed::Assign(Some("pepa".into())), Deed::Assign(Some("luis".into())), Deed::Tag(Field::Section, Some("SAC".into()))] {
            let (at, by, deed) = said(deed);
            incidents.act(key, None, at, by, deed).expect("done");
        }
        let mut len = Vec::new();
        for day in [1, 10, 60, 200] {
            incidents.settle(START.plus(day * DAY), &mut Vec::new());
            incidents.prune(START.plus(day * DAY), &mut Vec::new());
            len.push(incidents.len());
        }
        // After 30 days it expired, after 90 more it may go.
        assert_eq!(len, [3, 3, 3, 0], "{name}: {len:?}");
        let (left, _) = incidents.all().next().expect("its figures");
        assert_eq!((&*left.handle, left.assignee.as_deref(), left.peer.is_some()), ("", None, true), "{name}");
        assert_eq!((left.assignee_hops(), left.section_hops()), (Some(1), Some(0)), "{name}");
        assert_eq!(left.hands.as_ref().map(|hands| hands.last.clone()), Some(None), "{name}");
    }
}

#[test]
fn what_was_merged_with_another_matter_of_the_same_customer_leaves_with_it() {
    let (reader, mut incidents) = (reader(), Incidents::default());
    incidents.keep(&care(400, 90, 3));
    for (id, day) in [("1", 0), ("2", 40)] {
        let at = START.plus(day * DAY).to_string();
        let post = json!({"id": id, "network": "x", "created_at": at, "text": "@banco no va", "author": {"id": "ana-1", "handle": "ana"}});
        let (kind, post) = reader.read(&post);
        let now = post.at;
        incidents.hear(kind, post, now);
        incidents.settle(now, &mut Vec::new());
    }
    let part = IncidentKey::of("Banco", PostKey::of("x", "1"));
    incidents.act(part, None, START.plus(41 * DAY), "luis".into(), Deed::Merge(PostKey::of("x", "2"))).expect("merged");
    let mut len = Vec::new();
    for day in [42, 100, 200] {
        incidents.settle(START.plus(day * DAY), &mut Vec::new());
        incidents.prune(START.plus(day * DAY), &mut Vec::new());
        len.push(incidents.len());
    }
    assert_eq!((len.as_slice(), incidents.all().count()), (&[2, 2, 0][..], 2));
}

const CONFIG: &str = "[server]\nbind = '127.0.0.1:0'\n[store]\npath = 'e.db'\n[engine]\nlateness = '0s'\n\
    [[source]]\nname = 'push'\ntype = 'http'\nformat = 'escucha'\nown_posts = true\n\
    [[brand]]\nname = 'Banco'\nown = true\naccounts = [{ handle = 'banco' }]\n\
    [[topic]]\nname = 'caida'\nbrand = 'Banco'\nquery = 'cayó'\n\
    [[alert]]\nname = 'todo'\non = 'priority'\nat = 1\n\
    [[alert]]\nname = 'plazo'\non = 'sla'\n\
    [[notify]]\nname = 'n'\ntype = 'webhook'\nurl = 'https://127.0.0.1:9/'\n";

async fn send(running: &Running, path: &str, body: String) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(format!("http://{}{path}", running.address)).body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Which of `traces` stand in the store's files.
fn traces<'a>(folder: &Path, traces: &[&'a str]) -> Vec<&'a str> {
    let bytes: Vec<u8> = ["e.db", "e.db-wal"].iter().flat_map(|name| std::fs::read(folder.join(name)).unwrap_or_default()).collect();
    let has = |trace: &str| bytes.windows(trace.len()).any(|w| w == trace.as_bytes());
    traces.iter().copied().filter(|trace| has(trace)).collect()
}

fn posts(now: Timestamp) -> String {
    let ago = |minutes: i64| now.plus(-minutes * HOUR / 60).to_string();
    let maria = json!({"id": "id-de-maria-77", "handle": "mariaperez77"});
    let luis = json!({"id": "id-de-luis-88", "handle": "luisgomez88"});
    let all = [
        json!({"id": "p-1", "network": "x", "created_at": ago(100), "text": "@banco se cayó mi secreto uno", "author": maria}),
        json!({"id": "p-2", "network": "x", "created_at": ago(99), "text": "@mariaperez77 lo vemos. -GL", "author": {"id": "b", "handle": "banco"}, "in_reply_to": {"id": "p-1"}}),
        json!({"id": "p-3", "network": "x", "created_at": ago(98), "text": "@banco se cayó mi secreto dos", "author": maria}),
        json!({"id": "p-4", "network": "x", "created_at": ago(97), "text": "@banco se cayó lo de otro cliente", "author": luis}),
    ];
    all.iter().map(|post| format!("{post}\n")).collect()
}

const HERS: [&str; 4] = ["secreto uno", "secreto dos", "mariaperez77", "id-de-maria-77"];
const HIS: [&str; 2] = ["lo de otro cliente", "luisgomez88"];

fn now() -> Timestamp {
    use escucha::time::{Clock, SystemClock};
    SystemClock::new().now()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_in_no_file_any_more() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for while_it_runs in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut running = Some(Running::start(CONFIG, folder.path()));
        let engine = running.as_ref().unwrap();
        assert_eq!(send(engine, "/v1/posts", posts(now())).await.0, 200);
        let get = |path: &str| {
            let url = format!("http://{}{path}", engine.address);
            async move { reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap().text().await.unwrap() }
        };
        let mut shown = String::new();
        for _ in 0..100 {
            shown = get("/v1/alerts").await;
            if shown.contains("plazo/Banco/x/p-1") && shown.contains("secreto dos") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(HERS.iter().all(|trace| shown.contains(trace)) && HIS.iter().all(|trace| shown.contains(trace)), "{shown}");
        assert_eq!(traces(folder.path(), &HERS), HERS, "they were there");
        if while_it_runs {
            let (status, told) = send(engine, "/v1/erasures", json!({"network": "x", "author": "@MariaPerez77"}).to_string()).await;
            assert_eq!((status, told.as_str()), (200, "{\"posts\":3,\"incidents\":1}"));
            for path in ["/v1/alerts", "/v1/mentions"] {
                let shown = get(path).await;
                assert!(HERS.iter().all(|trace| !shown.contains(trace)) && shown.contains(HIS[0]), "{path}: {shown}");
            }
        } else {
            drop(running.take());
            let path = folder.path().join("escucha.toml");
            let done = Command::new(env!("CARGO_BIN_EXE_escucha"))
                .args(["--lang", "en", "erase", "-c", path.to_str().unwrap(), "--network", "x", "--author", "id-de-maria-77"])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&done.stdout).into_owned();
            assert_eq!(
                said,
                "erased. Posts: 3. Matters of which only the figures remain: 1\n",
                "{}",
                String::from_utf8_lossy(&done.stderr)
            );
        }
        assert_eq!(traces(folder.path(), &HERS), [""; 0], "while it runs: {while_it_runs}");
        assert_eq!(traces(folder.path(), &HIS), HIS);
        drop(running.take());
        // It starts from what is left.
        let again = Running::start(CONFIG, folder.path());
        let url = format!("http://{}/v1/alerts", again.address);
        let shown = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap().text().await.unwrap();
        assert!(HERS.iter().all(|trace| !shown.contains(trace)) && shown.contains(HIS[0]), "{shown}");
        assert_eq!(send(&again, "/v1/erasures", "{\"network\":\"x\"}".to_owned()).await.0, 400);
    }
}
