//! Queries as the API and the command line tell of them.

use serde::{Deserialize, Serialize};

use super::api::FaultView;
use super::{PostView, Time, json};
use crate::bilingual::Lang;
use crate::eql::{self, Parsed, Problem};
use crate::matching;
use crate::query::Accents;
use crate::recall::Tried;
use crate::time::Timestamp;

/// The name of an accent mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// See [`Accents::Fold`].
    #[default]
    Fold,
    /// See [`Accents::Smart`].
    Smart,
    /// See [`Accents::Exact`].
    Exact,
}

impl From<Mode> for Accents {
    fn from(mode: Mode) -> Accents {
        match mode {
            Mode::Fold => Accents::Fold,
            Mode::Smart => Accents::Smart,
            Mode::Exact => Accents::Exact,
        }
    }
}

impl From<Accents> for Mode {
    fn from(accents: Accents) -> Mode {
        match accents {
            Accents::Fold => Mode::Fold,
            Accents::Smart => Mode::Smart,
            Accents::Exact => Mode::Exact,
        }
    }
}

/// A body of `POST /v1/query/check` and `POST /v1/query/try`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The query.
    pub query: String,
    /// How its words are compared.
    #[serde(default)]
    pub accents: Mode,
    /// Some warnings are errors.
    #[serde(default)]
    pub strict: bool,
    /// Whether the text of a quoted post is matched too.
    #[serde(default)]
    pub quoted: bool,
    /// Whether `all:posts` is permitted.
    #[serde(default)]
    pub all: bool,
    /// What the client calls it by; handed back.
    #[serde(default)]
    pub tag: String,
    /// Minutes of the past to look at.
    pub minutes: Option<u64>,
    /// Posts to show.
    pub samples: Option<usize>,
}

/// Reads such a body.
///
/// # Errors
/// What is wrong with it.
pub fn parse_asked(body: &[u8]) -> Result<Asked, String> {
    serde_json::from_slice(body).map_err(|e| e.to_string())
}

/// One error or warning of a query.
#[derive(Serialize)]
pub struct QueryProblem<'a> {
    code: &'static str,
    /// Code points of the query as typed, half-open.
    start: u32,
    end: u32,
    cause: &'a str,
    fix: &'a str,
}

impl<'a> QueryProblem<'a> {
    /// The problem in `lang`.
    pub fn new(p: &'a Problem, lang: Lang) -> QueryProblem<'a> {
        QueryProblem { code: p.code.as_str(), start: p.span.start, end: p.span.end, cause: p.cause.get(lang), fix: p.fix.get(lang) }
    }
}

/// What reading a query gave.
#[derive(Serialize)]
pub struct QueryView<'a> {
    normalised: Option<&'a str>,
    warnings: Vec<QueryProblem<'a>>,
    errors: Vec<QueryProblem<'a>>,
    anchors: Vec<String>,
    cost: Option<u64>,
    accents: Mode,
    dialect: Option<&'static str>,
}

impl<'a> QueryView<'a> {
    /// The answer in `lang`.
    pub fn new(parsed: &'a Parsed, accents: Accents, lang: Lang) -> QueryView<'a> {
        let problems = |errors: bool| parsed.problems.iter().filter(|p| p.is_error == errors).map(|p| QueryProblem::new(p, lang)).collect();
        let plan = parsed.query.as_ref().map(|query| (query, matching::plan(query)));
        let anchors = plan.iter().flat_map(|(query, plan)| {
            let leaves = plan.anchors.iter().flatten().filter_map(|i| query.leaves.get(*i));
            leaves.map(|l| eql::term_text(&l.term))
        });
        QueryView {
            normalised: parsed.query.is_some().then_some(&parsed.normal),
            warnings: problems(false),
            errors: problems(true),
            anchors: anchors.collect(),
            // Of how many in a million posts it must be looked at more closely: an estimate.
            cost: plan.as_ref().map(|(_, plan)| (plan.cost * 1e6).round() as u64),
            accents: accents.into(),
            dialect: None,
        }
    }
}

/// `POST /v1/query/check`.
pub fn query_json(view: &QueryView<'_>) -> String {
    json(view)
}

/// One place where a leaf stands.
#[derive(Debug, Serialize)]
pub struct LeafView {
    /// What stands there.
    pub text: String,
    /// First code point in the post's text.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// What the leaf looks for.
    pub term: String,
}

/// One post that a query matches.
#[derive(Serialize)]
pub struct SampleView<'a> {
    /// The post.
    pub post: PostView<'a>,
    /// Why.
    pub leaves: Vec<LeafView>,
}

#[derive(Serialize)]
struct HourView {
    hour: Time,
    posts: u64,
    matched: u64,
}

/// What a try gave.
#[derive(Serialize)]
pub struct TriedView<'a> {
    tag: Option<&'a str>,
    normalised: &'a str,
    from: Option<Time>,
    to: Option<Time>,
    complete: bool,
    posts: u64,
    matched: u64,
    per_hour: Vec<HourView>,
    samples: Vec<SampleView<'a>>,
    warnings: Vec<FaultView<'a>>,
}

impl<'a> TriedView<'a> {
    /// The answer.
    pub fn new(
        tag: &'a str,
        normalised: &'a str,
        tried: &Tried,
        samples: Vec<SampleView<'a>>,
        warnings: Vec<FaultView<'a>>,
    ) -> TriedView<'a> {
        let hour = |(hour, of): (&Timestamp, &crate::recall::Hour)| HourView { hour: Time(*hour), posts: of.posts, matched: of.matched };
        TriedView {
            tag: super::given(tag),
            normalised,
            from: tried.seen.map(|(from, _)| Time(from)),
            to: tried.seen.map(|(_, to)| Time(to)),
            complete: tried.complete,
            posts: tried.posts,
            matched: tried.matched,
            per_hour: tried.hours.iter().map(hour).collect(),
            samples,
            warnings,
        }
    }
}

/// `POST /v1/query/try`.
pub fn tried_json(view: &TriedView<'_>) -> String {
    json(view)
}
