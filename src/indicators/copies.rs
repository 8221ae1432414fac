//! How much of what is said of a brand was said before.

use super::{Facts, Figure, Ratio, Spec};
use crate::bilingual::Both;

/// `dup_ratio = 1 − n_clusters / n_posts`.
pub static SPEC: Spec = Spec { name: "copies", explain, figures };

fn explain() -> Both {
    Both::new(
        "Menciones que dicen lo que otra anterior de la marca, entre todas: 1 − grupos / menciones. Cada grupo de textos iguales o casi cuenta una vez, \
         con el primero, en la ventana de este. Con republicaciones, que repiten siempre, o sin ellas, según «reposts».",
        "Mentions that say what one before them said of the brand, among all: 1 − clusters / mentions. A cluster of texts that say the same counts once, \
         with the first of them, in the window of that. With reposts, which always repeat, or without, as reposts says.",
    )
}

fn figures(facts: &Facts<'_>) -> Vec<(&'static str, Figure)> {
    let copies = facts.listened.then(|| facts.each.saturating_sub(facts.once) as f64);
    vec![("dup_ratio", Figure::Ratio(Ratio { numerator: copies, denominator: facts.each as f64 }))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_seven_that_say_the_same_and_three_others() {
        let facts = Facts { each: 40, once: 4, listened: true, ..Facts::default() };
        assert_eq!(figures(&facts), [("dup_ratio", Figure::Ratio(Ratio::of(36, 40)))]);
    }
}
