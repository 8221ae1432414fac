//! Customers' matters: what waits, one of them with all that passed, and what agents do with them.

use std::collections::BinaryHeap;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;

use super::acts::person;
use super::api::{Given, params};
use super::auth::Holder;
use super::page::json;
use super::{App, Code, Fault, Problem, ingest, readers, subscription};
use crate::bilingual::Both;
use crate::incident::advice::SCENARIOS;
use crate::incident::{Act, Deed, Field, Incident, IncidentKey, Refusal, State as Stands};
use crate::incidents::Part;
use crate::limits;
use crate::playbook;
use crate::post::PostKey;
use crate::report::Plan;
use crate::tally::{Order, Tally};
use crate::time::Timestamp;
use crate::utterance::Utterance;
use crate::wire::{self, ActBody, CaseView, IncidentsView, Person, ThreadPost};

/// Matters of one page at most, and if the client does not say.
const PAGE: usize = 1000;
const USUAL: usize = 100;

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Priority,
    Age,
}

/// Where a matter stands in the order; what comes first is least.
type Rank = (i64, i64, u64);

/// What the client asks for.
#[derive(Debug, Clone)]
struct Wanted {
    /// One, or else those that are ours: competitors are compared, not queued.
    brands: Vec<String>,
    state: Option<Stands>,
    open: Option<bool>,
    /// An empty name is nobody.
    assignee: Option<String>,
    section: Option<String>,
    /// What a supervisor looks at, or all the rest; of a hundred so many.
    sampled: Option<bool>,
    sample: u8,
    sort: Sort,
    limit: usize,
    /// Where the page before ended, and as of when it was ranked.
    after: Option<(Timestamp, Rank)>,
}

impl Wanted {
    fn has(&self, incident: &Incident) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|w| w == found.unwrap_or_default());
        let state = incident.state();
        self.open.is_none_or(|open| open == state.is_open())
            && self.state.is_none_or(|wanted| wanted == state)
            && self.sampled.is_none_or(|wanted| wanted == incident.is_sampled(self.sample))
            && self.brands.iter().any(|brand| **brand == *incident.brand)
            && is(&self.assignee, incident.assignee.as_deref())
            && is(&self.section, incident.tag(Field::Section))
    }

    /// Those who wait for us come first, the longest waiting before the others; of the rest the latest.
    fn rank(&self, incident: &Incident, now: Timestamp) -> Rank {
        let waiting = incident.waiting_since.filter(|_| incident.state().waits_for_us());
        let age = waiting.map_or(i64::MAX.saturating_sub(incident.last_activity.0), |since| since.0);
        let first = match self.sort {
            Sort::Priority => -i64::from(incident.urgency(now)),
            Sort::Age => i64::from(waiting.is_none()),
        };
        (first, age, incident.key().0)
    }
}

/// Some of the matters, in order.
struct Found {
    now: Timestamp,
    incidents: Vec<(Arc<Incident>, u64)>,
    total: usize,
    next: Option<Rank>,
}

/// `GET /v1/incidents?brand&state&open&assignee&section&sample&sort&limit&cursor`.
pub async fn list(State(app): State<App>, given: Given) -> Result<Response, Problem> {
    let sample = app.shared.plan.load().sample;
    let mut wanted = Wanted { sample, ..wanted(given)? };
    if wanted.brands.is_empty() {
        let compiled = app.shared.intake.compiled();
        wanted.brands = compiled.listening.brands.iter().filter(|b| b.own).map(|b| b.name.clone()).collect();
    }
    // Asked before: what the stream tells behind it is in no page yet, or comes a second time.
    let seq = app.shared.feed.head();
    let found = readers::ask(&app, move |tally| find(tally, &wanted)).await?;
    let next = found.next.map(|rank| cursor(found.now, rank));
    let Found { now, incidents, total, .. } = found;
    Ok(json(wire::incidents_json(&IncidentsView { epoch: app.shared.feed.epoch(), seq, now, sample, incidents: &incidents, total, next })))
}

/// Runs on the tally's thread: ranks all that are wanted, and copies out one page of them.
fn find(tally: &Tally, wanted: &Wanted) -> Found {
    let now = wanted.after.map_or(tally.now(), |(now, _)| now);
    let mut least: BinaryHeap<Rank> = BinaryHeap::new();
    let (mut total, mut more) = (0, false);
    for (incident, _) in tally.incidents().all().filter(|(incident, _)| wanted.has(incident)) {
        total += 1;
        let rank = wanted.rank(incident, now);
        if wanted.after.is_some_and(|(_, after)| rank <= after) {
            continue;
        }
        least.push(rank);
        if least.len() > wanted.limit {
            least.pop();
            more = true;
        }
    }
    let page = least.into_sorted_vec();
    let told = |rank: &Rank| tally.incidents().told(IncidentKey(rank.2)).map(|(incident, version)| (incident.clone(), version));
    Found { now, incidents: page.iter().filter_map(told).collect(), total, next: page.last().copied().filter(|_| more) }
}

fn wanted(given: Given) -> Result<Wanted, Problem> {
    let (sort, limit, after) = (Sort::Priority, USUAL, None);
    let mut wanted =
        Wanted { brands: Vec::new(), state: None, open: None, assignee: None, section: None, sampled: None, sample: 0, sort, limit, after };
    for (name, value) in params(given)? {
        match name.as_str() {
            "brand" => wanted.brands = vec![value],
            "assignee" => wanted.assignee = Some(value),
            "section" => wanted.section = Some(value),
            "state" => {
                let all = Stands::ALL.map(Stands::as_str).join(", ");
                wanted.state = Some(Stands::named(&value).ok_or_else(|| subscription::bad("state", &value, &all))?);
            }
            "open" => wanted.open = Some(value.parse().map_err(|_| subscription::bad("open", &value, "true, false"))?),
            "sample" => wanted.sampled = Some(value.parse().map_err(|_| subscription::bad("sample", &value, "true, false"))?),
            "sort" => {
                wanted.sort = match value.as_str() {
                    "priority" => Sort::Priority,
                    "age" => Sort::Age,
                    _ => return Err(subscription::bad("sort", &value, "priority, age")),
                }
            }
            "limit" => wanted.limit = subscription::number::<usize>("limit", &value)?.clamp(1, PAGE),
            "cursor" => wanted.after = Some(place(&value).ok_or_else(|| subscription::bad("cursor", &value, "next"))?),
            other => return Err(subscription::unknown(other)),
        }
    }
    Ok(wanted)
}

/// A cursor as the client holds it.
fn cursor(now: Timestamp, (first, age, id): Rank) -> String {
    format!("{}.{first}.{age}.{id:016x}", now.0)
}

fn place(cursor: &str) -> Option<(Timestamp, Rank)> {
    let mut parts = cursor.split('.');
    let mut number = || parts.next()?.parse().ok();
    let (now, first, age) = (Timestamp(number()?), number()?, number()?);
    let id = wire::incident_id(parts.next()?)?;
    parts.next().is_none().then_some((now, (first, age, id.0)))
}

/// There is no such matter.
fn no_incident(id: &str) -> Problem {
    let id: String = id.chars().take(limits::NAME_CHARS).collect();
    Problem::because(Code::NotFound, format!("no se conoce el caso «{id}»"), format!("the incident \"{id}\" is not known"))
}

fn key(id: &str) -> Result<IncidentKey, Problem> {
    wire::incident_id(id).ok_or_else(|| no_incident(id))
}

/// One matter with all that passed, as it leaves the tally's thread.
struct Case {
    now: Timestamp,
    incident: Arc<Incident>,
    version: u64,
    posts: Vec<(Arc<Utterance>, Part)>,
    acts: Vec<Act>,
    person: Person,
}

fn case(tally: &Tally, key: IncidentKey, plan: &Plan) -> Option<Case> {
    let all = tally.incidents();
    let (incident, version) = all.told(key)?;
    let (posts, acts, person) = (all.posts(key), acts(tally, key), person(all, key, plan));
    Some(Case { now: tally.now(), incident: incident.clone(), version, posts, acts, person })
}

/// What agents did with this matter.
fn acts(tally: &Tally, key: IncidentKey) -> Vec<Act> {
    let Some((whose, matter)) = tally.incidents().find(key) else { return Vec::new() };
    let of = |act: &&Act| {
        let is_here = |post: &PostKey| matter.posts.iter().any(|(p, _)| p.key == *post);
        act.brand == matter.incident.brand && act.posts.iter().any(is_here)
    };
    tally.incidents().acts(whose).iter().filter(of).cloned().collect()
}

/// `GET /v1/incidents/{id}`.
pub async fn one(State(app): State<App>, Extension(holder): Extension<Holder>, Path(id): Path<String>) -> Result<Response, Problem> {
    let key = key(&id)?;
    let plan = app.shared.plan.load_full();
    let asked = Arc::clone(&plan);
    let found = readers::ask(&app, move |tally| case(tally, key, &asked)).await?;
    let Case { now, incident, version, posts, acts, person } = found.ok_or_else(|| no_incident(&id))?;
    let shown = |(post, part): &(Arc<Utterance>, Part)| (Arc::clone(post), *part == Part::Moves);
    let posts: Vec<_> = posts.iter().map(shown).collect();
    let posts = posts.iter().map(|(p, moves)| ThreadPost {
        network: &p.network,
        id: &p.id,
        at: p.at,
        handle: &p.handle,
        own: p.own.is_some(),
        moves: *moves,
        agent: p.says.agent.as_deref(),
        text: &p.text,
        url: &p.url,
    });
    let tokens = app.shared.tokens.load();
    Ok(json(wire::case_json(&CaseView {
        now,
        incident: (&incident, version),
        posts: posts.collect(),
        acts: &acts,
        sample: plan.sample,
        playbook: playbook::choose(&plan.settings.playbooks, &incident),
        agent: holder.name(&tokens),
        person: &person,
    })))
}

/// `POST /v1/incidents/{id}/acts`: whoever holds the token does something with a matter.
pub async fn act(
    State(app): State<App>,
    Extension(holder): Extension<Holder>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let key = key(&id)?;
    if app.shared.store.as_ref().is_some_and(|health| health.problem().is_some()) {
        return Err(undurable());
    }
    let body = ingest::read(&app, body, limits::SMALL_BODY_BYTES).await?;
    let by: Arc<str> = holder.name(&app.shared.tokens.load()).into();
    let malformed = |e: String| Fault::at("", Both::new(format!("JSON mal escrito: {e}"), format!("malformed JSON: {e}")));
    let body = ActBody::parse(&body).map_err(|e| Problem::faults(Code::Act, vec![malformed(e)]))?;
    let (version, asked) = checked(body, &by).map_err(|faults| Problem::faults(Code::Act, faults))?;
    let deed = match asked {
        Asked::Plain(deed) => deed,
        Asked::Merge(into) => {
            let target = readers::ask(&app, move |tally| tally.incidents().told(into).map(|(i, _)| i.opening)).await?;
            Deed::Merge(target.ok_or_else(unmergeable)?)
        }
    };
    let told = app.shared.intake.act(Order { incident: key, version: Some(version), by, deed });
    let told = told.map_err(|_| Problem::because(Code::Unavailable, "el motor se detiene", "the engine is stopping"))?;
    match told.await.map_err(|_| undurable())? {
        Ok(()) => {}
        Err(Refusal::Unknown) => return Err(no_incident(&id)),
        Err(Refusal::NotMergeable) => return Err(unmergeable()),
        Err(Refusal::Changed(_)) => return Err(changed(&app, key, &id).await?),
    }
    let found = readers::ask(&app, move |tally| Some((tally.now(), tally.incidents().told(key).map(|(i, v)| (i.clone(), v))?))).await?;
    let (now, (incident, version)) = found.ok_or_else(|| no_incident(&id))?;
    Ok(json(wire::acted_json(now, app.shared.plan.load().sample, (&incident, version))))
}

/// Nobody can say that it would survive a crash.
fn undurable() -> Problem {
    let problem = Problem::because(
        Code::Unavailable,
        "no se puede garantizar que sobreviva a una caída: mira el caso y vuelve a intentarlo",
        "nobody can say that it would survive a crash: look at the incident and try again",
    );
    problem.retry_after(ingest::RETRY_AFTER)
}

fn unmergeable() -> Problem {
    let cause = Both::new(
        "no se puede unir a ese caso: es el mismo, ya es parte de otro, tiene partes, es de otra marca o no se conoce",
        "it cannot be a part of that one: the same, a part of another, itself in parts, of another brand, or not known",
    );
    Problem::faults(Code::Act, vec![Fault::at("/into", cause)])
}

/// It is no longer as the agent saw it: says how it is, and who changed it last.
async fn changed(app: &App, key: IncidentKey, id: &str) -> Result<Problem, Problem> {
    let now = readers::ask(app, move |tally| {
        let (incident, version) = tally.incidents().told(key)?;
        let posts = incident.last_activity;
        let last = acts(tally, key).into_iter().next_back().filter(|act| act.at >= posts).map(|act| (act.by, act.at));
        Some((version, last, posts))
    });
    let (version, last, posts) = now.await?.ok_or_else(|| no_incident(id))?;
    let (es, en) = match &last {
        Some((by, _)) => {
            (format!("{by} lo cambió antes: va por la versión {version}"), format!("{by} changed it first: it is at version {version}"))
        }
        None => (format!("cambió entretanto: va por la versión {version}"), format!("it changed meanwhile: it is at version {version}")),
    };
    let at = last.as_ref().map_or(posts, |(_, at)| *at);
    Ok(Problem::because(Code::Changed, es, en).changed(version, last.as_ref().map(|(by, _)| &**by), at))
}

/// What is to be done, as far as the body alone tells.
#[derive(Debug)]
enum Asked {
    Plain(Deed),
    Merge(IncidentKey),
}

/// Which version the agent saw and what is to be done, or everything that is wrong with the body.
fn checked(body: ActBody, by: &Arc<str>) -> Result<(u64, Asked), Vec<Fault>> {
    let mut faults = Vec::new();
    let version = body.version;
    if version.is_none() {
        faults.push(missing("/version"));
    }
    let asked = deed(body, by, &mut faults);
    match (version, asked) {
        (Some(version), Some(asked)) if faults.is_empty() => Ok((version, asked)),
        _ => Err(faults),
    }
}

fn deed(body: ActBody, by: &Arc<str>, faults: &mut Vec<Fault>) -> Option<Asked> {
    const ALL: &str = "assign, release, tag, note, resolve, reopen, merge, part";
    let Some(what) = body.r#do else {
        faults.push(missing("/do"));
        return None;
    };
    let given = [
        ("to", body.to.is_some()),
        ("field", body.field.is_some()),
        ("value", body.value.is_some()),
        ("text", body.text.is_some()),
        ("scenario", body.scenario.is_some()),
        ("into", body.into.is_some()),
    ];
    let takes: &[&str] = match &*what {
        "assign" => &["to"],
        "tag" => &["field", "value"],
        "note" => &["text"],
        "resolve" => &["scenario"],
        "merge" => &["into"],
        "release" | "reopen" | "part" => &[],
        _ => {
            faults.push(closed("/do", ALL));
            return None;
        }
    };
    for (name, _) in given.iter().filter(|(name, is_given)| *is_given && !takes.contains(name)) {
        faults.push(Fault::at(&format!("/{name}"), Both::new(format!("no va con «{what}»"), format!("does not go with \"{what}\""))));
    }
    let deed = match &*what {
        "assign" => {
            Deed::Assign(Some(body.to.map_or_else(|| Some(Arc::clone(by)), |to| text("/to", &to, limits::NAME_CHARS, false, faults))?))
        }
        "release" => Deed::Assign(None),
        "tag" => {
            let field = one_of("/field", body.field, Field::named, "typology, category, subcategory, section", faults);
            let value = body.value.map(|value| text("/value", &value, limits::NAME_CHARS, false, faults));
            // One that is wrong is not one that is taken back.
            Deed::Tag(field?, value.map_or(Some(None), |v| v.map(Some))?)
        }
        "note" => Deed::Note(text("/text", &required("/text", body.text, faults)?, limits::NOTE_CHARS, true, faults)?),
        "resolve" => {
            let named = |code: &str| SCENARIOS.into_iter().find(|s| *s == code);
            Deed::Resolve(one_of("/scenario", body.scenario, named, &SCENARIOS.join(", "), faults)?.into())
        }
        "reopen" => Deed::Reopen,
        "merge" => return Some(Asked::Merge(one_of("/into", body.into, wire::incident_id, "0123456789abcdef", faults)?)),
        _ => Deed::Part,
    };
    Some(Asked::Plain(deed))
}

fn missing(pointer: &str) -> Fault {
    Fault::at(pointer, Both::new("falta", "it is missing"))
}

fn closed(pointer: &str, all: &str) -> Fault {
    Fault::at(pointer, Both::new(format!("se admite: {all}"), format!("possible: {all}")))
}

fn required(pointer: &str, value: Option<String>, faults: &mut Vec<Fault>) -> Option<String> {
    if value.is_none() {
        faults.push(missing(pointer));
    }
    value
}

fn one_of<T>(pointer: &str, value: Option<String>, named: impl Fn(&str) -> Option<T>, all: &str, faults: &mut Vec<Fault>) -> Option<T> {
    let found = named(&required(pointer, value, faults)?);
    if found.is_none() {
        faults.push(closed(pointer, all));
    }
    found
}

/// What a person wrote: something, of `most` characters, none of them a control character but, in `lines`, the end of one.
fn text(pointer: &str, value: &str, most: usize, lines: bool, faults: &mut Vec<Fault>) -> Option<Arc<str>> {
    let trimmed = value.trim();
    let cause = if trimmed.is_empty() {
        Both::new("está vacío", "it is empty")
    } else if trimmed.chars().nth(most).is_some() {
        Both::new(format!("admite {most} caracteres como mucho"), format!("may have {most} characters at most"))
    } else if trimmed.chars().any(|c| c.is_control() && !(lines && c == '\n')) {
        Both::new("lleva caracteres de control", "it has control characters")
    } else {
        return Some(trimmed.into());
    };
    faults.push(Fault::at(pointer, cause));
    None
}
