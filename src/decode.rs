//! Bytes to posts: one decoder per format, each a file of its own.
//!
//! A decoder is in the main a pure function from a JSON value to a post, a notice or a refusal;
//! parsing, bounds and counting are here, so that they are the same for all formats.

use crate::dates;
use crate::json::{Pages, Parser, Scratch, Value};
use crate::limits;
use crate::markup;
use crate::post::{Count, Kind, Post, Posts};
use crate::reason::Refused;
use crate::time::Timestamp;

pub use mapped::{MappingFault, MappingProblem, check, fields};

crate::register! { Spec: escucha, jetstream, mastodon, x_v1, x_v2, mapped }

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

impl Format {
    /// A fresh decoder of this format.
    pub fn decoder(&self) -> Box<dyn Decoder> {
        (find(self.name).expect("a format's name comes from the registry").new)(self)
    }
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

/// The registered decoder called `name`.
pub fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().copied().find(|spec| spec.name == name)
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Decodes every line of `bytes`: a line break is `\n` or `\r\n`, blank lines are nothing, the last
/// line may lack its break, and a byte order mark may stand in front. A line over
/// `limits::FRAME_BYTES` is one refused item.
pub fn lines(decoder: &mut dyn Decoder, bytes: &mut [u8], out: &mut Decoded) {
    let (_, mut rest) = bytes.split_at_mut(mark(bytes));
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let (line, tail) = rest.split_at_mut(end);
        if line.len() > limits::FRAME_BYTES {
            out.refuse(Refused::TooLong);
        } else if !line.trim_ascii_start().is_empty() {
            decoder.decode(line, out);
        }
        rest = tail.get_mut(1..).unwrap_or_default();
        out.line += 1;
    }
}

/// How many lines [`lines`] finds in `bytes`: the items of formats with one item a line.
pub fn count_lines(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    let mut rest = bytes.get(mark(bytes)..).unwrap_or_default();
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        lines += u64::from(!rest.get(..end).unwrap_or_default().trim_ascii_start().is_empty());
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    lines
}

/// Length of the byte order mark in front of `bytes`.
fn mark(bytes: &[u8]) -> usize {
    if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
}

/// What a value is: a post, a well-formed notice that is none, or refused.
type Read<'a> = Result<Option<Post<'a>>, Refused>;

/// A decoder for formats with one item a frame.
struct Single {
    parser: Parser,
    pages: Pages,
    read: for<'a> fn(Value<'a>, &mut Scratch<'a>) -> Read<'a>,
}

impl Single {
    fn boxed(read: for<'a> fn(Value<'a>, &mut Scratch<'a>) -> Read<'a>) -> Box<dyn Decoder> {
        Box::new(Single { parser: Parser::default(), pages: Pages::default(), read })
    }
}

impl Decoder for Single {
    fn decode(&mut self, frame: &mut [u8], out: &mut Decoded) {
        let Single { parser, pages, read } = self;
        if let Err(reason) = parser.parse(frame, |value| out.admit(read(value, &mut pages.start()))) {
            out.refuse(reason);
        }
    }
}

impl Decoded {
    /// Counts what was read, within the bounds of `limits`.
    fn admit(&mut self, read: Read<'_>) {
        match read {
            Ok(Some(post)) => match usable_ids(&post) {
                true => self.post(&bounded(post)),
                false => self.refuse(Refused::NoId),
            },
            Ok(None) => self.not_a_post(),
            Err(reason) => self.refuse(reason),
        }
    }
}

/// A post needs an id; one that is cut would name another post.
fn usable_ids(post: &Post<'_>) -> bool {
    (1..=limits::ID_BYTES).contains(&post.id.len()) && post.author.id.len() <= limits::ID_BYTES
}

/// Cuts over-long strings. Links and mentions are bounded where they are gathered.
fn bounded(mut post: Post<'_>) -> Post<'_> {
    post.text = clip(post.text, limits::TEXT_BYTES);
    post.quoted_text = clip(post.quoted_text, limits::TEXT_BYTES);
    let Post { author, in_reply_to, repost_of, quote_of, network, title, lang, url, conversation_id, place, country, source_app, .. } =
        &mut post;
    for short in [
        &mut author.handle,
        &mut author.name,
        &mut author.bio,
        &mut author.location,
        &mut in_reply_to.id,
        &mut in_reply_to.author,
        &mut in_reply_to.author_id,
        &mut repost_of.id,
        &mut repost_of.author,
        &mut repost_of.author_id,
        &mut quote_of.id,
        &mut quote_of.author,
        &mut quote_of.author_id,
        network,
        title,
        lang,
        url,
        conversation_id,
        place,
        country,
        source_app,
    ] {
        *short = clip(short, limits::FIELD_BYTES);
    }
    post
}

/// The first `max` bytes of `s` or a little less, so that no character is cut.
fn clip(s: &str, max: usize) -> &str {
    if s.len() <= max {
        return s;
    }
    // A character is at most four bytes long.
    (0..4).find_map(|back| s.get(..max.saturating_sub(back))).unwrap_or("")
}

/// A number of reactions, followers, ...; unknown if there is none or it is negative.
fn count(value: Value<'_>) -> Count {
    value.integer().and_then(|n| u64::try_from(n).ok()).map_or(Count::UNKNOWN, Count::of)
}

/// A time in any known form, string or number.
fn time(value: Value<'_>) -> Option<Timestamp> {
    match (value.as_str(), value.float()) {
        (Some(s), _) => dates::parse(s),
        (None, Some(f)) => dates::from_float(f),
        _ => value.integer().map(dates::from_number),
    }
}

/// `create` where there is nothing.
fn kind_of(name: Option<&str>) -> Result<Kind, Refused> {
    match name {
        None | Some("create") => Ok(Kind::Create),
        Some("update") => Ok(Kind::Update),
        Some("delete") => Ok(Kind::Delete),
        _ => Err(Refused::Shape),
    }
}

/// Networks are compared in lower case.
fn lower<'a>(name: &'a str, scratch: &mut Scratch<'a>) -> &'a str {
    match name.bytes().any(|b| b.is_ascii_uppercase()) {
        true => scratch.write(|page| page.extend(name.chars().map(|c| c.to_ascii_lowercase()))),
        false => name,
    }
}

/// One decoder per format, in order.
pub fn decoders(formats: &[Format]) -> Vec<Box<dyn Decoder>> {
    formats.iter().map(Format::decoder).collect()
}

/// X escapes `&`, `<` and `>` in texts.
fn unescaped<'a>(text: &'a str, scratch: &mut Scratch<'a>) -> &'a str {
    if memchr::memchr(b'&', text.as_bytes()).is_none() { text } else { scratch.write(|page| markup::unescape(text, page)) }
}

/// Whether the history of a post of X, which lists the ids of its versions from the first on, tells
/// of more than one. A version before the last comes without those after it.
fn is_edited(versions: Value<'_>) -> bool {
    versions.items().nth(1).is_some()
}

/// Where a person can read a post of X.
fn x_url<'a>(handle: &str, id: &str, scratch: &mut Scratch<'a>) -> &'a str {
    let who = if handle.is_empty() { "i" } else { handle };
    scratch.write(|page| page.extend(["https://x.com/", who, "/status/", id]))
}

#[cfg(test)]
pub(crate) mod testing {
    //! One frame through one decoder.

    use super::*;
    use crate::post::PostBuf;

    pub fn decode_as(format: &Format, bytes: &[u8]) -> Decoded {
        let spec = find(format.name).expect("a registered decoder");
        let mut out = Decoded::default();
        lines((spec.new)(format).as_mut(), &mut bytes.to_vec(), &mut out);
        assert_eq!(out.items, out.posts.len() as u64 + out.not_posts + out.refusals.len() as u64);
        out
    }

    pub fn decode(name: &'static str, bytes: &[u8]) -> Decoded {
        decode_as(&Format { name, mapping: Mapping::default() }, bytes)
    }

    /// The only post in `frame`.
    pub fn post(name: &'static str, frame: &str) -> PostBuf {
        let out = decode(name, frame.as_bytes());
        assert_eq!((out.posts.len(), out.items), (1, 1), "{frame}: {:?}", out.refusals);
        PostBuf::new(&out.posts.get(0))
    }

    /// `post`, `not_a_post` or why it was refused.
    pub fn outcome(name: &'static str, frame: &[u8]) -> &'static str {
        let out = decode(name, frame);
        assert_eq!(out.items, 1, "{}", String::from_utf8_lossy(frame));
        match out.refusals.first() {
            Some((_, reason)) => reason.as_str(),
            None if out.posts.is_empty() => "not_a_post",
            None => "post",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::*;
    use super::*;

    const POST: &str = r#"{"id":"1","created_at":1604083524,"text":"hola"}"#;

    #[test]
    fn lines_end_in_any_way() {
        // (bytes, line of each post, lines refused)
        let table: [(String, &[u32], &[u32]); 9] = [
            (String::new(), &[], &[]),
            ("\n\r\n  \t\n\n".into(), &[], &[]),
            (POST.into(), &[0], &[]),
            (format!("{POST}\r\n{POST}\n"), &[0, 1], &[]),
            (format!("\n{POST}\r\n\r\n{POST}"), &[1, 3], &[]),
            (format!("\u{feff}{POST}\n{POST}"), &[0, 1], &[]),
            (format!("{POST}\n\u{feff}{POST}"), &[0], &[1]),
            (format!("{POST}\nno\n{POST}"), &[0, 2], &[1]),
            (format!("{POST}{POST}\n{POST} \r\n"), &[1], &[0]),
        ];
        for (bytes, posts, refused) in table {
            let out = decode("escucha", bytes.as_bytes());
            let lines: Vec<u32> = out.refusals.iter().map(|(line, _)| *line).collect();
            assert_eq!((out.lines.as_slice(), lines.as_slice()), (posts, refused), "{bytes:?}");
        }
    }

    /// Refuses every frame.
    struct Refuser;

    impl Decoder for Refuser {
        fn decode(&mut self, _: &mut [u8], out: &mut Decoded) {
            out.refuse(Refused::Malformed);
        }
    }

    fn check_count(mut bytes: Vec<u8>) -> (u64, u64) {
        let mut out = Decoded::default();
        let counted = count_lines(&bytes);
        lines(&mut Refuser, &mut bytes, &mut out);
        (counted, out.items)
    }

    #[test]
    fn blank_lines_are_nothing() {
        for (bytes, lines) in [("", 0), ("\n\r\n \t\n", 0), ("a", 1), ("a\na", 2), ("a\n\nb\r\n", 2), ("\u{feff}", 0), ("\u{feff}\na", 1)] {
            assert_eq!(check_count(bytes.into()), (lines, lines), "{bytes:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_received_is_decoded_or_refused(
            marked: bool,
            tail in proptest::collection::vec(proptest::sample::select(b"\n\n\r \t\x0b\x0c\0a\xef\xbb\xbf".to_vec()), 0..40),
        ) {
            let head = if marked { BYTE_ORDER_MARK } else { &[] };
            let (counted, items) = check_count([head, &tail].concat());
            proptest::prop_assert_eq!(counted, items);
        }
    }

    #[test]
    fn long_frames_are_refused_unread() {
        let frame = |bytes: usize| format!(r#"{{"id":"1","created_at":0,"text":"{}"}}"#, "a".repeat(bytes - 35));
        assert_eq!(frame(100).len(), 100);
        for spec in ALL {
            assert_eq!(outcome(spec.name, frame(10_000_000).as_bytes()), "too_long", "{}", spec.name);
        }
        assert_eq!(outcome("escucha", frame(limits::FRAME_BYTES + 1).as_bytes()), "too_long");
        assert_eq!(outcome("escucha", frame(limits::FRAME_BYTES).as_bytes()), "post");
    }

    #[test]
    fn long_strings_are_cut_at_a_character() {
        let frame = format!(r#"{{"id":"1","created_at":0,"text":"{}","title":"a{}"}}"#, "ñ".repeat(40_000), "ñ".repeat(4000));
        let post = post("escucha", &frame);
        assert_eq!(post.get().text.len(), limits::TEXT_BYTES);
        assert_eq!(post.get().title.len(), limits::FIELD_BYTES - 1);
    }

    #[test]
    fn an_id_is_never_cut() {
        let frame = |id: usize, author: usize| {
            format!(r#"{{"id":"{}","created_at":0,"text":"","author":{{"id":"{}"}}}}"#, "1".repeat(id), "2".repeat(author))
        };
        let table = [
            (1, 0, "post"),
            (0, 1, "no_id"),
            (limits::ID_BYTES, limits::ID_BYTES, "post"),
            (limits::ID_BYTES + 1, 0, "no_id"),
            (1, limits::ID_BYTES + 1, "no_id"),
        ];
        for (id, author, expected) in table {
            assert_eq!(outcome("escucha", frame(id, author).as_bytes()), expected, "{id} {author}");
        }
    }

    #[test]
    fn names_are_file_names() {
        let names: Vec<&str> = ALL.iter().map(|spec| spec.name).collect();
        assert_eq!(names, ["escucha", "jetstream", "mastodon", "x-v1", "x-v2", "mapped"]);
    }
}
