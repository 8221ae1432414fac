//! Objects of the HTTP API; `docs/openapi.json` describes them.

use serde::{Deserialize, Serialize};

use super::stream::MentionView;
use super::{Pairs, TalliedView, Time, alert_json, given, json};
use crate::alert::Alert;
use crate::reason::Refused;
use crate::tally::{Mention, TopicWindows};
use crate::time::Timestamp;
use crate::window::{Tallied, Window};

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

/// One topic of `GET /v1/topics`.
pub struct TopicView<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its brand, empty if none.
    pub brand: &'a str,
    /// Its priority weight, in points.
    pub weight: f64,
    /// Its windows, if it has been counted yet.
    pub windows: Option<TopicWindows>,
}

impl TopicView<'_> {
    /// `{"topics":[…]}`.
    pub fn list(topics: &[TopicView<'_>]) -> String {
        #[derive(Serialize)]
        struct One<'a, W: Serialize> {
            name: &'a str,
            brand: Option<&'a str>,
            weight: f64,
            at: Option<Time>,
            windows: Option<W>,
        }
        let named = |w: &TopicWindows| -> Vec<(&'static str, Tallied)> {
            Window::ALL.iter().map(|w| w.as_str()).zip(w.windows.iter().copied()).collect()
        };
        let all: Vec<_> = topics.iter().map(|t| (t, t.windows.as_ref().map(named))).collect();
        let views: Vec<_> = all
            .iter()
            .map(|(t, w)| One {
                name: t.name,
                brand: given(t.brand),
                weight: t.weight,
                at: t.windows.as_ref().map(|w| Time(w.at)),
                windows: w.as_ref().map(|w| Pairs(w.iter().map(|(name, t)| (*name, TalliedView::from(t))))),
            })
            .collect();
        json(&Pairs(std::iter::once(("topics", &views))))
    }
}

/// One step of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesPoint {
    /// Start of the step.
    pub at: Timestamp,
    /// What was counted in it.
    pub tallied: Tallied,
}

/// `GET /v1/topics/{name}/windows`.
pub struct SeriesView<'a> {
    /// The topic.
    pub topic: &'a str,
    /// Minutes of one step.
    pub step_minutes: i64,
    /// The steps, oldest first.
    pub points: Vec<SeriesPoint>,
}

impl SeriesView<'_> {
    /// As JSON.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Point {
            at: Time,
            #[serde(flatten)]
            tallied: TalliedView,
        }
        #[derive(Serialize)]
        struct View<'a> {
            topic: &'a str,
            step_minutes: i64,
            points: Vec<Point>,
        }
        let points = self.points.iter().map(|p| Point { at: Time(p.at), tallied: (&p.tallied).into() }).collect();
        json(&View { topic: self.topic, step_minutes: self.step_minutes, points })
    }
}

/// `GET /v1/topics/{name}/week`: mentions by civil hour of the week.
#[derive(Serialize)]
pub struct WeekView<'a> {
    /// The topic.
    pub topic: &'a str,
    /// Seven days from Monday, 24 hours each.
    pub week: Vec<Vec<u64>>,
}

/// `GET /v1/mentions` as JSON.
pub struct MentionPage<'a> {
    /// The mentions with the names of their sources, newest first.
    pub mentions: Vec<(&'a Mention, &'a str)>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}

impl MentionPage<'_> {
    /// As JSON.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct View<'a> {
            mentions: Vec<MentionView<'a>>,
            next: Option<&'a str>,
        }
        let mentions = self.mentions.iter().map(|(m, source)| MentionView::new(m, source)).collect();
        json(&View { mentions, next: self.next.as_deref() })
    }
}

/// `GET /v1/alerts`.
pub struct AlertPage<'a> {
    /// This life of the engine.
    pub epoch: &'a str,
    /// Sequence number of the newest alert.
    pub seq: u64,
    /// Alert objects, oldest first.
    pub alerts: Vec<String>,
}

impl AlertPage<'_> {
    /// As JSON; the alerts are already encoded.
    pub fn json(&self) -> String {
        format!("{{\"epoch\":{},\"seq\":{},\"alerts\":[{}]}}", json(&self.epoch), self.seq, self.alerts.join(","))
    }

    /// One alert object.
    pub fn alert(alert: &Alert, seq: u64) -> String {
        alert_json(alert, seq)
    }
}

/// `GET /readyz`.
#[derive(Serialize)]
pub struct ReadyView {
    /// Every component is.
    pub ready: bool,
    /// What is wrong with a component; `null` if nothing is.
    pub components: std::collections::BTreeMap<String, Option<String>>,
}

/// The token of a body `{"token":"…"}`.
pub fn parse_session(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Session {
        token: String,
    }
    serde_json::from_slice::<Session>(body).ok().map(|s| s.token)
}
