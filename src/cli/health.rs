//! `escucha health`: whether a running engine answers, for containers and scripts that have no other way to ask.

use std::io::Write;

use serde_json::Value;

use super::{Failure, deliveries};
use crate::bilingual::{Both, Lang};

/// `health [--ready]`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the engine.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    url: String,
    /// Whether every component works, too.
    #[arg(long)]
    ready: bool,
}

/// Says that all is well, or fails and says what is not.
pub fn run(args: &Args, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let path = if args.ready { "/readyz" } else { "/healthz" };
    let (status, body) = deliveries::ask(&args.url, None, "GET", path, lang)?;
    if status != 200 {
        let why = wrong(&body).unwrap_or_else(|| format!("HTTP {status}"));
        return Err(Failure::Work(Both::new(format!("no está bien: {why}"), format!("not well: {why}"))));
    }
    writeln!(out, "{}", lang.pick("bien", "well"))?;
    Ok(())
}

/// The components that do not work, and why, in the words of the API.
fn wrong(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let wrong = body.get("components")?.as_object()?.iter().filter_map(|(name, why)| Some(format!("{name}: {}", why.as_str()?)));
    let wrong: Vec<String> = wrong.map(|line| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()).collect();
    (!wrong.is_empty()).then(|| wrong.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_work_is_told() {
        let body = br#"{"ready":false,"components":{"engine":null,"source a":"not connected","store":"full\n"}}"#;
        assert_eq!(wrong(body).as_deref(), Some("source a: not connected; store: full "));
        assert_eq!(wrong(b"ok\n"), None);
    }

    #[test]
    fn nobody_there_is_a_failure() {
        // Taken and given back: nobody listens.
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map(|a| a.port()).unwrap_or(1);
        let (code, out, err) =
            super::super::tests::call_with(&["escucha", "--lang", "en", "health", "--url", &format!("http://127.0.0.1:{port}")]);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(err.contains("does not answer"), "{err}");
    }
}
