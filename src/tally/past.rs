//! What was counted before the engine listened.

use std::fmt;
use std::sync::Arc;

type Counts = dyn Fn(Of<'_>) -> Vec<f64> + Send + Sync;

/// Whose counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of<'a> {
    /// Those of the topic with this name.
    Topic(&'a str),
    /// Those of the brand with this name: the mentions of all its topics, each once.
    Brand(&'a str),
}

/// Counts of topics and brands in the buckets before one of them.
#[derive(Clone)]
pub struct Past {
    /// The first bucket that it does not hold; from it on the engine counts.
    pub until: i64,
    counts: Arc<Counts>,
}

impl Past {
    /// `counts` gives those of a topic or a brand, bucket by bucket: the last is that of the bucket
    /// before `until`. It is asked once, for a topic when it is first watched, for a brand when its first bucket closes.
    pub fn new(until: i64, counts: impl Fn(Of<'_>) -> Vec<f64> + Send + Sync + 'static) -> Past {
        Past { until, counts: Arc::new(counts) }
    }

    /// The counts of the topic called `topic`; none if nothing is known of it.
    pub fn counts(&self, topic: &str) -> Vec<f64> {
        (self.counts)(Of::Topic(topic))
    }

    /// The counts of the brand called `brand`; none if nothing is known of it.
    pub fn brand(&self, brand: &str) -> Vec<f64> {
        (self.counts)(Of::Brand(brand))
    }
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("until", &self.until).finish_non_exhaustive()
    }
}
