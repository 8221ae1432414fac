//! The fast reader: folds, splits and hashes in one pass, without allocating once it is warm.
//!
//! Runs of ASCII letters and digits go eight bytes at a time; everything else by the table. It must
//! agree with [`split`](super::split::split) and [`base`](super::fold::base).

use super::hash::{hash, load};
use super::split::{emoji_len, url_len};
use super::table::{Entry, FORM_BYTES, GROWTH, Table, table};
use super::{Token, TokenKind};

/// Reads `text`: appends its tokens and writes their base forms one after another into `base`,
/// which keeps its length for the next text.
pub(super) fn read(text: &str, base: &mut Vec<u8>, tokens: &mut Vec<Token>) {
    let room = GROWTH * text.len() + 2 * FORM_BYTES;
    if base.len() < room {
        base.resize(room, 0);
    }
    let mut reader = Reader { text, bytes: text.as_bytes(), table: table(), at: 0, base, written: 0, tokens };
    reader.run();
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    table: &'static Table,
    /// Next byte of the text.
    at: usize,
    base: &'a mut [u8],
    /// Bytes of `base` in use.
    written: usize,
    tokens: &'a mut Vec<Token>,
}

/// A character that is not ASCII, with its entry.
#[derive(Clone, Copy)]
struct Wide {
    c: char,
    len: usize,
    entry: Entry,
}

impl Reader<'_> {
    fn run(&mut self) {
        while let Some(b) = self.bytes.get(self.at) {
            if b.is_ascii() {
                if b.is_ascii_alphanumeric() {
                    self.word();
                } else {
                    self.at += 1;
                }
                continue;
            }
            let Some(wide) = self.wide(self.at) else { return };
            let emoji = if wide.entry.may_be_emoji() { self.emoji_len() } else { 0 };
            if emoji > 0 {
                self.emoji(emoji);
            } else if wide.entry.is_start() {
                self.word();
            } else {
                self.at += wide.len;
            }
        }
    }

    /// Reads the word that begins here.
    fn word(&mut self) {
        let (start, base_start) = (self.at, self.written);
        // Kept out of memory: each step of the loop waits for the one before it.
        let (mut at, mut written) = (start, base_start);
        loop {
            let (run, folded) = ascii_run(load(self.bytes, at));
            if let Some(room) = self.base.get_mut(written..written + 8) {
                room.copy_from_slice(&folded.to_le_bytes());
            }
            at += run;
            written += run;
            if run == 8 {
                continue;
            }
            let Some(b) = self.bytes.get(at) else { break };
            if b.is_ascii() {
                if *b == b':' && self.link_follows(start, at, base_start, written) {
                    return;
                }
                break;
            }
            let Some(wide) = self.wide(at) else { break };
            if !wide.entry.is_word() {
                break;
            }
            written += self.table.write_base(wide.c, wide.entry, self.base, written);
            at += wide.len;
        }
        self.at = at;
        self.push(start, base_start, written, TokenKind::Word);
    }

    /// At the colon behind the word from `start` to `colon`, whose base form ends at `written`: whether
    /// that makes it a link. If so, both are read.
    fn link_follows(&mut self, start: usize, colon: usize, base_start: usize, written: usize) -> bool {
        if self.bytes.get(colon..colon + 3) != Some(b"://") {
            return false;
        }
        let word = self.bytes.get(start..colon).unwrap_or_default();
        let ends_in = |p: &[u8]| word.len().checked_sub(p.len()).and_then(|i| word.get(i..)).is_some_and(|t| t.eq_ignore_ascii_case(p));
        let scheme = if ends_in(b"https") {
            5
        } else if ends_in(b"http") {
            4
        } else {
            return false;
        };
        let link = colon - scheme;
        if link > start {
            self.at = link;
            self.push(start, base_start, written - scheme, TokenKind::Word);
        }
        self.at = link + self.text.get(link..).map_or(0, url_len);
        self.push(link, self.written, self.written, TokenKind::Url);
        true
    }

    /// Reads an emoji of `len` bytes.
    fn emoji(&mut self, len: usize) {
        let (start, base_start) = (self.at, self.written);
        let (mut at, mut written) = (start, base_start);
        while let Some(wide) = self.wide(at).filter(|_| at < start + len) {
            if !matches!(wide.c, '\u{1F3FB}'..='\u{1F3FF}') {
                written += self.table.write_base(wide.c, wide.entry, self.base, written);
            }
            at += wide.len;
        }
        self.at = at;
        self.push(start, base_start, written, TokenKind::Emoji);
    }

    fn emoji_len(&self) -> usize {
        self.text.get(self.at..).map_or(0, emoji_len)
    }

    /// The character at `at`, which is not ASCII.
    #[inline]
    fn wide(&self, at: usize) -> Option<Wide> {
        let c = self.text.get(at..)?.chars().next()?;
        Some(Wide { c, len: c.len_utf8(), entry: self.table.get(c) })
    }

    /// Notes the token from `start` to here, with the base form from `base_start` to `written`.
    #[inline]
    fn push(&mut self, start: usize, base_start: usize, written: usize, kind: TokenKind) {
        let form = self.base.get(base_start..).unwrap_or_default();
        let hash = if kind == TokenKind::Url { 0 } else { hash(form, written - base_start) };
        self.written = written;
        self.tokens.push(Token {
            start: start as u32,
            end: self.at as u32,
            base_start: base_start as u32,
            base_end: written as u32,
            hash,
            kind,
        });
    }
}

/// How many of the eight bytes of `x`, from the first on, are ASCII letters and digits, and those in
/// lower case.
#[inline]
fn ascii_run(x: u64) -> (usize, u64) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = 0x80 * ONES;
    let low = x & (0x7F * ONES);
    let lower = low | (0x20 * ONES);
    // The top bit of each byte: at least `a` and not more than `z`; at least `0` and not more than `9`.
    let letter = (lower + 0x1F * ONES) & !(lower + 0x05 * ONES);
    let digit = (low + 0x50 * ONES) & !(low + 0x46 * ONES);
    let other = !((letter | digit) & !x) & TOP;
    (other.trailing_zeros() as usize / 8, x | (letter & TOP) >> 2)
}
