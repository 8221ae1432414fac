//! How often the brand moves a matter to a private channel, and whether it says how data are treated.

use super::{Facts, Figure, Form, Spec, name, shares};

/// `n(asked for a private channel) / n(answered)`, `n(of these with the notice) / n(of these)`.
pub static SPEC: Spec = Spec {
    name: "private",
    title: ("Canal privado", "Private channel"),
    explain: (
        "Incidencias de la ventana en las que la marca pidió seguir en privado (mensaje directo, inbox…), entre las que tienen alguna publicación suya; y \
         de ellas, las que llevan el aviso de privacidad en alguna de esas publicaciones.",
        "Incidents of the window in which the brand asked to go on in private (direct message, inbox …), among those with any post of its own; and, of \
         these, those with the privacy notice in any of those posts.",
    ),
    names: &[
        name("private", Form::Column, "pasadas a privado", "moved to private"),
        name("notice", Form::Column, "con aviso de privacidad", "with the privacy notice"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = facts.unheard();
    let ours = facts.cohort().filter(|i| i.our_posts > 0);
    let moved = ours.clone().filter(|i| i.private_posts.0 > 0);
    let private = shares("private", ours, |i| i.private_posts.0 > 0);
    let notice = shares("notice", moved, |i| i.private_posts.1 > 0);
    private.into_iter().chain(notice).map(|figure| figure.unless(gate)).collect()
}
