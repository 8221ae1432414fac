//! The queries of `escucha match`: one of the command line, or a file of them that may name each other.

use std::collections::HashMap;
use std::io::Write;

use serde_json::{Value, json};

use super::{Failure, query};
use crate::bilingual::{Both, Lang};
use crate::eql::{self, Code, Given, Names, Options, Problem};
use crate::post::Post;
use crate::query::{Facts, Named, Query, Span, Term};
use crate::wire::QueryProblem;

/// Queries and the names they are reported by.
pub struct Queries {
    rows: Vec<Row>,
    /// How a query is read that does not say.
    options: Options<'static>,
    lang: Lang,
    /// Problems are told as JSON.
    json: bool,
}

/// One query as used.
struct Row {
    id: Value,
    /// What `rule:` calls it by; empty if nothing can.
    name: String,
    tag: Option<String>,
    query: Query,
}

/// One query as typed, and how it is to be read.
struct Typed {
    id: Value,
    name: String,
    tag: Option<String>,
    text: String,
    options: Options<'static>,
    /// Shown before its problems.
    place: String,
}

impl Queries {
    /// None yet.
    pub fn new(options: Options<'static>, lang: Lang, json: bool) -> Queries {
        Queries { rows: Vec::new(), options, lang, json }
    }

    /// Adds one query, which is its own id.
    pub fn one(&mut self, text: &str, err: &mut dyn Write) -> Result<(), Failure> {
        let (id, text) = (Value::from(text), text.to_owned());
        let typed = Typed { id, name: String::new(), tag: None, text, options: self.options, place: String::new() };
        self.add(vec![typed], err)
    }

    /// Adds the queries of the file `name`, one JSON object a line. They may name each other by id.
    pub fn file(&mut self, name: &str, text: &str, err: &mut dyn Write) -> Result<(), Failure> {
        let mut typed = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let place = format!("{name}:{}:", number + 1);
            let row = row(line, &place, self.options).ok_or_else(|| {
                let keys = "{\"id\", \"query\", \"accents\", \"tag\", \"strict\", \"quoted\", \"all\"}";
                Failure::Usage(Both::new(format!("{place} se espera {keys}"), format!("{place} {keys} is expected")))
            })?;
            typed.push(row);
        }
        self.add(typed, err)
    }

    fn add(&mut self, typed: Vec<Typed>, err: &mut dyn Write) -> Result<(), Failure> {
        let mut names = Names::default();
        typed.iter().filter(|t| !t.name.is_empty()).for_each(|t| names.add_rule(&t.name));
        let mut wrong = 0;
        let mut texts = Vec::new();
        for t in typed {
            let parsed = eql::parse(&t.text, &Options { names: Some(&names), ..t.options });
            for problem in parsed.problems.iter().filter(|p| p.is_error || !parsed.is_err()) {
                self.tell(&t.id, &t.place, &t.text, problem, err)?;
            }
            match parsed.query {
                Some(query) => {
                    self.rows.push(Row { id: t.id, name: t.name, tag: t.tag, query });
                    texts.push((t.text, t.place));
                }
                None => wrong += 1,
            }
        }
        for (row, problem) in self.cycles(&texts) {
            let (Some((text, place)), Some(found)) = (texts.get(row), self.rows.get(row)) else { continue };
            self.tell(&found.id, place, text, &problem, err)?;
            wrong += 1;
        }
        match wrong {
            0 => Ok(()),
            1 => Err(Failure::Usage(Both::new("una consulta tiene errores", "one query has errors"))),
            n => Err(Failure::Usage(Both::new(format!("{n} consultas tienen errores"), format!("{n} queries have errors")))),
        }
    }

    /// Rows that refer to themselves in the end, each with what is wrong at its `rule:`.
    fn cycles(&self, texts: &[(String, String)]) -> Vec<(usize, Problem)> {
        // Rows with the same name are one rule: the first stands for all.
        let mut places: HashMap<&str, usize> = HashMap::new();
        self.rows.iter().enumerate().for_each(|(i, row)| {
            places.entry(&row.name).or_insert(i);
        });
        let place = |name: &str| places.get(name).copied();
        let references: Vec<(usize, usize, usize, &Span)> = self
            .rows
            .iter()
            .enumerate()
            .flat_map(|(i, row)| row.query.leaves.iter().map(move |leaf| (i, row, leaf)))
            .filter_map(|(i, row, leaf)| match &leaf.term {
                Term::Rule(name) => Some((place(&row.name)?, place(name)?, i, &leaf.span)),
                _ => None,
            })
            .collect();
        let found = eql::cycles(self.rows.len(), 0, references.iter().map(|r| (r.0, r.1)));
        let problem = |cycle: eql::Cycle| {
            let (from, to) = cycle.head()?;
            let (.., row, span) = references.iter().find(|r| (r.0, r.1) == (from, to))?;
            let told = cycle.told(|i| self.rows.get(i).map_or("", |r| r.name.as_str()));
            let typed = texts.get(*row)?.0.chars().skip(span.start as usize).take(span.len()).collect::<String>();
            Some((*row, Problem::new(Code::E143, (*span).clone(), &typed, &told)))
        };
        found.into_iter().filter_map(problem).collect()
    }

    fn tell(&self, id: &Value, place: &str, text: &str, problem: &Problem, err: &mut dyn Write) -> Result<(), Failure> {
        match self.json {
            true => writeln!(err, "{}", json!({"query": id, "problem": QueryProblem::new(problem, self.lang)}))?,
            false if place.is_empty() => write!(err, "{}", eql::caret(text, problem, self.lang))?,
            false => write!(err, "{place}\n{}", eql::caret(text, problem, self.lang))?,
        }
        Ok(())
    }

    /// They all, for whoever compiles them.
    pub fn named(&self) -> impl Iterator<Item = Named<'_>> {
        self.rows.iter().map(|row| Named { query: &row.query, name: &row.name, scope: 0 })
    }

    /// The queries that match a post, by number, with the place of their terms in it.
    pub fn explained(&self, matched: &[u32], post: &Post<'_>, facts: &dyn Facts) -> Vec<Value> {
        let rows: Vec<&Row> = matched.iter().filter_map(|i| self.rows.get(*i as usize)).collect();
        let rules = |name: &str| rows.iter().any(|row| row.name == name);
        let given = Given { facts, scope: 0, rules: &rules };
        let leaf = |l: &eql::LeafMatch| json!({"start": l.start, "end": l.end, "term": l.term});
        let explained = rows.iter().map(|row| {
            let leaves: Vec<Value> = eql::explain(&row.query, post, &given).leaves.iter().map(leaf).collect();
            let mut shown = json!({"query": row.id, "leaves": leaves});
            if let (Some(tag), Some(object)) = (&row.tag, shown.as_object_mut()) {
                object.insert("tag".to_owned(), tag.as_str().into());
            }
            shown
        });
        explained.collect()
    }
}

/// One line of the file: its id (else its text), its text, how it is read.
fn row(line: &str, place: &str, default: Options<'static>) -> Option<Typed> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = value.get("query")?.as_str()?.to_owned();
    let accents = match value.get("accents") {
        None | Some(Value::Null) => default.accents,
        Some(name) => query::accents(name.as_str()?)?,
    };
    let is = |key: &str| match value.get(key) {
        None | Some(Value::Null) => Some(false),
        Some(flag) => flag.as_bool(),
    };
    let options = Options { accents, strict: is("strict")?, quoted: is("quoted")?, everything: is("all")?, names: None };
    let tag = match value.get("tag") {
        None | Some(Value::Null) => None,
        Some(tag) => Some(tag.as_str()?.to_owned()),
    };
    let id = value.get("id").filter(|id| id.is_string() || id.is_number()).cloned();
    let name = id.as_ref().map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)).unwrap_or_default();
    Some(Typed { id: id.unwrap_or_else(|| text.as_str().into()), name, tag, text, options, place: place.to_owned() })
}
