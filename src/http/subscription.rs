//! What a client asks to hear, as typed.

use std::collections::BTreeSet;

use super::{App, Code, Problem};
use crate::alert::Severity;
use crate::feed::{Channel, Filter};
use crate::limits;
use crate::score::Score;
use crate::telemetry;
use crate::wire::Subscribe;

/// Query parameters in the order they were given.
pub type Params = Vec<(String, String)>;

/// Where and how a stream starts.
#[derive(Debug, Default)]
pub struct Start {
    /// The last alert the client has seen.
    pub since: Option<u64>,
    /// In which life of the engine.
    pub epoch: Option<String>,
    /// What it wants.
    pub filter: Filter,
}

/// Lets one more client join a stream, or tells it when to try again, before it costs more than this.
pub fn admit(app: &App, transport: &'static str) -> Result<(), Problem> {
    app.admission.join(app.shared.clock.monotonic()).map_err(|seconds| {
        telemetry::stream_turned_away(transport).increment(1);
        Problem::new(Code::Crowd).retry_after(seconds)
    })
}

/// Reads the query of `/v1/stream` and `/v1/events`.
pub fn start(app: &App, params: &Params) -> Result<Start, Problem> {
    let mut start = Start::default();
    let mut change = Subscribe::default();
    let list = |value: &str| Some(value.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect());
    for (name, value) in params {
        match name.as_str() {
            "since" => start.since = Some(number("since", value)?),
            "epoch" => start.epoch = Some(value.clone()),
            "channels" => change.channels = list(value),
            "topics" => change.topics = list(value),
            "min_severity" => change.min_severity = Some(value.clone()),
            "min_priority" => change.min_priority = Some(number("min_priority", value)?),
            other => return Err(unknown(other)),
        }
    }
    start.filter = changed(app, &start.filter, change)?;
    Ok(start)
}

/// `filter` with the changes a client asks for.
pub fn changed(app: &App, filter: &Filter, change: Subscribe) -> Result<Filter, Problem> {
    let mut filter = filter.clone();
    if let Some(names) = change.channels {
        let named =
            |name: &String| Channel::named(name).ok_or_else(|| bad("channels", name, "alerts, windows, mentions, incidents, status"));
        filter.channels = names.iter().map(named).collect::<Result<_, _>>()?;
    }
    if let Some(names) = change.topics {
        filter.topics = topics(app, names)?;
    }
    if let Some(name) = change.min_severity {
        filter.min_severity = Severity::named(&name).ok_or_else(|| bad("min_severity", &name, "info, warning, critical"))?;
    }
    if let Some(points) = change.min_priority {
        if !(0.0..=100.0).contains(&points) {
            return Err(bad("min_priority", &points.to_string(), "0-100"));
        }
        filter.min_priority = Score((points * 10.0).round() as i16);
    }
    Ok(filter)
}

fn topics(app: &App, names: Vec<String>) -> Result<BTreeSet<String>, Problem> {
    let compiled = app.shared.intake.compiled();
    let known: BTreeSet<&str> = compiled.listening.topics.iter().map(|t| t.name.as_str()).collect();
    match names.iter().find(|n| !known.contains(n.as_str())) {
        Some(name) => Err(Problem::because(
            Code::Invalid,
            format!("no hay ningún tema que se llame «{}»", shown(name)),
            format!("there is no topic called \"{}\"", shown(name)),
        )),
        None => Ok(names.into_iter().take(limits::TOPICS).collect()),
    }
}

/// A number of a parameter.
pub fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|_| bad(name, value, "0, 1, 2, …"))
}

/// A parameter with a value that it cannot have.
pub fn bad(name: &str, value: &str, allowed: &str) -> Problem {
    let value = shown(value);
    Problem::because(
        Code::Invalid,
        format!("«{name}» no puede ser «{value}»; vale: {allowed}"),
        format!("\"{name}\" cannot be \"{value}\"; it can be: {allowed}"),
    )
}

/// A parameter that must be given, and what it can be.
pub fn missing(name: &str, allowed: &str) -> Problem {
    Problem::because(Code::Invalid, format!("falta «{name}»; vale: {allowed}"), format!("\"{name}\" is missing; it can be: {allowed}"))
}

/// A parameter that does not exist.
pub fn unknown(name: &str) -> Problem {
    let name = shown(name);
    Problem::because(Code::Invalid, format!("no existe el parámetro «{name}»"), format!("there is no parameter \"{name}\""))
}

/// The start of a text that came from outside.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}
