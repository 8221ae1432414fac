//! Lines of synthetic posts, whose texts are made once and whose ids and times are written as they
//! are sent.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use escucha::decode::{self, Decoded, Format, Mapping};
use escucha::synth::{self, Shape};

/// The word of the posts whose way is timed.
pub const MARK: &str = "cronometrada";
/// One post in as many carries it, if nothing else is said.
pub const MARK_EVERY: u64 = 500;
/// Different texts.
const TEXTS: usize = 20_000;

/// Texts as JSON strings, and the queries that find some of them.
pub struct Frames {
    texts: Vec<String>,
    pub queries: Vec<String>,
    /// One post in as many carries the mark.
    pub mark_every: u64,
}

impl Frames {
    pub fn new(seed: u64, phrases: usize, rules: usize) -> Frames {
        let mut work = synth::workload(seed, TEXTS, phrases, rules, Shape::Jetstream);
        let mut decoder = Format { name: "jetstream", mapping: Mapping::default() }.decoder();
        let mut decoded = Decoded::default();
        decode::lines(decoder.as_mut(), &mut work.ndjson, &mut decoded);
        let texts = decoded.posts.iter().map(|p| serde_json::to_string(p.text).unwrap_or_default()).collect();
        Frames { texts, queries: work.queries(), mark_every: MARK_EVERY }
    }

    fn text(&self, n: u64) -> &str {
        &self.texts[n as usize % self.texts.len()]
    }

    /// A post in the native form.
    pub fn native(&self, source: &str, n: u64, micros: u64, out: &mut Vec<u8>) {
        let (text, mark) = (self.text(n), self.mark(n));
        // Writing to a vector cannot fail.
        let _ = writeln!(
            out,
            r#"{{"id":"{source}-{n}","network":"x","created_at":{micros},"text":"{mark}{},"lang":"es","author":{{"id":"{}","handle":"u{}","followers":{}}}}}"#,
            text.get(1..).unwrap_or("\""),
            n % 5003,
            n % 5003,
            n % 900
        );
    }

    /// A Bluesky post as Jetstream sends it.
    pub fn jetstream(&self, n: u64, micros: u64) -> String {
        let at = jiff::Timestamp::from_microsecond(micros as i64).unwrap_or_default();
        format!(
            r#"{{"did":"did:plc:lt{}","time_us":{micros},"kind":"commit","commit":{{"rev":"r{n}","operation":"create","collection":"app.bsky.feed.post","rkey":"k{n}","record":{{"$type":"app.bsky.feed.post","createdAt":"{at}","langs":["es"],"text":"{}{}}},"cid":"c"}}}}"#,
            n % 5003,
            self.mark(n),
            self.text(n).get(1..).unwrap_or("\"")
        )
    }

    fn mark(&self, n: u64) -> &'static str {
        if n.is_multiple_of(self.mark_every) { "cronometrada " } else { "" }
    }
}

/// Microseconds since 1970.
pub fn micros_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as u64)
}
