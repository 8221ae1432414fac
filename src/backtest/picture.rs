//! A series as a picture: what was seen, what was usual, and the alerts; one SVG without scripts.

use std::fmt::Write;
use std::sync::Arc;

use crate::anomaly::{BUCKET, PER_DAY, PER_HOUR, Settings};
use crate::bilingual::Lang;
use crate::calendar::Calendar;
use crate::markup::escaped;
use crate::tally::{Quality, Series};
use crate::time::{Timestamp, Zone};

/// Pixels of the picture, and of the chart within it.
const WIDTH: f64 = 1200.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 64.0;
const CHART: (f64, f64) = (1116.0, 320.0);
/// Columns that are told apart: one a pixel.
const COLUMNS: usize = CHART.0 as usize;
/// Alerts that are written out below the chart; all are marked in it.
const LISTED: usize = 60;
/// Columns of that list, and pixels of a line.
const LISTS: usize = 3;
const LINE: f64 = 18.0;
/// Buckets whose weight a fading sum of half-life an hour has: what it holds is put as mentions an hour.
const KERNEL: f64 = 17.817_6;
const DAY: i64 = PER_DAY as i64;
const WEEKDAYS: [[&str; 2]; 7] =
    [["lun", "Mon"], ["mar", "Tue"], ["mié", "Wed"], ["jue", "Thu"], ["vie", "Fri"], ["sáb", "Sat"], ["dom", "Sun"]];

/// What falls on one column of pixels, in mentions an hour.
#[derive(Debug, Clone, Copy)]
struct Column {
    /// Least and most that was seen.
    seen: (f64, f64),
    /// Sums over its buckets of what was expected and of the ends of what is usual.
    expected: f64,
    range: (f64, f64),
    buckets: f64,
}

/// A series while it is drawn.
#[derive(Debug)]
pub struct Picture {
    zone: Zone,
    /// First and last bucket.
    span: (i64, i64),
    series: Series,
    columns: Vec<Option<Column>>,
    /// Bucket, and mentions an hour seen and expected.
    alerts: Vec<(i64, f64, f64)>,
}

impl Picture {
    /// An empty picture of the buckets of `span`, first and last.
    pub fn new(zone: Zone, calendar: Arc<Calendar>, settings: Settings, span: (i64, i64)) -> Picture {
        // The line is that of the sum over an hour, also where single buckets are judged beside it.
        let detectors = [Settings { quick: false, ..settings }, settings];
        let series = Series::new(zone.clone(), calendar, detectors);
        Picture { zone, span, series, columns: vec![None; COLUMNS], alerts: Vec::new() }
    }

    /// The next bucket; those left out are gaps.
    pub fn close(&mut self, bucket: i64, count: f64, quality: Quality) {
        let [line, judged] = *self.series.close(bucket, count, quality).1 else { return };
        let hourly = |x: f64| x * f64::from(PER_HOUR) / KERNEL;
        let (seen, expected) = (hourly(line.observed), hourly(line.expected));
        if judged.fires {
            self.alerts.push((bucket, seen, expected));
        }
        let place = (self.x(bucket) - LEFT) as usize;
        let Some(column) = self.columns.get_mut(place.min(COLUMNS - 1)) else { return };
        let empty = Column { seen: (seen, seen), expected: 0.0, range: (0.0, 0.0), buckets: 0.0 };
        let column = column.get_or_insert(empty);
        column.seen = (column.seen.0.min(seen), column.seen.1.max(seen));
        column.expected += expected;
        let (low, high) = line.range;
        column.range = (column.range.0 + hourly(low), column.range.1 + hourly(high));
        column.buckets += 1.0;
    }

    /// The whole picture, called `title`.
    pub fn svg(&mut self, title: &str, lang: Lang) -> String {
        let lines = self.alerts.len().min(LISTED).div_ceil(LISTS);
        let height = TOP + CHART.1 + 76.0 + LINE * lines as f64;
        let top = self.top();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"#222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        );
        self.head(&mut svg, title, lang);
        self.axes(&mut svg, top, lang);
        self.curves(&mut svg, top);
        self.marks(&mut svg, top, lang);
        svg.push_str("</svg>\n");
        svg
    }

    /// Mentions an hour at the upper edge.
    fn top(&self) -> f64 {
        let columns = self.columns.iter().flatten();
        columns.map(|c| c.seen.1.max(c.range.1 / c.buckets)).fold(1.0, f64::max)
    }

    fn x(&self, bucket: i64) -> f64 {
        let (from, to) = self.span;
        LEFT + (bucket - from) as f64 / ((to - from).max(1)) as f64 * CHART.0
    }

    fn head(&self, svg: &mut String, title: &str, lang: Lang) {
        let (title, n) = (escaped(title), self.alerts.len());
        let s = if n == 1 { "" } else { "s" };
        let what = lang.pick(format!("{n} alerta{s}"), format!("{n} alert{s}"));
        text(svg, (LEFT, 24.0), "font-size=\"18\" font-weight=\"600\"", &format!("{title}: {what}"));
        let unit = lang.pick("menciones por hora, en escala de raíz", "mentions an hour, on a square-root scale");
        text(svg, (LEFT, 46.0), "fill=\"#555\"", unit);
        let legend = lang.pick(["visto", "esperado", "habitual", "alerta"], ["seen", "expected", "usual", "alert"]);
        for (i, (name, colour)) in legend.iter().zip(["#1f5fa8", "#111", "#cfe0d0", "#c22"]).enumerate() {
            let x = 760.0 + 105.0 * i as f64;
            // Writing to a string cannot fail.
            let _ = writeln!(svg, "<rect x=\"{x}\" y=\"36\" width=\"14\" height=\"10\" fill=\"{colour}\"/>");
            text(svg, (x + 20.0, 46.0), "", name);
        }
    }

    /// Mentions on the left; civil days below, each Monday (or each day, where they are few) by its date.
    fn axes(&mut self, svg: &mut String, top: f64, lang: Lang) {
        for value in steps(top) {
            let y = y(value as f64, top);
            let right = LEFT + CHART.0;
            let _ = writeln!(svg, "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>");
            text(svg, (LEFT - 8.0, y + 4.0), "text-anchor=\"end\" fill=\"#555\"", &value.to_string());
        }
        let (from, to) = self.span;
        let days = (to - from) / DAY;
        // Beyond, not every day or Monday has room.
        let (each_day, every) = (days <= 14, (days / (7 * 14) + 1) * 7);
        let mut before = None;
        // Every hour, since days are civil: the first bucket of each is looked for.
        for bucket in (from..=to).filter(|b| days <= 1500 && b.rem_euclid(i64::from(PER_HOUR) / 4) == 0) {
            let day = self.zone.day(Timestamp(bucket * BUCKET));
            if before.replace(day).is_none_or(|b| b == day) {
                continue;
            }
            // Day 4 of 1970 was a Monday.
            let labelled = each_day || (day - 4).rem_euclid(every) == 0;
            if !labelled && days > 120 {
                continue;
            }
            let (x, bottom) = (self.x(bucket), TOP + CHART.1);
            let (from, to, colour) = if labelled { (TOP, bottom + 10.0, "#ccc") } else { (bottom, bottom + 5.0, "#999") };
            let _ = writeln!(svg, "<line x1=\"{x:.1}\" y1=\"{from}\" x2=\"{x:.1}\" y2=\"{to}\" stroke=\"{colour}\"/>");
            // At the very end there is no room for a date.
            if labelled && x < LEFT + CHART.0 - 70.0 {
                let date = Timestamp(day * DAY * BUCKET).to_jiff().strftime(if each_day { "%m-%d" } else { "%Y-%m-%d" });
                text(svg, (x + 3.0, bottom + 22.0), "font-size=\"12\" fill=\"#555\"", &format!("{} {date}", weekday(day, lang)));
            }
        }
    }

    /// The band of what is usual, what was expected, and what was seen. A column without buckets parts them.
    fn curves(&self, svg: &mut String, top: f64) {
        let all: Vec<(f64, Column)> = (0..).zip(&self.columns).filter_map(|(i, c)| Some((LEFT + f64::from(i), (*c)?))).collect();
        // Where buckets are wider than pixels, not every column has one.
        let widest = (CHART.0 * 2.0 / ((self.span.1 - self.span.0).max(1)) as f64).max(1.5);
        for part in all.chunk_by(|a, b| b.0 - a.0 <= widest) {
            let line =
                |of: &dyn Fn(&Column) -> f64| -> Vec<String> { part.iter().map(|(x, c)| format!("{x:.0},{:.1}", y(of(c), top))).collect() };
            let (upper, mut lower) = (line(&|c| c.range.1 / c.buckets), line(&|c| c.range.0 / c.buckets));
            lower.reverse();
            let _ = writeln!(svg, "<polygon points=\"{} {}\" fill=\"#cfe0d0\"/>", upper.join(" "), lower.join(" "));
            let seen: Vec<String> =
                part.iter().map(|(x, c)| format!("{x:.0},{:.1} {x:.0},{:.1}", y(c.seen.0, top), y(c.seen.1, top))).collect();
            let line_of = |points: &str, style: &str| format!("<polyline points=\"{points}\" fill=\"none\" {style}/>\n");
            svg.push_str(&line_of(&seen.join(" "), "stroke=\"#1f5fa8\" stroke-width=\"1\""));
            svg.push_str(&line_of(&line(&|c| c.expected / c.buckets).join(" "), "stroke=\"#111\" stroke-width=\"1.2\""));
        }
    }

    /// The alerts: each a line with its number, and below the chart its civil time.
    fn marks(&mut self, svg: &mut String, top: f64, lang: Lang) {
        let alerts = std::mem::take(&mut self.alerts);
        let lines = alerts.len().min(LISTED).div_ceil(LISTS).max(1);
        let mut last = f64::NEG_INFINITY;
        let mut raised = false;
        for (i, (bucket, seen, expected)) in alerts.iter().enumerate() {
            let (x, number) = (self.x(*bucket), i + 1);
            let (at, bottom) = (y(*seen, top), TOP + CHART.1);
            let _ =
                writeln!(svg, "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#c22\" stroke-dasharray=\"2 3\"/>");
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{at:.1}\" r=\"4\" fill=\"#c22\"/>");
            // Numbers that would stand on each other take turns in height.
            raised = x - last < 18.0 && !raised;
            last = x;
            let up = if raised { TOP + 14.0 } else { TOP };
            text(svg, (x + 3.0, up + 10.0), "fill=\"#c22\" font-weight=\"600\"", &number.to_string());
            if i < LISTED {
                let place = (LEFT + 370.0 * (i / lines) as f64, TOP + CHART.1 + 54.0 + LINE * (i % lines) as f64);
                let usual = lang.pick("esperado", "expected");
                let item = format!("{number}. {}: {seen:.0}, {usual} {expected:.0}", self.civil(*bucket + 1, lang));
                text(svg, place, "", &item);
            }
        }
        if let Some(more) = alerts.len().checked_sub(LISTED).filter(|n| *n > 0) {
            let more = lang.pick(format!("… y {more} más"), format!("… and {more} more"));
            text(svg, (LEFT, TOP + CHART.1 + 54.0 + LINE * lines as f64), "", &more);
        }
        self.alerts = alerts;
    }

    /// The civil time at which `bucket` starts.
    fn civil(&mut self, bucket: i64, lang: Lang) -> String {
        let at = Timestamp(bucket * BUCKET);
        let local = at.plus(self.zone.offset(at)).to_jiff().strftime("%Y-%m-%d %H:%M").to_string();
        format!("{} {local}", weekday(self.zone.day(at), lang))
    }
}

fn y(value: f64, top: f64) -> f64 {
    TOP + CHART.1 * (1.0 - (value.max(0.0) / top).sqrt())
}

/// Round values up to `top` whose square roots are some pixels apart.
fn steps(top: f64) -> Vec<u64> {
    let mut steps = vec![0];
    for power in 0..15 {
        for digit in [1, 2, 5] {
            let value = digit * 10u64.pow(power);
            let far = steps.last().is_none_or(|last| y(*last as f64, top) - y(value as f64, top) >= 22.0);
            if value as f64 <= top && far {
                steps.push(value);
            }
        }
    }
    steps
}

fn weekday(day: i64, lang: Lang) -> &'static str {
    // 1970-01-01 was a Thursday.
    let [es, en] = WEEKDAYS[(day + 3).rem_euclid(7) as usize];
    lang.pick(es, en)
}

fn text(svg: &mut String, (x, y): (f64, f64), style: &str, what: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{}</text>", what);
}

/// A page that holds some pictures.
pub fn page(pictures: &[String], lang: Lang) -> String {
    let (language, title) = lang.pick(("es", "Qué habría avisado"), ("en", "What would have fired"));
    let body = pictures.join("<hr>\n");
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>body{{margin:16px;background:#fff}}svg{{max-width:100%;height:auto}}</style>\n<body>\n{body}</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests;
