//! Objects of `/v1/stream` and `/v1/events`; `docs/asyncapi.yaml` describes them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

use super::delivery::AcknowledgedView;
use super::{BothView, Pairs, PostView, TalliedView, Time, given, json};
use crate::alert::{Alert, Part, Reason, Share, Similar};
use crate::anomaly::Watched;
use crate::bilingual::Both;
use crate::clusters::Size;
use crate::post::PostKey;
use crate::profanity;
use crate::score::Addend;
use crate::tally::{Mention, MentionTopic, TopicWindows};
use crate::time::{SECOND, Timestamp};
use crate::window::{Tallied, Window};

/// One reason of an alert.
#[derive(Serialize)]
pub(super) struct ReasonView<'a> {
    code: &'static str,
    text: BothView<'a>,
    value: f64,
}

impl<'a> From<&'a Reason> for ReasonView<'a> {
    fn from(r: &'a Reason) -> Self {
        ReasonView { code: r.code, text: (&r.text).into(), value: r.value }
    }
}

#[derive(Serialize)]
struct AlertView<'a, N: Serialize, L: Serialize> {
    r#type: &'static str,
    seq: u64,
    id: &'a str,
    rule: &'a str,
    on: &'static str,
    status: &'static str,
    severity: &'static str,
    level: Option<u8>,
    recovering: Option<bool>,
    topic: Option<&'a str>,
    source: Option<&'a str>,
    brand: Option<&'a str>,
    topics: Vec<PartView<'a>>,
    started_at: Time,
    updated_at: Time,
    resolved_at: Option<Time>,
    observed: u64,
    threshold: u64,
    expected: Option<f64>,
    expected_range: Option<[f64; 2]>,
    surprise: Option<f64>,
    unique_authors: Option<u64>,
    unique_clusters: Option<u64>,
    negative_share: Option<f64>,
    negative_share_range: Option<[f64; 2]>,
    priority: Option<f64>,
    delayed: bool,
    reasons: Vec<ReasonView<'a>>,
    first_post: Option<PostView<'a>>,
    top_posts: Vec<PostView<'a>>,
    terms: &'a [String],
    public_terms: Option<Vec<Cow<'a, str>>>,
    networks: N,
    languages: L,
    similar: Vec<SimilarView<'a>>,
    acknowledged: Option<AcknowledgedView<'a>>,
    dedup_key: &'a str,
    url: (),
}

/// The alert object, the same everywhere. `seq` is its place in the sequence of alerts.
pub fn alert_json(alert: &Alert, seq: u64) -> String {
    json(&AlertView {
        r#type: "alert",
        seq,
        id: &alert.id,
        rule: &alert.rule,
        on: alert.on,
        status: alert.status.as_str(),
        severity: alert.severity.as_str(),
        level: alert.standing.map(|s| s.level.number()),
        recovering: alert.standing.map(|s| s.recovering),
        // A source has none, and a share is a brand's, of whatever topics.
        topic: given(&alert.topic),
        source: given(&alert.source),
        brand: given(&alert.brand),
        topics: parts(alert),
        started_at: Time(alert.started_at),
        updated_at: Time(alert.updated_at),
        resolved_at: alert.resolved_at.map(Time),
        observed: alert.observed.mentions,
        threshold: alert.threshold,
        expected: alert.finding.map(|f| tenths(f.expected)),
        expected_range: alert.finding.map(|f| [tenths(f.range.0), tenths(f.range.1)]),
        surprise: alert.finding.map(|f| tenths(f.surprise)),
        unique_authors: known_authors(&alert.observed),
        unique_clusters: alert.clusters,
        negative_share: alert.gist.negative.map(|share| thousandths(share.value)),
        negative_share_range: alert.gist.negative.map(|Share { range: (low, high), .. }| [thousandths(low), thousandths(high)]),
        priority: alert.priority.map(|p| p.as_f64()),
        delayed: alert.delayed,
        reasons: alert.reasons.iter().map(ReasonView::from).collect(),
        first_post: alert.first_post.as_ref().map(|p| (&p.get()).into()),
        top_posts: alert.top_posts.iter().map(|p| (&p.get()).into()).collect(),
        terms: &alert.gist.terms,
        public_terms: public_terms(&alert.gist.terms),
        networks: Pairs(alert.networks.iter().map(|(network, n)| (network.as_str(), *n))),
        languages: Pairs(alert.gist.languages.iter().map(|(code, n)| (code.as_str(), *n))),
        similar: alert.similar.iter().map(SimilarView::from).collect(),
        acknowledged: alert.acknowledged.as_ref().map(AcknowledgedView::from),
        // One alert keeps its id through all its transitions, which is what receivers group by.
        dedup_key: &alert.id,
        url: (),
    })
}

/// The terms for a screen for all to see, if they are others.
fn public_terms(terms: &[String]) -> Option<Vec<Cow<'_, str>>> {
    let all: Vec<Cow<'_, str>> = terms.iter().map(|term| profanity::dotted(term)).collect();
    all.iter().any(|term| matches!(term, Cow::Owned(_))).then_some(all)
}

/// A topic of an alert.
#[derive(Serialize)]
struct PartView<'a> {
    topic: &'a str,
    status: &'static str,
    observed: u64,
    expected: Option<f64>,
    level: Option<u8>,
    recovering: Option<bool>,
}

/// The topics of an alert. What is not about the unusual has the one it names, or none.
fn parts(alert: &Alert) -> Vec<PartView<'_>> {
    if alert.topics.is_empty() && !alert.topic.is_empty() {
        let standing = alert.standing;
        return vec![PartView {
            topic: &alert.topic,
            status: alert.status.as_str(),
            observed: alert.observed.mentions,
            expected: alert.finding.map(|f| tenths(f.expected)),
            level: standing.map(|s| s.level.number()),
            recovering: standing.map(|s| s.recovering),
        }];
    }
    alert.topics.iter().map(PartView::from).collect()
}

impl<'a> From<&'a Part> for PartView<'a> {
    fn from(part: &'a Part) -> Self {
        PartView {
            topic: &part.topic,
            status: part.status.as_str(),
            observed: part.observed,
            expected: Some(tenths(part.expected)),
            level: part.standing.map(|s| s.level.number()),
            recovering: part.standing.map(|s| s.recovering),
        }
    }
}

/// An alert of the past.
#[derive(Serialize)]
struct SimilarView<'a> {
    id: &'a str,
    started_at: Time,
    duration_seconds: i64,
    peak: f64,
    terms: &'a [String],
}

impl<'a> From<&'a Similar> for SimilarView<'a> {
    fn from(s: &'a Similar) -> Self {
        SimilarView {
            id: &s.id,
            started_at: Time(s.started_at),
            duration_seconds: s.duration / SECOND,
            peak: tenths(s.peak),
            terms: &s.terms,
        }
    }
}

fn thousandths(x: f64) -> f64 {
    (x * 1000.0).round() / 1000.0
}

/// As many digits as a person can use.
pub(super) fn tenths(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

/// Mentions without an author come from counts alone.
fn known_authors(observed: &Tallied) -> Option<u64> {
    (observed.authors > 0 || observed.mentions == 0).then_some(observed.authors)
}

#[derive(Serialize)]
struct MentionTopicView<'a> {
    topic: &'a str,
    origin: &'static str,
    priority: f64,
    reasons: Vec<AddendView>,
}

fn addends(all: &[Addend]) -> Vec<AddendView> {
    all.iter().map(|a| AddendView { code: a.code, value: a.weight.as_f64() }).collect()
}

impl<'a> From<&'a MentionTopic> for MentionTopicView<'a> {
    fn from(t: &'a MentionTopic) -> Self {
        MentionTopicView {
            topic: &t.name,
            origin: if t.direct { "direct" } else { "active" },
            priority: t.score.as_f64(),
            reasons: addends(&t.addends),
        }
    }
}

#[derive(Serialize)]
struct AddendView {
    code: &'static str,
    value: f64,
}

/// The posts that say the same, this one among them.
#[derive(Serialize)]
struct ClusterView {
    id: Key,
    posts: u64,
    authors: u64,
    per_minute: Option<f64>,
    doubling_minutes: Option<f64>,
}

impl From<&Size> for ClusterView {
    fn from(s: &Size) -> Self {
        let tenths = |n: u32| f64::from(n) / 10.0;
        ClusterView {
            id: Key(PostKey(s.id.0)),
            posts: s.posts,
            authors: s.authors,
            per_minute: s.pace.map(|p| tenths(p.per_minute)),
            doubling_minutes: s.pace.map(|p| tenths(p.doubling)),
        }
    }
}

/// One mention. `reasons` are the addends of the post's own part of its priority.
#[derive(Serialize)]
pub struct MentionView<'a> {
    r#type: &'static str,
    key: Key,
    post: PostView<'a>,
    topics: Vec<MentionTopicView<'a>>,
    priority: f64,
    reasons: Vec<AddendView>,
    cluster: ClusterView,
    source: &'a str,
    late: bool,
}

impl<'a> MentionView<'a> {
    /// The mention, brought by the source called `source`.
    pub fn new(mention: &'a Mention, source: &'a str) -> MentionView<'a> {
        MentionView {
            r#type: "mention",
            key: Key(mention.key),
            post: (&mention.post.get()).into(),
            topics: mention.topics.iter().map(MentionTopicView::from).collect(),
            priority: mention.topics.iter().map(|t| t.score).max().unwrap_or_default().as_f64(),
            reasons: addends(&mention.addends),
            cluster: (&mention.cluster).into(),
            source,
            late: mention.late,
        }
    }
}

/// The mention object.
pub fn mention_json(mention: &Mention, source: &str) -> String {
    json(&MentionView::new(mention, source))
}

/// A frame with the number of mentions that were dropped before it. Frames are shared between
/// clients, this number is one client's own, so it is put in front of the other members.
pub fn with_dropped(frame: &str, dropped: u64) -> String {
    match frame.strip_prefix('{') {
        Some(members) => format!("{{\"dropped\":{dropped},{members}"),
        None => frame.to_owned(),
    }
}

/// Identity of a post over all networks: 16 hexadecimal digits, for numbers of 64 bits do not survive
/// a browser.
struct Key(PostKey);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:016x}", self.0.0))
    }
}

/// A post that was shown is gone.
pub fn deleted_json(key: PostKey, network: &str, id: &str) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        r#type: &'static str,
        key: Key,
        network: Option<&'a str>,
        id: &'a str,
    }
    json(&View { r#type: "deleted", key: Key(key), network: given(network), id })
}

/// How bad it is for a topic; `null` where no rule asks what is unusual.
#[derive(Serialize)]
pub struct StandingView {
    level: Option<u8>,
    recovering: Option<bool>,
}

impl From<Option<&Watched>> for StandingView {
    fn from(watched: Option<&Watched>) -> Self {
        let standing = watched.map(|w| w.standing);
        StandingView { level: standing.map(|s| s.level.number()), recovering: standing.map(|s| s.recovering) }
    }
}

/// The windows of one topic.
pub fn windows_json(windows: &TopicWindows) -> String {
    #[derive(Serialize)]
    struct View<'a, W: Serialize> {
        r#type: &'static str,
        topic: &'a str,
        at: Time,
        windows: W,
        #[serde(flatten)]
        standing: StandingView,
        expected: Option<f64>,
        surprise: Option<f64>,
        brand: Option<BrandView<'a>>,
    }
    #[derive(Serialize)]
    struct BrandView<'a> {
        name: &'a str,
        level: u8,
        recovering: bool,
    }
    let watched = windows.watched.as_ref();
    let named = Window::ALL.iter().zip(&windows.windows).map(|(w, t)| (w.as_str(), TalliedView::from(t)));
    json(&View {
        r#type: "windows",
        topic: &windows.name,
        at: Time(windows.at),
        windows: Pairs(named),
        standing: watched.into(),
        expected: watched.map(|w| tenths(w.expected)),
        surprise: watched.map(|w| tenths(w.surprise)),
        brand: windows.brand.as_ref().map(|b| BrandView {
            name: &b.name,
            level: b.standing.level.number(),
            recovering: b.standing.recovering,
        }),
    })
}

/// The first frame.
pub struct HelloView<'a> {
    /// This life of the engine.
    pub epoch: &'a str,
    /// Sequence number of the newest alert.
    pub seq: u64,
    /// Everything since the client's cursor follows.
    pub recovered: bool,
    /// Why not, and the oldest alert that is still held.
    pub reason: Option<(&'static str, u64)>,
    /// The engine's version.
    pub version: &'a str,
    /// When to come back once this stream has ended.
    pub reconnect: ReconnectView,
}

/// When a client should come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ReconnectView {
    /// Milliseconds, drawn for this client alone.
    pub after_ms: u64,
    /// Milliseconds over which all clients were spread.
    pub window_ms: u64,
}

/// The hello object.
pub fn hello_json(hello: &HelloView<'_>) -> String {
    #[derive(Serialize)]
    struct Why {
        code: &'static str,
        floor: u64,
    }
    #[derive(Serialize)]
    struct View<'a> {
        r#type: &'static str,
        epoch: &'a str,
        seq: u64,
        recovered: bool,
        reason: Option<Why>,
        version: &'a str,
        reconnect: ReconnectView,
    }
    json(&View {
        r#type: "hello",
        epoch: hello.epoch,
        seq: hello.seq,
        recovered: hello.recovered,
        reason: hello.reason.map(|(code, floor)| Why { code, floor }),
        version: hello.version,
        reconnect: hello.reconnect,
    })
}

/// How fresh one source is.
#[derive(Serialize)]
pub struct SourceView {
    /// Its name.
    pub name: String,
    /// It has a connection, an open file or a bound socket.
    pub connected: bool,
    /// Read to its end.
    pub finished: bool,
    /// When the last frame came in.
    pub last_data: Option<Time>,
    /// Seconds since then.
    pub age_seconds: Option<f64>,
    /// What is wrong.
    pub problem: Option<String>,
}

/// The part of `status` that is the same for every client.
pub fn sources_json(sources: &[SourceView]) -> String {
    json(&sources)
}

/// The beat: `seq` is the head up to which this client has been served.
pub fn status_json(at: Timestamp, seq: u64, sources: &str) -> String {
    format!("{{\"type\":\"status\",\"at\":\"{at}\",\"seq\":{seq},\"sources\":{sources}}}")
}

/// Alerts `from` to `to` can no longer be given.
pub fn gap_json(channel: &str, from: u64, to: u64, reason: &str) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        r#type: &'static str,
        channel: &'a str,
        from: u64,
        to: u64,
        reason: &'a str,
    }
    json(&View { r#type: "gap", channel, from, to, reason })
}

/// What a client listens to from now on.
pub fn subscribed_json(channels: &[&str], topics: Option<&[&str]>, min_severity: &str, min_priority: f64) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        r#type: &'static str,
        channels: &'a [&'a str],
        topics: Option<&'a [&'a str]>,
        min_severity: &'a str,
        min_priority: f64,
    }
    json(&View { r#type: "subscribed", channels, topics, min_severity, min_priority })
}

/// A message of the client was not understood.
pub fn error_json(code: &str, message: &Both) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        r#type: &'static str,
        code: &'a str,
        message: BothView<'a>,
    }
    json(&View { r#type: "error", code, message: message.into() })
}

/// What a client may send: a change of its subscription. Members that are absent stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// New channels.
    pub channels: Option<Vec<String>>,
    /// New topics; an empty list is all.
    pub topics: Option<Vec<String>>,
    /// Mildest alert.
    pub min_severity: Option<String>,
    /// Lowest mention, in points.
    pub min_priority: Option<f64>,
}

impl Subscribe {
    /// Reads one message; the error is a sentence about the JSON.
    pub fn parse(text: &str) -> Result<Subscribe, String> {
        #[derive(Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Message {
            Subscribe(Subscribe),
        }
        let Message::Subscribe(subscribe) = serde_json::from_str(text).map_err(|e| e.to_string())?;
        Ok(subscribe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::{Level, Standing};
    use crate::tally::BrandStanding;

    #[test]
    fn rude_terms_have_another_form_for_all_to_see() {
        let terms = |of: &[&str]| public_terms(&of.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()).map(|all| all.join(" "));
        assert_eq!(terms(&["app", "mierda"]).as_deref(), Some("app m•••••"));
        assert_eq!(terms(&["app", "caída"]), None);
    }

    #[test]
    fn a_dropped_count_keeps_the_frame_an_object() {
        let frame = with_dropped(&deleted_json(PostKey(1), "x", "1"), 7);
        let v: serde_json::Value = serde_json::from_str(&frame).expect("JSON");
        assert_eq!((v["dropped"].as_u64(), v["type"].as_str(), v["id"].as_str()), (Some(7), Some("deleted"), Some("1")));
    }

    #[test]
    fn windows_tell_where_the_topic_stands() {
        let windows = TopicWindows {
            id: crate::topic::TopicId(1),
            name: "t".into(),
            at: Timestamp(0),
            windows: Default::default(),
            watched: Some(Watched { expected: 12.44, surprise: 9.81, standing: Standing { level: Level::Alert, recovering: true } }),
            brand: Some(BrandStanding { name: "Banco".into(), standing: Standing { level: Level::Crisis, recovering: false } }),
        };
        let told = |w: &TopicWindows| -> Vec<serde_json::Value> {
            let v: serde_json::Value = serde_json::from_str(&windows_json(w)).expect("JSON");
            ["level", "recovering", "expected", "surprise", "brand"].map(|key| v[key].clone()).into()
        };
        assert_eq!(
            serde_json::Value::from(told(&windows)),
            serde_json::json!([2, true, 12.4, 9.8, {"name": "Banco", "level": 3, "recovering": false}])
        );
        assert!(told(&TopicWindows { watched: None, brand: None, ..windows }).iter().all(serde_json::Value::is_null));
    }

    #[test]
    fn only_subscribe_is_understood() {
        assert!(Subscribe::parse(r#"{"type":"subscribe","channels":["alerts"]}"#).is_ok());
        for bad in
            ["", "[]", "{}", r#"{"type":"publish"}"#, r#"{"type":"subscribe","chanels":[]}"#, r#"{"type":"subscribe","channels":"alerts"}"#]
        {
            assert!(Subscribe::parse(bad).is_err(), "{bad}");
        }
    }
}
