//! Who answers, how much and how fast.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Facts, Figure, Form, Key, Spec, Times, name, times};

/// How many agents are shown by name; the others count in the sums.
const SHOWN: usize = 40;
/// From so many agents on, a matter has lost its thread.
const MANY: usize = 3;

/// Answer times by the signature of the answering post.
pub static SPEC: Spec = Spec {
    name: "agents",
    title: ("Agentes", "Agents"),
    explain: (
        "Un agente es la firma al final de una publicación de la marca («^AB», «- Ana»), en mayúsculas. Hay marcas que nunca firman: se dice cuántas \
         publicaciones llevan firma. El tiempo de una respuesta, primera o siguiente, es de quien la firma. Más de 3 agentes en una incidencia es señal de que se \
         pierde el hilo. Se nombran los 40 con más respuestas.",
        "An agent is the signature at the end of a post by the brand (“^AB”, “- Ana”), in capitals. Some brands never sign: so many posts of so many \
         are told. The time of an answer, first or next, belongs to who signs it. More than 3 agents in one incident is a sign that the thread \
         is lost. The 40 with most answers are named.",
    ),
    names: &[
        name("agents", Form::Card, "agentes", "agents"),
        name("signed", Form::Card, "publicaciones firmadas", "signed posts"),
        name("two_or_three", Form::Card, "incidencias con 2-3 agentes", "incidents with 2-3 agents"),
        name("over_three", Form::Card, "incidencias con más de 3", "incidents with more than 3"),
        name("n", Form::Column, "n", "n"),
        name("median", Form::Column, "mediana", "median"),
        name("mean", Form::Column, "media", "mean"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    // One brand's signatures mean nothing in another's posts.
    let mut agents: BTreeMap<(&Arc<str>, &Arc<str>), Vec<i64>> = BTreeMap::new();
    let (mut signed, mut posts, mut some, mut many) = (0, 0, 0, 0);
    for incident in facts.cohort() {
        signed += incident.signed_posts as usize;
        posts += incident.our_posts as usize;
        some += usize::from((2..=MANY).contains(&incident.agents.len()));
        many += usize::from(incident.agents.len() > MANY);
        for agent in incident.agents.keys() {
            agents.entry((&incident.brand, agent)).or_default();
        }
        for answer in incident.first_answer.iter().chain(&incident.next_answers) {
            if let Some(agent) = &answer.agent {
                agents.entry((&incident.brand, agent)).or_default().push(answer.took());
            }
        }
    }
    let mut out = vec![
        Figure::count("agents", agents.len()),
        Figure::share("signed", signed, posts),
        Figure::count("two_or_three", some),
        Figure::count("over_three", many),
    ];
    let mut rows: Vec<(&Arc<str>, Times)> = agents.into_iter().map(|((_, agent), times)| (agent, times.into_iter().collect())).collect();
    rows.sort_by_key(|(_, times): &(_, Times)| std::cmp::Reverse(times.len()));
    for (agent, times) in rows.into_iter().take(SHOWN) {
        let [n, mean, median, ..] = times::summary(Key::Name(Arc::clone(agent)), &times);
        out.extend([n, Figure { interval: None, ..median }, mean]);
    }
    let gate = facts.unheard();
    out.into_iter().map(|figure| figure.unless(gate)).collect()
}
