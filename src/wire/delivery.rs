//! Objects about who is told: silences, acknowledgements, decisions and deliveries.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{BothView, Time, given, json};
use crate::alert::Acknowledged;
use crate::routing::{Decision, Order, Silence};
use crate::time::Timestamp;

/// Who took an alert on.
#[derive(Serialize)]
pub struct AcknowledgedView<'a> {
    by: &'a str,
    at: Time,
    note: Option<&'a str>,
}

impl<'a> From<&'a Acknowledged> for AcknowledgedView<'a> {
    fn from(a: &'a Acknowledged) -> Self {
        AcknowledgedView { by: &a.by, at: Time(a.at), note: given(&a.note) }
    }
}

/// The answer of `POST /v1/alerts/{id}/ack`.
pub fn acknowledged_json(id: &str, seq: Option<u64>, by: &Acknowledged) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        id: &'a str,
        seq: Option<u64>,
        acknowledged: AcknowledgedView<'a>,
    }
    json(&View { id, seq, acknowledged: by.into() })
}

/// The note of a body `{"note":"…"}`, which may be empty; the error is a sentence about the JSON.
pub fn parse_note(body: &[u8]) -> Result<String, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[serde(default)]
        note: String,
    }
    if body.is_empty() {
        return Ok(String::new());
    }
    serde_json::from_slice::<Body>(body).map(|b| b.note).map_err(|e| e.to_string())
}

/// The body of `POST /v1/silences` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SilenceBody {
    /// Values by the names of labels.
    pub matchers: BTreeMap<String, Vec<String>>,
    /// Why.
    pub reason: String,
    /// From when; now, if it is not there.
    pub starts_at: Option<String>,
    /// Until when.
    pub ends_at: String,
}

impl SilenceBody {
    /// Reads one; the error is a sentence about the JSON.
    pub fn parse(body: &[u8]) -> Result<SilenceBody, String> {
        serde_json::from_slice(body).map_err(|e| e.to_string())
    }
}

#[derive(Serialize)]
struct SilenceView<'a> {
    id: &'a str,
    matchers: BTreeMap<&'a str, Vec<&'a str>>,
    author: &'a str,
    reason: &'a str,
    starts_at: Time,
    ends_at: Time,
    state: &'static str,
}

impl<'a> SilenceView<'a> {
    fn new(s: &'a Silence, now: Timestamp) -> SilenceView<'a> {
        let state = match () {
            () if s.is_active(now) => "active",
            () if now < s.starts => "pending",
            () => "expired",
        };
        let matchers = s.matchers.0.iter().map(|(label, values)| (label.as_str(), values.iter().map(String::as_str).collect()));
        SilenceView {
            id: &s.id,
            matchers: matchers.collect(),
            author: &s.author,
            reason: &s.reason,
            starts_at: Time(s.starts),
            ends_at: Time(s.ends),
            state,
        }
    }
}

/// One silence as it stands at `now`.
pub fn silence_json(silence: &Silence, now: Timestamp) -> String {
    json(&SilenceView::new(silence, now))
}

/// `GET /v1/silences`.
pub fn silences_json(silences: &[Silence], now: Timestamp) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        silences: Vec<SilenceView<'a>>,
    }
    json(&View { silences: silences.iter().map(|s| SilenceView::new(s, now)).collect() })
}

/// `GET /v1/alerts/{id}/why`.
pub fn why_json(id: &str, decisions: &[Decision]) -> String {
    #[derive(Serialize)]
    struct One<'a> {
        at: Time,
        seq: u64,
        notifier: Option<&'a str>,
        code: &'static str,
        text: BothView<'a>,
    }
    #[derive(Serialize)]
    struct View<'a> {
        id: &'a str,
        decisions: Vec<One<'a>>,
    }
    let texts: Vec<_> = decisions.iter().map(|d| d.what.text()).collect();
    let one = |(d, text)| {
        let d: &Decision = d;
        One { at: Time(d.at), seq: d.seq, notifier: d.notifier.as_deref(), code: d.what.code(), text: BothView::from(text) }
    };
    json(&View { id, decisions: decisions.iter().zip(&texts).map(one).collect() })
}

/// One notification that waits or was given up.
pub struct LetterView<'a> {
    /// Its number.
    pub id: u64,
    /// Name of the notifier.
    pub notifier: &'a str,
    /// What is to be told.
    pub order: &'a Order,
    /// It was given up.
    pub is_dead: bool,
    /// Tries so far.
    pub tries: u32,
    /// What went wrong last.
    pub why: &'a str,
    /// When it was given up.
    pub died: Option<Timestamp>,
}

/// How one target stands.
pub struct NotifierView<'a> {
    /// Name of the notifier.
    pub notifier: &'a str,
    /// Notifications that wait.
    pub waiting: usize,
    /// How long the oldest has been waiting.
    pub oldest: Option<Duration>,
    /// Why it is not tried any more.
    pub disabled: Option<&'a str>,
}

/// `GET /v1/deliveries`.
pub fn deliveries_json(letters: &[LetterView<'_>], targets: &[NotifierView<'_>]) -> String {
    #[derive(Serialize)]
    struct Letter<'a> {
        id: String,
        notifier: &'a str,
        alert: &'a str,
        seq: u64,
        cause: &'static str,
        key: &'a str,
        status: &'static str,
        tries: u32,
        error: Option<&'a str>,
        died_at: Option<Time>,
    }
    #[derive(Serialize)]
    struct Target<'a> {
        name: &'a str,
        waiting: usize,
        oldest_seconds: Option<f64>,
        disabled: Option<&'a str>,
    }
    let letter = |l: &LetterView<'_>| {
        json(&Letter {
            id: l.id.to_string(),
            notifier: l.notifier,
            alert: &l.order.alert.id,
            seq: l.order.seq,
            cause: l.order.cause.as_str(),
            key: &l.order.key,
            status: if l.is_dead { "dead" } else { "waiting" },
            tries: l.tries,
            error: given(l.why),
            died_at: l.died.map(Time),
        })
    };
    let target = |t: &NotifierView<'_>| {
        json(&Target { name: t.notifier, waiting: t.waiting, oldest_seconds: t.oldest.map(|d| d.as_secs_f64()), disabled: t.disabled })
    };
    let list = |all: Vec<String>| all.join(",");
    let (letters, targets) = (letters.iter().map(letter).collect(), targets.iter().map(target).collect());
    format!("{{\"deliveries\":[{}],\"notifiers\":[{}]}}", list(letters), list(targets))
}
