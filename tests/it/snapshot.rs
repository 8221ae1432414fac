//! A tally that was written down and read back, at any moment, goes on as if nothing had happened.

use std::path::Path;
use std::sync::Arc;

use escucha::app::demo;
use escucha::codec::{Coded, Reader};
use escucha::config::{Config, TopicIds};
use escucha::decode::{self, Format, Mapping};
use escucha::incident::{Deed, Field};
use escucha::journal::Item;
use escucha::lane::{Compiled, Input, Lane};
use escucha::prng::Prng;
use escucha::synth::World;
use escucha::tally::{Event, Order, Restoring, Settings, Tally};
use escucha::time::{SECOND, Timestamp};
use escucha::topic::{Sign, SourceId};

/// 2026-07-06T00:00:00Z, a Monday.
const START: Timestamp = Timestamp(1_783_296_000_000_000);
const MINUTES: i64 = 160;
/// From this minute on much more is said of one of the brands.
const SHIFT: i64 = 110;

const WORDS: [&str; 8] = ["lunes", "cola", "ventana", "playa", "seguro", "nada", "tarde", "vergüenza"];

/// Beside those of the demo, rules of every kind.
const MORE: &str = r#"
[[source]]
name = "a"
type = "stdin"
format = "escucha"
[[source]]
name = "b"
type = "http"
format = "escucha"
[[brand]]
name = "Otro Banco"
own = true
accounts = [{ handle = "otrobanco" }]
[[topic]]
name = "otro"
brand = "Otro Banco"
query = '"otro banco" OR @otrobanco'
[[group]]
name = "sector"
brands = ["Banco Ejemplo", "Otro Banco"]
[[alert]]
name = "cuota"
on = "share"
group = "sector"
window = "1h"
significance = 0.2
change = 1
[[alert]]
name = "silencio"
on = "unanswered"
group = "sector"
window = "1h"
significance = 0.2
change = 1
[[alert]]
name = "fuentes"
on = "source"
down_for = "2m"
[[alert]]
name = "plazo"
on = "sla"
first_answer = "5m"
warn = "2m"
next_answer = "10m"
promise = "10m"
each = 3
[[alert]]
name = "any-priority"
on = "priority"
at = 30
[[alert]]
name = "any-volume"
on = "volume"
window = "1m"
at = 2
"#;

struct Engine {
    compiled: Arc<Compiled>,
    settings: Settings,
    sources: Vec<String>,
}

fn engine() -> Engine {
    let text = format!("{}{MORE}", demo::CONFIG);
    let (config, _) =
        Config::read("t", text, Path::new("")).unwrap_or_else(|report| panic!("{}", report.render(escucha::bilingual::Lang::En, false)));
    let sources = config.sources.iter().map(|s| s.name.clone()).collect();
    let settings = Settings { past: Some(demo::past(3, START)), recent_bytes: 300_000, ..config.engine.tally.clone() };
    Engine { compiled: Arc::new(Compiled::new(config.listening(&mut TopicIds::default(), 1))), settings, sources }
}

/// Something that an agent does with one of the matters, seen as it is or as it was.
fn deed(tally: &Tally, prng: &mut Prng) -> Option<Order> {
    let mut all: Vec<_> = tally.incidents().all().map(|(incident, version)| (incident.key(), incident.opening, version)).collect();
    all.sort_unstable();
    let (incident, _, version) = *all.get(prng.index(all.len().max(1)))?;
    let deed = match prng.below(7) {
        0 => Deed::Assign(Some("ana".into())),
        1 => Deed::Tag(Field::Section, Some("tarjetas".into())),
        2 => Deed::Note("llamar mañana".into()),
        3 => Deed::Resolve("phone".into()),
        4 => Deed::Reopen,
        5 => Deed::Merge(prng.pick(&all).1),
        _ => Deed::Part,
    };
    Some(Order { incident, version: Some(version - prng.below(2)), by: "luis".into(), deed })
}

/// What a world sends by two sources, one of which fails for some minutes, with a beat every second; and agents at
/// work.
fn steps(engine: &Engine) -> Vec<Item> {
    let formats = vec![Format { name: "escucha", mapping: Mapping::default() }; 2];
    let mut lane = Lane::new(decode::decoders(&formats));
    let (mut world, mut prng) = (World::new(3, START), Prng::new(5));
    let (mut steps, mut told, mut tally) = (Vec::new(), 0, Tally::new(engine.settings.clone()));
    for second in 0..MINUTES * 60 {
        let at = START.plus(second * SECOND);
        let mut bytes = Vec::new();
        world.second(at, &mut bytes);
        if second % (if second > SHIFT * 60 { 5 } else { 60 }) == 0 {
            let time = at.to_jiff();
            // In words of their own: copies count once.
            let story: Vec<&str> = (0..6).map(|_| *prng.pick(&WORDS)).collect();
            let story = story.join(" ");
            bytes.extend_from_slice(
                format!("{{\"id\":\"more{second}\",\"network\":\"x\",\"created_at\":\"{time}\",\"text\":\"{story} otro banco\"}}\n")
                    .as_bytes(),
            );
            bytes.extend_from_slice(talk(second, &time.to_string(), &story).as_bytes());
        }
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            let source = SourceId(u16::from(prng.below(3) == 0));
            let mut line = line.to_vec();
            let input = Input { bytes: &mut line, source, seen: at, compiled: &engine.compiled };
            steps.push(Item::Outcome(source, None, Box::new(lane.process(input))));
        }
        let signs = match second {
            1 => vec![(SourceId(0), Sign::Up), (SourceId(1), Sign::Up)],
            3000 => vec![(SourceId(1), Sign::Down)],
            3200 => vec![(SourceId(1), Sign::Up), (SourceId(0), Sign::Shed)],
            _ => vec![],
        };
        steps.push(Item::Beat(at.plus(SECOND), signs));
        let order = if second % 40 == 0 { deed(&tally, &mut prng) } else { None };
        steps.extend(order.map(|order| Item::Act(at.plus(SECOND), Box::new(order))));
        steps[told..].iter().for_each(|step| _ = apply(engine, &mut tally, step));
        told = steps.len();
    }
    steps
}

/// A customer speaks to the other bank, and now and then it answers.
fn talk(second: i64, time: &str, story: &str) -> String {
    let who = second % 7;
    let ask = format!(
        "{{\"id\":\"ask{second}\",\"network\":\"x\",\"created_at\":\"{time}\",\"text\":\"@otrobanco {story}\",\"author\":{{\"id\":\"{who}\",\"handle\":\"cliente{who}\"}}}}\n"
    );
    let answer = format!(
        "{{\"id\":\"answer{second}\",\"network\":\"x\",\"created_at\":\"{time}\",\"text\":\"hola ^AB\",\"author\":{{\"id\":\"o\",\"handle\":\"otrobanco\"}},\"in_reply_to\":{{\"id\":\"ask{second}\",\"author\":\"cliente{who}\"}}}}\n"
    );
    if second % 3 == 0 { ask + &answer } else { ask }
}

fn apply(engine: &Engine, tally: &mut Tally, step: &Item) -> String {
    let mut events: Vec<Event> = Vec::new();
    match step {
        Item::Outcome(source, _, outcome) => _ = tally.apply(&engine.compiled, *source, outcome, &mut events),
        Item::Beat(at, signs) => {
            signs.iter().for_each(|(source, sign)| tally.hear(*source, *sign));
            tally.tick(&engine.compiled, *at, &mut events);
        }
        Item::Act(at, order) => {
            let _ = tally.act(*at, order, &mut events);
        }
        Item::Erase(erasure) => _ = tally.erase(erasure, &mut events),
        Item::Begun(_) | Item::Listening(..) => unreachable!("not among the steps"),
    }
    events.iter().map(|event| format!("{event:?}\n")).collect()
}

fn written(engine: &Engine, tally: &Tally) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    tally.snapshot(&engine.sources, &mut |part| parts.push(part));
    parts
}

fn read(engine: &Engine, parts: &[Vec<u8>]) -> Tally {
    let mut restoring = Restoring::new(engine.settings.clone(), &engine.sources);
    parts.iter().for_each(|part| restoring.part(part).expect("a part"));
    restoring.finish().expect("whole")
}

/// The item as it is read back.
fn again(item: &Item) -> Item {
    let mut bytes = Vec::new();
    item.encode(&mut bytes);
    let mut reader = Reader::new(&bytes);
    let read = Item::decode(&mut reader).expect("an item");
    reader.end().expect("nothing behind it");
    read
}

#[test]
fn what_is_read_back_goes_on_as_if_nothing_had_happened() {
    let engine = engine();
    let steps = steps(&engine);
    let mut tally = Tally::new(engine.settings.clone());
    let undisturbed: Vec<String> = steps.iter().map(|step| apply(&engine, &mut tally, step)).collect();
    for kind in ["spike", "share", "unanswered", "source", "priority", "volume", "sla"] {
        let wanted = format!("on: \"{kind}\"");
        assert!(undisturbed.iter().any(|events| events.contains(&wanted)), "no {kind} alert: the comparison means little");
    }
    for why in ["Post", "Act"] {
        let wanted = format!("why: {why}");
        assert!(undisturbed.iter().filter(|events| events.contains(&wanted)).count() > 20, "hardly a matter changed by {why}");
    }
    let end = written(&engine, &tally);

    let mut prng = Prng::new(11);
    let (mut tally, mut cuts) = (Tally::new(engine.settings.clone()), 0);
    for (i, (step, want)) in steps.iter().zip(&undisturbed).enumerate() {
        // Often at first, when little is known, and now and then.
        let one_in = if i < 200 { 5 } else { 1500 };
        if prng.below(one_in) == 0 && tally.is_between() {
            let parts = written(&engine, &tally);
            tally = read(&engine, &parts);
            assert!(written(&engine, &tally) == parts, "before step {i}: what was read back is written otherwise");
            cuts += 1;
        }
        let got = apply(&engine, &mut tally, &again(step));
        assert!(got == *want, "step {i}, after {cuts} cuts\nwant {want}\ngot  {got}");
    }
    assert!(cuts >= 50, "{cuts}");
    assert!(written(&engine, &tally) == end, "the same end");
    assert!(end.iter().map(Vec::len).sum::<usize>() > 100_000);
}
