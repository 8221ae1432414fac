//! What people pass on: how many of the reposts have a hashtag.

use super::{Facts, Figure, Ratio, Spec};
use crate::bilingual::Both;
use crate::proportion::{self, Z95};

/// `hashtag_share = n(reposts with #) / n(reposts)`.
pub static SPEC: Spec = Spec { name: "hashtags", explain, figures };

fn explain() -> Both {
    Both::new(
        "Republicaciones con alguna etiqueta (#) entre todas las que mencionan a la marca, con su intervalo del 95 % (Wilson), digan lo que digan los \
         demás parámetros. Lo que más se republica son a menudo sorteos y promociones.",
        "Reposts with a hashtag among all that mention the brand, with the 95 % interval (Wilson), whatever the other parameters say. What is \
         passed on most is often a draw or a promotion.",
    )
}

fn figures(facts: &Facts<'_>) -> Vec<(&'static str, Figure)> {
    let apart = facts.brand.apart;
    let share = Ratio { numerator: facts.listened.then_some(apart.tagged as f64), denominator: apart.reposts as f64 };
    let interval = if facts.listened { proportion::wilson(apart.tagged, apart.reposts, Z95) } else { None };
    vec![("hashtag_share", Figure::Ratio(share)), ("interval", Figure::Interval(interval))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::share::{Apart, Voice};

    #[test]
    fn half_of_the_reposts() {
        let apart = Apart { reposts: 100, tagged: 50, ..Apart::default() };
        let facts = Facts { brand: Voice { apart, ..Voice::default() }, listened: true, ..Facts::default() };
        let found = figures(&facts);
        assert_eq!(found[0].1, Figure::Ratio(Ratio::of(50, 100)));
        // By hand: (0.5 + 1.9208/100 - 1.96·√(0.25/100 + 0.9604/100²)) / (1 + 3.8416/100), and as far above one half.
        let Figure::Interval(Some((low, high))) = found[1].1 else { panic!("no interval") };
        assert!((low - 0.4038).abs() < 5e-5 && (low + high - 1.0).abs() < 1e-12, "{low} {high}");
        assert_eq!(figures(&Facts { listened: false, ..facts })[1].1, Figure::Interval(None));
    }
}
