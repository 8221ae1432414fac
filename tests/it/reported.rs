//! One report from everywhere: the running binary, the store that it leaves behind, and the recording itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::Value;

use crate::care;
use crate::notified::Running;

const CONFIG: &str = "
[server]
bind = '127.0.0.1:0'
[store]
path = 'care.db'
retention = '3650d'
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

/// An engine that has heard the posts, beside a recording of them; and where it is asked.
async fn started() -> (tempfile::TempDir, Running, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(CONFIG, folder.path());
    std::fs::write(folder.path().join("posts.ndjson"), posts()).unwrap();
    running.ask(Method::POST, "/v1/posts", posts()).await;
    let url = format!("http://{}", running.address);
    (folder, running, url)
}

/// What `escucha report` says of the month, as a table of all figures.
fn report(folder: &Path, args: &[&str]) -> Result<String, String> {
    escucha(folder, &[&["--month", "2026-03", "--format", "csv"], args].concat())
}

fn escucha(folder: &Path, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_escucha"));
    command.args(["--lang", "en", "report", "-c", "escucha.toml"]).args(args).current_dir(folder);
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
    let (folder, running, url) = started().await;
    let live = report(folder.path(), &["--url", &url]).unwrap();
    assert!(live.contains("\"Banco\",\"answered\",\"answered\",\"all\",\"\",3,9,0.3333333333333333,"), "{live}");
    let busy = report(folder.path(), &["--stored"]).unwrap_err();
    assert!(busy.contains("care.db"), "in use: {busy}");
    let running_tables = Tables::of(folder.path(), &["--url", &url]);
    drop(running);
    let stored = report(folder.path(), &["--stored"]).unwrap();
    let recorded = report(folder.path(), &["posts.ndjson"]).unwrap();
    assert_eq!(lasting(&stored), lasting(&live));
    assert_eq!(lasting(&recorded), lasting(&live));
    assert!(lasting(&live).len() > 300, "{}", lasting(&live).len());

    // The tables are what those figures are made of.
    let (stored_tables, recorded_tables) = (Tables::of(folder.path(), &["--stored"]), Tables::of(folder.path(), &["posts.ndjson"]));
    assert_eq!(stored_tables.events, running_tables.events, "to the last byte: the clock is not in them");
    for tables in [&running_tables, &stored_tables, &recorded_tables] {
        tables.agree_with(&live);
    }
    let lasting = |tables: &Tables| {
        let row = |r: &Value| ["id", "opened_at", "first_answer_at", "customer_posts"].map(|name| r[name].clone());
        rows(&tables.incidents).iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(lasting(&stored_tables), lasting(&running_tables));
    assert_eq!(lasting(&recorded_tables), lasting(&running_tables));
}

/// What `escucha report --table` says of all the time there is.
struct Tables {
    incidents: String,
    events: String,
}

fn rows(table: &str) -> Vec<Value> {
    table.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

impl Tables {
    fn of(folder: &Path, args: &[&str]) -> Tables {
        let table = |name| {
            let ask = ["--table", name, "--format", "ndjson", "--from", "2000-01-01", "--to", "2100-01-01"];
            escucha(folder, &[&ask[..], args].concat()).unwrap()
        };
        Tables { incidents: table("incidents"), events: table("events") }
    }

    /// Counts the figures of the report anew, and plays the changes back to what the matters are.
    fn agree_with(&self, report: &str) {
        let incidents = rows(&self.incidents);
        let asked: Vec<_> = incidents.iter().filter(|i| i["state"] != "merged" && i["cause"] == "mention_or_reply").collect();
        let answered = asked.iter().filter(|i| !i["first_answer_at"].is_null()).count();
        let want = format!("\"Banco\",\"answered\",\"answered\",\"all\",\"\",{answered},{},", asked.len());
        assert!(report.contains(&want) && answered > 0, "{want}");
        let mut times: Vec<i64> = incidents.iter().filter_map(|i| i["first_answer_seconds"].as_i64()).collect();
        times.sort_unstable();
        let median = times[(times.len() - 1) / 2];
        assert!(report.contains(&format!("\"first-answer\",\"median\",\"all\",\"\",,{},{median},", times.len())), "{median}");

        let mut last: BTreeMap<String, (u64, Value)> = BTreeMap::new();
        for event in rows(&self.events) {
            let (id, version) = (event["id"].to_string(), event["version"].as_u64().unwrap());
            let before = last.insert(id, (version, event)).map_or(0, |(version, _)| version);
            assert_eq!(version, before + 1, "no change is missing");
        }
        assert_eq!(last.len(), incidents.len());
        for incident in &incidents {
            let (version, event) = &last[&incident["id"].to_string()];
            assert_eq!(incident["version"], *version);
            let differs =
                |(name, value): &(&String, &Value)| !["priority", "sampled"].contains(&name.as_str()) && event[name.as_str()] != **value;
            assert_eq!(incident.as_object().unwrap().iter().find(differs), None, "{event}");
        }
    }
}

/// Every cell of a Parquet file, by column, as JSON has it.
fn parquet(file: &Path) -> Vec<Value> {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;
    let reader = SerializedFileReader::new(std::fs::File::open(file).unwrap()).unwrap();
    let value = |field: &Field| match field {
        Field::Null => Value::Null,
        Field::Bool(b) => (*b).into(),
        Field::Long(n) => (*n).into(),
        Field::Double(x) => (*x).into(),
        Field::Str(text) => text.as_str().into(),
        Field::TimestampMillis(ms) => jiff::Timestamp::from_millisecond(*ms).unwrap().to_string().into(),
        other => panic!("{other:?}"),
    };
    let row = |row: parquet::record::Row| row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect();
    reader.get_row_iter(None).unwrap().map(|found| Value::Object(row(found.unwrap()))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parquet_has_the_cells_of_the_other_formats() {
    let (folder, _running, url) = started().await;
    for from in [&["--url", &url][..], &["posts.ndjson"]] {
        let Tables { incidents, events } = Tables::of(folder.path(), from);
        for (table, text) in [("incidents", incidents), ("events", events)] {
            let file = folder.path().join("table.parquet");
            let ask = ["--table", table, "--format", "parquet", "--out", "table.parquet", "--from", "2020-01-01", "--to", "2100-01-01"];
            escucha(folder.path(), &[&ask[..], from].concat()).unwrap();
            let mut want = rows(&text);
            for row in &mut want {
                let agents: Vec<&str> = row["agents"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                row["agents"] = agents.join(" ").into();
            }
            let mut got = parquet(&file);
            // The clock of a running engine goes on.
            for row in want.iter_mut().chain(&mut got) {
                row.as_object_mut().unwrap().remove("priority");
            }
            assert!(got.len() >= 9);
            assert_eq!(got, want, "{table} {from:?}");
        }
    }
    // Without a row there is a table all the same, with its columns.
    escucha(
        folder.path(),
        &["--table", "incidents", "--format", "parquet", "--out", "none.parquet", "--day", "2020-01-01", "posts.ndjson"],
    )
    .unwrap();
    assert!(parquet(&folder.path().join("none.parquet")).is_empty());
}

#[test]
fn of_a_matter_that_is_gone_a_table_tells_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("escucha.toml"), CONFIG).unwrap();
    let gone = "{\"id\":\"0\",\"network\":\"x\",\"kind\":\"delete\",\"created_at\":\"2026-03-02T20:00:00Z\"}\n";
    std::fs::write(folder.path().join("posts.ndjson"), posts() + gone).unwrap();
    let Tables { incidents, events } = Tables::of(folder.path(), &["posts.ndjson"]);
    let events = rows(&events);
    let id = &events.iter().find(|e| e["why"] == "gone").expect("its opening post went")["id"];
    let of: Vec<_> = events.iter().filter(|e| e["id"] == *id).collect();
    assert!(of.len() > 1 && of.iter().all(|e| e["handle"].is_null() && e["brand"].is_null()), "{of:?}");
    assert!(rows(&incidents).iter().all(|i| i["id"] != *id));
    let of_brand =
        escucha(folder.path(), &["--table", "events", "--brand", "Banco", "--from", "2020-01-01", "--to", "2100-01-01", "posts.ndjson"]);
    assert!(!of_brand.unwrap().contains(id.as_str().unwrap()), "nobody knows of which brand it was");
    let bad = escucha(folder.path(), &["--table", "incidents", "--format", "html", "--month", "2026-03", "posts.ndjson"]);
    assert!(bad.unwrap_err().contains("--format 'html' does not go with --table"));
}

/// The known figures of two recordings, by the binary with nothing but its defaults: however old the posts are and
/// however late an answer came.
#[test]
fn the_known_figures_of_recordings_are_those_of_the_binary() {
    let known = [(care::twcs(), [1_466, 1_008, 452, 6, 82, 884, 648]), (care::ibm(), [532, 361, 171, 0, 4, 354, 177])];
    for (care, known) in known {
        let Some(care) = care else { continue };
        let folder = tempfile::tempdir().unwrap();
        let mut config = String::from("[[source]]\nname = 'all'\ntype = 'stdin'\nown_posts = true\n");
        for brand in &care.brands {
            let accounts: Vec<String> = brand.accounts.iter().map(|a| format!("{{ handle = '{a}' }}")).collect();
            config += &format!("[[brand]]\nname = '{}'\nown = true\naccounts = [{}]\n", brand.name, accounts.join(", "));
        }
        let posts: String = care.posts.iter().map(|post| format!("{post}\n")).collect();
        std::fs::write(folder.path().join("escucha.toml"), config).unwrap();
        std::fs::write(folder.path().join("posts.ndjson"), posts).unwrap();
        let rows = rows(&Tables::of(folder.path(), &["posts.ndjson"]).incidents);
        let n = |is: &dyn Fn(&Value) -> bool| rows.iter().filter(|row| is(row)).count();
        let origin = |origin: &'static str| n(&move |row| row["origin"] == origin);
        let asked = |row: &Value| row["cause"] == "mention_or_reply" && !row["first_answer_at"].is_null();
        let in_time = |row: &Value| asked(row) && row["first_answer_seconds"].as_f64().unwrap() <= 3600.0;
        let bystanders = n(&|row| row["bystander"] == true);
        let found = [rows.len(), origin("direct"), origin("active"), origin("outbound"), bystanders, n(&asked), n(&in_time)];
        assert_eq!(found, known);
    }
}
