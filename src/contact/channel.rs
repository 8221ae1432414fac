//! Moving a matter to a private channel, and the privacy notice that should go with it.

use std::sync::LazyLock;

use super::body::Body;
use crate::lexicon::Lexicon;
use crate::text::TokenKind;

static CHANNEL: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("channel.txt")]));
static NOTICE: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("notice.txt")]));

/// Points of a term that is a time of day behind a number ("8:00 PM").
const UNLESS_A_TIME: i16 = 2;

/// Whether a word for a private channel stands in the text.
pub(super) fn is_private(body: &Body<'_>) -> bool {
    let mut is_private = false;
    body.find(&CHANNEL, |found| {
        let is_time = found.points == UNLESS_A_TIME && found.first.checked_sub(1).is_some_and(|i| ends_in_digit(body, i));
        is_private |= !is_time;
    });
    is_private
}

fn ends_in_digit(body: &Body<'_>, i: usize) -> bool {
    let token = body.tokens().get(i);
    token.and_then(|t| body.text.get(..t.end as usize)).is_some_and(|t| t.ends_with(|c: char| c.is_ascii_digit()))
}

/// Whether a link to a privacy notice stands in the text: one that says so itself, or any link beside
/// words that name the notice, since networks shorten links.
pub(super) fn has_notice(body: &Body<'_>) -> bool {
    let says = |link: &str| ["privac", "aviso-legal", "datospersonales"].iter().any(|w| contains_ignoring_case(link, w));
    let links = body.tokens.tokens().iter().filter(|t| t.kind == TokenKind::Url);
    let mut links = links.filter_map(|t| body.text.get(t.start as usize..t.end as usize)).peekable();
    match links.peek() {
        Some(_) => links.any(says) || body.has(&NOTICE),
        None => body.has(&NOTICE) && body.text.split_whitespace().any(is_bare_link),
    }
}

fn contains_ignoring_case(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether `piece` is a link that lacks its scheme: "banco.mx/aviso".
fn is_bare_link(piece: &str) -> bool {
    let Some((host, path)) = piece.split_once('/') else { return false };
    let end = host.rsplit_once('.').map_or("", |(_, end)| end);
    !path.is_empty() && end.len() >= 2 && end.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use crate::contact::read;

    #[test]
    fn private_channels_in_both_languages() {
        for text in [
            "¿Nos escribes por DM? -GL",
            "mándanos un MD",
            "escríbenos por inbox",
            "Envíanos un mensaje directo",
            "por mensajes privados",
            "mándalo por interno",
            "te escribimos por el privado",
            "Please DM us",
            "check your DMs",
            "send us a direct message",
            "a Private Message, please",
            "Please PM us more info",
            "please send it through the private link",
            "(DM)",
            "#DM",
        ] {
            assert!(read(text).private, "{text}");
        }
        for text in [
            "listo. -PM",
            "listo ^DM",
            "listo *MD https://t.co/x",
            "escríbenos directamente",
            "¿te sale un mensaje de error?",
            "we are here until 8:00 PM",
            "8:00 am-9:00 pm ET",
            "until 8 PM, please",
            "8:00PM",
            "@DM_oficial hola",
            "@banco_dm hola",
            "https://x.com/direct/message/DM",
            "banca privada",
            "el mensaje es directo al grano",
            "",
        ] {
            assert!(!read(text).private, "{text}");
        }
    }

    #[test]
    fn notices_need_a_link() {
        for (text, want) in [
            ("Escríbenos por DM. Aviso de privacidad: https://t.co/x", true),
            ("DM https://banco.mx/aviso-de-PRIVACIDAD", true),
            ("our privacy notice: https://t.co/x ^AB", true),
            ("our privacy policy bank.com/privacy", true),
            ("Consulta nuestro aviso de privacidad", false),
            ("aviso de privacidad y/o datos", false),
            ("más información https://t.co/x", false),
            ("https://banco.mx/", false),
            ("", false),
        ] {
            assert_eq!(read(text).notice, want, "{text}");
        }
    }
}
