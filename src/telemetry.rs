//! Metrics: thin handles over the `metrics` crate, one add per batch. Labels are names from the
//! configuration or from closed sets, never anything a post contains.

use metrics::{Counter, counter};

use crate::reason::{Refused, Skipped};

/// Loss accounting of one source: `received = decoded + refused` and
/// `decoded = matched + unmatched + skipped` once the engine is idle.
pub struct SourceMeter {
    /// Items in the frames that came in.
    pub received: Counter,
    /// Items that decoded.
    pub decoded: Counter,
    /// Items refused, by reason.
    pub refused: Vec<Counter>,
    /// Posts that matched a topic.
    pub matched: Counter,
    /// Posts that matched none.
    pub unmatched: Counter,
    /// Decoded items that were not looked at, by reason.
    pub skipped: Vec<Counter>,
    /// Matched posts that came behind the watermark.
    pub late: Counter,
}

impl SourceMeter {
    /// Handles for the source called `name`.
    pub fn new(name: &str) -> SourceMeter {
        let of = |metric: &'static str| counter!(metric, "source" => name.to_owned());
        let by = |metric: &'static str, reason: &'static str| counter!(metric, "source" => name.to_owned(), "reason" => reason);
        SourceMeter {
            received: of("escucha_posts_received_total"),
            decoded: of("escucha_posts_decoded_total"),
            refused: Refused::ALL.iter().map(|r| by("escucha_posts_refused_total", r.as_str())).collect(),
            matched: of("escucha_posts_matched_total"),
            unmatched: of("escucha_posts_unmatched_total"),
            skipped: Skipped::ALL.iter().map(|r| by("escucha_posts_skipped_total", r.as_str())).collect(),
            late: of("escucha_posts_late_total"),
        }
    }
}
