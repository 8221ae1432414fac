//! A file in a family's folder that nobody registered would pass every test: it is not run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Files of `src/<family>/` against the names in `ALL`; helpers of the family stand in `besides`.
fn compare(family: &str, all: impl Iterator<Item = &'static str>, besides: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(family);
    let files: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .map(|p| p.file_stem().unwrap().to_str().unwrap().replace('_', "-"))
        .filter(|n| !besides.contains(&n.as_str()))
        .collect();
    let names: BTreeSet<String> = all.map(str::to_owned).collect();
    assert_eq!(files, names, "{family}: files on the left, registered names on the right");
}

#[test]
fn sources() {
    let helpers = ["error", "input", "pipe", "retry", "splitter", "writer"];
    compare("sources", escucha::sources::ALL.iter().map(|spec| spec.name), &helpers);
}

#[test]
fn notifiers() {
    compare("notifiers", escucha::notifiers::ALL.iter().map(|spec| spec.name), &["client", "fault", "guard", "text"]);
}

#[test]
fn indicators() {
    compare("indicators", escucha::indicators::ALL.iter().map(|s| s.name), &["panes"]);
}

#[test]
fn figures() {
    compare("figures", escucha::figures::ALL.iter().map(|s| s.name), &["erlang", "times", "words"]);
}

#[test]
fn signals() {
    compare("signals", escucha::signals::ALL.iter().map(|s| s.name), &["tests"]);
}
