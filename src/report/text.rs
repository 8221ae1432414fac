//! A report for a terminal.

use std::fmt::Write;

use super::panels::{Panel, panels};
use super::{BrandReport, Report, headline, shown, unknown};
use crate::bilingual::Lang;
use crate::figures::{Figure, Form, Key};

/// Columns of a bar.
const BAR: f64 = 30.0;

/// The whole report in `lang`.
pub fn text(report: &Report, lang: Lang) -> String {
    let parts: Vec<String> = report.brands.iter().map(|brand| one(brand, report, lang)).collect();
    parts.join("\n\n")
}

fn one(brand: &BrandReport, report: &Report, lang: Lang) -> String {
    let mut out = String::new();
    let title = format!("{}: {}", lang.pick("Informe de atención", "Care report"), brand.brand);
    let window = shown::window(brand.window, &brand.zone, lang);
    let now = shown::instant(report.now, &brand.zone);
    let as_of = lang.pick("a fecha de", "as of");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{title}\n{}\n{window} · {} · {as_of} {now}\n", "=".repeat(title.chars().count()), brand.zone);
    let rows = headline(brand).into_iter().map(|((es, en), figure)| vec![lang.pick(es, en).to_owned(), told(figure, lang)]);
    table(&rows.collect::<Vec<_>>(), &mut out);
    for (spec, figures) in &brand.indicators {
        let heading = lang.pick(spec.title.0, spec.title.1);
        let _ = writeln!(out, "\n{heading}\n{}", "-".repeat(heading.chars().count()));
        for panel in panels(spec, figures) {
            put(&panel, lang, &mut out);
        }
    }
    let heading = lang.pick("Lo que este informe no sabe", "What this report does not know");
    let _ = writeln!(out, "\n{heading}\n{}", "-".repeat(heading.chars().count()));
    for line in unknown(brand, report.now) {
        let _ = writeln!(out, "- {}", line.get(lang));
    }
    out
}

/// The value, what it is made of, and why there is none.
fn told(figure: &Figure, lang: Lang) -> String {
    let mut out = shown::value(figure, lang);
    let parts = shown::parts(figure, lang);
    if !parts.is_empty() {
        out += &format!(" ({parts})");
    }
    if let Some(interval) = shown::interval(figure, lang) {
        out += &format!(" [{interval}]");
    }
    if let Err(reason) = figure.value {
        let (es, en) = reason.text();
        out += &format!(": {}", lang.pick(es, en));
    }
    out
}

fn put(panel: &Panel<'_>, lang: Lang, out: &mut String) {
    if let Some(title) = panel.heading() {
        let _ = writeln!(out, "{}:", lang.pick(title.0, title.1));
    }
    if let Some(reason) = panel.reason().filter(|_| panel.figures.len() > 1) {
        let (es, en) = reason.text();
        let _ = writeln!(out, "  {}: {}", shown::UNKNOWN, lang.pick(es, en));
        return;
    }
    match panel.form {
        Form::Card => {
            let title = |f: &Figure| panel.names.iter().find(|n| n.name == f.name).map_or("", |n| lang.pick(n.title.0, n.title.1));
            table(&panel.figures.iter().map(|f| vec![title(f).to_owned(), told(f, lang)]).collect::<Vec<_>>(), out);
        }
        Form::Column => {
            let mut head = vec![String::new()];
            head.extend(panel.names.iter().map(|n| lang.pick(n.title.0, n.title.1).to_owned()));
            let row = |keys: &Vec<Key>| {
                let name = keys.iter().map(|k| shown::key(k, lang)).collect::<Vec<_>>().join(" · ");
                let cell = |n: &&crate::figures::Name| panel.cell(n.name, keys).map_or(String::new(), |f| cell(f, lang));
                std::iter::once(name).chain(panel.names.iter().map(cell)).collect()
            };
            let rows: Vec<Vec<String>> = std::iter::once(head).chain(panel.rows().iter().map(row)).collect();
            table(&rows, out);
        }
        Form::Bars | Form::Days => bars(panel, lang, out),
        Form::Matrix => {
            let columns = panel.axis(1);
            let head = std::iter::once(String::new()).chain(columns.iter().map(|c| shown::key(c, lang))).collect();
            let row = |row: &&Key| {
                let cells = columns.iter().map(|c| panel.crossing(row, c).map_or(String::new(), |f| shown::value(f, lang)));
                std::iter::once(shown::key(row, lang)).chain(cells).collect()
            };
            let rows: Vec<Vec<String>> = std::iter::once(head).chain(panel.axis(0).iter().map(row)).collect();
            table(&rows, out);
        }
    }
}

/// A share keeps its parts in a table; of a time the first column tells how many.
fn cell(figure: &Figure, lang: Lang) -> String {
    let parts = if figure.numerator.is_some() { shown::parts(figure, lang) } else { String::new() };
    let value = shown::value(figure, lang);
    if parts.is_empty() { value } else { format!("{value} ({parts})") }
}

fn bars(panel: &Panel<'_>, lang: Lang, out: &mut String) {
    let most = panel.figures.iter().filter_map(|f| f.value.ok()).fold(0.0, f64::max);
    let row = |f: &&Figure| {
        let long = if most > 0.0 { (f.value.unwrap_or(0.0) / most * BAR).round() as usize } else { 0 };
        vec![shown::keys(f, lang), cell(f, lang), "█".repeat(long)]
    };
    table(&panel.figures.iter().map(row).collect::<Vec<_>>(), out);
}

/// Rows with their columns under each other, two spaces in.
fn table(rows: &[Vec<String>], out: &mut String) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    for row in rows {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}
