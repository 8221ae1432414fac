//! Any HTTP endpoint: CloudEvents 1.0 in structured JSON, signed as Standard Webhooks has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use hmac::{Hmac, Mac};
use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};

use super::client::{self, Client, Request};
use super::{Built, Context, Message, Notifier, Outcome, Secret, Settings, Spec};
use crate::bilingual::Both;
use crate::limits;
use crate::wire;

pub static SPEC: Spec = Spec { name: "webhook", keys: &["url", "secret", "secrets", "headers", "allow", "ca"], check, build };

fn check(settings: &Settings) -> Vec<Both> {
    let mut all = Vec::new();
    if settings.url.0.is_empty() {
        all.push(Both::new("falta `url`: adónde se envía", "`url` is missing: where to send"));
    } else {
        all.extend(client::address(&settings.url.0).err());
    }
    all.extend(client::headers(settings).err());
    all.extend(client::authorities(&settings.ca).err());
    if settings.secrets.iter().any(|secret| key(secret).is_none()) {
        let (es, en) = (
            "`secret` debe ser «whsec_» y de 24 a 64 bytes en base64: openssl rand -base64 32",
            "`secret` must be “whsec_” and 24 to 64 bytes in base64: openssl rand -base64 32",
        );
        all.push(Both::new(es, en));
    }
    if settings.secrets.len() > limits::NOTIFY_SECRETS {
        let most = limits::NOTIFY_SECRETS;
        all.push(Both::new(format!("en `secrets` caben {most}"), format!("`secrets` has room for {most}")));
    }
    all
}

fn build(settings: &Settings, context: &Context) -> Built {
    let client = Client::new(&settings.url.0, settings, context)?;
    Ok(Box::new(Webhook { client, keys: settings.secrets.iter().filter_map(key).collect(), context: context.clone() }))
}

struct Webhook {
    client: Client,
    keys: Vec<Vec<u8>>,
    context: Context,
}

impl Notifier for Webhook {
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let id = id(message.key);
            let body = event(message, &id);
            let at = self.context.clock.now().second().to_string();
            let mut headers = vec![("webhook-id", id.clone()), ("webhook-timestamp", at.clone())];
            if !self.keys.is_empty() {
                let signatures: Vec<String> = self.keys.iter().map(|key| sign(key, &id, &at, &body)).collect();
                headers.push(("webhook-signature", signatures.join(" ")));
            }
            self.client.post(Request { content_type: "application/cloudevents+json; charset=utf-8", headers, body }).await
        })
    }
}

/// The bytes of a secret: base64, after `whsec_` or alone, as the published libraries read it.
fn key(secret: &Secret) -> Option<Vec<u8>> {
    let text = secret.0.strip_prefix("whsec_").unwrap_or(&secret.0);
    STANDARD.decode(text).ok().filter(|key| (24..=64).contains(&key.len()))
}

/// One signature of version 1: HMAC-SHA256 of `id.timestamp.body`.
fn sign(key: &[u8], id: &str, at: &str, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(format!("{id}.{at}.{body}")).finalize());
    // HMAC takes keys of any length.
    mac.map_or(String::new(), |mac| format!("v1,{}", STANDARD.encode(mac.into_bytes())))
}

/// What a receiver tells repetitions by: the key itself where it fits a header and the signed text, in
/// which a full stop separates, or else a digest of it.
fn id(key: &str) -> String {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if (1..=64).contains(&key.len()) && key.bytes().all(fits) { key.to_owned() } else { digest(key) }
}

/// The first half of SHA-256 in hexadecimal digits.
pub fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The event around the alert object.
fn event(message: &Message<'_>, id: &str) -> String {
    let alert = message.alert;
    let data = RawValue::from_string(wire::alert_json(alert, message.seq)).ok();
    let mut event = json!({
        "specversion": "1.0",
        "id": id,
        "source": "urn:escucha",
        "type": format!("escucha.alert.{}", alert.status.as_str()),
        "subject": alert.id,
        "time": alert.updated_at.to_string(),
        "datacontenttype": "application/json",
    });
    if let (true, Value::Object(members)) = (message.test, &mut event) {
        members.insert("escuchatest".to_owned(), Value::Bool(true));
    }
    // The alert object goes out as it stands everywhere else, its numbers untouched.
    let data = data.map_or("null".to_owned(), |data| data.get().to_owned());
    let text = event.to_string();
    format!("{},\"data\":{data}}}", text.strip_suffix('}').unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_is_signed_alike() {
        let key = key(&Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())).expect("a key");
        let signed = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_published_library_signs_alike() {
        let mut random = crate::prng::Prng::new(41);
        for _ in 0..1000 {
            let key: Vec<u8> = (0..24 + random.index(41)).map(|_| random.next_u64() as u8).collect();
            let body: String = (0..random.index(500)).filter_map(|_| char::from_u32(random.next_u64() as u32 % 0x3000)).collect();
            let (id, at) = (id(&body), random.below(1 << 40) as i64);
            let theirs = standardwebhooks::Webhook::from_bytes(key.clone()).and_then(|it| it.sign(&id, at, body.as_bytes()));
            assert_eq!(sign(&key, &id, &at.to_string(), &body), theirs.expect("signed"));
        }
    }

    #[test]
    fn secrets_have_their_form() {
        let bytes = |n: usize| STANDARD.encode(vec![7u8; n]);
        for (text, good) in [
            (format!("whsec_{}", bytes(24)), true),
            (bytes(64), true),
            (bytes(23), false),
            (bytes(65), false),
            ("whsec_".to_owned(), false),
            ("my password".to_owned(), false),
        ] {
            assert_eq!(key(&Secret(text.clone())).is_some(), good, "{text}");
        }
    }

    #[test]
    fn ids_fit_a_header_and_stay_apart() {
        assert_eq!(id("msg_1-a"), "msg_1-a");
        let odd = ["", "a.b", "año/1", "a\r\nb", &"x".repeat(65)].map(id);
        assert!(odd.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())), "{odd:?}");
        assert_eq!(odd.iter().collect::<std::collections::BTreeSet<_>>().len(), odd.len());
    }
}
