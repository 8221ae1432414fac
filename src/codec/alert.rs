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
