//! Two labels against each other.

use std::collections::BTreeMap;

use super::{Facts, Figure, Form, Key, Spec, name};

/// `n(label a = x, label b = y)` for the pairs that the reader wants.
pub static SPEC: Spec = Spec {
    name: "crossed",
    title: ("Cruces", "Crossed labels"),
    explain: (
        "Incidencias abiertas en la ventana por los valores de dos etiquetas a la vez; se elige cualquier par.",
        "Incidents opened in the window by the values of two labels at once; any pair can be chosen.",
    ),
    names: &[name("crossed", Form::Matrix, "cruce", "crossed")],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut out = Vec::new();
    for (a, b) in &facts.settings.crossed {
        let mut cells: BTreeMap<(Key, Key), usize> = BTreeMap::new();
        facts.cohort().for_each(|i| *cells.entry((a.or_none(i), b.or_none(i))).or_default() += 1);
        out.extend(cells.into_iter().map(|((x, y), n)| {
            let figure = Figure::count("crossed", n).about(x).about(y);
            Figure { labels: Some((*a, *b)), ..figure }
        }));
    }
    out
}
