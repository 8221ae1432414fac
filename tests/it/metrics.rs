//! What an operator scrapes, from the real binary: all that the catalogue lists and nothing else, well formed, and no
//! more of it than the configuration has names.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use escucha::telemetry::{CATALOGUE, Kind};

use crate::notified::Running;
use crate::receiver::{Answer, Receiver};

/// An engine that uses everything that is measured: a store, a target, brands of a group, sources of three types.
pub fn everything(hook: &str) -> String {
    format!(
        "[server]\nbind = '127.0.0.1:0'\n[store]\npath = 'alerts.db'\n\
         [[source]]\nname = 'push'\ntype = 'http'\n[[source]]\nname = 'lines'\ntype = 'tcp'\nbind = '127.0.0.1:0'\n\
         [[brand]]\nname = 'Banco Ejemplo'\nown = true\naccounts = [{{ handle = 'bancoejemplo' }}]\n[[brand]]\nname = 'Otro'\n\
         [[group]]\nname = 'sector'\nbrands = ['Banco Ejemplo', 'Otro']\n\
         [[topic]]\nname = 'caida'\nquery = 'caída'\nbrand = 'Banco Ejemplo'\n[[topic]]\nname = 'otro'\nquery = 'otro'\nbrand = 'Otro'\n\
         [[alert]]\nname = 'una'\non = 'volume'\nat = 1\nwindow = '1h'\nseverity = 'critical'\n\
         [[alert]]\nname = 'fuentes'\non = 'source'\n\
         [[notify]]\nname = 'guardia'\ntype = 'webhook'\nurl = '{hook}'\nallow = ['127.0.0.0/8']\n\
         [[route]]\nnotify = ['guardia']\ngroup_wait = '0s'\n"
    )
}

/// The demo, `speed` times as fast as the clock.
pub fn demo(speed: &str) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
    command.args(["--lang", "en", "demo", "--bind", "127.0.0.1:0", "--speed", speed]);
    Running::from(command)
}

/// What is scraped.
pub async fn scrape(running: &Running) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(format!("http://{}/metrics", running.address)).send().await.unwrap().text().await.unwrap()
}

/// Names of the metrics in an exposition.
fn names(text: &str) -> BTreeSet<String> {
    text.lines().filter_map(|l| l.strip_prefix("# TYPE ")).map(|l| l.split(' ').next().unwrap().to_owned()).collect()
}

/// Series in an exposition: names with their labels, without values.
fn series(text: &str) -> BTreeSet<&str> {
    text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(|l| l.rsplit_once(' ').unwrap().0).collect()
}

/// A line of a post by an author, a network and a language of its own.
pub fn post(i: u32, text: &str) -> String {
    let now = jiff::Timestamp::now();
    format!(
        "{{\"id\":\"p{i}\",\"network\":\"net{i}\",\"lang\":\"l{i}\",\"created_at\":\"{now}\",\"text\":\"{text} {i} #tag{i} @handle{i}\",\
         \"source_app\":\"app{i}\",\"place\":{{\"name\":\"lugar{i}\",\"country\":\"C{i}\"}},\"author\":{{\"id\":\"a{i}\",\"handle\":\"handle{i}\"}}}}\n"
    )
}

async fn send(running: &Running, posts: String) {
    running.ask(reqwest::Method::POST, "/v1/posts", posts).await;
}

/// Waits until `have` holds of what is scraped, and gives the scrape.
pub async fn scraped(running: &Running, what: &str, have: impl Fn(&str) -> bool) -> String {
    for _ in 0..1200 {
        let text = scrape(running).await;
        if have(&text) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: {}", scrape(running).await);
}

/// The gauge that comes last: with the first minute that is over.
fn share_is_known(text: &str) -> bool {
    text.contains("escucha_share_of_voice{")
}

/// Passes if promtool finds nothing to say.
fn promtool(text: &str) {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool, which tests/run installs");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_listed_is_exposed_and_nothing_else() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let receiver = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
    let folder = tempfile::tempdir().unwrap();
    let engine = Running::start(&everything(&receiver.url("/")), folder.path());
    send(&engine, post(1, "caída")).await;
    let told = "escucha_notifications_total{notifier=\"guardia\",outcome=\"delivered\"} 1\n";
    let text = scraped(&engine, "a delivery", |text| text.contains(told) && share_is_known(text)).await;
    // Counters of what has not happened are there at 0.
    for line in [
        "escucha_notifications_total{notifier=\"guardia\",outcome=\"dead\"} 0",
        "escucha_source_reconnects_total{source=\"lines\",class=\"network\"} 0",
        "escucha_source_connections_total{source=\"lines\",end=\"slow\"} 0",
        "escucha_alerts_total{rule=\"fuentes\",severity=\"warning\"} 0",
        "escucha_store_errors_total{class=\"snapshot\"} 0",
        "escucha_store_holding 0",
        "escucha_slow_clients_total{transport=\"websocket\"} 0",
        "escucha_stream_gaps_total 0",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    // The demo knows what is usual, which takes a new engine days to learn.
    let demo = demo("60");
    let known = scraped(&demo, "a closed bucket", |text| text.contains("escucha_brand_crisis_level")).await;
    let exposed: BTreeSet<String> = names(&text).union(&names(&known)).cloned().collect();
    let listed: BTreeSet<String> = CATALOGUE.iter().map(|m| m.name.to_owned()).collect();
    assert_eq!(exposed, listed);
    for text in [&text, &known] {
        promtool(text);
        labels_are_as_listed(text);
    }
}

/// A metric is made in `telemetry` or not at all: what is made elsewhere is in no catalogue until it happens.
#[test]
fn metrics_are_made_in_one_module() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("telemetry.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let made =
                    |line: &&str| ["counter!(", "gauge!(", "histogram!("].iter().any(|m| line.contains(m)) && !line.contains("describe_");
                found.extend(text.lines().filter(made).map(|line| format!("{}: {line}", path.display())));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert_eq!(found, Vec::<String>::new());
}

/// Types and label names of every series are those of the catalogue.
fn labels_are_as_listed(text: &str) {
    for series in series(text) {
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let base = |suffix: &&str| {
            name.strip_suffix(*suffix).filter(|base| CATALOGUE.iter().any(|m| m.kind == Kind::Histogram && m.name == *base))
        };
        let name = ["_bucket", "_sum", "_count"].iter().find_map(base).unwrap_or(name);
        let metric = CATALOGUE.iter().find(|m| m.name == name).unwrap_or_else(|| panic!("{series}"));
        let labels: Vec<&str> = labels.split("\",").filter_map(|l| l.split_once("=\"")).map(|(l, _)| l).filter(|l| *l != "le").collect();
        assert_eq!(labels, metric.labels, "{series}");
        assert!(text.contains(&format!("# TYPE {name} {}\n", metric.kind.as_str())), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_posts_say_makes_no_series() {
    const POSTS: u32 = 100_000;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let receiver = Receiver::http("127.0.0.1:0", vec![Answer::status(200)], None).await;
    let folder = tempfile::tempdir().unwrap();
    let engine = Running::start(&everything(&receiver.url("/")), folder.path());
    let done = |n: u32| move |text: &str| text.contains(&format!("escucha_posts_matched_total{{source=\"push\"}} {n}\n"));
    // One of everything that can be in a label: both topics, a refusal, a delivery.
    send(&engine, (0..10).fold(String::new(), |all, i| all + &post(i, "caída otro"))).await;
    let few = scraped(&engine, "ten posts", |t| done(10)(t) && share_is_known(t)).await;
    let mut i = 10;
    while i < POSTS {
        let mut lines = String::new();
        let until = (i + 2_000).min(POSTS);
        (i..until).for_each(|i| lines.write_str(&post(i, "caída otro")).unwrap());
        send(&engine, lines).await;
        i = until;
    }
    let many = scraped(&engine, "all posts", done(POSTS)).await;
    assert_eq!(series(&few), series(&many), "100 000 handles, networks, languages, tags, places and ids are no labels");
    promtool(&many);
}

/// Rows of the table of metrics in a manual: name, type, unit, labels, meaning. The English one is written by `reference`.
fn rows(manual: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(manual)).unwrap();
    let rows = text.lines().filter(|l| l.starts_with("| `escucha_"));
    rows.map(|l| l.trim_matches('|').split(" | ").map(|c| c.trim().to_owned()).collect()).collect()
}

#[test]
fn the_spanish_manual_lists_what_the_catalogue_lists() {
    let (english, spanish) = (rows("metrics.md"), rows("metricas.md"));
    let listed = |rows: &[Vec<String>]| rows.iter().map(|r| r[..4].to_vec()).collect::<Vec<_>>();
    assert_eq!(listed(&spanish), listed(&english));
    assert_eq!(english.len(), CATALOGUE.len());
    for (es, en) in spanish.iter().zip(&english) {
        assert!(es.len() == 5 && !es[4].is_empty() && es[4] != en[4], "{es:?}");
    }
}
