//! Bytes to posts: one decoder per format, each a file of its own.

use crate::post::{Post, Posts};
use crate::reason::Refused;

/// What came out of the frames decoded so far. `items` = posts + `not_posts` + all `refused`.
#[derive(Debug, Default)]
pub struct Decoded {
    /// Posts, in order.
    pub posts: Posts,
    /// Line of each post within the buffer, counted from 0.
    pub lines: Vec<u32>,
    /// Well-formed items that are no posts.
    pub not_posts: u64,
    /// Refused items by reason.
    pub refused: [u64; Refused::COUNT],
    /// Which line was refused and why, in order.
    pub refusals: Vec<(u32, Refused)>,
    /// Items in all frames (a page of X v2 holds many).
    pub items: u64,
    /// Line being decoded.
    pub line: u32,
}

impl Decoded {
    /// One post.
    pub fn post(&mut self, post: &Post<'_>) {
        self.items += 1;
        self.posts.push(post);
        self.lines.push(self.line);
    }
    /// One well-formed item that is no post.
    pub fn not_a_post(&mut self) {
        self.items += 1;
        self.not_posts += 1;
    }
    /// One item that cannot be read.
    pub fn refuse(&mut self, reason: Refused) {
        self.items += 1;
        self.refused[reason as usize] += 1;
        self.refusals.push((self.line, reason));
    }
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.posts.clear();
        self.lines.clear();
        self.refusals.clear();
        self.not_posts = 0;
        self.refused = [0; Refused::COUNT];
        self.items = 0;
        self.line = 0;
    }
}

/// Reads frames of one format; keeps its working memory.
pub trait Decoder: Send {
    /// Decodes one frame (one line, without its line break) into `out`: at least one item each.
    /// May scribble on `frame`. Never panics, whatever the bytes.
    fn decode(&mut self, frame: &mut [u8], out: &mut Decoded);
}

/// A format as configured: its name in [`ALL`], and the mapping for `mapped`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    /// `escucha`, `jetstream`, ...
    pub name: &'static str,
    /// Only for `mapped`.
    pub mapping: Mapping,
}

/// `[source.map]`: which JSON Pointer or constant (`=literal`) feeds which field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// (field such as `author.handle`, pointer such as `/user/name` or `=literal`), in field order.
    pub fields: Vec<(String, String)>,
    /// How `created_at` is written: empty for "any known form", or a strptime pattern.
    pub time_format: String,
}

/// One registered decoder.
pub struct Spec {
    /// Name in the configuration: the file's name with `_` as `-`.
    pub name: &'static str,
    /// Makes one; a bad mapping was refused by `check` before.
    pub new: fn(&Format) -> Box<dyn Decoder>,
}

/// Decodes every line of `bytes`: a line break is `\n` or `\r\n`, blank lines are nothing, the last
/// line may lack its break. A line over `limits::FRAME_BYTES` is one refused item.
pub fn lines(decoder: &mut dyn Decoder, bytes: &mut [u8], out: &mut Decoded) {
    for line in bytes.split_mut(|b| *b == b'\n') {
        if !line.trim_ascii().is_empty() {
            decoder.decode(line, out);
        }
        out.line += 1;
    }
}

/// One decoder per format, in order.
pub fn decoders(formats: &[Format]) -> Vec<Box<dyn Decoder>> {
    let _ = formats;
    Vec::new()
}

/// The decoder called `name`, which the configuration has checked.
pub fn spec(name: &str) -> &'static Spec {
    unimplemented!("{name}")
}
