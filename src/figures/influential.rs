//! Who of the customers has the largest community.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Facts, Figure, Form, Key, Reason, Spec, Unit, name};

/// How many are shown.
const TOP: usize = 5;
/// Followers of a mean user (Twitter's own figure of 2018).
const MEAN_USER: f64 = 208.0;

/// By the highest number of followers seen on a post of the cohort.
pub static SPEC: Spec = Spec {
    name: "influential",
    title: ("Usuarios con más comunidad", "Users with the largest community"),
    explain: (
        "Clientes de las incidencias de la ventana por el mayor número de seguidores visto en una publicación suya; quien no trae la cifra no participa. \
         Influencia: ln(1 + seguidores) / ln(1 + 208), 1 es un usuario medio. Tener seguidores no es ser oído: es el tamaño de la comunidad y nada más.",
        "Customers of the incidents of the window by the highest number of followers seen on a post of theirs; those without the figure do not take part. Influence: \
         ln(1 + followers) / ln(1 + 208), 1 is a mean user. Having followers is not being heard: it is the size of the community and nothing else.",
    ),
    names: &[
        name("followers", Form::Column, "seguidores", "followers"),
        name("influence", Form::Column, "influencia", "influence"),
        name("incidents", Form::Column, "incidencias", "incidents"),
    ],
    figures,
};

/// A customer as the cohort shows them.
struct Customer<'a> {
    followers: Option<u32>,
    incidents: usize,
    handle: &'a Arc<str>,
    network: &'a Arc<str>,
}

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut people: BTreeMap<(&Arc<str>, u64), Customer<'_>> = BTreeMap::new();
    for incident in facts.cohort() {
        let (network, handle) = (&incident.network, &incident.handle);
        let unseen = Customer { followers: None, incidents: 0, handle, network };
        let customer = people.entry((network, incident.author.0)).or_insert(unseen);
        customer.followers = customer.followers.max(incident.followers);
        customer.incidents += 1;
    }
    let mut known: Vec<(u32, Customer<'_>)> = people.into_values().filter_map(|c| Some((c.followers?, c))).collect();
    known.sort_by(|(a, left), (b, right)| b.cmp(a).then_with(|| (left.handle, left.network).cmp(&(right.handle, right.network))));
    if known.is_empty() {
        return vec![Figure::new("followers", Unit::Count, Err(Reason::NotTold))];
    }
    let rows = known.into_iter().take(TOP).flat_map(|(followers, customer)| {
        let influence = (1.0 + f64::from(followers)).ln() / (1.0 + MEAN_USER).ln();
        let figures = [
            Figure::new("followers", Unit::Count, Ok(f64::from(followers))),
            Figure::new("influence", Unit::Number, Ok(influence)),
            Figure::count("incidents", customer.incidents),
        ];
        let keys = [customer.handle, customer.network].map(|key| Key::Name(Arc::clone(key)));
        figures.map(|figure| Figure { keys: keys.to_vec(), ..figure })
    });
    rows.collect()
}
