//! The write-ahead log, looked at before SQLite reads it: at the first frame whose checksum is wrong SQLite
//! takes it for ended, and every commit behind would be gone without a word.
//!
//! Layout and checksum: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

/// Bytes of the header of the log and of each frame.
const HEADER: usize = 32;
const FRAME: usize = 24;

/// What the log is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// Every commit in it is whole.
    Whole,
    /// The last commit is not whole: cut off by a loss of power before it was acknowledged, or changed since.
    Torn,
    /// A commit before the last is not whole. It was acknowledged.
    Damaged,
}

/// Two sums over pairs of words.
#[derive(Clone, Copy)]
struct Sum {
    big: bool,
    sums: (u32, u32),
}

impl Sum {
    fn word(&self, bytes: &[u8]) -> u32 {
        let bytes = <[u8; 4]>::try_from(bytes).unwrap_or_default();
        if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let (a, b) = pair.split_at(4);
            self.sums.0 = self.sums.0.wrapping_add(self.word(a)).wrapping_add(self.sums.1);
            self.sums.1 = self.sums.1.wrapping_add(self.word(b)).wrapping_add(self.sums.0);
        }
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// Whether the next `buffer` could be filled.
fn fill(log: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<bool> {
    match log.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

/// Looks at the log at `path`; one that is not there is whole.
pub fn check(path: &Path) -> std::io::Result<Log> {
    match File::open(path) {
        Ok(file) => read(&mut BufReader::new(file)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Log::Whole),
        Err(e) => Err(e),
    }
}

fn read(log: &mut impl Read) -> std::io::Result<Log> {
    let mut header = [0; HEADER];
    if !fill(log, &mut header)? {
        return Ok(Log::Whole);
    }
    let mut sum = Sum { big: number(&header, 0) & 1 == 1, sums: (0, 0) };
    sum.add(&header[..24]);
    let page = number(&header, 8) as usize;
    let is_sound = number(&header, 0) & !1 == 0x377f_0682 && sum.sums == (number(&header, 24), number(&header, 28));
    if !is_sound || !(512..=65_536).contains(&page) {
        // It was on the disk before the first frame was written behind it.
        return Ok(if fill(log, &mut [0])? { Log::Damaged } else { Log::Whole });
    }
    let salts = (number(&header, 16), number(&header, 20));
    let mut frame = vec![0; FRAME + page];
    // Whether a bad frame was met, and whether the end of its commit was too.
    let (mut bad, mut ended) = (false, false);
    while fill(log, &mut frame)? {
        let found = (number(&frame, 8), number(&frame, 12));
        // The frames of an earlier round of the log differ in both.
        if found.0 != salts.0 && found.1 != salts.1 {
            // None of this round can be behind it, unless it was one itself.
            continue;
        }
        if ended {
            return Ok(Log::Damaged);
        }
        sum.add(&frame[..8]);
        sum.add(&frame[FRAME..]);
        bad |= found != salts || sum.sums != (number(&frame, 16), number(&frame, 20));
        ended = bad && number(&frame, 4) != 0;
    }
    Ok(if bad { Log::Torn } else { Log::Whole })
}
