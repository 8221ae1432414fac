//! The load tests themselves, small: so that they still run when somebody needs them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// `ESCUCHA`, or the binary that cargo puts beside the one under test.
fn engine() -> PathBuf {
    let built = || Path::new(env!("CARGO_BIN_EXE_load-tests")).with_file_name("escucha");
    let path = std::env::var_os("ESCUCHA").map_or_else(built, PathBuf::from);
    assert!(path.is_file(), "{} is missing: build it with `cargo build`, or say in ESCUCHA where it is", path.display());
    path
}

#[test]
fn the_whole_runs_and_its_books_are_exact() {
    let sizes = ["--posts", "4000", "--rate", "4000", "--websocket", "1000", "--websocket-rate", "1000", "--queries", "50"];
    let run = Command::new(env!("CARGO_BIN_EXE_load-tests")).arg("whole").arg("--engine").arg(engine()).args(sizes).output().unwrap();
    let out = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{out}{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(out.matches("  exact\n").count(), 3, "{out}");
    assert!(out.contains("2 connections") && out.contains("the same, byte for byte"), "{out}");
}

#[test]
fn nobody_misses_an_alert_when_the_engine_is_killed() {
    let sizes = ["--clients", "40", "--seconds", "1", "--rate", "20", "--restart", "kill"];
    let run = Command::new(env!("CARGO_BIN_EXE_load-tests")).arg("swarm").arg("--engine").arg(engine()).args(sizes).output().unwrap();
    // Whether it was in time says something of the machine.
    let (out, err) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(out.contains("40 clients, 0 failed") && out.contains("streams lost 40,"), "{out}{err}");
    assert!(out.contains("missing alerts 0, gaps 0, could not go on 0, alerts that differ 0\n"), "{out}{err}");
}

#[test]
fn one_alert_goes_to_all_clients() {
    let sizes = ["--clients", "40", "--seconds", "1", "--rates", "20", "--rounds", "1"];
    let run = Command::new(env!("CARGO_BIN_EXE_load-tests")).arg("fanout").arg("--engine").arg(engine()).args(sizes).output().unwrap();
    let out = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && out.contains("| 100.0 % |"), "{out}{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn every_alert_is_durable_before_all_read_it() {
    let sizes = ["--seconds", "3", "--warm-up", "1", "--rate", "3000", "--http-rate", "1000", "--queries", "50", "--clients", "2"];
    for (store, commits) in [(&[][..], true), (&["--no-store"], false)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_load-tests"));
        let run = command.arg("latency").arg("--engine").arg(engine()).args(sizes).args(store).output().unwrap();
        let out = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{out}{}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(out.matches("  exact\n").count(), 2, "{out}");
        assert!(out.contains("the same, byte for byte; posts that fire 60, alerts that fired 60"), "{out}");
        assert!(out.contains("from due to read by the last of 2"), "{out}");
        let inside = out.lines().find(|l| l.contains("commits")).unwrap();
        assert_eq!(!inside.contains("(0 times)"), commits, "{out}");
    }
}

#[test]
fn what_is_kept_for_hours_is_flat_when_they_are_over() {
    let sizes = ["--hours", "54", "--busy", "1", "--queries", "50", "--recent", "1", "--counted-only"];
    let run = Command::new(env!("CARGO_BIN_EXE_load-tests")).arg("steady").args(sizes).output().unwrap();
    let out = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{out}{}", String::from_utf8_lossy(&run.stderr));
    assert!(out.contains("from hour 48 on against hour 36"), "{out}");
}

const KEYWORDS: &str = "banco\ttarjeta\nbanco\tcuenta corriente\nluz\tcorte\nluz\taño nuevo\n";

/// Text, followers, whether it is a reply, minutes after the first; topics and score of the answer.
type Case = (&'static str, u64, bool, u64, &'static [&'static str], u64);

const CASES: &[Case] = &[
    ("la TARJETA falla", 99, false, 0, &["banco"], 23),
    ("nuevas tarjetas", 0, false, 0, &[], 0),
    ("cuenta, corriente", 0, false, 0, &[], 0),
    ("cuenta  corriente", 0, false, 0, &[], 0),
    ("Cuenta Corriente, y un corte", 0, true, 0, &["banco", "luz"], 20),
    ("#tarjeta!", 9, true, 30, &["banco"], 15),
    ("la _tarjeta y la tarjeta_2", 0, false, 30, &[], 0),
    ("la _tarjeta y la «tarjeta»", 0, false, 30, &["banco"], 13),
    ("feliz ano nuevo", 1_000_000, false, 30, &["luz"], 43),
    ("¡AÑO NUEVO!", 8, false, 30, &["luz"], 13),
    ("an\u{303}o nuevo, corté", 0, true, 60, &["luz"], 10),
];

#[test]
fn the_work_of_the_peers_is_done_right() {
    let folder = std::env::temp_dir().join(format!("escucha-peer-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (mut posts, mut want) = (String::new(), Vec::new());
    for (i, (text, followers, reply, minute, topics, score)) in CASES.iter().enumerate() {
        let at = format!("2026-07-04T1{}:{:02}:00.00{}Z", minute / 60, minute % 60, i % 10);
        let author = serde_json::json!({"handle": "tarjeta", "followers": followers});
        let id = i.to_string();
        let post = serde_json::json!({"id": id, "created_at": at, "text": text, "author": author, "in_reply_to": reply.then_some("x")});
        posts.push_str(&format!("{post}\n"));
        if !topics.is_empty() {
            want.push(serde_json::json!({"id": id, "created_at": at, "topics": topics, "score": score, "handle": "tarjeta"}));
        }
    }
    std::fs::write(folder.join("posts"), posts).unwrap();
    std::fs::write(folder.join("keywords"), KEYWORDS).unwrap();
    let file = |name: &str| folder.join(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_load-tests"));
    command.arg("peer").arg("--input").arg(file("posts")).arg("--keywords").arg(file("keywords")).arg("--out").arg(&folder);
    let run = command.output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let alerts = std::fs::read_to_string(file("alerts.ndjson")).unwrap();
    let alerts: Vec<serde_json::Value> = alerts.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let counts = std::fs::read_to_string(file("counts.tsv")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(alerts, want);
    // The first minute is number 29 719 320. Each post is in the 60 windows that end after its minute.
    let first = 29_719_320;
    let within = |end: u64, minute: u64, n: u64| if end > minute && end <= minute + 60 { n } else { 0 };
    let banco = (1..=90).map(|e| format!("{}\tbanco\t{}\n", first + e, within(e, 0, 2) + within(e, 30, 2)));
    let luz = (1..=120).map(|e| format!("{}\tluz\t{}\n", first + e, within(e, 0, 1) + within(e, 30, 2) + within(e, 60, 1)));
    let want: String = banco.chain(luz).collect();
    assert_eq!(counts, want);
}
