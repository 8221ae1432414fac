//! Readers: series and weeks; and the reload.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::page::json;
use super::subscription::{self, Params};
use super::{App, Code, Problem, ingest, readers};
use crate::tally::Erasure;
use crate::telemetry::log;
use crate::time::{HOUR, Timestamp};
use crate::window::Window;
use crate::wire;

/// Bytes of a body that says what is logged.
const FILTER_BYTES: usize = 4096;

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

/// `POST /v1/log-level`: what is logged from now on, until the next start.
pub async fn log_level(State(app): State<App>, body: Body) -> Result<StatusCode, Problem> {
    let body = ingest::read(&app, body, FILTER_BYTES).await?;
    let asked = wire::parse_log_level(&body);
    let asked = asked.ok_or_else(|| Problem::because(Code::Invalid, "falta {\"filter\": \"…\"}", "{\"filter\": \"…\"} is missing"))?;
    let bad = |why: String| {
        let (es, en) = (format!("«filter» no se entiende: {why}"), format!("“filter” is not understood: {why}"));
        Problem::because(Code::Invalid, es, en)
    };
    log::set(&asked).map_err(bad)?;
    tracing::warn!(filter = asked, "the log changed until the next start");
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/reload`.
pub async fn reload(State(app): State<App>) -> Result<StatusCode, Problem> {
    let done = super::topics::change(&app, |desk| desk.reload()).await?;
    done.map(|()| StatusCode::NO_CONTENT).map_err(|why| Problem::because(Code::Rejected, why.es, why.en))
}

/// `POST /v1/erasures`: all that is known of a person is let go of. Answered once nothing of it is in the store.
pub async fn erase(State(app): State<App>, body: Body) -> Result<Response, Problem> {
    let body = ingest::read(&app, body, FILTER_BYTES).await?;
    let asked = wire::parse_erasure(&body);
    let lacks = || {
        Problem::because(
            Code::Invalid,
            "falta {\"network\": \"…\", \"author\": \"…\"}",
            "{\"network\": \"…\", \"author\": \"…\"} is missing",
        )
    };
    let (network, author) = asked.ok_or_else(lacks)?;
    app.shared.recall.clear();
    let told = app.shared.intake.erase(Erasure::of(&network, &author)).map_err(|_| Problem::new(Code::Unavailable))?;
    let erased = told.await.map_err(|_| Problem::new(Code::Unavailable))?;
    // What was on its way to a lane meanwhile came behind.
    app.shared.recall.clear();
    Ok(json(wire::erased_json(erased.posts, erased.matters)))
}
