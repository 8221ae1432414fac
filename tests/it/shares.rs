//! Shares of voice through decoder, lane and tally, against a slow twin that keeps every mention and counts
//! them anew for each question: late, shuffled, doubled, deleted, changed, repeated and copied posts.

mod lanes;
mod unanswered;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use escucha::bilingual::Lang;
use escucha::config::{Config, TopicIds};
use escucha::decode::{Format, Mapping};
use escucha::indicators::Figure;
use escucha::lane::{Compiled, Input, Lane};
use escucha::limits;
use escucha::prng::Prng;
use escucha::reason::Skipped;
use escucha::replay::{self, Job};
use escucha::share::{Counting, Span, pane_of};
use escucha::tally::{Applied, Event, GroupShares, Mention, Settings, ShareFilter, ShareOfVoice, Tally};
use escucha::time::{HOUR, MINUTE, SECOND, Timestamp};
use escucha::topic::SourceId;
use serde_json::{Value, json};

/// 2026-07-06T00:00:00Z, a Monday.
const START: Timestamp = Timestamp(1_783_296_000_000_000);
const BRANDS: [&str; 4] = ["Alfa", "Beta", "Gama", "Delta"];

const CONFIG: &str = r#"
[[brand]]
name = "Alfa"
own = true
accounts = [{ handle = "alfa", network = "x" }, { handle = "alfa_responde", network = "x" }]
[[brand]]
name = "Beta"
accounts = [{ handle = "beta" }]
[[brand]]
name = "Gama"
accounts = [{ id = "77", handle = "gama" }]
[[brand]]
name = "Delta"
accounts = [{ handle = "delta" }]
[[group]]
name = "sector"
population = 2000000
brands = ["Alfa", "Beta", "Gama", "Delta"]
market_share = { Alfa = 50, Beta = 25 }
[[group]]
name = "par"
brands = ["Gama", "Alfa"]
[[topic]]
name = "alfa"
brand = "Alfa"
query = "alfa OR @alfa"
[[topic]]
name = "alfa-app"
brand = "Alfa"
query = "alfa app"
[[topic]]
name = "beta"
brand = "Beta"
query = "beta OR @beta"
[[topic]]
name = "gama"
brand = "Gama"
query = "gama OR @gama"
[[topic]]
name = "delta"
brand = "Delta"
query = "delta OR @delta"
[[topic]]
name = "fallas"
query = "falla"
"#;

/// The engine without its threads.
struct World {
    lane: Lane,
    tally: Tally,
    compiled: Arc<Compiled>,
    ids: TopicIds,
    events: Vec<Event>,
    applied: Applied,
    unmatched: u64,
}

impl World {
    fn new(config: &str) -> World {
        let settings = Settings {
            lateness: limits::LATENESS,
            dedupe: limits::DEDUPE,
            recent_bytes: limits::RECENT_BYTES,
            past: None,
            taken: Default::default(),
        };
        let lane = Lane::new(vec![Format { name: "escucha", mapping: Mapping::default() }.decoder()]);
        let (events, applied) = (Vec::new(), Applied::default());
        let compiled = Arc::default();
        let mut world = World { lane, tally: Tally::new(settings), compiled, ids: TopicIds::default(), events, applied, unmatched: 0 };
        world.reload(config);
        world
    }

    fn reload(&mut self, config: &str) {
        let read = Config::read("t", config.to_owned(), Path::new(""));
        let (config, _) = read.unwrap_or_else(|r| panic!("{}", r.render(Lang::En, false)));
        let version = self.compiled.listening.version + 1;
        self.compiled = Arc::new(Compiled::new(config.listening(&mut self.ids, version)));
    }

    fn feed(&mut self, lines: &[Value]) {
        let mut bytes: Vec<u8> = lines.iter().flat_map(|l| format!("{l}\n").into_bytes()).collect();
        let input = Input { bytes: &mut bytes, source: SourceId(0), seen: Timestamp(i64::MAX), compiled: &self.compiled };
        let outcome = self.lane.process(input);
        assert_eq!(outcome.refused.iter().sum::<u64>(), 0, "{:?}", outcome.refusals);
        self.unmatched += outcome.unmatched;
        let applied = self.tally.apply(&self.compiled, SourceId(0), &outcome, &mut self.events);
        self.applied.matched += applied.matched;
        for (sum, n) in self.applied.skipped.iter_mut().zip(applied.skipped) {
            *sum += n;
        }
    }

    fn tick(&mut self, at: Timestamp) {
        self.tally.tick(&self.compiled, at, &mut self.events);
    }

    fn ask(&self, group: &str, between: Option<(Timestamp, Timestamp)>, span: Span, counting: Counting) -> ShareOfVoice {
        let filter = ShareFilter { group: group.to_owned(), between, span, counting };
        self.tally.share_of_voice(&filter).expect("a group")
    }

    fn day(&self, group: &str) -> ShareOfVoice {
        self.ask(group, None, Span::H24, Counting::ALL)
    }
}

fn figure(found: &ShareOfVoice, brand: &str, indicator: &str, name: &str) -> Figure {
    let brand = found.brands.iter().find(|b| *b.name == *brand).expect("a brand");
    let figures = &brand.figures.iter().find(|(i, _)| *i == indicator).expect("an indicator").1;
    figures.iter().find(|(n, _)| *n == name).expect("a figure").1
}

/// Numerator and denominator.
fn ratio(found: &ShareOfVoice, brand: &str, indicator: &str, name: &str) -> (Option<f64>, f64) {
    match figure(found, brand, indicator, name) {
        Figure::Ratio(ratio) => (ratio.numerator, ratio.denominator),
        other => panic!("{name} is {other:?}"),
    }
}

fn value(found: &ShareOfVoice, brand: &str, indicator: &str, name: &str) -> Option<f64> {
    match figure(found, brand, indicator, name) {
        Figure::Ratio(ratio) => ratio.value(),
        Figure::Number(number) => number,
        Figure::Interval(ends) => ends.map(|e| e.0),
    }
}

fn line(id: &str, at: Timestamp, author: &str, text: &str) -> Value {
    json!({"id": id, "network": "x", "created_at": at.to_string(), "text": text, "author": {"handle": author, "id": format!("id-{author}")}})
}

/// A post of the brand's account, whose id is not configured but for that of Gama.
fn own(id: &str, at: Timestamp, handle: &str, text: &str) -> Value {
    json!({"id": id, "network": "x", "created_at": at.to_string(), "text": text, "author": {"handle": handle}})
}

fn at(minutes: i64) -> Timestamp {
    START.plus(minutes * MINUTE)
}

#[test]
fn a_post_counts_once_for_a_brand_and_for_each_of_several() {
    let mut world = World::new(CONFIG);
    world.feed(&[
        line("1", at(1), "ana", "la app de alfa"),
        line("2", at(2), "eva", "alfa, beta y gama son iguales"),
        line("3", at(3), "leo", "una falla"),
        line("4", at(4), "ivo", "hola @beta"),
    ]);
    let found = world.day("sector");
    let shares: Vec<_> = found.brands.iter().map(|b| (&*b.name, b.mentions)).collect();
    assert_eq!(shares, [("Alfa", Some(2)), ("Beta", Some(2)), ("Gama", Some(1)), ("Delta", Some(0))]);
    assert_eq!(ratio(&found, "Alfa", "share-of-voice", "share"), (Some(2.0), 5.0));
    let (split, all) = ratio(&found, "Alfa", "share-of-voice", "split_share");
    assert!((split.unwrap() - (1.0 + 1.0 / 3.0)).abs() < 1e-12 && all == 3.0 && found.posts == 3.0);
    assert_eq!(found.concentration, Some(0.36));
    assert_eq!(found.largest_two.value(), Some(0.8));
    assert!((value(&found, "Alfa", "share-of-voice", "excess").unwrap() + 0.1).abs() < 1e-12);
    assert_eq!(value(&found, "Delta", "share-of-voice", "excess"), None);
    // In the smaller group the second post is about two brands.
    let pair = world.day("par");
    assert_eq!(ratio(&pair, "Gama", "share-of-voice", "split_share"), (Some(0.5), 2.0));
    assert!(
        world.tally.share_of_voice(&ShareFilter { group: "x".into(), between: None, span: Span::H1, counting: Counting::ALL }).is_none()
    );
}

#[test]
fn nothing_is_null_and_never_zero() {
    let mut world =
        World::new(&CONFIG.replace("query = \"delta OR @delta\"", "query = \"delta\"").replace("brand = \"Delta\"\nquery", "query"));
    world.feed(&[line("1", at(1), "ana", "una falla")]);
    let found = world.day("sector");
    assert_eq!((found.concentration, found.largest_two.value(), found.posts), (None, None, 0.0));
    for brand in BRANDS {
        assert_eq!(value(&found, brand, "share-of-voice", "share"), None);
    }
    world.feed(&[line("2", at(2), "ana", "@alfa y delta")]);
    let found = world.day("sector");
    assert_eq!(ratio(&found, "Beta", "share-of-voice", "share"), (Some(0.0), 1.0));
    assert_eq!(ratio(&found, "Delta", "share-of-voice", "share"), (None, 1.0), "no topic listens for it");
    assert_eq!(ratio(&found, "Alfa", "answered", "direct"), (None, 1.0), "it was never heard");
    for name in ["engagement", "likes", "posts_per_day", "engagement_per_day"] {
        assert_eq!(value(&found, "Alfa", "engagement", name), None, "{name}");
    }
    // A window that nothing was heard of.
    let before = world.ask("sector", Some((at(-3000), at(-2000))), Span::H1, Counting::ALL);
    assert!(!before.complete && value(&before, "Alfa", "share-of-voice", "share").is_none());
}

#[test]
fn what_a_brand_writes_is_heard_though_no_query_finds_it() {
    let mut world = World::new(CONFIG);
    world.feed(&[
        line("1", at(1), "ana", "@alfa no puedo entrar"),
        line("2", at(2), "eva", "alfa cobra de más"),
        own("9", at(3), "Alfa_Responde", "Hola, escríbenos por mensaje directo"),
    ]);
    assert_eq!((world.applied.skipped[Skipped::Own as usize], world.unmatched), (1, 0));
    let mut reply = own("10", at(4), "alfa_responde", "Ya lo revisamos");
    reply["in_reply_to"] = json!({"id": "1", "author": "ana"});
    world.feed(&[reply.clone(), reply]);
    assert_eq!(world.applied.skipped[Skipped::Duplicate as usize], 1);
    let found = world.day("sector");
    assert_eq!(ratio(&found, "Alfa", "answered", "direct"), (Some(1.0), 1.0));
    assert_eq!(ratio(&found, "Alfa", "answered", "all"), (Some(1.0), 2.0));
    // The one that answers nobody is published; nobody told of its reactions.
    assert_eq!(ratio(&found, "Alfa", "engagement", "posts_per_day").0, Some(1.0));
    assert_eq!(value(&found, "Alfa", "engagement", "engagement"), None);
    let accounts: Vec<_> = found.brands[0].accounts.iter().map(|a| (&*a.account, a.network.as_str())).collect();
    assert_eq!(accounts, [("alfa_responde", "x")]);
    // The reply comes before the post, and in a conversation.
    let mut early = own("11", at(6), "beta", "Gracias");
    early["in_reply_to"] = json!({"id": "20", "author": "leo"});
    let mut thread = own("12", at(7), "beta", "Seguimos");
    thread["conversation_id"] = json!("21");
    let mut quoted = line("21", at(5), "ivo", "@beta hola");
    quoted["conversation_id"] = json!("21");
    world.feed(&[early, thread, line("20", at(5), "leo", "@beta hola"), quoted, line("22", at(5), "noa", "@beta hola")]);
    assert_eq!(ratio(&world.day("sector"), "Beta", "answered", "direct"), (Some(2.0), 3.0));
    // The last known counts stand.
    let mut update = own("9", at(3), "alfa_responde", "Hola, escríbenos por mensaje directo");
    (update["kind"], update["counts"]) = (json!("update"), json!({"likes": 7, "replies": 2, "reposts": 1}));
    world.feed(std::slice::from_ref(&update));
    update["counts"] = json!({"likes": 9, "replies": 2, "reposts": 1});
    world.feed(&[update]);
    let found = world.day("sector");
    assert_eq!(ratio(&found, "Alfa", "engagement", "engagement"), (Some(12.0), 1.0));
    assert_eq!(value(&found, "Alfa", "engagement", "likes"), Some(9.0));
}

#[test]
fn a_reload_keeps_a_group_that_is_the_same_and_begins_another_anew() {
    let mut world = World::new(CONFIG);
    world.feed(&[line("1", at(1), "ana", "alfa y gama"), line("2", at(2), "eva", "beta")]);
    world.tick(at(3));
    // Another order, another market: the same brands.
    world.reload(&CONFIG.replace(r#"["Gama", "Alfa"]"#, r#"["Alfa", "Gama"]"#).replace("Alfa = 50", "Alfa = 40"));
    world.tick(at(4));
    assert_eq!(ratio(&world.day("sector"), "Alfa", "share-of-voice", "share"), (Some(1.0), 3.0));
    assert_eq!(ratio(&world.day("par"), "Alfa", "share-of-voice", "share"), (Some(1.0), 2.0));
    world.events.clear();
    world.reload(&CONFIG.replace(r#"["Gama", "Alfa"]"#, r#"["Beta", "Alfa"]"#));
    world.tick(at(5));
    assert_eq!(ratio(&world.day("par"), "Alfa", "share-of-voice", "share"), (Some(0.0), 0.0));
    // Data was a minute behind the beats, and the last beat before was that of minute 4.
    assert_eq!(world.day("par").since, Some(at(3)));
    let gone = Event::Shares(Box::new(GroupShares { group: "par".into(), shares: vec![("Gama".into(), None)] }));
    assert!(world.events.iter().any(|e| format!("{e:?}") == format!("{gone:?}")), "{:?}", world.events);
}

/// A mention, as the twin keeps it.
struct Kept {
    id: String,
    pane: i64,
    repost: bool,
    tagged: bool,
    negative: bool,
    cluster: u64,
    /// Brands, and whether it speaks to them.
    brands: BTreeMap<String, bool>,
}

impl Kept {
    fn new(mention: &Mention, brand_of: &BTreeMap<String, String>) -> Kept {
        let post = mention.post.get();
        let mut brands = BTreeMap::new();
        for topic in &mention.topics {
            if let Some(brand) = brand_of.get(&*topic.name) {
                *brands.entry(brand.clone()).or_insert(false) |= topic.direct;
            }
        }
        Kept {
            id: post.id.to_owned(),
            pane: pane_of(post.at),
            repost: post.is_repost(),
            tagged: post.text.contains(" #s"),
            negative: mention.addends.iter().any(|a| a.code == "negativity" && a.weight.as_f64() > 0.0),
            cluster: mention.cluster.id.0,
            brands,
        }
    }
}

/// What the twin makes of one brand.
#[derive(Default, Debug, PartialEq, Clone)]
struct Counted {
    mentions: f64,
    split: f64,
    direct: f64,
    answered: f64,
    answered_direct: f64,
    /// Reposts, those with a hashtag, and negative mentions, of those that count this way.
    reposts: f64,
    tagged: f64,
    negative: f64,
}

/// Counts `kept`, in the order they came, for the brands of a group from pane `from` up to `to`.
fn recount(kept: &[Kept], group: &[&str], replies: &BTreeSet<(String, String)>, panes: (i64, i64), counting: Counting) -> Vec<Counted> {
    let mut all = vec![Counted::default(); group.len()];
    for (i, brand) in group.iter().enumerate() {
        let mut met = HashSet::new();
        for mention in kept.iter().filter(|m| m.brands.contains_key(*brand)) {
            if mention.repost && !counting.reposts {
                continue;
            }
            if !met.insert(mention.cluster) && !counting.duplicates {
                continue;
            }
            if mention.pane < panes.0 || mention.pane >= panes.1 {
                continue;
            }
            let about = group.iter().filter(|b| mention.brands.contains_key(**b)).count();
            let answered = replies.contains(&((*brand).to_owned(), mention.id.clone()));
            let direct = mention.brands[*brand];
            let sum = &mut all[i];
            sum.mentions += 1.0;
            sum.split += 1.0 / about as f64;
            sum.direct += f64::from(u8::from(direct));
            sum.answered += f64::from(u8::from(answered));
            sum.answered_direct += f64::from(u8::from(answered && direct));
            sum.reposts += f64::from(u8::from(mention.repost));
            sum.tagged += f64::from(u8::from(mention.repost && mention.tagged));
            sum.negative += f64::from(u8::from(mention.negative));
        }
    }
    all
}

/// Texts that copies are made of.
const TEXTS: [&str; 7] = [
    "llevo tres horas esperando en la línea y nadie contesta qué vergüenza de banco",
    "la app no abre desde esta mañana y tengo que pagar hoy mismo la nómina entera",
    "me cobraron dos veces la misma compra y no me devuelven el dinero todavía",
    "hola",
    "muchas gracias por la ayuda de ayer en la sucursal del centro",
    "una falla más y me voy con mi sueldo a cualquier otro sitio de esta ciudad",
    "qué tal",
];

/// One item: a customer's post about some brands, or a brand's own.
fn item(random: &mut Prng, now: Timestamp, i: u64) -> Value {
    let when = match random.below(20) {
        0 => now.plus(-(random.below(72) as i64) * HOUR),
        1 => now.plus(random.below(9) as i64 * MINUTE),
        _ => now.plus(-(random.below(1800) as i64) * SECOND),
    };
    let known = |random: &mut Prng| (i + 4).saturating_sub(random.below(60)).to_string();
    if random.below(5) == 0 {
        let handle = ["alfa", "alfa_responde", "beta", "gama"][random.below(4) as usize];
        let mut post = own(&i.to_string(), when, handle, ["escríbenos", "alfa y gama te esperan"][random.below(2) as usize]);
        match random.below(4) {
            0 => post["counts"] = json!({"likes": random.below(50), "replies": random.below(9), "reposts": random.below(9)}),
            1 => post["conversation_id"] = json!(known(random)),
            _ => post["in_reply_to"] = json!({"id": known(random), "author": "ana"}),
        }
        return post;
    }
    let mut text = TEXTS[random.below(TEXTS.len() as u64) as usize].to_owned();
    for brand in ["alfa", "@alfa", "beta", "@beta", "gama", "delta", "app"] {
        if random.below(5) == 0 {
            text += &format!(" {brand}");
        }
    }
    let mut post = line(&i.to_string(), when, &format!("u{}", random.below(40)), &text);
    // A hashtag, what only looks like one, or neither.
    let tail = ["", "", " #sorteo", " en #", " https://e.mx/#ya", " a#b"][random.below(6) as usize];
    post["text"] = json!(format!("{text}{tail}"));
    if random.below(5) == 0 {
        post["repost_of"] = json!({"id": known(random), "author": "eva"});
    }
    post
}

/// A world of some days: items, some sent again, deleted, or changed; nearly in order, or not at all.
fn world(seed: u64) -> Vec<Value> {
    let mut random = Prng::new(seed);
    let (mut all, mut now): (Vec<Value>, _) = (Vec::new(), START);
    for i in 1..=400 {
        now = now.plus(random.below(20) as i64 * MINUTE);
        all.push(item(&mut random, now, i));
        let again = all[random.below(all.len() as u64) as usize].clone();
        match random.below(12) {
            0 => all.push(again),
            1 => all.push(json!({"id": again["id"], "network": "x", "kind": "delete", "created_at": again["created_at"], "text": ""})),
            2 => {
                let mut update = again;
                update["kind"] = json!("update");
                update["counts"] = json!({"likes": random.below(50), "replies": random.below(9), "reposts": random.below(9)});
                all.push(update);
            }
            _ => {}
        }
    }
    if seed.is_multiple_of(2) {
        for i in (1..all.len()).rev() {
            all.swap(i, random.below(i as u64 + 1) as usize);
        }
    }
    all
}

/// Which posts the brands replied to and what they published, by the book: the first create or update of an
/// own post counts, unless the post is gone.
#[derive(Default)]
struct Own {
    replies: BTreeSet<(String, String)>,
    /// By brand and id: the pane and the last counts.
    published: BTreeMap<(String, String), (i64, Value)>,
    met: HashSet<String>,
    /// Brands that wrote at all.
    heard: BTreeSet<String>,
    deleted: HashSet<String>,
}

impl Own {
    fn hear(&mut self, line: &Value) {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let (id, kind) = (text(&line["id"]), text(&line["kind"]));
        if kind == "delete" {
            self.deleted.insert(id);
            return;
        }
        let brand = match line["author"]["handle"].as_str() {
            Some("alfa" | "alfa_responde") => "Alfa",
            Some("beta") => "Beta",
            Some("gama") => "Gama",
            _ => return,
        };
        if self.deleted.contains(&id) {
            return;
        }
        let key = (brand.to_owned(), id.clone());
        self.heard.insert(brand.to_owned());
        if !self.met.insert(id.clone()) {
            if let Some(known) = self.published.get_mut(&key).filter(|_| kind == "update") {
                known.1 = line["counts"].clone();
            }
            return;
        }
        for target in [&line["in_reply_to"]["id"], &line["conversation_id"]].into_iter().filter_map(Value::as_str) {
            self.replies.insert((brand.to_owned(), target.to_owned()));
        }
        if line["in_reply_to"].is_null() {
            let at = text(&line["created_at"]).parse::<jiff::Timestamp>().expect("a time");
            self.published.insert(key, (pane_of(Timestamp(at.as_microsecond())), line["counts"].clone()));
        }
    }

    /// Reactions and the posts that tell of them.
    fn engagement(&self, brand: &str, panes: (i64, i64)) -> (f64, f64) {
        let mine = self.published.iter().filter(|((b, _), (pane, _))| b == brand && panes.0 <= *pane && *pane < panes.1);
        let told = mine.filter_map(|(_, (_, c))| Some(c["likes"].as_u64()? + c["replies"].as_u64()? + c["reposts"].as_u64()?));
        told.fold((0.0, 0.0), |(sum, n), one| (sum + one as f64, n + 1.0))
    }
}

#[test]
fn live_shares_are_those_of_a_recount() {
    let (mut answered, mut copied, mut reacted) = (0.0, 0.0, 0.0);
    let (mut tagged, mut negative) = (0.0, 0.0);
    for seed in 0..6 {
        let mut engine = World::new(CONFIG);
        // What is known is remembered for as long as the twin remembers.
        engine.tally = Tally::new(Settings {
            lateness: limits::LATENESS,
            dedupe: 1000 * HOUR,
            recent_bytes: limits::RECENT_BYTES,
            past: None,
            taken: Default::default(),
        });
        let listening = &engine.compiled.listening;
        let brand_of = listening.topics.iter().filter_map(|t| Some((t.name.clone(), listening.brand_of(t)?.name.clone())));
        let brand_of: BTreeMap<String, String> = brand_of.collect();
        let (mut kept, mut own) = (Vec::new(), Own::default());
        let lines = world(seed);
        for (i, buffer) in lines.chunks(7).enumerate() {
            engine.feed(buffer);
            buffer.iter().for_each(|line| own.hear(line));
            if i % 3 == 0 {
                engine.tick(engine.tally.now());
            }
            kept.extend(
                engine.events.drain(..).filter_map(|e| if let Event::Mention(m) = e { Some(Kept::new(&m, &brand_of)) } else { None }),
            );
            if i % 25 != 24 && i * 7 + 7 < lines.len() {
                continue;
            }
            let now = pane_of(engine.tally.now());
            let windows = Span::ALL.map(|s| (None, s, (now + 1 - s.panes(), now + 1)));
            let between = (Some((at(61), at(2880))), Span::H1, (pane_of(at(61)), pane_of(at(2880))));
            for (between, span, panes) in windows.into_iter().chain([between]) {
                for (name, group) in [("sector", &["Alfa", "Beta", "Delta", "Gama"][..]), ("par", &["Alfa", "Gama"])] {
                    let words = recount(&kept, group, &own.replies, panes, Counting::OWN_WORDS);
                    let before = recount(&kept, group, &own.replies, (2 * panes.0 - panes.1, panes.0), Counting::OWN_WORDS);
                    for counting in (0..Counting::WAYS).map(Counting::at) {
                        let found = engine.ask(name, between, span, counting);
                        let want = recount(&kept, group, &own.replies, panes, counting);
                        let sum = |all: &[Counted], of: fn(&Counted) -> f64| all.iter().map(of).sum::<f64>();
                        for (i, brand) in group.iter().enumerate() {
                            let (one, place) = (&want[i], format!("seed {seed}, {name}, {brand}, {panes:?}, {counting:?}"));
                            let ratio = |indicator, name| ratio(&found, brand, indicator, name);
                            assert_eq!(ratio("share-of-voice", "share"), (Some(one.mentions), sum(&want, |c| c.mentions)), "{place}");
                            let (split, all) = ratio("share-of-voice", "split_share");
                            assert!((split.unwrap() - one.split).abs() < 1e-9 && (all - sum(&want, |c| c.split)).abs() < 1e-9, "{place}");
                            let tested = (Some(words[i].mentions), sum(&words, |c| c.mentions));
                            assert_eq!(ratio("change", "share"), tested, "{place}");
                            assert_eq!(
                                ratio("change", "share_before"),
                                (Some(before[i].mentions), sum(&before, |c| c.mentions)),
                                "{place}"
                            );
                            let heard = |n: f64| own.heard.contains(*brand).then_some(n);
                            assert_eq!(ratio("answered", "direct"), (heard(one.answered_direct), one.direct), "{place}");
                            assert_eq!(ratio("answered", "all"), (heard(one.answered), one.mentions), "{place}");
                            let (reactions, posts) = own.engagement(brand, panes);
                            assert_eq!(ratio("engagement", "engagement"), (Some(reactions), posts), "{place}");
                            // Whichever way it counts.
                            let all = &recount(&kept, group, &own.replies, panes, Counting::ALL)[i];
                            assert_eq!(ratio("hashtags", "hashtag_share"), (Some(all.tagged), all.reposts), "{place}");
                            assert_eq!(ratio("negative", "negative_share"), (Some(words[i].negative), words[i].mentions), "{place}");
                            let way =
                                |duplicates| recount(&kept, group, &own.replies, panes, Counting { duplicates, ..counting })[i].mentions;
                            let (each, once) = (way(true), way(false));
                            assert_eq!(ratio("copies", "dup_ratio"), (Some(each - once), each), "{place}");
                            let people = if name == "sector" { 2.0 } else { 0.0 };
                            assert_eq!(ratio("per-million", "mentions"), (Some(one.mentions), people), "{place}");
                            (tagged, negative) = (tagged + all.tagged, negative + words[i].negative);
                            answered += one.answered;
                            copied += one.mentions - words[i].mentions;
                            reacted += reactions;
                        }
                    }
                }
            }
        }
    }
    assert!(tagged > 100.0 && negative > 100.0, "the worlds are too dull: {tagged} {negative}");
    assert!(answered > 100.0 && copied > 100.0 && reacted > 100.0, "the worlds are too quiet: {answered} {copied} {reacted}");
}
