//! What an operator has at hand: health, defaults, the log while it runs, and the files that start it elsewhere.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::notified::Running;

fn escucha(args: &[&str]) -> Output {
    speaking("en", args)
}

fn speaking(lang: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_escucha")).args(["--lang", lang]).args(args).output().unwrap()
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

const CONFIG: &str = "[server]\nbind = '127.0.0.1:0'\nlog = 'warn'\n[[source]]\nname = 'push'\ntype = 'http'\n\
                      [[source]]\nname = 'gone'\ntype = 'jetstream'\nendpoint = 'ws://127.0.0.1:9/subscribe'\n\
                      [[topic]]\nname = 'caida'\nquery = 'caída'\n";

async fn post(running: &Running, path: &str, body: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.post(format!("http://{}{path}", running.address)).body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_changes_while_it_runs() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("escucha.toml");
    std::fs::write(&path, CONFIG).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
    command.args(["--lang", "en", "run", "-c", path.to_str().unwrap()]).env_remove("ESCUCHA_LOG").stderr(Stdio::piped());
    let mut running = Running::logging(command);
    let (lines, log) = mpsc::channel();
    let stderr = BufReader::new(running.child.stderr.take().unwrap());
    std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
    let logged = |want: &str| loop {
        // Lines are in order: whatever is told before the wanted one was logged before it.
        let line = log.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{want} is not logged"));
        assert!(line.starts_with('{'), "{line}");
        if line.contains(want) {
            return;
        }
        assert!(!line.contains("\"INFO\""), "{line}");
    };
    // At `warn` a reload that goes well is no line; at `info` it is.
    assert_eq!(post(&running, "/v1/reload", "").await.0, 204);
    assert_eq!(post(&running, "/v1/log-level", "{\"filter\":\"info\"}").await.0, 204);
    logged("the log changed until the next start");
    std::fs::write(&path, CONFIG.replace("'warn'", "'info'")).unwrap();
    assert_eq!(post(&running, "/v1/reload", "").await.0, 204);
    logged("configuration reloaded");
    for bad in ["{\"filter\":\"escucha=loud\"}", "{\"filter\":\"\"}", "{}", "loud"] {
        let (status, text) = post(&running, "/v1/log-level", bad).await;
        assert!(status == 400 && text.contains("filter"), "{bad}: {status} {text}");
    }
}

#[test]
fn health_says_whether_it_answers_and_what_does_not_work() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(CONFIG, folder.path());
    let url = format!("http://{}", running.address);
    let alive = escucha(&["health", "--url", &url]);
    assert_eq!((alive.status.code(), String::from_utf8_lossy(&alive.stdout).as_ref()), (Some(0), "well\n"));
    let ready = escucha(&["health", "--ready", "--url", &url]);
    let said = String::from_utf8_lossy(&ready.stderr).into_owned();
    assert!(ready.status.code() == Some(1) && said.contains("source gone: ") && !said.contains("engine: "), "{said}");
}

#[test]
fn check_accepts_the_defaults_that_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("defaults.toml");
    for lang in ["es", "en"] {
        let printed = speaking(lang, &["check", "--print-defaults"]).stdout;
        std::fs::write(&path, &printed).unwrap();
        let checked = escucha(&["check", "-c", path.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success() && said.is_empty(), "{said}");
        let printed = String::from_utf8(printed).unwrap();
        for part in escucha::config::reference() {
            assert!(printed.contains(part.header.as_str()) && printed.contains(part.meaning.get(escucha::bilingual::Lang::from_tag(lang))));
        }
        assert!(printed.contains("\ndedupe = \"1d\"\n"), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_says_what_it_cannot_put_in_force() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let with = |url: &str| format!("{CONFIG}[[notify]]\nname = 'g'\ntype = 'webhook'\nurl = 'https://example.com/{url}'\n");
    let running = Running::start(&with("a"), folder.path());
    assert_eq!(post(&running, "/v1/reload", "").await.0, 204);
    // The address of a target is a secret: what is written of both is the same, and they are not.
    std::fs::write(folder.path().join("escucha.toml"), with("b")).unwrap();
    let (status, said) = post(&running, "/v1/reload", "").await;
    assert!(status == 422 && said.contains("[[notify]]") && said.contains("takes a restart"), "{status} {said}");
}

/// `key=value` lines of a unit, with repeated keys joined.
fn directives(unit: &str) -> Vec<(&str, &str)> {
    unit.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('=')).collect()
}

#[test]
fn the_unit_starts_what_there_is_and_allows_little() {
    let unit = file("packaging/escucha.service");
    let all = directives(&unit);
    let has = |key: &str, value: &str| all.contains(&(key, value));
    for (key, value) in [
        ("DynamicUser", "yes"),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("CapabilityBoundingSet", ""),
        ("KillSignal", "SIGTERM"),
        ("Restart", "on-failure"),
        ("RestartPreventExitStatus", "2"),
    ] {
        assert!(has(key, value), "{key}={value}");
    }
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("escucha.toml");
    std::fs::write(&config, file("examples/minimal.toml")).unwrap();
    // What it starts is what the binary understands.
    for (key, line) in all.iter().filter(|(key, _)| *key == "ExecStartPre" || *key == "ExecStart") {
        let line = line.replace("/etc/escucha/escucha.toml", config.to_str().unwrap());
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[0], "/usr/bin/escucha", "{key}");
        let args: Vec<&str> = if *key == "ExecStart" { [&["check"], &words[2..]].concat() } else { words[1..].to_vec() };
        assert_eq!(words[1], if *key == "ExecStart" { "run" } else { "check" });
        assert!(escucha(&args).status.success(), "{line}");
    }
    if Command::new("systemd-analyze").arg("--version").output().is_ok() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/escucha.service");
        let run = |args: &[&str]| {
            let output = Command::new("systemd-analyze").args(args).arg(&path).output().unwrap();
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        };
        // The binary and its page are not installed here; nothing else may be said.
        let said = run(&["verify", "--man=no"]);
        let wrong: Vec<&str> = said.lines().filter(|l| l.contains("escucha.service") && !l.contains("is not executable")).collect();
        assert_eq!(wrong, Vec::<&str>::new());
        let said = run(&["security", "--offline=true", "--threshold=20"]);
        assert!(said.contains("Overall exposure level for escucha.service: 1."), "{said}");
    }
}

#[test]
fn the_image_is_small_unprivileged_and_asks_itself() {
    let docker = file("Dockerfile");
    let stages: Vec<Vec<&str>> = docker.lines().fold(Vec::new(), |mut stages, line| {
        if line.starts_with("FROM ") {
            stages.push(Vec::new());
        }
        if let Some(stage) = stages.last_mut().filter(|_| !line.is_empty() && !line.starts_with('#')) {
            stage.push(line);
        }
        stages
    });
    let last = stages.last().unwrap();
    assert!(stages.len() > 1 && last[0].starts_with("FROM gcr.io/distroless/"), "{last:?}");
    assert!(stages.iter().all(|s| s[0].contains(':') && !s[0].contains(":latest")), "every base has a version");
    assert!(last.iter().all(|l| !l.starts_with("RUN ")), "there is no shell");
    assert!(last.iter().any(|l| l.starts_with("USER ") && !l.contains("root:root") && !l.contains(" 0")), "{last:?}");
    // Commands are lists of words, for want of a shell, and the binary understands them.
    for key in ["HEALTHCHECK", "ENTRYPOINT", "CMD"] {
        let line = last.iter().find(|l| l.starts_with(key)).unwrap_or_else(|| panic!("{key}"));
        let words: Vec<String> = serde_json::from_str(&line[line.find('[').unwrap()..]).unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).filter(|w| *w != "/usr/bin/escucha").collect();
        if let Some(command) = words.first() {
            assert!(escucha(&[command, "--help"]).status.success(), "{line}");
        }
    }
    let version = |text: &str| text.split("rust-version = \"").nth(1).map(|t| t[..4].to_owned());
    assert!(docker.contains(&format!("FROM rust:{}-", version(&file("Cargo.toml")).unwrap())), "the compiler that the crate asks for");
    // What the build needs is not left out.
    let left_out: BTreeSet<String> = file(".dockerignore").lines().map(str::to_owned).collect();
    for needed in ["src", "web", "docs", "examples", "build.rs", "Cargo.lock", "load-tests"] {
        assert!(!left_out.contains(needed), "{needed}");
    }
}
