//! Files of PowerTrack rules: read strictly, and the few names that are spelt otherwise there.

use serde::Deserialize;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::bilingual::Both;
use crate::config::{Problem, Report};

/// One rule as published: its query and what its matches are tagged with.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Rule {
    pub value: String,
    #[serde(default)]
    pub tag: Option<String>,
}

/// The rules of a file: `{"rules": […]}`, what X calls `data` or `add`, or the list alone.
struct Rules(Vec<Rule>);

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rules, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Rules;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("rules")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rules, A::Error> {
                let mut rules = Vec::new();
                while let Some(rule) = seq.next_element()? {
                    rules.push(rule);
                }
                Ok(Rules(rules))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rules, A::Error> {
                let mut rules = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "rules" | "data" | "add" => rules = Some(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                rules.map(Rules).ok_or_else(|| A::Error::custom("no rules"))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// The rules of `bytes`, or where and why they cannot be read.
pub fn read(path: &str, bytes: Vec<u8>) -> Result<Vec<Rule>, Report> {
    let refused = |text: String, at: usize, cause: Both, fix: Both| {
        let at = at.min(text.len());
        let end = (at..text.len()).find(|i| text.is_char_boundary(i + 1)).map_or(at, |i| i + 1);
        Report { path: path.to_owned(), problems: vec![Problem { span: at..end, is_error: true, code: "", cause, fix }], text }
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let cause = Both::new("el archivo no es UTF-8", "the file is not UTF-8");
            return Err(refused(text, at, cause, Both::new("guárdalo con la codificación UTF-8", "save it with the encoding UTF-8")));
        }
    };
    let body = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let skipped = text.len() - body.len();
    match serde_json::from_str::<Rules>(body) {
        Ok(Rules(rules)) => Ok(rules),
        Err(error) => {
            let at = offset(body, error.line(), error.column());
            let (cause, fix) = because(body, at, &error);
            Err(refused(text, skipped + at, cause, fix))
        }
    }
}

/// The byte that a reader of JSON stopped at; its columns count bytes, from 1, and 0 is the line
/// break before.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line.checked_sub(2) {
        Some(breaks) => text.bytes().enumerate().filter(|(_, b)| *b == b'\n').nth(breaks).map_or(0, |(i, _)| i + 1),
        None => 0,
    };
    let mut at = (start + column).saturating_sub(1).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Why a file is refused and what to do about it.
fn because(text: &str, at: usize, error: &serde_json::Error) -> (Both, Both) {
    let own = error.to_string();
    if text.trim_start().starts_with("```") {
        return (
            Both::new(
                "el archivo está envuelto en un bloque de Markdown (```) y eso no es JSON",
                "the file is wrapped in a Markdown block (```), which is no JSON",
            ),
            Both::new("borra las líneas que empiezan por ```", "delete the lines that begin with ```"),
        );
    }
    if text[at..].starts_with(|c: char| c.is_control()) && own.starts_with("control character") {
        return (
            Both::new("hay un salto de línea o un tabulador dentro de un texto entre comillas", "a string holds a line break or a tab"),
            Both::new("júntalo en una línea o escribe \\n y \\t", "put it on one line, or write \\n and \\t"),
        );
    }
    if error.is_eof() {
        return (
            Both::new("el archivo se acaba antes de cerrarse", "the file ends before it is closed"),
            Both::new("comprueba que esté completo", "check that it is complete"),
        );
    }
    if error.is_data() {
        return (
            Both::new("esto no es un archivo de reglas de PowerTrack", "this is no file of PowerTrack rules"),
            Both::new(
                "se espera {\"rules\": [{\"value\": \"…\", \"tag\": \"…\"}]} o la lista sola",
                "{\"rules\": [{\"value\": \"…\", \"tag\": \"…\"}]} or the list alone is expected",
            ),
        );
    }
    (
        Both::new("aquí deja de ser JSON", "here it stops being JSON"),
        Both::new(
            "busca una coma, unas comillas o un corchete de más o de menos",
            "look for a comma, a quote or a bracket too many or too few",
        ),
    )
}

/// Operators of PowerTrack that have another name here and mean the same.
const RENAMED: [(&str, &str); 3] =
    [("in_reply_to_status_id:", "in_reply_to:"), ("country_code:", "place_country:"), ("twitter_lang:", "lang:")];

/// The rule on one line, in the names of this language.
pub fn translated(value: &str) -> String {
    let value = flat(value);
    let mut text = String::with_capacity(value.len());
    let mut quoted = false;
    let mut rest = value.as_str();
    while let Some(c) = rest.chars().next() {
        let starts = !quoted && text.chars().next_back().is_none_or(|b| b.is_whitespace() || matches!(b, '(' | '-'));
        let known = RENAMED.iter().find(|(old, _)| rest.starts_with(old));
        if let Some((old, new)) = known.filter(|_| starts) {
            text.push_str(new);
            rest = &rest[old.len()..];
            continue;
        }
        text.push(c);
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted => {
                text.extend(rest.chars().next());
                rest = rest.chars().next().map_or("", |c| &rest[c.len_utf8()..]);
            }
            _ => {}
        }
    }
    text
}

/// `text` on one line, without space at either end.
pub fn flat(text: &str) -> String {
    let one = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    one.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bilingual::Lang;

    #[test]
    fn every_form_of_a_rule_file_is_read() {
        let rule = |value: &str, tag: Option<&str>| Rule { value: value.to_owned(), tag: tag.map(str::to_owned) };
        for (text, want) in [
            (
                r#"{"rules":[{"value":"a","tag":"t"},{"value":"b","tag":null,"id":7}],"sent":"x"}"#,
                vec![rule("a", Some("t")), rule("b", None)],
            ),
            (r#"[{"value":"a"}]"#, vec![rule("a", None)]),
            ("\u{feff}{\"data\":[{\"id\":\"1\",\"value\":\"a\",\"tag\":\"t\"}],\"meta\":{}}", vec![rule("a", Some("t"))]),
            (r#"{"add":[]}"#, vec![]),
        ] {
            assert_eq!(read("f", text.as_bytes().to_vec()).expect(text), want);
        }
    }

    #[test]
    fn a_bad_file_is_refused_at_its_place() {
        for (text, place, cause) in [
            ("{\"rules\":[\n{\"value\":\"a\n b\"}]}", (2, 12), "a string holds a line break"),
            ("\n```json\n[]\n```", (2, 1), "Markdown"),
            ("[{\"value\":\"a\"},", (1, 15), "ends before"),
            ("[{\"value\":\"ñ\"},]", (1, 16), "stops being JSON"),
            ("[{\"tag\":\"a\"}]", (1, 12), "no file of PowerTrack rules"),
            ("{\"reglas\":[]}", (1, 13), "no file of PowerTrack rules"),
            ("7", (1, 1), "no file of PowerTrack rules"),
            ("", (1, 1), "ends before"),
        ] {
            let report = read("f", text.as_bytes().to_vec()).expect_err(text);
            assert_eq!(report.place(&report.problems[0]), place, "{text}");
            assert!(report.problems[0].cause.get(Lang::En).contains(cause), "{text}: {:?}", report.problems[0]);
        }
        assert_eq!(read("f", b"[\xff]".to_vec()).expect_err("no UTF-8").problems[0].span, 1..4);
    }

    #[test]
    fn names_are_translated_outside_quotes_only() {
        for (value, want) in [
            ("a\n\t(-country_code:us in_reply_to_status_id:1)", "a  (-place_country:us in_reply_to:1)"),
            ("\"x country_code:us \\\" twitter_lang:es\" twitter_lang:es", "\"x country_code:us \\\" twitter_lang:es\" lang:es"),
            ("xcountry_code:us", "xcountry_code:us"),
            ("\"open \\", "\"open \\"),
        ] {
            assert_eq!(translated(value), want);
        }
    }
}
