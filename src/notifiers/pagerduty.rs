//! PagerDuty: Events API v2. All transitions of one alert share its `dedup_key`.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::client::{self, Client, Request};
use super::text::{Words, cut};
use super::webhook::digest;
use super::{Built, Context, Message, Notifier, Outcome, Secret, Settings, Spec};
use crate::alert::Status;
use crate::bilingual::Both;
use crate::wire;

pub static SPEC: Spec = Spec { name: "pagerduty", keys: &["routing_key", "url", "allow", "ca"], check, build };

/// Accounts in the European region have an address of their own, which `url` can name.
const URL: &str = "https://events.pagerduty.com/v2/enqueue";
/// Characters of `summary`, and of `dedup_key`.
const SUMMARY: usize = 1024;
const DEDUP_KEY: usize = 255;

fn check(settings: &Settings) -> Vec<Both> {
    let mut all = Vec::new();
    let key = &settings.routing_key.0;
    if key.is_empty() {
        all.push(Both::new(
            "falta `routing_key`: la clave de integración de PagerDuty",
            "`routing_key` is missing: PagerDuty's integration key",
        ));
    } else if key.len() != 32 || !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        all.push(Both::new("`routing_key` tiene 32 letras y cifras", "`routing_key` has 32 letters and digits"));
    }
    all.extend(client::address(url(settings)).err());
    all.extend(client::authorities(&settings.ca).err());
    all
}

fn url(settings: &Settings) -> &str {
    if settings.url.0.is_empty() { URL } else { &settings.url.0 }
}

fn build(settings: &Settings, context: &Context) -> Built {
    let client = Client::new(url(settings), settings, context)?;
    Ok(Box::new(PagerDuty { client, routing_key: settings.routing_key.clone() }))
}

struct PagerDuty {
    client: Client,
    routing_key: Secret,
}

impl Notifier for PagerDuty {
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(self.client.post(Request::json(&event(message, &self.routing_key.0))))
    }
}

fn event(message: &Message<'_>, routing_key: &str) -> Value {
    let alert = message.alert;
    let action = match alert.status {
        Status::Firing if alert.acknowledged.is_some() => "acknowledge",
        Status::Firing => "trigger",
        Status::Resolved => "resolve",
    };
    let words = Words::of(message);
    let facts: serde_json::Map<String, Value> = words.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let posts: Vec<String> = words.posts.iter().map(|quote| format!("{}: {}", quote.who, quote.text)).collect();
    let links: Vec<Value> =
        words.posts.iter().filter(|quote| !quote.url.is_empty()).map(|quote| json!({"href": quote.url, "text": quote.who})).collect();
    let details: Value = serde_json::from_str(&wire::alert_json(alert, message.seq)).unwrap_or_default();
    // Its own grades: critical, error, warning, info.
    let severity = alert.severity.as_str();
    json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(&alert.id),
        "client": "escucha",
        "links": links,
        "payload": {
            "summary": cut(&words.headline, SUMMARY),
            "source": alert.subject(),
            "severity": severity,
            "timestamp": alert.updated_at.to_string(),
            "component": if alert.brand.is_empty() { Value::Null } else { json!(alert.brand) },
            "group": alert.subject(),
            "class": alert.on,
            "custom_details": {
                "reasons": words.reasons, "facts": facts, "posts": posts,
                "id": alert.id, "observed": details["observed"], "expected": details["expected"], "surprise": details["surprise"],
            },
        },
    })
}

/// The alert's own, or, where that is too long, a digest after as much of it as fits.
fn dedup_key(id: &str) -> String {
    if id.chars().nth(DEDUP_KEY).is_none() {
        return id.to_owned();
    }
    let digest = digest(id);
    id.chars().take(DEDUP_KEY - digest.len()).chain(digest.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;
    use crate::alert::Severity;
    use crate::bilingual::Lang;
    use crate::time::Timestamp;

    #[test]
    fn transitions_share_a_key_that_fits() {
        let mut alert = text::example(Timestamp::from_seconds(1_783_159_500));
        alert.id = format!("regla/{}/1", "ñ".repeat(400));
        alert.severity = Severity::Critical;
        let of = |alert: &crate::alert::Alert| event(&Message { alert, seq: 1, key: "k", lang: Lang::Es, test: false }, "R");
        let first = of(&alert);
        alert.acknowledged = Some(crate::alert::Acknowledged { by: "ana".into(), at: alert.started_at, note: String::new() });
        assert_eq!((&of(&alert)["event_action"], &of(&alert)["dedup_key"]), (&json!("acknowledge"), &first["dedup_key"]));
        alert.status = Status::Resolved;
        let last = of(&alert);
        assert_eq!((&first["event_action"], &last["event_action"]), (&json!("trigger"), &json!("resolve")));
        assert_eq!(first["dedup_key"], last["dedup_key"]);
        assert_eq!(first["dedup_key"].as_str().expect("a key").chars().count(), DEDUP_KEY);
        assert_eq!((&first["payload"]["severity"], &first["routing_key"]), (&json!("critical"), &json!("R")));
        alert.id.replace_range(alert.id.len() - 1.., "2");
        assert_ne!(of(&alert)["dedup_key"], last["dedup_key"]);
        alert.id = "corto".to_owned();
        assert_eq!(of(&alert)["dedup_key"], "corto");
    }
}
