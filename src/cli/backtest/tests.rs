use super::super::tests::call_with;
use crate::prng::Prng;

/// Three weeks of a steady topic with a surge on the last day, and rows that cannot be used.
fn series(folder: &std::path::Path) -> String {
    let mut text = String::from("timestamp,value\n");
    let mut prng = Prng::new(5);
    let start: jiff::Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
    for t in 0..21 * 288 {
        let at = start + jiff::SignedDuration::from_mins(5 * t);
        let surge = (20 * 288 + 100..20 * 288 + 130).contains(&t);
        let count = prng.count(if surge { 29.0 } else { 20.0 });
        text += &format!("{at},{count}\n");
        if t == 3000 {
            text += "yesterday,5\n2026-06-11T10:02:00Z,-3\n2026-06-01T00:00:00Z,3\n2026-06-11T10:03:00Z\n\n";
        }
    }
    let path = folder.join("app.csv");
    std::fs::write(&path, text).expect("a file");
    path.display().to_string()
}

#[test]
fn alerts_scores_and_a_summary() {
    let folder = tempfile::tempdir().expect("a folder");
    let (counts, scores) = (series(folder.path()), folder.path().join("scores.csv"));
    let shown = scores.display().to_string();
    let (code, out, err) = call_with(&["escucha", "backtest", "--counts", &counts, "--label", "caida-app", "--scores", &shown]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let [alert, summary] = &lines[..] else { panic!("{out}") };
    assert_eq!((&alert["type"], &alert["on"], &alert["topic"]), (&"alert".into(), &"spike".into(), &"caida-app".into()));
    assert!(alert["id"].as_str().is_some_and(|id| id.starts_with("spike/caida-app/2026-06-21T08:")), "{alert}");
    assert!(alert["observed"].as_u64() >= alert["threshold"].as_u64() && alert["unique_authors"].is_null(), "{alert}");
    assert_eq!((&summary["rows"], &summary["refused"], &summary["alerts"]), (&6048.into(), &4.into(), &1.into()));
    assert_eq!(summary["first_alert"]["caida-app"], alert["updated_at"]);
    assert!(summary["delay_to_peak_seconds"]["median"].as_i64().is_some_and(|s| (0..3 * 3600).contains(&s)), "{summary}");
    for (line, why) in [(3003, "'yesterday' is not a time"), (3004, "count"), (3005, "not after"), (3006, "1 field")] {
        assert!(err.contains(&format!("app.csv:{line}: ")) && err.contains(why), "{err}");
    }
    let scores = std::fs::read_to_string(scores).expect("scores");
    let rows: Vec<Vec<&str>> = scores.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(rows[0].join(","), "timestamp,value,anomaly_score,expected,alert");
    assert_eq!(rows.len(), 6049);
    for row in &rows[1..] {
        assert_eq!(row[2].parse::<f64>().expect("a score") >= 1.0, row[4] == "1", "{row:?}");
    }
    assert_eq!(rows.iter().filter(|r| r[4] == "1").count(), 1);
    let again = call_with(&["escucha", "backtest", "--counts", &counts, "--label", "caida-app"]);
    assert_eq!(again.1, out, "the same input gives the same alerts");
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let counts = file("a.csv", "timestamp,value\n2026-01-01T00:00:00Z,1\n");
    let hourly = file("h.csv", "2026-01-01T00:00:00Z,1\n2026-01-01T01:00:00Z,1\n2026-01-01T02:00:00Z,1\n");
    let empty = file("e.csv", "timestamp,value\n");
    let none = folder.path().join("none.csv").display().to_string();
    for (args, code, say) in [
        (&[][..], 2, "--counts"),
        (&["--counts", &counts, "-c", "x.toml"], 2, "--config"),
        (&["--counts", &counts, "a.ndjson"], 2, "cannot be used"),
        (&["a.ndjson", "--label", "x"], 2, "--label"),
        (&["a.ndjson", "-c", "none.toml"], 2, "cannot be read"),
        (&["--counts", &counts, "--budget", "many"], 2, "'many'"),
        (&["--counts", &counts, "--timezone", "Europe/Madird"], 2, "Europe/Madird"),
        (&["--counts", &counts, "--label", "a/b"], 2, "a/b"),
        (&["--counts", &counts, "--on", "drop", "--quick"], 2, "--quick"),
        (&["--counts", &counts, "--sensitivity", "0"], 2, "--sensitivity"),
        (&["--counts", &counts, "--sensitivity", "0.5"], 2, "between 1 and 100"),
        (&["--counts", &none], 1, "none.csv"),
        (&["--counts", &empty], 1, "no timestamp,value row"),
        (&["--counts", &hourly], 1, "every 60 minutes"),
        (&["--counts", &counts, "--scores", "/nowhere/x.csv"], 1, "/nowhere/x.csv"),
        (&["--counts", &counts], 0, "1 rows"),
        (&["--counts", &hourly, "--missing", "zero"], 0, "3 rows"),
    ] {
        let all: Vec<&str> = ["escucha", "--lang", "en", "backtest"].into_iter().chain(args.iter().copied()).collect();
        let (got, _, err) = call_with(&all);
        assert_eq!(got, code, "{args:?}: {err}");
        assert!(err.contains(say), "{args:?}: {err}");
    }
}

#[test]
fn settings_are_held_against_known_events() {
    let folder = tempfile::tempdir().expect("a folder");
    let (counts, events) = (series(folder.path()), folder.path().join("events.csv"));
    let text = "timestamp,label,topic\n2026-06-21T08:15:00Z,\"caída, \"\"total\"\"\"\n2026-06-15T08:00:00Z,feria,app\n\
        2026-06-16T08:00:00Z,other,fraude\n2026-06-01T00:00:00Z,too early\nlately,x\n";
    std::fs::write(&events, text).expect("a file");
    let events = events.display().to_string();
    let (code, out, err) =
        call_with(&["escucha", "--lang", "es", "backtest", "--counts", &counts, "--sensitivity", "3", "--events", &events]);
    assert_eq!(code, 0, "{err}");
    let summary: serde_json::Value = out.lines().last().and_then(|l| serde_json::from_str(l).ok()).expect("JSON");
    let tried = &summary["choices"]["app"];
    assert_eq!((&tried["measured_by"], &tried["events_outside"]), (&"events".into(), &1.into()), "{tried}");
    let labels: Vec<&str> = tried["targets"].as_array().into_iter().flatten().filter_map(|t| t["label"].as_str()).collect();
    assert_eq!(labels, ["feria", "caída, \"total\""]);
    let settings = tried["settings"].as_array().expect("a table");
    assert_eq!(settings.len(), 12);
    assert!(settings.iter().all(|s| s["caught"] == 1 && s["missed"] == 1 && s["median_delay_seconds"].as_i64() > Some(0)), "{tried}");
    assert_eq!(settings.iter().filter(|s| s["asked"] == true && s["sensitivity"] == 3.0).count(), 1);
    assert!(err.contains("events.csv:6: ") && err.contains("app: 3,0 semanas, 2 sucesos; 1 suceso fuera"), "{err}");
    let drawn = |name: &str| {
        let file = folder.path().join(name);
        let shown = file.display().to_string();
        let code = call_with(&["escucha", "--lang", "es", "backtest", "--counts", &counts, "--picture", &shown]).0;
        (code, std::fs::read_to_string(file).unwrap_or_default())
    };
    let (code, svg) = drawn("p.svg");
    assert!(code == 0 && svg.starts_with("<svg") && svg.contains("app: 1 alerta<"), "{svg:.300}");
    assert!(drawn("p.html").1.contains(&svg));
    assert_eq!(drawn("p.png").0, 2);
    assert!(err.contains("sensibilidad") && err.contains("no es una promesa"), "{err}");
    std::fs::write(&events, "timestamp\n").expect("a file");
    assert_eq!(call_with(&["escucha", "backtest", "--counts", &counts, "--events", &events]).0, 1);
}

/// Recorded posts through the whole engine: the first word of every alert, and a summary of all topics.
#[test]
fn recorded_posts() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("escucha.toml");
    let text = "[[source]]\nname = \"s\"\ntype = \"stdin\"\nformat = \"escucha\"\n\
        [[topic]]\nname = \"app\"\nquery = \"app\"\n[[topic]]\nname = \"web\"\nquery = \"web\"\n\
        [[alert]]\nname = \"oleada\"\non = \"volume\"\nwindow = \"1h\"\nat = 40\n\
        [[alert]]\nname = \"crisis\"\non = \"spike\"\n";
    std::fs::write(&config, text).expect("a file");
    // Four days with a post every ten minutes or so, then one a minute for three hours, then as before.
    let mut prng = Prng::new(2);
    let mut posts = String::from("not a post\n");
    let start: jiff::Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
    let surge = 4 * 1440 + 60..4 * 1440 + 240;
    for minute in 0..5 * 1440 {
        if prng.chance(if surge.contains(&minute) { 1.0 } else { 0.1 }) {
            let at = start + jiff::SignedDuration::from_mins(minute);
            posts += &format!("{{\"id\":\"{minute}\",\"created_at\":\"{at}\",\"text\":\"la app falla\"}}\n");
        }
    }
    let file = folder.path().join("posts.ndjson");
    std::fs::write(&file, posts).expect("a file");
    let (config, file) = (config.display().to_string(), file.display().to_string());
    let (code, out, err) = call_with(&["escucha", "backtest", "-c", &config, &file]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let (summary, alerts) = lines.split_last().expect("a summary");
    let on: Vec<&str> = alerts.iter().filter_map(|a| a["on"].as_str()).collect();
    assert_eq!(on, ["spike", "volume"], "{out}");
    assert!(alerts.iter().all(|a| a["status"] == "firing" && a["started_at"].as_str() > Some("2026-06-05T00:")), "{out}");
    assert_eq!((&summary["alerts"], &summary["refused"], &summary["type"]), (&2.into(), &1.into(), &"summary".into()));
    assert_eq!((&summary["first_alert"]["app"], &summary["first_alert"]["web"]), (&alerts[0]["updated_at"], &serde_json::Value::Null));
    assert!(summary["delay_to_peak_seconds"]["greatest"].as_i64().is_some_and(|s| (600..4 * 3600).contains(&s)), "{summary}");
    assert!(summary["alerts_per_week"].as_f64().is_some_and(|rate| (2.7..2.9).contains(&rate)), "{summary}");
    // What the rule asks for is one of the settings, and comes to the spike that the engine told of.
    let tried = &summary["choices"]["app"];
    assert!(summary["choices"]["web"].is_null() && tried["measured_by"] == "largest_peaks" && tried["hindsight"] == true, "{summary}");
    let asked: Vec<&serde_json::Value> = tried["settings"].as_array().into_iter().flatten().filter(|s| s["asked"] == true).collect();
    let [asked] = asked[..] else { panic!("{tried}") };
    assert_eq!((&asked["sensitivity"], &asked["alerts"], &asked["caught"]), (&3.2.into(), &1.into(), &1.into()), "{tried}");
    assert!(err.contains("app: 0.7 weeks, the 1 largest peaks") && err.contains("* 3.2           5 per 3 weeks          1"), "{err}");
    assert!(err.contains("hindsight"), "{err}");
    assert_eq!(call_with(&["escucha", "backtest", "-c", &config, &file]).1, out, "the same posts give the same alerts");
}
