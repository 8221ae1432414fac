//! Customers' matters: as the streams tell of them, and as the API shows them.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::card::{Person, PersonView, PlaybookView};
use super::{BothView, Time, given, json};
use crate::bilingual::Both;
use crate::contact::Intent;
use crate::incident::advice::{self, SCENARIOS};
use crate::incident::{Act, Answer, Change, Closing, Deed, Field, Incident, IncidentKey, Note, Tags, Why};
use crate::playbook::Playbook;
use crate::post::PostKey;
use crate::time::{SECOND, Timestamp};
use crate::topic::Role;

/// Identity of a matter: 16 hexadecimal digits.
pub(super) struct Id(pub(super) IncidentKey);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:016x}", self.0.0))
    }
}

/// The matter whose identity is written so.
pub fn incident_id(text: &str) -> Option<IncidentKey> {
    let is_hex = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then(|| u64::from_str_radix(text, 16).ok().map(IncidentKey)).flatten()
}

#[derive(Serialize)]
struct AnswerView<'a> {
    since: Time,
    at: Time,
    seconds: i64,
    agent: Option<&'a str>,
}

impl<'a> From<&'a Answer> for AnswerView<'a> {
    fn from(a: &'a Answer) -> Self {
        AnswerView { since: Time(a.since), at: Time(a.at), seconds: a.took() / SECOND, agent: a.agent.as_deref() }
    }
}

#[derive(Serialize)]
struct ClosingView<'a> {
    at: Time,
    end: &'static str,
    scenario: Option<&'a str>,
    settled_at: Time,
}

impl<'a> From<&'a Closing> for ClosingView<'a> {
    fn from(c: &'a Closing) -> Self {
        ClosingView { at: Time(c.at), end: c.end.as_str(), scenario: c.scenario.as_deref(), settled_at: Time(c.settled_at) }
    }
}

#[derive(Serialize)]
struct TagsView<'a> {
    typology: Option<&'a str>,
    category: Option<&'a str>,
    subcategory: Option<&'a str>,
    section: Option<&'a str>,
}

impl<'a> TagsView<'a> {
    /// What holds.
    fn of(incident: &'a Incident) -> TagsView<'a> {
        TagsView {
            typology: incident.tag(Field::Typology),
            category: incident.tag(Field::Category),
            subcategory: incident.tag(Field::Subcategory),
            section: incident.tag(Field::Section),
        }
    }
}

impl<'a> From<&'a Tags> for TagsView<'a> {
    fn from(t: &'a Tags) -> Self {
        TagsView {
            typology: t.typology.as_deref(),
            category: t.category.as_deref(),
            subcategory: t.subcategory.as_deref(),
            section: t.section.as_deref(),
        }
    }
}

/// A matter without any text of a post or a note.
#[derive(Serialize)]
struct IncidentView<'a> {
    id: Id,
    brand: &'a str,
    network: &'a str,
    post_id: &'a str,
    handle: &'a str,
    followers: Option<u32>,
    state: &'static str,
    open: bool,
    origin: &'static str,
    cause: &'static str,
    bystander: bool,
    opened_at: Time,
    last_activity: Time,
    waiting_since: Option<Time>,
    deadline: Option<Time>,
    first_answer: Option<AnswerView<'a>>,
    next_answers: usize,
    customer_posts: u32,
    our_posts: u32,
    our_turns: u32,
    settled_at: Option<Time>,
    closing: Option<ClosingView<'a>>,
    closings: usize,
    reopened: usize,
    relinked: u32,
    previous: Option<Id>,
    merged_into: Option<Id>,
    #[serde(flatten)]
    tags: TagsView<'a>,
    said: TagsView<'a>,
    intent: Option<&'static str>,
    blocked: bool,
    role: Option<&'static str>,
    tone_before: Option<f64>,
    tone_after: Option<f64>,
    assignee: Option<&'a str>,
    agents: Vec<&'a str>,
    signed_posts: u32,
    notes: usize,
    contact_privately: Option<Time>,
    private_posts: u32,
    private_notices: u32,
    promised_at: Option<Time>,
}

pub(super) fn hundredths(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

impl<'a> From<&'a Incident> for IncidentView<'a> {
    fn from(i: &'a Incident) -> Self {
        let of = |opening: PostKey| Id(IncidentKey::of(&i.brand, opening));
        let state = i.state();
        IncidentView {
            id: Id(i.key()),
            brand: &i.brand,
            network: &i.network,
            post_id: &i.post_id,
            handle: &i.handle,
            followers: i.followers,
            state: state.as_str(),
            open: state.is_open(),
            origin: i.origin().as_str(),
            cause: i.cause.as_str(),
            bystander: i.bystander,
            opened_at: Time(i.opened_at),
            last_activity: Time(i.last_activity),
            waiting_since: i.waiting_since.filter(|_| state.waits_for_us()).map(Time),
            deadline: i.deadline().filter(|_| state.is_open()).map(Time),
            first_answer: i.first_answer.as_ref().map(AnswerView::from),
            next_answers: i.next_answers.len(),
            customer_posts: i.customer_posts,
            our_posts: i.our_posts,
            our_turns: i.our_turns,
            settled_at: i.settled_at.map(Time),
            closing: i.closing().map(ClosingView::from),
            closings: i.closings.len(),
            reopened: i.reopenings.len(),
            relinked: i.relinked,
            previous: i.previous.map(of),
            merged_into: i.merged_into.map(of),
            tags: TagsView::of(i),
            said: (&i.said).into(),
            intent: (i.intent != Intent::Other).then(|| i.intent.as_str()),
            blocked: i.blocked,
            role: i.role.map(|role| match role {
                Role::Broadcast => "broadcast",
                Role::Service => "service",
            }),
            tone_before: i.before.mean().map(hundredths),
            tone_after: i.after.mean().map(hundredths),
            assignee: i.assignee.as_deref(),
            agents: i.agents.keys().map(|a| &**a).collect(),
            signed_posts: i.signed_posts,
            notes: i.notes.len(),
            contact_privately: i.contact_privately.map(Time),
            private_posts: i.private_posts.0,
            private_notices: i.private_posts.1,
            promised_at: i.promised_at.map(Time),
        }
    }
}

/// The members of the stream's object behind its number: of a matter that is gone nothing but that.
pub fn change_json(change: &Change) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        id: Id,
        version: u64,
        why: &'static str,
        actor: Option<&'a str>,
        at: Time,
        incident: Option<IncidentView<'a>>,
    }
    json(&View {
        id: Id(change.incident.key()),
        version: change.version,
        why: change.why.as_str(),
        actor: change.actor.as_deref(),
        at: Time(change.at),
        incident: (change.why != Why::Gone).then(|| (&*change.incident).into()),
    })
}

/// A change that was told of a matter that is gone since: what it was is told no more. `body` is a change as
/// [`change_json`] writes it.
pub fn forgotten_change(body: &str) -> String {
    let mut change: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    change["incident"] = serde_json::Value::Null;
    change.to_string()
}

/// The object of the streams: `body` is a change as [`change_json`] writes it.
pub fn incident_frame(seq: u64, body: &str) -> String {
    format!("{{\"type\":\"incident\",\"seq\":{seq},{}", body.strip_prefix('{').unwrap_or(body))
}

/// A matter with its version, its urgency, and whether a supervisor looks at it.
#[derive(Serialize)]
struct RankedView<'a> {
    version: u64,
    priority: u32,
    sampled: bool,
    #[serde(flatten)]
    incident: IncidentView<'a>,
}

impl<'a> RankedView<'a> {
    fn at(now: Timestamp, sample: u8, (incident, version): (&'a Incident, u64)) -> RankedView<'a> {
        RankedView { version, priority: incident.urgency(now), sampled: incident.is_sampled(sample), incident: incident.into() }
    }
}

/// A matter with its version and its urgency at `now`, as the API shows it in a list.
pub(super) fn ranked(now: Timestamp, sample: u8, incident: (&Incident, u64)) -> serde_json::Value {
    serde_json::to_value(RankedView::at(now, sample, incident)).unwrap_or_default()
}

/// One page of matters.
pub struct IncidentsView<'a> {
    /// This life of the engine, and the number up to which its stream is in what is shown.
    pub epoch: &'a str,
    /// That number.
    pub seq: u64,
    /// The present moment of event time.
    pub now: Timestamp,
    /// Of a hundred matters so many are looked at by a supervisor.
    pub sample: u8,
    /// Matters with their versions.
    pub incidents: &'a [(Arc<Incident>, u64)],
    /// How many there are on all pages.
    pub total: usize,
    /// Where the next page starts.
    pub next: Option<String>,
}

/// `GET /v1/incidents`.
pub fn incidents_json(page: &IncidentsView<'_>) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        epoch: &'a str,
        seq: u64,
        at: Time,
        sample: u8,
        incidents: Vec<RankedView<'a>>,
        total: usize,
        next: Option<&'a str>,
    }
    json(&View {
        epoch: page.epoch,
        seq: page.seq,
        at: Time(page.now),
        sample: page.sample,
        incidents: page.incidents.iter().map(|(i, version)| RankedView::at(page.now, page.sample, (i, *version))).collect(),
        total: page.total,
        next: page.next.as_deref(),
    })
}

/// One post of a matter.
pub struct ThreadPost<'a> {
    /// Its network.
    pub network: &'a str,
    /// Its id there.
    pub id: &'a str,
    /// Its own time.
    pub at: Timestamp,
    /// Who wrote it.
    pub handle: &'a str,
    /// An account of a brand did.
    pub own: bool,
    /// It moves the matter; else it is only shown.
    pub moves: bool,
    /// Who signed it.
    pub agent: Option<&'a str>,
    /// Its text: by strangers.
    pub text: &'a str,
    /// Where to read it.
    pub url: &'a str,
}

/// All of one matter.
pub struct CaseView<'a> {
    /// The present moment of event time.
    pub now: Timestamp,
    /// The matter and its version.
    pub incident: (&'a Incident, u64),
    /// Its posts.
    pub posts: Vec<ThreadPost<'a>>,
    /// What agents did.
    pub acts: &'a [Act],
    /// Of a hundred matters so many are looked at by a supervisor.
    pub sample: u8,
    /// What the team does with a matter of its kind.
    pub playbook: Option<&'a Playbook>,
    /// Who asks, and would answer.
    pub agent: &'a str,
    /// Who the customer is.
    pub person: &'a Person,
}

#[derive(Serialize)]
struct PostView<'a> {
    network: &'a str,
    id: &'a str,
    at: Time,
    handle: &'a str,
    own: bool,
    part: &'static str,
    agent: Option<&'a str>,
    text: &'a str,
    url: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct ActView<'a> {
    at: Time,
    by: &'a str,
    r#do: &'static str,
    to: Option<&'a str>,
    field: Option<&'static str>,
    value: Option<&'a str>,
    text: Option<&'a str>,
    scenario: Option<&'a str>,
    into: Option<Id>,
}

impl<'a> From<&'a Act> for ActView<'a> {
    fn from(act: &'a Act) -> Self {
        let (at, by) = (Time(act.at), &*act.by);
        let mut view = ActView { at, by, r#do: "", to: None, field: None, value: None, text: None, scenario: None, into: None };
        match &act.deed {
            Deed::Assign(None) => view.r#do = "release",
            Deed::Assign(Some(to)) => (view.r#do, view.to) = ("assign", Some(&**to)),
            Deed::Tag(field, value) => (view.r#do, view.field, view.value) = ("tag", Some(field.as_str()), value.as_deref()),
            Deed::Note(text) => (view.r#do, view.text) = ("note", Some(&**text)),
            Deed::Resolve(scenario) => (view.r#do, view.scenario) = ("resolve", Some(&**scenario)),
            Deed::Reopen => view.r#do = "reopen",
            Deed::Merge(into) => (view.r#do, view.into) = ("merge", Some(Id(IncidentKey::of(&act.brand, *into)))),
            Deed::Part => view.r#do = "part",
        }
        view
    }
}

#[derive(Serialize)]
struct NoteView<'a> {
    at: Time,
    by: &'a str,
    text: &'a str,
}

impl<'a> From<&'a Note> for NoteView<'a> {
    fn from(n: &'a Note) -> Self {
        NoteView { at: Time(n.at), by: &n.by, text: &n.text }
    }
}

#[derive(Serialize)]
pub(super) struct CodedView<'a> {
    code: &'a str,
    text: BothView<'a>,
}

impl<'a> CodedView<'a> {
    pub(super) fn all(named: &'a [(&str, Both)]) -> Vec<CodedView<'a>> {
        named.iter().map(|(code, text)| CodedView { code, text: text.into() }).collect()
    }
}

/// How a matter can be resolved.
pub(super) fn scenarios() -> Vec<(&'static str, Both)> {
    SCENARIOS.iter().filter_map(|code| Some((*code, advice::scenario(code)?))).collect()
}

/// `GET /v1/incidents/{id}`.
pub fn case_json(case: &CaseView<'_>) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        at: Time,
        incident: RankedView<'a>,
        posts: Vec<PostView<'a>>,
        acts: Vec<ActView<'a>>,
        notes: Vec<NoteView<'a>>,
        closings: Vec<ClosingView<'a>>,
        answers: Vec<AnswerView<'a>>,
        suggestions: Vec<CodedView<'a>>,
        playbook: Option<PlaybookView<'a>>,
        person: PersonView<'a>,
        scenarios: Vec<CodedView<'a>>,
    }
    let incident = case.incident.0;
    let posts = case.posts.iter().map(|p| PostView {
        network: p.network,
        id: p.id,
        at: Time(p.at),
        handle: p.handle,
        own: p.own,
        part: if p.moves { "moves" } else { "shown" },
        agent: p.agent,
        text: p.text,
        url: given(p.url),
    });
    let suggestions = incident.suggestions(case.now);
    let scenarios = scenarios();
    json(&View {
        at: Time(case.now),
        incident: RankedView::at(case.now, case.sample, case.incident),
        posts: posts.collect(),
        acts: case.acts.iter().map(ActView::from).collect(),
        notes: incident.notes.iter().map(NoteView::from).collect(),
        closings: incident.closings.iter().map(ClosingView::from).collect(),
        answers: incident.first_answer.iter().chain(&incident.next_answers).map(AnswerView::from).collect(),
        suggestions: suggestions.iter().map(|s| CodedView { code: s.code, text: (&s.text).into() }).collect(),
        playbook: case.playbook.map(|playbook| PlaybookView::of(playbook, incident, case.agent)),
        person: case.person.into(),
        scenarios: CodedView::all(&scenarios),
    })
}

/// The answer of `POST /v1/incidents/{id}/acts`.
pub fn acted_json(now: Timestamp, sample: u8, incident: (&Incident, u64)) -> String {
    #[derive(Serialize)]
    struct View<'a> {
        version: u64,
        incident: RankedView<'a>,
    }
    json(&View { version: incident.1, incident: RankedView::at(now, sample, incident) })
}

/// The body of `POST /v1/incidents/{id}/acts` as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActBody {
    /// As the agent saw it.
    pub version: Option<u64>,
    /// What.
    pub r#do: Option<String>,
    /// Whom to assign it to; the agent, if it is not there.
    pub to: Option<String>,
    /// Which tag.
    pub field: Option<String>,
    /// What it says from now on; nothing takes back what an agent said.
    pub value: Option<String>,
    /// A note.
    pub text: Option<String>,
    /// How it was resolved.
    pub scenario: Option<String>,
    /// Of which matter it is a part.
    pub into: Option<String>,
}

impl ActBody {
    /// Reads one; the error is a sentence about the JSON.
    pub fn parse(body: &[u8]) -> Result<ActBody, String> {
        serde_json::from_slice(body).map_err(|e| e.to_string())
    }
}
