//! `escucha tap`: live matched posts and alerts of a running engine in the terminal.

use std::io::Write;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::RETRY_AFTER;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::alert::Severity;
use crate::bilingual::{Both, Lang};
use crate::prng::Prng;

use super::Failure;

/// How often it asks to join.
const TRIES: u32 = 10;
/// Seconds that it waits at most from one time to the next.
const LONGEST_WAIT: u64 = 60;

/// `tap [FILTERS]`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the engine.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub url: String,
    /// Token with the role viewer.
    #[arg(long, value_name = "TOKEN", env = "ESCUCHA_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// What to show.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', default_value = "alerts,mentions", value_parser = ["alerts", "mentions", "windows", "incidents", "status"])]
    pub channels: Vec<String>,
    /// Only these topics.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub topics: Vec<String>,
    /// Only alerts at least this bad.
    #[arg(long, value_name = "SEVERITY", value_parser = clap::builder::PossibleValuesParser::new(Severity::ALL.map(Severity::as_str)))]
    pub min_severity: Option<String>,
    /// Only posts of at least this priority.
    #[arg(long, value_name = "0-100", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub min_priority: Option<u8>,
    /// The objects of the stream as they come.
    #[arg(long)]
    pub json: bool,
}

/// Shows what a running engine finds until one of the two ends.
pub fn run(args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(follow(args, lang, out))
}

async fn follow(args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let mut stream = connect(args).await?;
    while let Some(message) = stream.next().await {
        match message {
            Ok(Message::Text(text)) if args.json => writeln!(out, "{}", text.as_str())?,
            Ok(Message::Text(text)) => {
                if let Some(line) = serde_json::from_str(&text).ok().and_then(|frame| line(&frame, lang)) {
                    writeln!(out, "{line}")?;
                }
            }
            Ok(Message::Close(_)) => break,
            Ok(_) => continue,
            Err(error) => return Err(unreachable(&args.url, &error)),
        }
        out.flush()?;
    }
    Err(Failure::Work(Both::new("el motor cerró el flujo", "the engine closed the stream")))
}

/// Opens the stream; comes back later if it is told to.
async fn connect(args: &Args) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, Failure> {
    let mut prng = Prng::new(getrandom::u64().unwrap_or_default());
    let mut tries = 1;
    loop {
        let error = match connect_async(request(args)?).await {
            Ok((stream, _)) => return Ok(stream),
            Err(error) => error,
        };
        let Some(seconds) = retry_after(&error).filter(|_| tries < TRIES) else {
            return Err(unreachable(&args.url, &error));
        };
        tokio::time::sleep(Duration::from_secs(seconds) + Duration::from_secs(1).mul_f64(prng.unit())).await;
        tries += 1;
    }
}

/// The seconds after which the engine, to which too many have come at once, wants to be asked again.
fn retry_after(error: &Error) -> Option<u64> {
    let Error::Http(answer) = error else { return None };
    let after = answer.headers().get(RETRY_AFTER).filter(|_| answer.status() == StatusCode::SERVICE_UNAVAILABLE)?;
    after.to_str().ok()?.parse().ok().filter(|seconds| *seconds <= LONGEST_WAIT)
}

/// The WebSocket request for the filters asked for.
fn request(args: &Args) -> Result<Request, Failure> {
    let base = args.url.trim_end_matches('/').replacen("http", "ws", 1);
    let mut url = format!("{base}/v1/stream?channels={}", args.channels.join(","));
    if !args.topics.is_empty() {
        url.push_str("&topics=");
        url.push_str(&args.topics.iter().map(|t| percent(t)).collect::<Vec<_>>().join(","));
    }
    if let Some(severity) = &args.min_severity {
        url.push_str(&format!("&min_severity={severity}"));
    }
    if let Some(priority) = args.min_priority {
        url.push_str(&format!("&min_priority={priority}"));
    }
    let bad = |_| Failure::Usage(Both::new(format!("«{}» no es una dirección", args.url), format!("“{}” is no address", args.url)));
    let mut request = url.into_client_request().map_err(bad)?;
    let protocols = args.token.as_ref().map_or("escucha.v1".to_owned(), |token| format!("escucha.v1, bearer.{token}"));
    let value = HeaderValue::from_str(&protocols)
        .map_err(|_| Failure::Usage(Both::new("el token tiene signos que no puede tener", "the token has characters it cannot have")))?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", value);
    Ok(request)
}

fn percent(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn unreachable(url: &str, error: &Error) -> Failure {
    Failure::Work(Both::new(format!("no se puede seguir {url}: {error}"), format!("cannot follow {url}: {error}")))
}

/// One line for people; `None` for frames that tell them nothing.
fn line(frame: &Value, lang: Lang) -> Option<String> {
    let text = |pointer: &str| frame.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let line = match text("/type") {
        "alert" => {
            let status = match text("/status") {
                "resolved" => lang.pick("RESUELTA", "RESOLVED"),
                _ => lang.pick("ALERTA", "ALERT"),
            };
            let why = text(lang.pick("/reasons/0/text/es", "/reasons/0/text/en"));
            // A share is a brand's, of whatever topics.
            let about = Some(text("/topic"))
                .filter(|t| !t.is_empty())
                .or_else(|| Some(text("/source")).filter(|t| !t.is_empty()))
                .unwrap_or_else(|| text("/brand"));
            let taken = match text("/acknowledged/by") {
                "" => String::new(),
                by => format!(" ({} {by})", lang.pick("la atiende", "taken on by")),
            };
            format!("{status} {} {} {about}: {why}{taken}", text("/severity"), text("/rule"))
        }
        "mention" => {
            let priority = frame.pointer("/priority").and_then(Value::as_f64).unwrap_or_default();
            let topics = frame.pointer("/topics").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let topics: Vec<&str> = topics.iter().filter_map(|t| t.pointer("/topic").and_then(Value::as_str)).collect();
            let who = [text("/post/author/handle"), text("/post/author/id")].into_iter().find(|w| !w.is_empty()).unwrap_or("?");
            format!("{priority:>5.1} {} @{who} [{}] {}", text("/post/created_at"), topics.join(", "), text("/post/text"))
        }
        "incident" => {
            let state = text("/incident/state");
            let who = format!("{} {}", text("/incident/brand"), text("/incident/handle"));
            format!("{} {} v{} {} {who} {}", text("/at"), text("/id"), frame["version"], text("/why"), state).trim_end().to_owned()
        }
        "windows" | "status" | "gap" => frame.to_string(),
        _ => return None,
    };
    Some(printable(&line))
}

/// Without what could move a terminal's cursor or change its colours: a post is only ever text.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_post_cannot_speak_to_the_terminal() {
        let frame = json!({"type": "mention", "priority": 7.5, "topics": [{"topic": "app"}],
            "post": {"created_at": "2026-07-04T10:00:00Z", "author": {"handle": "ana"}, "text": "hola\u{1b}[2J\nadiós\u{9b}"}});
        assert_eq!(line(&frame, Lang::Es).expect("a line"), "  7.5 2026-07-04T10:00:00Z @ana [app] hola [2J adiós ");
    }

    #[test]
    fn only_who_is_told_to_come_back_does() {
        let told = |status, after: Option<&'static str>| {
            let mut answer = tokio_tungstenite::tungstenite::http::Response::new(None);
            *answer.status_mut() = status;
            answer.headers_mut().extend(after.map(|after| (RETRY_AFTER, HeaderValue::from_static(after))));
            retry_after(&Error::Http(Box::new(answer)))
        };
        assert_eq!(told(StatusCode::SERVICE_UNAVAILABLE, Some("7")), Some(7));
        for (status, after) in [
            (StatusCode::SERVICE_UNAVAILABLE, None),
            (StatusCode::SERVICE_UNAVAILABLE, Some("-1")),
            (StatusCode::SERVICE_UNAVAILABLE, Some("86400")),
            (StatusCode::UNAUTHORIZED, Some("7")),
        ] {
            assert_eq!(told(status, after), None, "{status} {after:?}");
        }
        assert_eq!(retry_after(&Error::ConnectionClosed), None);
    }

    #[test]
    fn alerts_are_told_in_both_languages() {
        let frame = json!({"type": "alert", "status": "firing", "severity": "critical", "rule": "r", "topic": "t",
            "reasons": [{"text": {"es": "porque sí", "en": "because"}}]});
        assert_eq!(line(&frame, Lang::Es).expect("a line"), "ALERTA critical r t: porque sí");
        assert_eq!(line(&frame, Lang::En).expect("a line"), "ALERT critical r t: because");
        let mut frame = frame;
        frame["acknowledged"] = json!({"by": "ana"});
        assert_eq!(line(&frame, Lang::Es).expect("a line"), "ALERTA critical r t: porque sí (la atiende ana)");
        assert_eq!(line(&json!({"type": "hello"}), Lang::En), None);
    }
}
