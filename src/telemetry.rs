//! Metrics: thin handles over the `metrics` crate, one add per batch. Labels are names from the
//! configuration or from closed sets, never anything a post contains.

mod catalogue;
mod latency;
pub mod log;

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

pub use catalogue::{CATALOGUE, Kind, Metric};

use catalogue::*;
use latency::{Latencies, Recording};

use crate::anomaly::Watched;
use crate::reason::{Refused, Skipped};
use crate::window::Window;

/// Bounds of `escucha_post_to_alert_seconds`, `escucha_post_to_published_seconds` and `escucha_store_commit_seconds`:
/// from well under the promise (2 ms to the decision, 25 ms to what is durable) to a stuck engine, close
/// together around it.
const ALERT_BUCKETS: [f64; 22] = [
    0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.035, 0.05, 0.1, 0.25, 0.5,
    1.0, 10.0, 60.0,
];
/// Bounds of `escucha_stage_seconds`: one buffer takes a stage from microseconds to tens of milliseconds.
const STAGE_BUCKETS: [f64; 12] = [0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0];
/// Bounds of `escucha_notification_seconds`: from a quick answer to a target that was away for a day.
const NOTIFICATION_BUCKETS: [f64; 12] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 600.0, 3600.0, 86_400.0];
/// Bounds of `escucha_first_answer_seconds`: from an answer at once to one after a month.
const ANSWER_BUCKETS: [f64; 14] =
    [60.0, 300.0, 600.0, 900.0, 1800.0, 2700.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 86_400.0, 172_800.0, 604_800.0, 2_592_000.0];

/// Bounds of the buckets of a histogram.
fn bounds(name: &str) -> &'static [f64] {
    match name {
        STAGE => &STAGE_BUCKETS,
        NOTIFICATION => &NOTIFICATION_BUCKETS,
        FIRST_ANSWER => &ANSWER_BUCKETS,
        _ => &ALERT_BUCKETS,
    }
}

/// Gives the metrics to whoever scrapes.
#[derive(Clone)]
pub struct Exposition {
    others: PrometheusHandle,
    latencies: Arc<Latencies>,
}

/// Metrics cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded: a recorder is installed already")]
pub struct NotInstalled;

fn recording() -> (Recording, Exposition) {
    let others = PrometheusBuilder::new().build_recorder();
    let latencies = Arc::new(Latencies::default());
    let exposition = Exposition { others: others.handle(), latencies: latencies.clone() };
    (Recording { others, latencies }, exposition)
}

impl Exposition {
    /// Installs the process's one recorder; handles made before it record nothing.
    pub fn install() -> Result<Exposition, NotInstalled> {
        let (recording, exposition) = recording();
        metrics::set_global_recorder(recording).map_err(|_| NotInstalled)?;
        describe();
        Ok(exposition)
    }

    /// A recorder that is not the process's own and stays empty; for programs that embed the edges.
    pub fn detached() -> Exposition {
        recording().1
    }

    /// The text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = self.others.render();
        self.latencies.render(bounds, &mut text);
        text
    }
}

/// Sets `escucha_build_info`.
pub fn build_info(version: &'static str) {
    gauge!(BUILD_INFO, "version" => version).set(1.0);
}

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
    /// Messages dropped as the overlap of two connections; never received by the engine.
    pub overlap: Counter,
    /// Times what was missed could not be had any more.
    pub gaps: Counter,
    /// 1 while connected.
    pub connected: Gauge,
    /// Seconds since the newest post was written.
    pub lag: Gauge,
    name: Arc<str>,
}

impl SourceMeter {
    /// Handles for the source called `name`.
    pub fn new(name: &str) -> SourceMeter {
        let of = |metric: &'static str| counter!(metric, "source" => name.to_owned());
        let by = |metric: &'static str, reason: &'static str| counter!(metric, "source" => name.to_owned(), "reason" => reason);
        SourceMeter {
            received: of(RECEIVED),
            decoded: of(DECODED),
            refused: Refused::ALL.iter().map(|r| by(REFUSED, r.as_str())).collect(),
            matched: of(MATCHED),
            unmatched: of(UNMATCHED),
            skipped: Skipped::ALL.iter().map(|r| by(SKIPPED, r.as_str())).collect(),
            late: of(LATE),
            overlap: of(OVERLAP),
            gaps: of(SOURCE_GAPS),
            connected: gauge!(CONNECTED, "source" => name.to_owned()),
            lag: gauge!(LAG, "source" => name.to_owned()),
            name: name.into(),
        }
    }

    /// One reconnect; `class` is a name from the closed set of error classes.
    pub fn reconnected(&self, class: &'static str) {
        counter!(RECONNECTS, "source" => self.name.to_string(), "class" => class).increment(1);
    }

    /// The end of one connection to the source; `end` is a name from a closed set.
    pub fn connection_ended(&self, end: &'static str) {
        counter!(CONNECTIONS, "source" => self.name.to_string(), "end" => end).increment(1);
    }
}

/// Counts of one topic.
pub struct TopicMeter {
    /// Mentions that speak to the brand.
    pub direct: Counter,
    /// Mentions that speak about it.
    pub active: Counter,
    windows: [Gauge; Window::ALL.len()],
    /// Made with its first closed bucket: only topics that are watched for what is unusual have them.
    watched: Option<WatchedMeter>,
    name: Arc<str>,
}

struct WatchedMeter {
    expected: Gauge,
    surprise: Gauge,
    level: Gauge,
}

impl TopicMeter {
    /// Handles for the topic called `name`.
    pub fn new(name: &str) -> TopicMeter {
        let origin = |origin: &'static str| counter!(TOPIC_MENTIONS, "topic" => name.to_owned(), "origin" => origin);
        let window = |w: Window| gauge!(TOPIC_WINDOW, "topic" => name.to_owned(), "window" => w.as_str());
        TopicMeter {
            direct: origin("direct"),
            active: origin("active"),
            windows: Window::ALL.map(window),
            watched: None,
            name: name.into(),
        }
    }

    /// Shows the topic's last closed bucket; zeros once it is watched no more.
    pub fn watched(&mut self, watched: Option<&Watched>) {
        if watched.is_none() && self.watched.is_none() {
            return;
        }
        let name = &self.name;
        let of = |metric: &'static str| gauge!(metric, "topic" => name.to_string());
        let made = || WatchedMeter { expected: of(EXPECTED), surprise: of(SURPRISE), level: of(CRISIS) };
        let meter = self.watched.get_or_insert_with(made);
        meter.expected.set(watched.map_or(0.0, |w| w.expected));
        meter.surprise.set(watched.map_or(0.0, |w| w.surprise));
        meter.level.set(watched.map_or(0.0, |w| f64::from(w.standing.level.number())));
    }

    /// The gauge of one window.
    pub fn window(&self, window: Window) -> &Gauge {
        &self.windows[window as usize]
    }
}

/// The level of the brand called `name`, a name from the configuration.
pub fn brand_crisis(name: &str) -> Gauge {
    gauge!(BRAND_CRISIS, "brand" => name.to_owned())
}

/// Whether the last reload was taken, or none was asked for.
pub fn reloaded(taken: bool) {
    gauge!(RELOADED).set(if taken { 1.0 } else { 0.0 });
}

/// Matters in which a customer waits: a section of the configuration and an age.
pub fn incidents_open(section: &str, age: &'static str) -> Gauge {
    gauge!(INCIDENTS_OPEN, "section" => section.to_owned(), "age" => age)
}

/// Posts for which the care team's memory had no room.
pub fn care_dropped() -> Counter {
    counter!(CARE_DROPPED)
}

/// Seconds from the opening of a matter to its first answer.
pub fn first_answer() -> Histogram {
    histogram!(FIRST_ANSWER)
}

/// A counter of alerts that fired; `rule` is a name from the configuration.
pub fn alerts(rule: &str, severity: crate::alert::Severity) -> Counter {
    counter!(ALERTS, "rule" => rule.to_owned(), "severity" => severity.as_str())
}

/// The share of a brand in the mentions of a group; both are names from the configuration.
pub fn share_of_voice(group: &str, brand: &str) -> Gauge {
    gauge!(SHARE, "group" => group.to_owned(), "brand" => brand.to_owned())
}

/// Seconds from taking a buffer to the decision that an alert of it fires, grows or is over.
pub fn post_to_alert() -> Histogram {
    histogram!(POST_TO_ALERT)
}

/// Seconds from taking a buffer until what was decided is durable, where there is a store, and can be read.
pub fn post_to_published() -> Histogram {
    histogram!(POST_TO_PUBLISHED)
}

/// Seconds of one buffer in the stage called `stage`: `lane`, `tally`.
pub fn stage(stage: &'static str) -> Histogram {
    histogram!(STAGE, "stage" => stage)
}

/// Depth of the queue called `queue`: `lanes`, `tally`.
pub fn queue_depth(queue: &'static str) -> Gauge {
    gauge!(QUEUE_DEPTH, "queue" => queue)
}

/// Clients of the live streams.
pub fn stream_clients() -> Gauge {
    gauge!(CLIENTS)
}

/// Gaps told to clients of the live streams.
pub fn stream_gaps() -> Counter {
    counter!(GAPS)
}

/// Clients told to join later; `transport` is `websocket` or `http`.
pub fn stream_turned_away(transport: &'static str) -> Counter {
    counter!(TURNED_AWAY, "transport" => transport)
}

/// Frames given to WebSocket clients.
pub fn stream_frames() -> Counter {
    counter!(STREAM_FRAMES)
}

/// Writes to connections of WebSocket clients.
pub fn stream_writes() -> Counter {
    counter!(STREAM_WRITES)
}

/// Clients closed because they did not read; `transport` is `websocket` or `http`.
pub fn slow_clients(transport: &'static str) -> Counter {
    counter!(SLOW, "transport" => transport)
}

/// What is told to one target.
pub struct NotifierMeter {
    /// Notifications that wait.
    pub waiting: Gauge,
    /// Seconds that the oldest of them has been waiting.
    pub oldest: Gauge,
    /// Seconds from the decision to the delivery.
    pub seconds: Histogram,
    name: Arc<str>,
}

impl NotifierMeter {
    /// Handles for the notifier called `name`.
    pub fn new(name: &Arc<str>) -> NotifierMeter {
        for outcome in OUTCOMES {
            counter!(NOTIFICATIONS, "notifier" => name.to_string(), "outcome" => outcome).absolute(0);
        }
        NotifierMeter {
            waiting: gauge!(QUEUE_DEPTH, "queue" => format!("notifier/{name}")),
            oldest: gauge!(OLDEST, "notifier" => name.to_string()),
            seconds: histogram!(NOTIFICATION, "notifier" => name.to_string()),
            name: name.clone(),
        }
    }

    /// What came of one try; `outcome` is a name from a closed set.
    pub fn came(&self, outcome: &'static str) {
        counter!(NOTIFICATIONS, "notifier" => self.name.to_string(), "outcome" => outcome).increment(1);
    }
}

/// Time one commit of the store takes.
pub fn store_commit() -> Histogram {
    histogram!(STORE_COMMIT)
}

/// Content of the store.
pub fn store_bytes() -> Gauge {
    gauge!(STORE_BYTES)
}

/// 1 while alerts are held back.
pub fn store_holding() -> Gauge {
    gauge!(STORE_HOLDING)
}

/// Classes of what can go wrong in the store.
const STORE_CLASSES: [&str; 7] = ["full", "busy", "failed", "behind", "lost", "snapshot", "read"];
/// What can come of a try to tell somebody.
const OUTCOMES: [&str; 4] = ["delivered", "retried", "dead", "missed"];
/// What carries a live stream.
const TRANSPORTS: [&str; 2] = ["websocket", "http"];

/// Makes the counters of what may never happen exist at 0, so that a query for them has an answer and their
/// first step counts as one.
pub fn zero_streams() {
    for transport in TRANSPORTS {
        stream_turned_away(transport).absolute(0);
        slow_clients(transport).absolute(0);
    }
    [stream_gaps(), stream_frames(), stream_writes()].iter().for_each(|c| c.absolute(0));
}

/// The same for the store.
pub fn zero_store() {
    store_holding().set(0.0);
    STORE_CLASSES.iter().for_each(|class| store_errors(class).absolute(0));
}

/// The same for one source; `classes` and `ends` are the closed sets of its errors and of the ends of its connections.
pub fn zero_source(name: &str, classes: impl Iterator<Item = &'static str>, ends: &[&'static str]) {
    for class in classes {
        counter!(RECONNECTS, "source" => name.to_owned(), "class" => class).absolute(0);
    }
    for end in ends {
        counter!(CONNECTIONS, "source" => name.to_owned(), "end" => *end).absolute(0);
    }
}

/// What went wrong in the store; `class` is one of `STORE_CLASSES`.
pub fn store_errors(class: &'static str) -> Counter {
    counter!(STORE_ERRORS, "class" => class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::{Level, Standing};

    #[test]
    fn histograms_are_exposed_with_their_own_buckets() {
        let (recorder, exposition) = recording();
        metrics::with_local_recorder(&recorder, || {
            describe();
            post_to_alert().record(0.004);
            post_to_published().record(0.022);
            stage("lane").record(0.00007);
            SourceMeter::new("tcp").refused[Refused::Future as usize].increment(3);
            TopicMeter::new("caída").window(Window::H1).set(7.0);
            TopicMeter::new("fraude").watched(None);
            let notifier = NotifierMeter::new(&"guardia".into());
            notifier.came("delivered");
            notifier.seconds.record(0.2);
            notifier.waiting.set(3.0);
            notifier.oldest.set(1.5);
            let standing = Standing { level: Level::Alert, recovering: false };
            TopicMeter::new("caída").watched(Some(&Watched { expected: 12.5, surprise: 9.75, standing }));
        });
        let text = exposition.render();
        for line in [
            "escucha_post_to_alert_seconds_bucket{le=\"0.002\"} 0",
            "escucha_post_to_published_seconds_bucket{le=\"0.02\"} 0",
            "escucha_post_to_published_seconds_bucket{le=\"0.025\"} 1",
            "escucha_post_to_alert_seconds_bucket{le=\"0.005\"} 1",
            "escucha_stage_seconds_bucket{stage=\"lane\",le=\"0.0001\"} 1",
            "escucha_posts_refused_total{source=\"tcp\",reason=\"future\"} 3",
            "escucha_topic_window_mentions{topic=\"caída\",window=\"1h\"} 7",
            "escucha_topic_expected_mentions{topic=\"caída\"} 12.5",
            "escucha_topic_surprise{topic=\"caída\"} 9.75",
            "escucha_crisis_level{topic=\"caída\"} 2",
            "escucha_notifications_total{notifier=\"guardia\",outcome=\"delivered\"} 1",
            "escucha_notification_seconds_bucket{notifier=\"guardia\",le=\"0.1\"} 0",
            "escucha_notification_seconds_bucket{notifier=\"guardia\",le=\"0.25\"} 1",
            "escucha_queue_depth{queue=\"notifier/guardia\"} 3",
            "escucha_notification_oldest_seconds{notifier=\"guardia\"} 1.5",
            "# TYPE escucha_posts_refused_total counter",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert!(!text.contains("{topic=\"fraude\"}"), "a topic that nobody watches has no level: {text}");
    }
}
