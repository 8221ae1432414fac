//! Objects of the HTTP API; `docs/openapi.json` describes them.

use serde::{Deserialize, Serialize};

use super::stream::{MentionView, StandingView, tenths};
use super::{Pairs, TalliedView, Time, given, json};
use crate::anomaly::Band;
use crate::panes::Sum;
use crate::reason::Refused;
use crate::tally::{BrandOverview, Mention, Overview, Step, WeekHours};
use crate::time::{HOUR, SECOND};
use crate::topic::Wording;
use crate::wall;
use crate::window::Window;

/// An error as RFC 9457 has it, in the reader's language.
#[derive(Serialize)]
pub struct ProblemView<'a> {
    /// URI that names the kind of problem.
    pub r#type: String,
    /// Its name for people.
    pub title: &'a str,
    /// HTTP status.
    pub status: u16,
    /// This very case.
    pub detail: &'a str,
    /// The name of the kind, for programs.
    pub code: &'a str,
    /// What is wrong with the body, fault by fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FaultView<'a>>,
    /// How what was to be changed is by now.
    #[serde(flatten)]
    pub changed: Option<&'a ChangedView>,
}

/// How something is that somebody else changed first.
#[derive(Debug, Clone, Serialize)]
pub struct ChangedView {
    /// Its version.
    pub version: u64,
    /// Who changed it last, if a person did.
    pub changed_by: Option<String>,
    /// When.
    pub changed_at: Time,
}

/// One fault of a body.
#[derive(Serialize)]
pub struct FaultView<'a> {
    /// JSON Pointer to the value.
    pub pointer: &'a str,
    /// Its code, if it is about a query.
    pub code: Option<&'a str>,
    /// First code point of the string there that it is about.
    pub start: Option<u32>,
    /// One past the last.
    pub end: Option<u32>,
    /// What is wrong.
    pub cause: &'a str,
    /// What to write instead.
    pub fix: Option<&'a str>,
}

/// One refused line of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// Line, counted from 1.
    pub line: u64,
    /// Reason, from the closed set.
    pub reason: &'static str,
}

impl RefusedLine {
    /// Line `line`, counted from 1.
    pub fn new(line: u64, reason: Refused) -> RefusedLine {
        RefusedLine { line, reason: reason.as_str() }
    }
}

/// The answer of `POST /v1/posts`.
#[derive(Debug, Default, Serialize)]
pub struct IngestAnswer {
    /// Items that decoded.
    pub accepted: u64,
    /// Lines that did not.
    pub refused: Vec<RefusedLine>,
    /// First line, counted from 1, that was not taken because the engine was full; send from here.
    pub resume_at_line: Option<u64>,
}

#[derive(Serialize)]
struct SumView {
    mentions: u64,
    reposts: u64,
    direct: u64,
}

impl From<&Sum> for SumView {
    fn from(s: &Sum) -> Self {
        SumView { mentions: s.mentions, reposts: s.reposts, direct: s.direct }
    }
}

/// One topic of `GET /v1/topics`.
pub struct TopicView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its brand, empty if none.
    pub brand: &'a str,
    /// Its priority weight, in points.
    pub weight: f64,
    /// What was counted; `None` before the first beat.
    pub overview: Option<&'a Overview>,
    /// Its queries, if they were asked for.
    pub queries: Option<QueriesView<'a>>,
}

/// The queries of a topic.
pub struct QueriesView<'a> {
    /// How many there are.
    pub all: usize,
    /// The first of them.
    pub shown: &'a [Wording],
}

fn brand_json(brand: &BrandOverview) -> String {
    #[derive(Serialize)]
    struct One<'a, W: Serialize> {
        name: &'a str,
        at: Time,
        windows: W,
        #[serde(flatten)]
        standing: StandingView,
        expected: Option<f64>,
        surprise: Option<f64>,
    }
    let watched = brand.watched.as_ref();
    json(&One {
        name: &brand.name,
        at: Time(brand.at),
        windows: Pairs(Window::ALL.iter().zip(&brand.windows).map(|(w, t)| (w.as_str(), TalliedView::from(t)))),
        standing: watched.into(),
        expected: watched.map(|w| tenths(w.expected)),
        surprise: watched.map(|w| tenths(w.surprise)),
    })
}

/// `GET /v1/topics`: topics, where the next page starts, and the brands.
pub fn topics_json(topics: &[TopicView<'_>], next: Option<usize>, brands: &[BrandOverview]) -> String {
    #[derive(Serialize)]
    struct One<'a, W: Serialize> {
        name: &'a str,
        brand: Option<&'a str>,
        weight: f64,
        at: Option<Time>,
        windows: Option<W>,
        total: Option<SumView>,
        firing: &'a [String],
        #[serde(flatten)]
        standing: StandingView,
        expected: Option<f64>,
        surprise: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        query_count: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        queries: Option<Vec<QueryOf<'a>>>,
    }
    #[derive(Serialize)]
    struct QueryOf<'a> {
        query: &'a str,
        tag: Option<&'a str>,
    }
    let one = |t: &TopicView<'_>| {
        let windows =
            t.overview.map(|o| Pairs(Window::ALL.iter().zip(&o.windows.windows).map(|(w, t)| (w.as_str(), TalliedView::from(t)))));
        let queries = t.queries.as_ref();
        let watched = t.overview.and_then(|o| o.windows.watched.as_ref());
        json(&One {
            name: t.name,
            brand: given(t.brand),
            weight: t.weight,
            at: t.overview.map(|o| Time(o.windows.at)),
            windows,
            total: t.overview.map(|o| (&o.total).into()),
            firing: t.overview.map_or(&[], |o| &o.firing),
            standing: watched.into(),
            expected: watched.map(|w| tenths(w.expected)),
            surprise: watched.map(|w| tenths(w.surprise)),
            query_count: queries.map(|q| q.all),
            queries: queries.map(|q| q.shown.iter().map(|w| QueryOf { query: &w.normal, tag: given(&w.tag) }).collect()),
        })
    };
    let next = next.map(|n| n.to_string());
    let topics = topics.iter().map(one).collect::<Vec<_>>().join(",");
    let brands = brands.iter().map(brand_json).collect::<Vec<_>>().join(",");
    format!("{{\"topics\":[{topics}],\"next\":{},\"brands\":[{brands}]}}", json(&next))
}

/// `PUT /v1/topics/{name}`.
pub fn put_json(name: &str, warnings: Vec<FaultView<'_>>) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        name: &'a str,
        warnings: Vec<FaultView<'a>>,
    }
    json(&View { name, warnings })
}

/// What is usual; `null` where no rule asks for it.
#[derive(Serialize)]
struct BandView {
    expected: Option<f64>,
    expected_range: Option<[f64; 2]>,
}

impl From<Option<Band>> for BandView {
    fn from(band: Option<Band>) -> Self {
        BandView { expected: band.map(|b| tenths(b.expected)), expected_range: band.map(|b| [tenths(b.range.0), tenths(b.range.1)]) }
    }
}

/// `GET /v1/topics/{name}/windows`: steps of `minutes`, oldest first.
pub fn series_json(topic: &str, minutes: i64, steps: &[Step]) -> String {
    #[derive(Serialize)]
    struct Point {
        at: Time,
        #[serde(flatten)]
        sum: SumView,
        #[serde(flatten)]
        usual: BandView,
    }
    #[derive(Serialize)]
    struct View<'a> {
        topic: &'a str,
        step_minutes: i64,
        steps: Vec<Point>,
    }
    let steps = steps.iter().map(|s| Point { at: Time(s.at), sum: (&s.sum).into(), usual: s.usual.into() }).collect();
    json(&View { topic, step_minutes: minutes, steps })
}

/// `GET /v1/topics/{name}/week`: seven days from Monday, 24 hours each, in the topic's zone.
pub fn week_json(topic: &str, week: &WeekHours) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        topic: &'a str,
        mentions: Vec<&'a [u64]>,
        /// Real hours listened to: what the mentions are divided by to compare.
        hours_listened: Vec<Vec<f64>>,
        /// Mentions usual in an hour.
        expected: Option<Vec<Vec<f64>>>,
        latest: Vec<HourView>,
    }
    #[derive(Serialize)]
    struct HourView {
        day: usize,
        hour: usize,
        minutes: i64,
        mentions: u64,
        #[serde(flatten)]
        usual: BandView,
    }
    let hours = |day: &[i64]| day.iter().map(|micros| *micros as f64 / HOUR as f64).collect();
    let expected = week.usual.as_ref().map(|usual| usual.chunks(24).map(|day| day.iter().map(|x| tenths(*x)).collect()).collect());
    let latest = week.latest.iter().map(|h| HourView {
        day: h.hour / 24,
        hour: h.hour % 24,
        minutes: h.minutes,
        mentions: h.mentions,
        usual: h.usual.into(),
    });
    json(&View {
        topic,
        mentions: week.mentions.chunks(24).collect(),
        hours_listened: week.listened.chunks(24).map(hours).collect(),
        expected,
        latest: latest.collect(),
    })
}

/// Who asks for a page.
pub struct Asks<'a> {
    /// The name that stands for who it is.
    pub name: &'a str,
    /// It is a screen that stays signed in.
    pub device: bool,
    /// It may work on what was found.
    pub acts: bool,
}

/// `GET /v1/wall`: how the pages are shown and to whom, the groups of which there are shares of voice, and the brands
/// that are ours.
pub fn wall_json(wall: &wall::Settings, asks: &Asks<'_>, groups: &[&str], own: &[&str], version: &str) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        scenes: &'a [&'static str],
        dwell_seconds: i64,
        theme: &'static str,
        lang: Option<&'static str>,
        public: bool,
        device: bool,
        name: &'a str,
        acts: bool,
        timezone: Option<&'a str>,
        groups: &'a [&'a str],
        own: &'a [&'a str],
        version: &'a str,
    }
    let lang = wall.lang.map(|lang| lang.pick("es", "en"));
    json(&View {
        scenes: &wall.scenes,
        dwell_seconds: wall.dwell / SECOND,
        theme: wall.theme.as_str(),
        lang,
        public: wall.public,
        device: asks.device,
        name: asks.name,
        acts: asks.acts,
        timezone: wall.timezone.as_deref(),
        groups,
        own,
        version,
    })
}

/// `GET /v1/mentions`: mentions with the names of their sources, latest first, and where the next
/// page starts.
pub fn mentions_json<'a>(mentions: impl IntoIterator<Item = (&'a Mention, &'a str)>, next: Option<u64>) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        mentions: Vec<MentionView<'a>>,
        next: Option<String>,
    }
    let mentions = mentions.into_iter().map(|(m, source)| MentionView::new(m, source)).collect();
    json(&View { mentions, next: next.map(|n| n.to_string()) })
}

/// `GET /v1/alerts`: alert objects that are already encoded, oldest first, and where older ones begin.
pub fn alerts_json(epoch: &str, head: u64, alerts: &[&str], next: Option<u64>) -> String {
    let next = json(&next.map(|n| n.to_string()));
    format!("{{\"epoch\":{},\"seq\":{head},\"alerts\":[{}],\"next\":{next}}}", json(&epoch), alerts.join(","))
}

/// `GET /readyz`.
#[derive(Serialize)]
pub struct ReadyView {
    /// Every component is.
    pub ready: bool,
    /// What is wrong with a component; `null` if nothing is.
    pub components: std::collections::BTreeMap<String, Option<String>>,
}

/// The filter of a body `{"filter":"…"}`.
pub fn parse_log_level(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        filter: String,
    }
    serde_json::from_slice::<Asked>(body).ok().map(|asked| asked.filter)
}

/// Network and author of a body of `POST /v1/erasures`; neither is empty.
pub fn parse_erasure(body: &[u8]) -> Option<(String, String)> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        network: String,
        author: String,
    }
    let Asked { network, author } = serde_json::from_slice(body).ok()?;
    let named = !network.trim().is_empty() && !author.trim().trim_start_matches('@').is_empty();
    named.then(|| (network.trim().to_lowercase(), author))
}

/// What went with an erasure.
pub fn erased_json(posts: usize, incidents: usize) -> String {
    #[derive(Serialize)]
    struct View {
        posts: usize,
        incidents: usize,
    }
    json(&View { posts, incidents })
}

/// The token of a body `{"token":"…"}`.
pub fn parse_session(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Session {
        token: String,
    }
    serde_json::from_slice::<Session>(body).ok().map(|s| s.token)
}
