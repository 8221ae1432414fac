//! The judge's alerts and what they hang on, as bytes. Rules are the configuration's: until it is adopted,
//! watches know no more of theirs than what tells them apart.

use std::sync::Arc;

use super::sources::SourceWatch;
use super::{Firing, Judge, Watch, share, sla};
use crate::alert::Severity;
use crate::codec::{Coded, Error, Reader};
use crate::topic::{On, Rule};

coded!(Firing { alert, end, told, told_at });

/// Of `share` and `unanswered` there is no watch on a topic.
impl Coded for On {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            On::Priority { at } => (0u8, *at).encode(out),
            On::Volume { window, at } => (1u8, *window, *at).encode(out),
            On::Unusual(settings) => (2u8, *settings).encode(out),
            On::Share(_) | On::Unanswered(_) => 3u8.encode(out),
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<On, Error> {
        match u8::decode(from)? {
            0 => Ok(On::Priority { at: Coded::decode(from)? }),
            1 => Ok(On::Volume { window: Coded::decode(from)?, at: Coded::decode(from)? }),
            2 => Ok(On::Unusual(Coded::decode(from)?)),
            _ => Err(Error::Field("on")),
        }
    }
}

impl Coded for Watch {
    fn encode(&self, out: &mut Vec<u8>) {
        let Watch { rule, topic, topic_name, brand, firing, done } = self;
        (rule.name.clone(), rule.on).encode(out);
        topic.encode(out);
        (topic_name.clone(), brand.clone()).encode(out);
        (*firing, *done).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Watch, Error> {
        let (name, on) = Coded::decode(from)?;
        let rule = Arc::new(Rule { name, on, topics: Vec::new(), severity: Severity::Info, resolve_after: 0 });
        let topic = Coded::decode(from)?;
        let (topic_name, brand) = Coded::decode(from)?;
        let (firing, done) = Coded::decode(from)?;
        Ok(Watch { rule, topic, topic_name, brand, firing, done })
    }
}

impl Judge {
    /// Appends all alerts and watches.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.watches.encode(out);
        self.sources.iter().map(SourceWatch::held).collect::<Vec<_>>().encode(out);
        self.shares.iter().map(share::Watch::held).collect::<Vec<_>>().encode(out);
        self.sla.iter().map(sla::Watch::held).collect::<Vec<_>>().encode(out);
        self.alerts.encode(out);
        self.crises.going(&self.alerts).encode(out);
    }

    /// Goes on with what was written, once the configuration is adopted.
    ///
    /// # Errors
    /// If the bytes are none.
    pub fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        self.watches = Coded::decode(from)?;
        self.sources = Vec::decode(from)?.into_iter().map(SourceWatch::of).collect();
        self.shares = Vec::decode(from)?.into_iter().map(share::Watch::of).collect();
        self.sla = Vec::decode(from)?.into_iter().map(sla::Watch::of).collect();
        self.alerts.restore(from)?;
        self.crises = Coded::decode(from)?;
        Ok(())
    }
}
