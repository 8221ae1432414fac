//! A report as JSON and as CSV. Which figures there are follows from `figures::ALL`.

use serde::Serialize;

use super::csv::quoted;
use super::share::Plain;
use super::{Time, json};
use crate::bilingual::Lang;
use crate::figures::{Figure, Key, Spec};
use crate::report::{self, BrandReport, Format, Report, unknown};

#[derive(Serialize)]
struct Texts {
    es: &'static str,
    en: &'static str,
}

#[derive(Serialize)]
struct FigureView<'a> {
    figure: String,
    keys: Vec<&'a str>,
    unit: &'static str,
    numerator: Option<u64>,
    denominator: Option<u64>,
    value: Option<Plain>,
    reason: Option<&'static str>,
    interval: Option<[Plain; 2]>,
}

impl<'a> From<&'a Figure> for FigureView<'a> {
    fn from(f: &'a Figure) -> Self {
        FigureView {
            figure: f.called(),
            keys: f.keys.iter().map(Key::as_str).collect(),
            unit: f.unit.as_str(),
            numerator: f.numerator,
            denominator: f.denominator,
            value: f.value.ok().map(Plain),
            reason: f.value.err().map(|r| r.as_str()),
            interval: f.interval.map(|(low, high)| [Plain(low), Plain(high)]),
        }
    }
}

#[derive(Serialize)]
struct IndicatorView<'a> {
    indicator: &'static str,
    title: Texts,
    note: Texts,
    figures: Vec<FigureView<'a>>,
}

impl<'a> From<&'a (&'static Spec, Vec<Figure>)> for IndicatorView<'a> {
    fn from((spec, figures): &'a (&'static Spec, Vec<Figure>)) -> Self {
        let texts = |(es, en)| Texts { es, en };
        let figures = figures.iter().map(FigureView::from).collect();
        IndicatorView { indicator: spec.name, title: texts(spec.title), note: texts(spec.explain), figures }
    }
}

/// A report as `format` in `lang`.
pub fn report_as(report: &Report, format: Format, lang: Lang) -> String {
    match format {
        Format::Text => report::text(report, lang),
        Format::Json => report_json(report) + "\n",
        Format::Csv => report_csv(report),
        Format::Html => report::html(report, lang),
    }
}

/// All figures as one object.
pub fn report_json(report: &Report) -> String {
    #[derive(Serialize)]
    struct Told {
        es: String,
        en: String,
    }
    #[derive(Serialize)]
    struct Brand<'a> {
        brand: &'a str,
        own: bool,
        from: Time,
        to: Time,
        zone: &'a str,
        since: Option<Time>,
        indicators: Vec<IndicatorView<'a>>,
        unknown: Vec<Told>,
    }
    #[derive(Serialize)]
    struct View<'a> {
        at: Time,
        brands: Vec<Brand<'a>>,
    }
    let brand = |b: &'_ BrandReport| unknown(b, report.now).into_iter().map(|t| Told { es: t.es, en: t.en }).collect();
    let brands = report.brands.iter().map(|b| Brand {
        brand: &b.brand,
        own: b.own,
        from: Time(b.window.0),
        to: Time(b.window.1),
        zone: &b.zone,
        since: b.since.map(Time),
        indicators: b.indicators.iter().map(IndicatorView::from).collect(),
        unknown: brand(b),
    });
    json(&View { at: Time(report.now), brands: brands.collect() })
}

/// The report as one long table, a row for each figure. Times are in seconds, shares from 0 to 1.
pub fn report_csv(report: &Report) -> String {
    let mut out = String::from("brand,indicator,figure,key1,key2,numerator,denominator,value,reason\r\n");
    for brand in &report.brands {
        for (spec, figures) in &brand.indicators {
            for figure in figures {
                row(&brand.brand, spec.name, figure, &mut out);
            }
        }
    }
    out
}

fn row(brand: &str, indicator: &str, figure: &Figure, out: &mut String) {
    let key = |i: usize| figure.keys.get(i).map_or("", Key::as_str);
    let whole = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    let value = figure.value.map(|v| v.to_string()).unwrap_or_default();
    for name in [brand, indicator, &figure.called(), key(0), key(1)] {
        quoted(name, out);
        out.push(',');
    }
    // A negative number is a number, and no formula.
    let rest = [whole(figure.numerator), whole(figure.denominator), value, figure.value.err().map_or("", |r| r.as_str()).to_owned()];
    out.push_str(&rest.join(","));
    out.push_str("\r\n");
}
