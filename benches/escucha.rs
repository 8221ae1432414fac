//! Relative figures: `cargo bench --bench escucha -- [ROW…] [--posts N] [--phrases N] [--rules N]`.
//!
//! Every row prints CPU nanoseconds per post, the median of some rounds; rows of one run may be
//! compared with each other and with nothing else. `--posts 2000` makes it small enough for a test.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a bench measures and prints")]

mod canonical;
mod clusters;
mod detect;
mod incidents;
#[path = "../tests/it/outcomes.rs"]
#[allow(dead_code, reason = "what only tests use")]
mod outcomes;
mod plain;
mod priority;
mod rules;
mod scaling;
mod sentiment;

use std::path::PathBuf;

use canonical::Canonical;

const ROWS: &[(&str, &str)] = &[
    ("decode", "lines to posts"),
    ("tokens", "fold, split and hash the texts"),
    ("match", "all queries against the decoded posts"),
    ("lane", "decode, match and score"),
    ("engine", "from memory to alert: intake, lanes, tally"),
    ("plain", "the same with plain crates"),
    ("ratio", "engine against plain, turn by turn"),
    ("scaling", "one CPU with one lane against two CPUs with two"),
    ("detect", "a closed bucket of one topic: what is usual, what the detector says; ticks of 10 000 topics, and their bytes"),
    ("clusters", "a mention finds its near-duplicates, in the canonical posts and in recorded ones"),
    ("incidents", "customers' matters: bytes of one, a post that opens or joins one, beats, what a report is made of"),
    ("rules", "1 000 to 250 000 realistic rules (or as many as --rules says)"),
    ("priority", "average precision of the priority score"),
    ("sentiment", "accuracy and macro-F1 of the sentiment"),
];

fn main() {
    let mut rows = Vec::new();
    let (mut posts, mut phrases, mut rules) = (200_000, 1_000, 1_000);
    let mut sizes = vec![1_000, 10_000, 100_000, 250_000];
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|n| n.parse().ok()).expect("a number");
        match arg.as_str() {
            // Given by cargo.
            "--bench" => {}
            "--posts" => posts = number(),
            "--phrases" => phrases = number(),
            "--rules" => {
                rules = number();
                sizes = vec![rules];
            }
            scaling::CHILD => return scaling::child(number(), &Canonical::new(posts, phrases, rules)),
            row if ROWS.iter().any(|(name, _)| *name == row) => rows.push(row.to_owned()),
            other => {
                eprintln!("no row «{other}»; there are:");
                ROWS.iter().for_each(|(name, what)| eprintln!("  {name:<10}{what}"));
                std::process::exit(2);
            }
        }
    }
    if rows.is_empty() {
        rows = ROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    }
    let mut work = None;
    for row in &rows {
        match row.as_str() {
            "priority" => {
                judged(row, priority::DATA, priority::run);
                continue;
            }
            "sentiment" => {
                judged(row, sentiment::DATA, sentiment::run);
                continue;
            }
            "incidents" => {
                incidents::run(posts.min(100_000));
                continue;
            }
            "rules" => {
                sizes.iter().for_each(|count| rules::run(posts, *count));
                continue;
            }
            _ => {}
        }
        if row == "clusters" {
            judged(row, clusters::DATA, clusters::run);
        }
        if row == "detect" {
            detect::rows().into_iter().for_each(|(rules, ns)| println!("{row:<10}{ns:>8.0} ns/bucket, {rules}"));
            println!("{row:<10}{}", detect::many());
            continue;
        }
        let work = work.get_or_insert_with(|| {
            let work = Canonical::new(posts, phrases, rules);
            println!("{work}");
            work
        });
        match row.as_str() {
            "decode" => println!("{row:<10}{:>8.0} ns/post", work.decode()),
            "tokens" => println!("{row:<10}{:>8.0} ns/post", work.tokens()),
            "match" => {
                let (cost, matches) = work.matching();
                println!("{row:<10}{cost:>8.0} ns/post, {matches:.2} matches each");
            }
            "clusters" => println!("{row:<10}{}", clusters::evaluate(work.decoded().posts.iter(), |_, _| {})),
            "lane" => println!("{row:<10}{:>8.0} ns/post", work.lane()),
            "engine" => println!("{row:<10}{:>8.0} ns/post", canonical::median((0..canonical::ROUNDS).map(|_| work.engine(1).cpu))),
            "plain" => println!("{row:<10}{:>8.0} ns/post", canonical::median((0..canonical::ROUNDS).map(|_| work.plain()))),
            "ratio" => work.ratio(),
            _ => scaling::run(posts, phrases, rules),
        }
    }
}

/// The shared data lies beside the checkout, or where `ESCUCHA_DATA` says.
fn judged(row: &str, data: &str, run: fn(&[u8])) {
    let folder =
        std::env::var_os("ESCUCHA_DATA").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    match escucha::sources::open(&folder.join(data)) {
        Ok(mut file) => {
            let mut lines = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut lines).unwrap();
            run(&lines);
        }
        Err(error) => println!("{row}: {}: {error}", folder.join(data).display()),
    }
}
