//! Slack: an incoming webhook, Block Kit.
//!
//! Limits of the reference: 150 characters of a header, 3000 of a section, ten fields of 2000
//! characters, 50 blocks.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::client::{self, Client, Request};
use super::text::Words;
use super::{Built, Context, Message, Notifier, Outcome, Settings, Spec};
use crate::alert::{Severity, Status};
use crate::bilingual::Both;

pub static SPEC: Spec = Spec { name: "slack", keys: &["url", "allow", "ca"], check, build };

const HEADER: usize = 150;
const SECTION: usize = 3000;
const FIELD: usize = 2000;
const FIELDS: usize = 10;

fn check(settings: &Settings) -> Vec<Both> {
    if settings.url.0.is_empty() {
        return vec![Both::new("falta `url`: la del webhook entrante de Slack", "`url` is missing: that of Slack's incoming webhook")];
    }
    client::address(&settings.url.0).err().into_iter().chain(client::authorities(&settings.ca).err()).collect()
}

fn build(settings: &Settings, context: &Context) -> Built {
    Ok(Box::new(Slack(Client::new(&settings.url.0, settings, context)?)))
}

struct Slack(Client);

impl Notifier for Slack {
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(self.0.post(Request::json(&body(message))))
    }
}

/// The message: `text` is what notifications and screen readers show.
fn body(message: &Message<'_>) -> Value {
    let words = Words::of(message);
    let sign = match (message.alert.status, message.alert.severity) {
        (Status::Resolved, _) => "✅",
        (Status::Firing, Severity::Critical) => "🔴",
        (Status::Firing, Severity::Warning) => "🟠",
        (Status::Firing, Severity::Info) => "🔵",
    };
    let headline = format!("{sign} {}", words.headline);
    let mut blocks = vec![json!({"type": "header", "text": {"type": "plain_text", "text": escaped(&headline, HEADER), "emoji": true}})];
    if !words.reasons.is_empty() {
        blocks.push(section(&escaped(&words.reasons.join("\n"), SECTION)));
    }
    let field = |(name, value): &(&str, String)| {
        let name = format!("*{name}*\n");
        mrkdwn(&format!("{name}{}", escaped(value, FIELD - name.chars().count())))
    };
    let fields: Vec<Value> = words.facts.iter().take(FIELDS).map(field).collect();
    blocks.push(json!({"type": "section", "fields": fields}));
    for quote in &words.posts {
        let who = match quote.url.as_str() {
            "" => format!("*{}*", escaped(&quote.who, FIELD)),
            url if url.len() <= FIELD / 5 => format!("<{}|{}>", escaped(url, FIELD), escaped(&quote.who, FIELD)),
            _ => escaped(&quote.who, FIELD),
        };
        blocks.push(section(&format!("{who}\n&gt; {}", escaped(&quote.text, FIELD))));
    }
    json!({"text": escaped(&headline, SECTION), "blocks": blocks})
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

/// Verbatim: names and addresses in it stay text, nobody is called by it.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// `text` with Slack's three characters escaped, `most` characters at most after that; an ellipsis
/// stands for what is missing.
fn escaped(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    // Where to cut if the rest does not fit.
    let mut kept = 0;
    for c in text.chars() {
        let mut bytes = [0; 4];
        let piece: &str = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => c.encode_utf8(&mut bytes),
        };
        used += piece.chars().count();
        if used > most {
            out.truncate(kept);
            out.push('…');
            return out;
        }
        out.push_str(piece);
        if used < most {
            kept = out.len();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::text;
    use super::*;
    use crate::bilingual::Lang;
    use crate::time::Timestamp;

    #[test]
    fn escaped_text_is_cut_between_characters() {
        for (text, most, want) in [
            ("a<b>&c", 100, "a&lt;b&gt;&amp;c"),
            ("a<b", 6, "a&lt;b"),
            ("a<bc", 6, "a&lt;…"),
            ("a<bc", 5, "a…"),
            ("ñandú", 5, "ñandú"),
            ("ñandúes", 5, "ñand…"),
        ] {
            let got = escaped(text, most);
            assert_eq!(got, want, "{text} {most}");
            assert!(got.chars().count() <= most);
        }
    }

    #[test]
    fn the_longest_alert_keeps_to_the_limits() {
        let mut alert = text::example(Timestamp::from_seconds(1_783_159_500));
        alert.topic = "<&>".repeat(33);
        alert.rule = "&".repeat(5000);
        alert.networks = (0..500).map(|i| (format!("<red {i}>"), i)).collect();
        alert.reasons = vec![alert.reasons[0].clone(); 100];
        let posts = crate::post::PostBuf::new(&crate::post::Post { text: &"<!channel> ".repeat(500), ..Default::default() });
        alert.top_posts = vec![posts; 3];
        for lang in [Lang::Es, Lang::En] {
            let body = body(&Message { alert: &alert, seq: 1, key: "k", lang, test: true });
            let text = body.to_string();
            assert!(!text.contains("<!") && text.contains("&lt;!channel&gt;"), "{text}");
            let blocks = body["blocks"].as_array().expect("blocks");
            let length = |value: &Value| value.as_str().map_or(0, |s| s.chars().count());
            assert!(blocks.len() <= 50);
            for block in blocks {
                let most = if block["type"] == "header" { HEADER } else { SECTION };
                assert!(length(&block["text"]["text"]) <= most, "{block}");
                let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
                assert!(fields.len() <= FIELDS && fields.iter().all(|f| length(&f["text"]) <= FIELD), "{block}");
            }
        }
    }
}
