//! One CPU with one lane against two CPUs with two: the whole process, each under `taskset`.

use std::process::Command;

use crate::canonical::{Canonical, ROUNDS, median};

/// The argument that makes this program run the engine once and print its rate.
pub const CHILD: &str = "--engine-with-lanes";

/// Prints posts per second of the best of some rounds in this process.
pub fn child(lanes: usize, work: &Canonical) {
    let best = (0..ROUNDS).map(|_| work.engine(lanes).rate).fold(0.0, f64::max);
    println!("{best}");
}

pub fn run(posts: usize, phrases: usize, rules: usize) {
    let rate = |cpus: &str, lanes: usize| -> f64 {
        let output = Command::new("taskset")
            .args(["-c", cpus])
            .arg(std::env::current_exe().unwrap())
            .args(["--posts", &posts.to_string(), "--phrases", &phrases.to_string(), "--rules", &rules.to_string()])
            .args([CHILD, &lanes.to_string()])
            .output()
            .expect("taskset");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
    };
    let pairs: Vec<(f64, f64)> = (0..3).map(|_| (rate("0", 1), rate("0,1", 2))).collect();
    let ratio = median(pairs.iter().map(|(one, two)| two / one));
    let (one, two) = (median(pairs.iter().map(|p| p.0)), median(pairs.iter().map(|p| p.1)));
    println!("scaling   {ratio:>8.2} times: {one:.0} posts/s on one CPU with one lane, {two:.0} on two CPUs with two");
}
