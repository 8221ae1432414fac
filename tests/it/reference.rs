//! The chapters of the documentation that say what the program says of itself. `ESCUCHA_BLESS=1` writes them.

use std::fmt::Write as _;

use escucha::bilingual::Lang;
use escucha::config::{self, Entry, Given, Part};
use escucha::http::{Access, HEADERS, ROUTES, Role};
use escucha::telemetry::CATALOGUE;
use escucha::{indicators, signals, tally};

use crate::crisislex::holds;

/// `text` with names of sections as code.
fn with_code(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(from) = rest.find('[') {
        let end = rest[from..].find(']').map_or(rest.len(), |at| from + at);
        let end = end + rest[end..].chars().take_while(|c| *c == ']').count();
        out += &format!("{}`{}`", &rest[..from], &rest[from..end]);
        rest = &rest[end..];
    }
    out + rest
}

/// What is said of a key beside its name.
fn facts(entry: &Entry, lang: Lang) -> String {
    let Entry { kinds, holds, given, meaning, .. } = entry;
    let mut facts = vec![holds.words().get(lang).to_owned()];
    facts.extend(match given {
        Given::Default(value) => Some(format!("{} `{value}`", lang.pick("por omisión", "default"))),
        Given::Cpus => Some(lang.pick("por omisión, uno por CPU", "default one per CPU").to_owned()),
        Given::Required => Some(format!("**{}**", lang.pick("obligatorio", "required"))),
        Given::Nothing => None,
    });
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
        facts.push(format!("{} {}", lang.pick("solo", "only"), kinds.join(" ")));
    }
    format!("{}.  \n  {}.\n", facts.join("; "), with_code(meaning.get(lang)))
}

/// Keys as items of a list, those of which the same is said in one: a table with so much text cannot be read on a phone.
fn items(entries: &[Entry], lang: Lang) -> String {
    let mut all: Vec<(Vec<String>, String)> = Vec::new();
    for entry in entries {
        let key = if entry.free { lang.pick("`NOMBRE`", "`NAME`").to_owned() } else { format!("`{}`", entry.key) };
        let said = facts(entry, lang);
        match all.iter_mut().find(|(_, same)| *same == said) {
            Some((keys, _)) => keys.push(key),
            None => all.push((vec![key], said)),
        }
    }
    all.into_iter().map(|(keys, said)| format!("- {} — {said}", keys.join(", "))).collect()
}

fn reference(lang: Lang) -> String {
    let mut text = String::new();
    for Part { header, meaning, entries } in config::reference() {
        let (title, said) = match header.as_str() {
            "" => (lang.pick("Al principio del archivo", "At the head of the file").to_owned(), String::new()),
            _ => (format!("`{header}`"), format!("{}.\n\n", with_code(meaning.get(lang)))),
        };
        let _ = writeln!(text, "\n## {title}\n\n{said}{}", items(&entries, lang).trim_end());
    }
    text + "\n"
}

#[test]
fn the_reference_of_the_configuration_says_what_the_reader_knows() {
    for (page, lang) in [("docs/configuration.md", Lang::En), ("docs/configuracion.md", Lang::Es)] {
        let text = reference(lang);
        assert!(text.lines().filter(|line| line.starts_with("- `")).count() > 100, "{text}");
        holds(page, "reference", &text);
    }
}

#[test]
fn the_metrics_are_those_of_the_catalogue() {
    let mut text = String::from("| name | type | unit | labels | meaning |\n|---|---|---|---|---|\n");
    for metric in CATALOGUE {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let unit = metric.unit.map_or("", |unit| unit.as_str());
        let _ = writeln!(text, "| `{}` | {} | {unit} | {} | {} |", metric.name, metric.kind.as_str(), labels.join(" "), metric.help);
    }
    holds("docs/metrics.md", "metrics", &text);
}

#[test]
fn the_routes_are_those_there_are() {
    let api: serde_json::Value = serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap();
    let mut text = String::from("| | | |\n|---|---|---|\n");
    for route in ROUTES {
        let method = route.method.as_str();
        // The page's own files are nobody's interface.
        let Some(summary) = api["paths"][route.path][method.to_lowercase()]["summary"].as_str() else { continue };
        let roles = match route.access {
            Access::Open => "anybody".to_owned(),
            Access::Roles(roles) => roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
        };
        let _ = writeln!(text, "| `{method} {}` | {summary} | {roles} |", route.path);
    }
    assert!(text.lines().count() > 25 && Role::ALL.iter().all(|role| text.contains(role.as_str())));
    holds("docs/http-api.md", "routes", &text);
}

#[test]
fn the_signals_and_indicators_are_those_that_are_computed() {
    let mut text = String::from("| signal | points | meaning |\n|---|---:|---|\n");
    for spec in signals::ALL {
        let (least, most) = spec.range;
        let _ = writeln!(text, "| `{}` | {} to {} | {} |", spec.name, least.as_f64(), most.as_f64(), (spec.explain)().en);
    }
    let most = tally::REPEAT_STEP.as_f64() * tally::REPEAT_MOST as f64;
    let _ = writeln!(text, "| `{}` | 0 to {most} | The author's earlier mentions of the last 24 hours |", tally::REPEAT_AUTHOR);
    holds("docs/figures.md", "signals", &text);
    let all = indicators::ALL.iter().map(|spec| format!("- **{}**: {}\n", spec.name, (spec.explain)().en));
    holds("docs/figures.md", "indicators", &format!("\n{}\n", all.collect::<String>()));
}

#[test]
fn the_headers_are_those_that_are_sent() {
    let sent: String = HEADERS.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    holds("docs/security.md", "headers", &format!("\n```text\n{sent}```\n\n"));
}
