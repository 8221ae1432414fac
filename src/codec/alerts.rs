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

/// Names of closed sets live as long as the process: each is kept once, however often it is read.
fn name(name: &str) -> &'static str {
    static KNOWN: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.get(name).copied().unwrap_or_else(|| {
        let kept: &'static str = String::from(name).leak();
        known.insert(kept);
        kept
    })
}

impl Coded for &'static str {
    fn encode(&self, out: &mut Vec<u8>) {
        text(self, out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<&'static str, Error> {
        read_text(from).map(name)
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
coded!(Part { topic, status, observed, expected, standing });
coded!(Similar { id, started_at, duration, peak, terms });
coded!(Share { value, range });
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
