//! Shares of voice as JSON and as CSV. Which figures there are follows from `indicators::ALL`.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::csv::quoted;
use super::{BothView, Pairs, Time, given, json};
use crate::bilingual::Both;
use crate::indicators::{self, Figure, Ratio};
use crate::share::{Counting, Span};
use crate::tally::{AccountVoice, BrandVoice, Figures, ShareOfVoice};

/// What was asked.
pub struct ShareAsked<'a> {
    /// The group.
    pub group: &'a str,
    /// The window by its name, if it has one.
    pub span: Option<Span>,
    /// Which mentions count.
    pub counting: Counting,
}

/// A number without a needless fraction.
#[derive(Clone, Copy)]
pub(super) struct Plain(pub f64);

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        // Whole numbers up to here are exact.
        let whole = self.0.fract() == 0.0 && self.0.abs() < 9e15;
        if whole { s.serialize_i64(self.0 as i64) } else { s.serialize_f64(self.0) }
    }
}

#[derive(Serialize)]
struct RatioView {
    value: Option<Plain>,
    numerator: Option<Plain>,
    denominator: Plain,
}

impl From<&Ratio> for RatioView {
    fn from(r: &Ratio) -> Self {
        RatioView { value: r.value().map(Plain), numerator: r.numerator.map(Plain), denominator: Plain(r.denominator) }
    }
}

struct FigureView<'a>(&'a Figure);

impl Serialize for FigureView<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Figure::Ratio(ratio) => RatioView::from(ratio).serialize(s),
            Figure::Number(number) => number.map(Plain).serialize(s),
            Figure::Interval(ends) => ends.map(|(low, high)| [low, high]).serialize(s),
        }
    }
}

/// The key of an indicator.
fn key(name: &str) -> String {
    name.replace('-', "_")
}

/// `GET /v1/share-of-voice`.
pub fn share_json(asked: &ShareAsked<'_>, found: &ShareOfVoice) -> String {
    #[derive(Serialize)]
    struct Largest<'a> {
        brands: Vec<&'a str>,
        share: RatioView,
    }
    #[derive(Serialize)]
    struct View<'a, N: Serialize> {
        group: &'a str,
        at: Time,
        window: Option<&'static str>,
        from: Time,
        to: Time,
        since: Option<Time>,
        complete: bool,
        reposts: bool,
        duplicates: bool,
        posts: Plain,
        hhi: Option<Plain>,
        largest_two: Largest<'a>,
        brands: Vec<BrandView<'a>>,
        notes: N,
    }
    let explained: Vec<(String, Both)> = indicators::ALL.iter().map(|spec| (key(spec.name), (spec.explain)())).collect();
    let largest = found.brands.iter().filter(|b| b.mentions.is_some_and(|n| n > 0)).take(2);
    json(&View {
        group: asked.group,
        at: Time(found.at),
        window: asked.span.map(Span::as_str),
        from: Time(found.from),
        to: Time(found.to),
        since: found.since.map(Time),
        complete: found.complete,
        reposts: asked.counting.reposts,
        duplicates: asked.counting.duplicates,
        posts: Plain(found.posts),
        hhi: found.concentration.map(Plain),
        largest_two: Largest { brands: largest.map(|b| b.name.as_ref()).collect(), share: (&found.largest_two).into() },
        brands: found.brands.iter().zip(1..).map(|(brand, rank)| BrandView(brand, rank)).collect(),
        notes: Pairs(explained.iter().map(|(name, text)| (name, BothView::from(text)))),
    })
}

/// Figures as one object.
struct FiguresView<'a>(&'a Figures);

impl Serialize for FiguresView<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.0.iter().map(|(name, figure)| (*name, FigureView(figure))))
    }
}

#[derive(Serialize)]
struct AccountView<'a> {
    account: &'a str,
    network: Option<&'a str>,
    #[serde(flatten)]
    figures: FiguresView<'a>,
}

impl<'a> From<&'a AccountVoice> for AccountView<'a> {
    fn from(a: &'a AccountVoice) -> Self {
        AccountView { account: &a.account, network: given(&a.network), figures: FiguresView(&a.figures) }
    }
}

/// One brand; each indicator is a member with its figures.
struct BrandView<'a>(&'a BrandVoice, usize);

impl Serialize for BrandView<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let BrandView(brand, rank) = self;
        let mut map = s.serialize_map(None)?;
        map.serialize_entry("rank", rank)?;
        map.serialize_entry("brand", brand.name.as_ref())?;
        map.serialize_entry("own", &brand.own)?;
        map.serialize_entry("mentions", &brand.mentions)?;
        for (indicator, figures) in &brand.figures {
            map.serialize_entry(&key(indicator), &FiguresView(figures))?;
        }
        map.serialize_entry("accounts", &brand.accounts.iter().map(AccountView::from).collect::<Vec<_>>())?;
        map.end()
    }
}

/// The shares as one CSV file, a row for each brand.
pub fn share_csv(asked: &ShareAsked<'_>, found: &ShareOfVoice) -> String {
    let mut out = String::new();
    for (i, brand) in found.brands.iter().enumerate() {
        let mut columns = vec![
            ("group".to_owned(), asked.group.to_owned()),
            ("from".to_owned(), found.from.to_string()),
            ("to".to_owned(), found.to.to_string()),
            ("rank".to_owned(), (i + 1).to_string()),
            ("brand".to_owned(), brand.name.to_string()),
            ("own".to_owned(), brand.own.to_string()),
            ("mentions".to_owned(), brand.mentions.map(|n| n.to_string()).unwrap_or_default()),
        ];
        for (indicator, figures) in &brand.figures {
            for (name, figure) in figures {
                cells(&format!("{}_{name}", key(indicator)), figure, &mut columns);
            }
        }
        if i == 0 {
            row(columns.iter().map(|(name, _)| name.as_str()), |field, out| out.push_str(field), &mut out);
        }
        row(columns.iter().map(|(_, value)| value.as_str()), quoted, &mut out);
    }
    out
}

fn row<'a>(fields: impl Iterator<Item = &'a str>, write: fn(&str, &mut String), out: &mut String) {
    for (i, field) in fields.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(field, out);
    }
    out.push_str("\r\n");
}

/// The columns of one figure; what is not known is empty.
fn cells(name: &str, figure: &Figure, out: &mut Vec<(String, String)>) {
    let shown = |number: Option<f64>| number.map(|n| n.to_string()).unwrap_or_default();
    match figure {
        Figure::Ratio(ratio) => {
            out.push((name.to_owned(), shown(ratio.value())));
            out.push((format!("{name}_numerator"), shown(ratio.numerator)));
            out.push((format!("{name}_denominator"), shown(Some(ratio.denominator))));
        }
        Figure::Number(number) => out.push((name.to_owned(), shown(*number))),
        Figure::Interval(ends) => {
            out.push((format!("{name}_low"), shown(ends.map(|e| e.0))));
            out.push((format!("{name}_high"), shown(ends.map(|e| e.1))));
        }
    }
}
