//! `GET /v1/mentions`: what was found, as pages of JSON or as one CSV file.

use crate::query::NoFacts;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::api::{Given, instant, params};
use super::page::json;
use super::{App, Code, Problem, readers, subscription};
use crate::eql;
use crate::limits;
use crate::matching::{Matcher, Scratch};
use crate::tally::{Mention, MentionFilter};
use crate::wire;

/// Mentions of one page if the client does not say.
const PAGE: usize = 100;
/// Mentions of one page at most, and mentions asked of the tally at once.
const CHUNK: usize = 1000;

/// What the client asks for.
struct Wanted {
    filter: MentionFilter,
    search: Option<Search>,
    limit: usize,
    csv: bool,
}

/// A query over the text of mentions.
struct Search {
    matcher: Matcher,
    scratch: Scratch,
    matched: Vec<u32>,
}

impl Search {
    fn new(text: &str) -> Result<Search, Problem> {
        let parsed = eql::parse(text, &eql::Options::default());
        match parsed.query {
            Some(query) => Ok(Search { matcher: Matcher::new([&query]), scratch: Scratch::default(), matched: Vec::new() }),
            None => {
                let (es, en) = parsed.problems.iter().find(|p| p.is_error).map_or_else(Default::default, |p| {
                    (format!("q: {} {}", p.cause.es, p.fix.es), format!("q: {} {}", p.cause.en, p.fix.en))
                });
                Err(Problem::because(Code::Invalid, es, en))
            }
        }
    }

    fn finds(&mut self, mention: &Mention) -> bool {
        self.matched.clear();
        self.matcher.matches(&mention.post.get(), &NoFacts, &mut self.scratch, &mut self.matched);
        !self.matched.is_empty()
    }
}

/// Answers.
pub async fn list(State(app): State<App>, headers: HeaderMap, given: Given) -> Result<Response, Problem> {
    let accepts_csv = headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.starts_with("text/csv"));
    let mut wanted = wanted(&app, accepts_csv, given)?;
    if wanted.csv {
        return Ok(export(app, wanted));
    }
    let (found, next) = gather(&app, &mut wanted).await?;
    let feed = &app.shared.feed;
    Ok(json(wire::mentions_json(found.iter().map(|m| (&**m, feed.source(m.source))), next)))
}

fn wanted(app: &App, csv: bool, given: Given) -> Result<Wanted, Problem> {
    let mut wanted = Wanted { filter: MentionFilter::default(), search: None, limit: if csv { usize::MAX } else { PAGE }, csv };
    let mut limit = None;
    for (name, value) in &params(given)? {
        match name.as_str() {
            "topic" => wanted.filter.topic = Some(readers::topic(app, value)?),
            "from" => wanted.filter.from = Some(instant("from", value)?),
            "to" => wanted.filter.to = Some(instant("to", value)?),
            "q" => wanted.search = Some(Search::new(value)?),
            "cursor" => wanted.filter.before = Some(subscription::number("cursor", value)?),
            "limit" => limit = Some(subscription::number("limit", value)?),
            "format" if value == "csv" || value == "json" => wanted.csv = value == "csv",
            "format" => return Err(subscription::bad("format", value, "json, csv")),
            other => return Err(subscription::unknown(other)),
        }
    }
    wanted.limit = if wanted.csv { limit.unwrap_or(usize::MAX) } else { limit.unwrap_or(PAGE).min(CHUNK) };
    Ok(wanted)
}

/// Up to `limit` mentions and where the next page starts. The tally is asked for a chunk at a time
/// and never waits for the search.
async fn gather(app: &App, wanted: &mut Wanted) -> Result<(Vec<Arc<Mention>>, Option<u64>), Problem> {
    let mut found = Vec::new();
    let limit = wanted.limit.min(CHUNK);
    if limit == 0 {
        return Ok((found, None));
    }
    loop {
        wanted.filter.limit = if wanted.search.is_some() { CHUNK } else { limit };
        let page = readers::mentions(app, wanted.filter.clone()).await?;
        for (i, mention) in page.mentions.iter().enumerate() {
            if wanted.search.as_mut().is_none_or(|s| s.finds(mention)) {
                found.push(mention.clone());
            }
            if found.len() == limit && i + 1 < page.mentions.len() {
                // The next page starts within this chunk: a chunk that ends here knows where.
                let cut = MentionFilter { limit: i + 1, ..wanted.filter.clone() };
                return Ok((found, readers::mentions(app, cut).await?.next));
            }
        }
        if page.next.is_none() || found.len() == limit {
            return Ok((found, page.next));
        }
        wanted.filter.before = page.next;
    }
}

/// Everything that is wanted as CSV, piece by piece while the client reads.
fn export(app: App, wanted: Wanted) -> Response {
    let export = Export { app, wanted, text: wire::CSV_HEADER.to_owned(), rows: Vec::new().into_iter(), more: true };
    let stream = futures_util::stream::unfold(export, |mut export| async move {
        let piece = export.piece().await?;
        Some((Ok::<_, Infallible>(piece), export))
    });
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"mentions.csv\"")];
    (headers, Body::from_stream(stream)).into_response()
}

/// A CSV file on its way.
struct Export {
    app: App,
    wanted: Wanted,
    /// What is written and not given yet.
    text: String,
    /// What is found and not written yet.
    rows: std::vec::IntoIter<Arc<Mention>>,
    /// There may be more to find.
    more: bool,
}

impl Export {
    /// The next `limits::DOWNLOAD_BYTES` or a little more; `None` at the end.
    async fn piece(&mut self) -> Option<String> {
        while self.text.len() < limits::DOWNLOAD_BYTES {
            match self.rows.next() {
                Some(mention) => wire::csv_row(&mention, self.app.shared.feed.source(mention.source), &mut self.text),
                None if self.more => self.find().await,
                None => break,
            }
        }
        (!self.text.is_empty()).then(|| std::mem::take(&mut self.text))
    }

    /// The next rows. The head is sent by now: an engine that stops can only end the file early.
    async fn find(&mut self) {
        let (found, next) = gather(&self.app, &mut self.wanted).await.unwrap_or_default();
        self.wanted.limit -= found.len().min(self.wanted.limit);
        self.wanted.filter.before = next;
        self.more = next.is_some() && self.wanted.limit > 0;
        self.rows = found.into_iter();
    }
}
