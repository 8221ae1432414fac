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
        None if range.from <= least && range.to >= greatest => format!("{}..{}", decimal(least), decimal(greatest)),
        None if range.to >= greatest && range.from <= greatest => bound('>', range.from, -1),
        None if range.from <= least && range.to >= least => bound('<', range.to, 1),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn a_term_is_written_as_it_was_meant() {
        let text = |s: &str| s.to_owned();
        for (term, want) in [
            (Term::Phrase(words(&["no", "funciona"])), "no funciona"),
            (Term::Case(words(&["BT"])), "{BT}"),
            (Term::Mention(text("bank.bsky.social")), "@bank.bsky.social"),
            (Term::Hashtag(text("año")), "#año"),
            (Term::Cashtag(text("TSLA")), "$TSLA"),
            (Term::In(Place::Title, words(&["aviso"])), "title:aviso"),
            (Term::In(Place::BioLocation, words(&["Ciudad", "de", "M*"])), "bio_location:\"Ciudad de M*\""),
            (Term::Contains(text("hack")), "contains:hack"),
            (Term::Raw(text("Google+")), "raw:\"Google+\""),
            (Term::Raw(text("a\"\\b")), "raw:\"a\\\"\\\\b\""),
            (Term::Raw(String::new()), "raw:\"\""),
            (Term::Url(words(&["bancomer", "com"])), "url:\"bancomer com\""),
            (Term::UrlContains(text("/avisos?a=1")), "url_contains:/avisos?a=1"),
            (Term::Site(text("bbva.mx")), "site:bbva.mx"),
            (Term::Account(Party::From, text("did:plc:aB1")), "from:did:plc:aB1"),
            (Term::Account(Party::To, text("ana")), "to:ana"),
            (Term::Account(Party::RetweetsOf, text("ana")), "retweets_of:ana"),
            (Term::Is(Attribute::Network, text("bluesky")), "network:bluesky"),
            (Term::Is(Attribute::SourceApp, text("Twitter for iPhone")), "source_app:\"Twitter for iPhone\""),
            (Term::Is(Attribute::Country, text("MX")), "place_country:MX"),
            (Term::Is(Attribute::Conversation, text("17")), "conversation_id:17"),
            (Term::Is(Attribute::InReplyTo, text("at://a/b")), "in_reply_to:at://a/b"),
            (Term::Lang(text("pt-BR")), "lang:pt-BR"),
            (Term::Hour { from: 22, to: 6 }, "hour:22..6"),
            (Term::Hour { from: 7, to: 7 }, "hour:7"),
            (Term::Weekday { from: 5, to: 6 }, "weekday:sat..sun"),
            (Term::Weekday { from: 0, to: 0 }, "weekday:mon"),
            (Term::Flag(Flag::Links), "has:links"),
            (Term::Flag(Flag::Original), "is:original"),
            (Term::Sample(10), "sample:10"),
            (Term::Rule(text("caída de app")), "rule:\"caída de app\""),
            (Term::Everything, "all:posts"),
        ] {
            assert_eq!(term_text(&term), want, "{term:?}");
        }
        assert!(Flag::ALL.iter().all(|(field, value, flag)| term_text(&Term::Flag(*flag)) == format!("{field}:{value}")));
    }

    #[test]
    fn ranges_are_written_with_the_shortest_bound() {
        let one = Decimals::ONE;
        for (measure, from, to, want) in [
            (Measure::Followers, 1000 * one, 5000 * one, "followers_count:1000..5000"),
            (Measure::Following, 1000 * one, i64::MAX, "following_count:>=1000"),
            (Measure::Posts, i64::MIN, 10 * one, "posts_count:<=10"),
            (Measure::Listed, 2 * one, 2 * one, "listed_count:2..2"),
            (Measure::Listed, i64::MIN, i64::MAX, "listed_count:0..4294967295"),
            (Measure::Priority, 70 * one, i64::MAX, "priority:>=70"),
            (Measure::Priority, 70 * one + 1, i64::MAX, "priority:>70"),
            (Measure::Priority, 0, 40 * one - 1, "priority:<40"),
            (Measure::Sentiment, -one, -50_000, "sentiment:negative"),
            (Measure::Sentiment, i64::MIN, -50_000, "sentiment:negative"),
            (Measure::Sentiment, -49_999, 49_999, "sentiment:neutral"),
            (Measure::Sentiment, 50_000, i64::MAX, "sentiment:positive"),
            (Measure::Sentiment, -700_000, 250_000, "sentiment:-0.7..0.25"),
            (Measure::Sentiment, i64::MAX, i64::MIN, "sentiment:9223372036854.775807..-9223372036854.775808"),
        ] {
            assert_eq!(term_text(&Term::Number(measure, Decimals { from, to })), want);
        }
    }
}
