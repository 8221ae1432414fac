//! What the TOML reader says, in both languages.

use std::collections::BTreeSet;

use crate::bilingual::Both;

use super::problem::{Lines, Problem};

/// What the reader says, and the same in Spanish; a longer text beats a shorter one it contains.
const SPANISH: [(&str, &str); 22] = [
    ("duplicate key", "la clave está dos veces"),
    ("string values must be quoted", "los textos van entre comillas"),
    ("key with no value", "una clave sin valor"),
    ("missing value for key", "una clave sin valor"),
    ("missing value", "falta el valor"),
    ("missing escaped value", "secuencia de escape incompleta o desconocida"),
    ("missing opening quote", "faltan las comillas de apertura"),
    ("missing comma between array elements", "falta una coma entre los elementos de la lista"),
    ("missing comma between key-value pairs", "falta una coma entre las claves"),
    ("missing assignment between key-value pairs", "falta el signo = entre clave y valor"),
    ("extra comma", "sobra una coma"),
    ("extra `=`", "sobra un signo ="),
    ("unclosed array table", "falta ]] al final del título"),
    ("unclosed array", "la lista no se cierra con ]"),
    ("unclosed inline table", "la tabla no se cierra con }"),
    ("unclosed table", "falta ] al final del título"),
    ("unquoted keys cannot be empty", "falta el nombre de la clave"),
    ("invalid unquoted key", "ese nombre de clave necesita comillas"),
    ("invalid basic string", "el texto no está bien cerrado con comillas"),
    ("invalid literal string", "el texto no está bien cerrado con comillas"),
    ("unexpected key or value", "sobra algo en esta línea"),
    ("max recursion depth", "demasiadas listas o tablas unas dentro de otras"),
];

/// The errors of the reader before `others`, without what only follows from them: nothing else is
/// said of a line that cannot be read, and nothing at all of sections whose title cannot.
pub fn merge(errors: &[toml::de::Error], others: Vec<Problem>, text: &str) -> Vec<Problem> {
    if errors.is_empty() {
        return others;
    }
    let lines = Lines::of(text);
    let broken_title = errors.iter().any(|e| e.message().contains("table") && !e.message().contains("inline"));
    let problem = |e: &toml::de::Error| Problem::new(e.span().unwrap_or(0..0), true, cause(e.message()), Both::new("", ""));
    let mut all: Vec<Problem> = errors.iter().map(problem).collect();
    let broken: BTreeSet<usize> = all.iter().map(|p| lines.number(p.span.start)).collect();
    all.extend(others.into_iter().filter(|p| !broken_title && !broken.contains(&lines.number(p.span.start))));
    all.sort_by_key(|p| (p.span.start, p.span.end));
    all
}

/// The reader's message as a cause.
pub fn cause(message: &str) -> Both {
    let first = message.lines().next().unwrap_or(message);
    let known = SPANISH.iter().filter(|(en, _)| first.contains(en)).max_by_key(|(en, _)| en.len());
    let es = known.map_or_else(|| format!("TOML mal escrito ({first})"), |(_, es)| format!("TOML mal escrito: {es}"));
    Both::new(es, format!("malformed TOML: {message}"))
}
