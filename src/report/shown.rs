//! Figures and keys as people read them.

use crate::bilingual::Lang;
use crate::figures::{Figure, Key, Unit, words};
use crate::time::{Timestamp, Zone};

/// What stands for a value that is not known.
pub const UNKNOWN: &str = "—";

/// A whole number with its thousands parted: by a comma, and in Spanish by a thin space from five digits on.
pub fn count(n: f64, lang: Lang) -> String {
    let digits = format!("{:.0}", n.abs());
    let mut out = String::from(if n < 0.0 { "−" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        let left = digits.len() - i;
        if i > 0 && left % 3 == 0 && (lang == Lang::En || digits.len() > 4) {
            out.push_str(lang.pick("\u{202f}", ","));
        }
        out.push(digit);
    }
    out
}

/// A time in the unit that suits it.
pub fn time(seconds: f64, lang: Lang) -> String {
    let sign = if seconds < 0.0 { "−" } else { "" };
    let s = seconds.abs();
    let (n, unit) = match s {
        _ if s < 59.5 => return format!("{sign}{} s", lang.decimal(s, 0)),
        _ if s < 5_400.0 => (s / 60.0, "min"),
        _ if s < 172_800.0 => (s / 3_600.0, "h"),
        _ => (s / 86_400.0, lang.pick("días", "days")),
    };
    format!("{sign}{} {unit}", lang.decimal(n, 1))
}

/// The value alone.
pub fn value(figure: &Figure, lang: Lang) -> String {
    let Ok(value) = figure.value else { return UNKNOWN.to_owned() };
    of(value, figure.unit, lang)
}

fn of(value: f64, unit: Unit, lang: Lang) -> String {
    match unit {
        Unit::Count => count(value, lang),
        Unit::Share => format!("{} %", lang.decimal(value * 100.0, 1)),
        Unit::Seconds => time(value, lang),
        // A chance that is not 0.
        Unit::Number if value > 0.0 && value < 0.005 => format!("< {}", lang.decimal(0.01, 2)),
        Unit::Number => {
            let text = lang.decimal(value.abs(), 2);
            if value < 0.0 && text.chars().any(|c| ('1'..='9').contains(&c)) { format!("−{text}") } else { text }
        }
    }
}

/// What it is made of: the parts of a share, or how many were measured; empty for a plain count.
pub fn parts(figure: &Figure, lang: Lang) -> String {
    let n = |n: u64| count(n as f64, lang);
    match (figure.unit, figure.numerator, figure.denominator) {
        (Unit::Count, ..) | (_, _, None) => String::new(),
        (_, Some(part), Some(whole)) => format!("{}/{}", n(part), n(whole)),
        (Unit::Share, None, Some(whole)) => format!("{UNKNOWN}/{}", n(whole)),
        (_, None, Some(whole)) => format!("n = {}", n(whole)),
    }
}

/// The 95 % interval, if there is one.
pub fn interval(figure: &Figure, lang: Lang) -> Option<String> {
    let (low, high) = figure.interval?;
    Some(format!("{} {} {}", of(low, figure.unit, lang), lang.pick("a", "to"), of(high, figure.unit, lang)))
}

/// A key; days are dates of their language.
pub fn key(key: &Key, lang: Lang) -> String {
    match key {
        Key::Word(word) => words::title(word).map_or(*word, |(es, en)| lang.pick(es, en)).to_owned(),
        Key::Name(name) => name.to_string(),
    }
}

/// Keys as the name of a row.
pub fn keys(figure: &Figure, lang: Lang) -> String {
    let all: Vec<String> = figure.keys.iter().map(|k| key(k, lang)).collect();
    all.join(" · ")
}

/// An instant in civil time.
pub fn instant(at: Timestamp, zone: &str) -> String {
    let mut zone = Zone::named(zone).unwrap_or_else(Zone::utc);
    let local = at.plus(zone.offset(at)).to_string();
    local.get(..16).unwrap_or(&local).replace('T', " ")
}

/// The window in civil time: whole days by their dates, both included.
pub fn window((from, to): (Timestamp, Timestamp), zone: &str, lang: Lang) -> String {
    let (a, b) = (instant(from, zone), instant(to, zone));
    let midnight = |text: &str| text.ends_with("00:00");
    let to_word = lang.pick("a", "to");
    if !midnight(&a) || !midnight(&b) {
        return format!("{a} {to_word} {b}");
    }
    let last = instant(to.plus(-1), zone);
    let day = |text: &str| text.get(..10).unwrap_or(text).to_owned();
    let (a, b) = (day(&a), day(&last));
    if a == b { a } else { format!("{a} {to_word} {b}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_each_language_does() {
        for (n, es, en) in [(0.0, "0", "0"), (1466.0, "1466", "1,466"), (25_400.0, "25\u{202f}400", "25,400"), (-7.0, "−7", "−7")] {
            assert_eq!((count(n, Lang::Es).as_str(), count(n, Lang::En).as_str()), (es, en));
        }
        for (s, es, en) in [
            (0.0, "0 s", "0 s"),
            (59.0, "59 s", "59 s"),
            (768.0, "12,8 min", "12.8 min"),
            (26_034.0, "7,2 h", "7.2 h"),
            (258_222.0, "3,0 días", "3.0 days"),
            (-768.0, "−12,8 min", "−12.8 min"),
        ] {
            assert_eq!((time(s, Lang::Es).as_str(), time(s, Lang::En).as_str()), (es, en));
        }
        let small = Figure::new("uplift", Unit::Number, Ok(-0.001));
        assert_eq!(value(&small, Lang::En), "0.00");
        let share = Figure::share("answered", 884, 1008);
        assert_eq!((value(&share, Lang::Es).as_str(), parts(&share, Lang::En).as_str()), ("87,7 %", "884/1,008"));
        let none = share.unless(Some(crate::figures::Reason::NoOwnReply));
        assert_eq!((value(&none, Lang::Es).as_str(), parts(&none, Lang::En).as_str()), ("—", "—/1,008"));
    }

    #[test]
    fn whole_days_are_shown_by_their_dates() {
        let at = |s: &str| crate::dates::parse(s).unwrap();
        let month = (at("2020-09-30T22:00:00Z"), at("2020-10-31T23:00:00Z"));
        assert_eq!(window(month, "Europe/Madrid", Lang::Es), "2020-10-01 a 2020-10-31");
        assert_eq!(window(month, "UTC", Lang::En), "2020-09-30 22:00 to 2020-10-31 23:00");
        assert_eq!(window((at("2020-10-01T00:00:00Z"), at("2020-10-02T00:00:00Z")), "UTC", Lang::En), "2020-10-01");
    }
}
