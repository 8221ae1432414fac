//! `GET /v1/report`: the figures of the care teams, or a table of what they are made of.

use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};

use super::api::{Given, instant, params};
use super::{App, Code, Problem, guard, readers, subscription, table};
use crate::bilingual::Lang;
use crate::nearest::nearest;
use crate::report::{Format, Period, Plan, Sheet, Table};
use crate::wire;

/// What the client asks for, as typed.
#[derive(Default)]
struct Typed<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
    named: Option<Period>,
    brand: Option<&'a str>,
    table: Option<Table>,
    format: Option<&'a str>,
    lang: Option<Lang>,
    /// Of tables: where the page before ended, and how long this one may be.
    after: Option<&'a str>,
    limit: Option<usize>,
}

impl Typed<'_> {
    fn format<T>(&self, usual: T, named: fn(&str) -> Option<T>, all: &str) -> Result<T, Problem> {
        self.format.map_or(Ok(usual), |name| named(name).ok_or_else(|| subscription::bad("format", name, all)))
    }
}

/// Answers.
pub async fn of_care(State(app): State<App>, uri: Uri, headers: HeaderMap, given: Given) -> Result<Response, Problem> {
    let params = params(given)?;
    let typed = typed(&params)?;
    let period = period(&typed)?;
    let plan = app.shared.plan.load_full();
    let brand = typed.brand.map(str::to_owned);
    if plan.subjects(brand.as_deref()).is_none() {
        return Err(no_brand(&plan, brand.as_deref().unwrap_or_default()));
    }
    if let Some(table) = typed.table {
        let sheet = typed.format(Sheet::Csv, Sheet::named, "csv, ndjson")?;
        let windows = plan.windows(brand.as_deref(), period).ok_or_else(|| Problem::new(Code::NotFound))?;
        let asked = table::Asked { table, sheet, windows, after: typed.after, limit: typed.limit };
        return table::page(&app, asked, uri.query().unwrap_or_default()).await;
    }
    let format = typed.format(Format::Json, Format::named, "text, json, csv, html")?;
    let report = readers::report(&app, plan, brand, period)
        .await?
        .ok_or_else(|| Problem::because(Code::NotFound, "aún no se ha contado nada", "nothing has been counted yet"))?;
    let lang = typed.lang.unwrap_or_else(|| guard::language(&headers));
    let text = wire::report_as(&report, format, lang);
    let mime = match format {
        Format::Text => "text/plain; charset=utf-8",
        Format::Json => "application/json",
        Format::Csv => "text/csv; charset=utf-8",
        Format::Html => "text/html; charset=utf-8",
    };
    if format == Format::Csv {
        let name = "attachment; filename=\"report.csv\"";
        return Ok(([(header::CONTENT_TYPE, mime), (header::CONTENT_DISPOSITION, name)], text).into_response());
    }
    Ok(([(header::CONTENT_TYPE, mime)], text).into_response())
}

fn typed(params: &subscription::Params) -> Result<Typed<'_>, Problem> {
    let mut typed = Typed::default();
    let mut civil = |name: &str, value: &str, read: fn(&str) -> Option<Period>, example: &str| {
        let period = read(value).ok_or_else(|| subscription::bad(name, value, example))?;
        if typed.named.replace(period).is_some() {
            return Err(one_period());
        }
        Ok(())
    };
    for (name, value) in params {
        match name.as_str() {
            "day" => civil("day", value, Period::day, "2026-03-02")?,
            "week" => civil("week", value, Period::week, "2026-W10")?,
            "month" => civil("month", value, Period::month, "2026-03")?,
            _ => {}
        }
    }
    for (name, value) in params {
        match name.as_str() {
            "day" | "week" | "month" => {}
            "from" => typed.from = Some(bound("from", value)?),
            "to" => typed.to = Some(bound("to", value)?),
            "brand" => typed.brand = Some(value),
            "table" => {
                typed.table = Some(Table::named(value).ok_or_else(|| subscription::bad("table", value, "incidents, events"))?);
            }
            "format" => typed.format = Some(value),
            "after" => typed.after = Some(value),
            "limit" => typed.limit = Some(subscription::number("limit", value)?),
            "lang" if value == "es" || value == "en" => typed.lang = Some(Lang::from_tag(value)),
            "lang" => return Err(subscription::bad("lang", value, "es, en")),
            other => return Err(subscription::unknown(other)),
        }
    }
    // Each goes with one of the two only.
    let alone =
        if typed.table.is_some() { typed.lang.map(|_| "lang") } else { typed.after.map(|_| "after").or(typed.limit.map(|_| "limit")) };
    alone.map_or(Ok(typed), |name| Err(subscription::unknown(name)))
}

/// A moment or a civil day.
fn bound<'a>(name: &'static str, value: &'a str) -> Result<&'a str, Problem> {
    if Period::day(value).is_none() {
        instant(name, value)?;
    }
    Ok(value)
}

fn one_period() -> Problem {
    Problem::because(
        Code::Invalid,
        "di un periodo: «from» y «to», o «day», «week» o «month»",
        "say one period: \"from\" and \"to\", or \"day\", \"week\" or \"month\"",
    )
}

fn period(typed: &Typed<'_>) -> Result<Period, Problem> {
    match (typed.from, typed.to, typed.named) {
        (None, None, Some(period)) => Ok(period),
        (Some(from), Some(to), None) => match Period::between(from, to) {
            Some(period) if !period.is_empty() => Ok(period),
            Some(_) => Err(Problem::because(Code::Invalid, "«to» debe estar después de «from»", "\"to\" must be after \"from\"")),
            None => Err(Problem::because(
                Code::Invalid,
                "«from» y «to» son dos momentos o dos días, no uno de cada",
                "\"from\" and \"to\" are two moments or two days, not one of each",
            )),
        },
        _ => Err(one_period()),
    }
}

fn no_brand(plan: &Plan, name: &str) -> Problem {
    let short: String = name.chars().take(80).collect();
    let (mut es, mut en) = (format!("no hay ninguna marca que se llame «{short}»"), format!("there is no brand called \"{short}\""));
    if let Some(near) = nearest(&short, plan.brands.iter().map(|b| b.name.as_str())) {
        es += &format!("; ¿querías decir «{near}»?");
        en += &format!("; did you mean \"{near}\"?");
    }
    Problem::because(Code::NotFound, es, en)
}
