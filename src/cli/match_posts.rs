//! `escucha match`: posts in, one JSON line per post out, with what matched and where.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::computed::{Computed, Told};
use super::match_queries::Queries;
use super::{Failure, query};
use crate::bilingual::{Both, Lang};
use crate::decode::{self, Decoded, Decoder, Format, Mapping};
use crate::eql::Options;
use crate::matching::{Matcher, Scratch};
use crate::post::Kind;
use crate::reason::Refused;
use crate::sources;
use crate::time::Zone;

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
    #[arg(long, value_name = "NAME", default_value = "UTC")]
    timezone: String,
    #[arg(long)]
    only_matched: bool,
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Matches the posts of the files, or of standard input, in order.
pub fn run(args: &Args, lang: Lang, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let decoder = format(&args.format)?;
    let zone = Zone::named(&args.timezone).ok_or_else(|| {
        let name = &args.timezone;
        Failure::Usage(Both::new(format!("no hay zona horaria «{name}»"), format!("there is no time zone '{name}'")))
    })?;
    let queries = queries(args, lang, err)?;
    let matcher = Matcher::new(queries.named());
    let mut work = Work {
        queries,
        matcher,
        scratch: Scratch::default(),
        decoder: decoder.decoder(),
        may_tell: decoder.name == "escucha",
        zone,
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
    let options = Options { accents: query::accents(&args.accents).unwrap_or_default(), ..Options::default() };
    let mut queries = Queries::new(options, lang, args.json);
    if let Some(text) = &args.query {
        queries.one(text, err)?;
    }
    if let Some(path) = &args.queries {
        let text = std::fs::read_to_string(path).map_err(|e| unreadable(path, &e))?;
        queries.file(&path.display().to_string(), &text, err)?;
    }
    Ok(queries)
}

struct Work {
    queries: Queries,
    matcher: Matcher,
    scratch: Scratch,
    decoder: Box<dyn Decoder>,
    /// Posts may say what is to be believed of them.
    may_tell: bool,
    /// Whose hours `hour:` and `weekday:` mean.
    zone: Zone,
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
            let told = if self.may_tell { Told::read(&line) } else { Told::default() };
            decode::lines(self.decoder.as_mut(), &mut line, &mut self.decoded);
            for (_, reason) in &self.decoded.refusals {
                self.refuse(name, number, *reason, err)?;
            }
            let mut matched = Vec::new();
            // What a delete takes back is no post that could match.
            for post in self.decoded.posts.iter().filter(|p| p.kind != Kind::Delete) {
                matched.clear();
                let facts = Computed::new(&post, &told, &self.zone);
                self.matcher.matches(&post, &facts, &mut self.scratch, &mut matched);
                if !(matched.is_empty() && self.only_matched) {
                    writeln!(out, "{}", json!({"id": post.id, "matched": self.queries.explained(&matched, &post, &facts)}))?;
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

#[cfg(test)]
mod tests {
    use super::super::tests::call_with;
    use super::*;
    use serde_json::Value;

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
        assert_eq!(call_with(&["escucha", "match", "--query", "a", "--timezone", "Europe/Madri"]).0, 2);
        assert_eq!(call_with(&["escucha", "match", "--query", "a", "/no/such/file"]).0, 1);
    }
    #[test]
    fn queries_of_a_file_may_name_each_other_but_not_in_a_circle() {
        let posts = file(POSTS);
        let call = |queries: &str| {
            let queries = file(queries);
            call_with(&[
                "escucha",
                "match",
                "--only-matched",
                "--queries",
                queries.path().to_str().unwrap(),
                posts.path().to_str().unwrap(),
            ])
        };
        let good = concat!(r#"{"id":"caida","query":"app","tag":"t"}"#, "\n", r#"{"id":2,"query":"rule:Caida la"}"#, "\n");
        let (code, out, err) = call(good);
        assert_eq!((code, err.lines().count()), (0, 1), "{err}");
        assert!(out.contains(r#""query":"caida","tag":"t""#), "{out}");
        let (code, _, err) = call(&good.replace(r#""query":"app""#, r#""query":"app rule:2""#));
        assert_eq!(code, 2);
        assert!(err.contains("E143  ") && err.contains("one query has errors"), "{err}");
        let (code, _, err) = call(&good.replace("rule:Caida", "rule:nada"));
        assert_eq!((code, err.contains(":2:\nE142  rule:nada la")), (2, true), "{err}");
        for (settings, want) in [(r#""strict":true"#, 2), (r#""all":true"#, 0), (r#""strict":1"#, 2), (r#""tag":1"#, 2)] {
            assert_eq!(call(&format!("{{\"query\":\"a b OR c\",{settings}}}\n")).0, want, "{settings}");
        }
    }
}
