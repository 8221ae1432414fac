//! Pictures of a report as inline SVG; colours come from the page's style.

use std::fmt::Write;

use super::panels::Panel;
use super::shown;
use crate::bilingual::Lang;
use crate::figures::{Figure, Key};
use crate::markup::escaped;

/// Units of the pictures' width: a page is as wide.
const WIDTH: f64 = 900.0;
const ROW: f64 = 24.0;
/// Bars of one picture; the rest is summed up.
const BARS: usize = 12;

/// Horizontal bars, one for each figure.
pub fn bars(panel: &Panel<'_>, title: &str, lang: Lang) -> String {
    let shown: Vec<&Figure> = panel.figures.iter().copied().take(BARS).collect();
    let more = panel.figures.len() - shown.len();
    let (label, chart) = (230.0, 470.0);
    let most = shown.iter().filter_map(|f| f.value.ok()).fold(0.0, f64::max);
    let height = ROW * (shown.len() + usize::from(more > 0)) as f64 + 4.0;
    let mut svg = open(height, title);
    for (i, figure) in shown.iter().enumerate() {
        let y = ROW * i as f64;
        let wide = if most > 0.0 { (figure.value.unwrap_or(0.0) / most * chart).max(0.0) } else { 0.0 };
        text(&mut svg, (label - 10.0, y + 16.0), "class=\"l\" text-anchor=\"end\"", &short(&shown::keys(figure, lang), 28));
        let _ = write!(svg, "<rect class=\"b\" x=\"{label}\" y=\"{:.1}\" width=\"{wide:.1}\" height=\"15\" rx=\"2\"/>", y + 4.0);
        let parts = shown::parts(figure, lang);
        let value = shown::value(figure, lang);
        let told = if figure.numerator.is_some() { format!("{value}  ({parts})") } else { value };
        text(&mut svg, (label + wide + 8.0, y + 16.0), "class=\"v\"", &told);
    }
    if more > 0 {
        let rest = lang.pick(format!("y {more} más"), format!("and {more} more"));
        text(&mut svg, (label, ROW * shown.len() as f64 + 16.0), "class=\"l\"", &rest);
    }
    svg + "</svg>"
}

/// Upright bars along days or hours.
pub fn days(panel: &Panel<'_>, title: &str, lang: Lang) -> String {
    let (left, top, tall) = (22.0, 20.0, 130.0);
    let n = panel.figures.len().max(1) as f64;
    let step = ((WIDTH - 2.0 * left) / n).min(64.0);
    let most = panel.figures.iter().filter_map(|f| f.value.ok()).fold(0.0, f64::max);
    let base = top + tall;
    let mut svg = open(base + 38.0, title);
    let _ = write!(svg, "<path class=\"a\" d=\"M{left} {base}H{:.1}\"/>", left + step * n);
    // So that no two labels touch.
    let every = (panel.figures.len() as f64 * 44.0 / WIDTH).ceil().max(1.0) as usize;
    for (i, figure) in panel.figures.iter().enumerate() {
        let x = left + step * i as f64;
        let middle = x + step / 2.0;
        let name = shown::keys(figure, lang);
        let Ok(value) = figure.value else {
            text(&mut svg, (middle, base - 4.0), "class=\"l\" text-anchor=\"middle\"", shown::UNKNOWN);
            label(&mut svg, (middle, base), &name, i, every);
            continue;
        };
        let high = if most > 0.0 { (value / most * tall).max(0.0) } else { 0.0 };
        let tip = format!("{name}: {} {}", shown::value(figure, lang), shown::parts(figure, lang));
        let (y, wide) = (base - high, step * 0.78);
        let _ = write!(
            svg,
            "<rect class=\"b\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\"><title>{}</title></rect>",
            x + step * 0.11,
            escaped(tip.trim())
        );
        // The highest tells the scale where there is no room for all.
        if value > 0.0 && (step > 30.0 || value == most) {
            let value = if figure.numerator.is_some() { format!("{:.0}", value * 100.0) } else { shown::value(figure, lang) };
            text(&mut svg, (middle, y - 4.0), "class=\"s\" text-anchor=\"middle\"", &value);
        }
        label(&mut svg, (middle, base), &name, i, every);
    }
    svg + "</svg>"
}

/// A date is short: its year stands in the report's window.
fn label(svg: &mut String, (x, base): (f64, f64), name: &str, i: usize, every: usize) {
    if i.is_multiple_of(every) {
        let name = if name.len() == 10 && name.as_bytes().get(4) == Some(&b'-') { &name[5..] } else { name };
        text(svg, (x, base + 16.0), "class=\"s\" text-anchor=\"middle\"", name);
    }
}

/// Days by hours: the darker, the more.
pub fn heat(panel: &Panel<'_>, title: &str, lang: Lang) -> String {
    let (rows, columns) = (panel.axis(0), panel.axis(1));
    let (left, top, wide, tall) = (90.0, 18.0, (WIDTH - 90.0) / columns.len().max(1) as f64, 24.0);
    let most = panel.figures.iter().filter_map(|f| f.value.ok()).fold(0.0, f64::max);
    let mut svg = open(top + tall * rows.len() as f64 + 4.0, title);
    for (j, column) in columns.iter().enumerate() {
        text(&mut svg, (left + wide * (j as f64 + 0.5), 12.0), "class=\"s\" text-anchor=\"middle\"", &shown::key(column, lang));
    }
    for (i, row) in rows.iter().enumerate() {
        let y = top + tall * i as f64;
        text(&mut svg, (left - 10.0, y + 16.0), "class=\"l\" text-anchor=\"end\"", &shown::key(row, lang));
        for (j, column) in columns.iter().enumerate() {
            let Some(figure) = panel.crossing(row, column) else { continue };
            square(&mut svg, (left + wide * j as f64, y), (wide, tall), figure, most, lang, (row, column));
        }
    }
    svg + "</svg>"
}

fn square(svg: &mut String, at: (f64, f64), size: (f64, f64), figure: &Figure, most: f64, lang: Lang, names: (&Key, &Key)) {
    let share = figure.value.ok().filter(|_| most > 0.0).map_or(0.0, |v| v / most);
    let (x, y, w, h) = (at.0 + 1.0, at.1 + 1.0, size.0 - 2.0, size.1 - 2.0);
    let tip = format!("{} {}: {}", shown::key(names.0, lang), shown::key(names.1, lang), shown::value(figure, lang));
    let _ = write!(svg, "<rect class=\"e\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\"/>");
    let _ = write!(
        svg,
        "<rect class=\"b\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" fill-opacity=\"{share:.2}\"><title>{}</title></rect>",
        escaped(&tip)
    );
    let value = match figure.value {
        Ok(0.0) => return,
        Ok(v) if v.fract() == 0.0 => shown::count(v, lang),
        Ok(v) => lang.decimal(v, if v < 10.0 { 1 } else { 0 }),
        Err(_) => shown::UNKNOWN.to_owned(),
    };
    let class = if share > 0.55 { "class=\"i\"" } else { "class=\"s\"" };
    text(svg, (x + w / 2.0, y + h / 2.0 + 4.0), &format!("{class} text-anchor=\"middle\""), &value);
}

fn open(height: f64, title: &str) -> String {
    let title = escaped(title);
    format!("<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{title}\"><title>{title}</title>")
}

fn text(svg: &mut String, (x, y): (f64, f64), attributes: &str, what: &str) {
    // Writing to a string cannot fail.
    let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{}</text>", escaped(what));
}

/// At most so many characters.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).collect::<String>() + "…" }
}
