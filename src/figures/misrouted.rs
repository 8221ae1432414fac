//! Complaints that land on an account that only publishes.

use super::{Facts, Figure, Form, Spec, name, shares};
use crate::contact::Intent;

/// `n(misrouted complaints) / n(complaints to own accounts)`.
pub static SPEC: Spec = Spec {
    name: "misrouted",
    title: ("Quejas mal dirigidas", "Misrouted complaints"),
    explain: (
        "Quejas dirigidas a una cuenta que la configuración dice de difusión o, donde nada dice, a las que no respondió ninguna cuenta de la \
         marca, entre todas las quejas a cuentas suyas.",
        "Complaints to an account that the configuration calls one for broadcasting or, where it says nothing, that no account of the brand \
         answered, among all complaints to its accounts.",
    ),
    names: &[name("misrouted", Form::Column, "mal dirigidas", "misrouted")],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = facts.unheard();
    let complaints = facts.cohort().filter(|i| i.role.is_some() && i.intent == Intent::Complaint);
    shares("misrouted", complaints, |i| i.is_misrouted()).map(|figure| figure.unless(gate)).into()
}
