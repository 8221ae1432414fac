//! Histograms of durations: recorded with three significant digits over any range (HdrHistogram), exposed
//! in the buckets of the Prometheus text format.
//!
//! A bucket holds what is at most its bound, or above it by less than the precision of the record, one
//! part in a thousand. Sum and count are exact.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram as Hdr;
use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusRecorder;

/// Significant decimal digits of a duration.
const DIGITS: u8 = 3;
const NANOS: f64 = 1e9;
/// Longest duration that is told from others, in seconds: more than any bound.
const LONGEST: f64 = 1e7;

/// One histogram, whoever records into it.
#[derive(Debug)]
struct Latency(Mutex<Recorded>);

#[derive(Debug)]
struct Recorded {
    nanos: Hdr<u64>,
    /// In seconds.
    sum: f64,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Held for a few steps that leave everything whole.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HistogramFn for Latency {
    fn record(&self, seconds: f64) {
        if seconds.is_nan() {
            return;
        }
        let seconds = seconds.clamp(0.0, LONGEST);
        let mut recorded = lock(&self.0);
        recorded.sum += seconds;
        // It grows with what it must hold, and the longest is far from more than it can.
        let _ = recorded.nanos.record((seconds * NANOS).round() as u64);
    }
}

/// All histograms: by name, then by their labels as they are exposed.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    all: Mutex<BTreeMap<String, BTreeMap<String, Arc<Latency>>>>,
    told: Mutex<BTreeMap<String, String>>,
}

impl Latencies {
    fn of(&self, key: &Key) -> Histogram {
        let labels: Vec<String> = key.labels().map(|l| format!("{}=\"{}\"", l.key(), escaped(l.value()))).collect();
        let mut all = lock(&self.all);
        let by_labels = all.entry(key.name().to_owned()).or_default();
        let latency = match by_labels.get(&labels.join(",")) {
            Some(known) => known.clone(),
            // More digits than it can have would be the one reason to refuse.
            None => match Hdr::new(DIGITS) {
                Ok(nanos) => {
                    by_labels.entry(labels.join(",")).or_insert(Arc::new(Latency(Mutex::new(Recorded { nanos, sum: 0.0 })))).clone()
                }
                Err(_) => return Histogram::noop(),
            },
        };
        Histogram::from_arc(latency)
    }

    /// Appends the text format of all of them, with the buckets that `bounds` says a name has.
    pub(super) fn render(&self, bounds: impl Fn(&str) -> &'static [f64], out: &mut String) {
        for (name, by_labels) in lock(&self.all).iter() {
            if let Some(told) = lock(&self.told).get(name) {
                let _ = writeln!(out, "# HELP {name} {told}");
            }
            let _ = writeln!(out, "# TYPE {name} histogram");
            for (labels, latency) in by_labels {
                latency.render(name, labels, bounds(name), out);
            }
            out.push('\n');
        }
    }
}

impl Latency {
    fn render(&self, name: &str, labels: &str, bounds: &[f64], out: &mut String) {
        let recorded = lock(&self.0);
        let before = if labels.is_empty() { String::new() } else { format!("{labels},") };
        for bound in bounds {
            let count = recorded.at_most(*bound);
            let _ = writeln!(out, "{name}_bucket{{{before}le=\"{bound}\"}} {count}");
        }
        let count = recorded.nanos.len();
        let _ = writeln!(out, "{name}_bucket{{{before}le=\"+Inf\"}} {count}");
        let braced = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
        let _ = writeln!(out, "{name}_sum{braced} {}\n{name}_count{braced} {count}", recorded.sum);
    }
}

impl Recorded {
    /// How many are at most `bound` seconds.
    fn at_most(&self, bound: f64) -> u64 {
        let nanos = (bound * NANOS).round() as u64;
        // Nothing that is known lies above the greatest.
        if nanos >= self.nanos.max() { self.nanos.len() } else { self.nanos.count_between(0, nanos) }
    }
}

/// A label's value as the text format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Sends histograms here and everything else on.
pub(super) struct Recording {
    pub(super) others: PrometheusRecorder,
    pub(super) latencies: Arc<Latencies>,
}

impl Recorder for Recording {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.others.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.others.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, _unit: Option<Unit>, description: SharedString) {
        lock(&self.latencies.told).insert(key.as_str().to_owned(), description.replace('\\', "\\\\").replace('\n', "\\n"));
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        self.others.register_counter(key, metadata)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.others.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        self.latencies.of(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(values: &[f64]) -> Latency {
        let latency = Latency(Mutex::new(Recorded { nanos: Hdr::new(DIGITS).expect("three digits"), sum: 0.0 }));
        values.iter().for_each(|v| latency.record(*v));
        latency
    }

    #[test]
    fn buckets_count_what_is_within_their_bounds() {
        const BOUNDS: [f64; 6] = [0.00001, 0.0005, 0.002, 0.025, 1.0, 86_400.0];
        // From a microsecond to a day, evenly in the number of digits, in no order.
        let mut values: Vec<f64> = (0..5000).map(|i| 10f64.powf(-6.0 + 11.0 * f64::from(i * 1999 % 5000) / 5000.0)).collect();
        values.extend([0.0, 0.002, 0.002, 0.00201, 0.001_99, 0.025, 1e9, f64::INFINITY, f64::NAN, -1.0]);
        let latency = recorded(&values);
        let kept: Vec<f64> = values.iter().filter(|v| !v.is_nan()).map(|v| v.clamp(0.0, LONGEST)).collect();
        for bound in BOUNDS {
            let exact = |most: f64| kept.iter().filter(|v| **v <= most).count() as u64;
            let count = lock(&latency.0).at_most(bound);
            assert!((exact(bound)..=exact(bound * 1.001)).contains(&count), "{bound}: {count} {}", exact(bound));
        }
        let mut text = String::new();
        latency.render("x_seconds", "stage=\"lane\"", &BOUNDS, &mut text);
        assert!(text.contains(&format!("x_seconds_bucket{{stage=\"lane\",le=\"+Inf\"}} {}\n", kept.len())), "{text}");
        let sum: f64 = kept.iter().sum();
        assert!(
            text.contains(&format!("x_seconds_sum{{stage=\"lane\"}} {sum}\nx_seconds_count{{stage=\"lane\"}} {}\n", kept.len())),
            "{text}"
        );
    }

    #[test]
    fn the_quantiles_are_those_of_the_values() {
        let mut values: Vec<f64> = (1..=10_000).map(|i| f64::from(i) * 1e-6).collect();
        let latency = recorded(&values);
        values.sort_by(f64::total_cmp);
        for q in [0.5, 0.9, 0.99, 0.999, 1.0] {
            let exact = values[(q * values.len() as f64).ceil() as usize - 1];
            let got = lock(&latency.0).nanos.value_at_quantile(q) as f64 / NANOS;
            assert!((got / exact - 1.0).abs() <= 1e-3, "{q}: {got} for {exact}");
        }
    }

    #[test]
    fn nothing_recorded_is_nothing_counted_and_labels_are_escaped() {
        let latencies = Latencies::default();
        let key = Key::from_parts("n_seconds", vec![metrics::Label::new("notifier", "a\"b\\c")]);
        let _ = latencies.of(&key);
        latencies.of(&key).record(0.5);
        let mut text = String::new();
        latencies.render(|_| &[0.1, 1.0], &mut text);
        let want = "# TYPE n_seconds histogram\n\
                    n_seconds_bucket{notifier=\"a\\\"b\\\\c\",le=\"0.1\"} 0\n\
                    n_seconds_bucket{notifier=\"a\\\"b\\\\c\",le=\"1\"} 1\n\
                    n_seconds_bucket{notifier=\"a\\\"b\\\\c\",le=\"+Inf\"} 1\n\
                    n_seconds_sum{notifier=\"a\\\"b\\\\c\"} 0.5\n\
                    n_seconds_count{notifier=\"a\\\"b\\\\c\"} 1\n\n";
        assert_eq!(text, want);
        assert_eq!(lock(&recorded(&[]).0).at_most(1.0), 0);
    }
}
