//! Whether the brand talks with people or at them.

use super::{Facts, Figure, Form, Reason, Spec, name};

/// `replies / (replies + broadcasts)`.
pub static SPEC: Spec = Spec {
    name: "conversation",
    title: ("Conversación", "Conversation"),
    explain: (
        "Respuestas de la marca en las incidencias de la ventana, entre esas respuestas y sus publicaciones de la ventana que no responden a nadie. Turnos por \
         incidencia: cuántas veces toma la palabra la marca, de media, donde la toma.",
        "Replies of the brand in the incidents of the window, among these and its posts of the window that answer nobody. Turns per incident: how often the \
         brand takes the floor on average, where it does.",
    ),
    names: &[
        name("conversational", Form::Card, "respuestas entre lo publicado", "replies among what is published"),
        name("turns", Form::Card, "turnos por incidencia", "turns per incident"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = facts.unheard();
    let replies: usize = facts.cohort().map(|i| i.our_posts as usize).sum();
    let ratio = match facts.broadcasts {
        Some(broadcasts) => Figure::share("conversational", replies, replies + broadcasts as usize),
        None => Figure::share("conversational", replies, 0).unless(Some(Reason::NotKept)),
    };
    let (turns, n) = facts.cohort().filter(|i| i.our_turns > 0).fold((0, 0), |(t, n), i| (t + u64::from(i.our_turns), n + 1));
    let mean = super::Unit::Number;
    let value = if n == 0 { Err(Reason::Nothing) } else { Ok(turns as f64 / n as f64) };
    let turns = Figure { numerator: Some(turns), denominator: Some(n), ..Figure::new("turns", mean, value) };
    vec![ratio.unless(gate), turns.unless(gate)]
}
