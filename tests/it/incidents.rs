//! Incidents: the cases of others, the known figures of two recordings, and the fold against itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use escucha::decode::{self, Decoded, Format};
use escucha::incident::{Cause, End, Incident, Origin, State};
use escucha::incidents::Incidents;
use escucha::post::Kind;
use escucha::text::Tokens;
use escucha::time::{HOUR, MINUTE, Timestamp};
use escucha::topic::{Account, Brand, Role};
use escucha::utterance::{Accounts, Utterance, utterance};
use serde_json::Value;

use crate::{care, data};

/// Reads native posts as a lane does.
pub struct Reader {
    brands: Vec<Brand>,
    accounts: Accounts,
}

impl Reader {
    pub fn new(brands: Vec<Brand>) -> Reader {
        let accounts = Accounts::new(&brands, 0..brands.len());
        Reader { brands, accounts }
    }

    pub fn read(&self, post: &Value) -> (Kind, Utterance) {
        let mut line = serde_json::to_vec(post).expect("JSON");
        line.push(b'\n');
        let mut decoded = Decoded::default();
        let format = Format { name: "escucha", mapping: Default::default() };
        decode::lines(format.decoder().as_mut(), &mut line, &mut decoded);
        let post = decoded.posts.iter().next().expect("a post");
        let mut tokens = Tokens::default();
        tokens.read(post.text);
        (post.kind, utterance(&post, &tokens, &self.accounts, &self.brands, Vec::new(), 0))
    }
}

fn account(handle: &str, network: &str, role: Role) -> Account {
    Account { id: String::new(), handle: handle.to_lowercase(), network: network.to_owned(), role }
}

/// What became of `posts` at `now`, in the order of brand and opening.
fn folded(reader: &Reader, posts: &[Value], now: Timestamp) -> Vec<Incident> {
    let mut incidents = Incidents::default();
    for post in posts {
        let (kind, post) = reader.read(post);
        incidents.hear(kind, post, now);
    }
    settled(&mut incidents, now)
}

fn settled(incidents: &mut Incidents, now: Timestamp) -> Vec<Incident> {
    incidents.settle(now, &mut Vec::new());
    let mut all: Vec<Incident> = incidents.all().map(|(incident, _)| incident.clone()).collect();
    all.sort_by(|a, b| (&a.brand, a.opened_at, a.post_id.len(), &a.post_id).cmp(&(&b.brand, b.opened_at, b.post_id.len(), &b.post_id)));
    all
}

#[test]
fn the_cases() {
    let Some(bytes) = data::read("sgi/vectors.jsonl") else { return };
    let mut cases = 0;
    for line in std::str::from_utf8(&bytes).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let brands = case["accounts"]["brands"].as_array().unwrap().iter().map(|b| {
            let accounts = b["accounts"].as_array().unwrap().iter().map(|a| {
                let role = if a["role"] == "service" { Role::Service } else { Role::Broadcast };
                account(a["handle"].as_str().unwrap(), a["network"].as_str().unwrap(), role)
            });
            Brand { name: b["name"].as_str().unwrap().to_owned(), own: true, accounts: accounts.collect() }
        });
        let reader = Reader::new(brands.collect());
        let start = escucha::dates::parse("2026-03-02T00:00:00Z").unwrap();
        let now = start.plus(case["now_minutes_after_2026-03-02"].as_i64().unwrap() * MINUTE);
        let got: Vec<Value> = folded(&reader, case["posts"].as_array().unwrap(), now)
            .iter()
            .map(|i| {
                serde_json::json!({
                    "brand": &*i.brand,
                    "id": &*i.post_id,
                    "origin": i.origin().as_str(),
                    "first_answer_min": i.first_answer.as_ref().map(|a| a.took() / MINUTE),
                    "state": i.state().as_str(),
                    "customer_posts": i.customer_posts,
                })
            })
            .collect();
        assert_eq!(Value::from(got), case["incidents"], "{}", case["case"]);
        cases += 1;
    }
    assert_eq!(cases, 29);
}

/// The nearest-rank quantile of `sorted` microseconds, in minutes.
fn minutes(sorted: &[i64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted[rank.max(1) - 1] as f64 / MINUTE as f64
}

#[test]
fn known_figures() {
    for care in [care::twcs(), care::ibm()].into_iter().flatten() {
        let brands = care.brands.iter().map(|b| Brand {
            name: b.name.clone(),
            own: true,
            accounts: b.accounts.iter().map(|a| account(a, "x", Role::Service)).collect(),
        });
        let reader = Reader::new(brands.collect());
        let now = care.posts.iter().map(|p| reader.read(p).1.at).max().unwrap();
        let all = folded(&reader, &care.posts, now);
        let count = |wanted: &dyn Fn(&Incident) -> bool| all.iter().filter(|i| wanted(i)).count();
        let direct = |i: &Incident| i.origin() == Origin::Direct;
        let within = |i: &Incident| i.first_answer.as_ref().is_some_and(|a| a.took() <= HOUR);
        let sorted = |mut v: Vec<i64>| {
            v.sort_unstable();
            v
        };
        let first = sorted(all.iter().filter_map(|i| i.first_answer.as_ref()).map(|a| a.took()).collect());
        let next = sorted(all.iter().flat_map(|i| &i.next_answers).map(|a| a.took()).collect());
        let ends: BTreeMap<&str, usize> = all.iter().flat_map(|i| &i.closings).fold(BTreeMap::new(), |mut m, c| {
            *m.entry(c.end.as_str()).or_default() += 1;
            m
        });
        let states: BTreeMap<&str, usize> = all.iter().fold(BTreeMap::new(), |mut m, i| {
            *m.entry(i.state().as_str()).or_default() += 1;
            m
        });
        let resolution = sorted(
            all.iter()
                .filter_map(|i| {
                    i.closing().filter(|c| c.end == End::Answered && i.cause != Cause::Outbound).map(|c| c.settled_at.since(i.opened_at))
                })
                .collect(),
        );
        let agents: std::collections::BTreeSet<_> =
            all.iter().flat_map(|i| i.agents.iter().map(|a| (i.brand.clone(), a.clone()))).collect();
        println!(
            "opened {}: direct {} active {} outbound {} bystanders {}",
            all.len(),
            count(&direct),
            count(&|i| i.origin() == Origin::Active),
            count(&|i| i.origin() == Origin::Outbound),
            count(&|i| i.bystander)
        );
        println!(
            "answered {}/{}  without bystanders {}/{}",
            count(&|i| direct(i) && i.first_answer.is_some()),
            count(&direct),
            count(&|i| direct(i) && !i.bystander && i.first_answer.is_some()),
            count(&|i| direct(i) && !i.bystander)
        );
        println!("within {}", count(&|i| direct(i) && within(i)));
        println!(
            "first n {} median {:.1} p90 {:.1} mean {:.1}",
            first.len(),
            minutes(&first, 0.5),
            minutes(&first, 0.9),
            first.iter().sum::<i64>() as f64 / first.len() as f64 / MINUTE as f64
        );
        println!("next n {} median {:.1} p90 {:.1}", next.len(), minutes(&next, 0.5), minutes(&next, 0.9));
        println!("closings {ends:?} states {states:?}");
        println!("resolution n {} median {:.1} p90 {:.1}", resolution.len(), minutes(&resolution, 0.5), minutes(&resolution, 0.9));
        println!("agents {} 2-3: {} >3: {}", agents.len(), count(&|i| (2..=3).contains(&i.agents.len())), count(&|i| i.agents.len() > 3));
    }
    let _ = (State::New, Arc::new(0));
}
