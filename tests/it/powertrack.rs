//! Real PowerTrack rule sets: how many rules of each are imported, and what they find.

use std::ffi::OsString;

use escucha::bilingual::Lang;
use escucha::cli;
use serde_json::Value;

use crate::data;

/// Exit code, standard output and standard error of a call.
pub fn call(args: &[&str]) -> (u8, String, String) {
    let args: Vec<OsString> = std::iter::once("escucha").chain(args.iter().copied()).map(OsString::from).collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = cli::execute(&args, Lang::En, false, &mut out, &mut err);
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// (file, rules imported, rules left out, the fields or values that keep them out)
const FILES: [(&str, usize, usize, &[&str]); 9] = [
    ("harvey_v1", 4, 2, &["profile_region:"]),
    ("harvey_v3", 4, 4, &["profile_region:"]),
    ("harvey_v6", 4, 5, &["profile_region:"]),
    ("harvey_v7", 4, 5, &["profile_region:"]),
    ("harvey_v8", 10, 6, &["profile_region:"]),
    ("harvey_v8_native_media", 1, 1, &["profile_region:"]),
    ("harvey_v9", 11, 7, &["profile_region:"]),
    ("harvey_v11", 7, 9, &["profile_geo", "profile_region:"]),
    ("ventura_rules", 2, 4, &["bounding_box:", "profile_region:"]),
];

#[test]
fn every_rule_is_imported_or_left_out_for_a_named_reason() {
    for (name, imported, left_out, reasons) in FILES {
        let Some(path) = data::shared(&format!("powertrack-rules/{name}.json")) else { return };
        let (code, out, _) = call(&["import", "powertrack", "--json", path.to_str().unwrap()]);
        let v: Value = serde_json::from_str(&out).unwrap();
        let left: Vec<&Value> = v["left_out"].as_array().unwrap().iter().collect();
        assert_eq!((code, v["topics"][0]["queries"].as_array().unwrap().len(), left.len()), (1, imported, left_out), "{name}");
        let mut named: Vec<&str> = left
            .iter()
            .flat_map(|r| r["problems"].as_array().unwrap())
            .filter_map(|p| p["cause"].as_str()?.split(['«', '»']).nth(1))
            .collect();
        named.sort_unstable();
        named.dedup();
        assert_eq!(named, reasons, "{name}");
        assert_eq!(v["warnings"], Value::Array(Vec::new()), "{name}");
    }
}

#[test]
fn files_that_are_no_json_are_refused_with_their_place() {
    for (name, place, cause) in
        [("harvey_v4", ":1:1", "wrapped in a Markdown block"), ("harvey_v10", ":4:34", "a string holds a line break")]
    {
        let Some(path) = data::shared(&format!("powertrack-rules/{name}.json")) else { return };
        let (code, out, err) = call(&["import", "powertrack", path.to_str().unwrap()]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}");
        assert!(err.contains(&format!("{name}.json{place}\n")) && err.contains(cause), "{err}");
    }
}

/// The rules of all files as lines of `escucha match --queries`.
fn queries() -> Option<String> {
    let mut lines = String::new();
    for (name, ..) in FILES {
        let path = data::shared(&format!("powertrack-rules/{name}.json"))?;
        let (_, out, _) = call(&["import", "powertrack", "--json", path.to_str().unwrap()]);
        let v: Value = serde_json::from_str(&out).unwrap();
        let topic = &v["topics"][0];
        for (i, query) in topic["queries"].as_array().unwrap().iter().enumerate() {
            let row = serde_json::json!({"id": format!("{name}/{i}"), "query": query["query"], "tag": query["tag"],
                "accents": topic["accents"], "quoted": topic["quoted"]});
            lines += &format!("{row}\n");
        }
    }
    Some(lines)
}

#[test]
fn imported_rules_find_posts_of_real_streams() {
    let Some(queries) = queries() else { return };
    assert_eq!(queries.lines().count(), FILES.iter().map(|f| f.1).sum::<usize>());
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.jsonl");
    std::fs::write(&rules, queries).unwrap();
    let mut found = Vec::new();
    for stream in ["sample_2015-03-20", "sample_2015-10-03", "filter_2015-11-17"] {
        let Some(bytes) = data::read(&format!("x-v1-stream/{stream}.ndjson.gz")) else { return };
        let posts = folder.path().join(stream);
        std::fs::write(&posts, bytes).unwrap();
        let paths = [rules.to_str().unwrap(), posts.to_str().unwrap()];
        let (code, out, err) = call(&["match", "--format", "x-v1", "--queries", paths[0], paths[1]]);
        assert_eq!((code, err.as_str()), (0, ""));
        let all: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let matched = all.iter().map(|v| v["matched"].as_array().unwrap().len());
        found.push((all.len(), matched.clone().filter(|n| *n > 0).count(), matched.sum::<usize>()));
    }
    assert_eq!(found, [(874, 0, 0), (513, 0, 0), (123, 1, 3)]);
}

#[test]
fn imported_topics_are_a_configuration_that_check_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (name, ..) in FILES {
        let Some(path) = data::shared(&format!("powertrack-rules/{name}.json")) else { return };
        paths.push(path.to_str().unwrap().to_owned());
    }
    let config = folder.path().join("escucha.toml");
    for (options, topics) in [(vec![], FILES.len()), (vec!["--topic", "huracán"], 1), (vec!["--by-tag"], 33)] {
        let args: Vec<&str> = ["import", "powertrack"].into_iter().chain(options).chain(paths.iter().map(String::as_str)).collect();
        let (code, out, _) = call(&args);
        assert_eq!(code, 1);
        std::fs::write(&config, out).unwrap();
        let (code, out, err) = call(&["check", "-c", config.to_str().unwrap()]);
        assert_eq!((code, err.as_str()), (0, ""));
        let queries = FILES.iter().map(|f| f.1).sum::<usize>();
        let counted = format!("{topics} {}, {queries} queries", if topics == 1 { "topic" } else { "topics" });
        assert!(out.contains(&counted), "{out}");
    }
}

#[test]
fn imported_rules_go_through_the_whole_engine() {
    let mut paths = Vec::new();
    for (name, ..) in FILES {
        let Some(path) = data::shared(&format!("powertrack-rules/{name}.json")) else { return };
        paths.push(path.to_str().unwrap().to_owned());
    }
    let Some(stream) = data::shared("x-v1-stream/filter_2015-11-17.ndjson.gz") else { return };
    let args: Vec<&str> = ["import", "powertrack", "--topic", "hurricane"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let (_, topics, _) = call(&args);
    let rest = "[[source]]\nname = \"x\"\ntype = \"stdin\"\nformat = \"x-v1\"\n[[alert]]\nname = \"any\"\non = \"volume\"\nat = 1\nwindow = \"5m\"\n";
    let config = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(config.path(), topics + rest).unwrap();
    let (code, out, err) = call(&["replay", "-c", config.path().to_str().unwrap(), stream.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    let counts: Vec<Vec<&str>> = err.lines().map(|l| l.split_whitespace().take(2).collect()).collect();
    for row in [["received", "130"], ["matched", "1"], ["unmatched", "122"], ["skipped", "7"], ["alerts", "1"]] {
        assert!(counts.contains(&row.to_vec()), "{err}");
    }
    assert!(out.lines().next().unwrap().contains("\"topic\":\"hurricane\""), "{out}");
}
