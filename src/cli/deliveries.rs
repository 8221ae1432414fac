//! `escucha deliveries`: what a running engine could not tell yet, and telling it again.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::bilingual::{Both, Lang};

use super::Failure;

/// The engine answers within this.
const PATIENCE: Duration = Duration::from_secs(10);
/// An answer is shorter than this.
const ANSWER_BYTES: u64 = 16 << 20;

/// `deliveries [--status S] [--replay ID]`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the engine.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    url: String,
    /// Token with the role viewer, or admin to send again.
    #[arg(long, value_name = "TOKEN", env = "ESCUCHA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Only these.
    #[arg(long, value_name = "STATUS", value_parser = ["dead", "waiting"])]
    status: Option<String>,
    /// Sends this one again.
    #[arg(long, value_name = "ID", conflicts_with = "status")]
    replay: Option<u64>,
}

/// Shows the deliveries, or sends one again.
pub fn run(args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let (method, path) = match (&args.replay, &args.status) {
        (Some(id), _) => ("POST", format!("/v1/deliveries/{id}/replay")),
        (None, Some(status)) => ("GET", format!("/v1/deliveries?status={status}")),
        (None, None) => ("GET", "/v1/deliveries".to_owned()),
    };
    let (status, body) = ask(&args.url, args.token.as_deref(), method, &path, lang)?;
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    if !(200..300).contains(&status) {
        let detail = body.get("detail").and_then(Value::as_str).unwrap_or_default();
        return Err(Failure::Work(Both::new(format!("{status}: {detail}"), format!("{status}: {detail}"))));
    }
    if let Some(id) = args.replay {
        writeln!(out, "{} {id}", lang.pick("se envía otra vez:", "sent again:"))?;
    }
    for line in lines(&body, lang) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// One line for each notifier, then one for each delivery.
fn lines(body: &Value, lang: Lang) -> Vec<String> {
    let list = |key: &str| body.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |v: &Value, key: &str| match v.get(key) {
        Some(Value::String(s)) => s.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let notifier = |n: &Value| {
        let disabled = text(n, "disabled");
        let stands = if disabled.is_empty() { String::new() } else { format!(", {} {disabled}", lang.pick("desactivado:", "disabled:")) };
        format!("{}: {} {}{stands}", text(n, "name"), text(n, "waiting"), lang.pick("en espera", "waiting"))
    };
    let delivery = |d: &Value| {
        let status = match text(d, "status").as_str() {
            "dead" => lang.pick("NO ENTREGADA", "DEAD"),
            _ => lang.pick("EN ESPERA", "WAITING"),
        };
        let tries = lang.pick("intentos", "tries");
        format!(
            "{} {status} {} {} {}, {} {tries}: {}",
            text(d, "id"),
            text(d, "notifier"),
            text(d, "cause"),
            text(d, "alert"),
            text(d, "tries"),
            text(d, "error")
        )
    };
    list("notifiers").iter().map(notifier).chain(list("deliveries").iter().map(delivery)).collect()
}

/// One request on a connection of its own: status and body.
pub fn ask(url: &str, token: Option<&str>, method: &str, path: &str, lang: Lang) -> Result<(u16, Vec<u8>), Failure> {
    ask_with(url, token, method, path, b"", lang)
}

/// The same with a body.
pub fn ask_with(url: &str, token: Option<&str>, method: &str, path: &str, body: &[u8], lang: Lang) -> Result<(u16, Vec<u8>), Failure> {
    ask_page(url, token, method, path, body, lang).map(|(status, body, _)| (status, body))
}

/// The same, and where the next page is, if there is one.
pub fn ask_page(url: &str, token: Option<&str>, method: &str, path: &str, body: &[u8], lang: Lang) -> Result<Page, Failure> {
    let bad = || Failure::Usage(Both::new(format!("«{url}» no es una dirección http://"), format!("“{url}” is no http:// address")));
    let host = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/')).ok_or_else(bad)?;
    if host.is_empty() || host.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control()) {
        return Err(bad());
    }
    let address = if host.rsplit(']').next().is_some_and(|end| end.contains(':')) { host.to_owned() } else { format!("{host}:80") };
    let token = token.unwrap_or_default();
    if token.contains(char::is_control) {
        return Err(Failure::Usage(Both::new("el token tiene signos que no puede tener", "the token has characters it cannot have")));
    }
    let bearer = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    let language = lang.pick("es", "en");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\naccept-language: {language}\r\ncontent-length: {}\r\ncontent-type: application/json\r\n{bearer}\r\n",
        body.len()
    );
    let failed = |e: std::io::Error| Both::new(format!("{url} no responde: {e}"), format!("{url} does not answer: {e}"));
    let exchange = || {
        let mut socket = TcpStream::connect(&address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.write_all(request.as_bytes())?;
        socket.write_all(body)?;
        let mut answer = Vec::new();
        socket.take(ANSWER_BYTES).read_to_end(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().map_err(failed)?;
    parsed(&answer).ok_or_else(|| failed(std::io::Error::from(ErrorKind::InvalidData)).into())
}

/// Status, body, and the path behind `rel="next"`.
type Page = (u16, Vec<u8>, Option<String>);

/// An answer that ends with its connection. One that is shorter than it says is none.
fn parsed(answer: &[u8]) -> Option<Page> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let header =
        |name: &str| head.lines().filter_map(|l| l.split_once(':')).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim());
    let body = answer.get(end + 4..)?;
    if header("content-length").and_then(|n| n.parse().ok()).is_some_and(|n: usize| n != body.len()) {
        return None;
    }
    let next = header("link").and_then(|link| link.strip_prefix('<')?.strip_suffix(">; rel=\"next\""));
    Some((status, body.to_vec(), next.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn deliveries_are_told_in_both_languages() {
        let body = json!({
            "notifiers": [{"name": "guardia", "waiting": 2, "oldest_seconds": 1.5, "disabled": "410"}],
            "deliveries": [{"id": "7", "notifier": "guardia", "alert": "a/b\u{1b}[2J", "cause": "fired", "status": "dead", "tries": 3, "error": "400"}],
        });
        assert_eq!(
            lines(&body, Lang::Es),
            ["guardia: 2 en espera, desactivado: 410", "7 NO ENTREGADA guardia fired a/b [2J, 3 intentos: 400"]
        );
        assert_eq!(lines(&body, Lang::En), ["guardia: 2 waiting, disabled: 410", "7 DEAD guardia fired a/b [2J, 3 tries: 400"]);
    }

    #[test]
    fn what_is_no_address_is_bad_usage() {
        for url in ["https://a", "http://", "http://a/b", "a:80", "http://a\r\nx: y"] {
            let args = Args { url: url.to_owned(), token: None, status: None, replay: None };
            assert!(matches!(run(&args, Lang::En, &mut Vec::new()), Err(Failure::Usage(_))), "{url}");
        }
        assert!(parsed(b"HTTP/1.1 200 OK\r\n\r\nx").is_some_and(|(s, b, n)| s == 200 && b == b"x" && n.is_none()));
        let linked = parsed(b"HTTP/1.1 200 OK\r\nLink: </v1/report?a=b&after=7>; rel=\"next\"\r\nContent-Length: 1\r\n\r\nx");
        assert!(linked.is_some_and(|(_, _, n)| n.as_deref() == Some("/v1/report?a=b&after=7")));
        for bad in [&b""[..], b"HTTP/1.1 200", b"x\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nx"] {
            assert!(parsed(bad).is_none());
        }
    }
}
