//! Prometheus Alertmanager: API v2. It groups, silences and passes on by itself.

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::client::{self, Client, Request};
use super::text::Words;
use super::{Built, Context, Message, Notifier, Outcome, Settings, Spec};
use crate::alert::Status;
use crate::bilingual::Both;
use crate::limits;
use crate::time::{MINUTE, Timestamp};

pub static SPEC: Spec = Spec { name: "alertmanager", keys: &["url", "headers", "allow", "ca"], check, build };

const PATH: &str = "api/v2/alerts";

fn check(settings: &Settings) -> Vec<Both> {
    if settings.url.0.is_empty() {
        return vec![Both::new("falta `url`: la de Alertmanager", "`url` is missing: that of Alertmanager")];
    }
    let faults = [client::address(&settings.url.0).err(), client::headers(settings).err(), client::authorities(&settings.ca).err()];
    faults.into_iter().flatten().collect()
}

fn build(settings: &Settings, context: &Context) -> Built {
    let base = settings.url.0.trim().trim_end_matches('/');
    let url = if base.ends_with(PATH) { base.to_owned() } else { format!("{base}/{PATH}") };
    Ok(Box::new(Alertmanager { client: Client::new(&url, settings, context)?, context: context.clone() }))
}

struct Alertmanager {
    client: Client,
    context: Context,
}

impl Notifier for Alertmanager {
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(self.client.post(Request::json(&json!([alert(message, self.context.clock.now())]))))
    }
}

/// Labels tell alerts apart there and are kept for good: only names of the configuration. An alert is
/// said to stand for a while, and is told again long before that is over.
fn alert(message: &Message<'_>, now: Timestamp) -> Value {
    let alert = message.alert;
    let labels = [
        ("alertname", alert.rule.as_str()),
        ("topic", &alert.topic),
        ("source", &alert.source),
        ("brand", &alert.brand),
        ("severity", alert.severity.as_str()),
        ("on", alert.on),
        ("service", "escucha"),
        ("test", if message.test { "true" } else { "" }),
    ];
    // A label without a value is none.
    let labels: Map<String, Value> = labels.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), json!(v))).collect();
    let words = Words::of(message);
    let facts = words.facts.iter().map(|(name, value)| format!("{name}: {value}"));
    let posts = words.posts.iter().map(|quote| format!("{}: {}", quote.who, quote.text));
    let description: Vec<String> = words.reasons.iter().cloned().chain(facts).chain(posts).collect();
    let ends = match (alert.status, message.test) {
        (Status::Resolved, _) => alert.resolved_at.unwrap_or(alert.updated_at).max(alert.started_at),
        (Status::Firing, true) => now.plus(5 * MINUTE),
        (Status::Firing, false) => now.max(alert.started_at).plus(limits::NOTIFY_STANDS),
    };
    json!({
        "labels": labels,
        "annotations": {"summary": words.headline, "description": description.join("\n"), "id": alert.id},
        "startsAt": alert.started_at.to_string(),
        "endsAt": ends.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;
    use crate::bilingual::Lang;

    #[test]
    fn labels_are_bounded_and_the_end_is_told() {
        let start = Timestamp::from_seconds(1_783_159_500);
        let now = start.plus(90 * MINUTE);
        let mut it = text::example(start);
        let of = |it: &crate::alert::Alert, test| alert(&Message { alert: it, seq: 1, key: "k", lang: Lang::En, test }, now);
        let firing = of(&it, false);
        assert_eq!(firing["endsAt"], now.plus(limits::NOTIFY_STANDS).to_string());
        let names: Vec<&String> = firing["labels"].as_object().expect("labels").keys().collect();
        assert_eq!(names, ["alertname", "on", "service", "severity", "topic"], "no post, no id, no empty brand");
        assert_eq!(of(&it, true)["endsAt"], now.plus(5 * MINUTE).to_string());
        it.status = Status::Resolved;
        it.resolved_at = Some(start.plus(MINUTE));
        let resolved = of(&it, false);
        assert_eq!((&resolved["labels"], &resolved["startsAt"]), (&firing["labels"], &firing["startsAt"]));
        assert_eq!(resolved["endsAt"], start.plus(MINUTE).to_string());
        // The other side refuses an end before the start.
        it.resolved_at = Some(start.plus(-MINUTE));
        assert_eq!(of(&it, false)["endsAt"], start.to_string());
    }
}
