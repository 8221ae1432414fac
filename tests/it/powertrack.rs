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
