//! The shape of the house: floors, file lengths, leftovers.
//!
//! `src/lib.rs` lists the modules from the ground up. A path that starts at the crate's root, in
//! whatever form, must lead to a module listed above; on floors 2 and 3 only the bold module, the
//! last of its floor, uses its floor-mates. Modules named `tests` may look anywhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module's place: its line in the list, its floor, and whether it is the last of its floor.
#[derive(Clone, Copy, Debug)]
struct Place {
    rank: usize,
    floor: usize,
    last: bool,
}

fn floors(lib: &str) -> BTreeMap<String, Place> {
    let mut places: Vec<(String, Place)> = Vec::new();
    let mut floor = None;
    for line in lib.lines() {
        if let Some(rest) = line.strip_prefix("// Floor ") {
            floor = rest.chars().next().and_then(|c| c.to_digit(10)).map(|d| d as usize);
            if let Some((_, place)) = places.last_mut() {
                place.last = true;
            }
        } else if let Some(name) = line.strip_prefix("pub mod ").and_then(|l| l.strip_suffix(';')) {
            let floor = floor.expect("a module above the first floor");
            places.push((name.to_owned(), Place { rank: places.len(), floor, last: false }));
        }
    }
    places.into_iter().collect()
}

/// First segments below the crate's root that a file names: `crate::a`, `crate::{a, b}`, `super::a`
/// where `super` is the root, in `use`, `pub use`, expressions and macros alike. `depth` is how many
/// modules deep the code stands: 1 in `src/foo.rs`, 2 in `src/foo/bar.rs` and in an inline module.
fn named(tokens: TokenStream, depth: usize, out: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let word = |i: usize| tokens.get(i).map(ToString::to_string).unwrap_or_default();
    let mut i = 0;
    while i < tokens.len() {
        match (&tokens[i], word(i).as_str()) {
            (TokenTree::Ident(_), "mod") => {
                if let Some(TokenTree::Group(body)) = tokens.get(i + 2).filter(|_| word(i + 1) != "tests") {
                    named(body.stream(), depth + 1, out);
                }
                i += if matches!(tokens.get(i + 2), Some(TokenTree::Group(_))) { 3 } else { 1 };
            }
            (TokenTree::Ident(_), "crate" | "super") if word(i + 1) == ":" && word(i + 2) == ":" => {
                let mut up = if word(i) == "crate" { depth } else { 1 };
                i += 3;
                while word(i) == "super" && word(i + 1) == ":" {
                    up += 1;
                    i += 3;
                }
                if up >= depth {
                    heads(tokens.get(i), out);
                }
            }
            (TokenTree::Group(group), _) => {
                named(group.stream(), depth, out);
                i += 1;
            }
            _ => i += 1,
        }
    }
}

/// The names a path goes on with: one, or those of a brace group.
fn heads(next: Option<&TokenTree>, out: &mut Vec<String>) {
    match next {
        Some(TokenTree::Ident(name)) => out.push(name.to_string()),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let mut fresh = true;
            for token in group.stream() {
                match &token {
                    TokenTree::Ident(name) if fresh => out.push(name.to_string()),
                    _ => {}
                }
                fresh = matches!(&token, TokenTree::Punct(p) if p.as_char() == ',');
            }
        }
        _ => {}
    }
}

/// What is wrong with a file of module `module`.
fn violations(places: &BTreeMap<String, Place>, module: &str, depth: usize, source: &str) -> Vec<String> {
    let me = places[module];
    let mut names = Vec::new();
    named(source.parse().expect("Rust"), depth, &mut names);
    names.sort();
    names.dedup();
    let bad = |name: &String| {
        let Some(other) = places.get(name).filter(|_| name != module) else { return false };
        let mates = other.floor == me.floor && matches!(me.floor, 2 | 3) && !me.last;
        other.rank > me.rank || mates
    };
    names.into_iter().filter(|n| bad(n)).map(|n| format!("{module} uses {n}")).collect()
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    if !dir.exists() {
        return Vec::new();
    }
    let mut files = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn imports_run_down() {
    let src = root().join("src");
    let places = floors(&fs::read_to_string(src.join("lib.rs")).unwrap());
    assert!(places.len() > 25, "the map was not read: {places:?}");
    let mut wrong = Vec::new();
    for file in rust_files(&src) {
        let below = file.strip_prefix(&src).unwrap().with_extension("");
        let parts: Vec<_> = below.iter().map(|p| p.to_str().unwrap().to_owned()).collect();
        if matches!(parts[0].as_str(), "lib" | "main") {
            continue;
        }
        assert!(places.contains_key(&parts[0]), "{} is on no floor of lib.rs", file.display());
        wrong.extend(violations(&places, &parts[0], parts.len(), &fs::read_to_string(&file).unwrap()));
    }
    assert!(wrong.is_empty(), "imports that run up: {wrong:#?}");
}

#[test]
fn every_form_of_a_planted_violation_is_found() {
    let lib = "// Floor 1, low.\npub mod low;\npub mod lower;\n// Floor 2, stages.\npub mod a;\npub mod b;\npub mod beam;\n// Floor 3.\npub mod high;\n";
    let places = floors(lib);
    let table = [
        ("low", 1, "use crate::high::X;"),
        ("low", 1, "use crate::{time, high::{X, Y}};"),
        ("low", 1, "pub use crate::high as h;"),
        ("low", 1, "fn f() { crate::high::g() }"),
        ("low", 1, "fn f() { assert!(crate::high::g()) }"),
        ("low", 1, "use super::high::X;"),
        ("low", 2, "use super::super::high::X;"),
        ("low", 1, "mod inner { use super::super::high; }"),
        ("low", 1, "use crate::lower::X;"),
        ("a", 1, "use crate::b::X;"),
        ("b", 1, "use crate::a::X;"),
    ];
    for (module, depth, source) in table {
        assert_eq!(violations(&places, module, depth, source).len(), 1, "{source}");
    }
    let fine = [
        ("high", 1, "use crate::{low, beam::X};"),
        ("beam", 1, "use crate::a::X; use crate::b;"),
        ("lower", 1, "use crate::low::X;"),
        ("low", 2, "use super::high::X;"),
        ("low", 1, "mod tests { use crate::high; }"),
        ("low", 1, "use crate::low::high;"),
    ];
    for (module, depth, source) in fine {
        assert_eq!(violations(&places, module, depth, source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn a_file_fits_one_sitting() {
    let long: Vec<String> = ["src", "tests", "benches", "load-tests"]
        .iter()
        .flat_map(|dir| rust_files(&root().join(dir)))
        .filter_map(|f| {
            let lines = fs::read_to_string(&f).unwrap().lines().count();
            (lines > 600).then(|| format!("{} has {lines} lines", f.display()))
        })
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn nothing_is_left_over() {
    // Spelt apart so that this file does not find itself.
    let banned = [concat!("FIX", "ME"), concat!("XX", "X"), concat!("#[ig", "nore"), concat!("/wo", "rk/"), concat!("/ro", "ot/")];
    for dir in ["src", "tests", "benches", "load-tests", "examples"] {
        for file in rust_files(&root().join(dir)) {
            assert!(file.file_name().is_some_and(|n| n != "mod.rs"), "{} should be a file beside its folder", file.display());
            let text = fs::read_to_string(&file).unwrap();
            for word in banned {
                assert!(!text.contains(word), "{} holds {word}", file.display());
            }
        }
    }
}
