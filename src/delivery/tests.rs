mod crash;
mod kept;
mod papers;

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use super::*;
use crate::alert::{Acknowledged, Alert, Severity, Status};
use crate::feed::What as Told;
use crate::notifiers::{Message, Outcome, Paper};
use crate::post::{Post, PostBuf};
use crate::routing::{Heartbeat, Matchers, Route, Timing};
use crate::tally::Event;
use crate::time::SECOND;

/// Tokio's clock, which stands still while anything can be done.
struct Paused(tokio::time::Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        Timestamp(1_790_000_000 * SECOND).plus(self.monotonic().as_micros() as i64)
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Answers by a script, one line a try, and with `Delivered` after it; remembers every try.
struct Scripted {
    script: Mutex<VecDeque<(Duration, Outcome)>>,
    tries: Mutex<Vec<Try>>,
    begun: tokio::time::Instant,
}

#[derive(Debug, Clone, PartialEq)]
struct Try {
    second: u64,
    id: String,
    status: Status,
    key: String,
    text: String,
}

impl Scripted {
    fn next(&self) -> BoxFuture<'_, Outcome> {
        let (takes, outcome) = lock(&self.script).pop_front().unwrap_or((Duration::ZERO, Outcome::Delivered));
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            outcome
        })
    }
}

impl Notifier for Scripted {
    fn send<'a>(&'a self, paper: &'a Paper) -> BoxFuture<'a, Outcome> {
        let (second, id, status) = (self.begun.elapsed().as_secs(), paper.subject.clone(), Status::Firing);
        lock(&self.tries).push(Try { second, id, status, key: paper.key.clone(), text: paper.text.clone() });
        self.next()
    }

    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome> {
        let text = message.alert.first_post.as_ref().map_or(String::new(), |p| p.get().text.to_owned());
        let (id, status, key) = (message.alert.id.clone(), message.alert.status, message.key.to_owned());
        lock(&self.tries).push(Try { second: self.begun.elapsed().as_secs(), id, status, key, text });
        self.next()
    }
}

const S: fn(u64) -> Duration = Duration::from_secs;

fn transient(after: Option<Duration>) -> (Duration, Outcome) {
    (Duration::ZERO, Outcome::Transient { why: "503".to_owned(), after })
}

struct World {
    feed: Arc<Feed>,
    delivery: Delivery,
    notifiers: Vec<Arc<Scripted>>,
}

impl World {
    /// One target for every script; every alert goes to all of them at once.
    fn new(scripts: Vec<Vec<(Duration, Outcome)>>, patience: Patience, heartbeats: Vec<Heartbeat>) -> World {
        World::start(scripts, patience, heartbeats, None)
    }

    fn kept(scripts: Vec<Vec<(Duration, Outcome)>>, patience: Patience, keeping: Keeping) -> World {
        World::start(scripts, patience, Vec::new(), Some(keeping))
    }

    fn start(scripts: Vec<Vec<(Duration, Outcome)>>, patience: Patience, heartbeats: Vec<Heartbeat>, keeping: Option<Keeping>) -> World {
        #[allow(clippy::disallowed_methods, reason = "the paused clock of the runtime")]
        let begun = tokio::time::Instant::now();
        let feed = Feed::new("E".to_owned(), Vec::new());
        tokio::spawn(feed.clone().ring(Duration::ZERO));
        let scripted = |script: Vec<_>| Arc::new(Scripted { script: Mutex::new(script.into()), tries: Mutex::default(), begun });
        let notifiers: Vec<_> = scripts.into_iter().map(scripted).collect();
        let target = |(i, n): (usize, &Arc<Scripted>)| Target {
            routed: routing::Target { name: format!("n{i}").into(), acks: i == 0, resend: None, wants: Default::default() },
            notifier: n.clone(),
            lang: Lang::Es,
            patience,
        };
        let targets: Vec<Target> = notifiers.iter().enumerate().map(target).collect();
        let timing = Timing { wait: 0, interval: SECOND, repeat: 3600 * SECOND, flap: 0 };
        let notify = (0..targets.len()).collect();
        let routes = vec![Route { notify, matchers: Matchers::default(), group_by: Vec::new(), timing }];
        let settings = routing::Settings { routes, heartbeats, ..routing::Settings::default() };
        let delivery = Delivery::start(feed.clone(), Arc::new(Paused(begun)), settings, targets, 7, keeping).expect("nothing kept");
        World { feed, delivery, notifiers }
    }

    fn say(&self, id: &str, status: Status) {
        self.feed.publish(alert(id, status, &[]));
    }

    fn tries(&self, n: usize) -> Vec<Try> {
        lock(&self.notifiers[n].tries).clone()
    }

    fn told(&self, n: usize) -> Vec<(u64, String, Status)> {
        self.tries(n).into_iter().map(|t| (t.second, t.id, t.status)).collect()
    }

    fn codes(&self, id: &str) -> Vec<&'static str> {
        self.delivery.why(id).expect("known").iter().map(|d| d.what.code()).collect()
    }
}

fn alert(id: &str, status: Status, posts: &[&str]) -> Event {
    let posts = posts.iter().map(|id| PostBuf::new(&Post { id, network: "x", text: "secreto", ..Post::default() }));
    Event::Alert(Box::new(Alert {
        status,
        topic: "t".to_owned(),
        first_post: posts.clone().next(),
        top_posts: posts.collect(),
        ..Alert::new(id, "r", "volume", Severity::Warning, Timestamp(0))
    }))
}

fn patience() -> Patience {
    Patience { base: S(4), cap: S(8), burst: 100, ..Patience::default() }
}

#[tokio::test(start_paused = true)]
async fn every_try_is_the_same_and_the_end_waits_for_the_beginning() {
    let world = World::new(vec![vec![transient(None), transient(Some(S(40)))]], patience(), Vec::new());
    world.say("a", Status::Firing);
    tokio::time::sleep(S(2)).await;
    world.say("a", Status::Resolved);
    world.say("b", Status::Firing);
    tokio::time::sleep(S(200)).await;
    let tries = world.tries(0);
    let a: Vec<_> = tries.iter().filter(|t| t.id == "a").collect();
    assert_eq!(a.iter().map(|t| t.status).collect::<Vec<_>>(), [Status::Firing, Status::Firing, Status::Firing, Status::Resolved]);
    assert!(a[0].key == a[1].key && a[1].key == a[2].key && a[2].key != a[3].key, "{a:?}");
    assert!(a[1].second <= 4 && a[2].second >= a[1].second + 40, "{a:?}");
    // What is about another alert does not wait with it.
    assert!(tries.iter().any(|t| t.id == "b" && t.second < 5), "{tries:?}");
    assert_eq!(world.codes("a"), ["firing", "sent", "retried", "resolved", "sent", "delivered", "delivered"]);
    assert!(world.delivery.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dead_target_delays_nobody() {
    let stuck = (0..50).map(|_| (S(3600), Outcome::Delivered)).collect();
    let world = World::new(vec![stuck, Vec::new()], patience(), Vec::new());
    for i in 0..20 {
        world.say(&format!("a{i:02}"), Status::Firing);
    }
    tokio::time::sleep(S(2)).await;
    assert_eq!(world.told(1), (0..20).map(|i| (0, format!("a{i:02}"), Status::Firing)).collect::<Vec<_>>());
    // It holds as many tries as are allowed at once, and each of them ends.
    assert_eq!(world.tries(0).len(), 4);
    tokio::time::sleep(S(29)).await;
    assert!(world.tries(0).len() > 4);
    let standing = &world.delivery.standings()[0];
    assert_eq!((standing.waiting, standing.oldest), (20, Some(S(31))));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_told_is_a_dead_letter_that_can_be_sent_again() {
    let script = vec![(Duration::ZERO, Outcome::Permanent { why: "400".to_owned() })];
    let world = World::new(vec![script], patience(), Vec::new());
    world.say("a", Status::Firing);
    tokio::time::sleep(S(1)).await;
    let letters = world.delivery.letters();
    assert_eq!(letters.iter().map(|l| (l.is_dead, l.tries, l.why.as_str())).collect::<Vec<_>>(), [(true, 1, "400")]);
    assert_eq!(world.delivery.replay(99), Err(NotThere));
    assert_eq!(world.delivery.replay(letters[0].id), Ok(()));
    assert_eq!(world.delivery.replay(letters[0].id), Err(NotThere));
    tokio::time::sleep(S(1)).await;
    let tries = world.tries(0);
    assert_eq!((tries.len(), &tries[0].key), (2, &tries[1].key));
    assert_eq!((world.delivery.letters().len(), world.codes("a")), (0, vec!["firing", "sent", "dead", "delivered"]));
}

#[tokio::test(start_paused = true)]
async fn what_waits_too_long_is_given_up() {
    let script = (0..1000).map(|_| transient(None)).collect();
    let world = World::new(vec![script], Patience { deadline: S(60), ..patience() }, Vec::new());
    world.say("a", Status::Firing);
    tokio::time::sleep(S(70)).await;
    let letters = world.delivery.letters();
    assert_eq!(letters.iter().map(|l| (l.is_dead, l.why.as_str())).collect::<Vec<_>>(), [(true, "503")]);
    assert_eq!(u64::from(letters[0].tries), world.tries(0).len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_gone_is_not_tried_until_somebody_says_so() {
    let script = vec![(S(1), Outcome::Gone { why: "410".to_owned() })];
    let world = World::new(vec![script, Vec::new()], Patience { in_flight: 1, ..patience() }, Vec::new());
    for id in ["a", "b"] {
        world.say(id, Status::Firing);
    }
    tokio::time::sleep(S(5)).await;
    world.say("c", Status::Firing);
    tokio::time::sleep(S(5)).await;
    assert_eq!((world.tries(0).len(), world.tries(1).len()), (1, 3));
    assert_eq!(world.delivery.standings()[0].disabled.as_deref(), Some("410"));
    let letters = world.delivery.letters();
    let told: Vec<_> = letters.iter().map(|l| (l.order.alert.id.as_str(), l.why.as_str())).collect();
    assert_eq!(told, [("a", "410"), ("b", "410"), ("c", "disabled")]);
    world.delivery.replay(letters[1].id).expect("there");
    tokio::time::sleep(S(1)).await;
    assert_eq!((world.told(0).last().map(|t| t.1.as_str()), &world.delivery.standings()[0].disabled), (Some("b"), &None));
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_is_passed_on_where_it_is_known() {
    let world = World::new(vec![Vec::new(), Vec::new()], patience(), Vec::new());
    world.say("a", Status::Firing);
    tokio::time::sleep(S(1)).await;
    let by = Acknowledged { by: "ana".to_owned(), at: Timestamp(0), note: "voy".to_owned() };
    assert_eq!(world.feed.acknowledge("a", by.clone()), Ok(Some(2)));
    assert!(world.feed.acknowledge("x", by.clone()).is_err());
    tokio::time::sleep(S(3)).await;
    world.say("a", Status::Resolved);
    tokio::time::sleep(S(3)).await;
    assert!(world.feed.acknowledge("a", by.clone()).is_err(), "it is over");
    let statuses = |n| world.tries(n).into_iter().map(|t| t.status).collect::<Vec<_>>();
    assert_eq!(statuses(0), [Status::Firing, Status::Firing, Status::Resolved]);
    assert_eq!(statuses(1), [Status::Firing, Status::Resolved]);
    // It stays with the alert to its end, and is not there when it fires again.
    world.say("a", Status::Firing);
    let known: Vec<_> =
        world.feed.alerts(0).iter().map(|e| matches!(&e.what, Told::Alert(_, a) if a.acknowledged.as_ref() == Some(&by))).collect();
    assert_eq!(known, [false, true, true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_silence_is_heard_of_at_the_next_look() {
    let world = World::new(vec![Vec::new()], patience(), Vec::new());
    let now = Timestamp(1_790_000_000 * SECOND);
    let (author, reason) = ("ana".to_owned(), "obras".to_owned());
    let quiet = Silence { id: "s".to_owned(), matchers: Matchers::default(), author, reason, starts: now, ends: now.plus(3600 * SECOND) };
    world.delivery.silence(quiet.clone()).expect("room");
    assert_eq!(world.delivery.silences(), [quiet]);
    world.say("a", Status::Firing);
    tokio::time::sleep(S(60)).await;
    assert_eq!((world.tries(0).len(), world.codes("a")), (0, vec!["firing", "silenced"]));
    assert!(world.delivery.unsilence("s") && !world.delivery.unsilence("s"));
    tokio::time::sleep(S(2)).await;
    assert_eq!(world.tries(0).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_go_on_and_are_never_letters() {
    let script = vec![transient(None), (Duration::ZERO, Outcome::Delivered)];
    let world = World::new(vec![script], patience(), vec![Heartbeat { notify: 0, every: 60 * SECOND }]);
    tokio::time::sleep(S(130)).await;
    let seconds: Vec<_> = world.told(0).into_iter().map(|t| t.0).collect();
    assert_eq!((seconds, world.delivery.letters().len()), (vec![0, 60, 120], 0));
}

#[tokio::test(start_paused = true)]
async fn a_post_that_is_gone_is_gone_from_what_waits() {
    let world = World::new(vec![vec![transient(None), transient(Some(S(30)))]], patience(), Vec::new());
    world.feed.publish(alert("a", Status::Firing, &["p"]));
    tokio::time::sleep(S(10)).await;
    let key = Post { id: "p", network: "x", ..Post::default() }.key();
    world.feed.publish(Event::Delete(key));
    tokio::time::sleep(S(60)).await;
    let texts: Vec<_> = world.tries(0).into_iter().map(|t| t.text).collect();
    assert_eq!((texts.len(), texts.first().map(String::as_str), texts.last().map(String::as_str)), (3, Some("secreto"), Some("")));
}

#[tokio::test(start_paused = true)]
async fn the_end_has_a_limit_and_tells_what_came_last() {
    let world = World::new(vec![vec![transient(None)], Vec::new()], patience(), Vec::new());
    world.say("a", Status::Firing);
    world.delivery.stop(S(5)).await;
    // Said just before the stop, and told to who answers; a second try would be too late.
    assert_eq!((world.tries(0).len(), world.tries(1).len()), (1, 1));
    assert_eq!(world.delivery.standings()[0].waiting, 1);
    let world = World::new(vec![vec![(S(20), Outcome::Delivered)]], patience(), Vec::new());
    world.say("a", Status::Firing);
    world.delivery.stop(S(5)).await;
    assert_eq!(world.notifiers[0].begun.elapsed(), S(5));
}

#[tokio::test(start_paused = true)]
async fn a_storm_reaches_everybody_and_nothing_is_lost() {
    // Every third try fails at first; each alert is told from beginning to end, in order.
    let script = (0..300).map(|i| if i % 3 == 0 { transient(None) } else { (Duration::from_millis(i), Outcome::Delivered) }).collect();
    let world = World::new(vec![script], Patience { every: Duration::from_millis(100), ..patience() }, Vec::new());
    for round in 0..2 {
        for i in 0..100 {
            world.say(&format!("a{i}"), if round == 0 { Status::Firing } else { Status::Resolved });
        }
        tokio::time::sleep(S(2)).await;
    }
    tokio::time::sleep(S(600)).await;
    let mut last: BTreeMap<String, Vec<Status>> = BTreeMap::new();
    for t in world.tries(0) {
        last.entry(t.id).or_default().push(t.status);
    }
    assert_eq!(last.len(), 100);
    for (id, mut statuses) in last {
        statuses.dedup();
        assert_eq!(statuses, [Status::Firing, Status::Resolved], "{id}");
    }
    assert!(world.delivery.letters().is_empty());
}
