//! Whether the team has said what is to be done with what comes in.

use std::collections::BTreeMap;

use super::{Facts, Figure, Form, Key, Reason, Spec, name};
use crate::playbook::choose;

/// `n(with a playbook) / n`, `n(playbook)`.
pub static SPEC: Spec = Spec {
    name: "playbooks",
    title: ("Pautas de actuación", "Playbooks"),
    explain: (
        "Incidencias abiertas en la ventana para las que hay una pauta ([[playbook]]), entre todas; y cuántas hay de cada pauta. De varias vale la \
         más concreta; las que no usa ninguna incidencia también se muestran.",
        "Incidents opened in the window for which there is a [[playbook]], among all; and how many each playbook has. Of several the most specific \
         counts; those that no incident uses are shown too.",
    ),
    names: &[name("coverage", Form::Card, "con pauta", "with a playbook"), name("by_playbook", Form::Bars, "por pauta", "by playbook")],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let all = &facts.settings.playbooks;
    let reason = if facts.own { all.is_empty().then_some(Reason::NotSet) } else { Some(Reason::NotQueued) };
    let mut counts: BTreeMap<&str, usize> = all.iter().map(|playbook| (&*playbook.name, 0)).collect();
    let (mut with, mut n) = (0, 0);
    for matter in facts.cohort() {
        n += 1;
        if let Some(count) = choose(all, matter).and_then(|playbook| counts.get_mut(&*playbook.name)) {
            with += 1;
            *count += 1;
        }
    }
    let mut out = vec![Figure::share("coverage", with, n).unless(reason)];
    if reason.is_none() {
        let mut rows: Vec<_> = counts.into_iter().collect();
        rows.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        out.extend(rows.into_iter().map(|(name, n)| Figure::count("by_playbook", n).about(Key::name(name))));
    }
    out
}
