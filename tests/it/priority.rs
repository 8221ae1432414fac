//! The priority score against posts judged by people; the same figures as the bench row.

#[path = "../../benches/priority.rs"]
#[allow(dead_code, reason = "what only the bench prints")]
mod bench;

use bench::{DATA, Part, evaluate};

#[test]
fn the_score_beats_followers_and_reposts() {
    let Some(lines) = crate::data::read(DATA) else { return };
    for part in [Part::First, Part::Last] {
        let p = evaluate(&lines, part);
        println!("{part:?}: {p}");
        assert!(p.relevant > 500, "{p}");
        assert!(p.score > 1.3 * p.followers && p.score > 1.3 * p.reposts, "{part:?}: {p}");
    }
}
