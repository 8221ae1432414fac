//! How many of those who speak to a brand, or about it, it answers.

use super::{Facts, Figure, Ratio, Spec};
use crate::bilingual::Both;

/// `answered_direct = n(direct with reply) / n(direct)`, and the same of all mentions.
pub static SPEC: Spec = Spec { name: "answered", explain, figures };

fn explain() -> Both {
    Both::new(
        "Menciones de la ventana a las que respondió una cuenta de la marca, hasta ahora: directas (la mencionan o le responden) y todas. Vale la \
         respuesta a la publicación o, a quien abrió la conversación, en ella. Sin valor mientras no se haya visto ninguna publicación de la marca.",
        "Mentions of the window that an account of the brand replied to, so far: direct ones (they mention or answer it), and all. A reply to the \
         post counts, and for who began a conversation one in it. No value while no post by the brand was ever seen.",
    )
}

fn figures(facts: &Facts<'_>) -> Vec<(&'static str, Figure)> {
    let of = |answered: u64, all: u64| Figure::Ratio(Ratio { numerator: facts.heard.then_some(answered as f64), denominator: all as f64 });
    let brand = &facts.brand;
    vec![("direct", of(brand.answered_direct, brand.direct)), ("all", of(brand.answered, brand.mentions))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::Voice;

    #[test]
    fn one_in_fifteen_is_answered_and_silence_is_not_zero() {
        let brand = Voice { mentions: 20, direct: 15, answered: 1, answered_direct: 1, ..Voice::default() };
        let direct = |heard| match figures(&Facts { brand, heard, ..Facts::default() })[0].1 {
            Figure::Ratio(ratio) => ratio.value(),
            _ => None,
        };
        assert_eq!(direct(true), Some(1.0 / 15.0));
        assert_eq!(direct(false), None);
    }
}
