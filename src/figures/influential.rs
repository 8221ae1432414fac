//! Who of the customers has the largest community, and who is heard most.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Facts, Figure, Form, Key, Reason, Spec, Unit, name};

/// How many are shown.
const TOP: usize = 5;
/// Followers of a mean user (Twitter's own figure of 2018).
const MEAN_USER: f64 = 208.0;

/// How far the community of somebody with so many followers reaches: 1 is that of a mean user.
pub fn influence(followers: u32) -> f64 {
    (1.0 + f64::from(followers)).ln() / (1.0 + MEAN_USER).ln()
}

/// By the highest number of followers seen on a post of the cohort.
pub static SPEC: Spec = Spec {
    name: "influential",
    title: ("Usuarios con más comunidad", "Users with the largest community"),
    explain: (
        "Clientes de las incidencias de la ventana por el mayor número de seguidores visto en una publicación suya; quien no trae la cifra no participa. \
         Influencia: ln(1 + seguidores) / ln(1 + 208), 1 es un usuario medio. Tener seguidores no es ser oído; por eso una segunda lista, de quienes traen \
         todas las cifras: 0,5·z(republicaciones y citas) + 0,3·z(respuestas recibidas) + 0,2·z(ln(1 + seguidores)), cada z sobre esa lista.",
        "Customers of the incidents of the window by the highest number of followers seen on a post of theirs; those without the figure do not take part. Influence: \
         ln(1 + followers) / ln(1 + 208), 1 is a mean user. Having followers is not being heard; hence a second list, of those with all figures: \
         0.5·z(reposts and quotes) + 0.3·z(replies received) + 0.2·z(ln(1 + followers)), each z over that list.",
    ),
    names: &[
        name("followers", Form::Column, "seguidores", "followers"),
        name("influence", Form::Column, "influencia", "influence"),
        name("incidents", Form::Column, "incidencias", "incidents"),
        name("heard", Form::Column, "resonancia", "resonance"),
    ],
    figures,
};

/// A customer as the cohort shows them.
struct Customer<'a> {
    followers: Option<u32>,
    repeated: Option<u64>,
    replied: Option<u64>,
    incidents: usize,
    handle: &'a Arc<str>,
    network: &'a Arc<str>,
}

fn figures(facts: &Facts<'_>) -> Vec<Figure> {
    let mut people: BTreeMap<(&Arc<str>, u64), Customer<'_>> = BTreeMap::new();
    for incident in facts.cohort() {
        let (network, handle) = (&incident.network, &incident.handle);
        let unseen = Customer { followers: None, repeated: None, replied: None, incidents: 0, handle, network };
        let customer = people.entry((network, incident.author.0)).or_insert(unseen);
        customer.followers = customer.followers.max(incident.followers);
        customer.incidents += 1;
        customer.repeated = incident.repeated.map(|n| n + customer.repeated.unwrap_or(0)).or(customer.repeated);
        customer.replied = incident.replied.map(|n| n + customer.replied.unwrap_or(0)).or(customer.replied);
    }
    let heard = heard(people.values());
    let mut known: Vec<(u32, Customer<'_>)> = people.into_values().filter_map(|c| Some((c.followers?, c))).collect();
    known.sort_by(|(a, left), (b, right)| b.cmp(a).then_with(|| (left.handle, left.network).cmp(&(right.handle, right.network))));
    if known.is_empty() {
        return vec![Figure::new("followers", Unit::Count, Err(Reason::NotTold))];
    }
    let rows: Vec<Figure> = known
        .into_iter()
        .take(TOP)
        .flat_map(|(followers, customer)| {
            let figures = [
                Figure::new("followers", Unit::Count, Ok(f64::from(followers))),
                Figure::new("influence", Unit::Number, Ok(influence(followers))),
                Figure::count("incidents", customer.incidents),
            ];
            let keys = [customer.handle, customer.network].map(|key| Key::Name(Arc::clone(key)));
            figures.map(|figure| Figure { keys: keys.to_vec(), ..figure })
        })
        .collect();
    rows.into_iter().chain(heard).collect()
}

/// Those of whom all figures are known, by how much they are heard: Cha et al. (ICWSM 2010) found that followers alone say little.
fn heard<'a>(people: impl Iterator<Item = &'a Customer<'a>>) -> Vec<Figure> {
    let known: Vec<(&Customer<'_>, [f64; 3])> =
        people.filter_map(|c| Some((c, [c.repeated? as f64, c.replied? as f64, (1.0 + f64::from(c.followers?)).ln()]))).collect();
    let z = |i: usize| {
        let n = known.len() as f64;
        let mean = known.iter().map(|(_, x)| x[i]).sum::<f64>() / n;
        let spread = (known.iter().map(|(_, x)| (x[i] - mean).powi(2)).sum::<f64>() / n).sqrt();
        move |x: &[f64; 3]| if spread > 0.0 { (x[i] - mean) / spread } else { 0.0 }
    };
    let (repeated, replied, followers) = (z(0), z(1), z(2));
    let mut ranked: Vec<(f64, &Customer<'_>)> =
        known.iter().map(|(c, x)| (0.5 * repeated(x) + 0.3 * replied(x) + 0.2 * followers(x), *c)).collect();
    ranked.sort_by(|(a, left), (b, right)| b.total_cmp(a).then_with(|| (left.handle, left.network).cmp(&(right.handle, right.network))));
    let row = |(score, c): &(f64, &Customer<'_>)| {
        let keys = [c.handle, c.network].map(|key| Key::Name(Arc::clone(key)));
        Figure { keys: keys.to_vec(), ..Figure::new("heard", Unit::Number, Ok(*score)) }
    };
    ranked.iter().take(TOP).map(row).collect()
}
