//! The small answers: health, readiness, scrape, description, sign-in, the wall and the care page.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};

use super::auth::Holder;
use super::{App, Code, Problem, auth, guard, ingest};
use crate::wall;
use crate::wire::{self, Asks, ReadyView};

/// A body of `POST /v1/session`; anybody may send one.
const SIGN_IN_BYTES: usize = 4 * 1024;

/// A notifier for which something waits so long is not well.
const LATE: Duration = Duration::from_secs(30);

/// A JSON answer.
pub fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// `GET /`: the wall.
pub async fn wall(headers: HeaderMap) -> Result<Response, Problem> {
    page("", &headers)
}

/// `GET /care`: where agents work on customers' matters.
pub async fn care(headers: HeaderMap) -> Result<Response, Problem> {
    page(wall::CARE, &headers)
}

/// A page, or how to get it.
fn page(path: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    if wall::file(path).is_none() {
        return Ok(Html(wall::without_wall(guard::language(headers))).into_response());
    }
    file(path)
}

/// `GET /v1/wall`: how it is shown.
pub async fn wall_settings(State(app): State<App>, Extension(holder): Extension<Holder>) -> Response {
    let compiled = app.shared.intake.compiled();
    let groups: Vec<&str> = compiled.listening.groups.iter().map(|g| g.name.as_str()).collect();
    let own: Vec<&str> = compiled.listening.brands.iter().filter(|b| b.own).map(|b| b.name.as_str()).collect();
    let tokens = app.shared.tokens.load();
    let asks = Asks { name: holder.name(&tokens), device: holder.is_device(&tokens), acts: holder.may(super::WORK, &tokens) };
    json(wire::wall_json(&app.shared.wall.load(), &asks, &groups, &own, app.shared.version))
}

/// A file of the wall beside its page.
pub async fn asset(uri: Uri) -> Result<Response, Problem> {
    file(uri.path().trim_start_matches('/'))
}

fn file(path: &str) -> Result<Response, Problem> {
    let file = wall::file(path).ok_or_else(|| Problem::new(Code::NotFound))?;
    let cache = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(([(header::CONTENT_TYPE, file.mime), (header::CACHE_CONTROL, cache)], file.bytes).into_response())
}

/// `GET /healthz`: the process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: every component works, or what is wrong with which.
pub async fn readyz(State(app): State<App>) -> Response {
    let mut components = BTreeMap::new();
    for (name, state) in app.shared.board.all() {
        let idle = (!state.connected && !state.finished).then(|| "not connected".to_owned());
        components.insert(format!("source {name}"), state.problem.or(idle));
    }
    for standing in app.shared.delivery.standings() {
        let (waiting, oldest) = (standing.waiting, standing.oldest.unwrap_or_default());
        let late = (oldest >= LATE).then(|| format!("{waiting} notifications wait, the oldest for {} s", oldest.as_secs()));
        components.insert(format!("notifier {}", standing.notifier), standing.disabled.map(|why| format!("disabled: {why}")).or(late));
    }
    let answered = tokio::time::timeout(app.settings.timing.answer, app.shared.asker.ask(|_| ())).await;
    let engine = match answered {
        Ok(Ok(())) => app.shared.pulse.problem(app.shared.clock.monotonic(), app.settings.timing.stuck),
        Ok(Err(e)) => Some(e.to_string()),
        Err(_) => Some("does not answer".to_owned()),
    };
    components.insert("engine".to_owned(), engine);
    if let Some(store) = &app.shared.store {
        components.insert("store".to_owned(), store.problem());
    }
    let ready = components.values().all(Option::is_none);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, json(wire::json(&ReadyView { ready, components }))).into_response()
}

/// `GET /metrics`.
pub async fn metrics(State(app): State<App>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.shared.metrics.render()).into_response()
}

/// `GET /v1/openapi.json`.
pub async fn openapi() -> Response {
    json(include_str!("../../docs/openapi.json").to_owned())
}

/// `POST /v1/session`: a token, as bearer or in the body, becomes a cookie that scripts cannot read.
pub async fn sign_in(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let body = ingest::read(&app, body, SIGN_IN_BYTES).await?;
    let in_body = wire::parse_session(&body);
    let secret = in_body.as_deref().or_else(|| auth::secret(&headers)).ok_or_else(|| Problem::new(Code::Unauthorized))?;
    let (holder, tokens) = (Holder::of(secret), app.shared.tokens.load());
    holder.role(&tokens).ok_or_else(|| Problem::new(Code::Unauthorized))?;
    let secure = headers.get(header::ORIGIN).is_some_and(|o| o.as_bytes().starts_with(b"https://"));
    // Others are signed out when the browser is closed.
    let lasts = if holder.is_device(&tokens) { format!("; Max-Age={}", auth::DEVICE_SECONDS) } else { String::new() };
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict{lasts}{secure}", auth::COOKIE);
    // A secret that is known was printed by us and has no other characters than a cookie may have.
    let response = Response::builder().status(StatusCode::NO_CONTENT).header(header::SET_COOKIE, cookie).body(Body::empty());
    response.map_err(|_| Problem::new(Code::Unauthorized))
}
