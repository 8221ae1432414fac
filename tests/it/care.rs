//! Recorded customer care of others, as posts of the native form: who wrote when to which brand, and
//! what the brand answered.

mod ibm;
mod twcs;

use serde_json::Value;

pub use ibm::ibm;
pub use twcs::twcs;

/// A brand and its accounts on the network `x`, by handle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Brand {
    pub name: String,
    pub accounts: Vec<String>,
}

impl Brand {
    /// A brand with one account, called as that.
    fn of(handle: &str) -> Brand {
        Brand { name: handle.to_owned(), accounts: vec![handle.to_owned()] }
    }
}

/// A recording. What it holds is what its publishers recorded: answered threads.
pub struct Care {
    /// The brands, by name.
    pub brands: Vec<Brand>,
    /// The posts in the native form, in the order of the file.
    pub posts: Vec<Value>,
}

impl Care {
    /// Whether an account of a brand wrote `post`.
    pub fn is_own(&self, post: &Value) -> bool {
        self.brands.iter().flat_map(|b| &b.accounts).any(|a| post["author"]["handle"] == **a)
    }

    /// The posts of brands and those of others.
    pub fn by_side(&self) -> (Vec<&Value>, Vec<&Value>) {
        self.posts.iter().partition(|p| self.is_own(p))
    }
}

/// A post of the native form; `parent` is an id and, where it is known, the handle behind it.
fn post(id: &str, created_at: &str, author: &str, text: &str, parent: Option<(&str, Option<&str>)>) -> Value {
    let mut post = serde_json::json!({
        "id": id,
        "network": "x",
        "created_at": created_at,
        "text": text,
        "author": {"id": author, "handle": author},
    });
    if let Some((id, author)) = parent {
        post["in_reply_to"] = author.map_or_else(|| serde_json::json!({"id": id}), |a| serde_json::json!({"id": id, "author": a}));
    }
    post
}

/// The text of a post as people read it: both files keep `&`, `<` and `>` as references.
fn plain(text: &str) -> String {
    let mut out = String::new();
    escucha::markup::unescape(text, &mut out);
    out
}

#[test]
fn the_recordings_are_read_whole() {
    let table = [(twcs(), 76, 2_222, 2_778), (ibm(), 24, 586, 619)];
    for (care, brands, own, others) in table {
        let Some(care) = care else { continue };
        let sides = care.by_side();
        assert_eq!((care.brands.len(), sides.0.len(), sides.1.len()), (brands, own, others));
    }
}

/// Lag of an answer behind its parent, in ms: what plain counting finds, without any incident.
#[test]
fn plain_counting_of_replies() {
    let Some(care) = twcs() else { return };
    let at = |post: &Value| escucha::dates::parse(post["created_at"].as_str().unwrap()).expect("a time").0 / 1_000;
    let by_id: std::collections::BTreeMap<&str, &Value> = care.posts.iter().map(|p| (p["id"].as_str().unwrap(), p)).collect();
    let own = care.by_side().0;
    let parent = |post: &&Value| by_id.get(post["in_reply_to"]["id"].as_str()?).copied();
    let pairs: Vec<(&Value, &Value)> = own.iter().filter_map(|p| Some((*p, parent(p)?))).collect();
    let distinct = |of: &[(&Value, &Value)]| of.iter().map(|(_, p)| p["id"].to_string()).collect::<std::collections::BTreeSet<_>>().len();
    let to_customers: Vec<_> = pairs.iter().copied().filter(|(_, p)| !care.is_own(p)).collect();
    assert_eq!((pairs.len(), distinct(&pairs)), (2_198, 2_093));
    assert_eq!((to_customers.len(), distinct(&to_customers)), (2_188, 2_083));
    let mut lags: Vec<i64> = pairs.iter().map(|(post, parent)| at(post) - at(parent)).collect();
    lags.sort_unstable();
    let minutes = |rank: usize| lags[rank - 1] as f64 / 60_000.0;
    // The median halfway between the two in the middle, the other by nearest rank.
    let median = (minutes(lags.len() / 2) + minutes(lags.len() / 2 + 1)) / 2.0;
    assert_eq!(format!("{median:.2} {:.1}", minutes((lags.len() * 9).div_ceil(10))), "12.06 387.2");
}

/// Of the own posts of a recording: how many are signed by each rule, by how many agents of a brand, and
/// how many move a matter to a private channel.
fn spoken(care: &Care) -> ([usize; 5], usize, usize) {
    use escucha::contact::{self, Sign};
    let own = care.by_side().0;
    let text = |post: &&Value| post["text"].as_str().unwrap().to_owned();
    let mut by_sign = [0; 5];
    let mut agents = std::collections::BTreeSet::new();
    for post in &own {
        let text = text(post);
        let Some(agent) = contact::agent(&text) else { continue };
        by_sign[[Sign::Caret, Sign::Dash, Sign::Star, Sign::Slash, Sign::Bare].iter().position(|s| *s == agent.sign).unwrap()] += 1;
        agents.insert((post["author"]["handle"].to_string(), agent.name.into_owned()));
    }
    (by_sign, agents.len(), own.iter().filter(|p| contact::read(&text(p)).private).count())
}

#[test]
fn signatures_and_channels_of_the_recordings() {
    let (Some(twcs), Some(ibm)) = (twcs(), ibm()) else { return };
    assert_eq!(spoken(&twcs), ([701, 482, 182, 78, 3], 482, 535));
    let (by_sign, agents, _) = spoken(&ibm);
    assert_eq!((by_sign.iter().sum::<usize>(), agents), (320, 119));
}
