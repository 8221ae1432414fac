//! What was closed on each day, and how.

use std::collections::BTreeMap;

use super::{Facts, Figure, Form, Key, Reason, Spec, name};
use crate::incident::End;
use crate::time::{HOUR, Timestamp};

/// More days than this are told in sum only.
const DAYS: i64 = 400;

/// Closing events by `closed_at`, reopened ones beside them; `abandoned / closed`.
pub static SPEC: Spec = Spec {
    name: "closed",
    title: ("Cerradas", "Closed"),
    explain: (
        "Cierres de la ventana por la fecha del cierre, se abrieran cuando se abrieran. Del flujo solo se deduce: con la marca al final y 72 h de silencio, respondida, \
         privada (si pidió un canal privado) o desistida (si la marca preguntó y el cliente no volvió); con el cliente esperando y 30 días de \
         silencio, caducada. Resuelta es lo que dice un agente. Tasa de desistimiento: desistidas entre todos los cierres. Una reabierta puede cerrarse otra vez y se cuenta cada vez.",
        "Closings of the window by the date of the closing, whenever they were opened. From the stream alone follows: with the brand last and 72 h of silence, answered, \
         private (if it asked for a private channel) or abandoned (if the brand asked and the customer never came back); with the customer waiting \
         and 30 days of silence, expired. Resolved is what an agent says. Abandonment rate: abandoned over all closings. What was reopened may close again and counts each time.",
    ),
    names: &[
        name("closed", Form::Card, "cierres", "closings"),
        name("reopened", Form::Card, "reabiertas", "reopened"),
        name("abandoned", Form::Card, "tasa de desistimiento", "abandonment rate"),
        name("by_end", Form::Bars, "por desenlace", "by end"),
        name("closed_on", Form::Days, "cierres por día", "closings per day"),
        name("ended_on", Form::Matrix, "por día y desenlace", "by day and end"),
        name("reopened_on", Form::Bars, "reabiertas por día", "reopened per day"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let closings = || facts.living().flat_map(|i| &i.closings).filter(|c| facts.is_within(c.at));
    let reopenings = || facts.living().flat_map(|i| &i.reopenings).filter(|at| facts.is_within(**at));
    let of = |end: End| closings().filter(|c| c.end == end).count();
    let all = closings().count();
    let silent = facts.unheard().filter(|_| all == 0 || facts.unheard == Some(Reason::NotCarried));
    let mut out = vec![Figure::count("closed", all), Figure::count("reopened", reopenings().count())];
    out.push(Figure::share("abandoned", of(End::Abandoned), all).unless(silent));
    out.extend(End::ALL.iter().map(|end| Figure::count("by_end", of(*end)).about(Key::Word(end.as_str()))));
    let mut zone = facts.zone.clone();
    let (from, to) = (facts.window.0, facts.window.1.min(facts.now.plus(1)));
    let (first, last) = (zone.day(from), zone.day(to.plus(-1)));
    if to <= from || last - first > DAYS {
        return out;
    }
    let mut days: BTreeMap<i64, BTreeMap<End, usize>> = (first..=last).map(|day| (day, BTreeMap::new())).collect();
    closings().for_each(|c| *days.entry(zone.day(c.at)).or_default().entry(c.end).or_default() += 1);
    out.extend(days.iter().map(|(day, ends)| Figure::count("closed_on", ends.values().sum()).about(date(*day))));
    for (day, ends) in &days {
        out.extend(ends.iter().map(|(end, n)| Figure::count("ended_on", *n).about(date(*day)).about(Key::Word(end.as_str()))));
    }
    let mut reopened: BTreeMap<i64, usize> = BTreeMap::new();
    reopenings().for_each(|at| *reopened.entry(zone.day(*at)).or_default() += 1);
    out.extend(reopened.into_iter().map(|(day, n)| Figure::count("reopened_on", n).about(date(day))));
    out
}

/// A civil day, `2020-10-07`.
pub(super) fn date(day: i64) -> Key {
    let text = Timestamp(day.saturating_mul(24 * HOUR)).to_string();
    Key::name(text.get(..10).unwrap_or(&text))
}
