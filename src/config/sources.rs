//! `[[source]]`: which keys a type takes, and from typed to used.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::bilingual::Both;
use crate::decode::{Format, Mapping};
use crate::sources::Settings;

use super::nearest::nearest;
use super::problem::{Problems, both};
use super::section::{At, Section, no_fix};

/// Keys every source takes.
const COMMON: [&str; 6] = ["name", "type", "format", "on_full", "map", "time_format"];

/// A type of source as far as the file is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    name: &'static str,
    /// The keys it takes besides the common ones.
    keys: &'static [&'static str],
    /// The format of its frames unless the file says so.
    format: &'static str,
}

const KINDS: [Kind; 5] = [
    Kind { name: "file", keys: &["path", "follow"], format: "escucha" },
    Kind { name: "stdin", keys: &[], format: "escucha" },
    Kind { name: "http", keys: &[], format: "escucha" },
    Kind { name: "tcp", keys: &["bind"], format: "escucha" },
    Kind { name: "jetstream", keys: &["endpoint", "collections", "dictionary", "cursor"], format: "jetstream" },
];

const LATER: [&str; 4] = ["mastodon", "x", "nats", "kafka"];

const FORMATS: [&str; 6] = ["escucha", "jetstream", "mastodon", "x-v2", "x-v1", "mapped"];

/// Fields of a post that `[source.map]` can feed.
const FIELDS: [&str; 40] = [
    "kind",
    "created_at",
    "network",
    "id",
    "text",
    "title",
    "lang",
    "url",
    "author.id",
    "author.handle",
    "author.name",
    "author.bio",
    "author.location",
    "author.followers",
    "author.following",
    "author.posts",
    "author.listed",
    "author.verified",
    "in_reply_to.id",
    "in_reply_to.author",
    "in_reply_to.author_id",
    "repost_of.id",
    "repost_of.author",
    "repost_of.author_id",
    "quote_of.id",
    "quote_of.author",
    "quote_of.author_id",
    "quote_of.text",
    "conversation_id",
    "links",
    "mentions",
    "media",
    "place.name",
    "place.country",
    "source_app",
    "counts.likes",
    "counts.replies",
    "counts.reposts",
    "counts.quotes",
    "counts.views",
];

/// `[[source]]` as typed.
pub struct Source<'a> {
    span: Range<usize>,
    pub name: Option<At<&'a str>>,
    kind: Option<Kind>,
    format: Option<At<&'static str>>,
    shed: bool,
    map: Option<At<Vec<(At<String>, At<&'a str>)>>>,
    time_format: Option<At<&'a str>>,
    path: Option<At<&'a str>>,
    follow: bool,
    bind: Option<At<&'a str>>,
    endpoint: Option<At<&'a str>>,
    collections: Vec<At<&'a str>>,
    dictionary: Option<At<&'a str>>,
    cursor: Option<At<i64>>,
}

/// Reads one `[[source]]`.
pub fn read(section: Section<'_>) -> Source<'_> {
    if section.value("type").is_none() {
        section.missing("type");
    }
    let kinds = KINDS.map(|kind| (kind.name, kind));
    let kind = section.choice("type", &kinds, &LATER).map(|k| k.value);
    // Without a type that is known, every key of any type passes: one mistake, one message.
    let own: Vec<&str> = kind.map_or_else(|| KINDS.iter().flat_map(|k| k.keys).copied().collect(), |k| k.keys.to_vec());
    section.only(&[&COMMON[..], &own].concat(), &[]);
    let formats = FORMATS.map(|name| (name, name));
    Source {
        span: section.span(),
        name: section.name(),
        kind,
        format: section.choice("format", &formats, &[]),
        shed: section.choice("on_full", &[("wait", false), ("shed", true)], &[]).is_some_and(|s| s.value),
        map: section.table("map", "[source.map]").map(|map| At { value: fields(map, ""), span: map.span() }),
        time_format: section.text("time_format"),
        path: section.text("path"),
        follow: section.flag("follow").is_some_and(|f| f.value),
        bind: section.text("bind"),
        endpoint: section.text("endpoint"),
        collections: section.texts("collections"),
        dictionary: section.text("dictionary"),
        cursor: section.integer("cursor", 0, i64::MAX),
    }
}

/// `author.handle = "/user"` and `"author.handle" = "/user"` alike.
fn fields<'a>(section: Section<'a>, prefix: &str) -> Vec<(At<String>, At<&'a str>)> {
    let mut all = Vec::new();
    for (key, value) in section.entries() {
        let field = format!("{prefix}{}", key.value);
        match value.get_ref() {
            toml::de::DeValue::Table(_) if prefix.is_empty() => {
                if let Some(inner) = Section::open(value, "[source.map]", section.problems()) {
                    all.extend(fields(inner, &format!("{field}.")));
                }
            }
            _ => all.extend(section.text(key.value).map(|pointer| (At { value: field, span: key.span }, pointer))),
        }
    }
    all
}

/// The source as used; paths are relative to `folder`. `None` after a problem.
pub fn used(source: &Source<'_>, folder: &Path, problems: &Problems) -> Option<Settings> {
    let name = source.name.as_ref()?.value.to_owned();
    let kind = source.kind?;
    let format = Format { name: source.format.as_ref().map_or(kind.format, |f| f.value), mapping: mapping(source, kind, problems) };
    Some(Settings {
        name,
        kind: kind.name,
        format,
        shed: source.shed,
        path: path(source, kind, folder, problems),
        follow: source.follow,
        bind: bind(source, kind, problems),
        endpoint: endpoint(source, kind, problems),
        collections: source.collections.iter().map(|c| c.value.to_owned()).collect(),
        dictionary: source.dictionary.as_ref().map(|d| folder.join(d.value)),
        cursor: source.cursor.as_ref().and_then(|c| u64::try_from(c.value).ok()),
    })
}

fn missing(source: &Source<'_>, kind: Kind, key: &str, example: &str, problems: &Problems) {
    let kind = kind.name;
    let cause = both!("a una fuente «{kind}» le falta «{key}»", "a “{kind}” source lacks “{key}”");
    problems.error(&source.span, cause, both!("añade {key} = \"{example}\"", "add {key} = \"{example}\""));
}

fn path(source: &Source<'_>, kind: Kind, folder: &Path, problems: &Problems) -> PathBuf {
    match &source.path {
        Some(path) if path.value.trim().is_empty() => problems.error(&path.span, both!("«path» está vacío", "“path” is empty"), no_fix()),
        Some(path) => return folder.join(path.value),
        None if kind.name == "file" => missing(source, kind, "path", "posts.ndjson", problems),
        None => {}
    }
    PathBuf::new()
}

fn bind(source: &Source<'_>, kind: Kind, problems: &Problems) -> Option<std::net::SocketAddr> {
    let Some(typed) = &source.bind else {
        if kind.name == "tcp" {
            missing(source, kind, "bind", "127.0.0.1:7071", problems);
        }
        return None;
    };
    let address = super::used::address(typed, problems)?;
    if !address.ip().is_loopback() {
        let cause = both!(
            "quien alcance {address} podrá meter mensajes: TCP no pide token",
            "whoever reaches {address} can send posts: TCP asks for no token"
        );
        problems.warning(
            &typed.span,
            cause,
            both!("usa 127.0.0.1, o cierra el puerto con el cortafuegos", "use 127.0.0.1, or close the port with the firewall"),
        );
    }
    Some(address)
}

fn endpoint(source: &Source<'_>, kind: Kind, problems: &Problems) -> String {
    let example = "wss://jetstream2.us-east.bsky.network/subscribe";
    let Some(typed) = &source.endpoint else {
        if kind.name == "jetstream" {
            missing(source, kind, "endpoint", example, problems);
        }
        return String::new();
    };
    let host = typed.value.strip_prefix("wss://").or_else(|| typed.value.strip_prefix("ws://"));
    if host.is_none_or(|h| h.is_empty() || h.starts_with('/') || h.contains(char::is_whitespace)) {
        let cause = both!("«endpoint» debe ser una dirección ws:// o wss://", "“endpoint” must be a ws:// or wss:// address");
        problems.error(&typed.span, cause, both!("por ejemplo {example}", "for example {example}"));
    }
    typed.value.to_owned()
}

/// `[source.map]` for the format `mapped`, and nothing for the others.
fn mapping(source: &Source<'_>, kind: Kind, problems: &Problems) -> Mapping {
    let format = source.format.as_ref().map_or(kind.format, |f| f.value);
    let Some(map) = &source.map else {
        if format == "mapped" {
            let cause = both!("el formato «mapped» necesita [source.map]", "the format “mapped” needs [source.map]");
            problems.error(
                &source.span,
                cause,
                both!("añade [source.map] con id, created_at y text", "add [source.map] with id, created_at and text"),
            );
        }
        return Mapping::default();
    };
    if format != "mapped" {
        let cause = both!("[source.map] solo sirve con format = \"mapped\"", "[source.map] is only for format = \"mapped\"");
        problems.error(&map.span, cause, no_fix());
    }
    for (field, pointer) in &map.value {
        check_field(field, pointer, problems);
    }
    for needed in ["id", "created_at", "text"] {
        if !map.value.iter().any(|(field, _)| field.value == needed) {
            let cause = both!("a [source.map] le falta «{needed}»", "[source.map] lacks “{needed}”");
            problems.error(&map.span, cause, both!("añade {needed} = \"/…\"", "add {needed} = \"/…\""));
        }
    }
    let mut fields: Vec<_> = map.value.iter().map(|(field, pointer)| (field.value.clone(), pointer.value.to_owned())).collect();
    fields.sort();
    Mapping { fields, time_format: time_format(source, problems) }
}

fn check_field(field: &At<String>, pointer: &At<&str>, problems: &Problems) {
    let name = field.value.as_str();
    if !FIELDS.contains(&name) {
        let fix = match nearest(name, FIELDS) {
            Some(near) => both!("¿querías decir «{near}»?", "did you mean “{near}”?"),
            None => {
                let all = FIELDS.join(", ");
                both!("campos: {all}", "fields: {all}")
            }
        };
        problems.error(&field.span, both!("una publicación no tiene el campo «{name}»", "a post has no field “{name}”"), fix);
    }
    if !pointer.value.starts_with(['/', '=']) {
        let typed = pointer.value;
        let cause = both!("«{typed}» no es un JSON Pointer ni una constante", "“{typed}” is neither a JSON Pointer nor a constant");
        problems.error(&pointer.span, cause, both!("escribe \"/{typed}\" o \"={typed}\"", "write \"/{typed}\" or \"={typed}\""));
    }
}

/// A strptime pattern; one that cannot even be printed cannot be read.
fn time_format(source: &Source<'_>, problems: &Problems) -> String {
    let Some(typed) = &source.time_format else { return String::new() };
    let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    if let Err(error) = jiff::fmt::strtime::format(typed.value, &sample) {
        let cause = Both::new(format!("«time_format» no se entiende: {error}"), format!("“time_format” is not understood: {error}"));
        problems.error(&typed.span, cause, both!("por ejemplo \"%a %b %d %H:%M:%S %z %Y\"", "for example \"%a %b %d %H:%M:%S %z %Y\""));
    }
    typed.value.to_owned()
}
