//! When people write: by slot of the day, by weekday, by hour of the week.

use super::{Facts, Figure, Form, Key, Spec, name, words};

/// `n(slot)`, `n(weekday)` and the matrix of 7 by 24.
pub static SPEC: Spec = Spec {
    name: "rhythm",
    title: ("Cuándo escriben", "When people write"),
    explain: (
        "Incidencias abiertas en la ventana, por la hora y el día de la semana de su primera publicación, en la hora civil de la zona. Las franjas se configuran.",
        "Incidents opened in the window, by hour and weekday of their first post, in the civil time of the zone. Slots are configurable.",
    ),
    names: &[
        name("slot", Form::Days, "por franja horaria", "by hour slot"),
        name("weekday", Form::Bars, "por día de la semana", "by weekday"),
        name("hour_of_week", Form::Matrix, "por día y hora", "by day and hour"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut zone = facts.zone.clone();
    let mut week = [0usize; 168];
    for incident in facts.cohort() {
        if let Some(n) = week.get_mut(zone.hour_of_week(incident.opened_at)) {
            *n += 1;
        }
    }
    let hour = |h: usize| week.iter().skip(h).step_by(24).sum::<usize>();
    let mut out = Vec::new();
    let slots = &facts.settings.slots;
    for (i, start) in slots.iter().enumerate() {
        let end = slots.get(i + 1).copied().unwrap_or(24);
        let n = (*start..end).map(|h| hour(usize::from(h))).sum();
        out.push(Figure::count("slot", n).about(slot(*start, end)));
    }
    let days = words::WEEKDAYS.iter().zip(week.chunks(24));
    out.extend(days.clone().map(|(day, hours)| Figure::count("weekday", hours.iter().sum()).about(Key::Word(day))));
    for (day, hours) in days {
        let cell = |(h, n): (usize, &usize)| Figure::count("hour_of_week", *n).about(Key::Word(day)).about(hour_name(h));
        out.extend(hours.iter().enumerate().map(cell));
    }
    out
}

/// An hour of the day as a key.
pub(super) fn hour_name(hour: usize) -> Key {
    Key::name(format!("{hour:02}"))
}

fn slot(start: u8, end: u8) -> Key {
    if end == start + 1 { hour_name(start.into()) } else { Key::name(format!("{start:02}-{end:02}")) }
}
