//! A promise to come back: the clock that runs after it is the customer's.

use std::sync::LazyLock;

use super::body::Body;
use crate::lexicon::Lexicon;

static PROMISE: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("promise.txt")]));

/// How near a word must stand to deny a promise ("no te contactaremos").
const NEAR: usize = 2;

/// Whether the text promises that its author will call, write or come back. Closing formulas ("quedamos
/// al pendiente", "we're here to help") promise nothing.
pub(super) fn promises(body: &Body<'_>) -> bool {
    let mut promises = false;
    body.find(&PROMISE, |found| promises |= found.denial.is_none_or(|back| back > NEAR));
    promises
}

#[cfg(test)]
mod tests {
    use crate::contact::read;

    #[test]
    fn promises_in_both_languages() {
        for text in [
            "te contactaremos a la brevedad ^AB",
            "En breve le llamaremos",
            "Nos pondremos en contacto contigo",
            "un ejecutivo te llamará mañana",
            "te mantendremos informado",
            "vamos a contactarte",
            "se comunicarán contigo",
            "We'll call you tomorrow",
            "we’ll get back to you shortly *TW",
            "Someone will reach out to you",
            "we will follow up with you",
            "I'll keep you posted",
            "we'll be in touch",
            "you will receive a call from us",
        ] {
            assert!(read(text).promise, "{text}");
        }
        for text in [
            "quedamos al pendiente",
            "Quedamos atentos a tus comentarios",
            "estamos para servirte",
            "we're here to help",
            "let us know if you need anything",
            "reach out to us anytime",
            "we called you yesterday",
            "we won't call you",
            "no te contactaremos por teléfono",
            "contáctanos al 800",
            "please call us",
            "https://x.com/contactaremos",
            "",
        ] {
            assert!(!read(text).promise, "{text}");
        }
    }
}
