//! Mentions beside how many people could have written them.

use super::{Facts, Figure, Ratio, Spec};
use crate::bilingual::Both;

/// `n / (population / 10⁶)`.
pub static SPEC: Spec = Spec { name: "per-million", explain, figures };

fn explain() -> Both {
    Both::new(
        "Menciones por millón de personas que usan estas redes allí («population» del grupo). Sin valor si no se da.",
        "Mentions per million people who use these networks there (population of the group). No value unless it is given.",
    )
}

fn figures(facts: &Facts<'_>) -> Vec<(&'static str, Figure)> {
    let numerator = facts.listened.then_some(facts.brand.mentions as f64);
    let denominator = facts.population.map_or(0.0, |people| people as f64 / 1e6);
    vec![("mentions", Figure::Ratio(Ratio { numerator, denominator }))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::Voice;

    #[test]
    fn of_25_million_people() {
        let brand = Voice { mentions: 5080, ..Voice::default() };
        let of = |population, listened| match figures(&Facts { brand, population, listened, ..Facts::default() })[0].1 {
            Figure::Ratio(ratio) => ratio.value(),
            _ => None,
        };
        assert_eq!(of(Some(25_400_000), true), Some(200.0));
        assert_eq!((of(None, true), of(Some(25_400_000), false)), (None, None));
    }
}
