//! What was learnt of a topic, as bytes that outlive the process.

use super::super::series::Series;
use super::{OPEN, Unusual};
use crate::codec::{self, Coded, Error, Reader};
use crate::limits::BUCKET_MENTIONS;

/// Kind of the state, and the version that is written: to be raised whenever a field comes, goes or means
/// another thing, with a reader for the versions before.
const KIND: [u8; 4] = *b"escT";
const VERSION: u16 = 1;

impl Unusual {
    /// Appends what was learnt of the topic; see `codec` for how it is laid out.
    pub fn encode(&self, out: &mut Vec<u8>) {
        codec::seal(KIND, VERSION, out, |out| Coded::encode(self, out));
    }

    /// Reads what `encode` wrote. Which watches ask, and in which zone and calendar, is the configuration's:
    /// until it is adopted anew, the topic lives in universal time.
    ///
    /// # Errors
    /// If the bytes are foreign, not whole, damaged or of a newer version.
    pub fn decode(bytes: &[u8]) -> Result<Unusual, Error> {
        let (mut reader, _) = codec::open(KIND, VERSION, bytes)?;
        let read = Coded::decode(&mut reader)?;
        reader.end()?;
        Ok(read)
    }
}

impl Coded for Unusual {
    /// What was learnt and what is open; the watches are the judge's, and which minutes are to be looked at is
    /// the tally's.
    fn encode(&self, out: &mut Vec<u8>) {
        self.series.encode(out);
        (self.from, (self.next, self.watched)).encode(out);
        self.negative.encode(out);
        self.crowd.encode(out);
        self.crisis.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Unusual, Error> {
        let mut read = Unusual::new(Series::decode(from)?, Vec::new(), i64::MIN);
        (read.from, (read.next, read.watched)) = Coded::decode(from)?;
        read.negative = Coded::decode(from)?;
        read.crowd = Coded::decode(from)?;
        read.crisis = Coded::decode(from)?;
        let few = read.negative.len() <= OPEN && read.negative.values().all(|n| *n as f64 <= BUCKET_MENTIONS);
        if few { Ok(read) } else { Err(Error::Field("Unusual")) }
    }
}

#[cfg(test)]
mod tests;
