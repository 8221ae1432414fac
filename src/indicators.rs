//! What the care and crisis teams measure: one indicator, one file.
//!
//! An indicator turns what was counted of one brand of a group into figures. The tally owns the counts
//! and asks; the API, the CSV file and the notes beside them follow from [`ALL`].

use crate::bilingual::Both;
use crate::share::{Shift, Voice};

crate::register!(Spec: share_of_voice, change, per_million, copies, hashtags, negative, answered, engagement);
mod panes;

pub use engagement::{Publication, Publications, figures as engagement};
pub use panes::{Counted, Panes, Traits};
pub use share_of_voice::{concentration, largest_two};

/// One registered indicator.
pub struct Spec {
    /// Its name: the file's name with `_` as `-`.
    pub name: &'static str,
    /// How it is counted, for people.
    pub explain: fn() -> Both,
    /// Its figures; the same names in the same order, whatever the facts.
    pub figures: fn(&Facts<'_>) -> Vec<(&'static str, Figure)>,
}

/// What is known of one brand of a group in a window.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// What was counted of the brand, as the reader wants it counted.
    pub brand: Voice,
    /// The same of all brands of the group together.
    pub group: Voice,
    /// This window and the one before, without reposts and near-duplicates.
    pub shift: Shift,
    /// Mentions that say something new: a cluster counts once. Reposts as the reader wants them.
    pub once: u64,
    /// The same with every near-duplicate.
    pub each: u64,
    /// Share of the market, 0-1.
    pub market: Option<f64>,
    /// People who use these networks.
    pub population: Option<u64>,
    /// There is a topic of the brand: else nothing is known of its mentions.
    pub listened: bool,
    /// A post by one of its accounts was ever seen.
    pub heard: bool,
    /// What its accounts published in the window.
    pub published: &'a [Publication],
    /// Days of the window that were listened to.
    pub days: f64,
}

/// One figure. What is not known has no value, and is never 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// A ratio with what it is made of.
    Ratio(Ratio),
    /// A number.
    Number(Option<f64>),
    /// The ends of an interval.
    Interval(Option<(f64, f64)>),
}

/// A numerator over a denominator, both shown.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ratio {
    /// Above the line; `None` if it is not known.
    pub numerator: Option<f64>,
    /// Below it.
    pub denominator: f64,
}

impl Ratio {
    /// `numerator` over `denominator`.
    pub fn of(numerator: u64, denominator: u64) -> Ratio {
        Ratio { numerator: Some(numerator as f64), denominator: denominator as f64 }
    }

    /// The quotient, unless the denominator is 0 or the numerator unknown.
    pub fn value(&self) -> Option<f64> {
        self.numerator.filter(|_| self.denominator > 0.0).map(|n| n / self.denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_has_no_value() {
        for spec in ALL {
            for (name, figure) in (spec.figures)(&Facts::default()) {
                let value = match figure {
                    Figure::Ratio(ratio) => ratio.value(),
                    Figure::Number(number) => number,
                    Figure::Interval(ends) => ends.map(|e| e.0),
                };
                assert_eq!(value, None, "{} {name}", spec.name);
            }
            let text = (spec.explain)();
            assert!(!text.es.is_empty() && !text.en.is_empty() && text.es != text.en, "{}", spec.name);
        }
    }
}
