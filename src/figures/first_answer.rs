//! How long customers waited for the first answer.

use super::{Spec, times};
use crate::incident::Answer;

/// Mean, median, 90 % and longest, of all and by section.
pub static SPEC: Spec = Spec {
    name: "first-answer",
    title: ("Primera respuesta", "First answer"),
    explain: (
        "De la publicación que abre la incidencia a la primera de cualquier cuenta de la marca. Horas de calendario. Incluye las que se abren porque la marca respondió. Una media sin mediana engaña: unas pocas esperas largas la arrastran. Cuantiles por rango más próximo; el intervalo del 95 % de la mediana sale del orden de los valores (Campbell y Gardner, 1988).",
        "From the post that opens the incident to the first by any account of the brand. Calendar hours. Those opened because the brand answered are in. A mean without a median misleads: a few long waits drag it. Quantiles by nearest rank; the 95 % interval of the median is that of the order of the values (Campbell and Gardner, 1988).",
    ),
    names: &times::NAMES,
    figures: |facts| times::by_section(facts, facts.unheard(), |i| i.first_answer.iter().map(Answer::took).collect()),
};
