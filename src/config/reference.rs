//! Every section and key there is, with what it holds, what it is by default and what it means: put together from
//! what the reader asks of a file that has all of them, and so never said twice.

use std::path::Path;

use toml::de::DeTable;

use super::asked::{Asked, Holds};
use super::defaults::{self, EXAMPLE, MACHINE, REQUIRED, UNSAID};
use super::problem::{Problems, both};
use super::units::{show_duration, show_size};
use super::{meaning, typed, used};
use crate::bilingual::{Both, Lang};

/// One section.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// As it is typed, `[[brand.accounts]]`; empty for the keys before any section.
    pub header: String,
    /// What it is.
    pub meaning: Both,
    /// Its keys.
    pub entries: Vec<Entry>,
}

/// One key.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub key: String,
    /// The name is an example: any will do.
    pub free: bool,
    /// Which kinds of the section take it (values of `type` or `on`); empty for all of them.
    pub kinds: Vec<String>,
    /// What it holds.
    pub holds: Holds,
    /// What it is where nothing is said.
    pub given: Given,
    /// What it means.
    pub meaning: Both,
}

/// What a key is where nothing is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// This.
    Default(String),
    /// As many as the machine has CPUs.
    Cpus,
    /// It must be said.
    Required,
    /// Nothing; what that means, its text tells.
    Nothing,
}

/// One line of the file of defaults.
struct Line<'t> {
    key: &'t str,
    given: Given,
    is_example: bool,
}

/// A section of the file of defaults; `kind` is its `type` or `on`.
struct Block<'t> {
    header: &'t str,
    kind: &'t str,
    lines: Vec<Line<'t>>,
}

/// The section as the reader names it.
fn title(header: &str) -> &str {
    match header.trim_matches(['[', ']']).split_once('.') {
        Some((_, below)) if header != "[source.map]" => below,
        _ => header,
    }
}

/// Key and value of a line, unless it is a header or empty.
fn line(text: &str) -> Option<Line<'_>> {
    let (key, value) = text.strip_prefix(UNSAID).unwrap_or(text).split_once(" = ")?;
    let given = match value {
        _ if text.starts_with(UNSAID) || value.ends_with(EXAMPLE) => Given::Nothing,
        _ if value.ends_with(REQUIRED) => Given::Required,
        _ if value.ends_with(MACHINE) => Given::Cpus,
        _ => Given::Default(value.to_owned()),
    };
    Some(Line { key: key.trim_matches('"'), given, is_example: value.ends_with(EXAMPLE) })
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut all = vec![Block { header: "", kind: "", lines: Vec::new() }];
    for typed in text.lines() {
        if typed.starts_with('[') {
            all.push(Block { header: typed, kind: "", lines: Vec::new() });
        }
        let (Some(block), Some(line)) = (all.last_mut(), line(typed)) else { continue };
        if matches!(line.key, "type" | "on") {
            block.kind = typed.split('"').nth(1).unwrap_or_default();
        }
        block.lines.push(line);
    }
    all
}

/// What the reader asks of `text`.
fn asked(text: &str) -> Vec<Asked> {
    let problems = Problems::listening();
    let (table, _) = DeTable::parse_recoverable(text);
    used::config(&typed::read(&table, &problems), text, Path::new(""), &problems);
    problems.all_asked()
}

/// What the reader knows of sections and keys.
struct Known(Vec<Asked>);

impl Known {
    /// The kinds of a section, each with the keys that it takes; what was noted last holds.
    fn kinds(&self, title: &str) -> Vec<(&str, &[String])> {
        let mut all: Vec<(&str, &[String])> = Vec::new();
        for asked in &self.0 {
            let Asked::Only(place, keys) = asked else { continue };
            if place.title == title {
                all.retain(|(kind, _)| *kind != place.variant);
                all.push((&place.variant, keys));
            }
        }
        all
    }

    /// What `key` holds; of several readings the last, which is the most particular.
    fn holds(&self, title: &str, kind: &str, key: &str) -> Holds {
        let of = |place: &super::asked::Place| place.title == title && place.variant == kind;
        let read = self.0.iter().rev().find_map(|asked| match asked {
            Asked::Read(place, read, holds) if of(place) && read == key => Some(holds.clone()),
            _ => None,
        });
        read.unwrap_or(Holds::Text)
    }
}

/// All sections and keys.
pub fn reference() -> Vec<Part> {
    let text = defaults::text();
    let (blocks, known) = (blocks(&text), Known(asked(&text)));
    let mut parts: Vec<Part> = Vec::new();
    for block in &blocks {
        if !parts.iter().any(|part| part.header == block.header) {
            parts.push(part(block.header, &blocks, &known));
        }
    }
    parts
}

fn part(header: &str, blocks: &[Block<'_>], known: &Known) -> Part {
    let title = title(header);
    let kinds = known.kinds(title);
    let everywhere = |key: &str| kinds.iter().all(|(_, keys)| keys.iter().any(|k| k == key));
    let mut entries: Vec<Entry> = Vec::new();
    let mut add = |key: &str, kind: &str, given: Given, free: bool| {
        let holds = known.holds(title, kind, key);
        if let Some(same) = entries.iter_mut().find(|e| e.key == key && e.holds == holds && e.given == given) {
            if !same.kinds.is_empty() {
                same.kinds.push(kind.to_owned());
            }
            return;
        }
        let kinds = if everywhere(key) { Vec::new() } else { vec![kind.to_owned()] };
        entries.push(Entry { key: key.to_owned(), free, kinds, holds, given, meaning: meaning::of(title, key) });
    };
    let mine = || blocks.iter().filter(|block| block.header == header);
    let mut seen: Vec<&str> = Vec::new();
    for block in mine() {
        for line in &block.lines {
            // What is shown once more as an example has been told.
            if !(line.is_example && seen.contains(&line.key)) {
                add(line.key, block.kind, line.given.clone(), line.is_example && kinds.is_empty());
            }
            seen.push(line.key);
        }
    }
    // What is a section below this one is no line.
    for (kind, keys) in &kinds {
        let below = keys.iter().filter(|key| blocks.iter().any(|b| b.header.trim_matches(['[', ']']) == below(header, key)));
        below.for_each(|key| add(key, kind, Given::Nothing, false));
    }
    Part { header: header.to_owned(), meaning: meaning::of(title, ""), entries }
}

/// The section that `key` of `header` is.
fn below(header: &str, key: &str) -> String {
    format!("{}.{key}", header.trim_matches(['[', ']']))
}

impl Holds {
    /// In words, with the bounds.
    pub fn words(&self) -> Both {
        match self {
            Holds::Text => both!("texto", "string"),
            Holds::Name => both!("nombre", "name"),
            Holds::TextWithin(most) => both!("texto de hasta {most} caracteres", "string of up to {most} characters"),
            Holds::Texts => both!("lista de textos", "list of strings"),
            Holds::Flag => both!("true o false", "true or false"),
            Holds::Integer(least, i64::MAX) => both!("entero, desde {least}", "whole number, from {least}"),
            Holds::Integer(least, most) => both!("entero, de {least} a {most}", "whole number, {least} to {most}"),
            Holds::Decimal(least, most) => both!("número, de {least} a {most}", "number, {least} to {most}"),
            Holds::Duration(least, most) => {
                let (least, most) = (show_duration(*least), show_duration(*most));
                both!("duración, de {least} a {most}", "duration, {least} to {most}")
            }
            Holds::Size(least, most) => {
                let (least, most) = (show_size(*least), show_size(*most));
                both!("tamaño, de {least} a {most}", "size, {least} to {most}")
            }
            Holds::OneOf(names) => Both::new(names.join(" | "), names.join(" | ")),
            Holds::SomeOf(names) => {
                let names = names.join(", ");
                both!("lista de {names}", "list of {names}")
            }
            Holds::Table => both!("tabla", "table"),
            Holds::Tables => both!("lista de tablas", "list of tables"),
            Holds::Queries => both!("lista de consultas", "list of queries"),
        }
    }
}

/// Every section and key with what holds where nothing is said, as a correct file that explains itself.
pub fn defaults(lang: Lang) -> String {
    let (text, parts) = (defaults::text(), reference());
    let (mut file, mut header, mut told) = (String::new(), "", Vec::new());
    for typed in text.lines() {
        if typed.starts_with('[') {
            header = typed;
        }
        let key = line(typed).map_or("", |line| line.key);
        let part = parts.iter().find(|part| part.header == header);
        if !typed.is_empty() && !told.contains(&(header, key)) {
            told.push((header, key));
            let entry = part.and_then(|part| part.entries.iter().find(|entry| entry.key == key));
            let comment = match entry {
                Some(entry) => format!("{} ({})", entry.meaning.get(lang), entry.holds.words().get(lang)),
                None => part.map_or(String::new(), |part| part.meaning.get(lang).to_owned()),
            };
            if !comment.is_empty() {
                file += &format!("# {comment}\n");
            }
        }
        file += typed;
        file.push('\n');
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_defaults_has_every_key_that_the_reader_knows() {
        let text = defaults::text();
        let (blocks, known) = (blocks(&text), Known(asked(&text)));
        let has = |title: &str, kind: Option<&str>, key: &str| {
            let of = |b: &&Block<'_>| self::title(b.header) == title && kind.is_none_or(|kind| b.kind == kind);
            let names = |b: &Block<'_>| {
                blocks.iter().any(|other| other.header.trim_matches(['[', ']']) == below(b.header, key).trim_start_matches('.'))
            };
            blocks.iter().filter(of).any(|b| b.lines.iter().any(|line| line.key == key) || names(b))
        };
        let mut checked = 0;
        for asked in &known.0 {
            let Asked::Only(place, _) = asked else { continue };
            let kinds = known.kinds(&place.title);
            let Some((kind, keys)) = kinds.iter().find(|(kind, _)| *kind == place.variant) else { continue };
            for key in *keys {
                let common = kinds.iter().all(|(_, keys)| keys.contains(key));
                let found = has(&place.title, Some(kind).copied().filter(|_| !common), key);
                assert!(found, "{} {kind} has no {key} in the file of defaults", place.title);
                checked += 1;
            }
        }
        assert!(checked > 150, "{checked}");
        let missing: Vec<&str> = crate::sources::ALL.iter().map(|s| s.name).filter(|n| !blocks.iter().any(|b| b.kind == *n)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let missing: Vec<&str> = crate::notifiers::ALL.iter().map(|s| s.name).filter(|n| !blocks.iter().any(|b| b.kind == *n)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_section_and_key_has_a_meaning_and_no_other() {
        let parts = reference();
        let mut used = Vec::new();
        for part in &parts {
            let title = title(&part.header);
            let keys = part.entries.iter().map(|entry| entry.key.as_str());
            for key in keys.chain(Some("").filter(|_| !title.is_empty())) {
                let found = meaning::find(title, key);
                used.push(found.unwrap_or_else(|| panic!("{} {key} has no text in config/meaning", part.header)));
            }
        }
        let idle: Vec<_> = meaning::all().filter(|m| !used.iter().any(|u| std::ptr::eq(*u, *m))).collect();
        assert!(idle.is_empty(), "about nothing: {idle:?}");
        let mut keys: Vec<_> = meaning::all().map(|(section, key, ..)| (section, key)).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "twice");
        assert!(meaning::all().all(|(_, _, es, en)| !es.is_empty() && !en.is_empty()));
    }

    #[test]
    fn what_is_printed_for_people_is_the_same_file_and_explains_it() {
        for lang in [Lang::Es, Lang::En] {
            let printed = defaults(lang);
            let bare: String = printed.lines().filter(|line| !line.starts_with("# ")).map(|line| format!("{line}\n")).collect();
            assert_eq!(bare, defaults::text());
        }
        let printed = defaults(Lang::En);
        assert!(printed.contains("# Threads that decode, match and score (whole number, 1 to 64)\nlanes = "), "{printed}");
        assert!(printed.contains("# Beyond it the oldest alerts go (size, 1MB to 1024GB)\nmax_bytes = \"1GB\"\n"), "{printed}");
        assert!(printed.contains("severity = \"warning\"") && printed.contains("(info | warning | critical)"), "{printed}");
    }
}
