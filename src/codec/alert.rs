//! Alerts, and the posts they show.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::{Coded, Error, Reader};
use crate::alert::{Acknowledged, Alert, Gist, Part, Reason, Severity, Share, Similar, Status};
use crate::anomaly::{Finding, Kernel};
use crate::bilingual::Both;
use crate::post::{Count, Counts, Kind, Media, Numbers, Post, PostBuf, STRINGS};
use crate::score::Score;
use crate::time::Timestamp;
use crate::window::Tallied;

/// Different words of a closed set that are ever read.
const WORDS: usize = 1024;
/// Bytes of such a word.
const WORD: usize = 64;

/// A word of a closed set, which lives as long as the process. Which words there are is the matter of
/// whoever wrote them; there are few, and no more are believed.
fn word(from: &mut Reader<'_>) -> Result<&'static str, Error> {
    static WORDS_READ: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let text = String::decode(from)?;
    let mut read = WORDS_READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = read.get(text.as_str()) {
        return Ok(known);
    }
    if text.len() > WORD || read.len() >= WORDS {
        return Err(Error::Field("word"));
    }
    let text: &'static str = Box::leak(text.into_boxed_str());
    read.insert(text);
    Ok(text)
}

/// A figure that is shown, whatever it is: as its bits.
struct Figure(f64);

impl Coded for Figure {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.to_bits().encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Figure, Error> {
        u64::decode(from).map(|bits| Figure(f64::from_bits(bits)))
    }
}

fn figure(from: &mut Reader<'_>) -> Result<f64, Error> {
    Figure::decode(from).map(|f| f.0)
}

/// One byte for each value, by its place in a list of all.
macro_rules! listed {
    ($($name:ident: $all:expr),* $(,)?) => {$(
        impl Coded for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                $all.iter().position(|one| one == self).map_or(u8::MAX, |at| at as u8).encode(out);
            }

            fn decode(from: &mut Reader<'_>) -> Result<$name, Error> {
                $all.get(usize::from(u8::decode(from)?)).copied().ok_or(Error::Field(stringify!($name)))
            }
        }
    )*};
}

listed! {
    Severity: Severity::ALL,
    Status: [Status::Firing, Status::Resolved],
    Kernel: [Kernel::Hour, Kernel::Bucket, Kernel::Minutes],
    Kind: [Kind::Create, Kind::Update, Kind::Delete],
}

impl Coded for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Timestamp, Error> {
        i64::decode(from).map(Timestamp)
    }
}

impl Coded for Score {
    fn encode(&self, out: &mut Vec<u8>) {
        i64::from(self.0).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Score, Error> {
        i16::try_from(i64::decode(from)?).map(Score).map_err(|_| Error::Field("score"))
    }
}

impl Coded for Count {
    fn encode(&self, out: &mut Vec<u8>) {
        self.get().encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Count, Error> {
        Ok(Option::<u32>::decode(from)?.map_or(Count::UNKNOWN, |n| Count::of(u64::from(n))))
    }
}

impl Coded for Media {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Media, Error> {
        u8::decode(from).map(Media)
    }
}

impl Coded for PostBuf {
    fn encode(&self, out: &mut Vec<u8>) {
        let post = self.get();
        post.numbers().encode(out);
        for text in post.strings() {
            (text.len() as u32).encode(out);
            out.extend_from_slice(text.as_bytes());
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<PostBuf, Error> {
        let numbers = Numbers::decode(from)?;
        let mut texts = [""; STRINGS];
        for text in &mut texts {
            let length = u32::decode(from)? as usize;
            *text = std::str::from_utf8(from.bytes(length)?).map_err(|_| Error::Field("text"))?;
        }
        Ok(PostBuf::new(&Post::from_parts(texts, &numbers)))
    }
}

impl Coded for Reason {
    fn encode(&self, out: &mut Vec<u8>) {
        let Reason { code, text, value } = self;
        (*code).to_owned().encode(out);
        text.encode(out);
        Figure(*value).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Reason, Error> {
        Ok(Reason { code: word(from)?, text: Coded::decode(from)?, value: figure(from)? })
    }
}

impl Coded for Share {
    fn encode(&self, out: &mut Vec<u8>) {
        let Share { value, range: (low, high) } = self;
        [value, low, high].into_iter().for_each(|f| Figure(*f).encode(out));
    }

    fn decode(from: &mut Reader<'_>) -> Result<Share, Error> {
        Ok(Share { value: figure(from)?, range: (figure(from)?, figure(from)?) })
    }
}

impl Coded for Part {
    fn encode(&self, out: &mut Vec<u8>) {
        let Part { topic, status, observed, expected, standing } = self;
        topic.encode(out);
        status.encode(out);
        observed.encode(out);
        Figure(*expected).encode(out);
        standing.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Part, Error> {
        Ok(Part {
            topic: Coded::decode(from)?,
            status: Coded::decode(from)?,
            observed: Coded::decode(from)?,
            expected: figure(from)?,
            standing: Coded::decode(from)?,
        })
    }
}

impl Coded for Similar {
    fn encode(&self, out: &mut Vec<u8>) {
        let Similar { id, started_at, duration, peak, terms } = self;
        id.encode(out);
        started_at.encode(out);
        duration.encode(out);
        Figure(*peak).encode(out);
        terms.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Similar, Error> {
        Ok(Similar {
            id: Coded::decode(from)?,
            started_at: Coded::decode(from)?,
            duration: Coded::decode(from)?,
            peak: figure(from)?,
            terms: Coded::decode(from)?,
        })
    }
}

impl Coded for Finding {
    fn encode(&self, out: &mut Vec<u8>) {
        let Finding { kernel, observed, expected, range: (low, high), surprise, bar, rank, peaks, quiet, learning, ready, fires, again } =
            self;
        kernel.encode(out);
        [observed, expected, low, high, surprise, bar].into_iter().for_each(|f| Figure(*f).encode(out));
        [rank, peaks, quiet].into_iter().for_each(|n| n.encode(out));
        [learning, ready, fires, again].into_iter().for_each(|b| b.encode(out));
    }

    fn decode(from: &mut Reader<'_>) -> Result<Finding, Error> {
        Ok(Finding {
            kernel: Coded::decode(from)?,
            observed: figure(from)?,
            expected: figure(from)?,
            range: (figure(from)?, figure(from)?),
            surprise: figure(from)?,
            bar: figure(from)?,
            rank: Coded::decode(from)?,
            peaks: Coded::decode(from)?,
            quiet: Coded::decode(from)?,
            learning: Coded::decode(from)?,
            ready: Coded::decode(from)?,
            fires: Coded::decode(from)?,
            again: Coded::decode(from)?,
        })
    }
}

coded!(Both { es, en });
coded!(Counts { likes, replies, reposts, quotes, views });
coded!(Numbers { kind, at, author, verified, media, counts, sensitive });
coded!(Tallied { mentions, reposts, authors });
coded!(Gist { terms, languages, negative });
coded!(Acknowledged { by, at, note });

impl Coded for Alert {
    fn encode(&self, out: &mut Vec<u8>) {
        // All by name, so that a field that is added is not forgotten here.
        let Alert {
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
        } = self;
        [id, rule].into_iter().for_each(|name| name.encode(out));
        (*on).to_owned().encode(out);
        (*status, *severity).encode(out);
        [topic, source, brand].into_iter().for_each(|name| name.encode(out));
        (*started_at, *updated_at).encode(out);
        resolved_at.encode(out);
        observed.encode(out);
        (*clusters, *threshold).encode(out);
        (*finding, *standing).encode(out);
        topics.encode(out);
        (*priority, *delayed).encode(out);
        reasons.encode(out);
        first_post.encode(out);
        top_posts.encode(out);
        networks.encode(out);
        gist.encode(out);
        similar.encode(out);
        acknowledged.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Alert, Error> {
        let (id, rule) = Coded::decode(from)?;
        let on = word(from)?;
        let (status, severity) = Coded::decode(from)?;
        let (topic, source, brand) = (Coded::decode(from)?, Coded::decode(from)?, Coded::decode(from)?);
        let (started_at, updated_at) = Coded::decode(from)?;
        let (resolved_at, observed) = (Coded::decode(from)?, Coded::decode(from)?);
        let (clusters, threshold) = Coded::decode(from)?;
        let (finding, standing) = Coded::decode(from)?;
        let topics = Coded::decode(from)?;
        let (priority, delayed) = Coded::decode(from)?;
        Ok(Alert {
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
            reasons: Coded::decode(from)?,
            first_post: Coded::decode(from)?,
            top_posts: Coded::decode(from)?,
            networks: Coded::decode(from)?,
            gist: Coded::decode(from)?,
            similar: Coded::decode(from)?,
            acknowledged: Coded::decode(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::{Level, Standing};
    use crate::codec::{opened, sealed};
    use crate::post::{Author, Lines, Reference};
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
    fn words_are_bounded() {
        let read = |text: &str| {
            let mut bytes = Vec::new();
            text.to_owned().encode(&mut bytes);
            word(&mut Reader { rest: &bytes })
        };
        let (one, two) = (read("volume").expect("short"), read("volume").expect("short"));
        assert!(std::ptr::eq(one, two), "a word is kept once");
        assert_eq!(read(&"x".repeat(WORD + 1)), Err(Error::Field("word")));
    }
}
