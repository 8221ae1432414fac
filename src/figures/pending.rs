//! Who waits for us now, and for how long.

use std::collections::BTreeMap;

use super::{Facts, Figure, Form, Key, Reason, Spec, Times, name};
use crate::incident::{Field, Incident, State};
use crate::time::HOUR;

/// Bounds of the ages and their names; a bound belongs to what is above it.
const AGES: [(i64, &str); 4] = [(HOUR, "0-1h"), (4 * HOUR, "1-4h"), (24 * HOUR, "4-24h"), (i64::MAX, "over-24h")];

/// By age of the customer's open turn, as of now.
pub static SPEC: Spec = Spec {
    name: "pending",
    title: ("Pendientes", "Pending"),
    explain: (
        "Ahora, sea cual sea la ventana: incidencias en que el cliente espera a la marca, por el tiempo desde la primera publicación de su turno abierto; un límite \
         pertenece al tramo de arriba. Esperan al cliente: la marca habló la última y aún no ha pasado el plazo. «Sin noticias»: en las \
         abiertas que alguna vez se respondieron, tiempo desde la última publicación de la marca.",
        "As of now, whatever the window: incidents in which the customer waits for the brand, by the time since the first post of the open turn; a bound \
         belongs to the age above it. Waiting for the customer: the brand spoke last and the time is not over yet. “Without news”: in open ones that were \
         answered at some time, time since the brand's last post.",
    ),
    names: &[
        name("pending", Form::Card, "pendientes", "pending"),
        name("waiting_customer", Form::Card, "esperan al cliente", "waiting for the customer"),
        name("news_p90", Form::Card, "sin noticias, p90", "without news, p90"),
        name("news_longest", Form::Card, "sin noticias, máximo", "without news, longest"),
        name("age", Form::Bars, "pendientes por antigüedad", "pending by age"),
        name("age_by_section", Form::Matrix, "pendientes por sección y antigüedad", "pending by section and age"),
    ],
    figures,
};

/// The names of all ages, youngest first.
pub fn ages() -> impl Iterator<Item = &'static str> {
    AGES.into_iter().map(|(_, name)| name)
}

/// The name of the age of a customer's turn that is open for so long.
pub fn age(micros: i64) -> &'static str {
    AGES.iter().find(|(bound, _)| micros < *bound).map_or("over-24h", |(_, name)| name)
}

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    // Where our answers are not carried, everybody would wait for ever.
    let gate = (!facts.own).then_some(Reason::NotQueued).or(facts.unheard);
    let waiting: Vec<(&Incident, &'static str)> =
        facts.living().filter(|i| i.state().waits_for_us()).filter_map(|i| Some((i, age(facts.now.since(i.waiting_since?))))).collect();
    let theirs = facts.living().filter(|i| i.state() == State::WaitingCustomer).count();
    let news: Times = facts.living().filter(|i| i.state().is_open()).filter_map(|i| Some(facts.now.since(i.settled_at?))).collect();
    let mut out = vec![
        Figure::count("pending", waiting.len()),
        Figure::count("waiting_customer", theirs),
        Figure::time("news_p90", news.quantile(90), news.len()),
        Figure::time("news_longest", news.quantile(100), news.len()),
    ];
    out.extend(AGES.iter().map(|(_, age)| Figure::count("age", waiting.iter().filter(|w| w.1 == *age).count()).about(Key::Word(age))));
    let mut sections: BTreeMap<(&str, &'static str), usize> = BTreeMap::new();
    for (incident, age) in &waiting {
        if let Some(section) = incident.tag(Field::Section) {
            *sections.entry((section, age)).or_default() += 1;
        }
    }
    out.extend(
        sections.into_iter().map(|((section, age), n)| Figure::count("age_by_section", n).about(Key::name(section)).about(Key::Word(age))),
    );
    out.into_iter().map(|figure| figure.unless(gate)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    #[test]
    fn a_bound_belongs_to_the_age_above() {
        for (micros, want) in [
            (0, "0-1h"),
            (HOUR - 1, "0-1h"),
            (HOUR, "1-4h"),
            (4 * HOUR, "4-24h"),
            (24 * HOUR - SECOND, "4-24h"),
            (24 * HOUR, "over-24h"),
            (i64::MAX, "over-24h"),
        ] {
            assert_eq!(age(micros), want, "{micros}");
        }
    }
}
