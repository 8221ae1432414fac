//! The fast reader: folds, splits and hashes without allocating once it is warm.
//!
//! A text is first put in lower case and every byte classed, eight at a time; then the words are taken
//! from the bits of their class, so that nothing depends on how long they are. A word of ASCII has its
//! base form where it stands; that of another is written behind the text, character by character with
//! the table. It must agree with [`split`](super::split::split) and [`base`](super::fold::base).

use super::hash::{hash, load};
use super::split::{emoji_len, url_len};
use super::table::{Entry, FORM_BYTES, GROWTH, Table, table};
use super::{Token, TokenKind};

/// Bytes that are classed together.
const BLOCK: usize = 64;

/// The classes of the bytes of a block, a bit for each.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Classes {
    /// ASCII letters and digits.
    plain: u64,
    /// Parts of other characters.
    wide: u64,
}

/// Reads `text`: appends its tokens. `base` holds the text in lower case and behind it the base forms of
/// the words that are not all ASCII; it keeps its length for the next text.
pub(super) fn read(text: &str, base: &mut Vec<u8>, classes: &mut Vec<Classes>, tokens: &mut Vec<Token>) {
    let lower = text.len().next_multiple_of(BLOCK);
    let room = lower + GROWTH * text.len() + 2 * FORM_BYTES;
    if base.len() < room {
        base.resize(room, 0);
    }
    classify(text.as_bytes(), base, classes);
    let bytes = text.as_bytes();
    let mut reader = Reader { text, bytes, table: table(), classes, at: 0, base, written: lower, tokens };
    reader.run();
}

/// Writes `bytes` into `lower` in lower case and their classes into `classes`.
fn classify(bytes: &[u8], lower: &mut [u8], classes: &mut Vec<Classes>) {
    classes.clear();
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let last = (!rest.is_empty()).then_some(&last);
    for (block, lower) in blocks.iter().chain(last).zip(lower.as_chunks_mut::<BLOCK>().0) {
        let mut class = Classes::default();
        for (i, (from, to)) in block.as_chunks::<8>().0.iter().zip(lower.as_chunks_mut::<8>().0).enumerate() {
            let x = u64::from_le_bytes(*from);
            let (plain, lower) = ascii(x);
            *to = lower.to_le_bytes();
            class.plain |= gather(plain) << (8 * i);
            class.wide |= gather(x & TOP) << (8 * i);
        }
        classes.push(class);
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    table: &'static Table,
    classes: &'a [Classes],
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
    /// Takes the runs of letters, digits and wide characters from the classes: where a bit differs from the
    /// one before it, a run begins or ends.
    fn run(&mut self) {
        let mut start = None;
        let mut before = 0;
        for (block, class) in self.classes.iter().enumerate() {
            let inside = class.plain | class.wide;
            let mut edges = inside ^ (inside << 1 | before);
            before = inside >> (BLOCK - 1);
            while edges != 0 {
                let at = block * BLOCK + edges.trailing_zeros() as usize;
                edges &= edges - 1;
                match start.take() {
                    None => start = Some(at),
                    Some(start) => self.take_run(start, at),
                }
            }
        }
        if let Some(start) = start {
            self.take_run(start, self.bytes.len());
        }
    }

    /// Reads the run from `start` to `end`: most are one word of ASCII.
    #[inline]
    fn take_run(&mut self, start: usize, end: usize) {
        if start < self.at || self.bytes.get(end) == Some(&b':') || self.has_wide(start, end) {
            return self.take_mixed(start, end);
        }
        self.at = end;
        self.note(start, start, end, TokenKind::Word);
    }

    /// Whether there may be wide characters from `start` to `end`; there are none if not.
    #[inline]
    fn has_wide(&self, start: usize, end: usize) -> bool {
        let (first, last) = (start / BLOCK, (end - 1) / BLOCK);
        let wide = |block: usize| self.classes.get(block).map_or(0, |c| c.wide);
        if first == last {
            return wide(first) >> (start % BLOCK) << (BLOCK - (end - start)) != 0;
        }
        (first..=last).any(|block| wide(block) != 0)
    }

    /// Reads a run that is more than a word of ASCII, or that a link may begin or end in.
    fn take_mixed(&mut self, start: usize, end: usize) {
        self.at = self.at.max(start);
        while self.at < end {
            if self.bytes.get(self.at).is_some_and(u8::is_ascii) {
                self.word();
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

    /// Notes the token from `start` to here, with the base form that was written from `base_start` to
    /// `written`.
    #[inline]
    fn push(&mut self, start: usize, base_start: usize, written: usize, kind: TokenKind) {
        self.note(start, base_start, written, kind);
        self.written = written;
    }

    /// Notes the token from `start` to here, with the base form from `base_start` to `base_end`.
    #[inline]
    fn note(&mut self, start: usize, base_start: usize, base_end: usize, kind: TokenKind) {
        let form = self.base.get(base_start..).unwrap_or_default();
        let hash = if kind == TokenKind::Url { 0 } else { hash(form, base_end - base_start) };
        self.tokens.push(Token {
            start: start as u32,
            end: self.at as u32,
            base_start: base_start as u32,
            base_end: base_end as u32,
            hash,
            kind,
        });
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOP: u64 = 0x80 * ONES;

/// Which of the eight bytes of `x` are ASCII letters and digits, as the top bit of each, and all with
/// those letters in lower case.
#[inline]
fn ascii(x: u64) -> (u64, u64) {
    let low = x & (0x7F * ONES);
    let lower = low | (0x20 * ONES);
    // The top bit of each byte: at least `a` and not more than `z`; at least `0` and not more than `9`.
    let letter = (lower + 0x1F * ONES) & !(lower + 0x05 * ONES) & !x & TOP;
    let digit = (low + 0x50 * ONES) & !(low + 0x46 * ONES);
    ((letter | digit) & !x & TOP, x | letter >> 2)
}

/// The top bits of the eight bytes of `x`, which has no others, as the low bits of a number.
#[inline]
fn gather(x: u64) -> u64 {
    // The product has the bit of byte i at 56 + i, and no two of its terms meet.
    (x >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// How many of the eight bytes of `x`, from the first on, are ASCII letters and digits, and those in
/// lower case.
#[inline]
fn ascii_run(x: u64) -> (usize, u64) {
    let (plain, lower) = ascii(x);
    ((plain ^ TOP).trailing_zeros() as usize / 8, lower)
}
