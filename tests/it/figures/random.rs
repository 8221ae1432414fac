//! Matters that no fold would make, to count.

use std::sync::Arc;

use escucha::contact::Intent;
use escucha::figures::{Facts, Organisations, Settings};
use escucha::incident::{Answer, Cause, Closing, End, Hands, Incident, OurTurn, Tags, Tone};
use escucha::playbook::Playbook;
use escucha::post::{AuthorKey, PostKey};
use escucha::prng::Prng;
use escucha::time::{HOUR, MINUTE, SECOND, Timestamp, Zone};
use escucha::topic::Role;

pub struct World {
    pub incidents: Vec<Arc<Incident>>,
    pub window: (Timestamp, Timestamp),
    pub now: Timestamp,
    pub settings: Settings,
    pub organisations: Organisations,
    since: Option<Timestamp>,
    broadcasts: Option<u64>,
    own: bool,
}

impl World {
    pub fn facts<'a>(&'a self, zone: &'a Zone) -> Facts<'a> {
        Facts {
            incidents: &self.incidents,
            window: self.window,
            now: self.now,
            zone,
            since: self.since,
            own: self.own,
            unheard: None,
            broadcasts: self.broadcasts,
            organisations: &self.organisations,
            settings: &self.settings,
        }
    }
}

pub fn world(seed: u64) -> World {
    let mut g = Prng::new(seed);
    let start = Timestamp::from_seconds(1_603_000_000);
    let window = (start, start.plus(HOUR * (1 + g.below(40 * 24) as i64)));
    let now = start.plus(HOUR * g.below(60 * 24) as i64);
    let n = if seed == 0 { 0 } else { 5 + g.below(300) };
    let incidents = (0..n).map(|i| Arc::new(incident(&mut g, i, start, now))).collect();
    let slots = if g.chance(0.5) { (0..24).collect() } else { vec![0, 7, 15, 22] };
    let handling = g.chance(0.5).then_some(5 * MINUTE);
    let playbooks = (0..g.below(6)).map(|i| playbook(&mut g, i)).collect();
    let settings = Settings { slots, handling, playbooks, ..Settings::default() };
    let since = g.chance(0.3).then(|| start.plus(HOUR * g.below(100) as i64));
    let broadcasts = g.chance(0.5).then(|| g.below(40));
    let own = !g.chance(0.2);
    let whose = [("AB", "Casa"), ("CD", "Centro"), ("EF", "Centro"), ("ZZ", "Nadie")];
    let organisations = if g.chance(0.3) { Organisations::new() } else { whose.map(|(s, o)| (s.to_owned(), o.to_owned())).into() };
    World { incidents, window, now, settings, organisations, since, broadcasts, own }
}

fn text(g: &mut Prng, of: &[&str]) -> Option<Arc<str>> {
    if g.chance(0.4) { None } else { Some(Arc::from(*g.pick(of))) }
}

fn tags(g: &mut Prng) -> Tags {
    Tags {
        typology: text(g, &["producto", "servicio"]),
        category: text(g, &["queja", "complaint"]),
        subcategory: None,
        section: text(g, &["SAC", "MKT", "Tarjetas"]),
    }
}

fn answer(g: &mut Prng, since: Timestamp) -> Answer {
    // Often the same times, so that ties show.
    let took = MINUTE * if g.chance(0.3) { 60 } else { g.below(3000) as i64 };
    Answer { since, at: since.plus(took), agent: text(g, &["AB", "CD", "EF"]) }
}

/// Often for nothing in particular, or for the same as another.
fn playbook(g: &mut Prng, i: u64) -> Playbook {
    Playbook {
        name: format!("pauta {i}").into(),
        brands: if g.chance(0.4) { vec![Arc::from(*g.pick(&["Banco", "Otro"]))] } else { Vec::new() },
        tags: if g.chance(0.6) { Tags { typology: None, ..tags(g) } } else { Tags::default() },
        intent: g.chance(0.3).then(|| *g.pick(&Intent::ALL)),
        blocked: g.chance(0.4).then(|| g.chance(0.5)),
        ..Playbook::default()
    }
}

fn incident(g: &mut Prng, i: u64, start: Timestamp, now: Timestamp) -> Incident {
    let opened_at = start.plus(-100 * HOUR).plus(SECOND * g.below(45 * 24 * 3600) as i64);
    let cause = *g.pick(&[Cause::MentionOrReply, Cause::MentionOrReply, Cause::Topic, Cause::AnsweredByUs, Cause::Outbound]);
    let first_answer = (g.chance(0.6) && cause != Cause::Outbound).then(|| answer(g, opened_at));
    let next: Vec<Answer> = (0..g.below(3)).map(|n| answer(g, opened_at.plus(HOUR * (50 + n as i64)))).collect();
    let settled_at = first_answer.iter().chain(&next).map(|a| a.at).max();
    let closings: Vec<Closing> = (0..g.below(3)).map(|n| closing(g, opened_at.plus(72 * HOUR * (n as i64 + 1)), settled_at)).collect();
    let our_posts = g.below(5) as u32;
    let private = g.below(u64::from(our_posts) + 1) as u32;
    let tone = |g: &mut Prng| Tone { sum: g.below(200) as i64 - 100, posts: g.below(3) as u32 };
    Incident {
        brand: "Banco".into(),
        network: Arc::from(*g.pick(&["x", "bluesky"])),
        opening: PostKey(i),
        post_id: i.to_string().into(),
        author: AuthorKey(g.below(40)),
        handle: format!("cliente{}", g.below(9)).into(),
        followers: g.chance(0.6).then(|| g.below(5000) as u32),
        repeated: g.chance(0.5).then(|| g.below(90)),
        replied: g.chance(0.5).then(|| g.below(40)),
        cause,
        bystander: cause == Cause::MentionOrReply && g.chance(0.2),
        opened_at,
        previous: None,
        relinked: g.below(2) as u32,
        last_activity: now,
        waiting_since: g.chance(0.5).then(|| now.plus(-MINUTE * g.below(3000) as i64)),
        first_answer,
        next_answers: next,
        customer_posts: 1 + g.below(4) as u32,
        our_posts,
        our_turns: our_posts.min(1 + g.below(3) as u32),
        our_turn: OurTurn::default(),
        settled_at,
        closed: !closings.is_empty() && g.chance(0.6),
        closings,
        reopenings: (0..g.below(2)).map(|_| opened_at.plus(HOUR * g.below(300) as i64)).collect(),
        agents: (0..g.below(6)).map(|n| (Arc::from(["AB", "CD", "EF", "GH", "IJ", "KL"][n as usize]), 1 + g.below(3) as u32)).collect(),
        signed_posts: g.below(u64::from(our_posts) + 1) as u32,
        contact_privately: g.chance(0.3).then_some(now),
        merged_into: g.chance(0.1).then_some(PostKey(0)),
        tags: tags(g),
        said: if g.chance(0.2) { tags(g) } else { Tags::default() },
        intent: *g.pick(&Intent::ALL),
        blocked: g.chance(0.1),
        role: g.chance(0.8).then(|| *g.pick(&[Role::Broadcast, Role::Service])),
        before: tone(g),
        after: tone(g),
        assignee: None,
        hands: g.chance(0.4).then(|| Box::new(hands(g, opened_at))),
        peer: g.chance(0.2).then_some(PostKey(i + 1000)),
        notes: Vec::new(),
        private_posts: (private, g.below(u64::from(private) + 1) as u32),
        personal_at: g.chance(0.1).then_some(now),
        role_said: g.chance(0.5),
        promised_at: g.chance(0.3).then(|| now.plus(-HOUR * g.below(60) as i64)),
    }
}

fn hands(g: &mut Prng, opened_at: Timestamp) -> Hands {
    let mut times: Vec<i64> = (0..g.below(6)).map(|_| MINUTE * g.below(20_000) as i64).collect();
    times.sort_unstable();
    let sections = times.into_iter().map(|after| (opened_at.plus(after), text(g, &["SAC", "MKT", "Tarjetas"]))).collect();
    Hands { sections, last: None, holders: g.below(6) as u32 }
}

fn closing(g: &mut Prng, at: Timestamp, settled_at: Option<Timestamp>) -> Closing {
    let end = *g.pick(End::ALL);
    let scenario = if end == End::Resolved { text(g, &["phone", "branch"]) } else { None };
    Closing { at, end, scenario, settled_at: settled_at.unwrap_or(at) }
}

/// As if our accounts had never written.
pub fn unanswered(i: &mut Incident) {
    i.first_answer = None;
    i.next_answers.clear();
    i.settled_at = None;
}

/// A direct matter opened at `at`, like any other.
pub fn plain(i: &mut Incident, at: Timestamp) {
    unanswered(i);
    i.opened_at = at;
    i.cause = Cause::MentionOrReply;
    i.bystander = false;
    i.merged_into = None;
}

pub fn answer_after(i: &mut Incident, took: Option<i64>) {
    i.first_answer = took.map(|took| Answer { since: i.opened_at, at: i.opened_at.plus(took), agent: None });
    i.settled_at = i.first_answer.as_ref().map(|a| a.at);
}
