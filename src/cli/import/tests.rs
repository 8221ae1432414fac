use super::super::tests::call_with;
use super::*;
use std::path::PathBuf;

fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths = files.iter().map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    let paths = paths.collect();
    (folder, paths)
}

fn call(options: &[&str], files: &[(&str, &str)]) -> (u8, String, String) {
    let (_folder, paths) = folder(files);
    let mut args = vec!["escucha", "import", "powertrack"];
    args.extend(options);
    args.extend(paths.iter().map(|p| p.to_str().unwrap()));
    call_with(&args)
}

const GOOD: &str = r##"{"rules":[{"value":"\"no funciona\" (#a OR #b)","tag":"x, y"},{"value":"it's\nbroken"}]}"##;
const BAD: &str =
    r#"[{"value":"fire bounding_box:[1 2 3 4] OR fire bounding_box:[5 6 7 8]","tag":"t/1"},{"value":"smoke or fire","tag":"t/1"}]"#;

#[test]
fn rules_become_a_topic_that_can_be_read() {
    let (code, out, err) = call(&[], &[("mis reglas.json", GOOD)]);
    assert_eq!((code, err.as_str()), (0, ""));
    let read: toml::Table = out.parse().unwrap();
    let topic = &read["topic"][0];
    assert_eq!(
        (topic["name"].as_str(), topic["accents"].as_str(), topic["quoted"].as_bool()),
        (Some("mis reglas"), Some("exact"), Some(true))
    );
    assert_eq!(topic["queries"][0]["query"].as_str(), Some("\"no funciona\" (#a OR #b)"));
    assert_eq!(topic["queries"][0]["tag"].as_str(), Some("x, y"));
    assert_eq!(topic["queries"][1]["query"].as_str(), Some("it's broken"));
}

#[test]
fn what_cannot_be_imported_is_told_and_left_out() {
    let (code, out, err) = call(&["--lang", "es"], &[("r.json", BAD)]);
    assert_eq!(code, 1);
    assert!(err.contains("r.json: regla 1 «t/1»: queda fuera\nE144  fire bounding_box:[1 2 3 4] OR"), "{err}");
    assert!(err.contains("(una vez más en esta regla)"), "{err}");
    assert!(err.contains("regla 2 «t/1»: importada, con avisos\nW102") && err.ends_with("escucha: 1 de 2 reglas quedan fuera\n"), "{err}");
    assert!(out.contains("\n  # regla 1 «t/1»:\n  #   E144 ") && out.contains("\n  # { query = 'fire bounding_box:[1 2 3 4]"), "{out}");
    let read: toml::Table = out.parse().unwrap();
    assert_eq!(read["topic"][0]["queries"].as_array().map(Vec::len), Some(1));
}

#[test]
fn topics_go_by_file_by_tag_or_by_one_name() {
    let names = |options: &[&str]| -> Vec<String> {
        let (_, out, _) = call(options, &[("a.json", GOOD), ("b.json", BAD)]);
        let read: toml::Table = out.parse().unwrap();
        read["topic"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&[]), ["a", "b"]);
    assert_eq!(names(&["--by-tag"]), ["x y", "a", "t 1"]);
    assert_eq!(names(&["--topic", "incendios"]), ["incendios"]);
    assert_eq!(call(&["--topic", "a/b"], &[("a.json", GOOD)]).0, 2);
    assert_eq!(call(&["--topic", "a", "--by-tag"], &[("a.json", GOOD)]).0, 2);
}

#[test]
fn a_topic_without_a_rule_is_only_a_comment() {
    let (code, out, _) = call(&[], &[("a.json", r#"[{"value":"fire point_radius:[1 2 3km]"}]"#)]);
    assert_eq!(code, 1);
    assert!(out.contains("\n# [[topic]]\n") && out.lines().all(|l| l.is_empty() || l.starts_with('#')), "{out}");
}

#[test]
fn json_holds_what_was_imported_and_what_was_not() {
    let (code, out, err) = call(&["--json"], &[("a.json", BAD)]);
    let v: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, err.lines().count()), (1, 1));
    assert_eq!(v["topics"][0]["queries"], json!([{"query": "smoke or fire", "tag": "t/1"}]));
    assert_eq!((&v["left_out"][0]["rule"], &v["left_out"][0]["problems"][1]["code"]), (&json!(1), &json!("E144")));
    assert_eq!(v["warnings"][0]["problems"][0]["code"], "W102");
}

#[test]
fn nothing_is_printed_if_a_file_cannot_be_read() {
    let (code, out, err) = call(&[], &[("a.json", GOOD), ("b.json", "[{\"value\":\"a\nb\"}]"), ("c.json", "{")]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("b.json:1:13") && err.contains("c.json:1:1"), "{err}");
    assert_eq!(call_with(&["escucha", "import", "powertrack", "/no/such/file"]).0, 2);
}

#[test]
fn a_long_rule_is_shown_around_the_place() {
    let text = format!("{} point_radius:[1 2 3] {}", "a ".repeat(90), "b ".repeat(90));
    let problems = eql::parse(&text, &SETTINGS).problems;
    let (shown, moved) = near(&text, &problems[0]);
    let chars: Vec<char> = shown.chars().collect();
    let marked: String = chars[moved.span.start as usize..moved.span.end as usize].iter().collect();
    assert_eq!(marked, "point_radius:[1 2 3]");
    assert!(chars.len() < 100 && shown.starts_with('…') && shown.ends_with('…'));
}
