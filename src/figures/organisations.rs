//! How fast the organisations answer that work for a brand: its own people, contact centres.

use std::collections::BTreeMap;

use super::{Facts, Figure, Form, Key, Reason, Spec, Unit, name, times};

/// Whose an agent is: the organisation by the signature, in capitals.
pub type Organisations = BTreeMap<String, String>;

/// First answers by the organisation of who signed them.
pub static SPEC: Spec = Spec {
    name: "organisations",
    title: ("Organizaciones", "Organisations"),
    explain: (
        "Primeras respuestas por la organización de quien las firma, según «organisations» de la marca: propia o contratada, el cliente oye una sola voz. Las firmas que no \
         están en la lista son otras firmas; lo que nadie firma no entra. Publicaciones firmadas: entre todas las firmadas de la ventana.",
        "First answers by the organisation of who signs them, as “organisations” of the brand says: in-house or outsourced, customers hear one voice. Signatures that are not \
         in the list are other signatures; what nobody signs is out. Posts signed: among all that are signed of the window.",
    ),
    names: &[
        name("n", Form::Column, "n", "n"),
        name("median", Form::Column, "mediana", "median"),
        name("mean", Form::Column, "media", "mean"),
        name("signed", Form::Column, "publicaciones firmadas", "posts signed"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    if facts.organisations.is_empty() {
        return vec![Figure::new("n", Unit::Count, Err(Reason::NotSet))];
    }
    let whose = |agent: &str| facts.organisations.get(agent).map_or(Key::Word("other_signatures"), Key::name);
    // Also those who signed nothing are told.
    let mut rows: BTreeMap<Key, (Vec<i64>, usize)> =
        facts.organisations.values().map(|name| (Key::name(name), Default::default())).collect();
    for incident in facts.cohort() {
        for (agent, posts) in &incident.agents {
            rows.entry(whose(agent)).or_default().1 += *posts as usize;
        }
        if let Some((agent, answer)) = incident.first_answer.as_ref().and_then(|answer| Some((answer.agent.as_ref()?, answer))) {
            rows.entry(whose(agent)).or_default().0.push(answer.took());
        }
    }
    let all: usize = rows.values().map(|(_, posts)| posts).sum();
    let mut rows: Vec<(Key, (Vec<i64>, usize))> = rows.into_iter().collect();
    // Who is not in the list stands last.
    rows.sort_by_key(|(key, (_, posts))| (matches!(key, Key::Word(_)), std::cmp::Reverse(*posts)));
    let gate = facts.unheard();
    let of = |(key, (times, posts)): (Key, (Vec<i64>, usize))| {
        let [n, mean, median, ..] = times::summary(key.clone(), &times.into_iter().collect());
        [n, median, mean, Figure::share("signed", posts, all).about(key)]
    };
    rows.into_iter().flat_map(of).map(|figure| figure.unless(gate)).collect()
}
