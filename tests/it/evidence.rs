//! What the alerts on the topics of a brand tell, and how bad it is for the brand, through the tally.

use std::sync::Arc;

use escucha::alert::{Alert, Status};
use escucha::anomaly::{BUCKET, Direction, Level, PER_DAY, PER_HOUR, Settings};
use escucha::lane::{Compiled, Hit};
use escucha::prng::Prng;
use escucha::tally::{Event, TopicWindows};
use escucha::time::{MINUTE, SECOND};
use escucha::topic::On;
use escucha::window::Window;
use escucha::wire;
use serde_json::Value;

use crate::outcomes::{Engine, Item, START, hit, listening, post, rule};

/// Days before anything happens; nothing fires in the first 2.6.
const CALM: u32 = 4 * PER_DAY;

/// Three topics of a brand; a rule on `spike` watches these of them.
fn watching(version: u64, topics: &[u32]) -> Arc<Compiled> {
    let rules = if topics.is_empty() { Vec::new() } else { vec![rule("r", On::Unusual(Settings::new(Direction::Spike)), topics)] };
    listening(version, 3, "America/Mexico_City", rules)
}

/// Six mentions in five minutes, each of one of the topics.
struct World {
    engine: Engine,
    prng: Prng,
    buckets: i64,
    posts: u64,
}

/// What comes beside in a bucket: so many posts, of these topics, with this text and an author each.
#[derive(Clone, Copy)]
struct Surge {
    posts: u64,
    topics: &'static [u32],
    text: &'static str,
    /// A word of its own in every text, so that none is a copy.
    own: bool,
}

/// Words that no other post has, as many as a text of one's own has.
fn own(post: u64) -> String {
    let letters = |salt: u64| (0..6).map(|i| char::from(b'a' + ((post + salt) >> (4 * i) & 15) as u8)).collect::<String>();
    ["x", "y", "z", "w"].iter().zip(0..).map(|(first, salt)| format!("{first}{}", letters(salt))).collect::<Vec<_>>().join(" ")
}

impl World {
    fn new(topics: &[u32]) -> World {
        World { engine: Engine::new(watching(1, topics)), prng: Prng::new(5), buckets: 0, posts: 0 }
    }

    fn calm(topics: &[u32]) -> World {
        let mut world = World::new(topics);
        world.run(CALM, &[]);
        world
    }

    fn post(&mut self, text: &str, topics: &[u32]) -> Item {
        self.posts += 1;
        let at = START.plus(self.buckets * BUCKET + self.prng.below(290) as i64 * SECOND);
        let hits: Vec<Hit> = topics.iter().map(|t| hit(*t, 5)).collect();
        post(self.posts, at, 5).text(text).hits(hits)
    }

    fn run(&mut self, buckets: u32, surges: &[Surge]) -> Vec<Alert> {
        for _ in 0..buckets {
            let mut items = Vec::new();
            for i in 0..self.prng.count(6.0) {
                let text = format!("la app va lenta hoy, {}", own(self.posts));
                items.push(self.post(&text, &[i as u32 % 3]));
            }
            for surge in surges {
                for _ in 0..surge.posts {
                    let text = if surge.own { format!("{} {}", surge.text, own(self.posts)) } else { surge.text.to_owned() };
                    items.push(self.post(&text, surge.topics).negative());
                }
            }
            items.sort_by_key(|item| item.at);
            self.engine.apply(0, &items);
            self.buckets += 1;
            self.engine.tick(START.plus(self.buckets * BUCKET + 61 * SECOND));
        }
        self.engine.events.drain(..).filter_map(|e| if let Event::Alert(a) = e { Some(*a) } else { None }).collect()
    }

    fn brand_level(&mut self) -> Option<u8> {
        self.engine.tally.brands().first().and_then(|b| b.watched).map(|w| w.standing.level.number())
    }

    fn topic_levels(&mut self) -> Vec<Option<u8>> {
        self.engine.tally.topics().iter().map(|t| t.windows.watched.map(|w| w.standing.level.number())).collect()
    }
}

const OUTAGE: Surge = Surge { posts: 30, topics: &[0, 1], text: "mantenimiento de la app sin aviso", own: true };

#[test]
fn two_topics_that_rise_together_are_one_alert_that_says_what_is_new() {
    let mut world = World::calm(&[0, 1]);
    let campaign = Surge { posts: 20, topics: &[0], text: "compren criptomonedas baratas ahora", own: false };
    let told = world.run(PER_HOUR, &[OUTAGE, campaign]);
    let last = told.last().expect("an alert").clone();
    assert!(told.iter().all(|a| a.id == last.id), "one alert: {:?}", told.iter().map(|a| &a.id).collect::<Vec<_>>());
    assert_eq!((last.topic.as_str(), last.firing_topics().collect::<Vec<_>>()), ("t0", vec!["t0", "t1"]));
    assert_eq!(last.standing.map(|s| s.level), last.topics.iter().filter_map(|p| p.standing).map(|s| s.level).max());
    assert_eq!(&last.gist.terms[..2], ["aviso", "mantenimiento"], "{:?}", last.gist.terms);
    assert!(!last.gist.terms.iter().any(|t| t.contains("cripto") || t == "app"), "{:?}", last.gist.terms);
    let share = last.gist.negative.expect("a tone");
    assert!(share.range.0 < share.value && share.value < share.range.1 && share.value > 0.9, "{share:?}");
    assert_eq!(last.gist.languages.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["und"]);
    assert!(last.similar.is_empty());
    for topic in world.engine.tally.topics().iter().take(2) {
        assert_eq!(topic.firing, ["r"], "{}", topic.windows.name);
    }
    assert!(world.topic_levels().iter().take(2).all(|level| *level >= Some(2)), "each has its own level");

    let told = world.run(PER_DAY, &[]);
    let over: Vec<&Alert> = told.iter().filter(|a| a.status == Status::Resolved).collect();
    assert!(over.len() == 1 && over[0].id == last.id && over[0].firing_topics().next().is_none());
    assert!(told.iter().any(|a| a.firing_topics().count() == 1), "they are quiet one after the other, or this shows nothing");

    // A day later it is a new one, and the first one is known.
    world.run(PER_DAY, &[]);
    let told = world.run(2, &[Surge { posts: 90, ..OUTAGE }]);
    let again = told.last().expect("another alert");
    assert!(again.id != last.id && again.similar.len() == 1 && again.similar[0].id == last.id, "{:?}", again.similar);
    assert!(again.similar[0].terms.contains(&"mantenimiento".to_owned()) && again.similar[0].peak > 2.0);
}

#[test]
fn what_was_deleted_is_no_term_of_the_next_change() {
    let mut world = World::calm(&[0]);
    let before = world.posts;
    let told = world.run(PER_HOUR / 2, &[Surge { topics: &[0], ..OUTAGE }]);
    assert!(told.last().is_some_and(|a| a.gist.terms.contains(&"mantenimiento".to_owned())));
    let gone: Vec<u64> = (before + 1..=world.posts).collect();
    for id in gone {
        let at = START.plus(world.buckets * BUCKET);
        world.engine.apply(0, &[post(id, at, 5).kind(escucha::post::Kind::Delete)]);
    }
    let told = world.run(2, &[Surge { posts: 60, topics: &[0], text: "otra cosa: el cajero tragó tarjetas", own: true }]);
    let last = told.last().expect("it goes on");
    assert!(last.gist.terms.contains(&"tarjetas".to_owned()) && !last.gist.terms.contains(&"mantenimiento".to_owned()), "{:?}", last.gist);
}

#[test]
fn a_mention_of_three_topics_is_one_of_their_brand() {
    let mut world = World::new(&[0]);
    let at = START.plus(-10 * MINUTE);
    let items: Vec<Item> = [&[0, 1, 2][..], &[1, 2], &[2]]
        .iter()
        .map(|topics| {
            let mut item = world.post("hola", topics);
            item.at = at;
            item
        })
        .collect();
    let mut own = world.post("somos el banco", &[0]);
    (own.at, own.hits[0].own) = (at, true);
    world.engine.apply(0, &[items, vec![own]].concat());
    world.engine.tick(START);
    let brands = world.engine.tally.brands();
    let hour = Window::H1 as usize;
    assert_eq!((brands.len(), brands[0].name.as_str(), brands[0].windows[hour].mentions), (1, "Banco", 3));
    let topics: Vec<u64> = world.engine.tally.topics().iter().map(|t| t.windows.windows[hour].mentions).collect();
    assert_eq!(topics, [1, 2, 3]);
}

#[test]
fn a_brand_is_in_trouble_whichever_of_its_topics_rises() {
    let mut world = World::calm(&[0]);
    assert_eq!(world.brand_level(), Some(0));
    // Nobody watches this topic for itself.
    world.engine.events.clear();
    let told = world.run(PER_HOUR, &[Surge { posts: 60, topics: &[2], ..OUTAGE }]);
    assert!(told.is_empty(), "no rule asks for an alert");
    assert_eq!((world.brand_level(), world.topic_levels()), (Some(3), vec![Some(0), None, None]));
    let calm = |world: &mut World| {
        world.run(PER_DAY, &[]);
        world.brand_level()
    };
    assert_eq!(calm(&mut world), Some(0), "it recovers");
}

/// The last windows told of each topic.
fn windows(engine: &mut Engine) -> Vec<TopicWindows> {
    let mut last: std::collections::BTreeMap<String, TopicWindows> = Default::default();
    for event in engine.events.drain(..) {
        if let Event::Windows(w) = event {
            last.insert(w.name.clone(), *w);
        }
    }
    last.into_values().collect()
}

#[test]
fn all_topics_of_a_brand_tell_where_it_stands_as_long_as_somebody_asks() {
    let mut world = World::calm(&[0]);
    let surge = |world: &mut World, posts| {
        let text = format!("mantenimiento v{}", world.posts);
        let items: Vec<Item> = (0..posts).map(|_| world.post(&text, &[2]).negative()).collect();
        world.engine.apply(0, &items);
        world.buckets += 1;
        world.engine.tick(START.plus(world.buckets * BUCKET + 61 * SECOND));
        windows(&mut world.engine)
    };
    let told = surge(&mut world, 400);
    let levels: Vec<_> = told.iter().map(|w| w.brand.as_ref().map(|b| (b.name.as_str(), b.standing.level))).collect();
    assert_eq!(levels.len(), 3, "all topics of the brand hear of it");
    assert!(levels.iter().all(|l| l.is_some_and(|(name, level)| name == "Banco" && level >= Level::Alert)), "{levels:?}");
    world.engine.compiled = watching(2, &[]);
    let told = surge(&mut world, 1);
    assert!(told.len() == 3 && told.iter().all(|w| w.brand.is_none()), "{told:?}");
    assert!(world.engine.tally.brands().is_empty());
}

/// The names of the properties at `path` of the description of the stream.
fn described(path: &[&str]) -> Vec<String> {
    const STREAM: &str = include_str!("../../docs/asyncapi.yaml");
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = STREAM.lines().filter(|l| !l.trim().is_empty()).peekable();
    let mut outer = 0;
    for (i, key) in ["components", "messages"].iter().chain(path).chain(&["properties"]).enumerate() {
        let found = lines.by_ref().find(|l| (i == 0 || depth(l) > outer) && l.trim().trim_matches('"').starts_with(&format!("{key}:")));
        outer = depth(found.unwrap_or_else(|| panic!("{key} of {path:?}")));
    }
    let inner = lines.peek().map_or(0, |l| depth(l));
    let own = lines.take_while(|l| depth(l) >= inner).filter(|l| depth(l) == inner);
    let mut names: Vec<String> = own.filter_map(|l| Some(l.trim().split_once(':')?.0.trim_matches('"').to_owned())).collect();
    names.sort();
    names
}

fn keys(value: &Value) -> Vec<String> {
    let mut names: Vec<String> = value.as_object().expect("an object").keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn frames_have_the_keys_that_the_description_of_the_stream_says() {
    let mut world = World::calm(&[0, 1]);
    world.run(PER_HOUR, &[OUTAGE]);
    world.run(2 * PER_DAY, &[]);
    let told = world.run(2, &[Surge { posts: 90, ..OUTAGE }]);
    let alert: Value = serde_json::from_str(&wire::alert_json(told.last().expect("an alert"), 7)).expect("JSON");
    assert_eq!(keys(&alert), described(&["alert", "payload"]));
    assert_eq!(keys(&alert["topics"][1]), described(&["alert", "payload", "topics", "items"]));
    assert_eq!(keys(&alert["similar"][0]), described(&["alert", "payload", "similar", "items"]));
    let numbers = ["negative_share", "level", "expected"].map(|key| alert[key].is_number());
    assert!(numbers == [true; 3] && alert["recovering"] == false && alert["terms"].as_array().is_some_and(|t| !t.is_empty()), "{alert}");
    // A post alone has neither tone nor level, and one topic.
    let single = Alert { standing: None, finding: None, topics: Vec::new(), gist: Default::default(), ..told[0].clone() };
    let single: Value = serde_json::from_str(&wire::alert_json(&single, 7)).expect("JSON");
    let nothing = ["negative_share", "negative_share_range", "level", "recovering", "expected"].map(|key| single[key].is_null());
    assert_eq!((nothing, &single["topics"][0]["topic"], single["topics"].as_array().map(Vec::len)), ([true; 5], &single["topic"], Some(1)));
    let mut tell = |posts| {
        let items: Vec<Item> = (0..posts).map(|_| world.post("hola", &[2])).collect();
        world.engine.apply(0, &items);
        world.buckets += 1;
        world.engine.tick(START.plus(world.buckets * BUCKET + 61 * SECOND));
        windows(&mut world.engine)
    };
    let told: Value = serde_json::from_str(&wire::windows_json(&tell(3)[0])).expect("JSON");
    assert_eq!(keys(&told), described(&["windows", "payload"]));
    assert_eq!(keys(&told["brand"]), described(&["windows", "payload", "brand"]));
}
