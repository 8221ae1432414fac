//! From a post to somebody who knows: the real binary, a webhook that fails at first, and what it was told.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::receiver::{Answer, Receiver};

/// A running engine; ended with its test.
pub struct Running {
    pub child: Child,
    pub address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub fn start(config: &str, folder: &std::path::Path) -> Running {
        let file = folder.join("escucha.toml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
        command.args(["--lang", "en", "run", "-c", file.to_str().unwrap()]);
        Running::from(command)
    }

    /// What `command` starts, once it says where it is.
    pub fn from(mut command: Command) -> Running {
        command.stderr(Stdio::null());
        Running::logging(command)
    }

    /// The same, whose log goes where the command says.
    pub fn logging(mut command: Command) -> Running {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.into_iter().find(|line| line.contains("http://")).expect("an address");
        let address = line.trim().rsplit("http://").next().unwrap().trim_end_matches('/').to_owned();
        Running { child, address }
    }

    pub async fn ask(&self, method: reqwest::Method, path: &str, body: String) -> Value {
        let url = format!("http://{}{path}", self.address);
        let answer = reqwest::Client::builder().no_proxy().build().unwrap().request(method, url).body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }
}

/// Waits for `done`; asks again and again.
pub async fn until<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_secs(180);
    loop {
        if let Some(found) = done() {
            return found;
        }
        assert!(Instant::now() < patience, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_becomes_an_alert_that_arrives_once_it_can() {
    // reqwest of this test has no provider of its own.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answers = vec![Answer::Say(503, "Retry-After: 1\r\n".to_owned(), "later".to_owned()), Answer::status(200)];
    let receiver = Receiver::http("127.0.0.1:0", answers, None).await;
    let deaf = Receiver::http("127.0.0.1:0", vec![Answer::status(400)], None).await;
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[server]\nbind = '127.0.0.1:0'\n[[source]]\nname = 'push'\ntype = 'http'\n\
         [[topic]]\nname = 'caida'\nquery = 'caída'\n[[alert]]\nname = 'una'\non = 'volume'\nat = 2\nwindow = '1h'\nseverity = 'critical'\n\
         [[notify]]\nname = 'guardia'\ntype = 'webhook'\nurl = '{}'\nallow = ['127.0.0.0/8']\n\
         [[notify]]\nname = 'sorda'\ntype = 'webhook'\nurl = '{}'\nallow = ['127.0.0.0/8']\n\
         [[notify]]\nname = 'otra'\ntype = 'webhook'\nurl = '{}'\nallow = ['127.0.0.0/8']\nrules = ['una']\ntopics = ['nada']\n\
         [[topic]]\nname = 'nada'\nquery = 'nada'\n\
         [[route]]\nnotify = ['guardia', 'sorda', 'otra']\ngroup_wait = '0s'\n",
        receiver.url("/hook"),
        deaf.url("/"),
        receiver.url("/never"),
    );
    let running = Running::start(&config, folder.path());
    let now = jiff::Timestamp::now();
    let post = |id: u32| format!("{{\"id\":\"{id}\",\"created_at\":\"{now}\",\"text\":\"caída {id}\",\"author\":{{\"id\":\"a{id}\"}}}}\n");
    running.ask(reqwest::Method::POST, "/v1/posts", post(1) + &post(2)).await;

    let heard = until("two tries", || Some(receiver.heard()).filter(|heard| heard.len() >= 2)).await;
    let event: Value = serde_json::from_str(&heard[0].body).unwrap();
    assert_eq!((&event["specversion"], &event["data"]["rule"], &event["data"]["topic"]), (&"1.0".into(), &"una".into(), &"caida".into()));
    assert_eq!(heard[0].body, heard[1].body, "every try is the same");
    assert!(heard.iter().all(|h| h.head.contains("/hook")), "the third asked for another topic");

    // The target that refuses for good leaves a dead letter, and delays nobody.
    until("the refusal", || (!deaf.heard().is_empty()).then_some(())).await;
    let id = event["data"]["id"].as_str().unwrap().to_owned();
    let mut codes = Vec::new();
    for _ in 0..500 {
        let why = running.ask(reqwest::Method::GET, &format!("/v1/alerts/{}/why", id.replace('/', "%2F")), String::new()).await;
        codes = why["decisions"].as_array().unwrap().iter().map(|d| (d["notifier"].clone(), d["code"].clone())).collect();
        if codes.contains(&("guardia".into(), "delivered".into())) && codes.contains(&("sorda".into(), "dead".into())) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(codes.contains(&("guardia".into(), "retried".into())), "{codes:?}");
    assert!(codes.contains(&("guardia".into(), "delivered".into())), "{codes:?}");
    assert!(codes.contains(&("sorda".into(), "dead".into())), "{codes:?}");
    assert!(codes.iter().all(|(notifier, _)| *notifier != "otra"), "{codes:?}");
    let dead = running.ask(reqwest::Method::GET, "/v1/deliveries?status=dead", String::new()).await;
    assert_eq!(dead["deliveries"].as_array().unwrap().len(), 1, "{dead}");
}
