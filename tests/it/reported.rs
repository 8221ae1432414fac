//! One report from everywhere: the running binary, the store that it leaves behind, and the recording itself.

use std::path::Path;
use std::process::Command;

use reqwest::Method;

use crate::notified::Running;

const CONFIG: &str = "
[server]
bind = '127.0.0.1:0'
[store]
path = 'care.db'
[[source]]
name = 'push'
type = 'http'
own_posts = true
[[brand]]
name = 'Banco'
own = true
accounts = [{ handle = 'banco', role = 'service' }]
[[topic]]
name = 'app'
brand = 'Banco'
query = 'app'
section = 'SAC'
";

fn posts() -> String {
    let start: jiff::Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
    let mut out = String::new();
    for i in 0..40i64 {
        let at = start + jiff::SignedDuration::from_mins(7 * i);
        let who = i % 9;
        out += &format!(
            "{{\"id\":\"{i}\",\"network\":\"x\",\"created_at\":\"{at}\",\"text\":\"@banco la app falla {i}\",\"author\":{{\"id\":\"c{who}\"}}}}\n"
        );
        if i % 3 == 0 {
            let at = at + jiff::SignedDuration::from_mins(5);
            let text = if i % 2 == 0 { "¿Nos dices más? ^AB" } else { "Escríbenos por DM ^CD" };
            out += &format!(
                "{{\"id\":\"r{i}\",\"network\":\"x\",\"created_at\":\"{at}\",\"text\":\"@c{who} {text}\",\"author\":{{\"handle\":\"banco\"}},\"in_reply_to\":{{\"id\":\"{i}\"}}}}\n"
            );
        }
    }
    out
}

/// What `escucha report` says of the month, as a table of all figures.
fn report(folder: &Path, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
    command.args(["--lang", "en", "report", "-c", "escucha.toml", "--month", "2026-03", "--format", "csv"]).args(args).current_dir(folder);
    let done = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if done.status.success() { Ok(text(done.stdout)) } else { Err(text(done.stderr)) }
}

/// Rows that do not hang on the present moment: the clock of a running engine goes on.
fn lasting(table: &str) -> Vec<&str> {
    let moving = ["pending", "staffing", "oldest_open", "promises", "closed", "share-of-voice", "hand-offs", "peers"];
    table.lines().filter(|row| !moving.iter().any(|m| row.contains(&format!("\"{m}\"")))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_the_same_live_stored_and_recorded() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(CONFIG, folder.path());
    std::fs::write(folder.path().join("posts.ndjson"), posts()).unwrap();
    running.ask(Method::POST, "/v1/posts", posts()).await;
    let url = format!("http://{}", running.address);
    let live = report(folder.path(), &["--url", &url]).unwrap();
    assert!(live.contains("\"Banco\",\"answered\",\"answered\",\"all\",\"\",3,9,0.3333333333333333,"), "{live}");
    let busy = report(folder.path(), &["--stored"]).unwrap_err();
    assert!(busy.contains("care.db"), "in use: {busy}");
    drop(running);
    let stored = report(folder.path(), &["--stored"]).unwrap();
    let recorded = report(folder.path(), &["posts.ndjson"]).unwrap();
    assert_eq!(lasting(&stored), lasting(&live));
    assert_eq!(lasting(&recorded), lasting(&live));
    assert!(lasting(&live).len() > 300, "{}", lasting(&live).len());
}
