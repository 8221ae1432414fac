//! Who writes: customers, chatterers, spammers and the bank's own accounts, each with one network,
//! one language and one number of followers for life.

use super::line::did;
use crate::bilingual::Lang;
use crate::post::{Author, Count};
use crate::prng::{Prng, Zipf};

/// One account.
#[derive(Debug, Clone)]
pub struct Person {
    /// Id on its network.
    pub id: String,
    /// Handle, without `@`.
    pub handle: String,
    /// Display name.
    pub name: String,
    /// Its network.
    pub network: &'static str,
    /// The language it writes.
    pub lang: Lang,
    /// Who follows it; Bluesky does not say.
    pub followers: Option<u64>,
    /// How it writes, for life.
    pub habits: Habits,
}

/// Habits of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// Writes without accents.
    pub plain: bool,
    /// Writes in capitals when angry.
    pub shouts: bool,
    /// Writes fast: letters fall out.
    pub hasty: bool,
}

impl Person {
    /// As the author of a post.
    pub fn author(&self) -> Author<'_> {
        let followers = self.followers.map_or(Count::UNKNOWN, Count::of);
        Author { id: &self.id, handle: &self.handle, name: &self.name, followers, ..Author::default() }
    }
}

/// The bank's own accounts: (handle, name, language, answers customers).
pub const OWN: [(&str, &str, Lang, bool); 4] = [
    ("bancoejemplo", "Banco Ejemplo", Lang::Es, false),
    ("ejemplobank", "Ejemplo Bank", Lang::En, false),
    ("ejemploayuda", "Banco Ejemplo te ayuda", Lang::Es, true),
    ("ejemplocare", "Ejemplo Bank Care", Lang::En, true),
];

const NETWORKS: [&str; 3] = ["x", "bluesky", "mastodon"];
/// Customers of the banks.
const CUSTOMERS: u64 = 150_000;
/// The share of people who write Spanish.
const SPANISH: f64 = 0.62;

const FIRST: [&str; 40] = [
    "Ana", "Luis", "María", "José", "Sofía", "Diego", "Lucía", "Andrés", "Begoña", "Íñigo", "Ximena", "Raúl", "Paula", "Martín", "Elena",
    "Tomás", "Inés", "Óscar", "Camila", "Hugo", "Emma", "Liam", "Grace", "Noah", "Chloe", "Owen", "Ruby", "Jack", "Zoë", "Ethan", "Amy",
    "Ryan", "Megan", "Kyle", "Dana", "Joel", "Tara", "Sean", "Beth", "Marcus",
];
const LAST: [&str; 24] = [
    "Peña", "García", "Núñez", "López", "Muñoz", "Ortega", "Ibáñez", "Castro", "Vega", "Salas", "Rivas", "Cano", "Smith", "Reed", "Cole",
    "Hughes", "Young", "Price", "Brooks", "Shaw", "Walsh", "Stone", "Grant", "Frost",
];

/// Everybody.
#[derive(Debug)]
pub struct People {
    /// Who chats; low numbers write most.
    crowd: Vec<Person>,
    /// Whom a customer is made of, by number.
    customers: Prng,
    activity: Zipf,
    spammers: Vec<Person>,
    own: Vec<Person>,
}

impl People {
    /// Makes a crowd of `size` and a twentieth of it as spammers.
    pub fn new(prng: &mut Prng, size: usize) -> People {
        let crowd: Vec<Person> = (0..size.max(2)).map(|n| person(prng, n as u64)).collect();
        let spammers = (0..size / 20 + 1).map(|n| Person { followers: Some(prng.below(30)), ..person(prng, 1_000_000 + n as u64) });
        let spammers = spammers.collect();
        let own = OWN.iter().enumerate().map(|(n, (handle, name, lang, _))| Person {
            id: did(2_000_000 + n as u64),
            handle: (*handle).into(),
            name: (*name).into(),
            network: "x",
            lang: *lang,
            followers: Some(48_000),
            habits: Habits { plain: false, shouts: false, hasty: false },
        });
        People { activity: Zipf::new(crowd.len()), crowd, customers: prng.fork("customers"), spammers, own: own.collect() }
    }

    /// Somebody, the talkative ones more often.
    pub fn anybody(&self, prng: &mut Prng) -> &Person {
        &self.crowd[self.activity.draw(prng)]
    }

    /// A customer of a bank, everyone equally often: they are many, and few of them write twice in a week. Made
    /// when they speak, the same each time.
    pub fn customer(&self, prng: &mut Prng) -> Person {
        let n = prng.below(CUSTOMERS);
        person(&mut self.customers.fork(&n.to_string()), 3_000_000 + n)
    }

    /// A spammer.
    pub fn spammer(&self, prng: &mut Prng) -> &Person {
        prng.pick(&self.spammers)
    }

    /// The bank's account for this language that answers customers, or the one with the news.
    pub fn own(&self, lang: Lang, answers: bool) -> &Person {
        let i = OWN.iter().position(|(_, _, l, a)| *l == lang && *a == answers).unwrap_or(0);
        &self.own[i]
    }
}

/// The `n`-th person.
fn person(prng: &mut Prng, n: u64) -> Person {
    let lang = if prng.chance(SPANISH) { Lang::Es } else { Lang::En };
    let (first, last) = (prng.pick(&FIRST), prng.pick(&LAST));
    let network = *prng.pick(&NETWORKS);
    // Pareto's law with exponent 1: half have under 80 followers, one in ten thousand 400 000.
    let followers = (40.0 / (1.0 - prng.unit())) as u64 - prng.below(40);
    let habits = Habits { plain: prng.chance(0.35), shouts: prng.chance(0.08), hasty: prng.chance(0.15) };
    Person {
        id: if network == "bluesky" { did(n) } else { (10_000_000 + n * 7919).to_string() },
        handle: handle(first, last, n),
        name: format!("{first} {last}"),
        network,
        lang,
        followers: (network != "bluesky").then_some(followers.min(2_000_000)),
        habits,
    }
}

/// A handle in ASCII.
fn handle(first: &str, last: &str, n: u64) -> String {
    let plain = super::texts::without_marks(&format!("{first}{last}"));
    format!("{}{n}", plain.to_lowercase().replace('ñ', "n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_stable_distinct_and_unequal() {
        let make = || People::new(&mut Prng::new(5), 2_000);
        let (a, b) = (make(), make());
        let handles: std::collections::BTreeSet<&str> = a.crowd.iter().map(|p| p.handle.as_str()).collect();
        assert_eq!(handles.len(), 2_000);
        assert!(handles.iter().all(|h| h.is_ascii()));
        assert!(a.crowd.iter().zip(&b.crowd).all(|(x, y)| x.handle == y.handle && x.followers == y.followers));
        let mut followers: Vec<u64> = a.crowd.iter().filter_map(|p| p.followers).collect();
        followers.sort_unstable();
        let (half, top) = (followers[followers.len() / 2], followers[followers.len() - 1]);
        assert!((30..120).contains(&half) && top > 10_000, "{half} {top}");
        let spanish = a.crowd.iter().filter(|p| p.lang == Lang::Es).count();
        assert!((1_150..1_330).contains(&spanish), "{spanish}");
    }
}
