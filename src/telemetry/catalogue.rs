//! Every metric there is: name, type, unit, labels, meaning. What is exposed and what the manual lists are held
//! against this table.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(super) const RECEIVED: &str = "escucha_posts_received_total";
pub(super) const DECODED: &str = "escucha_posts_decoded_total";
pub(super) const REFUSED: &str = "escucha_posts_refused_total";
pub(super) const MATCHED: &str = "escucha_posts_matched_total";
pub(super) const UNMATCHED: &str = "escucha_posts_unmatched_total";
pub(super) const SKIPPED: &str = "escucha_posts_skipped_total";
pub(super) const LATE: &str = "escucha_posts_late_total";
pub(super) const BUILD_INFO: &str = "escucha_build_info";
pub(super) const CONNECTED: &str = "escucha_source_connected";
pub(super) const LAG: &str = "escucha_source_lag_seconds";
pub(super) const RECONNECTS: &str = "escucha_source_reconnects_total";
pub(super) const OVERLAP: &str = "escucha_source_overlap_total";
pub(super) const SOURCE_GAPS: &str = "escucha_source_gaps_total";
pub(super) const CONNECTIONS: &str = "escucha_source_connections_total";
pub(super) const TOPIC_MENTIONS: &str = "escucha_topic_mentions_total";
pub(super) const TOPIC_WINDOW: &str = "escucha_topic_window_mentions";
pub(super) const EXPECTED: &str = "escucha_topic_expected_mentions";
pub(super) const SURPRISE: &str = "escucha_topic_surprise";
pub(super) const CRISIS: &str = "escucha_crisis_level";
pub(super) const BRAND_CRISIS: &str = "escucha_brand_crisis_level";
pub(super) const SHARE: &str = "escucha_share_of_voice";
pub(super) const INCIDENTS_OPEN: &str = "escucha_incidents_open";
pub(super) const FIRST_ANSWER: &str = "escucha_first_answer_seconds";
pub(super) const CARE_DROPPED: &str = "escucha_care_dropped_posts_total";
pub(super) const ALERTS: &str = "escucha_alerts_total";
pub(super) const POST_TO_ALERT: &str = "escucha_post_to_alert_seconds";
pub(super) const POST_TO_PUBLISHED: &str = "escucha_post_to_published_seconds";
pub(super) const STAGE: &str = "escucha_stage_seconds";
pub(super) const QUEUE_DEPTH: &str = "escucha_queue_depth";
pub(super) const CLIENTS: &str = "escucha_stream_clients";
pub(super) const GAPS: &str = "escucha_stream_gaps_total";
pub(super) const TURNED_AWAY: &str = "escucha_stream_turned_away_total";
pub(super) const STREAM_FRAMES: &str = "escucha_stream_frames_total";
pub(super) const STREAM_WRITES: &str = "escucha_stream_writes_total";
pub(super) const SLOW: &str = "escucha_slow_clients_total";
pub(super) const NOTIFICATIONS: &str = "escucha_notifications_total";
pub(super) const NOTIFICATION: &str = "escucha_notification_seconds";
pub(super) const OLDEST: &str = "escucha_notification_oldest_seconds";
pub(super) const RELOADED: &str = "escucha_config_last_reload_success";
pub(super) const STORE_COMMIT: &str = "escucha_store_commit_seconds";
pub(super) const STORE_BYTES: &str = "escucha_store_bytes";
pub(super) const STORE_HOLDING: &str = "escucha_store_holding";
pub(super) const STORE_ERRORS: &str = "escucha_store_errors_total";

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from 0 at the start of the process.
    Counter,
    /// A reading.
    Gauge,
    /// Buckets of durations.
    Histogram,
}

impl Kind {
    /// As the exposition names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name in the exposition.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What it counts or measures: `count`, `seconds`, `bytes`; nothing for states and ratios.
    pub unit: Option<Unit>,
    /// Its labels; each value is a name from the configuration or from a closed set.
    pub labels: &'static [&'static str],
    /// What it means, as `# HELP` says it.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, unit: Some(Unit::Count), labels, help }
}

const fn gauge(name: &'static str, unit: Option<Unit>, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, labels, help }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, unit: Some(Unit::Seconds), labels, help }
}

/// All metrics.
pub const CATALOGUE: &[Metric] = &[
    counter(RECEIVED, &["source"], "Items found in the frames that came in"),
    counter(DECODED, &["source"], "Items that decoded"),
    counter(REFUSED, &["source", "reason"], "Items refused, by reason"),
    counter(MATCHED, &["source"], "Posts counted as mentions of at least one topic"),
    counter(UNMATCHED, &["source"], "Posts that matched no topic"),
    counter(SKIPPED, &["source", "reason"], "Decoded items that were not counted, by reason"),
    counter(LATE, &["source"], "Mentions that came behind the watermark"),
    gauge(BUILD_INFO, None, &["version"], "Always 1; the version is a label"),
    gauge(CONNECTED, None, &["source"], "1 while the source has a connection, an open file or a bound socket"),
    gauge(LAG, Some(Unit::Seconds), &["source"], "Time since the newest post of the source was written"),
    counter(RECONNECTS, &["source", "class"], "Times the source had to connect anew, by class of error"),
    counter(OVERLAP, &["source"], "Messages dropped because they came over an earlier connection already"),
    counter(SOURCE_GAPS, &["source"], "Times the source could not go on where it had left off"),
    counter(CONNECTIONS, &["source", "end"], "Connections to the source that ended, by how they did"),
    counter(TOPIC_MENTIONS, &["topic", "origin"], "Mentions of the topic, by origin"),
    gauge(TOPIC_WINDOW, Some(Unit::Count), &["topic", "window"], "Mentions in a sliding window of event time"),
    gauge(EXPECTED, Some(Unit::Count), &["topic"], "Mentions that were usual in the last closed five minutes"),
    gauge(SURPRISE, None, &["topic"], "How far off the topic was then, in spreads of its own past"),
    gauge(CRISIS, None, &["topic"], "How bad it is for the topic: 0 as usual, 1 watch, 2 alert, 3 crisis"),
    gauge(BRAND_CRISIS, None, &["brand"], "How bad it is for the brand, over all its topics: 0 as usual, 1 watch, 2 alert, 3 crisis"),
    gauge(
        SHARE,
        None,
        &["group", "brand"],
        "Share of a brand in the mentions of its group in the last 24 hours; not a number while none is known",
    ),
    gauge(
        INCIDENTS_OPEN,
        Some(Unit::Count),
        &["section", "age"],
        "Incidents in which a customer waits for a brand of ours, by section of the configuration (other for all else) and by how long",
    ),
    histogram(FIRST_ANSWER, &[], "From the post that opened an incident of a brand of ours to the first answer, by their own times"),
    counter(
        CARE_DROPPED,
        &[],
        "Posts that were not kept for the care team, or not for as long as the configuration says, since there was no room (max_posts)",
    ),
    counter(ALERTS, &["rule", "severity"], "Alerts that fired"),
    histogram(
        POST_TO_ALERT,
        &[],
        "From the moment a buffer of posts was taken to the decision: once for each transition of an alert that came of it",
    ),
    histogram(
        POST_TO_PUBLISHED,
        &[],
        "From the same moment until the transition is durable, where there is a store, and clients can read it",
    ),
    histogram(STAGE, &["stage"], "Time one buffer spends in a stage"),
    gauge(QUEUE_DEPTH, Some(Unit::Count), &["queue"], "Buffers (lanes), steps (tally) or notifications (notifier/NAME) waiting in a queue"),
    gauge(CLIENTS, Some(Unit::Count), &[], "Clients of the live streams"),
    counter(GAPS, &[], "Gaps told to clients of the live streams"),
    counter(
        TURNED_AWAY,
        &["transport"],
        "Clients told to join a live stream later, because too many joined at once, by what carries the stream",
    ),
    counter(STREAM_FRAMES, &[], "Frames given to WebSocket clients"),
    counter(STREAM_WRITES, &[], "Writes that took them there"),
    counter(SLOW, &["transport"], "Clients closed because they did not read, by what carried the answer"),
    counter(NOTIFICATIONS, &["notifier", "outcome"], "Notifications by what came of a try: delivered, retried, dead, missed"),
    histogram(NOTIFICATION, &["notifier"], "From the decision to tell a target to its answer that it was told"),
    gauge(OLDEST, Some(Unit::Seconds), &["notifier"], "How long the oldest notification has been waiting for the target"),
    gauge(RELOADED, None, &[], "0 after a reload that was refused, else 1"),
    histogram(STORE_COMMIT, &[], "Time one commit of alerts takes"),
    gauge(STORE_BYTES, Some(Unit::Bytes), &[], "Content of the store"),
    gauge(STORE_HOLDING, None, &[], "1 while alerts are held back because they cannot be made durable"),
    counter(
        STORE_ERRORS,
        &["class"],
        "Commits that failed (full, busy, failed), alerts that were held back (behind) or could not be held (lost), snapshots that failed (snapshot), pages that could not be read (read)",
    ),
];

/// Tells the recorder of all of them.
pub(super) fn describe() {
    for Metric { name, kind, unit, help, .. } in CATALOGUE {
        let unit = unit.unwrap_or(Unit::Count);
        match kind {
            Kind::Counter => describe_counter!(*name, unit, *help),
            Kind::Gauge => describe_gauge!(*name, unit, *help),
            Kind::Histogram => describe_histogram!(*name, unit, *help),
        }
    }
}
