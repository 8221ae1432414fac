//! `[[source]]`: which keys a type takes, and from typed to used.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::bilingual::Both;
use crate::decode::{self, Format, Mapping, MappingFault};
use crate::sources::{self, Settings, Spec};

use super::problem::{Problems, both};
use super::section::{At, Section, no_fix};
use super::used;

/// Keys every source takes.
const COMMON: [&str; 7] = ["name", "type", "format", "on_full", "own_posts", "map", "time_format"];

/// Types that are promised and not built yet.
const LATER: [&str; 4] = ["mastodon", "x", "nats", "kafka"];

/// `[[source]]` as typed.
pub struct Source<'a> {
    section: Section<'a>,
    pub name: Option<At<&'a str>>,
    kind: Option<&'static Spec>,
    format: &'static str,
    shed: bool,
    own_posts: bool,
    map: Option<At<Vec<Field<'a>>>>,
    time_format: Option<At<&'a str>>,
    path: Option<At<&'a str>>,
    follow: bool,
    bind: Option<At<&'a str>>,
    ack: bool,
    endpoint: Option<At<&'a str>>,
    collections: Vec<At<&'a str>>,
    dictionary: Option<At<&'a str>>,
    cursor: Option<At<i64>>,
}

/// One line of `[source.map]`.
struct Field<'a> {
    name: At<String>,
    from: At<&'a str>,
}

/// Reads one `[[source]]`.
pub fn read(section: Section<'_>) -> Source<'_> {
    if section.value("type").is_none() {
        section.missing("type");
    }
    let kinds: Vec<_> = sources::ALL.iter().map(|spec| (spec.name, *spec)).collect();
    let kind = section.choice("type", &kinds, &LATER).map(|k| k.value);
    // Without a type that is known, every key of any type passes: one mistake, one message.
    let own: Vec<&str> = kind.map_or_else(|| sources::ALL.iter().flat_map(|k| k.keys).copied().collect(), |k| k.keys.to_vec());
    section.only(&[&COMMON[..], &own].concat(), &[]);
    let formats: Vec<_> = decode::ALL.iter().map(|spec| (spec.name, spec.name)).collect();
    // A network's own source brings its network's own format.
    let usual = formats.iter().find(|(name, _)| kind.is_some_and(|k| k.name == *name)).map_or("escucha", |(name, _)| name);
    Source {
        section,
        name: section.name(),
        kind,
        format: section.choice("format", &formats, &[]).map_or(usual, |f| f.value),
        shed: section.choice("on_full", &[("wait", false), ("shed", true)], &[]).is_some_and(|s| s.value),
        own_posts: section.flag("own_posts").is_some_and(|f| f.value),
        map: section.table("map", "[source.map]").map(|map| At { value: fields(map, ""), span: map.span() }),
        time_format: section.text("time_format"),
        path: section.text("path"),
        follow: section.flag("follow").is_some_and(|f| f.value),
        bind: section.text("bind"),
        ack: section.flag("ack").is_some_and(|f| f.value),
        endpoint: section.text("endpoint"),
        collections: section.texts("collections"),
        dictionary: section.text("dictionary"),
        cursor: section.integer("cursor", 0, i64::MAX),
    }
}

/// `author.handle = "/user"` and `"author.handle" = "/user"` alike.
fn fields<'a>(section: Section<'a>, prefix: &str) -> Vec<Field<'a>> {
    let mut all = Vec::new();
    for (key, value) in section.entries() {
        let name = format!("{prefix}{}", key.value);
        match value.get_ref().as_table() {
            Some(_) if prefix.is_empty() => {
                if let Some(inner) = Section::open(value, "[source.map]", section.problems()) {
                    all.extend(fields(inner, &format!("{name}.")));
                }
            }
            _ => all.extend(section.text(key.value).map(|from| Field { name: At { value: name, span: key.span }, from })),
        }
    }
    all
}

/// The source as used; paths are relative to `folder`. `None` after a problem.
pub fn used(source: &Source<'_>, folder: &Path, problems: &Problems) -> Option<Settings> {
    let spec = source.kind?;
    let bind = match &source.bind {
        Some(typed) => Some(address(typed, problems)?),
        None => None,
    };
    let settings = Settings {
        name: source.name.as_ref().map_or(String::new(), |name| name.value.to_owned()),
        kind: spec.name,
        format: Format { name: source.format, mapping: mapping(source, problems) },
        shed: source.shed,
        own_posts: source.own_posts,
        path: source.path.as_ref().filter(|p| !p.value.trim().is_empty()).map_or(PathBuf::new(), |p| folder.join(p.value)),
        follow: source.follow,
        bind,
        ack: source.ack,
        endpoint: source.endpoint.as_ref().map_or(String::new(), |e| e.value.trim().to_owned()),
        collections: source.collections.iter().map(|c| c.value.to_owned()).collect(),
        dictionary: source.dictionary.as_ref().map(|d| folder.join(d.value)),
        cursor: source.cursor.as_ref().and_then(|c| u64::try_from(c.value).ok()),
    };
    for problem in (spec.check)(&settings) {
        problems.error(&place(source, &problem), problem, no_fix());
    }
    source.name.as_ref().map(|_| settings)
}

/// Notes a second source of a type that there can be only one of: `http` has one endpoint, and two
/// readers of standard input would tear its lines apart.
pub fn only_once(all: &[Source<'_>], problems: &Problems) {
    for kind in ["http", "stdin"] {
        for beyond in all.iter().filter(|source| source.kind.is_some_and(|k| k.name == kind)).skip(1) {
            let span = beyond.section.value("type").map_or_else(|| beyond.section.span(), |value| value.span());
            let cause = both!(
                "ya hay una fuente de tipo «{kind}» y solo puede haber una",
                "there is already a source of type “{kind}”, and there can be only one"
            );
            problems.error(&span, cause, no_fix());
        }
    }
}

/// Notes a source that is to say what survives a crash, where nothing does.
pub fn acknowledges(all: &[Source<'_>], problems: &Problems) {
    for source in all.iter().filter(|source| source.ack) {
        let span = source.section.value("ack").map_or_else(|| source.section.span(), |value| value.span());
        let cause =
            both!("«ack» exige [store]: sin él nada sobrevive a una caída", "“ack” needs [store]: nothing survives a crash without it");
        let fix = both!("añade [store] con path, o quita «ack»", "add [store] with path, or remove “ack”");
        problems.error(&span, cause, fix);
    }
}

/// Where to show what a source's own check says: at the key it names in backquotes.
fn place(source: &Source<'_>, problem: &Both) -> Range<usize> {
    let named = problem.en.split('`').skip(1).step_by(2);
    named.filter_map(|key| source.section.value(key)).map(|value| value.span()).next().unwrap_or_else(|| source.section.span())
}

fn address(typed: &At<&str>, problems: &Problems) -> Option<std::net::SocketAddr> {
    let address = used::address(typed, problems)?;
    if !address.ip().is_loopback() {
        let cause = both!(
            "quien alcance {address} podrá meter mensajes: TCP no pide token",
            "whoever reaches {address} can send posts: TCP asks for no token"
        );
        let fix = both!("usa 127.0.0.1, o cierra el puerto con el cortafuegos", "use 127.0.0.1, or close the port with the firewall");
        problems.warning(&typed.span, cause, fix);
    }
    Some(address)
}

/// `[source.map]` for the format `mapped`, and nothing for the others.
fn mapping(source: &Source<'_>, problems: &Problems) -> Mapping {
    let Some(map) = &source.map else {
        if source.format == "mapped" {
            let cause = both!("el formato «mapped» necesita [source.map]", "the format “mapped” needs [source.map]");
            let fix = both!("añade [source.map] con id, created_at y text", "add [source.map] with id, created_at and text");
            problems.error(&source.section.span(), cause, fix);
        }
        return Mapping::default();
    };
    if source.format != "mapped" {
        let cause = both!("[source.map] solo sirve con format = \"mapped\"", "[source.map] is only for format = \"mapped\"");
        problems.error(&map.span, cause, no_fix());
    }
    let mut fields: Vec<_> = map.value.iter().map(|field| (field.name.value.clone(), field.from.value.to_owned())).collect();
    fields.sort();
    let mapping = Mapping { fields, time_format: source.time_format.as_ref().map_or(String::new(), |t| t.value.to_owned()) };
    for found in decode::check(&mapping).err().unwrap_or_default() {
        let field = map.value.iter().find(|f| f.name.value == found.field);
        let span = match (&found.fault, field) {
            (MappingFault::BadTimeFormat, _) => source.time_format.as_ref().map(|t| &t.span),
            (MappingFault::BadPointer, Some(field)) => Some(&field.from.span),
            (_, field) => field.map(|f| &f.name.span),
        };
        problems.error(span.unwrap_or(&map.span), found.text(), no_fix());
    }
    mapping
}
