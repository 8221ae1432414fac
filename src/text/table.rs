//! The reference fold as a table: one load per character instead of three passes.

use std::sync::LazyLock;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use super::fold::{base, is_decomposed, is_word, is_word_start};
use super::split::is_pictographic;

/// Characters the table knows; above stand rare ideographs, tags and private use.
const CHARS: u32 = 0x2_0000;

/// What one character is, packed: its base form in the low 24 bits (or, if `LONG`, an offset of 20
/// bits and a length of 4 into `long`), the length of that form in the next 2, then flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Entry(u32);

impl Entry {
    const LEN: u32 = 24;
    const START: u32 = 1 << 26;
    const WORD: u32 = 1 << 27;
    const LONG: u32 = 1 << 28;
    const EMOJI: u32 = 1 << 29;

    /// A token may begin with it.
    pub(super) fn is_start(self) -> bool {
        self.0 & Entry::START != 0
    }
    /// A token may go on with it.
    pub(super) fn is_word(self) -> bool {
        self.0 & Entry::WORD != 0
    }
    /// An emoji may begin with it.
    pub(super) fn may_be_emoji(self) -> bool {
        self.0 & Entry::EMOJI != 0
    }
}

/// Entries of the first two planes.
pub(super) struct Table {
    entries: Vec<Entry>,
    /// Base forms longer than three bytes.
    long: Vec<u8>,
}

/// The table; built on first use.
pub(super) fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(Table::build);
    &TABLE
}

impl Table {
    fn build() -> Table {
        let mut table = Table { entries: Vec::with_capacity(CHARS as usize), long: Vec::new() };
        for code in 0..CHARS {
            let entry = char::from_u32(code).map(|c| table.entry(c)).unwrap_or_default();
            table.entries.push(entry);
        }
        table
    }

    fn entry(&mut self, c: char) -> Entry {
        let form = base_of(c);
        let mut bits = flags(c);
        if form.len() <= 3 {
            for (i, b) in form.bytes().enumerate() {
                bits |= u32::from(b) << (8 * i);
            }
            bits |= (form.len() as u32) << Entry::LEN;
        } else {
            bits |= Entry::LONG | (form.len() as u32) << 20 | self.long.len() as u32;
            self.long.extend_from_slice(form.as_bytes());
        }
        Entry(bits)
    }

    /// The entry of `c`.
    pub(super) fn get(&self, c: char) -> Entry {
        self.entries.get(c as usize).copied().unwrap_or_else(|| Entry(flags(c)))
    }

    /// Writes the base form of `c`, whose entry is `e`, at `out[at..]` and returns its length.
    /// Needs [`FORM_BYTES`] of room, and writes nothing without it.
    pub(super) fn write_base(&self, c: char, e: Entry, out: &mut [u8], at: usize) -> usize {
        if e.0 & Entry::LONG == 0 && (c as u32) < CHARS {
            let Some(room) = out.get_mut(at..at + 4) else { return 0 };
            room.copy_from_slice(&(e.0 & 0xFF_FFFF).to_le_bytes());
            return (e.0 >> Entry::LEN & 3) as usize;
        }
        let owned;
        let form = if (c as u32) < CHARS {
            let start = (e.0 & 0xF_FFFF) as usize;
            let len = (e.0 >> 20 & 0xF) as usize;
            self.long.get(start..start + len).unwrap_or_default()
        } else {
            owned = base_of(c);
            owned.as_bytes()
        };
        let Some(room) = out.get_mut(at..at + form.len()) else { return 0 };
        room.copy_from_slice(form);
        form.len()
    }
}

/// Writes the base form of all of `text` into `out`, skin tones left out as in a token.
pub fn base_into(text: &str, out: &mut Vec<u8>) {
    let table = table();
    out.clear();
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase() as u8);
        } else if !matches!(c, '\u{1F3FB}'..='\u{1F3FF}') {
            let mut form = [0; FORM_BYTES];
            let len = table.write_base(c, table.get(c), &mut form, 0);
            out.extend_from_slice(form.get(..len).unwrap_or_default());
        }
    }
}

/// Most bytes in the base form of one character.
pub(super) const FORM_BYTES: usize = 12;
/// Most bytes of base form per byte of text: a Hangul syllable becomes three letters.
pub(super) const GROWTH: usize = 3;

fn flags(c: char) -> u32 {
    let flag = |on: bool, bit: u32| if on { bit } else { 0 };
    let emoji = is_pictographic(c) || matches!(c, '\u{1F1E6}'..='\u{1F1FF}');
    flag(is_word_start(c), Entry::START) | flag(is_word(c), Entry::WORD) | flag(emoji, Entry::EMOJI)
}

/// The reference, without its cost for the many characters that stay as they are: ideographs and
/// other letters without case, and what is no character.
fn base_of(c: char) -> String {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let mut own = [0; 4];
    let s = &*c.encode_utf8(&mut own);
    match category {
        GeneralCategory::Unassigned | GeneralCategory::PrivateUse | GeneralCategory::Surrogate => s.to_string(),
        GeneralCategory::OtherLetter if is_decomposed(s) => s.to_string(),
        _ => base(s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_as_the_reference_says() {
        let mut out = [0; FORM_BYTES];
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            let e = table().get(c);
            assert_eq!((e.is_start(), e.is_word()), (is_word_start(c), is_word(c)), "{c:?}");
            // Planes without letters that fold are sampled: the reference is slow.
            if (c as u32) < CHARS || (c as u32).is_multiple_of(97) {
                let len = table().write_base(c, e, &mut out, 0);
                assert_eq!(std::str::from_utf8(&out[..len]), Ok(base(c.to_string().as_str()).as_str()), "{c:?}");
                assert!(len <= GROWTH * c.len_utf8(), "{c:?}");
            }
        }
    }
}
