//! What the value of a field asks, or why it cannot be read.

use super::fields::{Field, Take};
use super::messages::Code;
use super::terms::handle_end;
use super::tokens;
use crate::bilingual::Both;
use crate::query::{Accents, Attribute, Decimals, Flag, Measure, Term};

/// Why a value cannot be read.
pub(super) struct Fault {
    pub code: Code,
    pub hint: Both,
}

/// A value that can be read.
pub(super) struct Value {
    /// What it asks.
    pub term: Term,
    /// How the normal form writes the field, if not as typed after its canonical name.
    pub normal: Option<String>,
}

impl From<Term> for Value {
    fn from(term: Term) -> Value {
        Value { term, normal: None }
    }
}

fn fault(code: Code, hint: &str) -> Fault {
    Fault { code, hint: Both::new(hint, hint) }
}

/// Reads a value that is not blank. Words, lists and rules are the lexer's: they need more than the value.
pub(super) fn read(field: &Field, value: &str, accents: Accents) -> Result<Value, Fault> {
    let name = field.names.first().copied().unwrap_or_default();
    let term = match field.take {
        Take::Account(_) | Take::Site if value.contains(['*', '?']) => return Err(fault(Code::E122, "")),
        Take::Account(party) => Term::Account(party, value.to_owned()),
        Take::Name(sign) => return entity(sign, value),
        Take::Lang if is_language(value) => Term::Lang(value.to_owned()),
        Take::Lang => return Err(fault(Code::E127, "")),
        Take::Is(attribute) => Term::Is(attribute, value.to_owned()),
        Take::Country => Term::Is(Attribute::Country, country(value)?),
        Take::Contains | Take::Raw if tokens::nfc_len(value) < 2 => return Err(fault(Code::E131, "")),
        Take::Contains if tokens::form(value, tokens::marks_of(value, accents), false).is_empty() => return Err(nothing(value)),
        Take::Contains => Term::Contains(value.to_owned()),
        Take::Raw => Term::Raw(value.to_owned()),
        Take::Url => Term::Url(url_words(value)?),
        Take::UrlContains if tokens::form(value, tokens::Marks::Letters, false).is_empty() => return Err(nothing(value)),
        Take::UrlContains => Term::UrlContains(value.to_owned()),
        Take::Site => Term::Site(value.to_owned()),
        Take::Number(measure) => Term::Number(measure, range(measure, value)?),
        Take::Hour => hours(value)?,
        Take::Weekday => weekdays(value)?,
        Take::Sample => match whole(value) {
            Some(percent @ 1..=100) => Term::Sample(percent as u8),
            _ => return Err(fault(Code::E128, "1..100")),
        },
        Take::Flag => return flag(name, value),
        Take::Aliases(rows) => {
            let known = rows.iter().find(|(typed, ..)| *typed == value).ok_or_else(|| one_of(rows.iter().map(|r| r.0)))?;
            return Ok(Value { term: Term::Flag(known.2), normal: Some(format!("is:{}", known.1)) });
        }
        Take::Everything if value.eq_ignore_ascii_case("posts") => Term::Everything,
        Take::Everything => return Err(one_of(["posts"])),
        Take::In(_) | Take::List | Take::Rule | Take::Later | Take::Never(_) => return Err(fault(Code::E144, "")),
    };
    Ok(term.into())
}

/// Nothing in it can be looked for.
fn nothing(value: &str) -> Fault {
    fault(Code::E109, &format!("raw:{}", super::terms::quote(value)))
}

fn one_of<'a>(values: impl IntoIterator<Item = &'a str>) -> Fault {
    fault(Code::E126, &values.into_iter().collect::<Vec<_>>().join(", "))
}

/// A code such as `es`, `pt-BR` or `und` (R29).
fn is_language(code: &str) -> bool {
    let mut parts = code.split('-');
    let first = parts.next().is_some_and(|p| matches!(p.len(), 2 | 3) && p.bytes().all(|b| b.is_ascii_alphabetic()));
    first && parts.all(|p| (2..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The two letters of a country, which may be typed as three; posts tell two.
fn country(value: &str) -> Result<String, Fault> {
    let letters = value.bytes().all(|b| b.is_ascii_alphabetic());
    let upper = value.to_ascii_uppercase();
    let known = match upper.len() {
        2 if letters => Some(upper),
        3 if letters => rust_iso3166::from_alpha3(&upper).map(|c| c.alpha2.to_owned()),
        _ => None,
    };
    let hint = Both::new("códigos de país de dos o tres letras, como MX o MEX", "country codes of two or three letters, such as MX or MEX");
    known.ok_or(Fault { code: Code::E128, hint })
}

/// One name, with its sign or without (R18, R19).
fn entity(sign: char, value: &str) -> Result<Value, Fault> {
    let chars: Vec<char> = value.strip_prefix(sign).unwrap_or(value).chars().collect();
    if chars.iter().any(|c| matches!(c, '*' | '?')) {
        return Err(fault(Code::E122, ""));
    }
    let end = if sign == '@' { handle_end(&chars, 0) } else { super::terms::name_end(&chars, 0) };
    let rest = chars.get(end..).unwrap_or_default();
    if end == 0 || chars.first().is_some_and(|c| tokens::is_mark(*c)) || rest.iter().any(|c| tokens::is_name(*c)) {
        return Err(fault(Code::E121, ""));
    }
    let name: String = chars.into_iter().take(end).collect();
    let normal = Some(format!("{sign}{name}"));
    Ok(Value { term: if sign == '@' { Term::Mention(name) } else { Term::Hashtag(name) }, normal })
}

/// The words of a link without its scheme (R25).
fn url_words(value: &str) -> Result<Vec<String>, Fault> {
    let typed: Vec<char> = value.chars().collect();
    let chars = typed.get(tokens::scheme_len(&typed)..).unwrap_or_default();
    let found = tokens::split_link(chars);
    let words: Vec<String> = found.iter().map(|t| chars.get(t.start..t.end).unwrap_or_default().iter().collect()).collect();
    if words.is_empty() { Err(nothing(value)) } else { Ok(words) }
}

/// `has:` and `is:` values; lower case only (R30).
fn flag(field: &str, value: &str) -> Result<Value, Fault> {
    let canonical = match (field, value) {
        ("is", "repost") => "retweet",
        ("has", "videos" | "video_link") => "video",
        ("has", "symbols") => "cashtags",
        (_, value) => value,
    };
    if matches!((field, value), ("has", "pii") | ("is", "duplicate")) {
        return Err(Fault { code: Code::E144, hint: super::fields::not_built() });
    }
    let rows = || Flag::ALL.iter().filter(|(f, name, _)| *f == field && *name != "nullcast");
    let found = Flag::ALL.iter().find(|(f, name, _)| *f == field && *name == canonical);
    let (_, name, flag) = found.ok_or_else(|| one_of(rows().map(|r| r.1)))?;
    Ok(Value { term: Term::Flag(*flag), normal: Some(format!("{field}:{name}")) })
}

/// The two ends of `a..b` or `[a TO b]`.
fn ends(value: &str) -> Option<(&str, &str)> {
    if let Some(inner) = value.strip_prefix('[') {
        let (from, to) = inner.strip_suffix(']')?.split_once(" TO ")?;
        return Some((from.trim(), to.trim()));
    }
    value.split_once("..")
}

/// A comparison and its number.
fn comparison(value: &str) -> Option<(&str, &str)> {
    [">=", "<=", ">", "<"].into_iter().find_map(|op| value.strip_prefix(op).map(|rest| (op, rest)))
}

/// `-?digits[.digits]` in millionths; further digits are cut, what is too large is the largest (R27).
fn decimal(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = digits.split_once('.').map_or((digits, None), |(w, p)| (w, Some(p)));
    let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !part.is_none_or(is_digits) {
        return None;
    }
    let whole: i64 = whole.parse().unwrap_or(i64::MAX);
    let part: i64 = format!("{:0<6.6}", part.unwrap_or("0")).parse().unwrap_or(0);
    let millionths = whole.saturating_mul(Decimals::ONE).saturating_add(part);
    Some(if negative { -millionths } else { millionths })
}

/// A number, a range or a comparison; a bare number means "at least" (R27). The tones have names (R28).
fn range(measure: Measure, value: &str) -> Result<Decimals, Fault> {
    let bounds = |from, to| Decimals { from, to };
    if measure == Measure::Sentiment {
        let edge = Decimals::ONE / 20;
        match value.to_lowercase().as_str() {
            "negative" => return Ok(bounds(i64::MIN, -edge)),
            "neutral" => return Ok(bounds(1 - edge, edge - 1)),
            "positive" => return Ok(bounds(edge, i64::MAX)),
            _ => {}
        }
    }
    let bad = || match measure {
        Measure::Sentiment => Fault {
            code: Code::E124,
            hint: Both::new(
                "negative, neutral, positive o un intervalo como -1..-0.5",
                "negative, neutral, positive or a range such as -1..-0.5",
            ),
        },
        _ => Fault { code: Code::E124, hint: Both::new("100..500, [100 TO 500] o >=100", "100..500, [100 TO 500] or >=100") },
    };
    let number = |text| decimal(text).ok_or_else(bad);
    if let Some((from, to)) = ends(value) {
        let (from, to) = (number(from)?, number(to)?);
        return if from > to { Err(fault(Code::E123, "")) } else { Ok(bounds(from, to)) };
    }
    Ok(match comparison(value) {
        Some((">=", n)) => bounds(number(n)?, i64::MAX),
        Some(("<=", n)) => bounds(i64::MIN, number(n)?),
        Some((">", n)) => bounds(number(n)?.saturating_add(1), i64::MAX),
        Some((_, n)) => bounds(i64::MIN, number(n)?.saturating_sub(1)),
        None => bounds(number(value)?, i64::MAX),
    })
}

/// The number that a value with exactly three decimals was perhaps meant to be: `10.000` is ten (W114).
pub(super) fn thousands(term: &Term, value: &str) -> Option<String> {
    let mut parts = value.split(|c: char| !c.is_ascii_digit() && c != '.').flat_map(|p| p.split(".."));
    let looks = |p: &str| p.split_once('.').is_some_and(|(whole, part)| (1..=3).contains(&whole.len()) && part.len() == 3);
    let counts = matches!(term, Term::Number(measure, _) if *measure != Measure::Sentiment);
    let odd = parts.find(|p| looks(p)).filter(|_| counts)?;
    Some(odd.replace('.', ""))
}

fn whole(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

/// One hour, a range that may wrap, or a comparison (R31).
fn hours(value: &str) -> Result<Term, Fault> {
    let hour = |text: &str| whole(text).and_then(|n| u8::try_from(n).ok()).filter(|n| *n < 24);
    let found = match (ends(value), comparison(value)) {
        (Some((from, to)), _) => hour(from).zip(hour(to)),
        (_, Some((">=", n))) => hour(n).map(|n| (n, 23)),
        (_, Some(("<=", n))) => hour(n).map(|n| (0, n)),
        (_, Some((">", n))) => hour(n).filter(|n| *n < 23).map(|n| (n + 1, 23)),
        (_, Some((_, n))) => hour(n).and_then(|n| n.checked_sub(1)).map(|n| (0, n)),
        _ => hour(value).map(|n| (n, n)),
    };
    let (from, to) = found.ok_or_else(|| Fault {
        code: Code::E128,
        hint: Both::new("0..23, o un intervalo como 22..6", "0..23, or a range such as 22..6"),
    })?;
    Ok(Term::Hour { from, to })
}

/// Names of the days, Monday first, folded: three letters or all, Spanish and English.
static DAYS: [[&str; 4]; 7] = [
    ["lun", "lunes", "mon", "monday"],
    ["mar", "martes", "tue", "tuesday"],
    ["mie", "miercoles", "wed", "wednesday"],
    ["jue", "jueves", "thu", "thursday"],
    ["vie", "viernes", "fri", "friday"],
    ["sab", "sabado", "sat", "saturday"],
    ["dom", "domingo", "sun", "sunday"],
];

/// One day or a range that may wrap (R31).
fn weekdays(value: &str) -> Result<Term, Fault> {
    let day = |name: &str| {
        let name = tokens::form(name, tokens::Marks::Drop, false);
        DAYS.iter().position(|names| names.contains(&name.as_str())).map(|d| d as u8)
    };
    let found = match ends(value) {
        Some((from, to)) => day(from).zip(day(to)),
        None => day(value).map(|d| (d, d)),
    };
    let (from, to) = found
        .ok_or_else(|| Fault { code: Code::E128, hint: Both::new("lun..dom, o lunes, martes…", "mon..sun, or monday, tuesday…") })?;
    Ok(Term::Weekday { from, to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ranges() {
        let of = |value| range(Measure::Followers, value).map(|d| (d.from, d.to)).map_err(|f| f.code);
        let (one, least, most) = (Decimals::ONE, i64::MIN, i64::MAX);
        for (value, want) in [
            ("1000", Ok((1000 * one, most))),
            ("-1.5", Ok((-1_500_000, most))),
            ("10..20", Ok((10 * one, 20 * one))),
            ("0.5..1.25", Ok((one / 2, one * 5 / 4))),
            ("[10 TO 20]", Ok((10 * one, 20 * one))),
            (">=3", Ok((3 * one, most))),
            (">3", Ok((3 * one + 1, most))),
            ("<=3", Ok((least, 3 * one))),
            ("<3", Ok((least, 3 * one - 1))),
            ("99999999999999999999", Ok((most, most))),
            ("20..10", Err(Code::E123)),
            ("[20 TO 10]", Err(Code::E123)),
            ("10k", Err(Code::E124)),
            ("1,000", Err(Code::E124)),
            ("10..", Err(Code::E124)),
            ("..10", Err(Code::E124)),
            ("[10 to 20]", Err(Code::E124)),
            (".5", Err(Code::E124)),
            ("5.", Err(Code::E124)),
            ("+5", Err(Code::E124)),
            ("٣", Err(Code::E124)),
        ] {
            assert_eq!(of(value), want, "{value}");
        }
    }

    #[test]
    fn tones_have_names_and_edges() {
        let has = |name, v| range(Measure::Sentiment, name).map(|d| d.has(v)).ok();
        for (value, want) in
            [(-1.0, "negative"), (-0.05, "negative"), (-0.049, "neutral"), (0.0, "neutral"), (0.049, "neutral"), (0.05, "positive")]
        {
            for name in ["negative", "neutral", "positive"] {
                assert_eq!(has(name, value), Some(name == want), "{name} {value}");
            }
        }
        assert_eq!(has("-0.5..0", -0.2), Some(true));
        assert_eq!(has("bad", 0.0), None);
    }

    #[test]
    fn hours_and_days() {
        for (value, want) in [
            ("9", Some((9, 9))),
            ("22..6", Some((22, 6))),
            ("[22 TO 6]", Some((22, 6))),
            (">=20", Some((20, 23))),
            ("<1", Some((0, 0))),
            ("24", None),
            (">23", None),
            ("a", None),
            ("-1", None),
        ] {
            let got = hours(value).ok().map(|t| if let Term::Hour { from, to } = t { (from, to) } else { (99, 99) });
            assert_eq!(got, want, "{value}");
        }
        for (value, want) in
            [("sáb..DOM", Some((5, 6))), ("friday..lun", Some((4, 0))), ("miércoles", Some((2, 2))), ("mier", None), ("1..5", None)]
        {
            let got = weekdays(value).ok().map(|t| if let Term::Weekday { from, to } = t { (from, to) } else { (99, 99) });
            assert_eq!(got, want, "{value}");
        }
    }

    #[test]
    fn the_words_of_links() {
        for (value, want) in [
            ("bancomer.com", vec!["bancomer", "com"]),
            ("HTTPS://www.b.mx/a-b?c=1", vec!["www", "b", "mx", "a", "b", "c", "1"]),
            ("x http://a.b", vec!["x", "http", "a", "b"]),
            ("http://http://a", vec!["http", "a"]),
        ] {
            assert_eq!(url_words(value).ok(), Some(want.iter().map(|s| (*s).to_owned()).collect()), "{value}");
        }
        assert!(url_words("https://").is_err() && url_words("///").is_err());
    }

    #[test]
    fn countries_have_two_letters() {
        assert_eq!(
            [country("mex").ok(), country("Es").ok(), country("QQQ").ok(), country("m3").ok(), country("Mexico").ok()],
            [Some("MX".into()), Some("ES".into()), None, None, None]
        );
    }

    #[test]
    fn thousands_are_told() {
        let followers = Term::Number(Measure::Followers, Decimals { from: 0, to: 0 });
        assert_eq!(thousands(&followers, "10.000..20.500"), Some("10000".into()));
        assert_eq!(thousands(&followers, ">=1.000"), Some("1000".into()));
        assert_eq!(thousands(&followers, "10.25..20"), None);
        let tone = Term::Number(Measure::Sentiment, Decimals { from: 0, to: 0 });
        assert_eq!(thousands(&tone, "0.125"), None);
    }
}
