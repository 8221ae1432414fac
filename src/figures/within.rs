//! How many first answers came in time.

use super::{Facts, Figure, Form, Key, Spec, name};
use crate::incident::Incident;

/// `within = n(first answer ≤ goal) / n(asked, less the undecided)`.
pub static SPEC: Spec = Spec {
    name: "within",
    title: ("Respondidas a tiempo", "Answered in time"),
    explain: (
        "Primera respuesta en el plazo (60 minutos si no se dice otra cosa; justo en el plazo también vale), entre las mismas incidencias que en \
         «Respondidas», menos las que aún no tienen respuesta y no han cumplido el plazo: sin decidir.",
        "First answer within the goal (60 minutes unless set otherwise; exactly the goal is in time), among the same incidents as in “Answered”, less those \
         not answered yet and younger than the goal: undecided.",
    ),
    names: &[name("within", Form::Column, "a tiempo", "in time"), name("undecided", Form::Column, "sin decidir", "undecided")],
    figures,
};

/// Whether the first answer came in time; `None` if that is not decided.
pub(super) fn in_time(facts: &Facts<'_>, incident: &Incident) -> Option<bool> {
    match &incident.first_answer {
        Some(answer) => Some(answer.took() <= facts.settings.within),
        None => (facts.now.since(incident.opened_at) >= facts.settings.within).then_some(false),
    }
}

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = facts.unheard();
    let mut out = Vec::new();
    for (key, all) in [("all", true), ("without_bystanders", false)] {
        let known = facts.asked().filter(|i| all || !i.bystander).map(|i| in_time(facts, i));
        let of = |what| known.clone().filter(|k| *k == what).count();
        let (yes, no) = (of(Some(true)), of(Some(false)));
        out.push(Figure::share("within", yes, yes + no).about(Key::Word(key)).unless(gate));
        out.push(Figure::count("undecided", of(None)).about(Key::Word(key)).unless(gate));
    }
    out
}
