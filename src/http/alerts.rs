//! `GET /v1/alerts`: each alert as it is now, from the feed or, where there is a store, from its file.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::api::{Given, params};
use super::page::json;
use super::{App, Code, Problem, subscription};
use crate::alert::{Severity, Status};
use crate::feed::{Entry, Filter, What};
use crate::store::{Asked, Page};
use crate::telemetry;
use crate::wire;

/// Alerts of one page at most, and if the client does not say.
const PAGE: usize = 1000;

/// What the client asks for.
#[derive(Clone)]
struct Wanted {
    since: u64,
    before: u64,
    limit: usize,
    status: Option<Status>,
    filter: Filter,
}

impl Wanted {
    fn has(&self, what: &What) -> bool {
        let status = match what {
            What::Alert(_, alert) => alert.status,
            What::Kept(kept) => kept.status,
            _ => return false,
        };
        self.status.is_none_or(|wanted| wanted == status) && self.filter.wants(what)
    }
}

/// `GET /v1/alerts?since&status&topics&min_severity&limit&cursor`.
pub async fn list(State(app): State<App>, given: Given) -> Result<Response, Problem> {
    let wanted = wanted(given)?;
    let feed = &app.shared.feed;
    let head = feed.head();
    let page = match &app.shared.reader {
        // Nothing is a page of nothing.
        _ if wanted.limit == 0 => Page::default(),
        Some(reader) => {
            // One at a time, and who waits holds no thread.
            let mut reader = reader.clone().lock_owned().await;
            let asked = Asked { since: wanted.since, before: wanted.before, head, limit: wanted.limit };
            let read = move || reader.latest(asked, |kept| wanted.has(&What::Kept(Box::new(kept.clone()))));
            tokio::task::spawn_blocking(read).await.map_err(|_| unread("stopped"))?.map_err(|e| unread(&e.to_string()))?
        }
        None => held(&app, &wanted),
    };
    let bodies: Vec<&str> = page.bodies.iter().map(String::as_str).collect();
    Ok(json(wire::alerts_json(feed.epoch(), head, &bodies, page.next)))
}

fn wanted(given: Given) -> Result<Wanted, Problem> {
    let mut wanted = Wanted { since: 0, before: u64::MAX, limit: PAGE, status: None, filter: Filter::default() };
    for (name, value) in &params(given)? {
        match name.as_str() {
            "since" => wanted.since = subscription::number("since", value)?,
            "cursor" => wanted.before = subscription::number("cursor", value)?,
            "status" => wanted.status = Some(status_named(value)?),
            // Those that are listened for no more have alerts too.
            "topics" => wanted.filter.topics = value.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect(),
            "min_severity" => {
                let named = Severity::named(value);
                wanted.filter.min_severity = named.ok_or_else(|| subscription::bad("min_severity", value, "info, warning, critical"))?;
            }
            "limit" => wanted.limit = subscription::number::<usize>("limit", value)?.min(PAGE),
            other => return Err(subscription::unknown(other)),
        }
    }
    Ok(wanted)
}

fn status_named(value: &str) -> Result<Status, Problem> {
    let all = [Status::Firing, Status::Resolved];
    all.into_iter().find(|s| s.as_str() == value).ok_or_else(|| subscription::bad("status", value, "firing, resolved"))
}

/// The file cannot be read; why is for the operator.
pub fn unread(why: &str) -> Problem {
    telemetry::store_errors("read").increment(1);
    tracing::error!(why, "the store cannot be read");
    Problem::because(Code::Unavailable, "el almacén no se puede leer", "the store cannot be read")
}

/// A page of what the feed holds.
fn held(app: &App, wanted: &Wanted) -> Page {
    let feed = &app.shared.feed;
    let mut latest = latest(feed.alerts(wanted.since));
    latest.retain(|e| e.seq() < Some(wanted.before) && wanted.has(&e.what));
    let more = latest.len().saturating_sub(wanted.limit);
    let page = latest.get(more..).unwrap_or_default();
    Page { bodies: page.iter().map(|e| feed.frame(e).to_string()).collect(), next: page.first().filter(|_| more > 0).and_then(|e| e.seq()) }
}

/// The last transition of every alert, in the order of these transitions.
fn latest(mut entries: Vec<Arc<Entry>>) -> Vec<Arc<Entry>> {
    let last: HashMap<String, u64> = entries.iter().filter_map(|e| Some((id_of(e)?.to_owned(), e.seq()?))).collect();
    entries.retain(|e| id_of(e).and_then(|id| last.get(id).copied()) == e.seq());
    entries
}

fn id_of(entry: &Entry) -> Option<&str> {
    match &entry.what {
        What::Alert(_, alert) => Some(&alert.id),
        What::Kept(kept) => Some(&kept.id),
        _ => None,
    }
}
