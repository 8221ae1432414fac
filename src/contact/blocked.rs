//! A blocked operation: somebody cannot pay, take money out or get in, and must be answered at once.

use std::sync::LazyLock;

use super::body::Body;
use crate::lexicon::Lexicon;

static BLOCKED: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[include_str!("blocked_es.txt"), include_str!("blocked_en.txt")]));

/// Points of a term that suffices.
const SUFFICES: i16 = 1;
/// Points of what says that something cannot be done ("no me deja", "unable to").
const UNABLE: i16 = 2;
/// Points of what a customer does with an account ("pagar", "log in").
const OPERATION: i16 = 3;
/// Points of what a customer holds ("tarjeta", "account"), which takes part in what suffices only.
const THING: i16 = 4;
/// Points of what befalls it ("bloqueada", "swallowed").
const STOPPED: i16 = 5;

/// How many words may stand between the two halves ("no puedo, desde ayer, pagar").
const REACH: usize = 4;

/// Whether the text tells of a blocked operation: a term that suffices, something that cannot be done
/// and right behind it what, or what is held and what befell it, in either order.
pub(super) fn is_blocked(body: &Body<'_>) -> bool {
    let mut blocked = false;
    let (mut unable, mut thing, mut stopped) = (None, None, None);
    let near = |end: Option<usize>, first: usize| end.is_some_and(|end| first <= end + REACH);
    body.find(&BLOCKED, |found| {
        let end = Some(found.first + found.length);
        match found.points {
            SUFFICES => blocked |= !found.is_negated(),
            UNABLE => unable = end,
            OPERATION => blocked |= near(unable, found.first),
            THING => {
                blocked |= near(stopped, found.first);
                thing = end;
            }
            STOPPED if !found.is_negated() => {
                blocked |= near(thing, found.first);
                stopped = end;
            }
            _ => {}
        }
    });
    blocked
}

#[cfg(test)]
mod tests {
    use crate::contact::read;

    #[test]
    fn blocked_operations_in_both_languages() {
        for text in [
            "no puedo pagar con la app",
            "La app no me deja entrar",
            "no he podido hacer una transferencia",
            "el cajero se tragó mi tarjeta",
            "me bloquearon la cuenta",
            "mi tarjeta fue rechazada",
            "tengo la cuenta bloqueada desde ayer",
            "olvidé mi contraseña",
            "perdí mi token",
            "es imposible retirar dinero",
            "no me permite iniciar sesión",
            "I can't pay my bill",
            "I can’t log in to my account",
            "unable to withdraw cash",
            "the ATM swallowed my card",
            "my card was declined",
            "I'm locked out",
            "you froze my account",
            "forgot my password",
            "it won't let me sign in",
        ] {
            assert!(read(text).blocked, "{text}");
        }
        for text in [
            "puedo pagar con la app",
            "no puedo creer lo caro que es",
            "¿cómo abro una cuenta?",
            "mi cuenta ya no está bloqueada",
            "quiero una tarjeta",
            "no me gusta pagar",
            "I can pay now",
            "I can't believe it",
            "I like my card",
            "my account is not locked any more",
            "flight delayed",
            "https://x.com/no-puedo-pagar",
            "@no_puedo_pagar",
            "",
        ] {
            assert!(!read(text).blocked, "{text}");
        }
    }
}
