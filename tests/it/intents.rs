//! What authors want against what people read in complaints to airlines. Judges told tone alone:
//! negative stands for a complaint and positive for praise; what is neutral may be anything but praise.

use std::collections::BTreeMap;

use escucha::contact::{self, Intent};

use crate::data;

/// How many of those found are right, and of those there are found.
fn merit(counts: &BTreeMap<(String, Intent), usize>, truth: &str, intent: Intent) -> (f64, f64) {
    let sum = |keep: &dyn Fn(&(String, Intent)) -> bool| counts.iter().filter(|(k, _)| keep(k)).map(|(_, n)| *n).sum::<usize>() as f64;
    let hits = sum(&|k| k.0 == truth && k.1 == intent);
    (hits / sum(&|k| k.1 == intent), hits / sum(&|k| k.0 == truth))
}

#[test]
fn complaints_and_praise_to_airlines() {
    let Some(bytes) = data::read("airline-en/airline_first70.ndjson.gz") else { return };
    let mut counts = BTreeMap::new();
    for line in std::str::from_utf8(&bytes).unwrap().lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let intent = contact::read(row["text"].as_str().unwrap()).intent;
        *counts.entry((row["airline_sentiment"].as_str().unwrap().to_owned(), intent)).or_insert(0) += 1;
    }
    let complaint = merit(&counts, "negative", Intent::Complaint);
    let praise = merit(&counts, "positive", Intent::Praise);
    println!("precision and recall: complaint {complaint:.3?}, praise {praise:.3?}");
    assert!(complaint.0 > 0.88 && complaint.1 > 0.75, "{complaint:?}");
    assert!(praise.0 > 0.7 && praise.1 > 0.7, "{praise:?}");
}
