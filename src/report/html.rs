//! A report as one page: no script, no request, good on paper.

use std::fmt::Write;

use super::panels::{Panel, panels};
use super::{BrandReport, Report, draw, headline, shown, unknown};
use crate::bilingual::Lang;
use crate::figures::{Figure, Form, Key, Name};
use crate::markup::escaped;

const STYLE: &str = include_str!("report.css");

/// The whole page in `lang`.
pub fn html(report: &Report, lang: Lang) -> String {
    let title = title(report, lang);
    let brands: String = report.brands.iter().map(|brand| one(brand, report, lang)).collect();
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{brands}</body>\n</html>\n",
        lang.pick("es", "en"),
        escaped(&title)
    )
}

fn title(report: &Report, lang: Lang) -> String {
    let names: Vec<&str> = report.brands.iter().map(|b| &*b.brand).collect();
    format!("{} · {}", lang.pick("Informe de atención", "Care report"), names.join(", "))
}

fn one(brand: &BrandReport, report: &Report, lang: Lang) -> String {
    let mut out = String::from("<article>\n");
    head(brand, report, lang, &mut out);
    for (i, (spec, figures)) in brand.indicators.iter().enumerate() {
        let heading = lang.pick(spec.title.0, spec.title.1);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "<section>\n<h2><span>{}</span>{}</h2>", i + 1, escaped(heading));
        for panel in panels(spec, figures) {
            put(&panel, heading, lang, &mut out);
        }
        let how = lang.pick("Cómo se calcula", "How it is computed");
        let _ = writeln!(out, "<p class=\"how\"><b>{how}.</b> {}</p>\n</section>", escaped(lang.pick(spec.explain.0, spec.explain.1)));
    }
    let heading = lang.pick("Lo que este informe no sabe", "What this report does not know");
    let lines: String = unknown(brand, report.now).iter().map(|line| format!("<li>{}</li>\n", escaped(line.get(lang)))).collect();
    let _ = writeln!(out, "<section class=\"unknown\">\n<h2>{heading}</h2>\n<ul>\n{lines}</ul>\n</section>\n</article>");
    out
}

fn head(brand: &BrandReport, report: &Report, lang: Lang, out: &mut String) {
    let window = shown::window(brand.window, &brand.zone, lang);
    let rival = if brand.own { "" } else { lang.pick(" · competencia", " · competitor") };
    let kind = lang.pick("Informe de atención en redes sociales", "Social customer care report");
    let as_of = lang.pick("a fecha de", "as of");
    let now = shown::instant(report.now, &brand.zone);
    let _ = writeln!(
        out,
        "<header>\n<p class=\"kind\">{kind}{rival}</p>\n<h1>{}</h1>\n<p class=\"window\">{window}</p>\n<p class=\"as-of\">{} · {as_of} {now}</p>\n</header>",
        escaped(&brand.brand),
        escaped(&brand.zone)
    );
    let cards: String = headline(brand).into_iter().map(|((es, en), figure)| card(lang.pick(es, en), figure, lang)).collect();
    let _ = writeln!(out, "<div class=\"cards head\">\n{cards}</div>");
}

fn card(title: &str, figure: &Figure, lang: Lang) -> String {
    let mut below = shown::parts(figure, lang);
    if let Some(interval) = shown::interval(figure, lang) {
        below = format!("{below}{}95 %: {interval}", if below.is_empty() { "" } else { " · " });
    }
    if let Err(reason) = figure.value {
        let (es, en) = reason.text();
        below = lang.pick(es, en).to_owned();
    }
    let below = if below.is_empty() { String::new() } else { format!("<small>{}</small>", escaped(&below)) };
    format!("<div><b>{}</b><span>{}</span>{below}</div>\n", escaped(&shown::value(figure, lang)), escaped(title))
}

fn put(panel: &Panel<'_>, heading: &str, lang: Lang, out: &mut String) {
    let title = panel.heading().map(|t| lang.pick(t.0, t.1));
    if let Some(title) = &title {
        let _ = writeln!(out, "<h3>{}</h3>", escaped(title));
    }
    if panel.figures.is_empty() {
        let none = lang.pick("ninguna", "none");
        let _ = writeln!(out, "<p class=\"none\">{}</p>", if panel.form == Form::Column { shown::UNKNOWN } else { none });
        return;
    }
    if let Some(reason) = panel.reason().filter(|_| panel.form != Form::Card) {
        let (es, en) = reason.text();
        let names = panel.names.iter().map(|n| lang.pick(n.title.0, n.title.1)).collect::<Vec<_>>().join(", ");
        let what = if title.is_some() { String::new() } else { format!("{names}: ") };
        let _ = writeln!(out, "<p class=\"none\">{}<b>{}</b> {}</p>", escaped(&what), shown::UNKNOWN, escaped(lang.pick(es, en)));
        return;
    }
    let alt = title.unwrap_or_else(|| heading.to_owned());
    match panel.form {
        Form::Card => {
            let name = |f: &Figure| panel.names.iter().find(|n| n.name == f.name).map_or("", |n| lang.pick(n.title.0, n.title.1));
            let cards: String = panel.figures.iter().map(|f| card(name(f), f, lang)).collect();
            let _ = writeln!(out, "<div class=\"cards\">\n{cards}</div>");
        }
        Form::Column => columns(panel, lang, out),
        Form::Bars => out.push_str(&draw::bars(panel, &alt, lang)),
        Form::Days => out.push_str(&draw::days(panel, &alt, lang)),
        Form::Matrix if panel.axis(1).len() == 24 => out.push_str(&draw::heat(panel, &alt, lang)),
        Form::Matrix => matrix(panel, lang, out),
    }
}

/// A table whose rows are the keys.
fn columns(panel: &Panel<'_>, lang: Lang, out: &mut String) {
    let head: String = panel.names.iter().map(|n| format!("<th>{}</th>", escaped(lang.pick(n.title.0, n.title.1)))).collect();
    let _ = writeln!(out, "<table>\n<tr><th></th>{head}</tr>");
    for keys in panel.rows() {
        let name = keys.iter().map(|k| shown::key(k, lang)).collect::<Vec<_>>().join(" · ");
        let cells: String = panel.names.iter().map(|n| cell(panel, n, &keys, lang)).collect();
        let _ = writeln!(out, "<tr><th>{}</th>{cells}</tr>", escaped(&name));
    }
    out.push_str("</table>\n");
}

fn cell(panel: &Panel<'_>, name: &Name, keys: &[Key], lang: Lang) -> String {
    let Some(figure) = panel.cell(name.name, keys) else { return "<td></td>".to_owned() };
    let mut small: Vec<String> = Vec::new();
    // Of a time the column n tells how many.
    if figure.numerator.is_some() || figure.value.is_err() {
        small.extend(Some(shown::parts(figure, lang)).filter(|p| !p.is_empty()));
    }
    small.extend(shown::interval(figure, lang).map(|i| format!("95 %: {i}")));
    let small = if small.is_empty() { String::new() } else { format!("<small>{}</small>", escaped(&small.join(" · "))) };
    format!("<td>{}{small}</td>", escaped(&shown::value(figure, lang)))
}

/// A table with a key on both sides.
fn matrix(panel: &Panel<'_>, lang: Lang, out: &mut String) {
    let columns = panel.axis(1);
    let most = panel.figures.iter().filter_map(|f| f.value.ok()).fold(0.0, f64::max);
    let head: String = columns.iter().map(|c| format!("<th>{}</th>", escaped(&shown::key(c, lang)))).collect();
    let _ = writeln!(out, "<table class=\"matrix\">\n<tr><th></th>{head}</tr>");
    for row in panel.axis(0) {
        let cells: String = columns.iter().map(|c| panel.crossing(row, c)).map(|f| shade(f, most, lang)).collect();
        let _ = writeln!(out, "<tr><th>{}</th>{cells}</tr>", escaped(&shown::key(row, lang)));
    }
    out.push_str("</table>\n");
}

fn shade(figure: Option<&Figure>, most: f64, lang: Lang) -> String {
    let Some(figure) = figure else { return "<td></td>".to_owned() };
    let share = figure.value.ok().filter(|_| most > 0.0).map_or(0.0, |v| v / most * 0.45);
    format!("<td style=\"background:rgba(31,95,168,{share:.2})\">{}</td>", escaped(&shown::value(figure, lang)))
}
