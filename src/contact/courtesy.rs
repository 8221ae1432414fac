//! Thanks and nothing else: what asks for no further answer.
//!
//! In doubt a text is no courtesy, because a customer who waits in vain is worse than an answered one
//! who seems to wait.

use std::sync::LazyLock;

use super::body::Body;
use super::channel;
use crate::lexicon::Lexicon;
use crate::text::TokenKind;

static THANKS: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("thanks.txt")]));
static DOUBT: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("doubt.txt")]));

/// Words of a courtesy at most; names of accounts and tags are no words.
const WORDS: usize = 10;

/// Whether the text alone is a courtesy. The caller must know that somebody answered and nobody waits.
pub(super) fn is_courtesy(body: &Body<'_>) -> bool {
    if body.has_link() {
        return false;
    }
    let mut words = 0;
    for (i, token) in body.tokens().iter().enumerate() {
        let is_name = token.kind != TokenKind::Word || body.is_named(i, '@') || body.is_named(i, '#');
        if is_name {
            continue;
        }
        words += 1;
        if words > WORDS || body.tokens.base(token).contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
    }
    body.has(&THANKS) && !body.has(&DOUBT) && !channel::is_private(body) && !body.has_mark(&['?', '¿'])
}

#[cfg(test)]
mod tests {
    use crate::contact::read;

    #[test]
    fn courtesy_in_both_languages() {
        for text in [
            "@banco muchas gracias",
            "Gracias!!! 🙌",
            "ok, gracias, muy amables",
            "@banco @otro_banco_99 ya quedó, mil gracias",
            "Thank you so much",
            "thx",
            "Ok will do, thank you!",
            "Thanks for your help, Becky.",
            "Already fixed! Thank you!",
            "I appreciate it :)",
            "THANKS #1fan",
        ] {
            assert!(read(text).courtesy, "{text}");
        }
        for text in [
            "@banco gracias, ¿y el cargo?",
            "gracias, pero sigue igual",
            "Gracias, aún no me llega",
            "gracias por nada",
            "gracias, ya les envié los datos",
            "gracias, les mandé DM",
            "gracias, ya les compartí mi número de cliente",
            "ok gracias, les paso los datos",
            "muchas gracias, mañana les llamaré",
            "gracias, quedo en espera",
            "gracias https://t.co/x",
            "gracias, mi folio es 1234",
            "ok",
            "excelente servicio",
            "Thanks but it still does not work",
            "thanks for nothing",
            "Thanks, just sent it",
            "thank you, when will it arrive",
            "thanks, I hope so",
            "thanks a lot for all of the help you gave me today",
            "@gracias hola",
            "",
        ] {
            assert!(!read(text).courtesy, "{text}");
        }
    }
}
