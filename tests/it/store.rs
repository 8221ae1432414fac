//! The real binary killed again and again: what a client was shown is there afterwards, unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

mod copies;
mod faults;
mod incidents;
mod starts;

/// An engine with a store, where every post that matches fires.
pub const CONFIG: &str = r#"
[server]
bind = "127.0.0.1:0"
[store]
path = "alerts.db"
[[source]]
name = "entrada"
type = "stdin"
format = "escucha"
[[topic]]
name = "fraude"
query = "fraude"
weight = 30
[[alert]]
name = "todo"
on = "priority"
at = 1
"#;

/// Rounds of the kill.
const ROUNDS: u64 = 30;
/// Posts of one round, each of which fires.
const POSTS: u64 = 60;

struct Engine {
    child: Child,
    input: ChildStdin,
    address: String,
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn command(folder: &Path) -> Command {
    command_in(folder, "en")
}

fn command_in(folder: &Path, lang: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
    command
        .args(["run", "--lang", lang, "-c"])
        .arg(folder.join("escucha.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Engine {
    fn start(folder: &Path) -> Engine {
        let mut command = command(folder);
        command.stderr(Stdio::null());
        Engine::of(command)
    }

    fn of(mut command: Command) -> Engine {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line:?}")).trim().trim_end_matches('/').to_owned();
        Engine { input: child.stdin.take().unwrap(), child, address }
    }

    fn say(&mut self, post: &Value) {
        writeln!(self.input, "{post}").unwrap();
        self.input.flush().unwrap();
    }

    /// A JSON answer.
    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    /// A client that has seen nothing yet; HTTP/1.0, so that the events come as they are.
    fn listen(&self, path: &str) -> impl Iterator<Item = Value> + use<> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).unwrap();
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        // The last line of a client that was cut off may be half a frame: that was not shown.
        lines.filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
    }
}

fn post(id: String) -> Value {
    let text = format!("fraude en el banco {id}");
    serde_json::json!({ "id": id, "network": "x", "created_at": jiff::Timestamp::now().to_string(), "text": text, "author": { "id": id } })
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("escucha.toml"), CONFIG).unwrap();
    folder
}

#[test]
fn what_was_shown_outlives_every_kill() {
    let folder = folder();
    let mut shown: BTreeMap<u64, Value> = BTreeMap::new();
    let mut epoch = None;
    let mut random = 7_u64;
    for round in 0..ROUNDS {
        let mut engine = Engine::start(folder.path());
        let mut frames = engine.listen("/v1/events?channels=alerts&since=0");
        let hello = frames.next().unwrap();
        assert_eq!(hello["recovered"], true, "round {round}: {hello}");
        assert_eq!(*epoch.get_or_insert(hello["epoch"].clone()), hello["epoch"]);
        assert!(hello["seq"].as_u64() >= shown.keys().last().copied(), "round {round}: {hello}");
        for i in 0..POSTS {
            engine.say(&post(format!("{round}-{i}")));
        }
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut left = random >> 33;
        left %= POSTS;
        let before = hello["seq"].as_u64().unwrap();
        let mut last = 0;
        for frame in frames.by_ref().chain(std::iter::once(Value::Null)) {
            assert!(!frame.is_null(), "round {round}: the stream ended by itself");
            let Some(seq) = frame["seq"].as_u64().filter(|_| frame["type"] == "alert") else { continue };
            last = check(&mut shown, seq, frame, last);
            if seq > before {
                if left == 0 {
                    break;
                }
                left -= 1;
            }
        }
        engine.child.kill().unwrap();
        for frame in frames.filter(|f| f["type"] == "alert") {
            last = check(&mut shown, frame["seq"].as_u64().unwrap(), frame, last);
        }
    }
    let ended = shown.values().filter(|a| a["reasons"][0]["code"] == "restarted").count();
    let fired: Vec<&str> = shown.values().filter(|a| a["status"] == "firing").filter_map(|a| a["id"].as_str()).collect();
    assert!(ended == 0 && fired.len() as u64 > ROUNDS, "{ended} of {}", shown.len());
    assert!(fired.iter().all(|id| !id.contains('#')), "nothing fires twice: {fired:?}");
    assert_eq!(fired.iter().collect::<BTreeSet<_>>().len(), fired.len());
}

/// Notes a frame that came after `last`; it is the one that was shown before, if any was.
fn check(shown: &mut BTreeMap<u64, Value>, seq: u64, frame: Value, last: u64) -> u64 {
    assert_eq!(seq, last + 1, "gapless");
    let first = shown.entry(seq).or_insert_with(|| frame.clone());
    assert_eq!(*first, frame, "the same as it was shown");
    seq
}

#[test]
fn the_same_cause_fires_once_however_often_the_engine_is_killed() {
    let folder = folder();
    for run in 0..4 {
        let mut engine = Engine::start(folder.path());
        let mut frames = engine.listen("/v1/events?channels=alerts&since=0");
        frames.next().unwrap();
        engine.say(&post("uno".to_owned()));
        // Behind it, one that is new.
        engine.say(&post(format!("otro-{run}")));
        let last = format!("todo/fraude/otro-{run}");
        let mut ids = Vec::new();
        for fired in frames.filter(|f| f["type"] == "alert") {
            assert_eq!(fired["status"], "firing");
            ids.push(fired["id"].as_str().unwrap().to_owned());
            if ids.last() == Some(&last) {
                break;
            }
        }
        let others = (0..=run).map(|run| format!("todo/fraude/otro-{run}"));
        assert_eq!(ids, ["todo/fraude/uno".to_owned()].into_iter().chain(others).collect::<Vec<_>>());
    }
}

#[test]
fn a_store_in_use_or_foreign_is_refused_with_a_sentence() {
    let folder = folder();
    let engine = Engine::start(folder.path());
    let refused = |text: &str| {
        let mut second = command(folder.path()).spawn().unwrap();
        let mut said = String::new();
        second.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(second.wait().unwrap().code(), Some(2), "{said}");
        assert!(said.contains(text), "{said}");
    };
    refused("is in use by another process");
    drop(engine);
    std::fs::write(folder.path().join("alerts.db"), "not a store").unwrap();
    refused("is no escucha store");
}

#[test]
fn what_a_client_over_tcp_was_told_outlives_a_kill() {
    let folder = folder();
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = CONFIG.replace("type = \"stdin\"", &format!("type = \"tcp\"\nbind = \"{address}\"\nack = true"));
    std::fs::write(folder.path().join("escucha.toml"), config).unwrap();
    let mut sent = 0;
    for run in 0..3 {
        let mut engine = Engine::start(folder.path());
        let connect = || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            TcpStream::connect(address).ok()
        };
        let mut client = std::iter::repeat_with(connect).take(500).flatten().next().expect("it listens");
        let mut told = BufReader::new(client.try_clone().unwrap());
        for i in 0..5 {
            writeln!(client, "{}", post(format!("{run}-{i}"))).unwrap();
        }
        let (mut line, mut durable) = (String::new(), 0);
        while durable < 5 {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "the connection stays");
            durable = line.trim().parse().unwrap();
        }
        sent += durable;
        engine.child.kill().unwrap();
        engine.child.wait().unwrap();
        let again = Engine::start(folder.path());
        assert_eq!(again.get("/v1/topics")["topics"][0]["total"]["mentions"], sent);
    }
}
