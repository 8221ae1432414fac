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
            let Some(wide) = self.wide() else { return };
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
        loop {
            let run = self.ascii_run();
            let Some(b) = self.bytes.get(self.at) else { break };
            if b.is_ascii() {
                if run == 8 {
                    continue;
                }
                if *b == b':' && self.link_follows(start, base_start) {
                    return;
                }
                break;
            }
            let Some(wide) = self.wide() else { break };
            if !wide.entry.is_word() {
                break;
            }
            self.fold(wide);
        }
        self.push(start, self.at, base_start, TokenKind::Word);
    }

    /// Folds up to eight ASCII letters and digits; says how many.
    #[inline]
    fn ascii_run(&mut self) -> usize {
        const ONES: u64 = 0x0101_0101_0101_0101;
        let x = load(self.bytes, self.at);
        let low = x & (0x7F * ONES);
        let lower = low | (0x20 * ONES);
        // The top bit of each byte: at least `a`, more than `z`, at least `0`, more than `9`.
        let letter = (lower + 0x1F * ONES) & !(lower + 0x05 * ONES);
        let digit = (low + 0x50 * ONES) & !(low + 0x46 * ONES);
        let top = 0x80 * ONES;
        let run = ((!((letter | digit) & !x) & top).trailing_zeros() / 8) as usize;
        let folded = x | (letter & top) >> 2;
        if let Some(room) = self.base.get_mut(self.written..self.written + 8) {
            room.copy_from_slice(&folded.to_le_bytes());
        }
        self.at += run;
        self.written += run;
        run
    }

    /// At the colon behind a word: whether that makes it a link. If so, both are read.
    fn link_follows(&mut self, start: usize, base_start: usize) -> bool {
        if self.bytes.get(self.at..self.at + 3) != Some(b"://") {
            return false;
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        let ends_in = |p: &[u8]| word.len().checked_sub(p.len()).and_then(|i| word.get(i..)).is_some_and(|t| t.eq_ignore_ascii_case(p));
        let scheme = if ends_in(b"https") {
            5
        } else if ends_in(b"http") {
            4
        } else {
            return false;
        };
        let link = self.at - scheme;
        self.written -= scheme;
        if link > start {
            self.push(start, link, base_start, TokenKind::Word);
        }
        self.at = link + self.text.get(link..).map_or(0, url_len);
        self.push(link, self.at, self.written, TokenKind::Url);
        true
    }

    /// Reads an emoji of `len` bytes.
    fn emoji(&mut self, len: usize) {
        let (start, base_start) = (self.at, self.written);
        while self.at < start + len {
            let Some(wide) = self.wide() else { break };
            if matches!(wide.c, '\u{1F3FB}'..='\u{1F3FF}') {
                self.at += wide.len;
            } else {
                self.fold(wide);
            }
        }
        self.push(start, self.at, base_start, TokenKind::Emoji);
    }

    fn emoji_len(&self) -> usize {
        self.text.get(self.at..).map_or(0, emoji_len)
    }

    /// The character here, which is not ASCII.
    #[inline]
    fn wide(&self) -> Option<Wide> {
        let c = self.text.get(self.at..)?.chars().next()?;
        Some(Wide { c, len: c.len_utf8(), entry: self.table.get(c) })
    }

    #[inline]
    fn fold(&mut self, wide: Wide) {
        self.written += self.table.write_base(wide.c, wide.entry, self.base, self.written);
        self.at += wide.len;
    }

    #[inline]
    fn push(&mut self, start: usize, end: usize, base_start: usize, kind: TokenKind) {
        let form = self.base.get(base_start..).unwrap_or_default();
        let hash = if kind == TokenKind::Url { 0 } else { hash(form, self.written - base_start) };
        self.tokens.push(Token {
            start: start as u32,
            end: end as u32,
            base_start: base_start as u32,
            base_end: self.written as u32,
            hash,
            kind,
        });
    }
}
