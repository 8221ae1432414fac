//! Alerts as bytes, with all they show.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::{Coded, Error, Reader, read_text, text};
use crate::alert::{Acknowledged, Alert, Gist, Part, Reason, Severity, Share, Similar, Status};
use crate::anomaly::{Finding, Kernel};
use crate::bilingual::Both;
use crate::score::{Addend, Score};
use crate::time::Timestamp;
use crate::topic::{SourceId, TopicId};
use crate::window::{Tallied, Window};

/// Names of closed sets that are read at most, and bytes of such a name.
const NAMES: usize = 1024;
const NAME: usize = 64;

/// A name of a closed set, which lives as long as the process: each is kept once, however often it is read.
/// Which there are is the matter of whoever wrote them; there are few, and no more are believed.
fn name(name: &str) -> Result<&'static str, Error> {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = known.get(name) {
        return Ok(kept);
    }
    if name.len() > NAME || known.len() >= NAMES {
        return Err(Error::Field("name"));
    }
    let kept: &'static str = String::from(name).leak();
    known.insert(kept);
    Ok(kept)
}

impl Coded for &'static str {
    fn encode(&self, out: &mut Vec<u8>) {
        text(self, out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<&'static str, Error> {
        read_text(from).and_then(name)
    }
}

impl Coded for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Timestamp, Error> {
        i64::decode(from).map(Timestamp)
    }
}

impl Coded for TopicId {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<TopicId, Error> {
        u32::decode(from).map(TopicId)
    }
}

impl Coded for SourceId {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<SourceId, Error> {
        u16::decode(from).map(|number| from.source(number))
    }
}

impl Coded for Score {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Score, Error> {
        i16::decode(from).map(Score)
    }
}

/// A figure that is only shown: whatever it is, it reads back as it was.
struct Shown(f64);

impl Coded for Shown {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.to_bits().encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Shown, Error> {
        u64::decode(from).map(|bits| Shown(f64::from_bits(bits)))
    }
}

coded_cases!(Severity: Severity::Info, Severity::Warning, Severity::Critical);
coded_cases!(Status: Status::Firing, Status::Resolved);
coded_cases!(Kernel: Kernel::Hour, Kernel::Bucket, Kernel::Minutes);
coded_cases!(Window: Window::M1, Window::M5, Window::M15, Window::H1, Window::H24);

coded!(Both { es, en });
coded!(Addend { code, weight });
coded!(Tallied { mentions, reposts, authors });
coded!(Gist { terms, languages, negative });

impl Coded for Part {
    fn encode(&self, out: &mut Vec<u8>) {
        let Part { topic, status, observed, expected, standing } = self;
        topic.encode(out);
        (*status, *observed, *standing).encode(out);
        Shown(*expected).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Part, Error> {
        let topic = Coded::decode(from)?;
        let (status, observed, standing) = Coded::decode(from)?;
        Ok(Part { topic, status, observed, expected: Shown::decode(from)?.0, standing })
    }
}

impl Coded for Similar {
    fn encode(&self, out: &mut Vec<u8>) {
        let Similar { id, started_at, duration, peak, terms } = self;
        id.encode(out);
        (*started_at, *duration).encode(out);
        terms.encode(out);
        Shown(*peak).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Similar, Error> {
        let id = Coded::decode(from)?;
        let (started_at, duration) = Coded::decode(from)?;
        Ok(Similar { id, started_at, duration, terms: Coded::decode(from)?, peak: Shown::decode(from)?.0 })
    }
}

impl Coded for Share {
    fn encode(&self, out: &mut Vec<u8>) {
        [self.value, self.range.0, self.range.1].into_iter().for_each(|figure| Shown(figure).encode(out));
    }

    fn decode(from: &mut Reader<'_>) -> Result<Share, Error> {
        let mut figure = || Shown::decode(from).map(|shown| shown.0);
        Ok(Share { value: figure()?, range: (figure()?, figure()?) })
    }
}

coded!(Acknowledged { by, at, note });

impl Coded for Reason {
    fn encode(&self, out: &mut Vec<u8>) {
        let Reason { code, text, value } = self;
        code.encode(out);
        text.encode(out);
        Shown(*value).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Reason, Error> {
        Ok(Reason { code: Coded::decode(from)?, text: Coded::decode(from)?, value: Shown::decode(from)?.0 })
    }
}

impl Coded for Finding {
    fn encode(&self, out: &mut Vec<u8>) {
        let Finding { kernel, observed, expected, range, surprise, bar, rank, peaks, quiet, learning, ready, fires, again } = self;
        kernel.encode(out);
        [*observed, *expected, range.0, range.1, *surprise, *bar].into_iter().for_each(|figure| Shown(figure).encode(out));
        [*rank, *peaks, *quiet].encode(out);
        [*learning, *ready, *fires, *again].encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Finding, Error> {
        let kernel = Kernel::decode(from)?;
        let mut figures = [0.0; 6];
        for figure in &mut figures {
            *figure = Shown::decode(from)?.0;
        }
        let [observed, expected, low, high, surprise, bar] = figures;
        let [rank, peaks, quiet] = Coded::decode(from)?;
        let [learning, ready, fires, again] = Coded::decode(from)?;
        Ok(Finding { kernel, observed, expected, range: (low, high), surprise, bar, rank, peaks, quiet, learning, ready, fires, again })
    }
}

coded!(Alert {
    id,
    rule,
    on,
    status,
    severity,
    topic,
    source,
    brand,
    started_at,
    updated_at,
    resolved_at,
    observed,
    clusters,
    threshold,
    finding,
    standing,
    topics,
    priority,
    delayed,
    reasons,
    first_post,
    top_posts,
    networks,
    gist,
    similar,
    acknowledged,
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::{Level, Standing};
    use crate::codec::{opened, sealed};
    use crate::personal::Kinds;
    use crate::post::{Author, Count, Counts, Kind, Lines, Media, Post, PostBuf, Reference, STRINGS};
    use crate::prng::Prng;

    /// Now and then a value that nobody expects.
    fn figure(prng: &mut Prng) -> f64 {
        *prng.pick(&[0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NAN, -7.25])
    }

    fn text(prng: &mut Prng) -> String {
        let parts = ["", "ñandú", "a", "\u{1f4a5}", "línea", "\0", "\u{202e}x"];
        (0..prng.index(4)).map(|_| *prng.pick(&parts)).collect()
    }

    fn some<T>(prng: &mut Prng, one: impl Fn(&mut Prng) -> T) -> Vec<T> {
        (0..prng.index(4)).map(|_| one(prng)).collect()
    }

    fn maybe<T>(prng: &mut Prng, one: impl Fn(&mut Prng) -> T) -> Option<T> {
        prng.chance(0.5).then(|| one(prng))
    }

    fn time(prng: &mut Prng) -> Timestamp {
        *prng.pick(&[Timestamp::MIN, Timestamp(0), Timestamp(1_790_000_000_000_001), Timestamp(i64::MAX)])
    }

    fn post(prng: &mut Prng) -> PostBuf {
        let t: [String; STRINGS] = std::array::from_fn(|_| text(prng));
        let count = |prng: &mut Prng| maybe(prng, |p| Count::of(p.below(9))).unwrap_or_default();
        let author = Author {
            id: &t[0],
            handle: &t[1],
            name: &t[2],
            followers: count(prng),
            listed: count(prng),
            verified: true,
            ..Author::default()
        };
        let counts = Counts { likes: count(prng), views: count(prng), ..Counts::default() };
        PostBuf::new(&Post {
            kind: *prng.pick(&[Kind::Create, Kind::Update, Kind::Delete]),
            at: time(prng),
            network: &t[3],
            id: &t[4],
            text: &t[5],
            author,
            in_reply_to: Reference { id: &t[6], author: &t[7], author_id: &t[8] },
            links: Lines(&t[9]),
            media: Media(prng.below(16) as u8),
            source_app: &t[10],
            counts,
            sensitive: prng.chance(0.5),
            masked: Kinds(prng.below(256) as u8),
            ..Post::default()
        })
    }

    fn standing(prng: &mut Prng) -> Standing {
        Standing { level: *prng.pick(&Level::ALL), recovering: prng.chance(0.5) }
    }

    fn status(prng: &mut Prng) -> Status {
        *prng.pick(&[Status::Firing, Status::Resolved])
    }

    fn finding(prng: &mut Prng) -> Finding {
        Finding {
            kernel: *prng.pick(&[Kernel::Hour, Kernel::Bucket, Kernel::Minutes]),
            observed: figure(prng),
            expected: figure(prng),
            range: (figure(prng), figure(prng)),
            surprise: figure(prng),
            bar: figure(prng),
            rank: prng.below(9) as u32,
            peaks: prng.below(9) as u32,
            quiet: u32::MAX,
            learning: prng.chance(0.5),
            ready: prng.chance(0.5),
            fires: prng.chance(0.5),
            again: prng.chance(0.5),
        }
    }

    fn alert(prng: &mut Prng) -> Alert {
        Alert {
            id: text(prng),
            rule: text(prng),
            on: prng.pick::<&str>(&["priority", "volume", "spike"]),
            status: status(prng),
            severity: *prng.pick(&Severity::ALL),
            topic: text(prng),
            source: text(prng),
            brand: text(prng),
            started_at: time(prng),
            updated_at: time(prng),
            resolved_at: maybe(prng, time),
            observed: Tallied { mentions: prng.below(9), reposts: prng.below(9), authors: u64::MAX },
            clusters: maybe(prng, |p| p.below(9)),
            threshold: prng.below(9),
            finding: maybe(prng, finding),
            standing: maybe(prng, standing),
            topics: some(prng, |p| Part {
                topic: text(p),
                status: status(p),
                observed: p.below(9),
                expected: figure(p),
                standing: maybe(p, standing),
            }),
            priority: maybe(prng, |p| Score(p.below(2000) as i16 - 1000)),
            delayed: prng.chance(0.5),
            reasons: some(prng, |p| Reason { code: p.pick::<&str>(&["volume", "z"]), text: Both::new(text(p), text(p)), value: figure(p) }),
            first_post: maybe(prng, post),
            top_posts: some(prng, post),
            networks: some(prng, |p| (text(p), p.below(9))),
            gist: Gist {
                terms: some(prng, text),
                languages: some(prng, |p| (text(p), p.below(9))),
                negative: maybe(prng, |p| Share { value: figure(p), range: (figure(p), figure(p)) }),
            },
            similar: some(prng, |p| Similar {
                id: text(p),
                started_at: time(p),
                duration: p.below(9) as i64,
                peak: figure(p),
                terms: some(p, text),
            }),
            acknowledged: maybe(prng, |p| Acknowledged { by: text(p), at: time(p), note: text(p) }),
        }
    }

    #[test]
    fn an_alert_reads_back_to_the_last_bit_or_not_at_all() {
        let mut prng = Prng::new(5);
        for _ in 0..500 {
            let alert = alert(&mut prng);
            let bytes = sealed(*b"test", 1, &alert);
            let again: Alert = opened(*b"test", 1, &bytes).expect("what was written");
            // Numbers that are none are equal to nothing, but print the same.
            assert_eq!(format!("{again:?}"), format!("{alert:?}"));
            assert_eq!(sealed(*b"test", 1, &again), bytes);
            // Bytes that are cut or lie are refused, even where the checksum is right.
            let cut = prng.index(bytes.len());
            assert!(opened::<Alert>(*b"test", 1, &bytes[..cut]).is_err());
            let mut torn = Vec::new();
            alert.encode(&mut torn);
            torn.truncate(prng.index(torn.len()));
            let mut lies = Vec::new();
            crate::codec::seal(*b"test", 1, &mut lies, |out| out.extend_from_slice(&torn));
            assert!(opened::<Alert>(*b"test", 1, &lies).is_err());
        }
    }

    #[test]
    fn names_are_bounded() {
        let (one, two) = (name("volume").expect("short"), name("volume").expect("short"));
        assert!(std::ptr::eq(one, two), "a name is kept once");
        assert_eq!(name(&"x".repeat(NAME + 1)), Err(Error::Field("name")));
    }
}
