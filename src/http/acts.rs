//! What agents did, over all matters; and who a customer is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use axum::extract::State;
use axum::response::Response;

use super::api::{Given, instant, params};
use super::page::json;
use super::{App, Problem, readers, subscription};
use crate::incident::{Act, Incident, IncidentKey, State as Stands};
use crate::incidents::{Incidents, Matter};
use crate::limits::{ACTS_SHOWN, PERSON_MATTERS};
use crate::post::AuthorKey;
use crate::report::Plan;
use crate::tally::Tally;
use crate::time::Timestamp;
use crate::wire::{self, Done, Person};

/// Acts of one answer if the client does not say.
const USUAL: usize = 100;

/// What the client asks for.
struct Wanted {
    from: Timestamp,
    /// Without it.
    to: Timestamp,
    by: Option<String>,
    limit: usize,
}

/// `GET /v1/acts?from&to&by&limit`.
pub async fn list(State(app): State<App>, given: Given) -> Result<Response, Problem> {
    let mut wanted = Wanted { from: Timestamp::MIN, to: Timestamp(i64::MAX), by: None, limit: USUAL };
    for (name, value) in params(given)? {
        match name.as_str() {
            "from" => wanted.from = instant("from", &value)?,
            "to" => wanted.to = instant("to", &value)?,
            "by" => wanted.by = Some(value),
            "limit" => wanted.limit = subscription::number::<usize>("limit", &value)?.clamp(1, ACTS_SHOWN),
            other => return Err(subscription::unknown(other)),
        }
    }
    let (now, acts, total) = readers::ask(&app, move |tally| find(tally, &wanted)).await?;
    Ok(json(wire::acts_json(now, &acts, total)))
}

/// Runs on the tally's thread: the latest of those that are wanted, and how many there are.
fn find(tally: &Tally, wanted: &Wanted) -> (Timestamp, Vec<Done>, usize) {
    let all = tally.incidents();
    let is_wanted = |act: &Act| act.at >= wanted.from && act.at < wanted.to && wanted.by.as_deref().is_none_or(|by| *by == *act.by);
    // Of those at one moment the order is that of the people and of what was done to each: the same at every look.
    let mut latest: BinaryHeap<Reverse<(Timestamp, AuthorKey, usize)>> = BinaryHeap::new();
    let mut total = 0;
    for (whose, acts) in all.all_acts() {
        for (i, act) in acts.iter().enumerate().filter(|(_, act)| is_wanted(act)) {
            total += 1;
            latest.push(Reverse((act.at, whose, i)));
            if latest.len() > wanted.limit {
                latest.pop();
            }
        }
    }
    let done = |Reverse((_, whose, i)): &Reverse<(Timestamp, AuthorKey, usize)>| {
        let act = all.acts(*whose).get(*i)?.clone();
        let incident = matter_of(all, *whose, &act).and_then(|key| all.told(key)).map(|(incident, _)| incident.clone());
        Some(Done { act, incident })
    };
    let page = latest.into_sorted_vec();
    (tally.now(), page.iter().filter_map(done).collect(), total)
}

/// The matter that an act was done with.
fn matter_of(all: &Incidents, whose: AuthorKey, act: &Act) -> Option<IncidentKey> {
    let matters: Vec<&Matter> = all.matters(whose).filter(|matter| matter.incident.brand == act.brand).collect();
    let has = |post| matters.iter().find(move |matter| matter.posts.iter().any(|(p, _)| p.key == post));
    act.posts.iter().find_map(|post| has(*post)).map(|matter| matter.incident.key())
}

/// The customer of a matter, without that matter. Of their other matters those with the same brand or with one of ours:
/// what they want of others is nobody's work here.
pub fn person(all: &Incidents, key: IncidentKey, plan: &Plan) -> Person {
    let Some((whose, here)) = all.find(key) else { return Person::default() };
    let is_ours = |brand: &str| *here.incident.brand == *brand || plan.brands.iter().any(|b| b.own && b.name == brand);
    let mut person = Person::default();
    let (mut open, mut past): (Vec<&Incident>, Vec<&Incident>) = (Vec::new(), Vec::new());
    for matter in all.matters(whose).filter(|matter| is_ours(&matter.incident.brand)) {
        let theirs = matter.posts.iter().map(|(post, _)| post).filter(|post| post.own.is_none());
        let last = theirs.map(|post| (post.says.tone, post.at)).max_by_key(|(_, at)| *at);
        person.last_tone = person.last_tone.into_iter().chain(last).max_by_key(|(_, at)| *at);
        person.followers = person.followers.max(matter.incident.followers);
        let Some((incident, _)) = all.told(matter.incident.key()).filter(|(i, _)| i.key() != key) else { continue };
        match incident.state() {
            // It is seen in the one that it is a part of.
            Stands::Merged => {}
            state if state.is_open() => open.push(incident),
            _ => past.push(incident),
        }
    }
    (person.open, person.past) = (latest(open), latest(past));
    person
}

/// The latest of some matters, and how many there are.
fn latest(mut matters: Vec<&Incident>) -> (Vec<Incident>, usize) {
    matters.sort_by_key(|incident| (Reverse(incident.opened_at), incident.key()));
    let n = matters.len();
    (matters.into_iter().take(PERSON_MATTERS).cloned().collect(), n)
}
