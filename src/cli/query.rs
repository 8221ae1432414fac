//! `escucha query`: one query, read aloud.

use std::io::Write;
use std::path::PathBuf;

use super::Failure;
use crate::bilingual::{Both, Lang};
use crate::config::Config;
use crate::eql::{self, Code, Options, Parsed};
use crate::matching;
use crate::query::{Accents, Query};
use crate::wire::{self, QueryView};

/// `query QUERY`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[arg(long, value_name = "MODE", default_value = "fold", value_parser = ["fold", "smart", "exact"])]
    accents: String,
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(long)]
    json: bool,
    #[arg(value_name = "QUERY", allow_hyphen_values = true)]
    query: String,
}

/// The mode called `name`.
pub fn accents(name: &str) -> Option<Accents> {
    match name {
        "fold" => Some(Accents::Fold),
        "smart" => Some(Accents::Smart),
        "exact" => Some(Accents::Exact),
        _ => None,
    }
}

/// Prints what the query means and costs; its errors, each under its place, are bad usage.
pub fn run(args: &Args, lang: Lang, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let options = Options { accents: accents(&args.accents).unwrap_or_default(), ..Options::default() };
    let parsed = match &args.config {
        // Its lists and topics are what the query may name.
        Some(path) => Config::load(path).map_err(Failure::Configuration)?.0.set().read(&args.query, options),
        None => eql::parse(&args.query, &options),
    };
    if args.json {
        writeln!(out, "{}", wire::query_json(&QueryView::new(&parsed, options.accents, lang)))?;
    } else {
        // As in `check`: a warning about a query that cannot be read may be about what is not meant.
        for problem in parsed.problems.iter().filter(|p| p.is_error || !parsed.is_err()) {
            write!(err, "{}", eql::caret(&args.query, problem, lang))?;
        }
        if args.config.is_none() && parsed.problems.iter().any(|p| p.code == Code::E142) {
            let note = Both::new(
                "Las listas y los temas de una configuración se conocen con -c ARCHIVO.",
                "Lists and topics of a configuration are known with -c FILE.",
            );
            writeln!(err, "      {}", note.get(lang))?;
        }
        tell(&parsed, lang, out)?;
    }
    if parsed.is_err() { Err(Failure::Usage(wrong(&parsed))) } else { Ok(()) }
}

fn tell(parsed: &Parsed, lang: Lang, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(query) = &parsed.query else { return Ok(()) };
    let rows = [
        (lang.pick("forma normal", "normal form"), parsed.normal.clone()),
        (lang.pick("se apoya en", "anchors"), anchor_terms(parsed).join(", ")),
        (lang.pick("coste", "cost"), told_cost(cost(query), lang)),
    ];
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        writeln!(out, "{name:width$}  {value}")?;
    }
    Ok(())
}

/// One sentence that counts the errors.
pub fn wrong(parsed: &Parsed) -> Both {
    match parsed.problems.iter().filter(|p| p.is_error).count() {
        1 => Both::new("la consulta tiene un error", "the query has one error"),
        n => Both::new(format!("la consulta tiene {n} errores"), format!("the query has {n} errors")),
    }
}

/// The terms of which a matching post holds at least one.
fn anchor_terms(parsed: &Parsed) -> Vec<String> {
    let Some(query) = &parsed.query else { return Vec::new() };
    let anchors = matching::plan(query).anchors.unwrap_or_default();
    anchors.iter().filter_map(|i| query.leaves.get(*i)).map(|l| eql::term_text(&l.term)).collect()
}

/// Of how many in a million posts the query must be looked at more closely: an estimate.
fn cost(query: &Query) -> u64 {
    (matching::plan(query).cost * 1e6).round() as u64
}

fn told_cost(cost: u64, lang: Lang) -> String {
    match lang {
        Lang::Es => format!("se examina en unos {cost} de cada millón de mensajes"),
        Lang::En => format!("looked at in about {cost} of a million posts"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::call_with;

    #[test]
    fn a_good_query_is_explained() {
        let (code, out, err) = call_with(&["escucha", "query", "banco -caja lang:es"]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("normal form  banco AND NOT caja AND lang:es") && out.contains("anchors      banco"), "{out}");
    }

    #[test]
    fn errors_stand_under_their_place_and_end_with_two() {
        let (code, out, err) = call_with(&["escucha", "query", "--lang", "es", "-banco)"]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.starts_with("E101  -banco)\n            ^\n      Este paréntesis"), "{err}");
        assert!(err.ends_with("escucha: la consulta tiene un error\n"), "{err}");
    }

    #[test]
    fn whoever_names_a_list_hears_where_lists_come_from() {
        let (code, _, err) = call_with(&["escucha", "query", "--lang", "es", "list:bancos"]);
        assert_eq!((code, err.contains("E142"), err.contains("con -c ARCHIVO.")), (2, true, true), "{err}");
    }

    #[test]
    fn warnings_wait_until_the_query_can_be_read() {
        let (code, _, err) = call_with(&["escucha", "query", "fraude OR robo tarjeta (x"]);
        assert_eq!((code, err.contains("E101"), err.contains("W101")), (2, true, false), "{err}");
        let (code, _, err) = call_with(&["escucha", "query", "fraude OR robo tarjeta (x)"]);
        assert_eq!((code, err.contains("W101")), (0, true), "{err}");
    }

    #[test]
    fn json_holds_spans_of_both_kinds() {
        let (code, out, _) = call_with(&["escucha", "query", "--json", "wi-fi", "--accents", "exact"]);
        let v: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, &v["normalised"], &v["accents"]), (0, &"wi-fi".into(), &"exact".into()));
        assert_eq!((&v["warnings"][0]["code"], &v["warnings"][0]["end"]), (&"W104".into(), &5.into()));
        let (code, out, _) = call_with(&["escucha", "query", "--json", "a OR"]);
        let v: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, &v["normalised"], &v["errors"][0]["start"]), (2, &serde_json::Value::Null, &2.into()));
    }

    #[test]
    fn a_configuration_gives_names_their_meaning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "[[list]]\nname = \"bancos\"\nterms = [\"bbva\", \"banorte\"]\n[[topic]]\nname = \"caida\"\nquery = 'caído'\n";
        std::fs::write(file.path(), text).unwrap();
        let path = file.path().to_str().unwrap();
        for (query, anchors) in [("list:bancos", "bbva, banorte"), ("rule:caida", "rule:caida")] {
            let (code, out, err) = call_with(&["escucha", "query", "-c", path, query]);
            assert_eq!((code, err.as_str()), (0, ""), "{out}");
            assert!(out.contains(&format!("anchors      {anchors}\n")), "{out}");
        }
        assert_eq!(call_with(&["escucha", "query", "list:bancos"]).0, 2);
        assert_eq!(call_with(&["escucha", "query", "-c", "/no/such/file", "a"]).0, 2);
    }
}
