//! What is wrong with a template, told to whoever writes it and not to the customer who would read it.

use std::sync::LazyLock;

use super::length::{Limit, length};
use super::{PLACEHOLDERS, fill, next_placeholder};
use crate::bilingual::Both;
use crate::contact;
use crate::lexicon::Lexicon;
use crate::text::{TokenKind, Tokens};

static ASK: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("ask.txt")]));
static WHEN: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("when.txt")]));

/// Points of what asks, of what is for private channels, and of what nobody may ask for.
const ASKS: i16 = 1;
const PRIVATE: i16 = 2;
const SECRET: i16 = 3;
/// How many words may stand between what asks and what is asked for.
const REACH: usize = 8;
/// A word in capitals that alone is a shout, and one that is so beside another; abbreviations are shorter.
const LOUD: usize = 6;
const LOUD_BESIDE: usize = 3;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// For programs and tests.
    pub code: &'static str,
    /// What.
    pub cause: Both,
    /// What to write instead.
    pub fix: Both,
}

fn fault(code: &'static str, cause: Both, (es, en): (&str, &str)) -> Fault {
    Fault { code, cause, fix: Both::new(es, en) }
}

/// Everything that is wrong with a template for `networks`, where names of agents have `agent` characters at most.
pub fn faults(text: &str, networks: &[&Limit], agent: usize) -> Vec<Fault> {
    let mut all: Vec<Fault> = networks.iter().filter_map(|limit| too_long(text, limit, agent)).collect();
    all.extend(unknown(text));
    // As a customer would read it, with a name that says nothing by itself.
    let shown = fill(text, "cliente", "AB");
    let mut tokens = Tokens::default();
    tokens.read(&shown);
    let says = contact::read_tokens(&shown, &tokens);
    let has_agent = says.signature.is_some() || text.contains("{agent}");
    if says.promise {
        all.extend(promise(has_when(&shown, &tokens), has_agent));
    }
    all.extend(asks(&shown, &tokens, says.private));
    if says.private && !says.notice {
        all.push(fault(
            "no_notice",
            Both::new(
                "invita a un canal privado sin enlace al aviso de privacidad",
                "it asks into a private channel without a link to the privacy notice",
            ),
            (
                "añade el enlace: «Aviso de privacidad: https://banco.example/privacidad»",
                "add the link: “Privacy notice: https://bank.example/privacy”",
            ),
        ));
    }
    all.extend(loud(&shown, &tokens).map(|word| {
        let cause = Both::new(format!("grita en mayúsculas: «{word}»"), format!("it shouts in capitals: “{word}”"));
        fault("shouts", cause, ("escríbelo en minúsculas", "write it in small letters"))
    }));
    all
}

fn too_long(text: &str, limit: &Limit, agent: usize) -> Option<Fault> {
    let longest = fill(text, &"a".repeat(limit.handle), &"a".repeat(agent));
    let (n, most, title) = (length(limit.network, &longest), limit.most, limit.title);
    let (es, en) = (
        format!("es larga para {title}: {n} caracteres de {most}, con nombres largos"),
        format!("it is too long for {title}: {n} characters of {most}, with long names"),
    );
    (n > most)
        .then(|| fault("too_long", Both::new(es, en), ("acórtala, o pártela en dos plantillas", "shorten it, or make it two templates")))
}

fn unknown(text: &str) -> Option<Fault> {
    let mut rest = text;
    let name = loop {
        let (_, name, after) = next_placeholder(rest)?;
        if !PLACEHOLDERS.contains(&name) {
            break name;
        }
        rest = after;
    };
    let cause = Both::new(format!("no hay nada que poner en «{{{name}}}»"), format!("there is nothing to put in “{{{name}}}”"));
    Some(fault("unknown_placeholder", cause, ("se admite: {handle}, {agent}", "possible: {handle}, {agent}")))
}

fn promise(has_when: bool, has_agent: bool) -> Option<Fault> {
    let lacks = match (has_when, has_agent) {
        (true, true) => return None,
        (false, true) => Both::new("promete volver y no dice cuándo", "it promises to come back and says no time"),
        (true, false) => Both::new("promete volver y nadie responde de ello", "it promises to come back and nobody answers for it"),
        (false, false) => Both::new("promete volver sin decir cuándo ni quién", "it promises to come back and says neither when nor who"),
    };
    Some(fault(
        "bare_promise",
        lacks,
        ("por ejemplo «Te llamamos hoy antes de las 18:00. ^{agent}»", "for example “We'll call you today before 18:00. ^{agent}”"),
    ))
}

fn has_when(text: &str, tokens: &Tokens) -> bool {
    let of_words = |kind: TokenKind| kind == TokenKind::Word;
    let words = tokens.tokens().iter().filter(|token| of_words(token.kind));
    let has_number = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
    let mut has = words.filter_map(|token| text.get(token.start as usize..token.end as usize)).any(has_number);
    WHEN.find(text, tokens, |_| has = true);
    has
}

/// What it asks for: in public, or anywhere.
fn asks(text: &str, tokens: &Tokens, private: bool) -> Option<Fault> {
    let (mut asked, mut found): (Option<usize>, Option<(i16, usize, usize)>) = (None, None);
    ASK.find(text, tokens, |term| {
        if term.is_negated() {
            return;
        }
        match term.points {
            ASKS => asked = Some(term.first + term.length),
            points => {
                let is_near = asked.is_some_and(|end| term.first <= end + REACH);
                // What nobody may ask for weighs more than what comes first.
                if is_near && found.is_none_or(|(worst, ..)| worst < points) {
                    found = Some((points, term.first, term.length));
                }
            }
        }
    });
    let (points, first, length) = found?;
    let all = tokens.tokens();
    let word = text.get(all.get(first)?.start as usize..all.get(first + length - 1)?.end as usize)?;
    match points {
        SECRET => Some(fault(
            "asks_secret",
            Both::new(format!("pide «{word}», que nadie debe pedir"), format!("it asks for “{word}”, which nobody may ask for")),
            ("bórralo: di cómo cambiarla en la app o en la sucursal", "delete it: say how to change it in the app or at a branch"),
        )),
        PRIVATE if !private => Some(fault(
            "asks_in_public",
            Both::new(format!("pide «{word}» en público"), format!("it asks for “{word}” in public")),
            (
                "pídelo por mensaje directo, con el enlace al aviso de privacidad",
                "ask for it in a direct message, with the link to the privacy notice",
            ),
        )),
        _ => None,
    }
}

/// The first words in capitals that are a shout.
fn loud<'a>(text: &'a str, tokens: &Tokens) -> Option<&'a str> {
    let mut before: Option<usize> = None;
    for token in tokens.tokens() {
        let (start, end) = (token.start as usize, token.end as usize);
        let word = text.get(start..end)?;
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        let in_capitals = token.kind == TokenKind::Word && letters >= LOUD_BESIDE && !word.chars().any(char::is_lowercase);
        match before {
            _ if in_capitals && letters >= LOUD => return Some(word),
            Some(from) if in_capitals => return text.get(from..end),
            _ => before = in_capitals.then_some(start),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::is_well_formed;

    fn codes(text: &str) -> Vec<&'static str> {
        let networks: Vec<&Limit> = Limit::all().collect();
        faults(text, &networks, 10).iter().map(|f| f.code).collect()
    }

    #[test]
    fn lists_are_well_formed() {
        assert!(is_well_formed(include_str!("ask.txt")) && is_well_formed(include_str!("when.txt")));
    }

    #[test]
    fn good_templates_pass() {
        for text in [
            "Hola, @{handle}: lamentamos lo ocurrido. ¿Desde cuándo te pasa? ^{agent}",
            "@{handle} escríbenos por mensaje directo con tu número de cuenta. Aviso de privacidad: https://banco.example/privacidad ^{agent}",
            "Te llamamos hoy antes de las 18:00. ^{agent}",
            "We'll call you within 2 hours. ^{agent}",
            "Nunca compartas tu contraseña ni tu NIP con nadie.",
            "Please never share your password, not even with us.",
            "Puedes cambiar tu contraseña en la app, en Seguridad.",
            "Revisamos tu CURP y tu RFC en la sucursal.",
            "Please DM us: our privacy notice is https://bank.example/privacy ^{agent}",
        ] {
            assert_eq!(codes(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn each_fault_is_found_in_both_languages() {
        let long = format!("@{{handle}} {}", "a ".repeat(140));
        for (text, want) in [
            ("Hola, {nombre}", "unknown_placeholder"),
            ("Hi {handle}, this is {agnet}", "unknown_placeholder"),
            ("Te contactaremos a la brevedad. ^{agent}", "bare_promise"),
            ("Te llamaremos mañana", "bare_promise"),
            ("We will get back to you shortly", "bare_promise"),
            ("We'll call you tomorrow", "bare_promise"),
            ("¿Nos compartes tu número de cuenta?", "asks_in_public"),
            ("Por favor, envíanos tu nombre completo y tu CURP", "asks_in_public"),
            ("Please tell us your phone number", "asks_in_public"),
            ("Confirma tu contraseña", "asks_secret"),
            ("Send us your full name and password", "asks_secret"),
            ("DM us your PIN: privacy notice https://bank.example/privacy", "asks_secret"),
            ("Escríbenos por DM", "no_notice"),
            ("Please send us a direct message", "no_notice"),
            ("Es URGENTE que llames", "shouts"),
            ("NO LO COMPARTAS", "shouts"),
            ("PLEASE CALL us", "shouts"),
        ] {
            assert_eq!(codes(text), [want], "{text}");
        }
        // 280 of the text, and the handle with what stands about it: 17 on X, 32 on Bluesky.
        assert_eq!(codes(&long), ["too_long", "too_long"]);
        let all = faults(&long, &Limit::all().collect::<Vec<_>>(), 10);
        assert!(all[0].cause.en.contains("X: 297 characters of 280"), "{}", all[0].cause.en);
        assert_eq!(codes(&"a ".repeat(160)), ["too_long", "too_long"]);
        for fault in [all, faults("DM {x} URGENTE te llamaremos, dinos tu DNI", &[], 10)].concat() {
            assert!(fault.cause.es != fault.cause.en && fault.fix.es != fault.fix.en && !fault.fix.es.is_empty(), "{fault:?}");
        }
    }
}
