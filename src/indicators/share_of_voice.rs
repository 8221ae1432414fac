//! Share of voice of a brand in its group, beside its share of the market; how concentrated a group is.

use super::{Facts, Figure, Ratio, Spec};
use crate::bilingual::Both;
use crate::share::Voice;

/// `SoV_b = n_b / Σ n_k`, and `eSoV = SoV − share of market`.
pub static SPEC: Spec = Spec { name: "share-of-voice", explain, figures };

fn explain() -> Both {
    Both::new(
        "Menciones de la marca entre las de todas las del grupo. Una publicación cuenta una vez por marca, en cuantos temas suyos esté; la que \
         trata de k marcas cuenta 1 en cada una («share») o 1/k («split_share»). Sin duplicados, las que dicen lo mismo cuentan una vez por \
         marca, con la primera. «excess» es la cuota de voz menos la de mercado.",
        "Mentions of the brand among those of all brands of the group. A post counts once for a brand, in however many of its topics it is; one \
         about k brands counts 1 for each (share) or 1/k (split_share). Without duplicates, posts that say the same count once for a brand, with \
         the first of them. excess is share of voice less share of market.",
    )
}

fn figures(facts: &Facts<'_>) -> Vec<(&'static str, Figure)> {
    let known = |n: f64| facts.listened.then_some(n);
    let unit = Voice::UNIT as f64;
    let share = Ratio { numerator: known(facts.brand.mentions as f64), denominator: facts.group.mentions as f64 };
    let split = Ratio { numerator: known(facts.brand.parts as f64 / unit), denominator: facts.group.parts as f64 / unit };
    let excess = share.value().zip(facts.market).map(|(voice, market)| voice - market);
    vec![
        ("share", Figure::Ratio(share)),
        ("split_share", Figure::Ratio(split)),
        ("market_share", Figure::Number(facts.market)),
        ("excess", Figure::Number(excess)),
    ]
}

/// The Herfindahl-Hirschman index `Σ SoV²` of the mentions of each brand, from 1/brands to 1; `None`
/// without mentions.
pub fn concentration(mentions: &[u64]) -> Option<f64> {
    let square = |n: u64| u128::from(n) * u128::from(n);
    let all = square(mentions.iter().sum());
    (all > 0).then(|| mentions.iter().map(|n| square(*n)).sum::<u128>() as f64 / all as f64)
}

/// The two largest of the brands together.
pub fn largest_two(mentions: &[u64]) -> Ratio {
    let mut sorted = mentions.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    Ratio::of(sorted.iter().take(2).sum(), mentions.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_by_hand() {
        // 58 + 22 of 100: the two hold 80 %, and 0.58² + 0.22² + 0.1² + 0.06² + 0.04² = 0.4.
        let mentions = [22, 58, 4, 10, 6];
        assert_eq!(concentration(&mentions), Some(0.4));
        assert_eq!(largest_two(&mentions).value(), Some(0.8));
        assert_eq!((concentration(&[0, 0]), largest_two(&[0, 0]).value()), (None, None));
        assert_eq!((concentration(&[7, 0]), concentration(&[5, 5])), (Some(1.0), Some(0.5)));
    }

    #[test]
    fn a_share_below_the_market_is_negative() {
        let voice = |mentions| Voice { mentions, parts: mentions * Voice::UNIT / 2, ..Voice::default() };
        let facts = Facts { brand: voice(20), group: voice(100), market: Some(0.25), listened: true, ..Facts::default() };
        let figures = figures(&facts);
        assert_eq!(figures[0].1, Figure::Ratio(Ratio { numerator: Some(20.0), denominator: 100.0 }));
        assert_eq!(figures[1].1, Figure::Ratio(Ratio { numerator: Some(10.0), denominator: 50.0 }));
        let Figure::Number(Some(excess)) = figures[3].1 else { panic!("no excess") };
        assert!((excess + 0.05).abs() < 1e-12);
    }
}
