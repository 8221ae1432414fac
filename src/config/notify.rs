//! `[[notify]]`: which keys a kind takes, and from typed to used.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use crate::alert::Severity;
use crate::bilingual::{Both, Lang};
use crate::limits;
use crate::notifiers::{self, Network, Rate, Secret, Settings, Spec, Tls};
use crate::routing::Wants;
use crate::time::{HOUR, MINUTE};

use super::problem::{Problems, both};
use super::secret;
use super::section::{At, Section, no_fix};
use super::typed::{Typed, unknown_name};

/// Keys every notifier takes.
const COMMON: [&str; 9] = ["name", "type", "lang", "min_severity", "topics", "rules", "send_resolved", "deadline", "rate"];

/// `[[notify]]` as typed.
pub struct Notify<'a> {
    section: Section<'a>,
    pub name: Option<At<&'a str>>,
    kind: Option<&'static Spec>,
    lang: Option<At<Lang>>,
    min_severity: Option<At<Severity>>,
    topics: Option<At<Vec<At<&'a str>>>>,
    rules: Option<At<Vec<At<&'a str>>>>,
    send_resolved: Option<At<bool>>,
    deadline: Option<At<i64>>,
    rate: Option<At<Rate>>,
    url: Option<At<&'a str>>,
    secrets: Vec<At<&'a str>>,
    headers: Vec<(At<&'a str>, At<&'a str>)>,
    routing_key: Option<At<&'a str>>,
    to: Vec<At<&'a str>>,
    from: Option<At<&'a str>>,
    server: Option<At<&'a str>>,
    user: Option<At<&'a str>>,
    password: Option<At<&'a str>>,
    tls: Option<At<Tls>>,
    allow: Vec<At<&'a str>>,
    ca: Option<At<&'a str>>,
}

/// Reads one `[[notify]]`.
pub fn read(section: Section<'_>) -> Notify<'_> {
    if section.value("type").is_none() {
        section.missing("type");
    }
    let kinds: Vec<_> = notifiers::ALL.iter().map(|spec| (spec.name, *spec)).collect();
    let kind = section.choice("type", &kinds, &[]).map(|k| k.value);
    // Without a type that is known, every key of any type passes: one mistake, one message.
    let own: Vec<&str> = kind.map_or_else(|| notifiers::ALL.iter().flat_map(|k| k.keys).copied().collect(), |k| k.keys.to_vec());
    section.only(&[&COMMON[..], &own].concat(), &[]);
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    if let (Some(_), Some(beside)) = (section.value("secret"), section.value("secrets")) {
        let cause = both!("o «secret» o «secrets», no los dos", "“secret” or “secrets”, not both");
        section.problems().error(&beside.span(), cause, both!("pon todos en «secrets»", "put all of them in “secrets”"));
    }
    Notify {
        section,
        name: section.name(),
        kind,
        lang: section.choice("lang", &[("es", Lang::Es), ("en", Lang::En)], &[]),
        min_severity: section.choice("min_severity", &severities, &[]),
        topics: section.list("topics"),
        rules: section.list("rules"),
        send_resolved: section.flag("send_resolved"),
        deadline: section.duration("deadline", MINUTE, 7 * 24 * HOUR),
        rate: rate(section),
        url: section.text("url"),
        secrets: section.text("secret").into_iter().chain(section.texts("secrets")).collect(),
        headers: section.table("headers", "headers").map(headers).unwrap_or_default(),
        routing_key: section.text("routing_key"),
        to: section.texts("to"),
        from: section.text("from"),
        server: section.text("server"),
        user: section.text("user"),
        password: section.text("password"),
        tls: section.choice("tls", &[("starttls", Tls::Starttls), ("tls", Tls::Implicit), ("none", Tls::None)], &[]),
        allow: section.texts("allow"),
        ca: section.text("ca"),
    }
}

fn headers<'a>(section: Section<'a>) -> Vec<(At<&'a str>, At<&'a str>)> {
    section.entries().filter_map(|(key, _)| section.text(key.value).map(|value| (key, value))).collect()
}

/// `"60 per minute"`.
fn rate(section: Section<'_>) -> Option<At<Rate>> {
    let text = section.text("rate")?;
    let found = parse_rate(text.value);
    if found.is_none() {
        let typed = text.value;
        let cause = both!("«{typed}» no se entiende en «rate»", "“{typed}” is not understood in “rate”");
        let fix = both!(
            "por ejemplo rate = \"60 per minute\"; también per second y per hour",
            "for example rate = \"60 per minute\"; also per second and per hour"
        );
        section.problems().error(&text.span, cause, fix);
    }
    Some(At { value: found?, span: text.span })
}

fn parse_rate(text: &str) -> Option<Rate> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [count, "per", unit] = words[..] else { return None };
    let seconds = match unit {
        "second" => 1,
        "minute" => 60,
        "hour" => 60 * 60,
        _ => return None,
    };
    let count = count.parse().ok().filter(|count| (1..=10_000).contains(count))?;
    Some(Rate { count, per: Duration::from_secs(seconds) })
}

/// All notifiers as used; paths are relative to `folder`. Those with a problem are left out.
pub fn used(typed: &Typed<'_>, folder: &Path, problems: &Problems) -> Vec<Settings> {
    typed.notifiers.iter().filter_map(|notify| one(notify, typed, folder, problems)).collect()
}

fn one(typed: &Notify<'_>, file: &Typed<'_>, folder: &Path, problems: &Problems) -> Option<Settings> {
    let spec = typed.kind?;
    let usual = Settings::new("", spec.name);
    let secret = |at: &Option<At<&str>>| at.as_ref().map(|at| hidden(at, folder, problems)).unwrap_or_default();
    let plain = |at: &Option<At<&str>>| at.as_ref().map_or(String::new(), |at| at.value.trim().to_owned());
    let settings = Settings {
        name: plain(&typed.name),
        lang: typed.lang.as_ref().map_or(usual.lang, |l| l.value),
        wants: Wants {
            min_severity: typed.min_severity.as_ref().map_or(usual.wants.min_severity, |s| s.value),
            topics: names(&typed.topics, "[[topic]]", || file.topics.iter().filter_map(|t| Some(t.name.as_ref()?.value)), problems),
            rules: names(&typed.rules, "[[alert]]", || file.alerts.iter().filter_map(|a| Some(a.name.as_ref()?.value)), problems),
            resolved: typed.send_resolved.as_ref().map_or(usual.wants.resolved, |s| s.value),
        },
        deadline: typed.deadline.as_ref().map_or(usual.deadline, |d| Duration::from_micros(d.value.unsigned_abs())),
        rate: typed.rate.as_ref().map_or(usual.rate, |r| r.value),
        url: secret(&typed.url),
        secrets: typed.secrets.iter().map(|at| hidden(at, folder, problems)).collect(),
        headers: typed.headers.iter().map(|(name, value)| (name.value.to_owned(), hidden(value, folder, problems))).collect(),
        routing_key: secret(&typed.routing_key),
        to: typed.to.iter().map(|to| to.value.trim().to_owned()).collect(),
        from: plain(&typed.from),
        server: plain(&typed.server),
        user: plain(&typed.user),
        password: secret(&typed.password),
        tls: typed.tls.as_ref().map_or(usual.tls, |t| t.value),
        allow: typed.allow.iter().filter_map(|at| network(at, problems)).collect(),
        ca: typed.ca.as_ref().map_or(Vec::new(), |at| authority(at, folder, problems)),
        ..usual
    };
    for problem in (spec.check)(&settings) {
        let at = place(typed, &problem);
        // What could not be read was told already, and would be told as missing once more.
        if !at.as_ref().is_some_and(|span| problems.is_told(span)) {
            problems.error(&at.unwrap_or_else(|| typed.section.span()), problem, no_fix());
        }
    }
    typed.name.as_ref().map(|_| settings)
}

/// The names that are listed; `None` is all. An empty list would tell nobody anything.
fn names<'n, I: Iterator<Item = &'n str>>(
    typed: &Option<At<Vec<At<&str>>>>,
    kind: &str,
    known: impl Fn() -> I,
    problems: &Problems,
) -> Option<Vec<String>> {
    let listed = typed.as_ref()?;
    if listed.value.is_empty() {
        let cause = both!("la lista está vacía: no se avisaría de nada", "the list is empty: nothing would be told");
        problems.error(&listed.span, cause, both!("nombra algo, o borra la clave", "name something, or delete the key"));
    }
    for name in listed.value.iter().filter(|name| !known().any(|k| k == name.value)) {
        unknown_name(problems, name, kind, known());
    }
    Some(listed.value.iter().map(|name| name.value.to_owned()).collect())
}

/// What `env:NAME` or `file:PATH` holds, or the text itself.
fn hidden(at: &At<&str>, folder: &Path, problems: &Problems) -> Secret {
    match secret::resolve(at.value.trim(), folder) {
        Ok(value) => Secret(value),
        Err(cause) => {
            problems.error(&at.span, cause, no_fix());
            Secret::default()
        }
    }
}

fn network(at: &At<&str>, problems: &Problems) -> Option<Network> {
    let typed = at.value;
    let parsed = typed.trim().parse().ok();
    if parsed.is_none() {
        let cause = both!("«{typed}» no es una red", "“{typed}” is no network");
        problems.error(&at.span, cause, both!("por ejemplo \"10.0.0.0/8\" o \"fd00::/8\"", "for example \"10.0.0.0/8\" or \"fd00::/8\""));
    }
    parsed
}

fn authority(at: &At<&str>, folder: &Path, problems: &Problems) -> Vec<u8> {
    let path = at.value;
    let file = folder.join(path);
    let fits = std::fs::metadata(&file).is_ok_and(|meta| meta.len() <= limits::FRAME_BYTES as u64);
    match std::fs::read(&file) {
        Ok(pem) if fits && !pem.is_empty() => return pem,
        Ok(_) => problems.error(&at.span, both!("{path} no contiene certificados", "{path} holds no certificates"), no_fix()),
        Err(error) => {
            let cause = both!("no se puede leer el archivo {path}: {error}", "the file {path} cannot be read: {error}");
            problems.error(&at.span, cause, no_fix());
        }
    }
    Vec::new()
}

/// Where to show what a kind's own check says: at the key it names in quotes, if it is there.
fn place(typed: &Notify<'_>, problem: &Both) -> Option<Range<usize>> {
    let quoted = |mark: [char; 2]| problem.en.split(mark).skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let named = quoted(['`', '`']).into_iter().chain(quoted(['“', '”']));
    let plural = |key: String| [key.clone(), format!("{key}s")];
    named.flat_map(plural).find_map(|key| typed.section.value(&key).map(|value| value.span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let rate = |count, seconds| Some(Rate { count, per: Duration::from_secs(seconds) });
        for (text, want) in [
            ("60 per minute", rate(60, 60)),
            (" 1  per second ", rate(1, 1)),
            ("500 per hour", rate(500, 3600)),
            ("0 per minute", None),
            ("10001 per minute", None),
            ("60 per day", None),
            ("60/minute", None),
            ("-1 per minute", None),
            ("", None),
        ] {
            assert_eq!(parse_rate(text), want, "{text}");
        }
    }
}
