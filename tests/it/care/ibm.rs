//! Conversations of agents and clients, published by IBM: turns in order, each an answer to the one
//! before it. The last, by the agent, is kept apart for the link in it.

use std::collections::{BTreeSet, HashSet};

use escucha::time::Timestamp;
use serde_json::Value;

use super::{Brand, Care, plain, post};
use crate::data;

/// An account of a brand that does not answer itself, though customers write to it: the posts that a
/// conversation begins with are by `client` even if they are this one's.
const BROADCAST: (&str, &str) = ("TMobileHelp", "TMobile");

/// The posts, each once: six of them stand in two conversations. A brand is a company's account.
/// `None` if the data are switched off.
pub fn ibm() -> Option<Care> {
    let bytes = data::read("care-en/ibm_care_dev.json.gz")?;
    let conversations: Vec<Value> = serde_json::from_slice(&bytes).expect("JSON");
    let mut brands = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut posts = Vec::new();
    for conversation in &conversations {
        let company = text(&conversation["dialogHeader"]["company"]);
        brands.insert(company);
        let mut parent: Option<(&str, &str)> = None;
        for turn in conversation["dialogContent"].as_array().expect("turns") {
            // A second customer in a conversation is called `client1`.
            let author = ["agent", "client", "client1"].iter().find_map(|k| turn[*k].as_str()).expect("an author");
            let id = text(&turn["tweet_ID"]);
            if seen.insert(id) {
                posts.push(post(id, text(&turn["datetime"]), author, &plain(text(&turn["message"])), by(parent)));
            }
            parent = Some((id, author));
        }
        let last = &conversation["agentURL"];
        let id = text(&last["tweet_ID"]);
        if seen.insert(id) {
            posts.push(post(id, &time_of(id), company, &plain(text(&last["url_utterance"])), by(parent)));
        }
    }
    let mut brands: Vec<Brand> = brands.into_iter().map(Brand::of).collect();
    for brand in brands.iter_mut().filter(|b| b.name == BROADCAST.0) {
        brand.accounts.push(BROADCAST.1.to_owned());
    }
    Some(Care { brands, posts })
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn by<'a>(parent: Option<(&'a str, &'a str)>) -> Option<(&'a str, Option<&'a str>)> {
    parent.map(|(id, author)| (id, Some(author)))
}

/// When the tweet `id` was written. The upper bits of an id are the ms since 2010-11-04T01:42:54.657Z.
fn time_of(id: &str) -> String {
    let ms = (id.parse::<i64>().expect("a number") >> 22) + 1_288_834_974_657;
    Timestamp::from_millis(ms).to_string()
}

#[test]
fn an_id_tells_its_time() {
    assert_eq!(time_of("1245403438755852288"), "2020-04-01T17:31:32.933Z");
}
