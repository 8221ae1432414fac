//! `GET /v1/report?table=…`: customers' matters, or what changed of them, page by page.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::alerts::unread;
use super::{App, Problem, readers, subscription};
use crate::incident::IncidentKey;
use crate::report::{Sheet, Table, Windows};
use crate::store::Moved;
use crate::time::Timestamp;
use crate::wire::{self, Row};

/// Rows of one page at most.
const PAGE: usize = 1000;

/// What the client asks for.
pub struct Asked<'a> {
    /// Which table.
    pub table: Table,
    /// As what.
    pub sheet: Sheet,
    /// Of which time.
    pub windows: Windows,
    /// Where the page before ended; the first page has the names of the columns.
    pub after: Option<&'a str>,
    /// So many rows at most.
    pub limit: Option<usize>,
}

/// One page; `query` is what it was asked with, for the link to the next one.
pub async fn page(app: &App, asked: Asked<'_>, query: &str) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let mut text = if asked.after.is_none() { wire::table_header(asked.table, asked.sheet) } else { String::new() };
    let (rows, next) = match asked.table {
        Table::Incidents => matters(app, &asked, limit).await?,
        Table::Events => changes(app, &asked, limit).await?,
    };
    rows.iter().for_each(|row| row.write(asked.sheet, &mut text));
    let mime = match asked.sheet {
        Sheet::Csv => "text/csv; charset=utf-8",
        Sheet::Ndjson => "application/x-ndjson",
    };
    let name = format!("attachment; filename=\"{}.{}\"", asked.table.as_str(), asked.sheet.as_str());
    let mut answer = ([(header::CONTENT_TYPE, mime.to_owned()), (header::CONTENT_DISPOSITION, name)], text).into_response();
    if let Some(link) = next.and_then(|next| link(query, &next).parse().ok()) {
        answer.headers_mut().insert(header::LINK, link);
    }
    Ok(answer)
}

/// The same question about what comes behind `next` (RFC 8288).
fn link(query: &str, next: &str) -> String {
    let same: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("after=")).collect();
    format!("</v1/report?{}&after={next}>; rel=\"next\"", same.join("&"))
}

type Rows = (Vec<Row>, Option<String>);

async fn matters(app: &App, asked: &Asked<'_>, limit: usize) -> Result<Rows, Problem> {
    let place = |text: &str| {
        let (opened, id) = text.split_once('.')?;
        Some((Timestamp(opened.parse().ok()?), wire::incident_id(id)?))
    };
    let after = asked.after.map(|text| place(text).ok_or_else(|| subscription::bad("after", text, "rel=\"next\""))).transpose()?;
    let (windows, sample) = (asked.windows.clone(), app.shared.plan.load().sample);
    let found = readers::ask(app, move |tally| (tally.now(), tally.matters_in(windows.brands(), after, limit)));
    let (now, (matters, more)) = found.await?;
    let cursor = |at: Timestamp, id: IncidentKey| format!("{}.{:016x}", at.0, id.0);
    let next = matters.last().filter(|_| more).map(|(last, _)| cursor(last.opened_at, last.key()));
    Ok((matters.iter().map(|(incident, version)| Row::matter(now, sample, (incident, *version))).collect(), next))
}

/// From the store, which holds more; without one, from what streams can still tell.
async fn changes(app: &App, asked: &Asked<'_>, limit: usize) -> Result<Rows, Problem> {
    let since = asked.after.map_or(Ok(0), |text| subscription::number("after", text))?;
    let (feed, around) = (&app.shared.feed, asked.windows.around());
    let head = feed.head();
    let (found, more): (Vec<(u64, Moved)>, bool) = match &app.shared.reader {
        Some(reader) => {
            // One at a time, and who waits holds no thread.
            let mut reader = reader.clone().lock_owned().await;
            let read = move || reader.changes((since, head), around, limit);
            let found = tokio::task::spawn_blocking(read).await.map_err(|_| unread("stopped"))?.map_err(|e| unread(&e.to_string()))?;
            let more = found.len() >= limit;
            (found, more)
        }
        None => feed.changes(since, around, limit),
    };
    let next = found.last().filter(|_| more).map(|(seq, _)| seq.to_string());
    let row = |(seq, moved): &(u64, Moved)| Some(Row::change(*seq, &moved.body)).filter(|row| asked.windows.has(row.brand(), moved.at));
    Ok((found.iter().filter_map(row).collect(), next))
}
