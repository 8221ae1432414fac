//! Who may do what: tokens, roles, and where a browser's request may come from.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Access;

/// Name of the cookie that holds a token.
pub const COOKIE: &str = "escucha_token";
/// How long the cookie of a screen lasts, in seconds: as long as browsers keep any. The page renews it every
/// day, so that it does not end while somebody looks at the screen.
pub const DEVICE_SECONDS: u32 = 400 * 24 * 3600;
/// Prefix of the WebSocket sub-protocol that holds a token.
const BEARER_PROTOCOL: &str = "bearer.";
/// Random bytes of a new token.
const TOKEN_BYTES: usize = 32;

/// What the holder of a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Reads, and works on what was found.
    Agent,
    /// Sends posts and does nothing else.
    Ingest,
    /// Everything.
    Admin,
}

impl Role {
    /// All.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Agent, Role::Ingest, Role::Admin];

    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Agent => "agent",
            Role::Ingest => "ingest",
            Role::Admin => "admin",
        }
    }

    /// The role called `name`.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.as_str() == name)
    }
}

/// One `[[token]]`: the hash of a secret that only its holder knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for people.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// It belongs to a screen, which stays signed in until the token is taken away. A viewer's only.
    pub device: bool,
}

impl Token {
    /// Reads a hash as it stands in the configuration: 64 hexadecimal digits.
    pub fn parse_hash(hex: &str) -> Option<[u8; 32]> {
        let mut hash = [0; 32];
        if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, i) in hash.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(hex.get(i..i + 2)?, 16).ok()?;
        }
        Some(hash)
    }
}

/// The machine gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("no random bytes: {0}")]
pub struct NoEntropy(String);

fn random<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| NoEntropy(e.to_string()))?;
    Ok(bytes)
}

/// A new secret and the hash that goes into the configuration.
pub fn token_new() -> Result<(String, String), NoEntropy> {
    let secret = format!("esc_{}", URL_SAFE_NO_PAD.encode(random::<TOKEN_BYTES>()?));
    let hash = Sha256::digest(secret.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    Ok((secret, hash))
}

/// A seed for randomness that is no secret.
pub fn seed_new() -> Result<u64, NoEntropy> {
    Ok(u64::from_le_bytes(random()?))
}

/// A new name for a life of the engine.
pub fn epoch_new() -> Result<String, NoEntropy> {
    Ok(URL_SAFE_NO_PAD.encode(random::<9>()?))
}

/// The role of the holder of `secret`. Takes the same time whichever token it is, or none.
pub fn role_of(secret: &str, tokens: &[Token]) -> Option<Role> {
    Holder::of(secret).role(tokens)
}

/// Who sent a request: the hash of the secret it carries, if it carries one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Holder(Option<[u8; 32]>);

impl Holder {
    /// Who holds `secret`.
    pub fn of(secret: &str) -> Holder {
        Holder(Some(Sha256::digest(secret.as_bytes()).into()))
    }

    /// Who sent a request with `headers`.
    pub fn from_headers(headers: &HeaderMap) -> Holder {
        secret(headers).map(Holder::of).unwrap_or_default()
    }

    /// The role among `tokens`. Takes the same time whichever token it is, or none.
    pub fn role(&self, tokens: &[Token]) -> Option<Role> {
        self.token(tokens).map(|token| token.role)
    }

    /// The name that stands for who it is; without tokens it is whoever works at this machine.
    pub fn name<'t>(&self, tokens: &'t [Token]) -> &'t str {
        self.token(tokens).map_or("localhost", |token| &token.name)
    }

    /// Whether it is a screen that stays signed in.
    pub fn is_device(&self, tokens: &[Token]) -> bool {
        self.token(tokens).is_some_and(|token| token.device)
    }

    fn token<'t>(&self, tokens: &'t [Token]) -> Option<&'t Token> {
        let hash = self.0.as_ref()?;
        let mut found = None;
        for token in tokens {
            if bool::from(token.hash.ct_eq(hash)) {
                found = Some(token);
            }
        }
        found
    }

    /// Whether it may use what `access` is for; where there are no tokens everybody may.
    pub fn may(&self, access: Access, tokens: &[Token]) -> bool {
        tokens.is_empty() || access.allows(self.role(tokens))
    }
}

/// The secret a request carries: as a bearer token, as a WebSocket sub-protocol or as a cookie.
pub fn secret(headers: &HeaderMap) -> Option<&str> {
    let text = |name| headers.get(name).and_then(|v: &axum::http::HeaderValue| v.to_str().ok());
    if let Some(value) = text(header::AUTHORIZATION) {
        let (scheme, secret) = value.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim());
    }
    let protocols = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    if let Some(secret) = protocols.filter_map(|p| p.trim().strip_prefix(BEARER_PROTOCOL)).next() {
        return Some(secret);
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    cookies.filter_map(|c| c.trim().split_once('=')).find(|(name, _)| *name == COOKIE).map(|(_, secret)| secret)
}

/// Whether a request may come from where its `Origin` says: nowhere (no browser), the host it is
/// sent to, or a listed origin. Otherwise any page a person visits could use their browser to
/// reach the engine.
pub fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let same = matches!((authority, host), (Some(a), Some(h)) if a.eq_ignore_ascii_case(h));
    same || allowed.iter().any(|a| a.eq_ignore_ascii_case(origin))
}

/// Whether the request names this machine itself. Without tokens nothing else will do, or a foreign
/// name that suddenly resolves to the loopback address would pass for the same origin.
pub fn names_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|h| h.to_str().ok()) else { return true };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (axum::http::HeaderName::from_static(k), v.parse().expect("value"))).collect()
    }

    #[test]
    fn a_new_token_opens_with_its_hash_only() {
        let (secret, hash) = token_new().expect("random");
        let (other, _) = token_new().expect("random");
        let hash = Token::parse_hash(&hash).expect("hex");
        let tokens = [Token { name: "a".into(), role: Role::Agent, hash, device: false }];
        assert_eq!(role_of(&secret, &tokens), Some(Role::Agent));
        assert_eq!(role_of(&other, &tokens), None);
        assert_eq!(role_of("", &tokens), None);
        for bad in ["", "zz", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
            assert_eq!(Token::parse_hash(bad), None, "{bad}");
        }
    }

    #[test]
    fn secrets_are_found_where_they_may_be() {
        for (pairs, want) in [
            (&[("authorization", "Bearer abc")][..], Some("abc")),
            (&[("authorization", "bearer abc")], Some("abc")),
            (&[("authorization", "Basic abc"), ("cookie", "escucha_token=abc")], None),
            (&[("sec-websocket-protocol", "escucha.v1, bearer.abc")], Some("abc")),
            (&[("cookie", "a=b; escucha_token=abc")], Some("abc")),
            (&[("cookie", "xescucha_token=abc")], None),
            (&[], None),
        ] {
            assert_eq!(secret(&headers(pairs)), want, "{pairs:?}");
        }
    }

    #[test]
    fn origins() {
        let allowed = ["https://sala.example".to_owned()];
        for (origin, host, want) in [
            (None, "127.0.0.1:7070", true),
            (Some("http://127.0.0.1:7070"), "127.0.0.1:7070", true),
            (Some("http://LOCALHOST:7070"), "localhost:7070", true),
            (Some("http://127.0.0.1:7071"), "127.0.0.1:7070", false),
            (Some("https://evil.example"), "127.0.0.1:7070", false),
            (Some("https://127.0.0.1:7070.evil.example"), "127.0.0.1:7070", false),
            (Some("null"), "127.0.0.1:7070", false),
            (Some(""), "127.0.0.1:7070", false),
            (Some("https://sala.example"), "127.0.0.1:7070", true),
            (Some("https://sala.example.evil"), "127.0.0.1:7070", false),
        ] {
            let mut pairs = vec![("host", host)];
            pairs.extend(origin.map(|o| ("origin", o)));
            assert_eq!(origin_allowed(&headers(&pairs), &allowed), want, "{origin:?}");
        }
        for (host, want) in [
            ("localhost:7070", true),
            ("127.0.0.1", true),
            ("[::1]:7070", true),
            ("127.0.0.1.evil.example:7070", false),
            ("evil.example", false),
            ("10.0.0.1:80", false),
        ] {
            assert_eq!(names_loopback(&headers(&[("host", host)])), want, "{host}");
        }
    }
}
