//! How long matters took until they were settled; the fastest and the slowest.

use super::{Facts, Figure, Form, Name, Spec, name, times};
use crate::incident::{Cause, End, Incident};

/// How many of each are shown.
const TOP: usize = 5;

/// Those of all times, and the ends of their order.
const NAMES: [Name; 8] = {
    let [n, mean, median, p90, longest] = times::NAMES;
    let fastest = name("fastest", Form::Bars, "las 5 más rápidas", "5 fastest");
    let slowest = name("slowest", Form::Bars, "las 5 más lentas", "5 slowest");
    let oldest = name("oldest_open", Form::Bars, "las 5 más antiguas aún abiertas", "5 oldest still open");
    [n, mean, median, p90, longest, fastest, slowest, oldest]
};

/// `settled − opened` over what was answered and stayed so, or was resolved by an agent.
pub static SPEC: Spec = Spec {
    name: "resolution",
    title: ("Resolución", "Resolution"),
    explain: (
        "De la apertura a la última publicación de la marca, en las incidencias cerradas como respondidas (72 h de silencio con la marca al final) o \
         resueltas por un agente. Fuera quedan las pasadas a privado, las desistidas y las caducadas: nadie sabe cuándo acabaron. Tampoco entran las que abrió la \
         marca. Las más antiguas aún abiertas son de ahora, no de la ventana.",
        "From the opening to the brand's last post, over incidents closed as answered (72 h of silence, the brand last) or resolved by an agent. Those \
         moved to private, abandoned or expired stay out: nobody knows when they ended. So do those that the brand opened. The oldest still open are as \
         of now, not of the window.",
    ),
    names: &NAMES,
    figures,
};

/// How long it took to settle the matter, if it is settled.
fn took(incident: &Incident) -> Option<i64> {
    let closing = incident.closing().filter(|_| incident.cause != Cause::Outbound)?;
    matches!(closing.end, End::Answered | End::Resolved).then(|| closing.settled_at.since(incident.opened_at))
}

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut out = times::by_section(facts, facts.unheard(), |i| took(i).into_iter().collect());
    let mut done: Vec<(i64, &Incident)> = facts.cohort().filter_map(|i| Some((took(i)?, i))).collect();
    let id = |i: &Incident| (i.post_id.len(), i.post_id.clone());
    let shown = |name, took: i64, i: &Incident| {
        let [who, post] = times::who(i);
        Figure::time(name, Some(took as f64), 1).about(who).about(post)
    };
    done.sort_by_key(|(took, i)| (*took, id(i)));
    out.extend(done.iter().take(TOP).map(|(took, i)| shown("fastest", *took, i)));
    done.sort_by_key(|(took, i)| (std::cmp::Reverse(*took), id(i)));
    out.extend(done.iter().take(TOP).map(|(took, i)| shown("slowest", *took, i)));
    if facts.own && facts.unheard.is_none() {
        let mut open: Vec<&Incident> = facts.living().filter(|i| i.state().is_open()).collect();
        open.sort_by_key(|i| (i.opened_at, id(i)));
        out.extend(open.iter().take(TOP).map(|i| shown("oldest_open", facts.now.since(i.opened_at), i)));
    }
    out
}
