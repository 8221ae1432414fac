//! Times in order: mean, median and quantiles.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Facts, Figure, Form, Key, Name, Reason, name};
use crate::incident::{Field, Incident};
use crate::proportion::Z95;

/// What [`by_section`] gives of each: the number of times, then seconds.
pub const NAMES: [Name; 5] = [
    name("n", Form::Column, "n", "n"),
    name("mean", Form::Column, "media", "mean"),
    name("median", Form::Column, "mediana", "median"),
    name("p90", Form::Column, "p90", "p90"),
    name("longest", Form::Column, "máxima", "longest"),
];

/// Some times, in microseconds, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Times(Vec<i64>);

impl FromIterator<i64> for Times {
    fn from_iter<I: IntoIterator<Item = i64>>(times: I) -> Times {
        let mut sorted: Vec<i64> = times.into_iter().collect();
        sorted.sort_unstable();
        Times(sorted)
    }
}

impl Times {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The arithmetic mean.
    pub fn mean(&self) -> Option<f64> {
        let sum: i128 = self.0.iter().map(|t| i128::from(*t)).sum();
        (!self.is_empty()).then(|| sum as f64 / self.len() as f64)
    }

    /// The `ceil(n · hundredths / 100)`-th smallest: the quantile by nearest rank.
    pub fn quantile(&self, hundredths: usize) -> Option<f64> {
        let rank = (self.len() * hundredths).div_ceil(100).max(1);
        self.0.get(rank - 1).map(|t| *t as f64)
    }

    /// The 95 % interval of the median out of the order of the times, whatever their law: ranks
    /// `n/2 ∓ 1.96·√n/2`, the upper one plus 1 (Campbell and Gardner, BMJ 296, 1988). `None` with fewer
    /// than six, where no two ranks hold it.
    pub fn median_interval(&self) -> Option<(f64, f64)> {
        let n = self.len() as f64;
        let (half, wide) = (n / 2.0, Z95 * n.sqrt() / 2.0);
        let (low, high) = ((half - wide).round(), (1.0 + half + wide).round());
        let at = |rank: f64| self.0.get((rank as usize).checked_sub(1)?).map(|t| *t as f64);
        if self.len() < 6 { None } else { at(low).zip(at(high)) }
    }
}

/// n, mean, median, 90 % and longest of the times that `of` finds in the cohort: of all, and by section.
pub(super) fn by_section<'a>(facts: &Facts<'a>, gate: Option<Reason>, of: impl Fn(&'a Incident) -> Vec<i64>) -> Vec<Figure> {
    let mut sections: BTreeMap<Option<Key>, Vec<i64>> = BTreeMap::from([(None, Vec::new())]);
    for incident in facts.cohort() {
        let times = of(incident);
        if let Some(section) = incident.tag(Field::Section) {
            sections.entry(Some(Key::name(section))).or_default().extend_from_slice(&times);
        }
        sections.entry(None).or_default().extend(times);
    }
    let rows = sections.into_iter().flat_map(|(section, times)| summary(section.unwrap_or(Key::Word("all")), &times.into_iter().collect()));
    rows.map(|figure| figure.unless(gate)).collect()
}

/// The figures of some times.
pub(super) fn summary(key: Key, times: &Times) -> [Figure; 5] {
    let n = times.len();
    let time = |name, micros| Figure::time(name, micros, n);
    [
        Figure::count("n", n),
        time("mean", times.mean()),
        Figure { interval: times.median_interval().map(|(a, b)| (a / 1e6, b / 1e6)), ..time("median", times.quantile(50)) },
        time("p90", times.quantile(90)),
        time("longest", times.quantile(100)),
    ]
    .map(|figure| figure.about(key.clone()))
}

/// How the key of one matter is written: who, and the post that opened it.
pub(super) fn who(incident: &Incident) -> [Key; 2] {
    [Key::Name(Arc::clone(&incident.handle)), Key::Name(Arc::clone(&incident.post_id))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let times: Times = [40, 10, 20, 30].into_iter().collect();
        let got = [0, 25, 50, 51, 75, 90, 100].map(|q| times.quantile(q).unwrap());
        assert_eq!(got, [10.0, 10.0, 20.0, 30.0, 30.0, 40.0, 40.0]);
        assert_eq!((times.mean(), times.len()), (Some(25.0), 4));
        let none = Times::default();
        assert_eq!((none.mean(), none.quantile(50), none.median_interval()), (None, None, None));
    }

    #[test]
    fn the_interval_of_the_median_is_that_of_the_books() {
        // Campbell and Gardner: of 100 values, from the 40th to the 61st; of 30, from the 10th to the 21st.
        for (n, want) in [(100, (40.0, 61.0)), (30, (10.0, 21.0))] {
            assert_eq!((1..=n).collect::<Times>().median_interval(), Some(want));
        }
        assert_eq!((1..=5).collect::<Times>().median_interval(), None);
        assert_eq!((1..=6).collect::<Times>().median_interval(), Some((1.0, 6.0)));
    }
}
