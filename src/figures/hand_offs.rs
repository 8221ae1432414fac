//! Through how many hands matters go, and how long each section has them.

use std::collections::BTreeMap;

use super::{Facts, Figure, Form, Key, Reason, Spec, Unit, name, times};

/// More changes than this are too many.
const MANY: usize = 2;

/// `mean hops`, `n(hops > 2) / n`; `Σ time owned by d / n(incidents touched by d)`.
pub static SPEC: Spec = Spec {
    name: "hand-offs",
    title: ("Traspasos", "Hand-offs"),
    explain: (
        "Una incidencia es de una sección: la que dice un tema o, antes que él, un agente. Cada cambio a otra sección, después de la primera, es un traspaso, \
         y lo mismo de una persona a otra: media y cuántas tuvieron más de 2, entre las incidencias de la ventana que tuvieron alguna vez sección, o persona. Un rato \
         sin nadie no es traspaso si vuelve a quien la tenía. Por sección: tiempo que la tuvo, en las incidencias que pasaron por ella, desde la apertura \
         hasta la última publicación de la marca o, si la resolvió un agente o caducó, hasta ese cierre; si sigue abierta, hasta ahora. Las que se fusionaron en otra no traen sus traspasos.",
        "An incident is a section's: the one that a topic says or, before it, an agent. Each change to another section after the first is a hand-off, \
         and so from one person to another: the mean, and how many had more than 2, among the incidents of the window that ever had a section, or a person. A while \
         with nobody is no hand-off if it comes back to who had it. By section: the time for which it had the incident, over those that it touched, from the opening \
         to the last post of the brand or, if an agent resolved it or it expired, to that end; if it is open, until now. What was merged into another does not bring its hand-offs.",
    ),
    names: &[
        name("section_hops", Form::Card, "traspasos entre secciones, de media", "hand-offs between sections, mean"),
        name("section_many", Form::Card, "con más de 2 entre secciones", "with more than 2 between sections"),
        name("assignee_hops", Form::Card, "traspasos entre personas, de media", "hand-offs between people, mean"),
        name("assignee_many", Form::Card, "con más de 2 entre personas", "with more than 2 between people"),
        name("n", Form::Column, "n", "n"),
        name("mean", Form::Column, "tiempo en la sección, media", "time with the section, mean"),
        name("median", Form::Column, "mediana", "median"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = (!facts.own).then_some(Reason::NotQueued);
    let sections: Vec<usize> = facts.cohort().filter_map(|i| i.section_hops()).collect();
    let people: Vec<usize> = facts.cohort().filter_map(|i| i.assignee_hops()).collect();
    let [section_hops, section_many] = hops(["section_hops", "section_many"], &sections);
    let [assignee_hops, assignee_many] = hops(["assignee_hops", "assignee_many"], &people);
    let mut out: Vec<Figure> = [section_hops, section_many, assignee_hops, assignee_many].map(|figure| figure.unless(gate)).into();
    if facts.own {
        let mut owned: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for (section, time) in facts.cohort().flat_map(|i| i.owned(facts.now)) {
            owned.entry(section).or_default().push(time);
        }
        for (section, times) in owned {
            let [n, mean, median, ..] = times::summary(Key::name(section), &times.into_iter().collect());
            out.extend([n, mean, median]);
        }
    }
    out
}

/// The mean of `hops`, and of how many there were too many.
fn hops([mean, many]: [&'static str; 2], hops: &[usize]) -> [Figure; 2] {
    let (sum, n) = (hops.iter().sum::<usize>(), hops.len());
    let value = if n == 0 { Err(Reason::Nothing) } else { Ok(sum as f64 / n as f64) };
    let mean = Figure { numerator: Some(sum as u64), denominator: Some(n as u64), ..Figure::new(mean, Unit::Number, value) };
    [mean, Figure::share(many, hops.iter().filter(|hops| **hops > MANY).count(), n)]
}
