//! What the engine says of itself while it runs: its histograms, and what its threads do.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use crate::Fault;
use crate::engine::Engine;
use crate::frames::micros_now;

/// Counts of a histogram of `/metrics` by the upper bounds of its buckets in seconds, not summed up.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Buckets(Vec<(f64, u64)>);

impl Buckets {
    /// The histogram `name`, which has no labels, since `before`.
    pub fn since(before: &str, now: &str, name: &str) -> Buckets {
        let (before, now) = (cumulative(before, name), cumulative(now, name));
        let earlier: BTreeMap<u64, u64> = before.iter().map(|(bound, n)| (bound.to_bits(), *n)).collect();
        let mut last = 0;
        let own = now.into_iter().map(|(bound, n)| {
            let n = n.saturating_sub(earlier.get(&bound.to_bits()).copied().unwrap_or(0));
            (bound, n.saturating_sub(std::mem::replace(&mut last, n)))
        });
        Buckets(own.collect())
    }

    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, n)| n).sum()
    }

    /// The bounds in seconds between which the quantile lies; `None` without a value.
    fn quantile(&self, q: f64) -> Option<(f64, f64)> {
        let rank = ((self.count() as f64 * q).ceil() as u64).max(1);
        let (mut below, mut lower) = (0, 0.0);
        for (upper, n) in &self.0 {
            below += n;
            if below >= rank {
                return Some((lower, *upper));
            }
            lower = *upper;
        }
        None
    }

    /// The usual quantiles in milliseconds.
    pub fn text(&self) -> String {
        let of = |q| self.quantile(q).map_or_else(|| "-".to_owned(), |(from, to)| format!("{}-{}", 1e3 * from, 1e3 * to));
        format!("p50 {} ms, p99 {} ms, p99.9 {} ms ({} times)", of(0.5), of(0.99), of(0.999), self.count())
    }
}

fn cumulative(text: &str, name: &str) -> Vec<(f64, u64)> {
    let bucket = |line: &str| {
        let (bound, n) = line.strip_prefix(name)?.strip_prefix("_bucket{le=\"")?.split_once("\"} ")?;
        Some((bound.parse().ok()?, n.parse().ok()?))
    };
    text.lines().filter_map(bucket).collect()
}

/// When the thread that makes snapshots worked, and the engine's memory then and otherwise.
#[derive(Debug, Default)]
pub struct Snapshots {
    /// From and to, in microseconds since 1970.
    pub spans: Vec<(u64, u64)>,
    /// Greatest resident megabytes outside the spans, and in them.
    pub resident: (f64, f64),
    /// CPU seconds of the thread.
    pub cpu: f64,
}

/// Between two looks at the threads.
const LOOK: Duration = Duration::from_millis(100);
/// Working is more than this of a look.
const SOME: f64 = 0.002;

impl Snapshots {
    /// Whether one was made at a time, in microseconds since 1970.
    pub fn at(&self, micros: u64) -> bool {
        self.spans.iter().any(|(from, to)| (*from..=*to).contains(&micros))
    }

    /// Looks until `stop`.
    pub async fn watch(engine: &Engine, mut stop: watch::Receiver<bool>) -> Result<Snapshots, Fault> {
        let mut seen = Snapshots::default();
        let cpu = || Ok::<f64, Fault>(engine.threads()?.get("snapshot").copied().unwrap_or(0.0));
        let (first, mut from) = (cpu()?, micros_now());
        let mut last = first;
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stop.changed() => return Ok(Snapshots { cpu: last - first, ..seen }),
            }
            let (now, to, resident) = (cpu()?, micros_now(), engine.resident()?);
            let works = now - last > SOME;
            match seen.spans.last_mut().filter(|(_, end)| *end == from) {
                Some(span) if works => span.1 = to,
                _ if works => seen.spans.push((from, to)),
                _ => {}
            }
            let most = if works { &mut seen.resident.1 } else { &mut seen.resident.0 };
            *most = most.max(resident);
            (last, from) = (now, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_bounds() {
        let text = |a: u64, b: u64, c: u64| {
            format!(
                "x_seconds_bucket{{le=\"0.001\"}} {a}\nx_seconds_bucket{{le=\"0.002\"}} {b}\nx_seconds_bucket{{le=\"+Inf\"}} {c}\nx_seconds_sum 1\n"
            )
        };
        let buckets = Buckets::since(&text(1, 1, 1), &text(100, 199, 200), "x_seconds");
        assert_eq!(buckets, Buckets(vec![(0.001, 99), (0.002, 99), (f64::INFINITY, 1)]));
        assert_eq!(buckets.count(), 199);
        assert_eq!(buckets.quantile(0.49), Some((0.0, 0.001)));
        assert_eq!(buckets.quantile(0.5), Some((0.001, 0.002)));
        assert_eq!(buckets.quantile(0.999), Some((0.002, f64::INFINITY)));
        assert_eq!(Buckets::since("", "", "x_seconds").quantile(0.5), None);
    }
}
