//! Killed while it makes its file: the next start is as clean as a first one.

use std::time::{Duration, Instant};

use super::*;

/// Rounds by default; `ESCUCHA_FIRST_STARTS` asks for more.
const ROUNDS: u64 = 20;

#[test]
fn a_kill_during_the_first_start_leaves_nothing_in_the_way() {
    let rounds = std::env::var("ESCUCHA_FIRST_STARTS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let started = Instant::now();
    drop(Engine::start(folder().path()));
    let longest = started.elapsed().as_micros() as u64;
    let mut random = escucha::prng::Prng::new(11);
    let (mut none, mut half, mut whole) = (0, 0, 0);
    for round in 0..rounds {
        let folder = folder();
        let mut child = command(folder.path()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.below(longest)));
        child.kill().unwrap();
        child.wait().unwrap();
        let is_there = |name: &str| folder.path().join(name).exists();
        let count = if is_there("alerts.db") {
            &mut whole
        } else if is_there("alerts.db.new") {
            &mut half
        } else {
            &mut none
        };
        *count += 1;
        let engine = Engine::start(folder.path());
        let hello = engine.listen("/v1/events?channels=alerts&since=0").next().unwrap();
        assert_eq!((&hello["seq"], &hello["recovered"]), (&0.into(), &true.into()), "round {round}");
        assert!(!is_there("alerts.db.new"), "round {round}");
    }
    println!("{rounds} first starts killed within {longest} µs: {none} before the file, {half} with half of it, {whole} after");
    assert_eq!(none + half + whole, rounds);
}
