//! Complaints that land on an account that only publishes.

use super::{Facts, Figure, Form, Spec, name, shares};
use crate::incident::Field;
use crate::topic::Role;

/// `n(complaint to an account for news, unanswered) / n(complaint to own accounts)`.
pub static SPEC: Spec = Spec {
    name: "misrouted",
    title: ("Quejas mal dirigidas", "Misrouted complaints"),
    explain: (
        "Quejas dirigidas a una cuenta de difusión a las que no respondió ninguna cuenta de la marca, entre todas las quejas a cuentas suyas. Si \
         la marca respondió, aunque fuera desde otra cuenta, no están perdidas.",
        "Complaints to an account for broadcasting that no account of the brand answered, among all complaints to its accounts. If the brand answered, even \
         from another account, they are not lost.",
    ),
    names: &[name("misrouted", Form::Column, "mal dirigidas", "misrouted")],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = facts.unheard();
    let complaints = facts.cohort().filter(|i| i.role.is_some() && i.tag(Field::Category) == Some("complaint"));
    let lost = |i: &crate::incident::Incident| i.role == Some(Role::Broadcast) && i.first_answer.is_none();
    shares("misrouted", complaints, lost).map(|figure| figure.unless(gate)).into()
}
