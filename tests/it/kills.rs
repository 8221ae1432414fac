//! The real binary killed at random moments while a file, a client of its HTTP API and a Jetstream feed it at once:
//! in the end nobody can tell, beside a run that was left alone.
//!
//! `ESCUCHA_KILLS=1000 cargo test --locked --test it kills -- --nocapture` kills that often and prints a report.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use escucha::prng::Prng;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::notified::Running;
use crate::receiver::{Answer, Receiver};

/// Kills of one engine's file; more are more rounds.
const KILLS: u64 = 30;
/// Posts of each source.
const POSTS: u64 = 3000;
/// Between two of them, in seconds of event time.
const STEP: u64 = 1;
/// 2026-07-06T08:00:00Z.
const START: u64 = 1_783_324_800;
/// One post in so many fires an alert of its own.
const ALARM: u64 = 25;
/// Topics by what feeds them, and the network of its posts.
const FED: [(&str, &str); 3] = [("archivo", "x"), ("empuje", "mastodon"), ("red", "bluesky")];

/// What the three send, in order: the ids of the posts, those to be counted once, and the lines.
struct Recording {
    file: Vec<String>,
    http: Vec<String>,
    jetstream: Vec<(u64, String)>,
    /// Mentions that there are in the end, by topic.
    mentions: BTreeMap<&'static str, u64>,
}

const WORDS: [&str; 12] = [
    "la app no abre",
    "otra vez caída",
    "qué lento",
    "gracias por nada",
    "me cobraron dos veces",
    "fraude",
    "nadie contesta",
    "por fin",
    "no puedo pagar",
    "urgente",
    "saldo",
    "mañana voy",
];

fn recording(seed: u64) -> Recording {
    let mut prng = Prng::new(seed);
    let mut all = Recording { file: Vec::new(), http: Vec::new(), jetstream: Vec::new(), mentions: BTreeMap::new() };
    for (topic, network) in FED {
        let (mut ids, mut deleted) = (Vec::<u64>::new(), BTreeSet::new());
        let mut mentions = BTreeSet::new();
        for i in 0..POSTS {
            let at = START + i * STEP;
            // Some come twice, some are changed, some are deleted, before or after they came.
            let (id, kind) = match prng.below(40) {
                0 if i > 20 => (*prng.pick(&ids), "create"),
                1 if i > 20 => (*prng.pick(&ids), "update"),
                2 if i > 20 => (*prng.pick(&ids), "delete"),
                3 => (POSTS + i, "delete"),
                _ => (i, "create"),
            };
            let alarm = if id % ALARM == 0 { "alarma " } else { "" };
            // What was told of an alarm stands.
            let kind = if kind == "delete" && !alarm.is_empty() { "update" } else { kind };
            ids.push(id);
            match kind {
                "delete" => _ = deleted.insert(id),
                _ if !deleted.contains(&id) => _ = mentions.insert(id),
                _ => {}
            }
            // In pairs of words that no other source has: in which order texts of several come, clusters may tell.
            let said = format!("{} y {}", prng.pick(&WORDS), prng.pick(&WORDS)).replace(' ', &format!(" {topic} "));
            // Some speak to the bank itself, and some of these it answers.
            let to_us = if id % 7 == 0 && topic != "red" { "@bancoayuda " } else { "" };
            let text = format!("{to_us}banco: {alarm}{said}");
            let (author, followers) = (prng.below(400), 10 + prng.below(90_000));
            let time = jiff::Timestamp::from_second(at as i64).unwrap().to_string();
            if network == "bluesky" {
                let operation = if kind == "update" { "create" } else { kind };
                // What Jetstream calls an update is another version of the post; a create that is known is none.
                let record = json!({"$type": "app.bsky.feed.post", "text": text, "createdAt": time, "langs": ["es"]});
                let mut commit = json!({"rev": "r", "operation": operation, "collection": "app.bsky.feed.post", "rkey": format!("k{id}")});
                if operation == "create" {
                    commit["record"] = record;
                    commit["cid"] = "c".into();
                }
                let time_us = at * 1_000_000 + 7;
                let did = format!("did:plc:{}", id % 400);
                all.jetstream.push((time_us, json!({"did": did, "time_us": time_us, "kind": "commit", "commit": commit}).to_string()));
            } else {
                let post = json!({
                    "id": format!("{topic}-{id}"), "network": network, "created_at": time, "text": text, "kind": kind,
                    "author": {"id": format!("{topic}-{author}"), "handle": format!("{topic}{author}"), "followers": followers},
                });
                let answer = json!({
                    "id": format!("{topic}-r{i}"), "network": network, "created_at": time, "text": "hola, escríbenos por DM ^AB",
                    "author": {"id": "o", "handle": "bancoayuda"}, "in_reply_to": {"id": format!("{topic}-{id}")},
                });
                let answer = if !to_us.is_empty() && id % 14 == 0 && i + 200 < POSTS { format!("{answer}\n") } else { String::new() };
                if topic == "archivo" { &mut all.file } else { &mut all.http }.push(format!("{post}\n{answer}"));
            }
        }
        all.mentions.insert(topic, mentions.len() as u64);
    }
    all
}

fn config(jetstream: SocketAddr, webhook: &str) -> String {
    let topics: String = FED
        .iter()
        .map(|(topic, network)| {
            format!(
                "[[topic]]\nname = '{topic}'\nquery = 'banco network:{network}'\nweight = 20\n\
                 [[topic]]\nname = 'alarma-{topic}'\nquery = 'alarma network:{network}'\n\
                 [[alert]]\nname = 'grave-{topic}'\non = 'priority'\nat = 1\ntopics = ['alarma-{topic}']\nresolve_after = '1d'\n\
                 [[alert]]\nname = 'mucho-{topic}'\non = 'volume'\nwindow = '1h'\nat = 300\ntopics = ['{topic}']\n\
                 [[alert]]\nname = 'raro-{topic}'\non = 'spike'\ntopics = ['{topic}']\n"
            )
        })
        .collect();
    format!(
        "[server]\nbind = '127.0.0.1:0'\n[store]\npath = 'e.db'\nretention = '3650d'\njournal = '64KiB'\n[engine]\nlateness = '10m'\n\
         [[source]]\nname = 'archivo'\ntype = 'file'\npath = 'in.ndjson'\nfollow = true\n\
         [[source]]\nname = 'empuje'\ntype = 'http'\n\
         [[source]]\nname = 'red'\ntype = 'jetstream'\nendpoint = 'ws://{jetstream}/subscribe'\n\
         [[brand]]\nname = 'Banco'\nown = true\naccounts = [{{ handle = 'bancoayuda', network = 'x' }}, {{ handle = 'bancoayuda', network = 'mastodon' }}]\n{topics}\
         [[notify]]\nname = 'gancho'\ntype = 'webhook'\nurl = '{webhook}'\nallow = ['127.0.0.0/8']\nrate = '1000 per second'\n\
         [[route]]\nnotify = ['gancho']\ngroup_by = ['topic', 'rule']\ngroup_wait = '0s'\ngroup_interval = '1s'\nflap_wait = '0s'\n"
    )
}

/// A Jetstream that has sent the first so many of its events, and goes on from any cursor.
struct Sky {
    address: SocketAddr,
    ready: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Sky {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sky {
    async fn start(events: Vec<(u64, String)>) -> Sky {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, ready, events) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)), Arc::new(events));
        let so_far = ready.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Sky::serve(stream, events.clone(), so_far.clone()));
            }
        });
        Sky { address, ready, task }
    }

    #[allow(clippy::result_large_err, reason = "the callback's type is the library's")]
    async fn serve(stream: TcpStream, events: Arc<Vec<(u64, String)>>, ready: Arc<AtomicU64>) {
        let mut cursor = None;
        let look = |request: &Request, response: Response| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor=")).and_then(|c| c.parse::<u64>().ok());
            Ok(response)
        };
        let Ok(mut socket) = accept_hdr_async(stream, look).await else { return };
        // Without a cursor it is live: what was sent before is gone.
        let mut next = cursor.map_or(0, |cursor| events.partition_point(|(at, _)| *at < cursor));
        loop {
            while (next as u64) < ready.load(Relaxed) {
                if socket.feed(Message::text(events[next].1.clone())).await.is_err() {
                    return;
                }
                next += 1;
            }
            if socket.flush().await.is_err() {
                return;
            }
            tokio::select! {
                message = socket.next() => if !matches!(message, Some(Ok(_))) { return },
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
        }
    }
}

/// Sends lines by HTTP, each batch until it is acknowledged.
async fn push(lines: Vec<String>, ready: Arc<AtomicU64>, address: Arc<Mutex<Option<String>>>, sent: Arc<AtomicU64>) {
    // No impatience: a request that was given up and is read later all the same would bring an old version back.
    let client = reqwest::Client::builder().timeout(Duration::from_secs(120)).build().unwrap();
    let mut next = 0;
    while next < lines.len() {
        let to = lines.len().min(ready.load(Relaxed) as usize).min(next + 40);
        let at = address.lock().unwrap().clone();
        let Some(at) = at.filter(|_| to > next) else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let answer = client.post(format!("http://{at}/v1/posts")).body(lines[next..to].concat()).send().await;
        let accepted = match answer {
            Ok(answer) if answer.status().is_success() => {
                answer.text().await.ok().and_then(|text| serde_json::from_str::<Value>(&text).ok())
            }
            _ => None,
        };
        match accepted {
            Some(accepted) => {
                assert_eq!(accepted["refused"], json!([]));
                assert_eq!(accepted["resume_at_line"], Value::Null);
                next = to;
                sent.store(next as u64, Relaxed);
            }
            // Nobody said that they are safe.
            None => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// What there is in the end.
#[derive(PartialEq, Debug)]
struct End {
    /// Mentions by topic and minute.
    minutes: BTreeMap<String, Value>,
    totals: BTreeMap<String, u64>,
    /// By topic, the alerts in the order in which they first fired: that first body, and how each ended.
    alerts: BTreeMap<String, Vec<(Value, Option<Value>)>>,
    /// Customers' matters, as they were told last.
    incidents: BTreeMap<String, Value>,
}

struct World {
    folder: tempfile::TempDir,
    config: String,
    file: File,
    recording: Recording,
    sky: Sky,
    webhook: Receiver,
    ready: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
    address: Arc<Mutex<Option<String>>>,
    push: tokio::task::JoinHandle<()>,
}

impl World {
    async fn new(seed: u64) -> World {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("in.ndjson");
        File::create(&path).unwrap();
        let recording = recording(seed);
        let sky = Sky::start(recording.jetstream.clone()).await;
        // Now and then it refuses, or takes the body and says nothing.
        let answers: Vec<Answer> = (0..2000)
            .map(|i| match i % 40 {
                7 => Answer::status(503),
                19 => Answer::Drop,
                _ => Answer::status(200),
            })
            .chain([Answer::status(200)])
            .collect();
        let webhook = Receiver::http("127.0.0.1:0", answers, None).await;
        let config = config(sky.address, &webhook.url("/"));
        let (ready, sent, address) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(None)));
        let push = tokio::spawn(push(recording.http.clone(), ready.clone(), address.clone(), sent.clone()));
        let file = OpenOptions::new().append(true).open(path).unwrap();
        World { folder, config, file, recording, sky, webhook, ready, sent, address, push }
    }

    fn start(&self) -> Running {
        let running = Running::start(&self.config, self.folder.path());
        *self.address.lock().unwrap() = Some(running.address.clone());
        running
    }

    /// The sources have up to so many posts from now on.
    fn feed(&mut self, to: u64) {
        let from = self.ready.load(Relaxed) as usize;
        let lines = self.recording.file[from..to as usize].concat();
        // In two writes, so that a line lies there half for a moment.
        let (first, rest) = lines.as_bytes().split_at(lines.len() * 2 / 3);
        self.file.write_all(first).unwrap();
        self.file.write_all(rest).unwrap();
        self.sky.ready.store(to, Relaxed);
        self.ready.store(to, Relaxed);
    }

    /// Waits until all was taken in and told, and says what there is.
    async fn end(self, running: Running) -> End {
        self.push.await.unwrap();
        let wanted = &self.recording.mentions;
        let mut totals = BTreeMap::new();
        for _ in 0..600 {
            let topics = running.ask(Method::GET, "/v1/topics", String::new()).await;
            let all = topics["topics"].as_array().unwrap();
            totals = all.iter().map(|t| (t["name"].as_str().unwrap().to_owned(), t["total"]["mentions"].as_u64().unwrap())).collect();
            if wanted.iter().all(|(topic, mentions)| totals.get(*topic) == Some(mentions)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let mut minutes = BTreeMap::new();
        for (topic, _) in FED {
            let (from, to) = (START as i64, (START + POSTS * STEP) as i64 + 3600);
            let at = |second| jiff::Timestamp::from_second(second).unwrap();
            let path = format!("/v1/topics/{topic}/windows?from={}&to={}&step=1m", at(from), at(to));
            minutes.insert(topic.to_owned(), running.ask(Method::GET, &path, String::new()).await["windows"].clone());
        }
        let transitions = transitions(&self.folder.path().join("e.db"));
        check_told(&transitions, &self.webhook).await;
        assert!(snapshots(&self.folder.path().join("e.db")) > 2, "nothing was folded");
        End { minutes, totals, alerts: alerts(&transitions), incidents: incidents(&self.folder.path().join("e.db")) }
    }
}

fn reader(file: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).unwrap()
}

/// Snapshots that were ever made.
fn snapshots(file: &Path) -> i64 {
    reader(file).query_row("SELECT value FROM meta WHERE key = 'generation'", [], |row| row.get(0)).unwrap()
}

/// Every transition of the log, as it lies in the file.
fn transitions(file: &Path) -> Vec<Value> {
    let connection = reader(file);
    let mut query = connection.prepare("SELECT seq FROM alerts UNION ALL SELECT seq FROM incidents ORDER BY seq").unwrap();
    let seqs: Vec<i64> = query.query_map([], |row| row.get(0)).unwrap().map(|seq| seq.unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>(), "gapless");
    let mut query = connection.prepare("SELECT seq, body FROM alerts ORDER BY seq").unwrap();
    let bodies = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).unwrap();
    let told = |row: rusqlite::Result<(i64, String)>| {
        let (seq, body) = row.unwrap();
        let alert: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(alert["seq"], seq);
        alert
    };
    bodies.map(told).collect()
}

/// Every matter as it was told last: each of its changes once, in order, and none is missing.
fn incidents(file: &Path) -> BTreeMap<String, Value> {
    let connection = reader(file);
    let mut query = connection.prepare("SELECT body FROM incidents ORDER BY seq").unwrap();
    let mut all: BTreeMap<String, (u64, Value)> = BTreeMap::new();
    for body in query.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        let change: Value = serde_json::from_str(&body.unwrap()).unwrap();
        let id = change["id"].as_str().unwrap().to_owned();
        let before = all.remove(&id).map_or(0, |(version, _)| version);
        assert_eq!(change["version"], before + 1, "a change of {id} is missing, or told twice");
        if change["why"] != "gone" {
            all.insert(id, (before + 1, change["incident"].clone()));
        }
    }
    all.into_iter().map(|(id, (_, incident))| (id, incident)).collect()
}

/// The receiver heard of every alert, that it fires and that it is over, and no key of two bodies.
async fn check_told(transitions: &[Value], webhook: &Receiver) {
    let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
    for alert in transitions {
        wanted.insert((alert["id"].as_str().unwrap().to_owned(), alert["status"].as_str().unwrap().to_owned()));
    }
    let mut missing = wanted.clone();
    for _ in 0..600 {
        missing.clone_from(&wanted);
        let mut bodies: BTreeMap<String, String> = BTreeMap::new();
        for heard in webhook.heard() {
            let body: Value = serde_json::from_str(&heard.body).unwrap();
            let key = heard.header("webhook-id").unwrap().to_owned();
            if let Some(before) = bodies.insert(key.clone(), heard.body.clone()) {
                // A post that it showed may have been deleted meanwhile.
                let told = |body: &str| {
                    let mut told: Value = serde_json::from_str(body).unwrap();
                    for shown in ["first_post", "top_posts"] {
                        told["data"][shown] = Value::Null;
                    }
                    told
                };
                assert_eq!(told(&before), told(&heard.body), "two bodies of {key}");
            }
            missing.remove(&(body["data"]["id"].as_str().unwrap().to_owned(), body["data"]["status"].as_str().unwrap().to_owned()));
        }
        if missing.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} of {} were never told: {missing:?}", missing.len(), wanted.len());
}

/// The alerts as they fired first and as they ended, without what says when they were sent.
fn alerts(transitions: &[Value]) -> BTreeMap<String, Vec<(Value, Option<Value>)>> {
    let mut all: BTreeMap<String, Vec<(Value, Option<Value>)>> = BTreeMap::new();
    for alert in transitions {
        let topic = all.entry(alert["topic"].as_str().unwrap().to_owned()).or_default();
        let id = &alert["id"];
        let mut body = alert.clone();
        // Which of several sources was ahead is what `delayed` says.
        for sent in ["seq", "updated_at", "delayed"] {
            body.as_object_mut().unwrap().remove(sent);
        }
        match (topic.iter_mut().find(|(first, _)| first["id"] == *id), alert["status"].as_str().unwrap()) {
            (None, "firing") => topic.push((body, None)),
            // It tells of its growth at some beat or other.
            (Some((_, end)), "firing") => assert!(end.is_none(), "{id} fires again"),
            (Some((_, end)), "resolved") => assert!(end.replace(body["reasons"][0]["code"].clone()).is_none(), "{id} ends twice"),
            (_, other) => panic!("{id} is {other}"),
        }
    }
    all
}

async fn undisturbed(seed: u64) -> End {
    let mut world = World::new(seed).await;
    let running = world.start();
    for part in 1..=20 {
        world.feed(POSTS * part / 20);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.end(running).await
}

/// Times at which posts were on their way.
struct Report {
    kills: u64,
    mid_push: u64,
}

async fn disturbed(seed: u64, kills: u64) -> (End, Report) {
    let mut world = World::new(seed).await;
    let mut prng = Prng::new(seed).fork("kills");
    let mut report = Report { kills, mid_push: 0 };
    for kill in 0..kills {
        let mut running = world.start();
        // Some come right after the start, while what there is is read back.
        tokio::time::sleep(Duration::from_millis(prng.below(60) * prng.below(6))).await;
        world.feed(POSTS * (kill + 1) / (kills + 1));
        tokio::time::sleep(Duration::from_micros(prng.below(250_000))).await;
        report.mid_push += u64::from(world.sent.load(Relaxed) < world.ready.load(Relaxed));
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        *world.address.lock().unwrap() = None;
    }
    let running = world.start();
    world.feed(POSTS);
    (world.end(running).await, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_tell_that_the_engine_was_killed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kills: u64 = std::env::var("ESCUCHA_KILLS").map_or(KILLS, |n| n.parse().unwrap());
    let rounds = kills.div_ceil(KILLS);
    for round in 0..rounds {
        let of_round = KILLS.min(kills - round * KILLS);
        let (wanted, (got, report)) = tokio::join!(undisturbed(round), disturbed(round, of_round));
        assert_eq!(wanted.totals, got.totals, "round {round}: mentions");
        assert_eq!(wanted.minutes, got.minutes, "round {round}: mentions by minute");
        assert_eq!(wanted.incidents, got.incidents, "round {round}: incidents");
        assert!(got.incidents.len() > 100, "{} incidents: too few to mean something", got.incidents.len());
        for (topic, alerts) in &wanted.alerts {
            let same = got.alerts.get(topic).map_or(&[][..], Vec::as_slice);
            assert_eq!(alerts.len(), same.len(), "round {round}: alerts of {topic}");
            for ((wanted, end), (got, ended)) in alerts.iter().zip(same) {
                assert_eq!(end, ended, "round {round}: the end of {}", wanted["id"]);
                for (member, value) in wanted.as_object().unwrap() {
                    assert_eq!(*value, got[member], "round {round}: “{member}” of {}", wanted["id"]);
                }
            }
        }
        assert_eq!(wanted.alerts.keys().collect::<Vec<_>>(), got.alerts.keys().collect::<Vec<_>>());
        let fired: usize = wanted.alerts.values().map(Vec::len).sum();
        assert!(wanted.alerts.len() == 2 * FED.len() && fired > 100, "{fired} alerts: too few to mean something");
        println!(
            "round {round}: {} kills, {} of them while posts were on their way; {fired} alerts and {} mentions the same",
            report.kills,
            report.mid_push,
            got.totals.values().sum::<u64>()
        );
    }
}
