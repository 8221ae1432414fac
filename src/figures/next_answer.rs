//! How long customers waited for each later answer.

use super::{Spec, times};
use crate::incident::Answer;

/// Mean, median, 90 % and longest, of all and by section.
pub static SPEC: Spec = Spec {
    name: "next-answer",
    title: ("Respuestas siguientes", "Next answers"),
    explain: (
        "De la primera publicación de cada turno posterior del cliente a la siguiente de la marca. Lo que un cliente escribe seguido es un turno. Una cortesía («gracias») no espera respuesta.",
        "From the first post of each later turn of the customer to the brand's next post. What a customer writes in a row is one turn. A courtesy (“thanks”) waits for no answer.",
    ),
    names: &times::NAMES,
    figures: |facts| times::by_section(facts, facts.unheard(), |i| i.next_answers.iter().map(Answer::took).collect()),
};
