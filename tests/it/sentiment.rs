//! The sentiment against posts judged by people; the same figures as the bench row.

#[path = "../../benches/sentiment.rs"]
#[allow(dead_code, reason = "what only the bench prints")]
mod bench;

use bench::{DATA, evaluate};

#[test]
fn the_sentiment_beats_the_common_class_and_a_count_of_words() {
    let Some(lines) = crate::data::read(DATA) else { return };
    let m = evaluate(&lines);
    println!("{m}");
    assert!(m.posts > 10_000, "{m}");
    assert!(m.sentiment.accuracy > m.common.accuracy + 0.1 && m.sentiment.accuracy > m.count.accuracy, "{m}");
    assert!(m.sentiment.macro_f1 > m.count.macro_f1 && m.sentiment.macro_f1 > 2.0 * m.common.macro_f1, "{m}");
}
