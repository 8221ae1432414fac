//! Whom customers thank for an answer that was not the brand's.

use std::sync::Arc;

use escucha::incident::Incident;
use escucha::incidents::Incidents;
use escucha::post::{Kind, PostKey};
use escucha::prng::Prng;
use escucha::time::HOUR;
use escucha::topic::{Brand, Role};
use escucha::utterance::Utterance;
use serde_json::{Value, json};

use super::{Reader, Said, account, folded, holds_in_any_order, settled, world};

fn reader() -> Reader {
    Reader::new(vec![
        Brand { name: "Banco".to_owned(), own: true, accounts: vec![account("banco", "x", Role::Service)], ..Brand::default() },
        Brand { name: "Otro".to_owned(), own: false, accounts: vec![account("otro", "x", Role::Service)], ..Brand::default() },
    ])
}

/// Id, author, the post it answers, hours since the first, text.
type Row = (&'static str, &'static str, &'static str, i64, &'static str);

fn posts(rows: &[Row]) -> Vec<Value> {
    let start = escucha::dates::parse("2026-03-02T00:00:00Z").unwrap();
    let post = |(id, who, parent, hours, text): &Row| {
        let mut post = json!({"id": id, "network": "x", "created_at": start.plus(hours * HOUR).to_string(), "text": text,
            "author": {"id": format!("{who}-1"), "handle": who}});
        if !parent.is_empty() {
            post["in_reply_to"] = json!({"id": parent});
        }
        post
    };
    rows.iter().map(post).collect()
}

#[test]
fn who_is_thanked() {
    let asks: Row = ("1", "ana", "", 0, "@banco no va la app");
    let eva: Row = ("2", "eva", "1", 1, "@ana reinicia el teléfono");
    let ours: Row = ("4", "banco", "1", 3, "@ana ya lo vemos. -GL");
    let cases: &[(&str, &[Row], Option<&str>)] = &[
        ("in reply", &[asks, eva, ("3", "ana", "2", 2, "@eva ¡gracias!")], Some("2")),
        ("in reply, long after", &[asks, eva, ("3", "ana", "2", 400, "@eva gracias")], Some("2")),
        ("in reply, also after an answer of ours", &[asks, eva, ours, ("5", "ana", "2", 4, "@eva gracias")], Some("2")),
        ("in the conversation", &[asks, eva, ("3", "ana", "1", 2, "gracias")], Some("2")),
        ("in the conversation, but we answered between", &[asks, eva, ours, ("5", "ana", "1", 4, "gracias")], None),
        ("in the conversation, long after", &[asks, eva, ("3", "ana", "1", 74, "gracias")], None),
        ("before anybody answered", &[asks, ("3", "ana", "1", 0, "gracias"), eva], None),
        (
            "a competitor's account is somebody else",
            &[asks, ("2", "otro", "1", 1, "@ana ven"), ("3", "ana", "2", 2, "@otro gracias")],
            Some("2"),
        ),
        ("the brand is thanked", &[asks, eva, ("3", "ana", "1", 2, "@banco gracias")], None),
        ("by name", &[asks, eva, ("3", "ana", "1", 2, "@eva gracias")], Some("2")),
        ("by name, beside another answer", &[asks, eva, ("3", "luz", "1", 2, "@ana apaga"), ("4", "ana", "", 3, "@eva gracias")], None),
        ("somebody else is thanked", &[asks, eva, ("3", "ana", "1", 2, "@luz gracias")], None),
        ("for a post that nobody saw", &[asks, eva, ("3", "ana", "9", 2, "gracias")], None),
        ("who answers themselves solves nothing", &[asks, ("2", "ana", "1", 1, "ya reinicié"), ("3", "ana", "2", 2, "gracias")], None),
        ("that is no thanks", &[asks, eva, ("3", "ana", "2", 2, "@eva no funciona")], None),
        ("somebody else thanks", &[asks, eva, ("3", "luz", "2", 2, "@eva gracias")], None),
        ("the answer was to another", &[asks, eva, ("3", "luz", "2", 2, "@eva y reinstala"), ("4", "ana", "3", 3, "@luz gracias")], None),
    ];
    let reader = reader();
    let now = escucha::dates::parse("2026-03-30T00:00:00Z").unwrap();
    for (case, rows, want) in cases {
        let all = folded(&reader, &posts(rows), now);
        let ours: Vec<&Incident> = all.iter().filter(|i| &*i.brand == "Banco").collect();
        assert_eq!(ours.len(), 1, "{case}");
        assert_eq!(ours[0].peer, want.map(|id| PostKey::of("x", id)), "{case}");
    }
}

#[test]
fn a_thanks_to_somebody_else_moves_nothing() {
    let (reader, now) = (reader(), escucha::dates::parse("2026-03-30T00:00:00Z").unwrap());
    let asks: Row = ("1", "ana", "", 0, "@banco no va la app");
    let with: &[Row] = &[asks, ("2", "eva", "1", 1, "@ana reinicia"), ("3", "ana", "2", 2, "@eva gracias")];
    let (with, without) = (folded(&reader, &posts(with), now), folded(&reader, &posts(&[asks]), now));
    assert_eq!(Incident { peer: None, ..with[0].clone() }, without[0]);
}

#[test]
fn who_goes_by_another_name_is_known_in_any_order() {
    let (reader, now) = (reader(), escucha::dates::parse("2026-03-30T00:00:00Z").unwrap());
    let mut all = posts(&[
        ("1", "ana", "", 0, "@banco no va la app"),
        ("2", "evita", "1", 1, "@ana reinicia"),
        ("3", "ana", "1", 2, "@eva gracias"),
        ("4", "evita", "", 3, "@banco hola"),
        ("5", "eva", "", 4, "@banco hola"),
    ]);
    // Nobody but the later two posts tells whose the names are.
    all[1]["author"] = json!({"handle": "evita"});
    all[3]["author"] = json!({"id": "eva-1", "handle": "evita"});
    let said: Vec<Said> = all.iter().map(|post| reader.read(post)).collect();
    for seed in 0..200 {
        holds_in_any_order(seed, &said, now);
    }
    let of_ana = folded(&reader, &all, now).remove(0);
    assert_eq!((&*of_ana.post_id, of_ana.peer), ("1", Some(PostKey::of("x", "2"))));
}

/// Whom the customer of `incident` thanked last, looked for among all posts that live.
fn thanked(incident: &Incident, living: &[Utterance], incidents: &Incidents) -> Option<PostKey> {
    let posts: Vec<Arc<Utterance>> = incidents.posts(incident.key()).into_iter().map(|(post, _)| post).collect();
    let by_us = |p: &Utterance| p.own.as_deref() == Some(&*incident.brand);
    let is_theirs = |key: Option<PostKey>, by: &Utterance| posts.iter().any(|p| Some(p.key) == key && !by_us(p) && p.order(by).is_le());
    let me = posts.iter().find(|p| !by_us(p))?.handle.clone();
    let mut found = None;
    for thanks in posts.iter().filter(|p| !by_us(p) && p.says.courtesy) {
        let others = living.iter().filter(|p| !p.repost && !by_us(p) && p.handle != me && is_theirs(p.parent, thanks));
        let parent = living.iter().find(|p| Some(p.key) == thanks.parent);
        let to = [thanks.reply_to.id, thanks.reply_to.handle, thanks.leading].iter().any(Option::is_some);
        let name = thanks.to.to_lowercase();
        found = match parent {
            Some(parent) if !by_us(parent) && parent.handle != me => others.into_iter().find(|p| p.key == parent.key),
            Some(parent) if by_us(parent) => None,
            None if thanks.parent.is_some() => None,
            _ if !thanks.named.is_empty() || thanks.reply_brand.is_some() => None,
            _ => {
                let ours = posts.iter().filter(|p| by_us(p) && p.order(thanks).is_lt()).max_by(|a, b| a.order(b));
                let between = others.filter(|p| p.order(thanks).is_lt() && ours.is_none_or(|o| o.order(p).is_lt()));
                let meant = between.filter(|p| !to || name == *me || *p.handle == *name);
                meant.max_by(|a, b| a.order(b)).filter(|p| thanks.at.since(p.at) <= 72 * HOUR)
            }
        }
        .map(|p| p.key)
        .or(found);
    }
    found
}

/// One question to the brand and who joins in, with changed and deleted posts.
fn talk(seed: u64, reader: &Reader) -> Vec<Said> {
    let mut g = Prng::new(seed);
    let start = escucha::dates::parse("2026-03-02T00:00:00Z").unwrap();
    let texts = ["gracias", "gracias", "@eva gracias", "@luz gracias", "@banco gracias", "no va", "reinicia", "@otro mira"];
    let (mut all, mut hours) = (Vec::<Value>::new(), 0);
    for i in 0..3 + g.below(10) {
        hours += *g.pick(&[0, 1, 5, 30, 71]);
        let who = if i == 0 { "ana" } else { *g.pick(&["ana", "ana", "eva", "eva", "luz", "banco", "otro"]) };
        let mut post = json!({"id": format!("{}", 100 + i), "network": "x", "created_at": start.plus(hours * HOUR).to_string(),
            "text": if i == 0 { "@banco no va" } else { g.pick(&texts) }, "author": {"id": format!("{who}-1"), "handle": who}});
        if i > 0 && g.chance(0.9) {
            // At times one that nobody saw.
            let parent = if g.chance(0.1) { 99 } else { 100 + if g.chance(0.5) { i - 1 } else { g.below(i) } };
            post["in_reply_to"] = json!({"id": parent.to_string()});
        }
        post["conversation_id"] = "100".into();
        all.push(post);
    }
    for kind in ["update", "update", "delete"] {
        let mut of = g.pick(&all).clone();
        // Of two new versions the later one holds, so that their order would show.
        if g.chance(0.5) && all.iter().filter(|post| post["id"] == of["id"]).count() == 1 {
            of["kind"] = kind.into();
            of["text"] = "gracias".into();
            // Also to answer somebody else, or nobody.
            of["in_reply_to"] = g.pick(&[json!({"id": "100"}), json!({"id": "102"}), json!({"id": "99"}), json!({})]).clone();
            all.push(of);
        }
    }
    all.iter().map(|post| reader.read(post)).collect()
}

#[test]
fn the_fold_finds_whom_a_search_through_everything_finds() {
    let (reader, now) = (reader(), escucha::dates::parse("2026-04-20T00:00:00Z").unwrap());
    let mut thanks = 0;
    for seed in 0..1200 {
        let posts = if seed < 900 { talk(seed, &reader) } else { world(seed, 4 + (seed as usize % 40)) };
        let mut incidents = Incidents::default();
        posts.iter().for_each(|(kind, post)| incidents.hear(*kind, post.clone(), now));
        let all = settled(&mut incidents, now);
        let living = living(&posts);
        for incident in &all {
            assert_eq!(incident.peer, thanked(incident, &living, &incidents), "seed {seed}: {:#?}", incidents.posts(incident.key()));
            thanks += usize::from(incident.peer.is_some());
        }
        if seed < 900 {
            holds_in_any_order(seed, &posts, now);
        }
    }
    assert!(thanks > 60, "{thanks}");
}

/// The posts as they are in the end.
fn living(posts: &[Said]) -> Vec<Utterance> {
    let mut out: Vec<Utterance> = Vec::new();
    let mut gone: Vec<PostKey> = Vec::new();
    for (kind, post) in posts {
        let place = out.iter().position(|p| p.key == post.key);
        match (kind, place) {
            (Kind::Delete, _) => {
                gone.push(post.key);
                out.retain(|p| p.key != post.key);
            }
            (_, None) if !gone.contains(&post.key) => out.push(post.clone()),
            (Kind::Update, Some(i)) => {
                let (at, author, own) = (out[i].at, out[i].author, out[i].own.clone());
                out[i] = Utterance { at, author, own, ..post.clone() };
            }
            _ => {}
        }
    }
    out
}
