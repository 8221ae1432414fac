//! What was counted before the engine listened.

use std::fmt;
use std::sync::Arc;

type Counts = dyn Fn(&str) -> Vec<f64> + Send + Sync;

/// Counts of the topics in the buckets before one of them.
#[derive(Clone)]
pub struct Past {
    /// The first bucket that it does not hold; from it on the engine counts.
    pub until: i64,
    counts: Arc<Counts>,
}

impl Past {
    /// `counts` gives those of the topic with a name, bucket by bucket: the last is that of the bucket
    /// before `until`. It is asked once, when the topic's first bucket closes.
    pub fn new(until: i64, counts: impl Fn(&str) -> Vec<f64> + Send + Sync + 'static) -> Past {
        Past { until, counts: Arc::new(counts) }
    }

    /// The counts of the topic called `topic`; none if nothing is known of it.
    pub fn counts(&self, topic: &str) -> Vec<f64> {
        (self.counts)(topic)
    }
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("until", &self.until).finish_non_exhaustive()
    }
}
