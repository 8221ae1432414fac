//! `escucha match`: posts in, one JSON line per post out, with what matched and where.

use crate::eql::Given;
use crate::query::NoFacts;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Failure, query};
use crate::bilingual::{Both, Lang};
use crate::decode::{self, Decoded, Decoder, Format, Mapping};
use crate::eql::{self, Options};
use crate::matching::{Matcher, Scratch};
use crate::post::Post;
use crate::query::Query;
use crate::reason::Refused;
use crate::sources;
use crate::wire::QueryProblem;

/// `match --query QUERY | --queries FILE [FILE...]`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["query", "queries"])))]
pub struct Args {
    #[arg(long, value_name = "MODE", default_value = "fold", value_parser = ["fold", "smart", "exact"])]
    accents: String,
    #[arg(long)]
    json: bool,
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    query: Option<String>,
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    #[arg(long, value_name = "NAME", default_value = "escucha")]
    format: String,
    #[arg(long)]
    only_matched: bool,
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// The queries and the names they are reported by.
#[derive(Default)]
struct Queries {
    ids: Vec<Value>,
    queries: Vec<Query>,
}

/// Matches the posts of the files, or of standard input, in order.
pub fn run(args: &Args, lang: Lang, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let decoder = format(&args.format)?;
    let queries = queries(args, lang, err)?;
    let matcher = Matcher::new(&queries.queries);
    let mut work = Work {
        queries,
        matcher,
        scratch: Scratch::default(),
        decoder: decoder.decoder(),
        decoded: Decoded::default(),
        only_matched: args.only_matched,
        json: args.json,
    };
    if args.files.is_empty() {
        return work.read(&mut io::stdin().lock(), "-", out, err);
    }
    for path in &args.files {
        let file = File::open(path).map_err(|e| unreadable(path, &e))?;
        work.read(&mut BufReader::new(file), &path.display().to_string(), out, err)?;
    }
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::Work(Both::new(format!("{path}: no se puede leer: {error}"), format!("{path}: cannot be read: {error}")))
}

/// Every format but `mapped`, which needs a mapping from a configuration.
fn format(name: &str) -> Result<Format, Failure> {
    let known = || decode::ALL.iter().map(|s| s.name).filter(|n| *n != "mapped");
    known().find(|n| *n == name).map(|name| Format { name, mapping: Mapping::default() }).ok_or_else(|| {
        let names = known().collect::<Vec<_>>().join(", ");
        Failure::Usage(Both::new(
            format!("formato desconocido «{name}»; se admite: {names}"),
            format!("unknown format '{name}'; one of: {names}"),
        ))
    })
}

fn queries(args: &Args, lang: Lang, err: &mut dyn Write) -> Result<Queries, Failure> {
    let mut queries = Queries::default();
    let mut wrong = 0;
    let mut add = |id: Value, place: &str, text: &str, options: &Options<'_>| -> Result<(), Failure> {
        let parsed = eql::parse(text, options);
        for p in &parsed.problems {
            match args.json {
                true => writeln!(err, "{}", json!({"query": id, "problem": QueryProblem::new(p, lang)}))?,
                false => write!(err, "{place}{}", eql::caret(text, p, lang))?,
            }
        }
        match parsed.query {
            Some(query) => {
                queries.ids.push(id);
                queries.queries.push(query);
            }
            None => wrong += 1,
        }
        Ok(())
    };
    let options = Options { accents: query::accents(&args.accents).unwrap_or_default(), ..Options::default() };
    if let Some(text) = &args.query {
        add(Value::from(text.as_str()), "", text, &options)?;
    }
    if let Some(path) = &args.queries {
        let text = std::fs::read_to_string(path).map_err(|e| unreadable(path, &e))?;
        for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let place = format!("{}:{}:\n", path.display(), number + 1);
            let (id, text, options) = row(line, options).ok_or_else(|| {
                let (es, en) = ("se espera {\"id\", \"query\", \"accents\"}", "{\"id\", \"query\", \"accents\"} is expected");
                let place = place.trim_end();
                Failure::Usage(Both::new(format!("{place} {es}"), format!("{place} {en}")))
            })?;
            add(id, &place, &text, &options)?;
        }
    }
    match wrong {
        0 => Ok(queries),
        1 => Err(Failure::Usage(Both::new("una consulta tiene errores", "one query has errors"))),
        n => Err(Failure::Usage(Both::new(format!("{n} consultas tienen errores"), format!("{n} queries have errors")))),
    }
}

/// One line of the file of queries: its id (else its text), its text, how it is read.
fn row(line: &str, default: Options<'static>) -> Option<(Value, String, Options<'static>)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = value.get("query")?.as_str()?.to_owned();
    let accents = match value.get("accents") {
        None | Some(Value::Null) => default.accents,
        Some(name) => query::accents(name.as_str()?)?,
    };
    let is = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
    let options = Options { accents, strict: is("strict"), quoted: is("quoted"), everything: is("everything"), names: None };
    let id = value.get("id").filter(|id| id.is_string() || id.is_number()).cloned();
    Some((id.unwrap_or_else(|| text.as_str().into()), text, options))
}

struct Work {
    queries: Queries,
    matcher: Matcher,
    scratch: Scratch,
    decoder: Box<dyn Decoder>,
    decoded: Decoded,
    only_matched: bool,
    json: bool,
}

impl Work {
    fn read(&mut self, input: &mut dyn BufRead, name: &str, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
        let mut line = Vec::new();
        let mut number = 0u64;
        while sources::read_line(input, &mut line).map_err(|e| unreadable(Path::new(name), &e))? {
            number += 1;
            self.decoded.clear();
            decode::lines(self.decoder.as_mut(), &mut line, &mut self.decoded);
            for (_, reason) in &self.decoded.refusals {
                self.refuse(name, number, *reason, err)?;
            }
            let mut matched = Vec::new();
            for post in self.decoded.posts.iter() {
                matched.clear();
                self.matcher.matches(&post, &NoFacts, &mut self.scratch, &mut matched);
                if !(matched.is_empty() && self.only_matched) {
                    let matched: Vec<Value> = matched.iter().filter_map(|i| self.queries.explained(*i, &post)).collect();
                    writeln!(out, "{}", json!({"id": post.id, "matched": matched}))?;
                }
            }
        }
        Ok(())
    }

    fn refuse(&self, name: &str, line: u64, reason: Refused, err: &mut dyn Write) -> Result<(), Failure> {
        match self.json {
            true => writeln!(err, "{}", json!({"file": name, "line": line, "refused": reason.as_str()}))?,
            false => writeln!(err, "{name}:{line}: {reason}")?,
        }
        Ok(())
    }
}

impl Queries {
    /// Where the terms of a query stand in a post that it matches.
    fn explained(&self, index: u32, post: &Post<'_>) -> Option<Value> {
        let (id, query) = (self.ids.get(index as usize)?, self.queries.get(index as usize)?);
        let leaf = |l: &eql::LeafMatch| json!({"start": l.start, "end": l.end, "term": l.term});
        let leaves: Vec<Value> = eql::explain(query, post, &Given::NOTHING).leaves.iter().map(leaf).collect();
        Some(json!({"query": id, "leaves": leaves}))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::call_with;
    use super::*;

    fn file(lines: &str) -> tempfile::NamedTempFile {
        let mut f = tempfile::NamedTempFile::new().unwrap();
        f.write_all(lines.as_bytes()).unwrap();
        f
    }

    const POSTS: &str = concat!(
        r#"{"id":"1","created_at":"2026-07-04T10:00:00Z","text":"😡 la app no funciona, la app"}"#,
        "\n\nno json\n",
        r#"{"id":"2","created_at":"2026-07-04T10:00:00Z","text":"todo bien","lang":"es"}"#,
        "\n"
    );

    #[test]
    fn posts_come_out_with_their_leaves() {
        let posts = file(POSTS);
        let path = posts.path().to_str().unwrap();
        let (code, out, err) = call_with(&["escucha", "match", "--query", "app \"no funciona\"", path]);
        let lines: Vec<Value> = out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(code, 0);
        assert_eq!(err, format!("{path}:3: malformed\n"));
        let leaf = |start: u32, end: u32, term: &str| json!({"start": start, "end": end, "term": term});
        let leaves = json!([leaf(5, 8, "app"), leaf(9, 20, "no funciona"), leaf(25, 28, "app")]);
        assert_eq!(lines[0], json!({"id": "1", "matched": [{"query": "app \"no funciona\"", "leaves": leaves}]}));
        assert_eq!(lines[1], json!({"id": "2", "matched": []}));
        let (_, out, _) = call_with(&["escucha", "match", "--only-matched", "--query", "app", path]);
        assert_eq!(out.lines().count(), 1);
    }

    #[test]
    fn queries_come_from_a_file_each_with_its_accents() {
        let posts = file(POSTS);
        let queries = file(concat!(r#"{"id":7,"query":"bién","accents":"exact"}"#, "\n", r#"{"id":"b","query":"bién"}"#, "\n"));
        let args = ["escucha", "match", "--only-matched", "--queries", queries.path().to_str().unwrap(), posts.path().to_str().unwrap()];
        let (code, out, _) = call_with(&args);
        assert_eq!(code, 0);
        assert_eq!(out, "{\"id\":\"2\",\"matched\":[{\"leaves\":[{\"end\":9,\"start\":5,\"term\":\"bién\"}],\"query\":\"b\"}]}\n");
    }

    #[test]
    fn what_cannot_be_used_is_said_and_ends_with_two() {
        let queries = file("{\"id\":1,\"query\":\"a OR\"}\n{\"id\":2,\"query\":\"(b\"}\n");
        let (code, _, err) = call_with(&["escucha", "match", "--queries", queries.path().to_str().unwrap()]);
        assert_eq!(code, 2);
        assert!(err.contains(":1:\nE110  a OR") && err.contains(":2:\nE101  (b") && err.contains("2 queries have errors"), "{err}");
        let broken = file("{\"id\":1}\n");
        assert_eq!(call_with(&["escucha", "match", "--queries", broken.path().to_str().unwrap()]).0, 2);
        assert_eq!(call_with(&["escucha", "match", "--query", "a", "--format", "mapped"]).0, 2);
        assert_eq!(call_with(&["escucha", "match"]).0, 2);
        assert_eq!(call_with(&["escucha", "match", "--query", "a", "/no/such/file"]).0, 1);
    }
}
