//! Recorded lines in the order of their posts' own times.

use std::io::{self, BufRead};

use crate::decode::{Decoded, Decoder};
use crate::sources;
use crate::time::Timestamp;

/// One recorded line and the event time at which it is replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The earliest post of the line; a line without a time of its own (a notice, a bare delete)
    /// goes with the line before it.
    pub at: Timestamp,
    /// The line with its break.
    pub bytes: Vec<u8>,
}

/// Reads lines one by one and finds their times.
pub struct Lines<R> {
    input: R,
    decoder: Box<dyn Decoder>,
    decoded: Decoded,
    scratch: Vec<u8>,
    last: Timestamp,
}

impl<R: BufRead> Lines<R> {
    /// Lines of `input`, read with `decoder`.
    pub fn new(input: R, decoder: Box<dyn Decoder>) -> Lines<R> {
        Lines { input, decoder, decoded: Decoded::default(), scratch: Vec::new(), last: Timestamp::MIN }
    }

    /// The next line; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        if !sources::read_line(&mut self.input, &mut bytes)? {
            return Ok(None);
        }
        self.decoded.clear();
        self.scratch.clear();
        self.scratch.extend_from_slice(&bytes);
        crate::decode::lines(self.decoder.as_mut(), &mut self.scratch, &mut self.decoded);
        if let Some(at) = self.decoded.posts.iter().map(|p| p.at).filter(|at| *at != Timestamp::MIN).min() {
            self.last = at;
        }
        if bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        Ok(Some(Line { at: self.last, bytes }))
    }
}

/// All lines of several inputs by time; lines of one time keep the order of the inputs and within
/// each. What comes before the first post of an input goes with that post.
pub fn sorted<R: BufRead>(inputs: Vec<Lines<R>>, mut progress: impl FnMut(u64)) -> io::Result<Vec<Line>> {
    let mut all = Vec::new();
    for mut input in inputs {
        let first = all.len();
        while let Some(line) = input.next()? {
            progress(line.bytes.len() as u64);
            all.push(line);
        }
        let start = all[first..].iter().map(|l| l.at).find(|at| *at != Timestamp::MIN);
        for line in all[first..].iter_mut().take_while(|l| l.at == Timestamp::MIN) {
            line.at = start.unwrap_or_default();
        }
    }
    all.sort_by_key(|l: &Line| l.at);
    Ok(all)
}
