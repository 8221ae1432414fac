//! What a person reads of an alert, in the language of the target; how it is set is the kind's matter.

use super::Message;
use crate::alert::{Alert, Severity, Status};
use crate::bilingual::{Both, Lang};
use crate::limits;
use crate::personal::Kinds;
use crate::post::{Post, PostBuf};
use crate::time::Timestamp;
use crate::window::Tallied;

/// An alert in words.
pub struct Words {
    /// One line: how bad, or over, and where.
    pub headline: String,
    /// Why it fired: whole sentences.
    pub reasons: Vec<String>,
    /// Names and values, in order.
    pub facts: Vec<(&'static str, String)>,
    /// The posts that tell most.
    pub posts: Vec<Quote>,
}

/// A post in words.
pub struct Quote {
    /// Who wrote it and where.
    pub who: String,
    /// What, cut short.
    pub text: String,
    /// Its address, `http` or `https`; or empty.
    pub url: String,
}

impl Words {
    /// The words for `message`.
    pub fn of(message: &Message<'_>) -> Words {
        let (alert, lang) = (message.alert, message.lang);
        Words {
            headline: headline(message),
            reasons: alert.reasons.iter().map(|reason| reason.text.get(lang).to_owned()).collect(),
            facts: facts(alert, lang),
            posts: quotes(alert, lang),
        }
    }
}

/// How bad it is, in words.
pub fn severity(severity: Severity, lang: Lang) -> &'static str {
    match severity {
        Severity::Info => lang.pick("informativa", "info"),
        Severity::Warning => lang.pick("de aviso", "warning"),
        Severity::Critical => lang.pick("crítica", "critical"),
    }
}

fn headline(message: &Message<'_>) -> String {
    let (alert, lang) = (message.alert, message.lang);
    let test = if message.test { lang.pick("PRUEBA · ", "TEST · ") } else { "" };
    let grade = severity(alert.severity, lang);
    let state = match (alert.status, lang) {
        (Status::Firing, Lang::Es) => format!("Alerta {grade}"),
        (Status::Firing, Lang::En) => format!("Alert ({grade})"),
        (Status::Resolved, Lang::Es) => "Alerta resuelta".to_owned(),
        (Status::Resolved, Lang::En) => "Alert resolved".to_owned(),
    };
    let subject = alert.subject();
    let brand = if alert.brand.is_empty() || subject == alert.brand { String::new() } else { format!(" ({})", alert.brand) };
    line(&format!("{test}{state}: {subject}{brand}"))
}

fn facts(alert: &Alert, lang: Lang) -> Vec<(&'static str, String)> {
    let mut facts = vec![(lang.pick("Regla", "Rule"), alert.rule.clone()), (lang.pick("Desde", "Since"), minute(alert.started_at))];
    if let Some(over) = alert.resolved_at {
        facts.push((lang.pick("Hasta", "Until"), minute(over)));
    }
    facts.push((lang.pick("Menciones", "Mentions"), alert.observed.mentions.to_string()));
    if let Some(found) = alert.finding {
        let (low, high) = found.range;
        facts.push((lang.pick("Lo habitual", "Usual"), format!("{low:.0}–{high:.0}")));
    }
    if alert.observed.authors > 0 {
        facts.push((lang.pick("Autores", "Authors"), alert.observed.authors.to_string()));
    }
    if let Some(standing) = alert.standing {
        facts.push((lang.pick("Nivel", "Level"), standing.level.number().to_string()));
    }
    if let Some(priority) = alert.priority {
        facts.push((lang.pick("Prioridad", "Priority"), priority.as_f64().to_string()));
    }
    if !alert.networks.is_empty() {
        let shares: Vec<String> = alert.networks.iter().map(|(network, n)| format!("{network} {n}")).collect();
        facts.push((lang.pick("Redes", "Networks"), shares.join(", ")));
    }
    facts.into_iter().map(|(name, value)| (name, line(&value))).collect()
}

fn quotes(alert: &Alert, lang: Lang) -> Vec<Quote> {
    let shown = if alert.top_posts.is_empty() { alert.first_post.as_slice() } else { &alert.top_posts };
    shown.iter().take(limits::ALERT_POSTS).map(|post| quote(&post.get(), lang)).collect()
}

fn quote(post: &Post<'_>, lang: Lang) -> Quote {
    let name = if post.author.handle.is_empty() { post.author.name } else { post.author.handle };
    let who: Vec<&str> = [name, post.network].into_iter().filter(|part| !part.is_empty()).collect();
    let is_link = post.url.starts_with("https://") || post.url.starts_with("http://");
    let link = is_link && !post.url.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '|' | '"'));
    Quote {
        who: cut(&line(&who.join(" · ")), limits::NAME_CHARS),
        text: cut(&line(post.text), limits::NOTIFY_QUOTE_CHARS) + &masked(post.masked, lang),
        url: if link { post.url.to_owned() } else { String::new() },
    }
}

/// What was taken out of a post and what to do about it; empty if nothing was.
fn masked(kinds: Kinds, lang: Lang) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name(lang)).collect();
    let (hidden, advice) = lang.pick(("oculto", "sigan por privado"), ("hidden", "go on in private"));
    format!(" [{hidden}: {}; {advice}]", names.join(", "))
}

/// An instant for people: minutes, universal time.
fn minute(at: Timestamp) -> String {
    let text = Timestamp(at.0 - at.0.rem_euclid(crate::time::MINUTE)).to_string();
    text.trim_end_matches(":00Z").replace('T', " ") + " UTC"
}

/// `text` on one line, without control characters and without those that turn the direction of what
/// follows.
pub fn line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let kept: String = text.chars().filter(|c| !turns(*c)).map(|c| if breaks(c) { ' ' } else { c }).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `most` characters of `text`, the last an ellipsis if something is missing.
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// An alert about nothing, for `escucha notify test`.
pub fn example(at: Timestamp) -> Alert {
    let text = Both::new(
        "Esto es una prueba: no ha pasado nada y no hay que hacer nada.",
        "This is a test: nothing has happened and nothing needs to be done.",
    );
    let post = Post { id: "1", network: "escucha", at, text: "¿Se lee bien? · Can you read this? <&>", ..Post::default() };
    Alert {
        topic: "escucha-test".to_owned(),
        observed: Tallied { mentions: 1, ..Tallied::default() },
        threshold: 1,
        reasons: vec![crate::alert::Reason { code: "test", text, value: 1.0 }],
        first_post: Some(PostBuf::new(&post)),
        ..Alert::new(format!("escucha-test/{at}"), "escucha-test", "volume", Severity::Info, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personal::Kind;

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(line("a\r\nBcc: x@y\u{2028}z \u{202e}evil\u{0}"), "a Bcc: x@y z evil");
        assert_eq!((cut("ñandú", 5), cut("ñandúes", 5)), ("ñandú".to_owned(), "ñand…".to_owned()));
    }

    #[test]
    fn the_words_are_whole_in_each_language() {
        let mut alert = example(Timestamp::from_seconds(1_783_159_530));
        alert.brand = "Banco Ñ".to_owned();
        alert.networks = vec![("bluesky".to_owned(), 2), ("x".to_owned(), 1)];
        let words = |lang, test| Words::of(&Message { alert: &alert, seq: 1, key: "k", lang, test });
        assert_eq!(words(Lang::Es, true).headline, "PRUEBA · Alerta informativa: escucha-test (Banco Ñ)");
        assert_eq!(words(Lang::En, false).headline, "Alert (info): escucha-test (Banco Ñ)");
        let facts = words(Lang::Es, false).facts;
        assert_eq!(facts[1], ("Desde", "2026-07-04 10:05 UTC".to_owned()));
        assert!(facts.contains(&("Redes", "bluesky 2, x 1".to_owned())), "{facts:?}");
    }

    #[test]
    fn what_was_taken_out_is_told() {
        let mut post = Post { text: "mi tarjeta ▒▒▒▒ y mi cel ▒▒▒▒", ..Post::default() };
        post.masked.add(Kind::Phone);
        post.masked.add(Kind::Card);
        assert_eq!(quote(&post, Lang::Es).text, "mi tarjeta ▒▒▒▒ y mi cel ▒▒▒▒ [oculto: tarjeta, teléfono; sigan por privado]");
        assert!(quote(&post, Lang::En).text.ends_with(" [hidden: card number, telephone number; go on in private]"));
    }

    #[test]
    fn only_real_links_are_links() {
        let url_of = |url| quote(&Post { url, ..Post::default() }, Lang::Es).url;
        assert_eq!(url_of("https://x.com/a/1"), "https://x.com/a/1");
        for bad in ["javascript:alert(1)", "https://a.com/<!channel>", "https://a.com/|x", "https://a.com/ x", "at://did:plc:x/y"] {
            assert_eq!(url_of(bad), "", "{bad}");
        }
    }
}
