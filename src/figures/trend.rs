//! Whether first answers get faster from week to week.

use std::collections::BTreeMap;

use super::{Facts, Figure, Form, Reason, Spec, Times, Unit, name};

/// Median of the first answer by week, and `Δ` of the last two.
pub static SPEC: Spec = Spec {
    name: "trend",
    title: ("Tendencia semanal", "Weekly trend"),
    explain: (
        "Mediana de la primera respuesta de las incidencias abiertas en cada semana (de lunes a domingo) de la ventana, con el intervalo del 95 % por el orden de \
         los valores. Cambio: la última semana menos la anterior, de las que tienen incidencias y tal como caen en la ventana, con el intervalo del 95 % que se recupera de los dos (MOVER: \
         Zou y Donner, 2008). Si el intervalo contiene el 0, puede ser azar.",
        "Median first answer of the incidents opened in each week (Monday to Sunday) of the window, with the 95 % interval by the order of the values. \
         Change: the last week less the one before it, of those with incidents and as far as the window has them, with the 95 % interval recovered from the two (MOVER: Zou and Donner, 2008). If \
         the interval holds 0, it may be chance.",
    ),
    names: &[
        name("n", Form::Column, "n", "n"),
        name("median", Form::Column, "mediana", "median"),
        name("change", Form::Card, "cambio de la mediana", "change of the median"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut zone = facts.zone.clone();
    let mut weeks: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for incident in facts.cohort() {
        // 1970-01-01 was a Thursday: three days after Monday.
        let week = (zone.day(incident.opened_at) + 3).div_euclid(7);
        weeks.entry(week).or_default().extend(incident.first_answer.as_ref().map(|a| a.took()));
    }
    let gate = facts.unheard();
    let weeks: Vec<(i64, Times)> = weeks.into_iter().map(|(week, times)| (week, times.into_iter().collect())).collect();
    let mut out = Vec::new();
    for (week, times) in &weeks {
        let monday = super::closed::date(week * 7 - 3);
        let interval = times.median_interval().map(|(low, high)| (low / 1e6, high / 1e6));
        out.push(Figure::count("n", times.len()).about(monday.clone()).unless(gate));
        let median = Figure { interval, ..Figure::time("median", times.quantile(50), times.len()) };
        out.push(median.about(monday).unless(gate));
    }
    let last = weeks.iter().rev().take(2).map(|(_, times)| times).collect::<Vec<_>>();
    let change = match last[..] {
        [now, before] => change(now, before),
        _ => Figure::new("change", Unit::Seconds, Err(Reason::Nothing)),
    };
    out.push(change.unless(gate));
    out
}

/// The median of `now` less that of `before`, in seconds, with its interval.
fn change(now: &Times, before: &Times) -> Figure {
    let Some((m, k)) = now.quantile(50).zip(before.quantile(50)) else {
        return Figure::new("change", Unit::Seconds, Err(Reason::Nothing));
    };
    let figure = Figure::new("change", Unit::Seconds, Ok((m - k) / 1e6));
    let root = |a: f64, b: f64| (a * a + b * b).sqrt();
    let interval = now.median_interval().zip(before.median_interval()).map(|((low, high), (low_before, high_before))| {
        ((m - k - root(m - low, high_before - k)) / 1e6, (m - k + root(high - m, k - low_before)) / 1e6)
    });
    Figure { interval, ..figure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    #[test]
    fn a_change_has_the_interval_of_both() {
        let times = |shift: i64| (1..=100).map(|i| (i + shift) * SECOND).collect::<Times>();
        let same = change(&times(0), &times(0));
        // Medians 50, intervals 40 to 61: ± √(10² + 11²).
        let wide = (10.0f64 * 10.0 + 11.0 * 11.0).sqrt();
        assert_eq!((same.value, same.interval), (Ok(0.0), Some((-wide, wide))));
        let slower = change(&times(100), &times(0));
        assert_eq!(slower.value, Ok(100.0));
        assert!(slower.interval.unwrap().0 > 80.0);
        assert_eq!(change(&Times::default(), &times(0)).value, Err(Reason::Nothing));
    }
}
