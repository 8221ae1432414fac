//! HTTP for the notifiers: one POST with deadlines, guarded addresses and a bounded answer.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Response, Url, redirect, retry};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::timeout;

use super::fault::Fault;
use super::guard::{Guard, Refused};
use super::{Context, Outcome, Settings};
use crate::bilingual::Both;
use crate::dates;
use crate::limits;

/// One request.
pub struct Request {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Further headers, safe to show to whoever gets the body.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Request {
    /// A JSON body and nothing else.
    pub fn json(body: &serde_json::Value) -> Request {
        Request { content_type: "application/json", headers: Vec::new(), body: body.to_string() }
    }
}

/// Posts to one address.
pub struct Client {
    http: reqwest::Client,
    guard: Guard,
    url: Url,
    /// Of the configuration; for the configured origin only.
    own: HeaderMap,
    secrets: Vec<String>,
    context: Context,
}

impl Client {
    /// Posts to `url` as `settings` say.
    ///
    /// # Errors
    /// An address or a header is no such thing, or no root certificates are found.
    pub fn new(url: &str, settings: &Settings, context: &Context) -> Result<Client, Both> {
        let guard = Guard::new(&settings.allow);
        let tls = tls(&settings.ca)?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(guard.clone()))
            .no_proxy()
            .redirect(redirect::Policy::none())
            // Whether to try again is decided above, and a connection that was kept may be dead.
            .retry(retry::never())
            .pool_max_idle_per_host(0)
            .connect_timeout(context.timing.connect)
            .timeout(context.timing.total)
            .user_agent(concat!("escucha/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| told(&innermost(&error)))?;
        let own = headers(settings)?;
        let url = address(url)?;
        Ok(Client { http, guard, url, own, secrets: settings.secrets_shown(), context: context.clone() })
    }

    /// One attempt.
    pub async fn post(&self, request: Request) -> Outcome {
        let total = self.context.timing.total;
        let done = timeout(total, self.follow(&request)).await.unwrap_or(Err(Fault::Silent(total)));
        done.map_or_else(|fault| fault.outcome(self.context.lang), |()| Outcome::Delivered)
    }

    /// Posts, and posts again to where a 307 or 308 points.
    async fn follow(&self, request: &Request) -> Result<(), Fault> {
        let mut url = self.url.clone();
        for _ in 0..=limits::NOTIFY_REDIRECTS {
            let response = self.once(&url, request).await?;
            let status = response.status();
            if status.is_success() {
                return Ok(());
            }
            if !status.is_redirection() {
                return Err(self.refusal(response).await);
            }
            url = match status.as_u16() {
                307 | 308 => next(&url, &response).ok_or(Fault::Redirect(status.as_u16()))?,
                other => return Err(Fault::Redirect(other)),
            };
        }
        Err(Fault::Redirect(308))
    }

    async fn once(&self, url: &Url, request: &Request) -> Result<Response, Fault> {
        // Addresses written as such never meet the resolver.
        self.guard.check_literal(url.host_str().unwrap_or_default()).map_err(|no| Fault::Refused(no.0))?;
        let mut post = self.http.post(url.clone()).header(CONTENT_TYPE, request.content_type).body(Bytes::from(request.body.clone()));
        for (name, value) in &request.headers {
            post = post.header(*name, value);
        }
        if url.origin() == self.url.origin() {
            post = post.headers(self.own.clone());
        }
        post.send().await.map_err(|error| self.fault(&error))
    }

    /// What went wrong before there was an answer. Errors hold the address, which may be a secret:
    /// only their innermost cause is told.
    fn fault(&self, error: &reqwest::Error) -> Fault {
        if let Some(refused) = causes(error).find_map(refused) {
            return Fault::Refused(refused.0);
        }
        if error.is_timeout() {
            let timing = &self.context.timing;
            return Fault::Silent(if error.is_connect() { timing.connect } else { timing.total });
        }
        Fault::Connection(self.clean(&innermost(error)))
    }

    /// An answer that does not say yes, with the beginning of its body.
    async fn refusal(&self, mut response: Response) -> Fault {
        let code = response.status().as_u16();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| self.after(value));
        let mut body = Vec::new();
        // A body that drips or never ends does not change the status.
        let read = async {
            while let Ok(Some(chunk)) = response.chunk().await {
                body.extend_from_slice(&chunk[..chunk.len().min(limits::NOTIFY_ANSWER_BYTES - body.len())]);
                if body.len() >= limits::NOTIFY_ANSWER_BYTES {
                    break;
                }
            }
        };
        let _ = timeout(self.context.timing.body, read).await;
        Fault::Status { code, after, said: self.clean(&String::from_utf8_lossy(&body)) }
    }

    /// `Retry-After`: seconds or a date, at most `limits::NOTIFY_AFTER`.
    fn after(&self, value: &HeaderValue) -> Option<Duration> {
        let text = value.to_str().ok()?.trim();
        let seconds = match text.parse::<u64>() {
            Ok(seconds) => seconds,
            Err(_) if text.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                // Rounded up, so that it is never too early.
                let micros = dates::parse(text)?.since(self.context.clock.now()).max(0);
                Duration::from_micros(micros as u64).as_secs_f64().ceil() as u64
            }
            Err(_) => return None,
        };
        Some(Duration::from_secs(seconds).min(Duration::from_micros(limits::NOTIFY_AFTER as u64)))
    }

    fn clean(&self, text: &str) -> String {
        clean(text, &self.secrets)
    }
}

/// `text` on one line, without `secrets`, cut to what a person reads.
pub fn clean(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret.as_str(), "***");
    }
    let line: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    line.join(" ").chars().take(limits::NOTIFY_SAID_CHARS).collect()
}

/// An address that can be posted to: `http` or `https`, a host, no user name or password, which would
/// end up in logs of everything on the way.
pub fn address(url: &str) -> Result<Url, Both> {
    let bad = || {
        Both::new(
            "«url» debe ser una dirección http:// o https:// sin usuario ni contraseña",
            "“url” must be an http:// or https:// address without user or password",
        )
    };
    let url = Url::parse(url.trim()).map_err(|_| bad())?;
    if is_plain(&url) { Ok(url) } else { Err(bad()) }
}

fn is_plain(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && url.password().is_none()
}

/// The headers of the configuration.
pub fn headers(settings: &Settings) -> Result<HeaderMap, Both> {
    let mut all = HeaderMap::new();
    for (name, value) in &settings.headers {
        let parsed = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(&value.0).ok());
        let reserved = ["host", "content-length", "content-type", "transfer-encoding", "connection"];
        let reserved = |n: &HeaderName| reserved.contains(&n.as_str()) || n.as_str().starts_with("webhook-");
        let Some((name, mut value)) = parsed.filter(|(name, _)| !reserved(name)) else {
            return Err(Both::new(
                format!("la cabecera «{name}» de `headers` no se puede enviar"),
                format!("the header “{name}” of `headers` cannot be sent"),
            ));
        };
        value.set_sensitive(true);
        all.insert(name, value);
    }
    Ok(all)
}

/// Where a redirect leads, unless it gives up encryption or carries credentials. The guard judges the
/// new address like the first.
fn next(from: &Url, response: &Response) -> Option<Url> {
    let to = from.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
    let weaker = from.scheme() == "https" && to.scheme() != "https";
    (is_plain(&to) && !weaker).then_some(to)
}

/// The certificates in `pem`.
pub fn authorities(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Both> {
    let bad = || Both::new("«ca» no es un archivo PEM de certificados", "“ca” is no PEM file of certificates");
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| bad())?;
    if all.is_empty() && !pem.is_empty() { Err(bad()) } else { Ok(all) }
}

/// Trusts what the machine trusts, and `ca`. The one place that names the provider of notifiers.
fn tls(ca: &[u8]) -> Result<rustls::ClientConfig, Both> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(authorities(ca)?, provider.clone());
    let verifier = verifier.map_err(|error| told(&error.to_string()))?;
    let versions = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| told(&error.to_string()))?;
    Ok(versions.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

fn told(error: &str) -> Both {
    Both::new(format!("no se puede preparar TLS: {error}"), format!("TLS cannot be set up: {error}"))
}

fn causes<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn StdError + 'static)| (*error).source())
}

/// The guard's word within `error`, which an I/O error may wrap without naming it as its source.
pub fn refused(error: &(dyn StdError + 'static)) -> Option<Refused> {
    let wrapped = || error.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref::<Refused>();
    error.downcast_ref::<Refused>().or_else(wrapped).copied()
}

/// The innermost cause in its own words.
pub fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_secret_and_is_one_short_line() {
        let secrets = ["s3cr3t".to_owned(), String::new()];
        assert_eq!(clean("bad\r\n  token s3cr3t\u{7}!", &secrets), "bad token *** !");
        assert_eq!(clean(&"ñ".repeat(5000), &secrets).chars().count(), limits::NOTIFY_SAID_CHARS);
    }

    #[test]
    fn addresses_have_neither_credentials_nor_other_schemes() {
        for good in ["https://example.com/hook?x=1", " http://10.0.0.1:9093 "] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "ftp://example.com",
            "https://user@example.com",
            "https://:pass@example.com",
            "https://",
            "file:///etc/passwd",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
