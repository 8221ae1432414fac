//! Which Jetstream is spoken to, in which version, and how it is asked.

use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};

use crate::bilingual::Both;
use crate::limits;
use crate::sources::{Cursor, Error, Timing};

/// The XRPC method of version 2.
const SUBSCRIBE_EVENTS: &str = "network.bsky.jetstream.subscribeEvents";
/// Collections that one subscription may name, in both versions.
const COLLECTIONS: usize = 100;

/// Versions of the protocol. They order events differently, so their cursors differ too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `/subscribe`: the cursor is `time_us`.
    V1,
    /// `network.bsky.jetstream.subscribeEvents`: the cursor is `seq`.
    V2,
}

impl Version {
    /// `position` as a cursor of this version.
    pub fn cursor(self, position: u64) -> Cursor {
        match self {
            Version::V1 => Cursor::JetstreamTime(position),
            Version::V2 => Cursor::JetstreamSeq(position),
        }
    }

    /// The position of `cursor`, if it is one of this version.
    pub fn position(self, cursor: Cursor) -> Option<u64> {
        match (self, cursor) {
            (Version::V1, Cursor::JetstreamTime(position)) | (Version::V2, Cursor::JetstreamSeq(position)) => Some(position),
            _ => None,
        }
    }

    /// `position`, moved back by the overlap that two connections shall have.
    pub fn rewind(self, position: u64, timing: &Timing) -> u64 {
        position.saturating_sub(match self {
            Version::V1 => u64::try_from(timing.rewind.as_micros()).unwrap_or(u64::MAX),
            Version::V2 => timing.rewind_seqs,
        })
    }
}

/// A WebSocket address with what is wanted from it.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: String,
    /// The version spoken there.
    pub version: Version,
    /// Whether it is reached over TLS.
    pub tls: bool,
}

impl Endpoint {
    /// From the configured address and collections; or everything that is wrong with them.
    pub fn new(address: &str, collections: &[String]) -> Result<Endpoint, Vec<Both>> {
        let mut problems = Vec::new();
        let uri = address.parse::<Uri>().ok().filter(|uri| matches!(uri.scheme_str(), Some("ws" | "wss")) && uri.host().is_some());
        if uri.is_none() {
            problems.push(Both::new(
                format!("`endpoint` debe ser una dirección ws:// o wss://, y es «{address}»"),
                format!("`endpoint` must be a ws:// or wss:// address, and it is \"{address}\""),
            ));
        }
        if collections.len() > COLLECTIONS {
            problems.push(Both::new(
                format!("`collections` admite {COLLECTIONS} nombres como máximo, y hay {}", collections.len()),
                format!("`collections` takes {COLLECTIONS} names at most, and there are {}", collections.len()),
            ));
        }
        for name in collections.iter().filter(|name| !is_collection(name)) {
            problems.push(Both::new(
                format!("`collections`: «{name}» no es una colección como app.bsky.feed.post o app.bsky.feed.*"),
                format!("`collections`: \"{name}\" is no collection such as app.bsky.feed.post or app.bsky.feed.*"),
            ));
        }
        let Some(uri) = uri.filter(|_| problems.is_empty()) else { return Err(problems) };
        let version = if uri.path().contains(SUBSCRIBE_EVENTS) { Version::V2 } else { Version::V1 };
        let mut endpoint = Endpoint { url: address.to_owned(), version, tls: uri.scheme_str() == Some("wss") };
        for name in collections {
            endpoint.ask(if version == Version::V1 { "wantedCollections" } else { "collections" }, name);
        }
        // The server then skips what the engine would refuse.
        endpoint.ask("maxMessageSizeBytes", &limits::FRAME_BYTES.to_string());
        Ok(endpoint)
    }

    /// The opening request: from `cursor` on if there is one, compressed with dictionary number
    /// `dictionary` if there is one.
    pub fn request(&self, cursor: Option<u64>, dictionary: Option<u32>) -> Result<Request, Error> {
        let mut asked = self.clone();
        match (self.version, dictionary) {
            (_, None) => {}
            (Version::V1, Some(_)) => asked.ask("compress", "true"),
            (Version::V2, Some(id)) => asked.ask("zstdDictionary", &id.to_string()),
        }
        if let Some(cursor) = cursor {
            asked.ask("cursor", &cursor.to_string());
        }
        let mut request = asked.url.into_client_request().map_err(|error| Error::Settings(error.to_string()))?;
        let headers = request.headers_mut();
        headers.insert("user-agent", HeaderValue::from_static(concat!("escucha/", env!("CARGO_PKG_VERSION"))));
        if self.version == Version::V2 {
            headers.insert("sec-websocket-protocol", HeaderValue::from_static("xrpc.v1.json"));
        }
        Ok(request)
    }

    /// Adds a parameter; neither part needs escaping.
    fn ask(&mut self, key: &str, value: &str) {
        let joint = if self.url.contains('?') { '&' } else { '?' };
        self.url.push(joint);
        self.url.push_str(key);
        self.url.push('=');
        self.url.push_str(value);
    }
}

fn is_collection(name: &str) -> bool {
    let plain = name.strip_suffix(".*").unwrap_or(name);
    plain.contains('.') && plain.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(address: &str, cursor: Option<u64>, dictionary: Option<u32>) -> String {
        let endpoint = Endpoint::new(address, &["app.bsky.feed.post".to_owned(), "app.bsky.graph.*".to_owned()]).expect(address);
        endpoint.request(cursor, dictionary).expect("a request").uri().to_string()
    }

    #[test]
    fn each_version_is_asked_in_its_own_words() {
        assert_eq!(
            url("wss://a.example/subscribe", Some(7), Some(9)),
            "wss://a.example/subscribe?wantedCollections=app.bsky.feed.post&wantedCollections=app.bsky.graph.*&maxMessageSizeBytes=1048576&compress=true&cursor=7"
        );
        assert_eq!(
            url("ws://b.example:80/xrpc/network.bsky.jetstream.subscribeEvents?kinds=commit", None, Some(9)),
            "ws://b.example:80/xrpc/network.bsky.jetstream.subscribeEvents?kinds=commit&collections=app.bsky.feed.post&collections=app.bsky.graph.*&maxMessageSizeBytes=1048576&zstdDictionary=9"
        );
    }

    #[test]
    fn every_mistake_is_told() {
        let names: Vec<String> = ["post", "app.bsky.feed.post&cursor=1", ""].map(str::to_owned).to_vec();
        assert_eq!(Endpoint::new("https://a.example", &names).expect_err("four mistakes").len(), 4);
        for address in ["", "ws://", "a.example", "ws:///subscribe"] {
            assert!(Endpoint::new(address, &[]).is_err(), "{address}");
        }
    }

    #[test]
    fn cursors_are_not_exchanged() {
        assert_eq!(Version::V1.position(Version::V1.cursor(5)), Some(5));
        assert_eq!(Version::V1.position(Version::V2.cursor(5)), None);
        assert_eq!(Version::V2.position(Version::V1.cursor(5)), None);
    }
}
