//! Readers: series, weeks, alerts; and the reload.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::page::json;
use super::subscription::{self, Params};
use super::{App, Code, Problem, readers};
use crate::alert::Status;
use crate::feed::{Entry, What};
use crate::time::{HOUR, Timestamp};
use crate::window::Window;
use crate::wire;

/// Alerts of one answer at most, and if the client does not say.
const ALERTS: usize = 1000;

/// Query parameters, or a problem.
pub type Given = Result<Query<Params>, QueryRejection>;

/// The parameters that were given.
pub fn params(given: Given) -> Result<Params, Problem> {
    given.map(|Query(params)| params).map_err(|_| Problem::new(Code::Invalid))
}

/// An instant of a parameter.
pub fn instant(name: &str, value: &str) -> Result<Timestamp, Problem> {
    let parsed = value.parse::<jiff::Timestamp>();
    parsed.map(|t| Timestamp(t.as_microsecond())).map_err(|_| subscription::bad(name, value, "2026-07-04T10:00:00Z"))
}

/// `GET /v1/topics/{name}/windows?from&to&step`: the last hour by minutes if nothing is said.
pub async fn series(State(app): State<App>, Path(name): Path<String>, given: Given) -> Result<Response, Problem> {
    let topic = readers::topic(&app, &name)?;
    let (mut from, mut to, mut step) = (None, None, Window::M1);
    for (name, value) in &params(given)? {
        match name.as_str() {
            "from" => from = Some(instant("from", value)?),
            "to" => to = Some(instant("to", value)?),
            "step" => step = Window::named(value).ok_or_else(|| subscription::bad("step", value, "1m, 5m, 15m, 1h, 24h"))?,
            other => return Err(subscription::unknown(other)),
        }
    }
    let to = match to {
        Some(to) => to,
        None => readers::now(&app).await?.plus(1),
    };
    let from = from.unwrap_or_else(|| to.plus(-HOUR));
    let steps = readers::series(&app, topic, from, to, step.minutes()).await?;
    Ok(json(wire::series_json(&name, step.minutes(), &steps)))
}

/// `GET /v1/topics/{name}/week`.
pub async fn week(State(app): State<App>, Path(name): Path<String>) -> Result<Response, Problem> {
    let topic = readers::topic(&app, &name)?;
    let week = readers::week(&app, topic).await?;
    let week = week.ok_or_else(|| Problem::because(Code::NotFound, "aún no se ha contado nada", "nothing has been counted yet"))?;
    Ok(json(wire::week_json(&name, &week)))
}

/// `GET /v1/alerts?since&status&limit`: each alert as it is now, by its latest transition.
pub async fn alerts(State(app): State<App>, given: Given) -> Result<Response, Problem> {
    let (mut since, mut status, mut limit) = (0, None, ALERTS);
    for (name, value) in &params(given)? {
        match name.as_str() {
            "since" => since = subscription::number("since", value)?,
            "status" => status = Some(status_named(value)?),
            "limit" => limit = subscription::number::<usize>("limit", value)?.min(ALERTS),
            other => return Err(subscription::unknown(other)),
        }
    }
    let feed = &app.shared.feed;
    let head = feed.head();
    let latest = latest(feed.alerts(since), status);
    let frames: Vec<_> = latest.iter().skip(latest.len().saturating_sub(limit)).map(|e| feed.frame(e)).collect();
    let frames: Vec<&str> = frames.iter().map(|f| f.as_str()).collect();
    Ok(json(wire::alerts_json(feed.epoch(), head, &frames)))
}

fn status_named(value: &str) -> Result<Status, Problem> {
    let all = [Status::Firing, Status::Resolved];
    all.into_iter().find(|s| s.as_str() == value).ok_or_else(|| subscription::bad("status", value, "firing, resolved"))
}

/// The last transition of every alert, in the order of these transitions.
fn latest(entries: Vec<Arc<Entry>>, status: Option<Status>) -> Vec<Arc<Entry>> {
    let last: HashMap<&str, u64> = entries.iter().filter_map(|e| Some((id_of(e)?, e.seq()?))).collect();
    let is_last = |e: &&Arc<Entry>| id_of(e).and_then(|id| last.get(id).copied()) == e.seq();
    let wanted = |e: &&Arc<Entry>| match &e.what {
        What::Alert(_, alert) => status.is_none_or(|s| alert.status == s),
        What::Kept(kept) => status.is_none_or(|s| kept.status == s),
        _ => false,
    };
    entries.iter().filter(is_last).filter(wanted).cloned().collect()
}

fn id_of(entry: &Entry) -> Option<&str> {
    match &entry.what {
        What::Alert(_, alert) => Some(&alert.id),
        What::Kept(kept) => Some(&kept.id),
        _ => None,
    }
}

/// `POST /v1/reload`.
pub async fn reload(State(app): State<App>) -> Result<StatusCode, Problem> {
    let done = super::topics::change(&app, |desk| desk.reload()).await?;
    done.map(|()| StatusCode::NO_CONTENT).map_err(|why| Problem::because(Code::Rejected, why.es, why.en))
}
