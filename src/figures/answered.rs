//! How many of those who spoke to the brand it answered.

use super::{Facts, Figure, Form, Key, Label, Spec, name, shares};
use crate::contact::Intent;
use crate::incident::{Field, Origin};

/// `answered = n(asked with an answer) / n(asked)`.
pub static SPEC: Spec = Spec {
    name: "answered",
    title: ("Respondidas", "Answered"),
    explain: (
        "Incidencias con alguna respuesta de la marca, hasta ahora, entre las abiertas por una mención, una respuesta o un tema. Fuera quedan las \
         que se abren porque la marca respondió (lo están por definición) y las que abrió la marca. Quejas: por su intención, las que piden solución a algo que falló, sea cual sea su categoría.",
        "Incidents with any answer of the brand, so far, among those opened by a mention, a reply or a topic. Left out are those opened because the \
         brand answered (they are by definition) and those that the brand opened. Complaints: by their intent, about something that went wrong, whatever their category.",
    ),
    names: &[
        name("answered", Form::Column, "respondidas", "answered"),
        name("answered_direct", Form::Column, "menciones directas respondidas", "direct mentions answered"),
        name("answered_complaints", Form::Column, "quejas respondidas", "complaints answered"),
        name("answered_by_section", Form::Bars, "respondidas por sección", "answered by section"),
        name("answered_by_network", Form::Bars, "respondidas por red", "answered by network"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let answered = |i: &crate::incident::Incident| i.first_answer.is_some();
    let mut out: Vec<Figure> = shares("answered", facts.asked(), answered).into();
    out.extend(shares("answered_direct", facts.asked().filter(|i| i.origin() == Origin::Direct), answered));
    out.extend(shares("answered_complaints", facts.asked().filter(|i| i.intent == Intent::Complaint), answered));
    for (name, label) in [("answered_by_section", Label::Tag(Field::Section)), ("answered_by_network", Label::Network)] {
        let mut values: Vec<Key> = facts.asked().filter_map(|i| label.of(i)).collect();
        values.sort();
        values.dedup();
        for value in values {
            let among = facts.asked().filter(|i| label.of(i).as_ref() == Some(&value));
            let (part, whole) = (among.clone().filter(|i| answered(i)).count(), among.count());
            out.push(Figure::share(name, part, whole).about(value));
        }
    }
    let gate = facts.unheard();
    out.into_iter().map(|figure| figure.unless(gate)).collect()
}
