//! Help that was offered and did not come; customers to be contacted directly.

use super::{Facts, Figure, Form, Reason, Spec, name, shares, times};

/// How many of the longest are shown.
const TOP: usize = 5;

/// `now − promised > T`; two turns of ours and the customer still spoke.
pub static SPEC: Spec = Spec {
    name: "promises",
    title: ("Promesas y contacto directo", "Promises and direct contact"),
    explain: (
        "Ofrecido y en silencio: incidencias abiertas ahora en que la marca prometió volver («te llamaremos») y lleva más del plazo (24 h si no se dice otra \
         cosa) sin dar noticia, entre las que deben una. Contactar: incidencias de la ventana con dos turnos de la marca en las que el cliente volvió a escribir, salvo cortesías, \
         entre las que tienen dos turnos o más.",
        "Offered and silent: incidents open now in which the brand promised to come back (“we'll call you”) and gave no news for longer than the time \
         set (24 h unless set otherwise), among those that owe news. Contact directly: incidents of the window with two turns of the brand after which the customer wrote again, courtesies \
         aside, among those with two turns or more.",
    ),
    names: &[
        name("silent", Form::Card, "ofrecido y en silencio", "offered and silent"),
        name("contact_directly", Form::Column, "contactar directamente", "contact directly"),
        name("longest_silent", Form::Bars, "las promesas más antiguas", "oldest promises"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let gate = facts.unheard();
    let owed = || facts.living().filter(|i| i.state().is_open()).filter_map(|i| Some((facts.now.since(i.promised_at?), i)));
    let late = |took: i64| took > facts.settings.promise;
    let silent = Figure::share("silent", owed().filter(|(took, _)| late(*took)).count(), owed().count());
    let mut out = vec![silent.unless(gate).unless((!facts.own).then_some(Reason::NotQueued))];
    let twice = facts.cohort().filter(|i| i.our_turns >= 2);
    out.extend(shares("contact_directly", twice, |i| i.contact_privately.is_some()).map(|figure| figure.unless(gate)));
    if facts.own {
        let mut longest: Vec<_> = owed().filter(|(took, _)| late(*took)).collect();
        longest.sort_by_key(|(took, i)| (std::cmp::Reverse(*took), i.post_id.len(), i.post_id.clone()));
        out.extend(longest.into_iter().take(TOP).map(|(took, i)| {
            let [who, post] = times::who(i);
            Figure::time("longest_silent", Some(took as f64), 1).about(who).about(post)
        }));
    }
    out
}
