//! A term as a person would write it, with the canonical names of fields.

use crate::query::{Attribute, Decimals, Flag, Measure, Party, Place, Term};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What a leaf looks for, as a person would write it.
///
/// Of `url:` only the tokens are known, so they stand apart. A phrase stands without its quotes.
pub fn term_text(term: &Term) -> String {
    match term {
        Term::Phrase(words) => words.join(" "),
        Term::Case(words) => format!("{{{}}}", words.join(" ")),
        Term::Mention(name) => format!("@{name}"),
        Term::Hashtag(name) => format!("#{name}"),
        Term::Cashtag(name) => format!("${name}"),
        Term::In(place, words) => field(place_name(*place), &words.join(" ")),
        Term::Contains(value) => field("contains", value),
        Term::Raw(value) => field("raw", value),
        Term::Url(words) => field("url", &words.join(" ")),
        Term::UrlContains(value) => field("url_contains", value),
        Term::Site(value) => field("site", value),
        Term::Account(party, who) => field(party_name(*party), who),
        Term::Is(attribute, value) => field(attribute_name(*attribute), value),
        Term::Lang(code) => field("lang", code),
        Term::Number(measure, range) => number(*measure, *range),
        Term::Hour { from, to } if from == to => format!("hour:{from}"),
        Term::Hour { from, to } => format!("hour:{from}..{to}"),
        Term::Weekday { from, to } if from == to => format!("weekday:{}", day(*from)),
        Term::Weekday { from, to } => format!("weekday:{}..{}", day(*from), day(*to)),
        Term::Flag(flag) => flag_text(*flag),
        Term::Sample(percent) => format!("sample:{percent}"),
        Term::Rule(name) => field("rule", name),
        Term::Everything => "all:posts".to_owned(),
    }
}

/// Bare where it can only be read as typed, else in quotes.
fn field(name: &str, value: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:@#$%&=*?".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return format!("{name}:{value}");
    }
    format!("{name}:\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn place_name(place: Place) -> &'static str {
    match place {
        Place::Title => "title",
        Place::Bio => "bio",
        Place::BioName => "bio_name",
        Place::BioLocation => "bio_location",
        Place::Place => "place",
    }
}

fn party_name(party: Party) -> &'static str {
    match party {
        Party::From => "from",
        Party::To => "to",
        Party::RetweetsOf => "retweets_of",
    }
}

fn attribute_name(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Network => "network",
        Attribute::SourceApp => "source_app",
        Attribute::Country => "place_country",
        Attribute::Conversation => "conversation_id",
        Attribute::InReplyTo => "in_reply_to",
    }
}

fn day(n: u8) -> &'static str {
    DAYS.get(usize::from(n)).copied().unwrap_or("?")
}

fn flag_text(flag: Flag) -> String {
    let named = Flag::ALL.iter().find(|(.., f)| *f == flag);
    named.map(|(field, value, _)| format!("{field}:{value}")).unwrap_or_default()
}

/// Least and greatest of a range that is open on that side.
fn ends(measure: Measure) -> (i64, i64) {
    match measure {
        Measure::Sentiment => (-Decimals::ONE, Decimals::ONE),
        Measure::Priority => (0, 100 * Decimals::ONE),
        _ => (0, i64::from(u32::MAX) * Decimals::ONE),
    }
}

fn number(measure: Measure, range: Decimals) -> String {
    let name = match measure {
        Measure::Followers => "followers_count",
        Measure::Following => "following_count",
        Measure::Posts => "posts_count",
        Measure::Listed => "listed_count",
        Measure::Sentiment => "sentiment",
        Measure::Priority => "priority",
    };
    let (least, greatest) = ends(measure);
    let (from, to) = (range.from.max(least), range.to.min(greatest));
    // R28.
    let tone = match (from, to) {
        _ if measure != Measure::Sentiment => None,
        (f, -50_000) if f == least => Some("negative"),
        (-49_999, 49_999) => Some("neutral"),
        (50_000, t) if t == greatest => Some("positive"),
        _ => None,
    };
    let value = match tone {
        Some(tone) => tone.to_owned(),
        None if range.to >= greatest && range.from < greatest => bound('>', range.from, -1),
        None if range.from <= least && range.to > least => bound('<', range.to, 1),
        None => format!("{}..{}", decimal(range.from), decimal(range.to)),
    };
    format!("{name}:{value}")
}

/// `>=70`, or `>70` where the bound is the very next number.
fn bound(sign: char, millionths: i64, back: i64) -> String {
    let before = millionths.saturating_add(back);
    match before % 1000 {
        0 => format!("{sign}{}", decimal(before)),
        _ => format!("{sign}={}", decimal(millionths)),
    }
}

/// A number of millionths without needless zeros.
fn decimal(millionths: i64) -> String {
    let (whole, rest) = (millionths.unsigned_abs() / Decimals::ONE as u64, millionths.unsigned_abs() % Decimals::ONE as u64);
    let sign = if millionths < 0 { "-" } else { "" };
    let rest = format!("{rest:06}");
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        digits => format!("{sign}{whole}.{digits}"),
    }
}
