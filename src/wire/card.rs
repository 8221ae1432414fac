//! What stands beside a customer's matter: who the customer is, and how the team deals with it; and what agents did
//! with all matters.

use std::sync::Arc;

use serde::Serialize;

use super::incident::{ActView, CodedView, Id, hundredths, scenarios};
use super::{BothView, Time, json};
use crate::figures::influence;
use crate::incident::{Act, Field, Incident};
use crate::playbook::{Playbook, fill, length, limit};
use crate::time::Timestamp;

/// A customer, as far as what they wrote is kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// Other matters that are open, the latest first, and how many there are.
    pub open: (Vec<Incident>, usize),
    /// Other matters that are over, in the same way.
    pub past: (Vec<Incident>, usize),
    /// The most followers they were seen to have.
    pub followers: Option<u32>,
    /// How their last post sounds, in hundredths, and when it was.
    pub last_tone: Option<(i8, Timestamp)>,
}

#[derive(Serialize)]
struct BriefView<'a> {
    id: Id,
    brand: &'a str,
    state: &'static str,
    section: Option<&'a str>,
    opened_at: Time,
    waiting_since: Option<Time>,
}

impl<'a> From<&'a Incident> for BriefView<'a> {
    fn from(i: &'a Incident) -> Self {
        let state = i.state();
        BriefView {
            id: Id(i.key()),
            brand: &i.brand,
            state: state.as_str(),
            section: i.tag(Field::Section),
            opened_at: Time(i.opened_at),
            waiting_since: i.waiting_since.filter(|_| state.waits_for_us()).map(Time),
        }
    }
}

#[derive(Serialize)]
pub(super) struct PersonView<'a> {
    open: Vec<BriefView<'a>>,
    open_total: usize,
    past: Vec<BriefView<'a>>,
    past_total: usize,
    followers: Option<u32>,
    influence: Option<f64>,
    last_tone: Option<f64>,
    last_tone_at: Option<Time>,
}

impl<'a> From<&'a Person> for PersonView<'a> {
    fn from(person: &'a Person) -> Self {
        PersonView {
            open: person.open.0.iter().map(BriefView::from).collect(),
            open_total: person.open.1,
            past: person.past.0.iter().map(BriefView::from).collect(),
            past_total: person.past.1,
            followers: person.followers,
            influence: person.followers.map(|followers| hundredths(influence(followers))),
            last_tone: person.last_tone.map(|(tone, _)| f64::from(tone) / 100.0),
            last_tone_at: person.last_tone.map(|(_, at)| Time(at)),
        }
    }
}

#[derive(Serialize)]
struct TemplateView {
    lang: &'static str,
    text: String,
    length: usize,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct PlaybookView<'a> {
    name: &'a str,
    steps: Vec<BothView<'a>>,
    templates: Vec<TemplateView>,
}

impl<'a> PlaybookView<'a> {
    /// For this matter, as this agent would send it.
    pub(super) fn of(playbook: &'a Playbook, incident: &Incident, agent: &str) -> PlaybookView<'a> {
        let template = |template: &crate::playbook::Template| {
            let text = fill(&template.text, &incident.handle, agent);
            let length = length(&incident.network, &text);
            TemplateView { lang: template.lang.pick("es", "en"), text, length, limit: limit(&incident.network).map(|l| l.most) }
        };
        PlaybookView {
            name: &playbook.name,
            steps: playbook.steps.iter().map(BothView::from).collect(),
            templates: playbook.templates.iter().map(template).collect(),
        }
    }
}

/// Something that an agent did, and with which matter, if that is still known.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// What.
    pub act: Act,
    /// With which matter.
    pub incident: Option<Arc<Incident>>,
}

/// `GET /v1/acts`: the latest first, how many there are in all, and what the scenarios are called.
pub fn acts_json(now: Timestamp, acts: &[Done], total: usize) -> String {
    #[derive(Serialize)]
    struct DoneView<'a> {
        incident: Option<Id>,
        brand: &'a str,
        network: Option<&'a str>,
        handle: Option<&'a str>,
        #[serde(flatten)]
        act: ActView<'a>,
    }
    #[derive(Serialize)]
    struct View<'a> {
        at: Time,
        acts: Vec<DoneView<'a>>,
        total: usize,
        scenarios: Vec<CodedView<'a>>,
    }
    let scenarios = scenarios();
    let done = acts.iter().map(|Done { act, incident }| DoneView {
        incident: incident.as_ref().map(|i| Id(i.key())),
        brand: &act.brand,
        network: incident.as_ref().map(|i| &*i.network),
        handle: incident.as_ref().map(|i| &*i.handle),
        act: act.into(),
    });
    json(&View { at: Time(now), acts: done.collect(), total, scenarios: CodedView::all(&scenarios) })
}
