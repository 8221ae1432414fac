//! How many agents each hour of the week needs.

use super::rhythm::hour_name;
use super::{Facts, Figure, Form, Key, Queue, Reason, Spec, Unit, agents_needed, name, words};
use crate::time::{HOUR, Timestamp};

/// Load `λ(h) · AHT` by hour of the week, and the agents that Erlang's C asks for.
pub static SPEC: Spec = Spec {
    name: "staffing",
    title: ("Dotación por hora", "Staffing by hour"),
    explain: (
        "Turnos de clientes que esperan respuesta, por hora de la semana, divididos entre las horas de ese nombre que se escucharon en la ventana. Con el tiempo de \
         gestión de cada uno (se configura), la carga en erlangs y los agentes con que la parte pedida se atiende en el plazo pedido, por la fórmula C de Erlang (1917). \
         Supone llegadas al azar e independientes: una crisis no lo es.",
        "Customer turns that wait for an answer, by hour of the week, over the hours of that name that were listened to in the window. With the handling time of \
         each (set in the configuration), the load in erlangs and the agents with whom the wanted share is taken up within the wanted time, by Erlang's C formula (1917). It takes \
         arrivals for random and independent: a crisis is not.",
    ),
    names: &[
        name("peak", Form::Card, "más agentes a la vez", "most agents at once"),
        name("load", Form::Card, "carga media, en erlangs", "mean load, in erlangs"),
        name("agents", Form::Matrix, "agentes por día y hora", "agents by day and hour"),
        name("turns", Form::Matrix, "turnos de clientes por hora", "customer turns per hour"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut zone = facts.zone.clone();
    let mut turns = [0usize; 168];
    let mut hours = [0usize; 168];
    let (from, to) = facts.listened();
    let mut bump = |at: Timestamp, of: &mut [usize; 168]| {
        if let Some(n) = of.get_mut(zone.hour_of_week(at)) {
            *n += 1;
        }
    };
    let begun = |i: &'_ crate::incident::Incident| {
        let first = (i.origin() != crate::incident::Origin::Outbound).then_some(i.opened_at);
        let open = i.waiting_since.filter(|at| Some(*at) != first);
        first.into_iter().chain(i.next_answers.iter().map(|a| a.since)).chain(open).collect::<Vec<_>>()
    };
    facts.living().flat_map(begun).filter(|at| *at >= from && *at < to).for_each(|at| bump(at, &mut turns));
    let mut at = from;
    while at < to {
        bump(at, &mut hours);
        at = at.plus(HOUR);
    }
    let rates: Vec<Option<f64>> = turns.iter().zip(&hours).map(|(n, of)| (*of > 0).then(|| *n as f64 / *of as f64)).collect();
    let mut out = headline(facts, &rates);
    for (name, of) in [("agents", true), ("turns", false)] {
        for (h, rate) in rates.iter().enumerate() {
            let value = match rate {
                // What is not set is not set at any hour.
                _ if of && facts.settings.handling.is_none() => Err(Reason::NotSet),
                None => Err(Reason::Nothing),
                Some(rate) if of => agents(facts, *rate),
                Some(rate) => Ok(*rate),
            };
            let figure = Figure::new(name, if of { Unit::Count } else { Unit::Number }, value);
            let (n, listened) = (turns.get(h).copied(), hours.get(h).copied());
            let figure = Figure { numerator: n.map(|n| n as u64), denominator: listened.map(|n| n as u64), ..figure };
            out.push(figure.about(Key::Word(words::WEEKDAYS.get(h / 24).copied().unwrap_or(""))).about(hour_name(h % 24)));
        }
    }
    out
}

/// The agents that so many turns an hour need.
fn agents(facts: &Facts<'_>, rate: f64) -> Result<f64, Reason> {
    let settings = facts.settings;
    let handling = settings.handling.ok_or(Reason::NotSet)? as f64 / 1e6;
    let needed = agents_needed(Queue { rate, handling }, settings.target, settings.wait as f64 / 1e6);
    needed.map(f64::from).ok_or(Reason::Nothing)
}

fn headline(facts: &Facts<'_>, rates: &[Option<f64>]) -> Vec<Figure> {
    let known: Vec<f64> = rates.iter().flatten().copied().collect();
    let peak = known.iter().map(|rate| agents(facts, *rate)).try_fold(0.0, |most: f64, n| n.map(|n| most.max(n)));
    let load = match facts.settings.handling {
        None => Err(Reason::NotSet),
        Some(_) if known.is_empty() => Err(Reason::Nothing),
        Some(handling) => {
            Ok(known.iter().map(|rate| Queue { rate: *rate, handling: handling as f64 / 1e6 }.load()).sum::<f64>() / known.len() as f64)
        }
    };
    let peak = if known.is_empty() { Err(Reason::Nothing) } else { peak };
    vec![Figure::new("peak", Unit::Count, peak), Figure::new("load", Unit::Number, load)]
}
