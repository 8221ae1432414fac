//! Dashboards and rules against the real thing: a Prometheus that scrapes two engines at work must have an answer to
//! every query of every panel, and evaluate every rule.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use escucha::telemetry::{CATALOGUE, Kind};
use serde_json::Value;

use crate::metrics::{demo, everything, post};
use crate::notified::Running;
use crate::receiver::{Answer, Receiver};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana")
}

fn dashboards() -> Vec<(String, Value)> {
    let read = |name: &str| {
        let text = std::fs::read_to_string(folder().join(format!("dashboards/{name}.json"))).unwrap();
        (name.to_owned(), serde_json::from_str(&text).unwrap())
    };
    ["crisis", "listening", "engine", "care"].map(read).to_vec()
}

fn list<'a>(value: &'a Value, at: &str) -> &'a [Value] {
    value.pointer(at).unwrap_or_else(|| panic!("{at} in {value}")).as_array().unwrap()
}

/// Titles of panels and their queries.
fn targets(dashboard: &Value) -> Vec<(String, String)> {
    let panels = list(dashboard, "/panels").iter().filter(|p| p["type"] != "row");
    panels
        .flat_map(|p| list(p, "/targets").iter().map(|t| (p["title"].as_str().unwrap().to_owned(), t["expr"].as_str().unwrap().to_owned())))
        .collect()
}

/// Every query: of panels, annotations and variables.
fn expressions(dashboard: &Value) -> Vec<String> {
    let of_annotations = list(dashboard, "/annotations/list").iter().map(|a| a["expr"].as_str().unwrap().to_owned());
    let of_variables = list(dashboard, "/templating/list").iter().map(|v| v["query"]["query"].as_str().unwrap_or_default().to_owned());
    targets(dashboard).into_iter().map(|(_, expr)| expr).chain(of_annotations).chain(of_variables).collect()
}

/// What `tool` says of `args`, if it is content.
fn content(tool: &str, args: &[&str]) -> String {
    let output = Command::new(tool)
        .args(args)
        .current_dir(folder().join("prometheus"))
        .output()
        .unwrap_or_else(|_| panic!("{tool}, which tests/run installs"));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{tool} {args:?}: {said}");
    said
}

#[test]
fn dashboards_are_as_their_script_writes_them() {
    content("node", &["../build.mjs", "--check"]);
}

#[test]
fn rules_pass_their_tests_and_examples_are_valid() {
    content("promtool", &["check", "rules", "escucha.rules.yml"]);
    content("promtool", &["test", "rules", "escucha.test.yml"]);
    content("promtool", &["check", "config", "prometheus.yml"]);
    content("amtool", &["check-config", "alertmanager.yml"]);
    // Every rule is named in the tests.
    let read = |name: &str| std::fs::read_to_string(folder().join("prometheus").join(name)).unwrap();
    let (rules, tests) = (read("escucha.rules.yml"), read("escucha.test.yml"));
    let names: Vec<&str> = rules.lines().filter_map(|l| l.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(tests.contains(&format!("alertname: {name}\n")), "{name} has no test that it fires");
    }
}

#[test]
fn dashboards_are_well_formed() {
    let mut uids = BTreeSet::new();
    for (name, dashboard) in dashboards() {
        assert!(uids.insert(dashboard["uid"].as_str().unwrap().to_owned()), "{name}");
        assert!(dashboard["schemaVersion"].as_u64().is_some_and(|v| v >= 36), "{name}");
        let variables: BTreeSet<&str> = list(&dashboard, "/templating/list").iter().map(|v| v["name"].as_str().unwrap()).collect();
        assert!(variables.contains("datasource") && variables.contains("instance"), "{name}: {variables:?}");
        let mut ids = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for panel in list(&dashboard, "/panels") {
            let title = panel["title"].as_str().filter(|t| !t.is_empty()).unwrap_or_else(|| panic!("{panel}"));
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{name}/{title}: the id is taken");
            let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            let (x, y, w, h) = (at("x"), at("y"), at("w"), at("h"));
            assert!(w > 0 && h > 0 && x + w <= 24, "{name}/{title}: off the grid");
            for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
                assert!(taken.insert(cell), "{name}/{title} overlaps at {cell:?}");
            }
            if panel["type"] == "row" {
                continue;
            }
            assert!(panel.pointer("/fieldConfig/defaults/unit").is_some_and(Value::is_string), "{name}/{title} has no unit");
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{name}/{title}");
            let mut refs = BTreeSet::new();
            for target in list(panel, "/targets") {
                assert!(refs.insert(target["refId"].as_str().unwrap()), "{name}/{title}");
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{name}/{title}");
            }
            assert!(!refs.is_empty(), "{name}/{title}");
        }
        for expr in expressions(&dashboard) {
            for used in words(&expr, '$').into_iter().filter(|v| !v.starts_with("$__")) {
                assert!(variables.contains(&used[1..]), "{name}: {used} in {expr}");
            }
        }
    }
}

/// Words in `text` that begin with `first`.
fn words(text: &str, first: char) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let tail = |i: usize| format!("{first}{}", text[i + 1..].chars().take_while(|c| is_word(*c)).collect::<String>());
    text.match_indices(first).map(|(i, _)| tail(i)).collect()
}

/// Names of metrics in an expression, and whether each is known to the engine or is recorded by a rule.
fn metrics(expr: &str) -> Vec<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let names = expr.split(|c| !is_name(c)).filter(|w| w.starts_with("escucha_") || w.starts_with("escucha:"));
    names.map(str::to_owned).collect()
}

#[test]
fn every_metric_that_is_named_exists_and_every_metric_is_shown() {
    let rules = std::fs::read_to_string(folder().join("prometheus/escucha.rules.yml")).unwrap();
    let mut known: BTreeSet<String> = rules.lines().filter_map(|l| l.trim().strip_prefix("- record: ")).map(str::to_owned).collect();
    for metric in CATALOGUE {
        known.insert(metric.name.to_owned());
        if metric.kind == Kind::Histogram {
            known.extend(["_bucket", "_sum", "_count"].map(|suffix| format!("{}{suffix}", metric.name)));
        }
    }
    let shown: Vec<String> = dashboards().iter().flat_map(|(_, d)| expressions(d)).flat_map(|e| metrics(&e)).collect();
    for name in shown.iter().cloned().chain(rules.lines().filter(|l| !l.trim().starts_with('#')).flat_map(metrics)) {
        assert!(known.contains(&name), "there is no {name}");
    }
    for metric in CATALOGUE {
        assert!(
            shown.iter().any(|s| s.trim_end_matches("_bucket").trim_end_matches("_sum") == metric.name),
            "{} is on no dashboard",
            metric.name
        );
    }
}

/// A real Prometheus with our rules; it ends with the value.
struct Prometheus {
    process: Child,
    address: SocketAddr,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Prometheus {
    fn start(targets: &[&str]) -> Prometheus {
        let folder = tempfile::tempdir().unwrap();
        let rules = self::folder().join("prometheus/escucha.rules.yml");
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{}']\n\
             scrape_configs: [{{job_name: escucha, static_configs: [{{targets: {targets:?}}}]}}]\n",
            rules.display()
        );
        let file = folder.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        // Free a moment ago: it cannot choose by itself and say so.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus, which tests/run installs");
        Prometheus { process, address, client: reqwest::Client::builder().no_proxy().build().unwrap(), _folder: folder }
    }

    /// `data` of an answer of the API; nothing while it does not answer.
    async fn ask(&self, path: &str, form: &[(&str, &str)]) -> Option<Value> {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let url = reqwest::Url::parse_with_params(&url, form).unwrap();
        let text = self.client.get(url).send().await.ok()?.text().await.ok()?;
        let answer: Value = serde_json::from_str(&text).ok()?;
        assert_eq!(answer["status"], "success", "{form:?}: {answer}");
        Some(answer["data"].clone())
    }

    /// Whether an expression has at least one series that is a number.
    async fn has(&self, expr: &str) -> bool {
        let Some(data) = self.ask("query", &[("query", expr)]).await else { return false };
        list(&data, "/result").iter().any(|series| series["value"][1] != "NaN")
    }
}

/// `expr` as Grafana asks it, with every variable at All.
fn substituted(expr: &str) -> String {
    let expr = expr.replace("$__rate_interval", "1m");
    ["$instance", "$topic", "$source"].iter().fold(expr, |expr, name| expr.replace(name, ".*"))
}

/// Selectors of an expression: `name{matchers}`.
fn selectors(expr: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in metrics(expr) {
        for (i, _) in expr.match_indices(&name) {
            let rest = &expr[i + name.len()..];
            let matchers = rest.strip_prefix('{').map(|r| format!("{{{}}}", &r[..r.find('}').unwrap()])).unwrap_or_default();
            found.push(format!("{name}{matchers}"));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_has_an_answer_to_every_query_and_evaluates_every_rule() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let receiver = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
    let store = tempfile::tempdir().unwrap();
    // The demo has weeks of counts behind it; the other has what the demo has not: a store, a target, a group.
    let urgent = "[[topic]]\nname = 'urgente'\nquery = 'urgente'\nweight = 30\n\
         [[alert]]\nname = 'cada'\non = 'priority'\nat = 1\ntopics = ['urgente']\n";
    let (demo, engine) = (demo("60"), Running::start(&(everything(&receiver.url("/")) + urgent), store.path()));
    let prometheus = Prometheus::start(&[&demo.address, &engine.address]);
    let mut open: Vec<(String, String)> = Vec::new();
    for (name, dashboard) in dashboards() {
        open.extend(targets(&dashboard).into_iter().map(|(title, expr)| (format!("{name}/{title}"), substituted(&expr))));
        let alerts = list(&dashboard, "/annotations/list")[0]["expr"].as_str().unwrap();
        open.push((format!("{name}: annotation"), substituted(alerts)));
    }
    assert!(open.len() > 50, "{open:?}");
    let rules = loop {
        match prometheus.ask("rules", &[]).await {
            Some(rules) => break rules,
            None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    let rules: Vec<&Value> = list(&rules, "/groups").iter().flat_map(|g| list(g, "/rules")).collect();
    assert!(rules.len() > 15, "{rules:?}");
    for rule in &rules {
        let (name, query) = (rule["name"].as_str().unwrap(), rule["query"].as_str().unwrap());
        let parts = if rule["type"] == "recording" { vec![name.to_owned()] } else { selectors(query) };
        open.extend(parts.into_iter().map(|part| (format!("rule {name}"), part)));
    }
    // Each must have an answer at some moment: an alert is an event, and a quantile needs one.
    for i in 0..180 {
        let posted = (10 * i..10 * i + 10).map(|i| post(i, if i % 10 == 0 { "urgente" } else { "caída otro" })).collect();
        engine.ask(reqwest::Method::POST, "/v1/posts", posted).await;
        let mut silent = Vec::new();
        for (what, expr) in open {
            if !prometheus.has(&expr).await {
                silent.push((what, expr));
            }
        }
        open = silent;
        if open.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(open.is_empty(), "no data: {open:#?}");
    let after = prometheus.ask("rules", &[]).await.unwrap();
    for rule in list(&after, "/groups").iter().flat_map(|g| list(g, "/rules")) {
        assert_eq!((&rule["health"], rule["lastError"].as_str().unwrap_or_default()), (&"ok".into(), ""), "{rule}");
    }
}
