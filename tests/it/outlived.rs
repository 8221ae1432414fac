//! The real binary killed while its targets are down, slow or listening: what was to be told is told by its next
//! life, and nobody is told twice but for the one answer that it took to its grave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::Value;

use crate::notified::{Running, until};
use crate::receiver::{Answer, Heard, Receiver};

/// A notifier of the configuration.
fn notify(name: &str, url: &str) -> String {
    format!("[[notify]]\nname = '{name}'\ntype = 'webhook'\nurl = '{url}'\nallow = ['127.0.0.0/8']\nrate = '1000 per second'\n")
}

/// An engine with a store where every post that matches fires, for a minute.
fn config(notifiers: &[(&str, String)]) -> String {
    let names: Vec<String> = notifiers.iter().map(|(name, _)| format!("'{name}'")).collect();
    let notifiers: String = notifiers.iter().map(|(name, url)| notify(name, url)).collect();
    format!(
        "[server]\nbind = '127.0.0.1:0'\n[store]\npath = 'alerts.db'\n[[source]]\nname = 'push'\ntype = 'http'\n\
         [[topic]]\nname = 'caida'\nquery = 'caída'\nweight = 30\n\
         [[alert]]\nname = 'una'\non = 'priority'\nat = 1\nresolve_after = '1m'\n{notifiers}\
         [[route]]\nnotify = [{}]\ngroup_wait = '0s'\ngroup_interval = '1s'\n",
        names.join(", ")
    )
}

fn post(id: &str) -> String {
    let now = jiff::Timestamp::now();
    format!("{{\"id\":\"{id}\",\"created_at\":\"{now}\",\"text\":\"caída {id}\",\"author\":{{\"id\":\"a{id}\"}}}}\n")
}

/// What was told: the key of the delivery, and the event.
fn told(heard: &Heard) -> (String, Value) {
    let key = heard.header("webhook-id").unwrap_or_else(|| panic!("{}", heard.head)).to_owned();
    (key, serde_json::from_str(&heard.body).unwrap())
}

fn status(heard: &Heard) -> String {
    told(heard).1["data"]["status"].as_str().unwrap().to_owned()
}

async fn dead(running: &Running) -> Vec<Value> {
    let all = running.ask(Method::GET, "/v1/deliveries?status=dead", String::new()).await;
    all["deliveries"].as_array().unwrap().clone()
}

/// What `escucha deliveries` says.
fn shown(running: &Running, folder: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
    command.args(["--lang", "en", "deliveries", "--url", &format!("http://{}", running.address)]).current_dir(folder);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_by_the_next_life_and_what_was_set_stays() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The first does not answer, so that the kill comes in the middle of a try; the second is down; the third refuses.
    let slow = Receiver::http("127.0.0.1:0", vec![Answer::Silent, Answer::status(200)], None).await;
    let later = Answer::Say(503, "Retry-After: 2\r\n".to_owned(), String::new());
    let down = Receiver::http("127.0.0.1:0", vec![later, Answer::status(200)], None).await;
    let deaf = Receiver::http("127.0.0.1:0", vec![Answer::status(400)], None).await;
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[("lenta", slow.url("/")), ("rota", down.url("/")), ("sorda", deaf.url("/"))]);
    let mut running = Running::start(&config, folder.path());
    running.ask(Method::POST, "/v1/posts", post("1")).await;
    until("a try at each", || [&slow, &down, &deaf].iter().all(|r| !r.heard().is_empty()).then_some(())).await;
    while dead(&running).await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let silence = format!("{{\"matchers\":{{\"topic\":[\"otro\"]}},\"reason\":\"obras\",\"ends_at\":\"{end}\"}}");
    running.ask(Method::POST, "/v1/silences", silence).await;
    let letter = dead(&running).await.remove(0);
    running.child.kill().unwrap();
    running.child.wait().unwrap();

    let running = Running::start(&config, folder.path());
    let silences = running.ask(Method::GET, "/v1/silences", String::new()).await;
    assert_eq!((&silences["silences"][0]["reason"], &silences["silences"][0]["state"]), (&"obras".into(), &"active".into()));
    assert!(dead(&running).await.contains(&letter), "{letter}");
    let text = shown(&running, folder.path());
    assert!(text.contains("sorda") && text.contains("400"), "{text}");
    // Both are told, and then that it is over.
    for (receiver, tries) in [(&slow, 2), (&down, 2)] {
        until("the end", || receiver.heard().iter().any(|h| status(h) == "resolved").then_some(())).await;
        let heard = receiver.heard();
        let firing: Vec<_> = heard.iter().filter(|h| status(h) == "firing").map(|h| (told(h).0, h.body.clone())).collect();
        assert_eq!(firing.len(), tries, "{heard:?}");
        assert!(firing.iter().all(|one| *one == firing[0]), "every try is the same");
        assert_eq!(heard.iter().position(|h| status(h) == "resolved"), Some(tries), "the end is the last");
    }
    let id = told(&slow.heard()[0]).1["data"]["id"].as_str().unwrap().replace('/', "%2F");
    let why = running.ask(Method::GET, &format!("/v1/alerts/{id}/why"), String::new()).await;
    let codes: Vec<_> = why["decisions"].as_array().unwrap().iter().map(|d| d["code"].as_str().unwrap()).collect();
    assert_eq!(codes[0], "firing", "decisions of the first life are known: {codes:?}");
}

/// Rounds of the kill.
const ROUNDS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_told_is_told_the_end_after_any_kill() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let receiver = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
    let folder = tempfile::tempdir().unwrap();
    let config = config(&[("guardia", receiver.url("/"))]);
    let mut random = 7_u64;
    for round in 0..ROUNDS {
        let mut running = Running::start(&config, folder.path());
        let before = receiver.heard().len();
        let posts: String = (0..20).map(|i| post(&format!("{round}-{i}"))).collect();
        running.ask(Method::POST, "/v1/posts", posts).await;
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let after = (random >> 33) as usize % 20;
        until("some are told", || (receiver.heard().len() > before + after).then_some(())).await;
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }
    let running = Running::start(&config, folder.path());
    let open = |heard: &[Heard]| {
        let mut last: BTreeMap<String, String> = BTreeMap::new();
        for h in heard {
            last.insert(told(h).1["data"]["id"].as_str().unwrap().to_owned(), status(h));
        }
        last.values().filter(|status| *status == "firing").count()
    };
    until("all are over", || (open(&receiver.heard()) == 0).then_some(())).await;
    let heard = receiver.heard();
    let (mut bodies, mut seqs, mut again): (BTreeMap<String, String>, BTreeMap<String, u64>, usize) = Default::default();
    for h in &heard {
        let (key, event) = told(h);
        let (id, seq) = (event["data"]["id"].as_str().unwrap().to_owned(), event["data"]["seq"].as_u64().unwrap());
        if let Some(first) = bodies.insert(key, h.body.clone()) {
            again += 1;
            assert_eq!(first, h.body);
        }
        assert!(seqs.get(&id).is_none_or(|last| *last <= seq), "{id} went back");
        assert!(seqs.insert(id.clone(), seq).is_some() || status(h) == "firing", "the end of {id}, which nobody was told of");
    }
    assert!(again <= ROUNDS, "{again} were told twice");
    // Whatever fired was told, or was over first.
    let fired: BTreeSet<String> = fired(&running.address);
    assert!(fired.len() >= ROUNDS, "{fired:?}");
    for id in fired.iter().filter(|id| !seqs.contains_key(*id)) {
        let why = running.ask(Method::GET, &format!("/v1/alerts/{}/why", id.replace('/', "%2F")), String::new()).await;
        assert!(why.to_string().contains("\"untold\""), "{id}: {why}");
    }
}

/// Ids of all alerts that the engine shows.
fn fired(address: &str) -> BTreeSet<String> {
    use std::io::{BufRead, BufReader, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /v1/events?channels=alerts&since=0 HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
    let frames = BufReader::new(stream).lines().map_while(Result::ok);
    let mut frames = frames.filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let head = frames.next().unwrap()["seq"].as_u64().unwrap();
    let alerts = frames.filter(|f| f["type"] == "alert");
    let mut ids = BTreeSet::new();
    for alert in alerts {
        ids.insert(alert["id"].as_str().unwrap().to_owned());
        if alert["seq"].as_u64() >= Some(head) {
            break;
        }
    }
    ids
}
