//! How many matters were opened, and how they came to us.

use super::{Facts, Figure, Form, Key, Spec, name, shares};
use crate::incident::Origin;

/// `%EA = n_EA / (n_EA + n_MD)`, and its complement.
pub static SPEC: Spec = Spec {
    name: "opened",
    title: ("Incidencias abiertas", "Incidents opened"),
    explain: (
        "Incidencias cuya primera publicación cae en la ventana. Mención directa: nombra a una cuenta de la marca o le responde. Escucha activa: la \
         encontró un tema o la marca respondió sin que la nombraran. Las que abre la propia marca quedan fuera del porcentaje. Reenlazadas: publicaciones que se \
         unieron a una incidencia por su autor y no por la conversación, entre las que siguen a la primera. «Sin testigos» deja fuera a quien respondía a un tercero y \
         solo lleva el nombre de la marca porque la red lo puso.",
        "Incidents whose first post falls in the window. Direct mention: it names an account of the brand or replies to one. Active listening: a topic \
         found it, or the brand answered though nobody had named it. Those that the brand itself opened stay out of the percentage. Relinked: posts that \
         joined an incident by their author and not by the conversation, among those that follow the first. “Without bystanders” leaves out \
         those who replied to somebody else and carry the brand's name only because the network put it there.",
    ),
    names: &[
        name("opened", Form::Card, "abiertas", "opened"),
        name("bystanders", Form::Card, "testigos", "bystanders"),
        name("origin", Form::Bars, "por origen", "by origin"),
        name("active", Form::Column, "% escucha activa", "% active listening"),
        name("direct", Form::Column, "% mención directa", "% direct mention"),
        name("relinked", Form::Column, "reenlazadas", "relinked"),
    ],
    figures,
};

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let n = |is: &dyn Fn(&crate::incident::Incident) -> bool| facts.cohort().filter(|i| is(i)).count();
    let mut out = vec![Figure::count("opened", n(&|_| true)), Figure::count("bystanders", n(&|i| i.bystander))];
    out.extend(Origin::ALL.iter().map(|o| Figure::count("origin", n(&|i| i.origin() == *o)).about(Key::Word(o.as_str()))));
    let inbound = facts.cohort().filter(|i| i.origin() != Origin::Outbound);
    out.extend(shares("active", inbound.clone(), |i| i.origin() == Origin::Active));
    out.extend(shares("direct", inbound.clone(), |i| i.origin() == Origin::Direct));
    for (key, all) in [("all", true), ("without_bystanders", false)] {
        let among = inbound.clone().filter(|i| all || !i.bystander);
        let (joined, follow) = among.fold((0, 0), |(j, f), i| (j + i.relinked as usize, f + i.customer_posts.saturating_sub(1) as usize));
        out.push(Figure::share("relinked", joined, follow).about(Key::Word(key)));
    }
    out
}
