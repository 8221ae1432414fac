//! Incidents: the cases of others, the known figures of two recordings, and the fold against itself.

mod hands;
mod peers;

use std::collections::BTreeSet;

use escucha::decode::{self, Decoded, Format};
use escucha::incident::{Answer, Cause, End, Incident, Origin};
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
    Account { id: String::new(), handle: handle.to_lowercase(), network: network.to_owned(), role: Some(role) }
}

/// What became of `posts` at `now`, in the order of brand and opening.
fn folded(reader: &Reader, posts: &[Value], now: Timestamp) -> Vec<Incident> {
    heard(&posts.iter().map(|post| reader.read(post)).collect::<Vec<_>>(), now)
}

type Said = (Kind, Utterance);

fn heard(posts: &[Said], now: Timestamp) -> Vec<Incident> {
    let mut incidents = Incidents::default();
    posts.iter().for_each(|(kind, post)| incidents.hear(*kind, post.clone(), now));
    settled(&mut incidents, now)
}

fn settled(incidents: &mut Incidents, now: Timestamp) -> Vec<Incident> {
    incidents.settle(now, &mut Vec::new());
    let mut all: Vec<Incident> = incidents.all().map(|(incident, _)| (**incident).clone()).collect();
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
            Brand { name: b["name"].as_str().unwrap().to_owned(), own: true, accounts: accounts.collect(), ..Brand::default() }
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

/// What plain counting over all matters gives.
fn figures(all: &[Incident]) -> Vec<String> {
    let count = |wanted: &dyn Fn(&Incident) -> bool| all.iter().filter(|i| wanted(i)).count();
    let from = |origin| move |i: &Incident| i.origin() == origin;
    let direct = from(Origin::Direct);
    let sorted = |mut v: Vec<i64>| {
        v.sort_unstable();
        v
    };
    let first = sorted(all.iter().filter_map(|i| i.first_answer.as_ref()).map(Answer::took).collect());
    let next = sorted(all.iter().flat_map(|i| &i.next_answers).map(Answer::took).collect());
    let settled = |i: &Incident| {
        i.closing().filter(|c| c.end == End::Answered && i.cause != Cause::Outbound).map(|c| c.settled_at.since(i.opened_at))
    };
    let resolution = sorted(all.iter().filter_map(settled).collect());
    let ends = |end| all.iter().flat_map(|i| &i.closings).filter(|c| c.end == end).count();
    let agents: BTreeSet<_> = all.iter().flat_map(|i| i.agents.keys().map(|a| (&i.brand, a))).collect();
    let answered = |i: &Incident| direct(i) && i.first_answer.is_some();
    let within = |i: &Incident| direct(i) && i.first_answer.as_ref().is_some_and(|a| a.took() <= HOUR);
    let mean = first.iter().sum::<i64>() as f64 / first.len() as f64 / MINUTE as f64;
    vec![
        format!(
            "{}: {}, {}, {}; {}",
            all.len(),
            count(&direct),
            count(&from(Origin::Active)),
            count(&from(Origin::Outbound)),
            count(&|i| i.bystander)
        ),
        format!(
            "{}/{}; {}/{}",
            count(&answered),
            count(&direct),
            count(&|i| answered(i) && !i.bystander),
            count(&|i| direct(i) && !i.bystander)
        ),
        format!("{}/{}", count(&within), count(&direct)),
        format!("{}; {:.1} / {:.1} / {mean:.1}", first.len(), minutes(&first, 0.5), minutes(&first, 0.9)),
        format!("{}; {:.1} / {:.1}", next.len(), minutes(&next, 0.5), minutes(&next, 0.9)),
        [End::Answered, End::Private, End::Abandoned, End::Expired].map(|end| ends(end).to_string()).join(", "),
        format!("{}; {:.1} / {:.1}", resolution.len(), minutes(&resolution, 0.5), minutes(&resolution, 0.9)),
        format!("{}; {} / {}", agents.len(), count(&|i| (2..=3).contains(&i.agents.len())), count(&|i| i.agents.len() > 3)),
    ]
}

#[test]
fn known_figures() {
    let twcs = [
        "1466: 1008, 452, 6; 82",
        "884/1008; 868/926",
        "648/1008",
        "1336; 12.8 / 433.9 / 286.3",
        "714; 10.8 / 431.6",
        "741, 385, 83, 136",
        "717; 33.9 / 1687.6",
        "482; 162 / 18",
    ];
    let ibm = [
        "532: 361, 171, 0; 4",
        "354/361; 351/357",
        "177/361",
        "525; 101.0 / 4303.7 / 2040.6",
        "58; 22.4 / 172.8",
        "401, 12, 51, 6",
        "401; 135.1 / 4897.9",
        "119; 9 / 1",
    ];
    for (care, known) in [(care::twcs(), twcs), (care::ibm(), ibm)] {
        let Some(care) = care else { continue };
        let brands = care.brands.iter().map(|b| Brand {
            name: b.name.clone(),
            own: true,
            accounts: b.accounts.iter().map(|a| account(a, "x", Role::Service)).collect(),
            ..Brand::default()
        });
        let reader = Reader::new(brands.collect());
        let now = care.posts.iter().map(|p| reader.read(p).1.at).max().unwrap();
        assert_eq!(figures(&folded(&reader, &care.posts, now)), known);
    }
}

/// A brand, another, three customers and what they say, drawn from `seed`.
fn world(seed: u64, posts: usize) -> Vec<Said> {
    let mut draw = escucha::prng::Prng::new(seed);
    let mut below = move |n: u64| draw.below(n);
    let brands = ["Banco", "Otro"].map(|name| Brand {
        name: name.to_owned(),
        own: true,
        accounts: vec![account(&name.to_lowercase(), "", Role::Service)],
        ..Brand::default()
    });
    let people = ["ana", "eva", "luz", "banco", "otro"];
    let texts =
        ["no va", "¿y mi dinero?", "gracias", "ya está. -GL", "¿nos escribes por DM?", "@banco ayuda", "@ana ya", "@eva @otro mira"];
    let start = escucha::dates::parse("2026-03-02T00:00:00Z").unwrap();
    let mut all: Vec<Value> = Vec::new();
    for i in 0..posts {
        let who = people[below(5) as usize];
        let at = start.plus(below(60 * 24) as i64 * HOUR / 4 * if below(4) == 0 { 24 } else { 1 });
        let mut post = serde_json::json!({
            "id": format!("{}", 100 + i),
            "network": if below(8) == 0 { "mastodon" } else { "x" },
            "created_at": at.to_string(),
            "text": texts[below(8) as usize],
            // Ids that are no handles, and posts that tell no id.
            "author": if below(6) == 0 { serde_json::json!({"handle": who}) } else { serde_json::json!({"id": format!("{who}-1"), "handle": who}) },
        });
        if i > 0 && below(3) > 0 {
            let parent = format!("{}", 100 + below(posts as u64));
            post["in_reply_to"] = if below(2) == 0 {
                serde_json::json!({"id": parent})
            } else {
                serde_json::json!({"id": parent, "author": people[below(5) as usize]})
            };
        }
        if below(10) == 0 {
            post["conversation_id"] = format!("{}", 100 + below(posts as u64)).into();
        }
        if below(12) == 0 {
            post["repost_of"] = serde_json::json!({"id": "1"});
        }
        all.push(post);
    }
    for i in 0..posts / 8 {
        let of = &all[below(posts as u64) as usize];
        let mut change =
            serde_json::json!({"id": of["id"], "network": of["network"], "created_at": of["created_at"], "author": of["author"]});
        change["kind"] = if i % 2 == 0 { "delete" } else { "update" }.into();
        change["text"] = "@banco otra cosa".into();
        all.push(change);
    }
    let reader = Reader::new(brands.into());
    all.iter().map(|post| reader.read(post)).collect()
}

/// The same posts in another order, settled after every few, and some twice.
fn shuffled(seed: u64, posts: &[Said]) -> Vec<Said> {
    let mut draw = escucha::prng::Prng::new(seed);
    let mut posts = posts.to_vec();
    for i in (1..posts.len()).rev() {
        posts.swap(i, draw.below(i as u64 + 1) as usize);
    }
    let again = posts[draw.below(posts.len() as u64) as usize].clone();
    posts.push(again);
    posts
}

/// In whatever order the posts come, and after they were written down and read back, all is as it was at once.
fn holds_in_any_order(seed: u64, posts: &[Said], now: Timestamp) {
    let at_once = heard(posts, now);
    for turn in 0..3 {
        // An update that comes first is the first that is known; so each comes after its post.
        let mut other = shuffled(seed * 7 + turn, posts);
        other.sort_by_key(|(kind, _)| *kind == Kind::Update);
        let mut incidents = Incidents::default();
        for (i, (kind, post)) in other.into_iter().enumerate() {
            incidents.hear(kind, post, now);
            if i % 3 == 0 {
                incidents.settle(now, &mut Vec::new());
            }
        }
        assert_eq!(settled(&mut incidents, now), at_once, "seed {seed}, turn {turn}");
        // And what was written reads back as the same.
        let mut again = Incidents::default();
        incidents.pieces(&mut |piece| again.take(piece));
        again.resume(now);
        let mut changes = Vec::new();
        again.settle(now, &mut changes);
        assert!(changes.is_empty(), "{changes:?}");
        assert_eq!(settled(&mut again, now), at_once, "seed {seed}, read back");
    }
}

#[test]
fn arrival_never_changes_a_figure() {
    let now = escucha::dates::parse("2026-04-20T00:00:00Z").unwrap();
    for seed in 0..300 {
        holds_in_any_order(seed, &world(seed, 4 + (seed as usize % 40)), now);
    }
}
