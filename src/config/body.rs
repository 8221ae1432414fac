//! A topic as JSON, read by the reader of the configuration file: its keys, bounds and messages are
//! the same, so the body is written out as the file would have it, and what is said of that text is told
//! with the place in the body.

use std::ops::Range;

use serde_json::Value;

use crate::bilingual::Both;
use crate::http::Fault;

use super::problem::{Problem, both};
use super::queries;

/// A body as the file would have it.
pub struct Written {
    /// TOML.
    pub text: String,
    /// Every key and value, outer before inner, with its JSON Pointer.
    places: Vec<Place>,
}

/// One key or value.
struct Place {
    span: Range<usize>,
    pointer: String,
    /// The value, if it is a string.
    text: Option<String>,
}

impl Written {
    /// The topic called `name` that `body` describes.
    ///
    /// # Errors
    /// The body is no JSON object, or describes a topic of another name.
    pub fn topic(name: &str, body: &[u8]) -> Result<Written, Vec<Fault>> {
        let fault = |pointer: &str, cause| vec![Fault::at(pointer, cause)];
        let value: Value =
            serde_json::from_slice(body).map_err(|error| fault("", both!("JSON mal escrito: {error}", "malformed JSON: {error}")))?;
        let Value::Object(keys) = value else {
            return Err(fault("", Both::new("el cuerpo debe ser un objeto JSON", "the body must be a JSON object")));
        };
        if keys.get("name").is_some_and(|own| own.as_str() != Some(name)) {
            return Err(fault("/name", both!("la dirección nombra «{name}»", "the address names “{name}”")));
        }
        let mut written = Written { text: String::from("\n"), places: Vec::new() };
        written.places.push(Place { span: 0..0, pointer: String::new(), text: None });
        let named = (&String::from("name"), &Value::String(name.to_owned()));
        for (key, value) in std::iter::once(named).chain(keys.iter().filter(|(key, _)| *key != "name")) {
            written.member(key, value, "");
            written.text.push('\n');
        }
        if let Some(whole) = written.places.first_mut() {
            whole.span.end = written.text.len();
        }
        Ok(written)
    }

    /// `"key" = value`; nothing for `null`, which is how JSON leaves a key out.
    fn member(&mut self, key: &str, value: &Value, outer: &str) -> bool {
        if value.is_null() {
            return false;
        }
        let pointer = format!("{outer}/{}", key.replace('~', "~0").replace('/', "~1"));
        let start = self.text.len();
        self.quote(key);
        self.places.push(Place { span: start..self.text.len(), pointer: pointer.clone(), text: None });
        self.text.push_str(" = ");
        self.value(value, &pointer);
        true
    }

    fn value(&mut self, value: &Value, pointer: &str) {
        let (start, place) = (self.text.len(), self.places.len());
        let text = value.as_str().map(str::to_owned);
        self.places.push(Place { span: start..start, pointer: pointer.to_owned(), text });
        match value {
            Value::String(text) => self.quote(text),
            Value::Array(items) => {
                self.text.push('[');
                for (i, item) in items.iter().enumerate() {
                    self.text.push_str(if i == 0 { "" } else { ", " });
                    self.value(item, &format!("{pointer}/{i}"));
                }
                self.text.push(']');
            }
            Value::Object(keys) => {
                self.text.push('{');
                let mut first = true;
                for (key, value) in keys.iter().filter(|(_, value)| !value.is_null()) {
                    self.text.push_str(if std::mem::take(&mut first) { "" } else { ", " });
                    self.member(key, value, pointer);
                }
                self.text.push('}');
            }
            // As an item of a list it is something that lacks everything.
            Value::Null => self.text.push_str("{}"),
            Value::Bool(_) | Value::Number(_) => self.text.push_str(&value.to_string()),
        }
        let end = self.text.len();
        if let Some(place) = self.places.get_mut(place) {
            place.span.end = end;
        }
    }

    /// A basic string: JSON's escapes are escapes of TOML too, which wants one more.
    fn quote(&mut self, text: &str) {
        self.text.push_str(&crate::wire::json(&text).replace('\u{7f}', "\\u007f"));
    }

    /// What is wrong with the text, by the places in the body.
    pub fn faults(&self, problems: Vec<Problem>) -> Vec<Fault> {
        problems.into_iter().map(|p| self.fault(p)).collect()
    }

    fn fault(&self, problem: Problem) -> Fault {
        let Problem { span, is_error, code, cause, fix } = problem;
        // Places stand in order of their starts: the last that holds the span is the innermost.
        let before = self.places.partition_point(|p| p.span.start <= span.start);
        let place = self.places[..before].iter().rev().find(|p| span.end <= p.span.end);
        let pointer = place.map_or(String::new(), |p| p.pointer.clone());
        let span = place.filter(|p| p.span != span).and_then(|p| {
            let offsets = queries::offsets(self.text.get(p.span.clone())?, p.text.as_deref()?)?;
            let point = |at: usize| offsets.partition_point(|offset| *offset < at - p.span.start) as u32;
            Some(point(span.start)..point(span.end))
        });
        Fault { pointer, code, span, is_error, cause, fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml::de::DeTable;

    #[test]
    fn any_json_becomes_toml_that_can_be_read() {
        let body = r#"{"a\nb": "x\u007f\u0000\t\"\\ñ\ud83d\ude00", "n": [1, -2.5, 1e300, null, true, [], {}], "o": {"k": null, "l": {"": ""}}, "z": null, "18446744073709551615": 18446744073709551615}"#;
        let written = Written::topic("a\u{7f}b", body.as_bytes()).expect("JSON");
        let table = DeTable::parse(&written.text).unwrap_or_else(|e| panic!("{e}\n{}", written.text));
        assert_eq!(table.get_ref().get("name").and_then(|n| n.get_ref().as_str()), Some("a\u{7f}b"));
        assert_eq!(table.get_ref().get("a\nb").and_then(|n| n.get_ref().as_str()), Some("x\u{7f}\0\t\"\\ñ😀"));
        assert!(table.get_ref().get("z").is_none());
    }

    #[test]
    fn faults_stand_at_their_place_in_the_body() {
        let body = r#"{"queries": ["ok", {"query": "\"ñ (x"}], "bad~/key": 1}"#;
        let written = Written::topic("t", body.as_bytes()).expect("JSON");
        let at = |piece: &str| written.text.find(piece).map(|i| i..i + piece.len()).expect(piece);
        for (span, pointer, point) in [
            (at("(x"), "/queries/1/query", Some(3..5)),
            (at(r#""\"ñ (x""#), "/queries/1/query", None),
            (at(r#""ok""#), "/queries/0", None),
            (at("bad~/key"), "/bad~0~1key", None),
            (0..0, "", None),
        ] {
            let fault = written.fault(Problem::new(span, true, Both::new("", ""), Both::new("", "")));
            assert_eq!((fault.pointer.as_str(), fault.span), (pointer, point));
        }
    }

    #[test]
    fn what_is_no_topic_of_that_name_is_refused() {
        for (body, pointer) in [("", ""), ("[]", ""), ("{", ""), (r#"{"name": "u"}"#, "/name"), (r#"{"name": 1}"#, "/name")] {
            let faults = Written::topic("t", body.as_bytes()).map(|_| ()).expect_err(body);
            assert_eq!((faults.len(), faults[0].pointer.as_str()), (1, pointer), "{body}");
        }
    }
}
