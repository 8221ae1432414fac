//! `organisations` of a brand: whose the people are that sign its answers.

use super::problem::{Problems, both};
use super::section::{At, Section, Value, is_name, no_fix};
use crate::figures::Organisations;
use crate::limits::SIGNATURE_CHARS;
use crate::text::nfc;

/// One organisation as typed, with its signatures.
pub type Typed<'a> = (At<&'a str>, Vec<At<&'a str>>);

/// Reads `organisations = { "NAME" = ["GL", "JM"] }`.
pub fn read<'a>(section: Section<'a>) -> Vec<Typed<'a>> {
    let Some(table) = section.table("organisations", "organisations") else { return Vec::new() };
    let one = |(name, value): (At<&'a str>, &'a Value<'a>)| {
        if value.get_ref().as_array().is_some_and(|list| list.is_empty()) {
            let organisation = name.value;
            let cause = both!("«{organisation}» no tiene firmas", "“{organisation}” has no signatures");
            section.problems().error(&name.span, cause, both!("por ejemplo [\"GL\", \"JM\"]", "for example [\"GL\", \"JM\"]"));
        }
        let signatures = table.texts(name.value);
        (name, signatures)
    };
    table.entries().map(one).collect()
}

/// The organisations by signature, as signatures are read: in capitals.
pub fn used(typed: &[Typed<'_>], problems: &Problems) -> Organisations {
    let mut used = Organisations::new();
    for (name, signatures) in typed {
        let organisation = name.value;
        if !is_name(organisation) {
            let cause = both!("el nombre «{organisation}» no se puede usar", "the name “{organisation}” cannot be used");
            problems.error(&name.span, cause, no_fix());
        }
        for typed in signatures {
            let Some(signature) = signature(typed, problems) else { continue };
            if let Some(other) = used.insert(signature.clone(), organisation.to_owned()) {
                let cause = both!(
                    "la firma «{signature}» está dos veces: en «{other}» y en «{organisation}»",
                    "the signature “{signature}” is there twice: in “{other}” and in “{organisation}”"
                );
                problems.error(&typed.span, cause, both!("bórrala una vez", "delete it once"));
            }
        }
    }
    used
}

/// A signature with or without the sign before it.
fn signature(typed: &At<&str>, problems: &Problems) -> Option<String> {
    let written = typed.value;
    let signature = nfc(written.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end()).to_uppercase();
    let letters = signature.chars().count();
    if (1..=SIGNATURE_CHARS).contains(&letters) && signature.chars().all(char::is_alphabetic) {
        return Some(signature);
    }
    problems.error(
        &typed.span,
        both!("«{written}» no es una firma", "“{written}” is no signature"),
        both!(
            "iniciales o un nombre, hasta {SIGNATURE_CHARS} letras: \"GL\", \"^GL\" o \"Ana\"",
            "initials or a name, up to {SIGNATURE_CHARS} letters: \"GL\", \"^GL\" or \"Ana\""
        ),
    );
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;

    fn read(organisations: &str) -> Result<Vec<(String, String)>, Vec<String>> {
        let text = format!("[[brand]]\nname = \"Banco\"\norganisations = {organisations}\n[[brand]]\nname = \"Otro\"\n");
        let read = Config::read("x.toml", text, Path::new("/srv"));
        let read = read.map(|(config, _)| config.plan).map_err(|r| r.problems.iter().map(|p| p.cause.en.clone()).collect::<Vec<_>>())?;
        assert!(read.brands[1].organisations.is_empty(), "each brand has its own");
        Ok(read.brands[0].organisations.clone().into_iter().collect())
    }

    #[test]
    fn signatures_are_those_that_answers_carry() {
        let told = read("{ \"Contact Centre Ltd\" = [\"gl\", \"^JM\", \"- Ángel\"], Casa = \"Ana\" }").unwrap();
        let want = [("ANA", "Casa"), ("GL", "Contact Centre Ltd"), ("JM", "Contact Centre Ltd"), ("ÁNGEL", "Contact Centre Ltd")];
        assert_eq!(told.iter().map(|(s, o)| (s.as_str(), o.as_str())).collect::<Vec<_>>(), want);
        for (signature, _) in &told {
            let text = format!("Ya quedó. ^{signature}");
            assert_eq!(crate::contact::agent(&text).map(|a| a.name.into_owned()).as_ref(), Some(signature));
        }
        assert_eq!(read("{}").unwrap(), []);
    }

    #[test]
    fn what_cannot_be_is_told() {
        for (typed, want) in [
            ("{ a = [\"G1\"] }", "“G1” is no signature"),
            ("{ a = [\"\"] }", "“” is no signature"),
            ("{ a = [\"Ana María\"] }", "“Ana María” is no signature"),
            ("{ a = [] }", "“a” has no signatures"),
            ("{ \" a\" = [\"GL\"] }", "the name “ a” cannot be used"),
            ("{ a = [\"GL\"], b = [\"gl\"] }", "the signature “GL” is there twice: in “a” and in “b”"),
            ("[\"GL\"]", "organisations must be a table, not a list"),
            ("{ a = 3 }", "“a” must be a string in quotes, not a number"),
        ] {
            assert_eq!(read(typed).unwrap_err()[0], want, "{typed}");
        }
    }
}
