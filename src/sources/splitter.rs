//! A stream of bytes, cut into buffers of whole lines.

use memchr::{memchr, memrchr};

use crate::limits;

/// Cuts what is read at line breaks. Holds one unfinished line at most; of a line longer than
/// `limits::FRAME_BYTES` it passes on the first `FRAME_BYTES + 1` bytes, which the lane refuses and
/// counts as one line too long, and drops the rest as it comes.
#[derive(Debug)]
pub struct Splitter {
    /// `..filled` is data, the rest is room to read into.
    buffer: Vec<u8>,
    filled: usize,
    /// The first bytes of the data, known to have no line break.
    clean: usize,
    /// Bytes of one read, and of one buffer handed out.
    chunk: usize,
    /// Within the dropped rest of a line that was too long.
    skipping: bool,
}

impl Splitter {
    /// Reads `chunk` bytes at a time (at most `limits::BUFFER_BYTES`).
    pub fn new(chunk: usize) -> Splitter {
        let chunk = chunk.clamp(1, limits::BUFFER_BYTES);
        Splitter { buffer: Vec::new(), filled: 0, clean: 0, chunk, skipping: false }
    }

    /// Where to read the next bytes; never empty once [`Splitter::next`] has given all it has.
    pub fn spare(&mut self) -> &mut [u8] {
        let end = if self.filled < self.chunk { self.chunk } else { self.filled + self.chunk };
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        self.buffer.get_mut(self.filled..end).unwrap_or_default()
    }

    /// `bytes` were read into the spare room.
    pub fn filled(&mut self, bytes: usize) {
        self.filled = self.buffer.len().min(self.filled + bytes);
    }

    /// Bytes of the unfinished line.
    pub fn pending(&self) -> usize {
        self.filled
    }

    /// The next whole lines, line breaks included: at most a chunk, or one line alone.
    pub fn next(&mut self) -> Option<Vec<u8>> {
        self.skip();
        let first = self.chunk.min(self.filled);
        if let Some(last) = memrchr(b'\n', self.data(self.clean, first)) {
            return Some(self.cut(self.clean + last + 1));
        }
        self.clean = self.clean.max(first);
        if let Some(end) = memchr(b'\n', self.data(self.clean, self.filled)) {
            return Some(self.cut(self.clean + end + 1));
        }
        self.clean = self.filled;
        if self.filled <= limits::FRAME_BYTES {
            return None;
        }
        let mut line = self.data(0, limits::FRAME_BYTES + 1).to_vec();
        line.push(b'\n');
        self.forget(self.filled);
        self.skipping = true;
        Some(line)
    }

    /// What is left, which no line break ended; afterwards the splitter is as new.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        self.skip();
        let rest = (self.filled > 0).then(|| self.data(0, self.filled).to_vec());
        *self = Splitter::new(self.chunk);
        rest
    }

    /// Drops the rest of a line that was too long, as far as it has come.
    fn skip(&mut self) {
        if self.skipping {
            let end = memchr(b'\n', self.data(0, self.filled));
            self.skipping = end.is_none();
            self.forget(end.map_or(self.filled, |end| end + 1));
        }
    }

    fn data(&self, from: usize, to: usize) -> &[u8] {
        self.buffer.get(from..to).unwrap_or_default()
    }

    /// Takes `..at` out of the data.
    fn cut(&mut self, at: usize) -> Vec<u8> {
        if at < self.buffer.len() / 2 {
            let lines = self.data(0, at).to_vec();
            self.forget(at);
            return lines;
        }
        // A full buffer changes hands; only what is left of it is copied.
        let mut rest = vec![0; self.chunk.max(self.filled - at)];
        let left = self.data(at, self.filled);
        if let Some(room) = rest.get_mut(..left.len()) {
            room.copy_from_slice(left);
        }
        self.filled -= at;
        self.clean = 0;
        let mut lines = std::mem::replace(&mut self.buffer, rest);
        lines.truncate(at);
        lines
    }

    /// Drops `..at` of the data.
    fn forget(&mut self, at: usize) {
        self.buffer.copy_within(at..self.filled, 0);
        self.filled -= at;
        self.clean = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds `input` in reads of the given sizes and joins what comes out.
    fn split(input: &[u8], chunk: usize, reads: &[usize]) -> Vec<Vec<u8>> {
        let (mut splitter, mut out, mut at) = (Splitter::new(chunk), Vec::new(), 0);
        for size in reads.iter().copied().cycle() {
            if at == input.len() {
                break;
            }
            let spare = splitter.spare();
            let n = size.min(spare.len()).min(input.len() - at);
            spare[..n].copy_from_slice(&input[at..at + n]);
            splitter.filled(n);
            at += n;
            while let Some(lines) = splitter.next() {
                assert_eq!(lines.last(), Some(&b'\n'));
                let one_line = lines.iter().filter(|b| **b == b'\n').count() == 1;
                assert!(lines.len() <= chunk || one_line, "{} bytes of many lines", lines.len());
                out.push(lines);
            }
            assert!(splitter.pending() <= limits::FRAME_BYTES);
        }
        out.extend(splitter.finish());
        out
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_doubled(
            lines in prop::collection::vec(prop::collection::vec(b' '..=b'~', 0..90), 0..60),
            reads in prop::collection::vec(1usize..70, 1..20),
            chunk in 1usize..64,
            ends in any::<bool>(),
        ) {
            let mut input = lines.join(&b'\n');
            if ends {
                input.push(b'\n');
            }
            prop_assert_eq!(split(&input, chunk, &reads).concat(), input);
        }
    }

    #[test]
    fn an_overlong_line_is_one_line_too_long_and_the_next_is_whole() {
        let long = vec![b'x'; 3 * limits::FRAME_BYTES];
        let input = [b"{\"a\":1}\n", long.as_slice(), b"\n{\"b\":2}\n", long.as_slice()].concat();
        for reads in [[4096], [limits::BUFFER_BYTES]] {
            let out = split(&input, limits::BUFFER_BYTES, &reads).concat();
            let lines: Vec<&[u8]> = out.split(|b| *b == b'\n').collect();
            let lengths: Vec<usize> = lines.iter().map(|l| l.len()).collect();
            assert_eq!(lengths, [7, limits::FRAME_BYTES + 1, 7, limits::FRAME_BYTES + 1, 0]);
        }
    }

    #[test]
    fn a_line_of_the_longest_length_stays_whole() {
        let input = [vec![b'x'; limits::FRAME_BYTES], b"\n".to_vec()].concat();
        assert_eq!(split(&input, limits::BUFFER_BYTES, &[1000]).concat(), input);
    }
}
