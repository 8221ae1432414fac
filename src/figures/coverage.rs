//! At which hours the brand answers in time.

use super::rhythm::hour_name;
use super::{Facts, Figure, Form, Spec, name, within};

/// `covered(h) = n(answered in time, opened in h) / n(opened in h, decided)`.
pub static SPEC: Spec = Spec {
    name: "coverage",
    title: ("Cobertura por hora", "Coverage by hour"),
    explain: (
        "De las incidencias abiertas en cada hora del día (hora civil), cuántas tuvieron su primera respuesta a tiempo, como en «Respondidas a tiempo».",
        "Of the incidents opened in each hour of the day (civil time), how many had their first answer in time, as in “Answered in time”.",
    ),
    names: &[name("covered", Form::Days, "a tiempo por hora", "in time by hour")],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut zone = facts.zone.clone();
    let mut hours = [(0usize, 0usize); 24];
    for incident in facts.asked() {
        let Some(good) = within::in_time(facts, incident) else { continue };
        if let Some((part, whole)) = hours.get_mut(zone.hour_of_week(incident.opened_at) % 24) {
            *part += usize::from(good);
            *whole += 1;
        }
    }
    let gate = facts.unheard();
    let figure = |(h, (part, whole)): (usize, (usize, usize))| Figure::share("covered", part, whole).about(hour_name(h)).unless(gate);
    hours.into_iter().enumerate().map(figure).collect()
}
