//! Metrics: thin handles over the `metrics` crate, one add per batch. Labels are names from the
//! configuration or from closed sets, never anything a post contains.

use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::anomaly::Watched;
use crate::reason::{Refused, Skipped};
use crate::window::Window;

const RECEIVED: &str = "escucha_posts_received_total";
const DECODED: &str = "escucha_posts_decoded_total";
const REFUSED: &str = "escucha_posts_refused_total";
const MATCHED: &str = "escucha_posts_matched_total";
const UNMATCHED: &str = "escucha_posts_unmatched_total";
const SKIPPED: &str = "escucha_posts_skipped_total";
const LATE: &str = "escucha_posts_late_total";
const BUILD_INFO: &str = "escucha_build_info";
const CONNECTED: &str = "escucha_source_connected";
const LAG: &str = "escucha_source_lag_seconds";
const RECONNECTS: &str = "escucha_source_reconnects_total";
const OVERLAP: &str = "escucha_source_overlap_total";
const SOURCE_GAPS: &str = "escucha_source_gaps_total";
const CONNECTIONS: &str = "escucha_source_connections_total";
const TOPIC_MENTIONS: &str = "escucha_topic_mentions_total";
const TOPIC_WINDOW: &str = "escucha_topic_window_mentions";
const EXPECTED: &str = "escucha_topic_expected_mentions";
const SURPRISE: &str = "escucha_topic_surprise";
const CRISIS: &str = "escucha_crisis_level";
const BRAND_CRISIS: &str = "escucha_brand_crisis_level";
const SHARE: &str = "escucha_share_of_voice";
const ALERTS: &str = "escucha_alerts_total";
const POST_TO_ALERT: &str = "escucha_post_to_alert_seconds";
const POST_TO_PUBLISHED: &str = "escucha_post_to_published_seconds";
const STAGE: &str = "escucha_stage_seconds";
const QUEUE_DEPTH: &str = "escucha_queue_depth";
const CLIENTS: &str = "escucha_stream_clients";
const GAPS: &str = "escucha_stream_gaps_total";
const TURNED_AWAY: &str = "escucha_stream_turned_away_total";
const STREAM_FRAMES: &str = "escucha_stream_frames_total";
const STREAM_WRITES: &str = "escucha_stream_writes_total";
const SLOW: &str = "escucha_slow_clients_total";
const NOTIFICATIONS: &str = "escucha_notifications_total";
const NOTIFICATION: &str = "escucha_notification_seconds";
const OLDEST: &str = "escucha_notification_oldest_seconds";
const STORE_COMMIT: &str = "escucha_store_commit_seconds";
const STORE_BYTES: &str = "escucha_store_bytes";
const STORE_ERRORS: &str = "escucha_store_errors_total";

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

/// Gives the metrics to whoever scrapes.
#[derive(Clone)]
pub struct Exposition(PrometheusHandle);

/// Metrics cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be recorded: {0}")]
pub struct NotInstalled(#[from] metrics_exporter_prometheus::BuildError);

fn builder() -> Result<PrometheusBuilder, NotInstalled> {
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(POST_TO_ALERT.to_owned()), &ALERT_BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(POST_TO_PUBLISHED.to_owned()), &ALERT_BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(NOTIFICATION.to_owned()), &NOTIFICATION_BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(STORE_COMMIT.to_owned()), &ALERT_BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(STAGE.to_owned()), &STAGE_BUCKETS)?)
}

impl Exposition {
    /// Installs the process's one recorder; handles made before it record nothing.
    pub fn install() -> Result<Exposition, NotInstalled> {
        let handle = builder()?.install_recorder()?;
        describe();
        Ok(Exposition(handle))
    }

    /// A recorder that is not the process's own and stays empty; for programs that embed the edges.
    pub fn detached() -> Result<Exposition, NotInstalled> {
        Ok(Exposition(builder()?.build_recorder().handle()))
    }

    /// The text format, version 0.0.4.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds histogram samples into their buckets for ever; without it they pile up while nobody scrapes.
    pub async fn upkeep(self, every: Duration) {
        let mut beat = tokio::time::interval(every);
        loop {
            beat.tick().await;
            self.0.run_upkeep();
        }
    }
}

/// Help texts and units.
fn describe() {
    describe_counter!(RECEIVED, Unit::Count, "Items found in the frames that came in");
    describe_counter!(DECODED, Unit::Count, "Items that decoded");
    describe_counter!(REFUSED, Unit::Count, "Items refused, by reason");
    describe_counter!(MATCHED, Unit::Count, "Posts counted as mentions of at least one topic");
    describe_counter!(UNMATCHED, Unit::Count, "Posts that matched no topic");
    describe_counter!(SKIPPED, Unit::Count, "Decoded items that were not counted, by reason");
    describe_counter!(LATE, Unit::Count, "Mentions that came behind the watermark");
    describe_gauge!(BUILD_INFO, "Always 1; the version is a label");
    describe_gauge!(CONNECTED, "1 while the source has a connection, an open file or a bound socket");
    describe_gauge!(LAG, Unit::Seconds, "Time since the newest post of the source was written");
    describe_counter!(RECONNECTS, Unit::Count, "Times the source had to connect anew, by class of error");
    describe_counter!(OVERLAP, Unit::Count, "Messages dropped because they came over an earlier connection already");
    describe_counter!(SOURCE_GAPS, Unit::Count, "Times the source could not go on where it had left off");
    describe_counter!(CONNECTIONS, Unit::Count, "Connections to the source that ended, by how they did");
    describe_counter!(TOPIC_MENTIONS, Unit::Count, "Mentions of the topic, by origin");
    describe_gauge!(TOPIC_WINDOW, Unit::Count, "Mentions in a sliding window of event time");
    describe_gauge!(EXPECTED, Unit::Count, "Mentions that were usual in the last closed five minutes");
    describe_gauge!(SURPRISE, "How far off the topic was then, in spreads of its own past");
    describe_gauge!(CRISIS, "How bad it is for the topic: 0 as usual, 1 watch, 2 alert, 3 crisis");
    describe_gauge!(BRAND_CRISIS, "How bad it is for the brand, over all its topics: 0 as usual, 1 watch, 2 alert, 3 crisis");
    describe_gauge!(SHARE, "Share of a brand in the mentions of its group in the last 24 hours; not a number while none is known");
    describe_counter!(ALERTS, Unit::Count, "Alerts that fired");
    describe_histogram!(
        POST_TO_ALERT,
        Unit::Seconds,
        "From the moment a buffer of posts was taken to the decision: once for each transition of an alert that came of it"
    );
    describe_histogram!(
        POST_TO_PUBLISHED,
        Unit::Seconds,
        "From the same moment until the transition is durable, where there is a store, and clients can read it"
    );
    describe_histogram!(STAGE, Unit::Seconds, "Time one buffer spends in a stage");
    describe_gauge!(QUEUE_DEPTH, Unit::Count, "Buffers, batches or notifications waiting in a queue");
    describe_gauge!(CLIENTS, Unit::Count, "Clients of the live streams");
    describe_counter!(GAPS, Unit::Count, "Gaps told to clients of the live streams");
    describe_counter!(
        TURNED_AWAY,
        Unit::Count,
        "Clients told to join a live stream later, because too many joined at once, by what carries the stream"
    );
    describe_counter!(STREAM_FRAMES, Unit::Count, "Frames given to WebSocket clients");
    describe_counter!(STREAM_WRITES, Unit::Count, "Writes that took them there");
    describe_counter!(NOTIFICATIONS, Unit::Count, "Notifications by what came of a try: delivered, retried, dead, missed");
    describe_histogram!(NOTIFICATION, Unit::Seconds, "From the decision to tell a target to its answer that it was told");
    describe_gauge!(OLDEST, Unit::Seconds, "How long the oldest notification has been waiting for the target");
    describe_counter!(SLOW, Unit::Count, "Clients closed because they did not read, by what carried the answer");
    describe_histogram!(STORE_COMMIT, Unit::Seconds, "Time one commit of alerts takes");
    describe_gauge!(STORE_BYTES, Unit::Bytes, "Content of the store");
    describe_counter!(
        STORE_ERRORS,
        Unit::Count,
        "Commits that failed (full, busy, failed), alerts that could not be held (lost), pages that could not be read (read)"
    );
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

/// Seconds of one buffer in the stage called `stage`: `lane`, `tally`, `feed`.
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

/// What went wrong in the store; `class` is `full`, `busy`, `failed`, `lost` or `read`.
pub fn store_errors(class: &'static str) -> Counter {
    counter!(STORE_ERRORS, "class" => class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::{Level, Standing};

    #[test]
    fn histograms_are_exposed_with_their_own_buckets() {
        let recorder = builder().expect("buckets").build_recorder();
        let handle = recorder.handle();
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
        let text = handle.render();
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
