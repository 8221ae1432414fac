//! How many of those who speak of a brand do so in a negative tone.

use super::{Facts, Figure, Ratio, Spec};
use crate::bilingual::Both;
use crate::proportion::{self, Z95};

/// `negative_share = n(negative) / n`.
pub static SPEC: Spec = Spec { name: "negative", explain, figures };

fn explain() -> Both {
    Both::new(
        "Menciones de tono negativo entre todas, con su intervalo del 95 % (Wilson), sin republicaciones ni duplicados, digan lo que digan los demás \
         parámetros: las copias no son independientes. Quien compara marcas compara los intervalos.",
        "Mentions of a negative tone among all, with the 95 % interval (Wilson), without reposts and duplicates, whatever the other parameters say: \
         copies are not independent. Who compares brands compares the intervals.",
    )
}

fn figures(facts: &Facts<'_>) -> Vec<(&'static str, Figure)> {
    let (negative, all) = (facts.brand.apart.negative, facts.shift.now.0);
    let share = Ratio { numerator: facts.listened.then_some(negative as f64), denominator: all as f64 };
    let interval = if facts.listened { proportion::wilson(negative, all, Z95) } else { None };
    vec![("negative_share", Figure::Ratio(share)), ("interval", Figure::Interval(interval))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::{Apart, Shift, Voice};

    #[test]
    fn nine_per_cent_of_few_is_not_nine_per_cent_of_many() {
        let interval = |negative, all| {
            let brand = Voice { apart: Apart { negative, ..Apart::default() }, ..Voice::default() };
            let facts = Facts { brand, shift: Shift { now: (all, all), ..Shift::default() }, listened: true, ..Facts::default() };
            match figures(&facts)[..] {
                [("negative_share", Figure::Ratio(share)), ("interval", Figure::Interval(Some(ends)))] => (share.value(), ends),
                ref other => panic!("{other:?}"),
            }
        };
        let ((few, (low, high)), (many, (l, h))) = (interval(9, 100), interval(900, 10_000));
        assert_eq!((few, many), (Some(0.09), Some(0.09)));
        // By hand: (0.09 + 1.9208/100 ± 1.96·√(0.09·0.91/100 + 0.9604/100²)) / (1 + 3.8416/100).
        assert!((low - 0.0481).abs() < 5e-5 && (high - 0.1623).abs() < 5e-5, "{low} {high}");
        assert!(l > low && h < high);
    }
}
