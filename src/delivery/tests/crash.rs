//! The process dies at every point where something becomes durable, is told, or is answered, and again while it
//! recovers; what the targets heard over all lives is held against what they should have.
//!
//! Everything runs on one thread and on a clock of its own: a seed and a point give the same run.

use std::collections::BTreeSet;

use crate::post::PostKey;
use crate::store;

use super::*;

/// Targets: the last refuses some alerts for good.
const TARGETS: usize = 3;
/// From telling a target to telling it again, in seconds.
const REPEAT: i64 = 40;
/// After the last thing that happens, in seconds.
const QUIET: u64 = 60;
/// Stories that are told.
const SEEDS: u64 = 5;
/// From one point of a story at which it dies to the next; `ESCUCHA_CRASH_STEP=1` takes every one of them.
const STEP: usize = 41;

/// What one target got, in which life.
#[derive(Debug, Clone)]
struct Got {
    id: String,
    seq: u64,
    status: Status,
    key: String,
    body: String,
    life: usize,
}

/// What goes on whatever dies.
struct World {
    /// Points that were passed, over all lives.
    points: usize,
    /// Points at which the process dies.
    deaths: BTreeSet<usize>,
    got: Vec<Vec<Got>>,
    /// Keys that were refused for good, for each target.
    refused: Vec<BTreeSet<String>>,
    /// Posts that everybody knows are gone.
    gone: BTreeSet<PostKey>,
    life: usize,
    /// It stays dead for up to a minute, in which alerts come and go.
    long: bool,
    prng: Prng,
}

/// One life.
#[derive(Clone)]
struct Life {
    world: Arc<Mutex<World>>,
    death: CancellationToken,
}

impl Life {
    /// Where the process may die.
    async fn point(&self) {
        let dies = {
            let mut world = lock(&self.world);
            world.points += 1;
            world.deaths.contains(&world.points)
        };
        if dies {
            self.death.cancel();
        }
        if self.death.is_cancelled() {
            std::future::pending::<()>().await;
        }
    }
}

/// A target that has it as soon as it was asked, but answers later, or does not answer.
struct Recorder {
    life: Life,
    number: usize,
}

impl Notifier for Recorder {
    fn attempt<'a>(&'a self, message: &'a Message<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            self.life.point().await;
            let (takes, busy) = {
                let mut world = lock(&self.life.world);
                let shown = message.alert.first_post.iter().map(|p| p.get().key());
                assert!(!shown.clone().any(|key| world.gone.contains(&key)), "a post was told that is gone");
                (Duration::from_millis(world.prng.below(3000)), world.prng.chance(0.25))
            };
            if busy {
                tokio::time::sleep(takes).await;
                return Outcome::Transient { why: "503".to_owned(), after: None };
            }
            if self.number + 1 == TARGETS && message.alert.id.ends_with('0') {
                lock(&self.life.world).refused[self.number].insert(message.key.to_owned());
                return Outcome::Permanent { why: "400".to_owned() };
            }
            let got = Got {
                id: message.alert.id.clone(),
                seq: message.seq,
                status: message.alert.status,
                key: message.key.to_owned(),
                body: format!("{:?}", message.alert),
                life: lock(&self.life.world).life,
            };
            lock(&self.life.world).got[self.number].push(got);
            self.life.point().await;
            tokio::time::sleep(takes).await;
            self.life.point().await;
            Outcome::Delivered
        })
    }
}

/// What happens: at which second, and what.
#[derive(Clone)]
enum Event {
    Comes(Box<Alert>),
    Goes(PostKey),
}

fn shown(id: &str) -> PostBuf {
    PostBuf::new(&Post { id, network: "x", text: "palabra-irrepetible", ..Post::default() })
}

/// A dozen alerts that fire, some grow worse, some show a post that goes, some come back; all end.
fn story(prng: &mut Prng, long: bool) -> Vec<(u64, Event)> {
    let mut all = Vec::new();
    for n in 0..10 {
        // Where it is dead for long, what it misses is from beginning to end.
        let (begins, lasts) = if long { (90, 12) } else { (30, 90) };
        let begin = 1 + prng.below(begins);
        let end = begin + 12 + prng.below(lasts);
        let id = format!("a{n}");
        let post = shown(&id);
        let new = Alert { topic: "t".to_owned(), ..Alert::new(id, "r", "volume", Severity::Warning, Timestamp(0)) };
        let new = Alert { first_post: prng.chance(0.3).then(|| post.clone()), ..new };
        let worse = Alert { severity: Severity::Critical, ..new.clone() };
        let over = Alert { status: Status::Resolved, ..new.clone() };
        all.push((begin, Event::Comes(Box::new(new.clone()))));
        if prng.chance(0.4) {
            all.push((begin + 5, Event::Comes(Box::new(worse))));
        }
        if new.first_post.is_some() {
            all.push((begin + 3 + prng.below(8), Event::Goes(post.get().key())));
        }
        all.push((end, Event::Comes(Box::new(over))));
        if prng.chance(0.2) {
            all.push((end + 10, Event::Comes(Box::new(new.clone()))));
            all.push((end + 30, Event::Comes(Box::new(Alert { status: Status::Resolved, ..new }))));
        }
    }
    all.sort_by_key(|(second, _)| *second);
    // What is gone is not shown any more by what comes after.
    let mut gone = BTreeSet::new();
    for (_, event) in &mut all {
        match event {
            Event::Goes(key) => drop(gone.insert(*key)),
            Event::Comes(alert) => gone.iter().for_each(|key| alert.forget(*key)),
        }
    }
    all
}

/// The clock of one life: the real time goes on over all of them, the wall clock may be set between them.
struct Wall {
    begun: tokio::time::Instant,
    real: Duration,
    set: i64,
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let real = self.real + self.begun.elapsed();
        Timestamp(1_790_000_000 * SECOND).plus(real.as_micros() as i64 + self.set)
    }
    fn monotonic(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// Takes what waits into one commit, as the writer does, and dies before, within and after.
async fn disk(life: Life, mut opened: store::Opened, jobs: crossbeam::channel::Receiver<Job>, feed: Arc<Feed>, clock: Arc<Wall>) {
    loop {
        let mut held: Vec<Job> = jobs.try_iter().collect();
        if held.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        }
        life.point().await;
        opened.commit(&mut held, clock.now()).expect("room");
        life.point().await;
        let written: Vec<_> = held.iter().filter_map(Job::written).collect();
        let gone: Vec<_> = held.iter().filter_map(|job| if let Job::Gone(key) = job { Some(*key) } else { None }).collect();
        feed.settle(held);
        let world = life.world.clone();
        tokio::spawn(async move {
            // It hears of it at once, but not at the same time.
            tokio::time::sleep(Duration::from_millis(1)).await;
            lock(&world).gone.extend(gone);
        });
        life.point().await;
        for step in written {
            let _ = step.send(());
        }
    }
}

/// Lives until the story is over, or death; returns the time it took.
async fn live(life: &Life, folder: &std::path::Path, story: &[(u64, Event)], (real, set): (Duration, i64), end: u64) -> (Duration, bool) {
    #[allow(clippy::disallowed_methods, reason = "the paused clock of the runtime")]
    let begun = tokio::time::Instant::now();
    let clock = Arc::new(Wall { begun, real, set });
    let settings = store::Settings { path: folder.join("s.db"), retention: i64::MAX, max_bytes: 1 << 30, journal: 1 << 30 };
    let mut opened = store::Opened::open(&settings, "E").expect("sound");
    opened.without_sync();
    if lock(&life.world).long {
        // What came while it was dead is in the file before it can tell of any of it.
        let comes = |(second, event): &(u64, Event)| match event {
            Event::Comes(alert) => Some((*second, Job::Alert(alert.clone(), None))),
            Event::Goes(_) => None,
        };
        let missed = story.iter().filter_map(comes).skip((opened.stands().0 - 1) as usize);
        let mut missed: Vec<Job> = missed.take_while(|(second, _)| S(*second) <= real).map(|(_, job)| job).collect();
        opened.commit(&mut missed, clock.now()).expect("room");
        drop(opened);
        opened = store::Opened::open(&settings, "E").expect("sound");
        opened.without_sync();
    }
    let (jobs, waiting) = crossbeam::channel::unbounded();
    let (next, kept) = opened.stands();
    let feed = Feed::resume("E".to_owned(), Vec::new(), next, kept, Vec::new(), (1, next));
    let keeping = Some(Keeping { store: jobs.clone(), past: opened.past().expect("sound") });
    tokio::spawn(feed.clone().ring(Duration::ZERO));
    let done = (next - 1) as usize;
    tokio::spawn(disk(life.clone(), opened, waiting, feed.clone(), clock.clone()));
    let target = |number: usize| Target {
        routed: routing::Target { name: format!("n{number}").into(), acks: false, resend: None, wants: Default::default() },
        notifier: Arc::new(Recorder { life: life.clone(), number }),
        lang: Lang::Es,
        patience: Patience { base: S(2), cap: S(4), every: Duration::from_millis(10), burst: 100, ..Patience::default() },
    };
    let timing = Timing { wait: 0, interval: SECOND, repeat: REPEAT * SECOND, flap: 0 };
    let route = Route { notify: (0..TARGETS).collect(), matchers: Matchers::default(), group_by: Vec::new(), timing };
    let routed = routing::Settings { routes: vec![route], ..routing::Settings::default() };
    let targets = (0..TARGETS).map(target).collect();
    let delivery = Delivery::start(feed, clock.clone(), routed, targets, 7, keeping).expect("what was kept");
    let rest = async {
        let mut came = 0;
        for (second, event) in story {
            let ahead = S(*second).saturating_sub(real + begun.elapsed());
            match event {
                Event::Comes(_) if came < done => came += 1,
                Event::Comes(alert) => {
                    tokio::time::sleep(ahead).await;
                    jobs.send(Job::Alert(alert.clone(), None)).expect("it runs");
                }
                Event::Goes(key) => {
                    tokio::time::sleep(ahead).await;
                    jobs.send(Job::Gone(*key)).expect("it runs");
                }
            }
        }
        // Whatever time it began at, it has time for the rest.
        tokio::time::sleep(S(end).max(real + S(QUIET)).saturating_sub(real + begun.elapsed())).await;
    };
    let lived = tokio::select! {
        () = life.death.cancelled() => false,
        () = rest => true,
    };
    if lived {
        let dead: BTreeSet<(String, String)> = delivery.letters().iter().map(|l| (l.notifier.to_string(), l.order.key.clone())).collect();
        let refused = lock(&life.world).refused.clone();
        let named = |(n, keys): (usize, &BTreeSet<String>)| keys.iter().map(|key| (format!("n{n}"), key.clone())).collect::<Vec<_>>();
        let refused: BTreeSet<_> = refused.iter().enumerate().flat_map(named).collect();
        assert_eq!(dead, refused, "dead letters are those that were refused, and nothing waits");
    }
    (real + begun.elapsed(), lived)
}

/// Runs the story of `seed` with these deaths; returns the world at its end.
fn run(seed: u64, deaths: BTreeSet<usize>) -> World {
    let mut prng = Prng::new(seed);
    let long = seed % 2 == 1;
    let story = story(&mut prng, long);
    let end = story.last().map_or(0, |(second, _)| *second) + QUIET;
    let world = World {
        points: 0,
        deaths,
        got: vec![Vec::new(); TARGETS],
        refused: vec![BTreeSet::new(); TARGETS],
        gone: BTreeSet::new(),
        life: 0,
        long,
        prng,
    };
    let world = Arc::new(Mutex::new(world));
    // In memory where there is such a folder: a process that dies is no power cut.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let (mut real, mut set) = (Duration::ZERO, 0);
    loop {
        let life = Life { world: world.clone(), death: CancellationToken::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let (now, lived) = runtime.block_on(live(&life, folder.path(), &story, (real, set), end));
        drop(runtime);
        if lived {
            break;
        }
        let mut world = lock(&world);
        world.life += 1;
        let most = if world.long { 60_000 } else { 2000 };
        real = now + Duration::from_millis(world.prng.below(most));
        // The wall clock is sometimes set back while nobody looks.
        set -= if world.prng.chance(0.3) { 3600 * SECOND } else { 0 };
    }
    let text = b"palabra-irrepetible";
    let world = Arc::into_inner(world).expect("all lives are over").into_inner().expect("no panic");
    // Nothing waits any more: neither what went nor what was told is in the file.
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("bytes");
        let gone_all = world.gone.len();
        assert!(gone_all == 0 || bytes.windows(text.len()).all(|w| w != text), "a deleted text is in the file");
    }
    check(seed, &world, &story);
    // All was read, and nothing is kept but what a dead letter needs.
    let settings = store::Settings { path: folder.path().join("s.db"), retention: i64::MAX, max_bytes: 1 << 30, journal: 1 << 30 };
    let past = store::Opened::open(&settings, "E").and_then(|opened| opened.past()).expect("sound");
    let needed: BTreeSet<u64> = journal::letters(&past.rows, &past.bodies).expect("sound").iter().map(|f| f.waiting.order.seq).collect();
    assert_eq!(past.bodies.keys().copied().collect::<BTreeSet<_>>(), needed, "seed {seed}, deaths {:?}", world.deaths);
    world
}

fn check(seed: u64, world: &World, story: &[(u64, Event)]) {
    let deaths = &world.deaths;
    for (target, got) in world.got.iter().enumerate() {
        let say = |what: &str| format!("seed {seed}, deaths {deaths:?}, target {target}: {what}");
        let mut before: BTreeMap<&str, &Got> = BTreeMap::new();
        let mut twice: BTreeMap<usize, usize> = BTreeMap::new();
        let mut seqs: BTreeMap<&str, u64> = BTreeMap::new();
        let mut open: BTreeMap<&str, Status> = BTreeMap::new();
        for g in got {
            if let Some(first) = before.insert(&g.key, g) {
                // By the life that died without having noted it.
                *twice.entry(first.life).or_default() += 1;
                assert!(first.body == g.body || g.body.contains("first_post: None"), "{}", say(&format!("{} has two bodies", g.key)));
            }
            let last = seqs.insert(&g.id, g.seq).unwrap_or(0);
            assert!(last <= g.seq, "{}", say(&format!("{} went back from {last} to {}", g.id, g.seq)));
            let was = open.insert(&g.id, g.status);
            assert!(g.status == Status::Firing || was.is_some(), "{}", say(&format!("the end of {}, which nobody was told of", g.id)));
        }
        for (life, n) in twice {
            assert!(n <= 1, "{}", say(&format!("{n} were told twice for the death of life {life}")));
        }
        // All were told of, from the beginning to the end.
        let wanted: BTreeSet<&str> =
            story.iter().filter_map(|(_, e)| if let Event::Comes(a) = e { Some(a.id.as_str()) } else { None }).collect();
        let wanted = wanted.into_iter().filter(|id| target + 1 != TARGETS || !id.ends_with('0'));
        for id in wanted {
            // What is over when the next life begins is told to nobody who was not told of it.
            let over = open.get(id).map_or(world.long, |status| *status == Status::Resolved);
            assert!(over, "{}", say(&format!("{id} is not over")));
            if !world.long {
                often(id, got, story, &say);
            }
        }
    }
}

/// What is told of one alert: each time it fires, when it is worse, and again when it is time, but not more often.
fn often(id: &str, got: &[Got], story: &[(u64, Event)], say: &dyn Fn(&str) -> String) {
    let own = story.iter().filter_map(|(second, e)| match e {
        Event::Comes(a) if a.id == id => Some((*second as i64, a)),
        _ => None,
    });
    let (mut most, mut least, mut since) = (0, 0, None);
    for (second, alert) in own {
        match alert.status {
            Status::Firing => {
                since = since.or(Some(second));
                (most, least) = (most + 1, least + 1);
            }
            Status::Resolved => most += since.take().map_or(0, |since| (second - since) / REPEAT),
        }
    }
    let keys =
        |status| got.iter().filter(|g| g.id == id && g.status == status).map(|g| g.key.as_str()).collect::<BTreeSet<_>>().len() as i64;
    let (firing, over) = (keys(Status::Firing), keys(Status::Resolved));
    assert!((least..=most).contains(&firing), "{}", say(&format!("{id} was told {firing} times, not {least} to {most}")));
    let ends = story.iter().filter(|(_, e)| matches!(e, Event::Comes(a) if a.id == id && a.status == Status::Resolved)).count() as i64;
    assert_eq!(over, ends, "{}", say(&format!("ends of {id}")));
}

#[test]
fn whoever_was_told_is_told_the_end_wherever_the_process_dies() {
    let (mut runs, mut twice) = (0, 0);
    let step = std::env::var("ESCUCHA_CRASH_STEP").map_or(STEP, |step| step.parse().expect("a number"));
    for seed in 0..SEEDS {
        let points = run(seed, BTreeSet::new()).points;
        assert!(points > 100, "{points}");
        // Each seed dies at other points, and all of them at every kind of point.
        for first in (1 + seed as usize..=points).step_by(step) {
            // Also once more, soon after: while it recovers, too.
            let second = first + 1 + (first + seed as usize) % 12;
            let world = run(seed, [first, second].into());
            runs += 1;
            twice += world.got.iter().map(|got| got.len() - got.iter().map(|g| &g.key).collect::<BTreeSet<_>>().len()).sum::<usize>();
        }
    }
    // The one that cannot be avoided is met.
    assert!(runs > 50 && twice > 5, "{runs} {twice}");
}
