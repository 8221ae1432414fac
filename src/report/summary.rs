//! What of a report is read first, for those who get it as a letter.

use std::fmt::Write;

use super::{BrandReport, Report, headline, shown};
use crate::bilingual::Lang;

/// One line: which brands, and when.
pub fn subject(report: &Report, lang: Lang) -> String {
    let names: Vec<&str> = report.brands.iter().map(|b| &*b.brand).collect();
    let title = format!("{}: {}", lang.pick("Informe de atención", "Care report"), names.join(", "));
    match report.brands.first() {
        Some(brand) => format!("{title} · {}", shown::window(brand.window, &brand.zone, lang)),
        None => title,
    }
}

/// Of each brand its period and its head figures.
pub fn summary(report: &Report, lang: Lang) -> String {
    let parts: Vec<String> = report.brands.iter().map(|brand| one(brand, report, lang)).collect();
    parts.join("\n")
}

fn one(brand: &BrandReport, report: &Report, lang: Lang) -> String {
    let (window, now) = (shown::window(brand.window, &brand.zone, lang), shown::instant(report.now, &brand.zone));
    let mut out = format!("{}\n{window} · {} · {} {now}\n\n", brand.brand, brand.zone, lang.pick("a fecha de", "as of"));
    for ((es, en), figure) in headline(brand) {
        let parts = shown::parts(figure, lang);
        let parts = if parts.is_empty() { parts } else { format!(" ({parts})") };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}: {}{parts}", lang.pick(es, en), shown::value(figure, lang));
    }
    out
}
