//! Topics: what is listened for now, and its change topic by topic.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::api::{Given, params};
use super::page::json;
use super::{App, Code, Desk, Kept, Problem, guard, ingest, readers, subscription};
use crate::limits;
use crate::wire::{self, QueriesView, TopicView};

/// Names that a refusal lists.
const NAMES: usize = 10;

/// `GET /v1/topics?queries&limit&cursor`: all topics, or, with their queries, a page of them.
pub async fn list(State(app): State<App>, given: Given) -> Result<Response, Problem> {
    let (mut queries, mut limit, mut first) = (false, usize::MAX, 0);
    for (name, value) in &params(given)? {
        match name.as_str() {
            "queries" if value == "true" || value == "false" => queries = value == "true",
            "queries" => return Err(subscription::bad("queries", value, "true, false")),
            "limit" => limit = subscription::number("limit", value)?,
            "cursor" => first = subscription::number("cursor", value)?,
            other => return Err(subscription::unknown(other)),
        }
    }
    let limit = if queries { limit.min(limits::TOPICS_SHOWN) } else { limit };
    let (overviews, brands) = readers::topics(&app).await?;
    let by_name: HashMap<&str, _> = overviews.iter().map(|o| (o.windows.name.as_str(), o)).collect();
    let compiled = readers::compiled(&app);
    let listening = &compiled.listening;
    let mut views = Vec::new();
    for (place, t) in listening.topics.iter().enumerate().skip(first).take(limit) {
        let written = listening.wordings(place);
        let shown = written.get(..limits::QUERIES_SHOWN).unwrap_or(written);
        views.push(TopicView {
            name: &t.name,
            brand: listening.brand_of(t).map_or("", |b| b.name.as_str()),
            weight: t.weight.as_f64(),
            overview: by_name.get(t.name.as_str()).copied(),
            queries: queries.then_some(QueriesView { all: t.queries.len(), shown }),
        });
    }
    let next = first.checked_add(views.len()).filter(|next| !views.is_empty() && *next < listening.topics.len());
    Ok(json(wire::topics_json(&views, next, &brands)))
}

/// `PUT /v1/topics/{name}`: the topic as the body has it, until the next reload or restart.
pub async fn put(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let _room = ingest::room(&app, &headers).await?;
    let body = ingest::read(&app, body, limits::BODY_BYTES).await?;
    let (done, name) = change(&app, move |desk| (desk.put(&name, &body), name)).await?;
    let put = done.map_err(|faults| Problem::faults(Code::Topic, faults))?;
    let status = if put.created { StatusCode::CREATED } else { StatusCode::OK };
    let lang = guard::language(&headers);
    let warnings = put.warnings.iter().take(limits::PROBLEMS_SHOWN).map(|f| f.view(lang)).collect();
    Ok((status, guard::spoken(lang), json(wire::put_json(&name, warnings))).into_response())
}

/// `DELETE /v1/topics/{name}`: until the next reload or restart.
pub async fn remove(State(app): State<App>, Path(name): Path<String>) -> Result<StatusCode, Problem> {
    let (done, name) = change(&app, move |desk| (desk.remove(&name), name)).await?;
    match done {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Kept::Unknown) => Err(readers::no_topic(&name)),
        Err(Kept::Needed(by)) => {
            let more = if by.len() > NAMES { ", …" } else { "" };
            let names = by.into_iter().take(NAMES).collect::<Vec<_>>().join(", ") + more;
            let (es, en) = (format!("lo nombran con rule: {names}"), format!("named with rule: by {names}"));
            Err(Problem::because(Code::Needed, es, en))
        }
    }
}

/// Runs a change when those before it are done. Once begun it ends, whether the client is there or not.
pub async fn change<R: Send + 'static>(app: &App, f: impl FnOnce(&dyn Desk) -> R + Send + 'static) -> Result<R, Problem> {
    let turn = app.changes.clone().acquire_owned().await.map_err(|_| Problem::new(Code::Unavailable))?;
    let desk = app.shared.desk.clone();
    blocking(move || {
        let done = f(&*desk);
        drop(turn);
        done
    })
    .await
}

/// Runs what may block where that is no harm.
pub async fn blocking<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> Result<R, Problem> {
    tokio::task::spawn_blocking(f).await.map_err(|_| Problem::new(Code::Unavailable))
}
