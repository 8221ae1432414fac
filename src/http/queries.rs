//! Queries: read without being put in force, and tried against the recent input.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::page::json;
use super::topics::blocking;
use super::{App, Code, Fault, Problem, guard, ingest, readers};
use crate::bilingual::{Both, Lang};
use crate::eql::{self, Given, Options, Parsed};
use crate::lane::Compiled;
use crate::limits;
use crate::post::PostBuf;
use crate::query::Query;
use crate::recall::{Trial, Tried};
use crate::time::MINUTE;
use crate::wire::{self, Asked, LeafView, QueryView, SampleView, TriedView};

/// Minutes of the past that are looked at if the client does not say.
const MINUTES: u64 = 60;
/// Posts that are shown if the client does not say.
const SAMPLES: usize = 10;
/// A query that matches more than one in so many posts is told so.
const OFTEN: u64 = 5;

/// `POST /v1/query/check`: the query as it is understood, or everything that is wrong with it; either
/// is an answer.
pub async fn check(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let lang = guard::language(&headers);
    let asked = asked(&app, body).await?;
    if asked.minutes.is_some() || asked.samples.is_some() {
        return Err(Problem::because(
            Code::Invalid,
            "«minutes» y «samples» son de /v1/query/try",
            "\"minutes\" and \"samples\" belong to /v1/query/try",
        ));
    }
    let desk = app.shared.desk.clone();
    let (parsed, asked) = blocking(move || (desk.read(&asked.query, options(&asked)), asked)).await?;
    Ok((guard::spoken(lang), json(wire::query_json(&QueryView::new(&parsed, asked.accents.into(), lang)))).into_response())
}

/// `POST /v1/query/try`: what the query would have matched.
pub async fn attempt(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let lang = guard::language(&headers);
    let asked = asked(&app, body).await?;
    if !app.shared.recall.is_on() {
        return Err(Problem::because(
            Code::Unavailable,
            "el motor no guarda la entrada reciente: [engine] recall",
            "the engine keeps no recent input: [engine] recall",
        ));
    }
    let turn = app.tries.clone().try_acquire_owned().map_err(|_| Problem::new(Code::Busy).retry_after(ingest::RETRY_AFTER))?;
    let work = app.clone();
    let (turn, asked, (parsed, tried)) = blocking(move || {
        let done = run(&work, &asked);
        (turn, asked, done)
    })
    .await?;
    let (Some(query), Some(mut tried)) = (parsed.query.clone(), tried) else {
        let errors = parsed.problems.iter().filter(|p| p.is_error).map(|p| Fault::of_query("/query", p)).collect();
        return Err(Problem::faults(Code::Query, errors));
    };
    tried.samples = shown(&app, tried.samples).await?;
    let told = blocking(move || {
        let told = answer(&asked, &parsed, &query, &tried, lang);
        drop(turn);
        told
    });
    Ok((guard::spoken(lang), json(told.await?)).into_response())
}

/// The body of either.
async fn asked(app: &App, body: Body) -> Result<Asked, Problem> {
    let body = ingest::read(app, body, limits::QUERY_BODY_BYTES).await?;
    let wrong = |cause: Both| Problem::because(Code::Invalid, cause.es, cause.en);
    let asked =
        wire::parse_asked(&body).map_err(|e| wrong(Both::new(format!("el cuerpo no se entiende: {e}"), format!("the body: {e}"))))?;
    let minutes = (1..=limits::TRY_MINUTES).contains(&asked.minutes.unwrap_or(MINUTES));
    if !minutes || asked.samples.is_some_and(|n| n > limits::TRY_SAMPLES) {
        let (minutes, samples) = (limits::TRY_MINUTES, limits::TRY_SAMPLES);
        return Err(wrong(Both::new(
            format!("«minutes» va de 1 a {minutes} y «samples» de 0 a {samples}"),
            format!("\"minutes\" is 1 to {minutes} and \"samples\" 0 to {samples}"),
        )));
    }
    Ok(asked)
}

fn options(asked: &Asked) -> Options<'static> {
    let Asked { strict, quoted, all, accents, .. } = *asked;
    Options { accents: accents.into(), strict, quoted, everything: all, names: None }
}

/// Reads the query and tries it if it can be read.
fn run(app: &App, asked: &Asked) -> (Parsed, Option<Tried>) {
    let shared = &app.shared;
    let parsed = shared.desk.read(&asked.query, options(asked));
    let tried = parsed.query.clone().map(|query| {
        let compiled = Arc::new(Compiled::new(shared.desk.trial(query)));
        let minutes = i64::try_from(asked.minutes.unwrap_or(MINUTES)).unwrap_or(i64::MAX);
        let from = shared.clock.now().plus(-minutes.saturating_mul(MINUTE));
        let samples = asked.samples.unwrap_or(SAMPLES);
        let trial = Trial { compiled: &compiled, from, samples, time: limits::TRY_TIME, clock: &*shared.clock };
        shared.recall.try_out(&trial)
    });
    (parsed, tried)
}

/// The samples without posts that the tally knows to be deleted: their delete may have come before
/// them, or after the try.
async fn shown(app: &App, samples: Vec<PostBuf>) -> Result<Vec<PostBuf>, Problem> {
    let keys: Vec<_> = samples.iter().map(|s| s.get().key()).collect();
    let gone = readers::deleted(app, keys).await?;
    Ok(samples.into_iter().zip(gone).filter(|(_, gone)| !gone).map(|(sample, _)| sample).collect())
}

fn answer(asked: &Asked, parsed: &Parsed, query: &Query, tried: &Tried, lang: Lang) -> String {
    let mut warnings: Vec<eql::Problem> = parsed.problems.clone();
    if tried.matched * OFTEN > tried.posts {
        let part = format!("{} %", tried.matched * 100 / tried.posts.max(1));
        let whole = 0..asked.query.chars().count() as u32;
        warnings.push(eql::Problem::new(eql::Code::W111, whole, &asked.query, &part));
    }
    let faults: Vec<Fault> = warnings.iter().map(|p| Fault::of_query("/query", p)).collect();
    let found: Vec<_> = tried.samples.iter().map(|s| (s.get(), eql::explain(query, &s.get(), &Given::NOTHING).leaves)).collect();
    let sample = |(post, leaves): &(crate::post::Post<'_>, Vec<eql::LeafMatch>)| {
        // Spans are ascending: one pass over the text finds the bytes of all.
        let ends: Vec<usize> = post.text.char_indices().map(|(at, _)| at).chain([post.text.len()]).collect();
        let text = |l: &eql::LeafMatch| Some((*ends.get(l.start as usize)?, *ends.get(l.end as usize)?));
        let leaves = leaves.iter().take(limits::LEAVES_SHOWN).map(|l| LeafView {
            text: text(l).and_then(|(from, to)| post.text.get(from..to)).unwrap_or_default().to_owned(),
            start: l.start,
            end: l.end,
            term: l.term.clone(),
        });
        leaves.collect()
    };
    let samples = found.iter().map(|one| SampleView { post: (&one.0).into(), leaves: sample(one) }).collect();
    wire::tried_json(&TriedView::new(&asked.tag, &parsed.normal, tried, samples, faults.iter().map(|f| f.view(lang)).collect()))
}
