//! Every shape that leaves or enters as JSON; the only place that knows how JSON looks.
//!
//! Keys are always present: what is unknown, or not computed, is `null`. Times are RFC 3339 in UTC,
//! priorities are points from 0 to 100.

mod api;
mod backtest;
mod card;
mod csv;
mod delivery;
mod incident;
mod parquet;
mod post;
mod query;
mod report;
mod share;
mod stored;
mod stream;
mod table;

pub use api::{
    Asks, ChangedView, FaultView, IngestAnswer, ProblemView, QueriesView, ReadyView, RefusedLine, TopicView, alerts_json, erased_json,
    mentions_json, parse_erasure, parse_log_level, parse_session, put_json, series_json, topics_json, wall_json, week_json,
};
pub use backtest::{BacktestView, ChoiceView, ChoicesView, TargetView, backtest_json};
pub use card::{Done, Person, acts_json};
pub use csv::{CSV_HEADER, csv_row};
pub use delivery::{
    LetterView, NotifierView, SilenceBody, acknowledged_json, deliveries_json, parse_note, silence_json, silences_json, why_json,
};
pub use incident::{
    ActBody, CaseView, IncidentsView, ThreadPost, acted_json, case_json, change_json, forgotten_change, incident_frame, incident_id,
    incidents_json,
};
pub use parquet::parquet;
pub use post::PostView;
pub use query::{Asked, LeafView, Mode, QueryProblem, QueryView, SampleView, TriedView, parse_asked, query_json, tried_json};
pub use report::{report_as, report_csv, report_json};
pub use share::{ShareAsked, share_csv, share_json};
pub use stored::{ended_json, replaced_json};
pub use stream::{
    HelloView, ReconnectView, SourceView, Subscribe, alert_json, deleted_json, error_json, gap_json, hello_json, mention_json,
    sources_json, status_json, subscribed_json, windows_json, with_dropped,
};
pub use table::{Row, table_header};

use serde::{Serialize, Serializer};

use crate::bilingual::Both;
use crate::time::Timestamp;
use crate::window::Tallied;

/// An instant as RFC 3339.
#[derive(Debug, Clone, Copy)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

/// A text in both languages.
#[derive(Serialize)]
struct BothView<'a> {
    es: &'a str,
    en: &'a str,
}

impl<'a> From<&'a Both> for BothView<'a> {
    fn from(b: &'a Both) -> Self {
        BothView { es: &b.es, en: &b.en }
    }
}

/// Counts of one window.
#[derive(Serialize)]
pub(crate) struct TalliedView {
    mentions: u64,
    reposts: u64,
    authors: u64,
}

impl From<&Tallied> for TalliedView {
    fn from(t: &Tallied) -> Self {
        TalliedView { mentions: t.mentions, reposts: t.reposts, authors: t.authors }
    }
}

/// Pairs as one JSON object, in their order.
struct Pairs<I>(I);

impl<K: Serialize, V: Serialize, I: Iterator<Item = (K, V)> + Clone> Serialize for Pairs<I> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.clone())
    }
}

/// `value` as JSON text. The shapes of this module have string keys only and cannot fail.
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| String::from("null"))
}

/// `None` for an empty string.
fn given(s: &str) -> Option<&str> {
    (!s.is_empty()).then_some(s)
}
