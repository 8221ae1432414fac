//! Alerts on sources: `on = "source"`.

use crate::anomaly::{self, Direction};
use crate::time::{MINUTE, Zone};
use crate::topic::{SourceId, SourceRule};

use super::problem::{Problems, both};
use super::typed::{self, Typed, Watch, unknown_name};
use super::used::misplaced;

/// A source may be down for so long if nothing else is said.
pub const DOWN_FOR: i64 = 5 * MINUTE;

/// Whether an alert watches sources, and not topics.
pub fn is_on_sources(typed: &typed::Alert<'_>) -> bool {
    typed.on.as_ref().is_some_and(|on| on.value == Watch::Source)
}

/// The rules on sources; hours and weekdays are those of `zone`.
pub fn on_sources(typed: &Typed<'_>, zone: &Zone, problems: &Problems) -> Vec<SourceRule> {
    let alerts = typed.alerts.iter().filter(|alert| is_on_sources(alert));
    alerts.filter_map(|alert| rule(alert, typed, zone, problems)).collect()
}

fn rule(alert: &typed::Alert<'_>, typed: &Typed<'_>, zone: &Zone, problems: &Problems) -> Option<SourceRule> {
    misplaced(alert, Watch::Source, "source", problems);
    let default = anomaly::Settings::new(Direction::Drop);
    let settings = anomaly::Settings {
        sensitivity: alert.sensitivity.as_ref().map_or(default.sensitivity, |s| s.value),
        budget: alert.budget.as_ref().map_or(default.budget, |b| b.value),
        ..default
    };
    Some(SourceRule {
        name: alert.name.as_ref()?.value.to_owned(),
        sources: watched(alert, typed, problems),
        settings,
        down_for: alert.down_for.as_ref().map_or(DOWN_FOR, |d| d.value),
        zone: zone.clone(),
        severity: alert.severity,
    })
}

/// In the order of the configuration, each once.
fn watched(alert: &typed::Alert<'_>, typed: &Typed<'_>, problems: &Problems) -> Vec<(SourceId, String)> {
    let names = typed.sources.iter().map(|s| s.name.as_ref().map_or("", |name| name.value));
    let all: Vec<(SourceId, &str)> = (0..).map(SourceId).zip(names).collect();
    let listed = alert.sources.as_ref();
    if all.is_empty() && listed.is_none() {
        let cause = both!("la alerta vigila todas las fuentes y no hay ninguna", "the alert watches all sources and there is none");
        problems.error(&alert.section.span(), cause, both!("añade una [[source]]", "add a [[source]]"));
    }
    if let Some(listed) = listed.filter(|l| l.value.is_empty()) {
        let cause = both!("la alerta no vigila ninguna fuente", "the alert watches no source");
        let fix = both!("nombra alguna, o borra «sources» para vigilarlas todas", "name some, or delete “sources” to watch all");
        problems.error(&listed.span, cause, fix);
    }
    for name in listed.iter().flat_map(|l| &l.value).filter(|name| !all.iter().any(|(_, known)| *known == name.value)) {
        unknown_name(problems, name, "[[source]]", all.iter().map(|(_, known)| *known));
    }
    let wanted = |name: &str| listed.is_none_or(|l| l.value.iter().any(|n| n.value == name));
    all.into_iter().filter(|(_, name)| wanted(name)).map(|(id, name)| (id, name.to_owned())).collect()
}
