//! Rows of `timestamp,value`, as a spreadsheet or a data set holds them.

use std::borrow::Cow;
use std::ops::Range;

use super::{LONGEST_SILENCE, Missing};
use crate::anomaly::{BUCKET, bucket_of};
use crate::bilingual::Both;
use crate::dates;
use crate::limits::BUCKET_MENTIONS;
use crate::tally::Quality;
use crate::time::Timestamp;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its time; without an offset it is taken as universal time.
    pub at: Timestamp,
    /// Its count.
    pub count: f64,
    /// Its time as it was written.
    pub time: String,
    /// Its count as it was written.
    pub value: String,
}

/// The rows of `text` in their order, and for every other line its number and why it is refused. Blank
/// lines are nothing; a first line that is neither time nor count names the columns.
pub fn read(text: &[u8]) -> (Vec<Row>, Vec<(usize, Both)>) {
    let (mut rows, mut refused) = (Vec::<Row>::new(), Vec::new());
    let (mut columns, mut begun) = ((0, 1), false);
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    for (number, line) in text.split(|b| *b == b'\n').enumerate().map(|(i, line)| (i + 1, line.trim_ascii())) {
        if line.is_empty() {
            continue;
        }
        let Ok(line) = std::str::from_utf8(line) else {
            refused.push((number, Both::new("no es UTF-8", "it is not UTF-8")));
            continue;
        };
        let fields = fields(line);
        if !std::mem::replace(&mut begun, true) && is_header(&fields) {
            let place = |name: &str, or: usize| fields.iter().position(|f| f.trim().eq_ignore_ascii_case(name)).unwrap_or(or);
            columns = (place("timestamp", 0), place("value", 1));
            continue;
        }
        match row(&fields, columns, rows.last()) {
            Ok(row) => rows.push(row),
            Err(why) => refused.push((number, why)),
        }
    }
    (rows, refused)
}

pub(super) fn is_header(fields: &[Cow<'_, str>]) -> bool {
    fields.iter().all(|f| dates::parse(f).is_none() && f.trim().parse::<f64>().is_err())
}

fn row(fields: &[Cow<'_, str>], columns: (usize, usize), before: Option<&Row>) -> Result<Row, Both> {
    let (Some(time), Some(value)) = (fields.get(columns.0), fields.get(columns.1)) else {
        let n = fields.len();
        return Err(Both::new(
            format!("se esperan timestamp,value y hay {n} campo(s)"),
            format!("timestamp,value are expected, there are {n} field(s)"),
        ));
    };
    let (time, value) = (time.trim(), value.trim());
    let Some(at) = dates::parse(time) else {
        return Err(Both::new(format!("«{time}» no es una fecha con hora"), format!("'{time}' is not a time")));
    };
    let count = match value.parse::<f64>() {
        Ok(count) if (0.0..=BUCKET_MENTIONS).contains(&count) => count,
        Ok(_) => {
            let (es, en) = (format!("«{value}» no es un recuento de menciones"), format!("'{value}' is not a count of mentions"));
            return Err(Both::new(es, en));
        }
        Err(_) => return Err(Both::new(format!("«{value}» no es un número"), format!("'{value}' is not a number"))),
    };
    if before.is_some_and(|b| b.at >= at) {
        return Err(Both::new(format!("«{time}» no es posterior a la fila anterior"), format!("'{time}' is not after the row before it")));
    }
    Ok(Row { at, count, time: time.to_owned(), value: value.to_owned() })
}

/// One bucket as it is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Its number; see `anomaly::bucket_of`.
    pub number: i64,
    /// Mentions in it.
    pub count: f64,
    /// How far it can be relied on.
    pub quality: Quality,
    /// Its rows; none if it was left out.
    pub rows: Range<usize>,
}

/// The buckets of `rows`, which are in order of time; those without rows are among them if they were
/// zero, unless the silence was too long to have been listened to.
pub fn buckets(rows: &[Row], missing: Missing) -> impl Iterator<Item = Bucket> {
    let per_bucket = rows_per_bucket(rows);
    let (mut next, mut begin) = (None, 0);
    rows.chunk_by(|a, b| bucket_of(a.at) == bucket_of(b.at)).flat_map(move |group| {
        let number = group.first().map_or(0, |row| bucket_of(row.at));
        let silence = next.replace(number + 1).unwrap_or(number)..number;
        let zero = missing == Missing::Zero && silence.end - silence.start <= LONGEST_SILENCE;
        let silence = if zero { silence } else { number..number };
        let rows = begin..begin + group.len();
        begin = rows.end;
        let quality = if group.len() >= per_bucket { Quality::Whole } else { Quality::Doubtful };
        let whole = Bucket { number, count: group.iter().map(|row| row.count).sum(), quality, rows };
        let empty = |number| Bucket { number, count: 0.0, quality: Quality::Whole, rows: 0..0 };
        silence.map(empty).chain([whole])
    })
}

/// The fields of a line, with RFC 4180 quotes or without.
pub(super) fn fields(line: &str) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(',').map(Cow::Borrowed).collect();
    }
    let (mut all, mut field, mut inside) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if inside && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => inside = !inside,
            ',' if !inside => all.push(Cow::Owned(std::mem::take(&mut field))),
            c => field.push(c),
        }
    }
    all.push(Cow::Owned(field));
    all
}

/// A field as it may stand in a row.
pub fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"']) { Cow::Owned(format!("\"{}\"", field.replace('"', "\"\""))) } else { Cow::Borrowed(field) }
}

/// The time from row to row in the middle of all, in microseconds; a bucket if there are no two rows.
pub fn step(rows: &[Row]) -> i64 {
    let mut steps: Vec<i64> = steps(rows).collect();
    let middle = steps.len() / 2;
    if steps.is_empty() { BUCKET } else { *steps.select_nth_unstable(middle).1 }
}

fn steps(rows: &[Row]) -> impl Iterator<Item = i64> {
    rows.iter().zip(rows.iter().skip(1)).map(|(a, b)| b.at.since(a.at))
}

/// How many rows make a bucket whole: those of its length where rows come at a regular step, else one.
pub fn rows_per_bucket(rows: &[Row]) -> usize {
    let step = step(rows).max(1);
    let regular = steps(rows).filter(|s| *s == step).count() * 10 >= rows.len().saturating_sub(1) * 9;
    if regular { usize::try_from(BUCKET / step).unwrap_or(1).max(1) } else { 1 }
}
