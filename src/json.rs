//! A thin layer over the tape of simd-json: one frame in, borrowed values out, no allocation once
//! its buffers have grown.
//!
//! Decisions on input that RFC 8259 leaves open:
//! - a key that comes twice counts the last time, as in JavaScript and Python;
//! - an escaped surrogate without its partner becomes U+FFFD: the rest of the post is worth reading;
//! - an integer beyond 64 bits becomes a float; one that is an id is then not usable as such;
//! - nesting is bounded by [`limits::JSON_DEPTH`] and nothing here recurses.

use memchr::memmem::Finder;
use simd_json::{Buffers, ErrorType, Node, StaticNode, Tape};

use crate::limits;
use crate::reason::Refused;

/// Working memory for parsing one frame after another.
pub struct Parser {
    escapes: Finder<'static>,
    buffers: Buffers,
    tape: Tape<'static>,
}

impl Default for Parser {
    fn default() -> Self {
        Parser { escapes: Finder::new(b"\\u"), buffers: Buffers::with_max_depth(4096, limits::JSON_DEPTH), tape: Tape(Vec::new()) }
    }
}

impl Parser {
    /// Parses `frame` (its strings are unescaped in place) and hands its value to `read`.
    ///
    /// # Errors
    /// `Encoding`, `TooDeep` or `Malformed`.
    pub fn parse<T>(&mut self, frame: &mut [u8], read: impl FnOnce(Value<'_>) -> T) -> Result<T, Refused> {
        mend_surrogates(frame, &self.escapes);
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let parsed = simd_json::fill_tape(frame, &mut self.buffers, &mut tape);
        let result = match parsed {
            Ok(()) => Ok(read(Value(&tape.0))),
            Err(e) => Err(reason(e.error())),
        };
        self.tape = tape.reset();
        result
    }
}

/// Bad UTF-8 is found before anything is unescaped, and lone surrogates were mended, so that
/// `InvalidUtf8` means the bytes themselves.
fn reason(e: &ErrorType) -> Refused {
    match e {
        ErrorType::InvalidUtf8 => Refused::Encoding,
        ErrorType::DepthLimitExceeded => Refused::TooDeep,
        _ => Refused::Malformed,
    }
}

/// Replaces every escaped surrogate that has no partner by an escaped U+FFFD, which is as long.
fn mend_surrogates(frame: &mut [u8], escapes: &Finder<'_>) {
    let mut from = 0;
    while let Some(found) = frame.get(from..).and_then(|rest| escapes.find(rest)) {
        let at = from + found;
        from = at + 2;
        if !is_escape(frame, at) {
            continue;
        }
        match code_unit(frame, at) {
            Some(0xd800..=0xdbff) if matches!(code_unit(frame, at + 6), Some(0xdc00..=0xdfff)) => from = at + 12,
            Some(0xd800..=0xdfff) => {
                if let Some(digits) = frame.get_mut(at + 2..at + 6) {
                    digits.copy_from_slice(b"fffd");
                }
            }
            _ => {}
        }
    }
}

/// Whether the backslash at `at` starts an escape: an even number of backslashes stands before it.
fn is_escape(frame: &[u8], at: usize) -> bool {
    frame.get(..at).is_some_and(|before| before.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0)
}

/// The code unit of the `\uHHHH` at `at`, if there is one.
fn code_unit(frame: &[u8], at: usize) -> Option<u32> {
    let escape = frame.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |n, d| Some(n * 16 + char::from(*d).to_digit(16)?))
}

/// One value of a parsed frame; [`Value::NULL`] where there is none.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a>(&'a [Node<'a>]);

impl<'a> Value<'a> {
    /// `null`; also what a missing key reads as.
    pub const NULL: Value<'static> = Value(&[]);

    /// Whether it is missing or `null`.
    pub fn is_null(self) -> bool {
        matches!(self.0.first(), None | Some(Node::Static(StaticNode::Null)))
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        matches!(self.0.first(), Some(Node::Object { .. }))
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        matches!(self.0.first(), Some(Node::Array { .. }))
    }

    /// Its string; `None` for anything else.
    pub fn as_str(self) -> Option<&'a str> {
        match self.0.first() {
            Some(Node::String(s)) => Some(s),
            _ => None,
        }
    }

    /// Its string; empty for anything else.
    pub fn str(self) -> &'a str {
        self.as_str().unwrap_or("")
    }

    /// Its boolean, also when written as a string; false for anything else.
    pub fn bool(self) -> bool {
        match self.0.first() {
            Some(Node::Static(StaticNode::Bool(b))) => *b,
            Some(Node::String(s)) => *s == "true",
            _ => false,
        }
    }

    /// Its integer. A whole float and an integer written as a string count too.
    pub fn integer(self) -> Option<i64> {
        match self.0.first()? {
            Node::Static(StaticNode::I64(n)) => Some(*n),
            Node::Static(StaticNode::U64(n)) => i64::try_from(*n).ok(),
            Node::Static(StaticNode::F64(f)) => whole(*f),
            Node::String(s) => s.trim().parse().ok().or_else(|| whole(s.trim().parse().ok()?)),
            _ => None,
        }
    }

    /// Its integer as written by the sender, for ids: no floats, no strings.
    pub fn exact_integer(self) -> Option<i128> {
        match self.0.first()? {
            Node::Static(StaticNode::I64(n)) => Some(i128::from(*n)),
            Node::Static(StaticNode::U64(n)) => Some(i128::from(*n)),
            // 2^53: from there on a float no longer tells neighbours apart.
            Node::Static(StaticNode::F64(f)) if f.abs() < 9_007_199_254_740_992.0 => whole(*f).map(i128::from),
            _ => None,
        }
    }

    /// Whether it is the id `ident`, as a string or as a number.
    pub fn is_ident(self, ident: &str) -> bool {
        self.as_str() == Some(ident) || self.exact_integer().is_some_and(|n| ident.parse() == Ok(n))
    }

    /// Its number; `None` for anything else.
    pub fn float(self) -> Option<f64> {
        match self.0.first()? {
            Node::Static(StaticNode::F64(f)) => Some(*f),
            _ => None,
        }
    }

    /// The value at `key`, the last if it comes twice.
    pub fn get(self, key: &str) -> Value<'a> {
        self.entries().filter(|(k, _)| *k == key).last().map_or(Value::NULL, |(_, v)| v)
    }

    /// The values at `keys`, all in one pass; quickest when `keys` stand in the sender's order.
    pub fn fields<const N: usize>(self, keys: [&str; N]) -> [Value<'a>; N] {
        let mut found = [Value::NULL; N];
        let mut next = 0;
        for (key, value) in self.entries() {
            let is_next = keys.get(next).is_some_and(|k| *k == key);
            let place = if is_next { Some(next) } else { keys.iter().position(|k| *k == key) };
            if let Some((i, slot)) = place.and_then(|i| Some((i, found.get_mut(i)?))) {
                *slot = value;
                next = i + 1;
            }
        }
        found
    }

    /// Keys and values, if it is an object.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let mut inside = Children(if self.is_object() { self.inside() } else { &[] });
        std::iter::from_fn(move || Some((inside.next()?.str(), inside.next()?)))
    }

    /// Elements, if it is an array.
    pub fn items(self) -> impl Iterator<Item = Value<'a>> {
        Children(if self.is_array() { self.inside() } else { &[] })
    }

    /// The value at a JSON Pointer (RFC 6901) whose tokens are already unescaped.
    pub fn at(self, path: &[String]) -> Value<'a> {
        path.iter().fold(self, |v, token| match v.is_array() {
            true => token.parse().ok().and_then(|i| v.items().nth(i)).unwrap_or(Value::NULL),
            false => v.get(token),
        })
    }

    fn inside(self) -> &'a [Node<'a>] {
        self.0.get(1..).unwrap_or(&[])
    }
}

/// A float without a fraction that an `i64` holds.
fn whole(f: f64) -> Option<i64> {
    (f.fract() == 0.0 && f.abs() < 9.2e18).then_some(f as i64)
}

/// The values that lie one after another on a stretch of tape.
struct Children<'a>(&'a [Node<'a>]);

impl<'a> Iterator for Children<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let nodes = match self.0.first()? {
            Node::Object { count, .. } | Node::Array { count, .. } => count + 1,
            _ => 1,
        };
        let (value, rest) = self.0.split_at_checked(nodes)?;
        self.0 = rest;
        Some(Value(value))
    }
}

/// How many strings one post may need that are nowhere in its frame as such: every field, if all are
/// numbers.
const SPARE: usize = 48;

/// Strings to write in, used again for every post.
#[derive(Debug)]
pub struct Pages(Box<[String; SPARE]>);

impl Default for Pages {
    fn default() -> Self {
        Pages(Box::new(std::array::from_fn(|_| String::new())))
    }
}

impl Pages {
    /// Blank pages for one post.
    pub fn start(&mut self) -> Scratch<'_> {
        Scratch(self.0.iter_mut())
    }
}

/// Hands out strings that live as long as the values of the frame, so that a post can borrow both.
pub struct Scratch<'a>(std::slice::IterMut<'a, String>);

impl<'a> Scratch<'a> {
    /// What `fill` writes; empty when the pages are used up.
    pub fn write(&mut self, fill: impl FnOnce(&mut String)) -> &'a str {
        match self.0.next() {
            Some(page) => {
                page.clear();
                fill(page);
                page
            }
            None => "",
        }
    }

    /// A string, or a whole number as a string: the ways an id is written. Empty for anything else.
    pub fn ident(&mut self, value: Value<'a>) -> &'a str {
        match (value.as_str(), value.exact_integer()) {
            (Some(s), _) => s,
            (None, Some(n)) => self.write(|page| *page = n.to_string()),
            _ => "",
        }
    }

    /// The first `max` strings, one to a line. Left out: the empty, the over-long and those with a
    /// line break. What is beyond `max` is not looked at, whatever came before.
    pub fn lines(&mut self, max: usize, strings: impl Iterator<Item = &'a str>) -> &'a str {
        let mut fit = strings.take(max).filter(|s| fits(s, limits::FIELD_BYTES)).peekable();
        if fit.peek().is_none() {
            return "";
        }
        self.write(|page| fit.for_each(|s| add_line(page, s)))
    }

    /// The first `max` ids, strings or whole numbers, one to a line; left out as in [`Scratch::lines`].
    pub fn idents(&mut self, max: usize, ids: impl Iterator<Item = Value<'a>>) -> &'a str {
        self.accounts(max, ids.map(|id| (id, "", "")))
    }

    /// The first `max` accounts: an id one to a line, and a handle after `@` in the next; the handle
    /// is `name`, or `name@server` if there is a server. Left out as in [`Scratch::lines`]; a name that
    /// is cut would be another's.
    pub fn accounts(&mut self, max: usize, accounts: impl Iterator<Item = (Value<'a>, &'a str, &'a str)>) -> &'a str {
        let mut accounts = accounts.take(max).peekable();
        if accounts.peek().is_none() {
            return "";
        }
        self.write(|page| {
            for (id, name, server) in accounts {
                match (id.as_str(), id.exact_integer()) {
                    (Some(s), _) if fits(s, limits::ID_BYTES) => add_line(page, s),
                    (None, Some(n)) => add_line(page, &n.to_string()),
                    _ => {}
                }
                if fits(name, limits::ID_BYTES) && (server.is_empty() || fits(server, limits::ID_BYTES)) {
                    add_line(page, "@");
                    page.push_str(name);
                    if !server.is_empty() {
                        page.push('@');
                        page.push_str(server);
                    }
                }
            }
        })
    }
}

fn add_line(page: &mut String, line: &str) {
    if !page.is_empty() {
        page.push('\n');
    }
    page.push_str(line);
}

/// Whether `s` can stand in a list of lines of at most `max` bytes.
fn fits(s: &str, max: usize) -> bool {
    (1..=max).contains(&s.len()) && !s.contains(['\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(frame: &[u8]) -> Option<Refused> {
        Parser::default().parse(&mut frame.to_vec(), |_| ()).err()
    }

    fn text(frame: &str) -> String {
        let parsed = Parser::default().parse(&mut frame.as_bytes().to_vec(), |v| v.get("a").str().to_owned());
        parsed.unwrap_or_else(|r| r.to_string())
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_reason() {
        let nested = |n: usize| [b"[".repeat(n), b"]".repeat(n)].concat();
        assert_eq!(refused(&nested(limits::JSON_DEPTH)), None);
        assert_eq!(refused(&nested(limits::JSON_DEPTH + 1)), Some(Refused::TooDeep));
        assert_eq!(refused(&b"[".repeat(500_000)), Some(Refused::TooDeep));
        assert_eq!(refused(&b"{\"a\":".repeat(100_000)), Some(Refused::TooDeep));
        let table: [(&[u8], Refused); 10] = [
            (b"{\"a\":\"\xff\"}", Refused::Encoding),
            (b"{\"a\":\"\xc3\"}", Refused::Encoding),
            (b"{\"a\":\"\xed\xa0\xbd\"}", Refused::Encoding),
            (b"{\"a\":1} {\"b\":2}", Refused::Malformed),
            (b"{\"a\":1", Refused::Malformed),
            (b"{'a':1}", Refused::Malformed),
            (b"{\"a\":01}", Refused::Malformed),
            (b"{\"a\":\"\t\"}", Refused::Malformed),
            (b"{\"a\":\"\\ud83\"}", Refused::Malformed),
            (b"no", Refused::Malformed),
        ];
        for (frame, reason) in table {
            assert_eq!(refused(frame), Some(reason), "{}", String::from_utf8_lossy(frame));
        }
    }

    #[test]
    fn surrogates_without_a_partner_are_replaced() {
        let table = [
            (r#"{"a":"\ud83d\ude00"}"#, "\u{1f600}"),
            (r#"{"a":"\uD83D\uDE00"}"#, "\u{1f600}"),
            (r#"{"a":"x\ud83d"}"#, "x\u{fffd}"),
            (r#"{"a":"\ude00x"}"#, "\u{fffd}x"),
            (r#"{"a":"\ude00\ud83d"}"#, "\u{fffd}\u{fffd}"),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
            (r#"{"a":"\ud83d\n"}"#, "\u{fffd}\n"),
            (r#"{"a":"\\ud83d"}"#, r"\ud83d"),
            (r#"{"a":"\\\ud83d"}"#, "\\\u{fffd}"),
            (r#"{"a":"\u00f1"}"#, "ñ"),
        ];
        for (frame, expected) in table {
            assert_eq!(text(frame), expected, "{frame}");
        }
    }

    #[test]
    fn the_last_of_two_equal_keys_counts() {
        assert_eq!(text(r#"{"a":"1","a":"2"}"#), "2");
        let fields = Parser::default().parse(&mut br#"{"a":1,"b":[1,{"a":7}],"a":2}"#.to_vec(), |v| {
            let [a, b, c] = v.fields(["a", "b", "c"]);
            (a.integer(), b.items().count(), c.is_null())
        });
        assert_eq!(fields, Ok((Some(2), 2, true)));
    }

    #[test]
    fn lists_look_at_so_many_elements_and_no_more() {
        let mut pages = Pages::default();
        let mut scratch = pages.start();
        let mut looked = 0;
        let listed = scratch.lines(3, ["a", "", "b\nc", "d"].into_iter().cycle().take(1000).inspect(|_| looked += 1));
        assert_eq!((listed, looked), ("a", 3));
        let long = "7".repeat(limits::ID_BYTES + 1);
        let frame = format!(r#"["1",2,"{long}","4"]"#);
        let ids = Parser::default().parse(&mut frame.into_bytes(), |v| {
            let mut pages = Pages::default();
            let mut scratch = pages.start();
            let named = v.items().zip([("ana", ""), ("bob", "m.mx"), ("", "m.mx"), (&*long, "")]).map(|(id, (name, at))| (id, name, at));
            [scratch.idents(3, v.items()).to_owned(), scratch.accounts(4, named).to_owned()]
        });
        assert_eq!(ids, Ok(["1\n2".to_owned(), "1\n@ana\n2\n@bob@m.mx\n4".to_owned()]));
    }

    #[test]
    fn numbers_come_in_many_ways() {
        // (JSON, as a count, as an id)
        let table = [
            ("7", Some(7), "7"),
            ("\"7\"", Some(7), "7"),
            ("7.0", Some(7), "7"),
            ("\"7.0\"", Some(7), "7.0"),
            ("7.5", None, ""),
            ("-3", Some(-3), "-3"),
            ("\"x\"", None, "x"),
            ("null", None, ""),
            ("[7]", None, ""),
            ("110299217002044661", Some(110_299_217_002_044_661), "110299217002044661"),
            ("18446744073709551615", None, "18446744073709551615"),
            ("123456789012345678901234567890", None, ""),
            ("1e16", Some(10_000_000_000_000_000), ""),
        ];
        for (json, integer, ident) in table {
            let mut pages = Pages::default();
            let seen = Parser::default().parse(&mut json.as_bytes().to_vec(), |v| (v.integer(), pages.start().ident(v).to_owned()));
            assert_eq!(seen, Ok((integer, ident.to_owned())), "{json}");
        }
    }
}
