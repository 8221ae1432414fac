//! Imported topics as a piece of `escucha.toml`.

use super::{Imported, Read, Topic, distinct, powertrack, title};
use crate::bilingual::Lang;

/// The fragment, its comments in `lang`. What was left out stands in it as a comment.
pub fn print(read: &[Read], topics: &[Topic<'_>], lang: Lang) -> String {
    let mut lines = header(read, lang);
    for topic in topics {
        lines.push(String::new());
        lines.extend(section(topic, read.len() > 1, lang));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn header(read: &[Read], lang: Lang) -> Vec<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut lines = vec![match lang {
        Lang::Es => format!("Reglas de PowerTrack importadas por escucha {version}:"),
        Lang::En => format!("PowerTrack rules imported by escucha {version}:"),
    }];
    for file in read {
        let kept = file.rules.iter().filter(|r| !r.is_left_out()).count();
        let (all, name) = (file.rules.len(), powertrack::flat(&file.file));
        lines.push(match lang {
            Lang::Es => format!("  {name}: {kept} de {all} reglas"),
            Lang::En => format!("  {name}: {kept} of {all} rules"),
        });
    }
    lines.extend(lang.pick(KEPT_ES, KEPT_EN).iter().map(|l| (*l).to_owned()));
    if read.iter().flat_map(|f| &f.rules).any(|r| r.text.contains("\"~")) {
        lines.push(
            lang.pick(
                "  \"a b\"~N: PowerTrack admite N - 2 palabras entre ambas en orden inverso; aquí, N.",
                "  \"a b\"~N: PowerTrack admits N - 2 words between them in reverse order; here it is N.",
            )
            .to_owned(),
        );
    }
    lines.iter().map(|l| format!("# {l}").trim_end().to_owned()).collect()
}

/// What the settings keep of PowerTrack's meaning, and what has no setting.
const KEPT_ES: &[&str] = &[
    "",
    "Para que signifiquen lo mismo que en PowerTrack:",
    "  accents = \"exact\": los acentos cuentan como están escritos; «fold» encontraría más.",
    "  quoted = true: también se mira el texto del mensaje citado.",
    "Lo que cambia:",
    "  una palabra no se busca dentro de los enlaces; donde importe, escribe (palabra OR url:palabra).",
];
const KEPT_EN: &[&str] = &[
    "",
    "So that they mean what they mean in PowerTrack:",
    "  accents = \"exact\": accents count as typed; \"fold\" would find more.",
    "  quoted = true: the text of a quoted post is looked at too.",
    "What differs:",
    "  a word is not looked for inside links; where that matters, write (word OR url:word).",
];

/// One topic; a comment as a whole if none of its rules was imported.
fn section(topic: &Topic<'_>, several: bool, lang: Lang) -> Vec<String> {
    let name = string(&topic.name);
    let mut lines = vec!["[[topic]]".to_owned(), format!("name = {name}")];
    lines.extend(["accents = \"exact\"".to_owned(), "quoted = true".to_owned(), "queries = [".to_owned()]);
    for (file, rule) in &topic.rules {
        let entry = entry(rule);
        if !rule.is_left_out() {
            lines.push(format!("  {entry}"));
            continue;
        }
        let place = if several { format!("{}: ", powertrack::flat(file)) } else { String::new() };
        lines.push(format!("  # {place}{}:", title(rule, lang)));
        for (problem, _) in distinct(&rule.problems).iter().filter(|(p, _)| p.is_error) {
            lines.push(format!("  #   {}", powertrack::flat(&problem.line(lang))));
        }
        lines.push(format!("  # {entry}"));
    }
    lines.push("]".to_owned());
    if topic.rules.iter().all(|(_, rule)| rule.is_left_out()) {
        return lines.iter().map(|line| format!("# {}", line.strip_prefix("  # ").unwrap_or(line))).collect();
    }
    lines
}

fn entry(rule: &Imported) -> String {
    let query = string(&rule.text);
    match rule.tag.as_str() {
        "" => format!("{{ query = {query} }},"),
        tag => format!("{{ query = {query}, tag = {} }},", string(tag)),
    }
}

/// A text on one line as TOML, as it is where that can be.
fn string(text: &str) -> String {
    match text.contains('\'') {
        false => format!("'{text}'"),
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}
