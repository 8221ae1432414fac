//! `GET /v1/share-of-voice`: how much of what is said of a group of brands is said of each.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::api::{Given, instant, params};
use super::page::json;
use super::{App, Code, Problem, readers, subscription};
use crate::nearest::nearest;
use crate::share::{Counting, Span};
use crate::tally::ShareFilter;
use crate::time::{HOUR, Timestamp};
use crate::wire::{self, ShareAsked};

/// The longest window: that before it must be kept too.
const LONGEST: i64 = 7 * 24 * HOUR;

/// What the client asks for, as typed.
#[derive(Default)]
struct Typed<'a> {
    group: Option<&'a str>,
    span: Option<Span>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    reposts: Option<bool>,
    duplicates: Option<bool>,
    csv: Option<bool>,
}

/// Answers.
pub async fn of_voice(State(app): State<App>, headers: HeaderMap, given: Given) -> Result<Response, Problem> {
    let params = params(given)?;
    let typed = typed(&params)?;
    let group = group(&app, typed.group)?;
    let span = typed.span.unwrap_or(Span::H24);
    let counting = Counting { reposts: typed.reposts.unwrap_or(true), duplicates: typed.duplicates.unwrap_or(true) };
    let between = between(&app, &typed).await?;
    let filter = ShareFilter { group: group.clone(), between, span, counting };
    let unmet = || Problem::because(Code::NotFound, "aún no se ha contado nada", "nothing has been counted yet");
    let found = readers::share_of_voice(&app, filter).await?.ok_or_else(unmet)?;
    let asked = ShareAsked { group: &group, span: between.is_none().then_some(span), counting };
    let accepts_csv = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.starts_with("text/csv"));
    if typed.csv.unwrap_or(accepts_csv) {
        let name = "attachment; filename=\"share-of-voice.csv\"";
        let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name)];
        return Ok((headers, wire::share_csv(&asked, &found)).into_response());
    }
    Ok(json(wire::share_json(&asked, &found)))
}

fn typed(params: &subscription::Params) -> Result<Typed<'_>, Problem> {
    let flag = |name: &str, value: &str| value.parse::<bool>().map_err(|_| subscription::bad(name, value, "true, false"));
    let mut typed = Typed::default();
    for (name, value) in params {
        match name.as_str() {
            "group" => typed.group = Some(value),
            "window" => typed.span = Some(Span::named(value).ok_or_else(|| subscription::bad("window", value, "1h, 6h, 24h, 7d"))?),
            "from" => typed.from = Some(instant("from", value)?),
            "to" => typed.to = Some(instant("to", value)?),
            "reposts" => typed.reposts = Some(flag("reposts", value)?),
            "duplicates" => typed.duplicates = Some(flag("duplicates", value)?),
            "format" if value == "csv" || value == "json" => typed.csv = Some(value == "csv"),
            "format" => return Err(subscription::bad("format", value, "json, csv")),
            other => return Err(subscription::unknown(other)),
        }
    }
    Ok(typed)
}

/// The name of a group that there is.
fn group(app: &App, typed: Option<&str>) -> Result<String, Problem> {
    let compiled = readers::compiled(app);
    let known = || compiled.listening.groups.iter().map(|g| g.name.as_str());
    let Some(name) = typed else {
        let all: Vec<&str> = known().collect();
        return Err(subscription::missing("group", &all.join(", ")));
    };
    if known().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let short: String = name.chars().take(80).collect();
    let (mut es, mut en) = (format!("no hay ningún grupo que se llame «{short}»"), format!("there is no group called \"{short}\""));
    if let Some(near) = nearest(&short, known()) {
        es += &format!("; ¿querías decir «{near}»?");
        en += &format!("; did you mean \"{near}\"?");
    }
    Err(Problem::because(Code::NotFound, es, en))
}

/// The stretch of time that was asked for, if one was.
async fn between(app: &App, typed: &Typed<'_>) -> Result<Option<(Timestamp, Timestamp)>, Problem> {
    let invalid = |es: &str, en: &str| Problem::because(Code::Invalid, es, en);
    let Some(from) = typed.from else {
        return match typed.to {
            Some(_) => Err(invalid("«to» necesita «from»", "\"to\" needs \"from\"")),
            None => Ok(None),
        };
    };
    if typed.span.is_some() {
        return Err(invalid("es «window» o «from» y «to», no ambos", "it is \"window\" or \"from\" and \"to\", not both"));
    }
    let to = match typed.to {
        Some(to) => to,
        None => readers::now(app).await?.plus(1),
    };
    if to <= from || to.since(from) > LONGEST {
        return Err(invalid("«to» debe estar después de «from», hasta 7 días", "\"to\" must be after \"from\", by 7 days at most"));
    }
    Ok(Some((from, to)))
}
