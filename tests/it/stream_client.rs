//! The published example of the stream's client, run by Node against the real binary: it is killed, stopped,
//! given another store, and asks for a token.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::Digest;

use crate::store::CONFIG;

const PATIENCE: Duration = Duration::from_secs(60);

/// Node that runs TypeScript as it is: that of `tests/run` where the machine's own is older.
fn node() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tests/node/node_modules/node/bin/node");
    let node = if own.exists() { own } else { "node".into() };
    let needs = "Node 22.18 or later, which tests/run installs";
    let said = Command::new(&node).arg("--version").output().unwrap_or_else(|e| panic!("{needs}: {e}")).stdout;
    let said = String::from_utf8(said).unwrap();
    let mut numbers = said.trim().trim_start_matches('v').split('.').map(|n| n.parse::<u32>().unwrap());
    assert!((numbers.next(), numbers.next()) >= (Some(22), Some(18)), "{needs}: this is {said}");
    node
}

/// One address for all lives of the engine; while there is none, connections are closed at once.
struct Door {
    port: u16,
    engine: Arc<Mutex<Option<String>>>,
}

impl Door {
    fn open() -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let engine = Arc::new(Mutex::new(None::<String>));
        let now = engine.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let address = now.lock().unwrap().clone();
                if let Some(engine) = address.and_then(|a| TcpStream::connect(a).ok()) {
                    pipe(&client, &engine);
                    pipe(&engine, &client);
                }
            }
        });
        Door { port, engine }
    }
}

/// Copies until either end closes, and then closes both.
fn pipe(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    thread::spawn(move || {
        io::copy(&mut from, &mut to).ok();
        for end in [from, to] {
            end.shutdown(Shutdown::Both).ok();
        }
    });
}

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

impl Engine {
    fn start(folder: &Path, door: &Door) -> Engine {
        let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
        command.args(["run", "--lang", "en", "-c"]).arg(folder.join("escucha.toml"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line:?}"));
        let address = address.trim().trim_end_matches('/').to_owned();
        *door.engine.lock().unwrap() = Some(address.clone());
        Engine { input: child.stdin.take().unwrap(), child, address }
    }

    /// Posts, each of which fires.
    fn say(&mut self, ids: impl Iterator<Item = String>) {
        for id in ids {
            let at = jiff::Timestamp::now().to_string();
            let post =
                json!({ "id": id, "network": "x", "created_at": at, "text": format!("fraude en el banco {id}"), "author": { "id": id } });
            writeln!(self.input, "{post}").unwrap();
        }
        self.input.flush().unwrap();
    }

    /// Sequence numbers and ids of all alerts so far, in the engine's own words.
    fn alerts(&self) -> Vec<(u64, String)> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET /v1/events?channels=alerts&since=0 HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).unwrap();
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        let mut frames = lines.filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
        let head = frames.next().unwrap()["seq"].as_u64().unwrap();
        let alerts = frames.filter(|f| f["type"] == "alert");
        let mut told = alerts.map(|a| (a["seq"].as_u64().unwrap(), a["id"].as_str().unwrap().to_owned()));
        let mut all = Vec::new();
        while all.len() < head as usize {
            all.push(told.next().expect("all that hello promises"));
        }
        all
    }
}

fn signal(name: &str, child: &Child) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn terminate(child: &mut Child) -> Option<i32> {
    signal("-TERM", child);
    child.wait().unwrap().code()
}

/// The example, and what it prints.
struct Example {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Drop for Example {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn lines(from: impl io::Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || BufReader::new(from).lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    told
}

/// Sequence number and id of an alert as it is printed.
fn alert(line: &str) -> (u64, String) {
    let mut words = line.split(' ');
    (words.next().unwrap().parse().unwrap(), serde_json::from_str(words.nth(3).unwrap()).unwrap())
}

impl Example {
    fn start(folder: &Path, door: &Door, query: &str, token: Option<&str>) -> Example {
        let mut command = Command::new(node());
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/web/client/example.ts"));
        command.arg(format!("ws://127.0.0.1:{}/v1/stream{query}", door.port)).arg(folder.join("cursor.json")).env_remove("ESCUCHA_TOKEN");
        command.envs(token.map(|t| ("ESCUCHA_TOKEN", t)));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Example { child, out, err }
    }

    /// The next alert it prints: sequence number and id.
    fn alert(&self) -> (u64, String) {
        let line = self.out.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no alert; {:?}", self.err.try_iter().collect::<Vec<_>>()));
        alert(&line)
    }

    /// What it says beside the alerts, up to a line with `wanted`.
    fn says(&self, wanted: &str) -> String {
        loop {
            let line = self.err.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("never {wanted}"));
            if line.contains(wanted) {
                return line;
            }
        }
    }
}

fn folder(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("escucha.toml"), format!("{CONFIG}{more}")).unwrap();
    folder
}

#[test]
fn every_alert_is_seen_once_and_in_order_however_often_the_engine_is_killed() {
    let (folder, door) = (folder(""), Door::open());
    let folder = folder.path();
    // There before the engine, and beginning with the oldest alert.
    let mut example = Example::start(folder, &door, "", None);
    let mut seen = Vec::new();
    let mut random = 7_u64;
    for round in 0..8 {
        let mut engine = Engine::start(folder, &door);
        engine.say((0..40).map(|i| format!("{round}-{i}")));
        // Somewhere in the middle of what it is told.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        for _ in 0..1 + (random >> 33) % 40 {
            seen.push(example.alert());
        }
        if round == 4 {
            // The example too ends and begins anew, with the cursor it has written.
            assert_eq!(terminate(&mut example.child), Some(0));
            seen.extend(example.out.iter().map(|line| alert(&line)));
            example = Example::start(folder, &door, "", None);
        }
        *door.engine.lock().unwrap() = None;
        engine.child.kill().unwrap();
    }
    let engine = Engine::start(folder, &door);
    let all = engine.alerts();
    assert!(all.len() > 8 * 2, "{}", all.len());
    while seen.len() < all.len() {
        seen.push(example.alert());
    }
    assert_eq!(seen, all);
    assert_eq!(all.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=all.len() as u64).collect::<Vec<_>>());
    drop(engine);
    terminate(&mut example.child);
    assert_eq!(example.out.iter().next(), None, "nothing twice at the end");
    let told: Vec<String> = example.err.iter().collect();
    assert!(told.iter().any(|l| l.contains(r#""why":"lost""#)) && !told.iter().any(|l| l.contains("MISSED")), "{told:?}");
}

#[test]
fn an_engine_that_stands_still_is_told_and_left() {
    let (folder, door) = (folder(""), Door::open());
    let example = Example::start(folder.path(), &door, "", None);
    let mut engine = Engine::start(folder.path(), &door);
    engine.say(std::iter::once("uno".to_owned()));
    assert_eq!(example.alert().0, 1);
    signal("-STOP", &engine.child);
    example.says("nothing heard for");
    assert!(example.says("waiting").contains(r#""end":{"why":"stale"}"#));
    signal("-CONT", &engine.child);
    example.says("open");
    engine.say(std::iter::once("dos".to_owned()));
    assert_eq!(example.alert().0, 2);
}

#[test]
fn an_engine_that_stops_is_waited_for_and_one_with_another_store_is_told() {
    let (folder, door) = (folder(""), Door::open());
    let example = Example::start(folder.path(), &door, "", None);
    let mut engine = Engine::start(folder.path(), &door);
    engine.say(["uno".to_owned(), "dos".to_owned()].into_iter());
    assert_eq!([example.alert().0, example.alert().0], [1, 2]);
    *door.engine.lock().unwrap() = None;
    assert_eq!(terminate(&mut engine.child), Some(0));
    assert!(example.says("waiting").contains(r#""end":{"why":"restart","code":1012}"#));
    drop(engine);
    for file in ["alerts.db", "alerts.db-wal", "alerts.db-shm"] {
        std::fs::remove_file(folder.path().join(file)).ok();
    }
    let mut engine = Engine::start(folder.path(), &door);
    engine.say(std::iter::once("tres".to_owned()));
    assert!(example.says("MISSED").contains(r#""code":"epoch_changed","from":null,"to":null,"floor":1"#));
    assert_eq!(example.alert().0, 1, "the numbers of another life begin anew");
}

#[test]
fn a_token_lets_it_in_and_a_refusal_ends_it_with_the_reason() {
    let hash: String = sha2::Sha256::digest("esc_mine").iter().map(|b| format!("{b:02x}")).collect();
    let (folder, door) = (folder(&format!("[[token]]\nname = \"yo\"\nrole = \"viewer\"\nhash = \"{hash}\"\n")), Door::open());
    let mut engine = Engine::start(folder.path(), &door);
    for (query, token, status, reason) in [
        ("", None, 401, "unauthorized"),
        ("", Some("esc_other"), 401, "unauthorized"),
        ("?topics=otro", Some("esc_mine"), 400, "invalid_request"),
    ] {
        let mut refused = Example::start(folder.path(), &door, query, token);
        let said = refused.says("stopped");
        assert!(said.contains(&format!(r#""status":{status},"problem":{{"code":"{reason}""#)), "{said}");
        assert_eq!(refused.child.wait().unwrap().code(), Some(1));
    }
    let mut example = Example::start(folder.path(), &door, "", Some("esc_mine"));
    example.says("open");
    engine.say(std::iter::once("uno".to_owned()));
    assert_eq!(example.alert().0, 1);
    // The file without the token, and the engine reads it again.
    let without = format!("{CONFIG}[[token]]\nname = \"otro\"\nrole = \"viewer\"\nhash = \"{}\"\n", "0".repeat(64));
    std::fs::write(folder.path().join("escucha.toml"), without).unwrap();
    signal("-HUP", &engine.child);
    assert!(example.says("stopped").contains(r#""end":{"why":"revoked","code":4001}"#));
    assert_eq!(example.child.wait().unwrap().code(), Some(1));
}
