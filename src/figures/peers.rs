//! Customers who were helped by other people.

use super::{Facts, Figure, Form, Reason, Spec, name, shares};

/// `peer_solved = n(thread solved by a third party) / n(closed)`.
pub static SPEC: Spec = Spec {
    name: "peers",
    title: ("Resueltas entre usuarios", "Solved by other people"),
    explain: (
        "Incidencias con algún cierre en la ventana en las que el cliente dio las gracias a alguien que no es la marca por una respuesta: en una respuesta a ella o, \
         dicho a nadie en su conversación, si en las 72 h anteriores alguien le respondió y la marca no publicó después. Se cuentan las respuestas que se conocen: \
         hace falta una fuente con «own_posts = true»; las demás solo traen las que nombran a la marca. No cambia el estado de nada.",
        "Incidents with an end in the window whose customer thanked somebody who is not of the brand for an answer: in a reply to it or, \
         said to nobody in their conversation, if somebody answered them in the 72 h before and the brand did not post since. Those answers count that are known: \
         a source with “own_posts = true” is needed; others bring only those that name the brand. It changes the state of nothing.",
    ),
    names: &[name("peer_solved", Form::Column, "resueltas por un tercero", "solved by a third party")],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = facts.unheard.filter(|reason| *reason == Reason::NotCarried);
    let closed = facts.living().filter(|i| i.closings.iter().any(|c| facts.is_within(c.at)));
    shares("peer_solved", closed, |i| i.peer.is_some()).map(|figure| figure.unless(gate)).into()
}
