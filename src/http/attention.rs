//! Who hears of an alert: acknowledgements, silences, what was decided and what was delivered.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::api::{Given, instant, params};
use super::auth::Holder;
use super::page::json;
use super::{App, Code, Fault, Problem, epoch_new, ingest, subscription};
use crate::alert::{Acknowledged, Severity};
use crate::bilingual::Both;
use crate::feed::NotOpen;
use crate::limits;
use crate::routing::{Label, Matchers, Silence};
use crate::time::Timestamp;
use crate::wire::{self, LetterView, NotifierView, SilenceBody};

/// What was changed is answered for once it is durable, or not at all after this.
const DURABLE: Duration = Duration::from_secs(10);

/// Waits until what was asked for outlives the process.
async fn durable(app: &App) -> Result<(), Problem> {
    tokio::time::timeout(DURABLE, app.shared.delivery.durable()).await.map_err(|_| {
        let es = "está hecho, pero el almacén no lo ha guardado todavía: se perdería en un reinicio";
        Problem::because(Code::Unavailable, es, "done, but the store has not kept it yet: a restart would lose it")
    })
}

/// There is no alert called `id`.
fn no_alert(id: &str) -> Problem {
    let id: String = id.chars().take(limits::NAME_CHARS).collect();
    Problem::because(Code::NotFound, format!("no se conoce la alerta «{id}»"), format!("the alert \"{id}\" is not known"))
}

/// `POST /v1/alerts/{id}/ack`: whoever holds the token takes the alert on.
pub async fn acknowledge(
    State(app): State<App>,
    Extension(holder): Extension<Holder>,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    let body = ingest::read(&app, body, limits::SMALL_BODY_BYTES).await?;
    let note = wire::parse_note(&body).map_err(|e| Problem::faults(Code::Invalid, vec![malformed(&e)]))?;
    if let Some(fault) = too_long("/note", &note) {
        return Err(Problem::faults(Code::Invalid, vec![fault]));
    }
    let by = Acknowledged { by: holder.name(&app.shared.tokens.load()).to_owned(), at: app.shared.clock.now(), note };
    match app.shared.feed.acknowledge(&id, by.clone()) {
        Ok(seq) => Ok(json(wire::acknowledged_json(&id, seq, &by))),
        Err(NotOpen::Unknown) => Err(no_alert(&id)),
        Err(NotOpen::Resolved) => Err(Problem::new(Code::Over)),
    }
}

/// `GET /v1/alerts/{id}/why`: everything that was decided about it.
pub async fn why(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let decisions = app.shared.delivery.why(&id).ok_or_else(|| no_alert(&id))?;
    Ok(json(wire::why_json(&id, &decisions)))
}

/// `GET /v1/silences`.
pub async fn silences(State(app): State<App>) -> Response {
    json(wire::silences_json(&app.shared.delivery.silences(), app.shared.clock.now()))
}

/// `POST /v1/silences`.
pub async fn silence(State(app): State<App>, Extension(holder): Extension<Holder>, body: Body) -> Result<Response, Problem> {
    let body = ingest::read(&app, body, limits::SMALL_BODY_BYTES).await?;
    let body = SilenceBody::parse(&body).map_err(|e| Problem::faults(Code::Silence, vec![malformed(&e)]))?;
    let now = app.shared.clock.now();
    let mut silence = checked(body, now).map_err(|faults| Problem::faults(Code::Silence, faults))?;
    silence.id = epoch_new().map_err(|_| Problem::new(Code::Unavailable))?;
    holder.name(&app.shared.tokens.load()).clone_into(&mut silence.author);
    if app.shared.delivery.silence(silence.clone()).is_err() {
        let most = limits::SILENCES;
        return Err(Problem::because(Code::Busy, format!("ya hay {most} silencios"), format!("there are {most} silences already")));
    }
    durable(&app).await?;
    tracing::info!(id = silence.id, author = silence.author, "silence in force");
    Ok((StatusCode::CREATED, json(wire::silence_json(&silence, now))).into_response())
}

/// `DELETE /v1/silences/{id}`.
pub async fn unsilence(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if !app.shared.delivery.unsilence(&id) {
        return Err(Problem::new(Code::NotFound));
    }
    durable(&app).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn malformed(error: &str) -> Fault {
    Fault::at("", Both::new(format!("JSON mal escrito: {error}"), format!("malformed JSON: {error}")))
}

fn too_long(pointer: &str, text: &str) -> Option<Fault> {
    let most = limits::NOTE_CHARS;
    let cause = Both::new(format!("admite {most} caracteres como mucho"), format!("may have {most} characters at most"));
    text.chars().nth(most).map(|_| Fault::at(pointer, cause))
}

/// A silence as the body has it, or everything that is wrong with it. Names need not exist: a rule or a
/// topic may be silenced before it is there.
fn checked(body: SilenceBody, now: Timestamp) -> Result<Silence, Vec<Fault>> {
    let mut faults: Vec<Fault> = too_long("/reason", &body.reason).into_iter().collect();
    let mut fault = |pointer: &str, es: &str, en: &str| faults.push(Fault::at(pointer, Both::new(es, en)));
    if body.reason.trim().is_empty() {
        fault("/reason", "di por qué", "say why");
    }
    let mut matchers = Matchers::default();
    for (name, values) in body.matchers {
        let pointer = format!("/matchers/{}", name.replace('~', "~0").replace('/', "~1"));
        let Some(label) = Label::named(&name) else {
            let all = Label::ALL.map(Label::as_str).join(", ");
            fault(&pointer, &format!("se admite: {all}"), &format!("possible: {all}"));
            continue;
        };
        if values.is_empty() || values.iter().any(|v| v.chars().count() > limits::NAME_CHARS) || values.len() > limits::SILENCE_VALUES {
            fault(&pointer, "lleva uno o más nombres", "takes one or more names");
        }
        if label == Label::Severity && values.iter().any(|v| Severity::named(v).is_none()) {
            fault(&pointer, "se admite: info, warning, critical", "possible: info, warning, critical");
        }
        matchers.0.insert(label, values.into_iter().collect::<BTreeSet<_>>());
    }
    if matchers.0.is_empty() {
        fault("/matchers", "di qué alertas: un silencio no lo calla todo", "say which alerts: a silence does not hold everything back");
    }
    let time = |name: &'static str, text: &str| instant(name, text).ok();
    let starts = body.starts_at.as_deref().map_or(Some(now), |text| time("starts_at", text));
    let ends = time("ends_at", &body.ends_at);
    let example = ("una hora como 2026-07-04T10:00:00Z", "a time such as 2026-07-04T10:00:00Z");
    if starts.is_none() {
        fault("/starts_at", example.0, example.1);
    }
    match (starts, ends) {
        (_, None) => fault("/ends_at", example.0, example.1),
        (Some(starts), Some(ends)) if ends <= starts || ends <= now => {
            fault("/ends_at", "termina antes de empezar, o ya terminó", "it ends before it begins, or is over already");
        }
        _ => {}
    }
    match (starts, ends) {
        (Some(starts), Some(ends)) if faults.is_empty() => {
            Ok(Silence { id: String::new(), matchers, author: String::new(), reason: body.reason, starts, ends })
        }
        _ => Err(faults),
    }
}

/// `GET /v1/deliveries?status`: what waits and what was given up, and how the targets stand.
pub async fn deliveries(State(app): State<App>, given: Given) -> Result<Response, Problem> {
    let mut dead = None;
    for (name, value) in &params(given)? {
        match (name.as_str(), value.as_str()) {
            ("status", "dead") => dead = Some(true),
            ("status", "waiting") => dead = Some(false),
            ("status", other) => return Err(subscription::bad("status", other, "dead, waiting")),
            (other, _) => return Err(subscription::unknown(other)),
        }
    }
    let (letters, standings) = (app.shared.delivery.letters(), app.shared.delivery.standings());
    let letters = letters.iter().filter(|l| dead.is_none_or(|dead| l.is_dead == dead)).map(|l| LetterView {
        id: l.id,
        notifier: &l.notifier,
        order: &l.order,
        is_dead: l.is_dead,
        tries: l.tries,
        why: &l.why,
        died: l.died,
    });
    let targets = standings.iter().map(|s| NotifierView {
        notifier: &s.notifier,
        waiting: s.waiting,
        oldest: s.oldest,
        disabled: s.disabled.as_deref(),
    });
    Ok(json(wire::deliveries_json(&letters.collect::<Vec<_>>(), &targets.collect::<Vec<_>>())))
}

/// `POST /v1/deliveries/{id}/replay`: a dead letter is sent again, as it was.
pub async fn replay(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    app.shared.delivery.replay(id).map_err(|_| Problem::new(Code::NotFound))?;
    durable(&app).await?;
    Ok(StatusCode::ACCEPTED)
}
