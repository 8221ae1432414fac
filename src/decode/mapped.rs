//! Any JSON object, by JSON Pointers (RFC 6901) in the configuration.
//!
//! `[source.map]` says for each field where it comes from: `author.handle = "/user/screen_name"`, or
//! a constant, `network = "=x"`. `id`, `created_at` and `text` are needed; a network that is not
//! mapped is the empty one.

use super::{Decoded, Decoder, Format, Mapping, Read, Spec, count, kind_of, lower, time};
use crate::bilingual::Both;
use crate::dates;
use crate::json::{Pages, Parser, Scratch, Value};
use crate::limits;
use crate::markup;
use crate::post::{Count, Kind, Lines, Post};
use crate::reason::Refused;
use crate::time::Timestamp;

pub static SPEC: Spec = Spec { name: "mapped", new: |format: &Format| Box::new(Mapped::new(&format.mapping)) };

/// How a field is filled.
enum Slot {
    /// A string.
    Text(for<'p, 'a> fn(&'p mut Post<'a>) -> &'p mut &'a str),
    /// A string, or a number that is an id.
    Id(for<'p, 'a> fn(&'p mut Post<'a>) -> &'p mut &'a str),
    /// A number.
    Count(for<'p, 'a> fn(&'p mut Post<'a>) -> &'p mut Count),
    /// An array of strings, or one string.
    List(usize, for<'p, 'a> fn(&'p mut Post<'a>) -> &'p mut Lines<'a>),
    /// The text itself, which must be there.
    Body,
    Network,
    SourceApp,
    /// `true` or `false`.
    Flag(for<'p, 'a> fn(&'p mut Post<'a>) -> &'p mut bool),
    Media,
    Time,
    Kind,
}

/// Every field that can be mapped, by its name in the native form.
static FIELDS: &[(&str, Slot)] = &[
    ("id", Slot::Id(|p| &mut p.id)),
    ("network", Slot::Network),
    ("created_at", Slot::Time),
    ("text", Slot::Body),
    ("title", Slot::Text(|p| &mut p.title)),
    ("lang", Slot::Text(|p| &mut p.lang)),
    ("url", Slot::Text(|p| &mut p.url)),
    ("author.id", Slot::Id(|p| &mut p.author.id)),
    ("author.handle", Slot::Text(|p| &mut p.author.handle)),
    ("author.name", Slot::Text(|p| &mut p.author.name)),
    ("author.bio", Slot::Text(|p| &mut p.author.bio)),
    ("author.location", Slot::Text(|p| &mut p.author.location)),
    ("author.followers", Slot::Count(|p| &mut p.author.followers)),
    ("author.following", Slot::Count(|p| &mut p.author.following)),
    ("author.posts", Slot::Count(|p| &mut p.author.posts)),
    ("author.listed", Slot::Count(|p| &mut p.author.listed)),
    ("author.verified", Slot::Flag(|p| &mut p.author.verified)),
    ("in_reply_to.id", Slot::Id(|p| &mut p.in_reply_to.id)),
    ("in_reply_to.author", Slot::Text(|p| &mut p.in_reply_to.author)),
    ("in_reply_to.author_id", Slot::Id(|p| &mut p.in_reply_to.author_id)),
    ("conversation_id", Slot::Id(|p| &mut p.conversation_id)),
    ("repost_of.id", Slot::Id(|p| &mut p.repost_of.id)),
    ("repost_of.author", Slot::Text(|p| &mut p.repost_of.author)),
    ("repost_of.author_id", Slot::Id(|p| &mut p.repost_of.author_id)),
    ("quote_of.id", Slot::Id(|p| &mut p.quote_of.id)),
    ("quote_of.author", Slot::Text(|p| &mut p.quote_of.author)),
    ("quote_of.author_id", Slot::Id(|p| &mut p.quote_of.author_id)),
    ("quote_of.text", Slot::Text(|p| &mut p.quoted_text)),
    ("counts.likes", Slot::Count(|p| &mut p.counts.likes)),
    ("counts.replies", Slot::Count(|p| &mut p.counts.replies)),
    ("counts.reposts", Slot::Count(|p| &mut p.counts.reposts)),
    ("counts.quotes", Slot::Count(|p| &mut p.counts.quotes)),
    ("counts.views", Slot::Count(|p| &mut p.counts.views)),
    ("links", Slot::List(limits::LINKS, |p| &mut p.links)),
    ("mentions", Slot::List(limits::MENTIONS, |p| &mut p.mentions)),
    ("media", Slot::Media),
    ("place.name", Slot::Text(|p| &mut p.place)),
    ("place.country", Slot::Text(|p| &mut p.country)),
    ("source_app", Slot::SourceApp),
    ("sensitive", Slot::Flag(|p| &mut p.sensitive)),
    ("kind", Slot::Kind),
];

/// Fields without which no post can be read.
const REQUIRED: [&str; 3] = ["id", "created_at", "text"];

/// Names of the fields that a mapping can fill, and whether it must.
pub fn fields() -> impl Iterator<Item = (&'static str, bool)> {
    FIELDS.iter().map(|(name, _)| (*name, REQUIRED.contains(name)))
}

/// Where a field comes from.
#[derive(Debug)]
enum From {
    Pointer(Vec<String>),
    Literal(String),
}

struct Mapped {
    parser: Parser,
    pages: Pages,
    fields: Vec<(&'static Slot, From)>,
    time_format: String,
}

impl Mapped {
    /// Leaves out what [`check`] refuses.
    fn new(mapping: &Mapping) -> Mapped {
        let fields = mapping.fields.iter().filter_map(|(name, from)| Some((slot(name)?, source(from)?))).collect();
        Mapped { parser: Parser::default(), pages: Pages::default(), fields, time_format: mapping.time_format.clone() }
    }
}

impl Decoder for Mapped {
    fn decode(&mut self, frame: &mut [u8], out: &mut Decoded) {
        let Mapped { parser, pages, fields, time_format } = self;
        if let Err(reason) = parser.parse(frame, |value| out.admit(read(value, fields, time_format, &mut pages.start()))) {
            out.refuse(reason);
        }
    }
}

fn slot(name: &str) -> Option<&'static Slot> {
    FIELDS.iter().find(|(n, _)| *n == name).map(|(_, slot)| slot)
}

/// `=literal`, or a pointer: empty (the whole value) or starting with `/`.
fn source(written: &str) -> Option<From> {
    if let Some(literal) = written.strip_prefix('=') {
        return Some(From::Literal(literal.to_owned()));
    }
    let tokens = written.strip_prefix('/')?.split('/');
    tokens.map(unescaped).collect::<Option<Vec<_>>>().map(From::Pointer)
}

/// `~0` is `~` and `~1` is `/`; nothing else may follow a `~`.
fn unescaped(token: &str) -> Option<String> {
    let valid = token.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    valid.then(|| token.replace("~1", "/").replace("~0", "~"))
}

/// A field's value: a constant, or what stands in the frame.
#[derive(Clone, Copy)]
struct Found<'a> {
    literal: Option<&'a str>,
    value: Value<'a>,
}

impl<'a> Found<'a> {
    fn new(from: &'a From, frame: Value<'a>) -> Found<'a> {
        match from {
            From::Pointer(path) => Found { literal: None, value: frame.at(path) },
            From::Literal(text) => Found { literal: Some(text), value: Value::NULL },
        }
    }

    fn text(self) -> Option<&'a str> {
        self.literal.or(self.value.as_str())
    }

    /// Whether anything is said.
    fn is_some(self) -> bool {
        self.literal.is_some() || !self.value.is_null()
    }

    fn count(self) -> Count {
        self.literal.map_or_else(|| count(self.value), |number| number.parse().map_or(Count::UNKNOWN, Count::of))
    }

    /// A string or a whole number.
    fn ident(self, scratch: &mut Scratch<'a>) -> &'a str {
        self.literal.unwrap_or_else(|| scratch.ident(self.value))
    }

    /// An array of strings or one string.
    fn strings(self) -> impl Iterator<Item = &'a str> {
        self.text().into_iter().chain(self.value.items().filter_map(Value::as_str))
    }

    fn time(self, format: &str) -> Option<Timestamp> {
        match self.text() {
            Some(text) if !format.is_empty() => dates::parse_with(format, text),
            Some(text) => dates::parse(text),
            None => time(self.value),
        }
    }
}

fn read<'a>(frame: Value<'a>, fields: &'a [(&'static Slot, From)], time_format: &str, scratch: &mut Scratch<'a>) -> Read<'a> {
    if !frame.is_object() {
        return Err(Refused::Shape);
    }
    let mut post = Post::default();
    let (mut at, mut dated, mut text) = (None, false, None);
    for (slot, from) in fields {
        let found = Found::new(from, frame);
        match slot {
            Slot::Text(field) | Slot::Id(field) => *field(&mut post) = found.ident(scratch),
            Slot::Count(field) => *field(&mut post) = found.count(),
            Slot::List(max, field) => *field(&mut post) = Lines(scratch.lines(*max, found.strings())),
            Slot::Body => text = found.text(),
            Slot::Network => post.network = lower(found.text().unwrap_or(""), scratch),
            Slot::SourceApp => post.source_app = markup::anchor(found.text().unwrap_or("")),
            Slot::Flag(field) => *field(&mut post) = found.literal == Some("true") || found.value.bool(),
            Slot::Media => found.strings().for_each(|name| post.media.add(name)),
            Slot::Time => (at, dated) = (found.time(time_format), found.is_some()),
            Slot::Kind => post.kind = kind_of(found.text())?,
        }
    }
    if post.kind == Kind::Delete && (at.is_some() || !dated) {
        return Ok(Some(Post { at: at.unwrap_or(Timestamp::MIN), ..post }));
    }
    Ok(Some(Post { at: at.ok_or(Refused::BadTime)?, text: text.ok_or(Refused::NoText)?, ..post }))
}

/// What is wrong with one entry of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingFault {
    /// There is no such field; the nearest one, if one is near.
    UnknownField(Option<&'static str>),
    /// The same field twice.
    Twice,
    /// Neither `=literal` nor a JSON Pointer.
    BadPointer,
    /// The constant of a number is no whole number from 0 up.
    BadNumber,
    /// A field that every post needs is not mapped.
    Missing,
    /// A strptime pattern that cannot be used.
    BadTimeFormat,
}

/// One thing that is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingProblem {
    /// The field as written, or `time_format`.
    pub field: String,
    /// What is wrong with it.
    pub fault: MappingFault,
}

impl MappingProblem {
    /// In words.
    pub fn text(&self) -> Both {
        let field = &self.field;
        match self.fault {
            MappingFault::UnknownField(Some(near)) => Both::new(
                format!("no hay un campo «{field}»; ¿querías decir «{near}»?"),
                format!("there is no field `{field}`; did you mean `{near}`?"),
            ),
            MappingFault::UnknownField(None) => Both::new(format!("no hay un campo «{field}»"), format!("there is no field `{field}`")),
            MappingFault::Twice => Both::new(format!("el campo «{field}» está dos veces"), format!("the field `{field}` is there twice")),
            MappingFault::BadPointer => Both::new(
                format!("«{field}» necesita un puntero JSON («/usuario/nombre») o una constante («=x»)"),
                format!("`{field}` needs a JSON Pointer (`/user/name`) or a constant (`=x`)"),
            ),
            MappingFault::BadNumber => Both::new(
                format!("«{field}» necesita un número entero desde 0 («=100») o un puntero JSON («/usuario/seguidores»)"),
                format!("`{field}` needs a whole number from 0 up (`=100`) or a JSON Pointer (`/user/followers`)"),
            ),
            MappingFault::Missing => Both::new(
                format!("falta el campo «{field}», que toda publicación necesita"),
                format!("the field `{field}`, which every post needs, is missing"),
            ),
            MappingFault::BadTimeFormat => Both::new(
                format!("«{field}» no es un patrón de fecha que se pueda leer"),
                format!("`{field}` is no date pattern that can be read"),
            ),
        }
    }
}

/// Whether a mapping can be used.
///
/// # Errors
/// Everything that is wrong with it, in the order written, then the fields that are missing.
pub fn check(mapping: &Mapping) -> Result<(), Vec<MappingProblem>> {
    let mut problems = Vec::new();
    let mut problem = |field: &str, fault| problems.push(MappingProblem { field: field.to_owned(), fault });
    for (i, (field, from)) in mapping.fields.iter().enumerate() {
        if slot(field).is_none() {
            problem(field, MappingFault::UnknownField(nearest(field)));
        }
        if mapping.fields.iter().take(i).any(|(earlier, _)| earlier == field) {
            problem(field, MappingFault::Twice);
        }
        match (slot(field), source(from)) {
            (_, None) => problem(field, MappingFault::BadPointer),
            (Some(Slot::Count(_)), Some(From::Literal(number))) if number.parse::<u64>().is_err() => {
                problem(field, MappingFault::BadNumber)
            }
            _ => {}
        }
    }
    for field in REQUIRED {
        if !mapping.fields.iter().any(|(mapped, _)| mapped == field) {
            problem(field, MappingFault::Missing);
        }
    }
    if !mapping.time_format.is_empty() && !dates::is_pattern(&mapping.time_format) {
        problem("time_format", MappingFault::BadTimeFormat);
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The field whose name is at most a third away; a name without its group (`handle`) finds it.
fn nearest(written: &str) -> Option<&'static str> {
    let distance = |name: &str| match name.rsplit('.').next() {
        Some(last) if last == written => 0,
        _ => crate::nearest::distance(written, name),
    };
    let near = FIELDS.iter().map(|(name, _)| (distance(name), *name)).min_by_key(|(d, _)| *d)?;
    (near.0 <= near.1.len().div_ceil(3)).then_some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::testing::decode_as;

    fn mapping(fields: &[(&str, &str)], time_format: &str) -> Mapping {
        let fields = fields.iter().map(|(f, p)| (f.to_string(), p.to_string())).collect();
        Mapping { fields, time_format: time_format.into() }
    }

    fn formatted(fields: &[(&str, &str)], time_format: &str) -> Format {
        Format { name: "mapped", mapping: mapping(fields, time_format) }
    }

    #[test]
    fn pointers_and_constants() {
        let format = formatted(
            &[
                ("id", "/a/1/id"),
                ("network", "=X"),
                ("created_at", "/when"),
                ("text", "/t~1x~0"),
                ("author.id", "/user"),
                ("author.handle", "/user"),
                ("author.followers", "/n"),
                ("author.verified", "=true"),
                ("links", "/links"),
                ("mentions", "/one"),
                ("media", "=video"),
                ("source_app", "/source"),
                ("sensitive", "/nsfw"),
                ("quote_of.text", "/missing/0"),
            ],
            "",
        );
        let frame = r#"{"a":[0,{"id":12}],"when":"Fri Oct 16 00:40:38 +0000 2020","t/x~":"hola","user":56431247,"n":296.0,
            "links":["https://e.mx",7,"https://e.mx/2"],"one":"m","nsfw":true,"source":"<a href=\"http://x\" rel=\"nofollow\">Twitter for Android</a>"}"#;
        let out = decode_as(&format, frame.replace('\n', " ").as_bytes());
        let expected = Post {
            at: Timestamp(1_602_808_838_000_000),
            id: "12",
            network: "x",
            text: "hola",
            author: crate::post::Author {
                id: "56431247",
                handle: "56431247",
                followers: Count::of(296),
                verified: true,
                ..Default::default()
            },
            links: Lines("https://e.mx\nhttps://e.mx/2"),
            mentions: Lines("m"),
            media: crate::post::Media(2),
            source_app: "Twitter for Android",
            sensitive: true,
            ..Post::default()
        };
        assert_eq!(out.posts.iter().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn times() {
        // (time_format, time as JSON, expected)
        let table = [
            ("", "1654657775677", Some("2022-06-08T03:09:35.677Z")),
            ("", "\"2020-10-16 01:40:38\"", Some("2020-10-16T01:40:38Z")),
            ("", "1602808838.5", Some("2020-10-16T00:40:38.5Z")),
            ("%d/%m/%Y %H.%M", "\"16/10/2020 01.40\"", Some("2020-10-16T01:40:00Z")),
            ("%d/%m/%Y %H.%M", "\"2020-10-16\"", None),
            ("", "true", None),
        ];
        for (time_format, time, expected) in table {
            let format = formatted(&[("id", "=1"), ("created_at", "/t"), ("text", "=x")], time_format);
            let out = decode_as(&format, format!("{{\"t\":{time}}}").as_bytes());
            let at = out.posts.iter().next().map(|p| p.at.to_string());
            assert_eq!(at.as_deref(), expected, "{time}");
        }
    }

    #[test]
    fn a_number_may_be_a_constant() {
        let fields = [("id", "=1"), ("created_at", "/t"), ("text", "=x"), ("author.followers", "=100"), ("counts.likes", "=0")];
        assert_eq!(check(&mapping(&fields, "")), Ok(()));
        let out = decode_as(&formatted(&fields, ""), br#"{"t":0}"#);
        let post = out.posts.get(0);
        assert_eq!((post.author.followers, post.counts.likes, post.counts.views), (Count::of(100), Count::of(0), Count::UNKNOWN));
    }

    #[test]
    fn what_is_missing_is_refused() {
        let format = formatted(&[("id", "/id"), ("created_at", "/at"), ("text", "/text"), ("kind", "/kind")], "");
        let table = [
            (r#"{"id":"1","at":0,"text":""}"#, None),
            (r#"{"at":0,"text":""}"#, Some(Refused::NoId)),
            (r#"{"id":"1","text":""}"#, Some(Refused::BadTime)),
            (r#"{"id":"1","at":0}"#, Some(Refused::NoText)),
            (r#"{"id":"1","kind":"delete"}"#, None),
            (r#"{"id":"1","kind":"delete","at":0}"#, None),
            (r#"{"id":"1","kind":"delete","at":"soon"}"#, Some(Refused::BadTime)),
            (r#"{"id":"1","kind":"gone"}"#, Some(Refused::Shape)),
            ("[1]", Some(Refused::Shape)),
            ("{", Some(Refused::Malformed)),
        ];
        for (frame, expected) in table {
            let out = decode_as(&format, frame.as_bytes());
            assert_eq!(out.refusals.first().map(|(_, r)| *r), expected, "{frame}");
        }
    }

    #[test]
    fn a_mapping_is_checked_whole() {
        let good = [("id", "/id"), ("created_at", "/a~0b"), ("text", "=x")];
        assert_eq!(check(&mapping(&good, "%Y-%m-%d")), Ok(()));
        let problem = |field: &str, fault| MappingProblem { field: field.into(), fault };
        let bad = [
            ("id", "id"),
            ("id", "/id"),
            ("created_at", "/a~2"),
            ("author.handel", "/h"),
            ("followers", "/f"),
            ("counts.likes", "=-1"),
            ("zzzzzzzz", ""),
        ];
        let expected = vec![
            problem("id", MappingFault::BadPointer),
            problem("id", MappingFault::Twice),
            problem("created_at", MappingFault::BadPointer),
            problem("author.handel", MappingFault::UnknownField(Some("author.handle"))),
            problem("followers", MappingFault::UnknownField(Some("author.followers"))),
            problem("counts.likes", MappingFault::BadNumber),
            problem("zzzzzzzz", MappingFault::UnknownField(None)),
            problem("zzzzzzzz", MappingFault::BadPointer),
            problem("text", MappingFault::Missing),
            problem("time_format", MappingFault::BadTimeFormat),
        ];
        assert_eq!(check(&mapping(&bad, "%H:%M")), Err(expected.clone()));
        for problem in expected {
            let text = problem.text();
            assert!(text.es.contains(&problem.field) && text.en.contains(&problem.field) && text.es != text.en);
        }
    }

    #[test]
    fn every_field_of_the_schema_can_be_mapped() {
        let schema: serde_json::Value = serde_json::from_str(include_str!("../../docs/post.schema.json")).expect("JSON");
        let mut named = Vec::new();
        for (key, property) in schema["properties"].as_object().expect("properties") {
            let shared = property["$ref"].as_str().and_then(|r| schema.pointer(r.trim_start_matches('#'))).unwrap_or(property);
            let inner = [property, shared].into_iter().filter_map(|p| p["properties"].as_object()).flat_map(|p| p.keys());
            let before = named.len();
            named.extend(inner.map(|k| format!("{key}.{k}")));
            if named.len() == before {
                named.push(key.clone());
            }
        }
        named.sort_unstable();
        named.dedup();
        let mut fields: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        fields.sort_unstable();
        assert_eq!(named, fields);
    }
}
