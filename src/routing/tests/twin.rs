//! The slow twin: no index, no timer and no state of its own. At every step it goes through the whole
//! story from the beginning, and tells from what was sent before what a target knows.

use super::*;

#[derive(Debug, Clone)]
enum Input {
    Comes(Box<Alert>),
    Silence(Silence),
    Unsilence(String),
    Nothing,
}

/// What one target heard, and when.
#[derive(Debug, Clone, PartialEq)]
struct Heard {
    id: String,
    seq: u64,
    cause: Cause,
    elapsed: i64,
    rank: Rank,
    acked: bool,
    /// It was not sent: it goes on with that alert.
    instead_of: Option<String>,
}

/// The story up to some step.
#[derive(Clone, Copy)]
struct Past<'a> {
    settings: &'a Settings,
    steps: &'a [(Moment, Input)],
}

impl<'a> Past<'a> {
    fn transitions(self, id: &str) -> impl DoubleEndedIterator<Item = (usize, &'a Alert)> {
        self.steps.iter().enumerate().filter_map(move |(i, (_, input))| match input {
            Input::Comes(a) if a.id == id => Some((i, &**a)),
            _ => None,
        })
    }

    fn now(self, id: &str) -> &'a Alert {
        self.transitions(id).next_back().expect("it came").1
    }

    /// The alert's sequence number: which transition of all it is.
    fn seq(self, step: usize) -> u64 {
        self.steps[..=step].iter().filter(|(_, i)| matches!(i, Input::Comes(_))).count() as u64
    }

    fn over(self, id: &str) -> Option<i64> {
        let mut over = None;
        for (step, alert) in self.transitions(id) {
            over = match alert.status {
                Status::Firing => None,
                Status::Resolved => over.or(Some(self.steps[step].0.elapsed)),
            };
        }
        over
    }

    /// All alerts, in the order they came.
    fn ids(self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for (_, input) in self.steps {
            if let Input::Comes(a) = input
                && !ids.contains(&a.id)
            {
                ids.push(a.id.clone());
            }
        }
        ids
    }

    fn is_held_back(self, alert: &Alert, at: Timestamp) -> bool {
        let mut silences: Vec<&Silence> = Vec::new();
        for (_, input) in self.steps {
            match input {
                Input::Silence(s) => silences = silences.into_iter().filter(|o| o.id != s.id).chain([s]).collect(),
                Input::Unsilence(id) => silences.retain(|s| s.id != *id),
                _ => {}
            }
        }
        silences.iter().any(|s| s.starts <= at && at < s.ends && s.matchers.matches(alert))
            || self.settings.mutes.iter().any(|m| m.matchers.matches(alert) && m.is_active(at))
            || self.ids().iter().map(|id| self.now(id)).filter(|a| a.status == Status::Firing).any(|source| {
                self.settings.inhibits.iter().any(|i| {
                    let both = i.source.matches(alert) && i.target.matches(source);
                    let equal = i.equal.iter().all(|l| l.of(source) == l.of(alert));
                    source.id != alert.id && i.source.matches(source) && i.target.matches(alert) && equal && !both
                })
            })
    }
}

/// What one target was told of an alert, from all it heard: rank, when, acked, and the numbers that are open.
struct Knows {
    rank: Rank,
    at: i64,
    acked: bool,
    own: bool,
    open: Vec<(String, u64)>,
}

fn knows(heard: &[Heard], id: &str, past: Past<'_>) -> Option<Knows> {
    let ends = |h: &Heard| (h.id == id && h.cause == Cause::Resolved) || h.instead_of.as_deref() == Some(id);
    let from = heard.iter().rposition(ends).map_or(0, |i| i + 1);
    let mut known: Option<Knows> = None;
    for (i, h) in heard.iter().enumerate().skip(from).filter(|(_, h)| h.id == id) {
        known = Some(match (&h.instead_of, known) {
            (Some(before), _) => {
                let last = knows(&heard[..i], before, past).expect("it goes on with what was told");
                let mut open = last.open;
                if last.own {
                    let mut over = past.transitions(before).filter(|(_, a)| a.status == Status::Resolved);
                    let over = over.rfind(|(step, _)| past.steps[*step].0.elapsed <= h.elapsed).expect("it is over").0;
                    open.push((before.clone(), past.seq(over)));
                }
                Knows { rank: last.rank, at: last.at, acked: false, own: false, open }
            }
            (None, None) => Knows { rank: h.rank, at: h.elapsed, acked: h.acked, own: true, open: vec![] },
            (None, Some(k)) => Knows { rank: k.rank.max(h.rank), at: h.elapsed, acked: h.acked, own: true, open: k.open },
        });
    }
    known
}

/// Everything that `target` hears in the whole story.
fn told(settings: &Settings, target: usize, steps: &[(Moment, Input)]) -> Vec<Heard> {
    let mut heard: Vec<Heard> = Vec::new();
    // Group of every alert that waits, and the next look at every group.
    let mut waits: Vec<(String, (usize, Vec<String>))> = Vec::new();
    let mut looks: Vec<((usize, Vec<String>), i64)> = Vec::new();
    let resend = settings.targets[target].resend;
    let named = settings.routes.iter().any(|r| r.notify.contains(&target));
    let terms = |route: usize| {
        let (labels, t) = settings.routes.get(route).map_or((vec![Label::Topic], Timing::default()), |r| (r.group_by.clone(), r.timing));
        let t = resend.map_or(t, |every| Timing { interval: t.interval.min(every), repeat: every, flap: 0, wait: t.wait });
        (labels, t)
    };
    for step in 0..steps.len() {
        let past = Past { settings, steps: &steps[..=step] };
        let (now, input) = &steps[step];
        if let Input::Comes(alert) = input
            && alert.status == Status::Firing
            && !waits.iter().any(|(id, _)| *id == alert.id)
        {
            let route = if named {
                settings.routes.iter().position(|r| r.notify.contains(&target) && r.matchers.matches(alert))
            } else {
                Some(settings.routes.len())
            };
            if let Some(route) = route {
                let (labels, t) = terms(route);
                let key = (route, labels.iter().map(|l| l.of(alert).to_owned()).collect::<Vec<_>>());
                if !looks.iter().any(|(k, _)| *k == key) {
                    looks.push((key.clone(), now.elapsed + t.wait));
                }
                waits.push((alert.id.clone(), key));
            }
        }
        // Groups that are due, the longest due first.
        let mut due: Vec<_> = looks.iter().filter(|(_, at)| *at <= now.elapsed).cloned().collect();
        due.sort_by_key(|(key, at)| (*at, key.clone()));
        for (key, _) in due {
            let (_, t) = terms(key.0);
            let members: Vec<String> = past.ids().into_iter().filter(|id| waits.contains(&(id.clone(), key.clone()))).collect();
            for id in members {
                let alert = past.now(&id);
                let seq = past.seq(past.transitions(&id).next_back().expect("it came").0);
                let one = |cause| Heard {
                    id: id.clone(),
                    seq,
                    cause,
                    elapsed: now.elapsed,
                    rank: rank(alert),
                    acked: alert.acknowledged.is_some(),
                    instead_of: None,
                };
                let known = knows(&heard, &id, past);
                if alert.status == Status::Resolved {
                    let held = known.is_some() && now.elapsed - past.over(&id).expect("over") < t.flap;
                    if held {
                        continue;
                    }
                    if let Some(k) = known {
                        let own = k.own.then(|| (id.clone(), seq));
                        for (other, seq) in k.open.into_iter().chain(own.clone()) {
                            heard.push(Heard { id: other, seq, ..one(Cause::Resolved) });
                        }
                        if own.is_none() {
                            // Nothing is open under this name any more.
                            heard.push(Heard { instead_of: Some(String::new()), ..one(Cause::Resolved) });
                        }
                    }
                    waits.retain(|(other, _)| *other != id);
                    continue;
                }
                let cause = match &known {
                    None => Cause::Fired,
                    Some(k) if rank(alert) > k.rank => Cause::Worse,
                    Some(k) if alert.acknowledged.is_some() && !k.acked && settings.targets[target].acks => Cause::Acknowledged,
                    Some(k) if now.elapsed - k.at >= t.repeat && (alert.acknowledged.is_none() || resend.is_some()) => Cause::Repeated,
                    Some(_) => continue,
                };
                if cause == Cause::Fired && t.flap > 0 {
                    let goes_before = |other: &&String| {
                        let o = past.now(other);
                        let same = o.rule == alert.rule && o.topic == alert.topic && o.on == alert.on && o.on != "priority";
                        let fresh = past.over(other).is_some_and(|over| now.elapsed - over < t.flap);
                        same && fresh && knows(&heard, other, past).is_some_and(|k| k.rank >= rank(alert))
                    };
                    if let Some(before) = past.ids().iter().find(goes_before) {
                        heard.push(Heard { instead_of: Some(before.clone()), ..one(Cause::Fired) });
                        continue;
                    }
                }
                if !past.is_held_back(alert, now.at) {
                    heard.push(one(cause));
                }
            }
            looks.retain(|(k, _)| *k != key);
            if waits.iter().any(|(_, k)| *k == key) {
                looks.push((key, now.elapsed + t.interval));
            }
        }
    }
    heard
}

fn settings(prng: &mut Prng) -> Settings {
    let few = |prng: &mut Prng| {
        let mut all = Matchers::default();
        for label in Label::ALL {
            if prng.chance(0.3) {
                let values: &[&str] = match label {
                    Label::Rule => &["r0", "r1"],
                    Label::Topic => &["t0", "t1", "t2"],
                    Label::Brand => &["Banco", "Otro"],
                    Label::Severity => &["info", "warning", "critical"],
                };
                let (one, two) = (*prng.pick(values), *prng.pick(values));
                all.0.insert(label, [one, two].map(str::to_owned).into());
            }
        }
        all
    };
    let labels = |prng: &mut Prng| Label::ALL.into_iter().filter(|_| prng.chance(0.4)).collect::<Vec<_>>();
    let mut targets: Vec<Target> = (0..3).map(|i| target(&format!("n{i}"))).collect();
    targets[1].acks = true;
    targets[2].resend = prng.chance(0.5).then_some(20 * S);
    let routes = (0..prng.index(4)).map(|_| Route {
        notify: (0..3).filter(|_| prng.chance(0.6)).collect(),
        matchers: few(prng),
        group_by: labels(prng),
        timing: timing(*prng.pick(&[0, 5, 30]), *prng.pick(&[1, 10, 60]), *prng.pick(&[15, 100]), *prng.pick(&[0, 20, 60])),
    });
    let routes = routes.collect();
    let inhibits = (0..prng.index(3)).map(|_| Inhibit { source: few(prng), target: few(prng), equal: labels(prng) }).collect();
    let mutes = (0..prng.index(2)).map(|_| Mute {
        name: "m".to_owned(),
        matchers: few(prng),
        days: std::array::from_fn(|_| prng.chance(0.5)),
        from: prng.below(1440) as u16,
        to: prng.below(1440) as u16,
        zone: Zone::named("Europe/Madrid").expect("a zone"),
    });
    let mutes = mutes.collect();
    Settings { targets, routes, inhibits, mutes, heartbeats: Vec::new() }
}

fn story(prng: &mut Prng, steps: usize) -> Vec<(Moment, Input)> {
    let mut now = Moment { at: Timestamp(1_790_000_000 * S), elapsed: 0 };
    let mut firing: Vec<Alert> = Vec::new();
    let mut born = 0;
    let mut out = Vec::new();
    for _ in 0..steps {
        let pass = *prng.pick(&[0, 0, 1, 3, 10, 40]) * S;
        // The wall clock may be set, forward and back.
        let set = if prng.chance(0.05) { (prng.below(7200) as i64 - 3600) * S } else { 0 };
        now = Moment { at: now.at.plus(pass + set), elapsed: now.elapsed + pass };
        let chosen = (!firing.is_empty()).then(|| prng.index(firing.len()));
        let severity = *prng.pick(&Severity::ALL);
        let input = match (prng.below(10), chosen) {
            (0..=2, _) | (3..=5, None) => {
                born += 1;
                let (rule, topic) = (*prng.pick(&["r0", "r1"]), *prng.pick(&["t0", "t1", "t2"]));
                let on = if rule == "r1" { "priority" } else { "volume" };
                let new = Alert { on, ..alert(&format!("a{born}"), rule, topic, severity, Status::Firing) };
                firing.push(new.clone());
                Input::Comes(Box::new(new))
            }
            (3 | 4, Some(i)) => {
                let over = Alert { status: Status::Resolved, ..firing.swap_remove(i) };
                if prng.chance(0.2) {
                    // It will fire again under the same name.
                    firing.push(Alert { status: Status::Firing, acknowledged: None, ..over.clone() });
                }
                Input::Comes(Box::new(over))
            }
            (5, Some(i)) if prng.chance(0.5) => {
                firing[i].severity = severity;
                Input::Comes(Box::new(firing[i].clone()))
            }
            (5, Some(i)) => {
                firing[i].acknowledged = Some(Acknowledged { by: "ana".to_owned(), at: now.at, note: String::new() });
                Input::Comes(Box::new(firing[i].clone()))
            }
            (6, _) => {
                let id = format!("s{}", prng.below(3));
                let starts = now.at.plus((prng.below(60) as i64 - 30) * S);
                let pairs = [(Label::Topic, "t0"), (Label::Severity, "info")];
                Input::Silence(silence(&id, &pairs[..1 + prng.index(2)], starts.0, starts.0 + prng.below(90) as i64 * S))
            }
            (7, _) => Input::Unsilence(format!("s{}", prng.below(3))),
            _ => Input::Nothing,
        };
        out.push((now, input));
    }
    out
}

/// A router that is written down at every step and now and then begins anew from what was written.
struct Mortal {
    router: Router,
    settings: Settings,
    kept: Rows,
    needs: BTreeMap<(String, String), Vec<u64>>,
    bodies: BTreeMap<u64, Arc<Alert>>,
}

impl Mortal {
    fn new(settings: Settings, now: Moment) -> Mortal {
        let router = Router::new(settings.clone(), now);
        Mortal { router, settings, kept: Rows::new(), needs: BTreeMap::new(), bodies: BTreeMap::new() }
    }

    fn write(&mut self) {
        for row in self.router.changes() {
            let key = (row.kind.to_owned(), row.key);
            self.needs.insert(key.clone(), row.needs);
            match row.body {
                Some(body) => self.kept.insert(key, body),
                None => self.kept.remove(&key),
            };
        }
    }

    fn begin_anew(&mut self, now: Moment) {
        // No body is there but those that a row asked for.
        let needed: BTreeSet<u64> = self.needs.values().flatten().copied().collect();
        let bodies = self.bodies.iter().filter(|(seq, _)| needed.contains(seq)).map(|(seq, alert)| (*seq, alert.clone())).collect();
        let logs = |router: &Router| router.book.alerts.keys().map(|id| (id.clone(), router.why(id))).collect::<Vec<_>>();
        let again = Router::resume(self.settings.clone(), now, &self.kept, &bodies).expect("what was written");
        assert_eq!(logs(&again), logs(&self.router));
        self.router = again;
        let rows: Vec<Row> = self.router.changes();
        let differs = rows.iter().find(|row| self.kept.get(&(row.kind.to_owned(), row.key.clone())) != row.body.as_ref());
        assert_eq!(differs, None, "what is read is what was written");
    }
}

#[test]
fn the_router_does_as_its_slow_twin_and_outlives_its_process() {
    let (mut sent, mut went_on, mut causes) = (0, 0, BTreeSet::new());
    for seed in 0..150 {
        let mut prng = Prng::new(seed);
        let settings = settings(&mut prng);
        let steps = story(&mut prng, 60);
        let mut mortal = Mortal::new(settings.clone(), steps[0].0);
        let deadly = *prng.pick(&[0.0, 0.1, 0.5]);
        let mut got: Vec<Vec<(String, u64, Cause)>> = vec![Vec::new(); settings.targets.len()];
        let mut seq = 0;
        for (i, (now, input)) in steps.iter().enumerate() {
            if prng.chance(deadly) {
                mortal.begin_anew(*now);
            }
            let router = &mut mortal.router;
            match input.clone() {
                Input::Comes(alert) => {
                    seq += 1;
                    mortal.bodies.insert(seq, Arc::from(alert.clone()));
                    router.observe(Arc::from(alert), seq, *now);
                }
                Input::Silence(silence) => router.silence(silence, *now).expect("room"),
                Input::Unsilence(id) => {
                    router.unsilence(&id);
                }
                Input::Nothing => {}
            }
            for order in router.advance(*now) {
                got[order.target].push((order.alert.id.clone(), order.seq, order.cause));
            }
            mortal.write();
            for (target, got) in got.iter().enumerate() {
                let heard = told(&settings, target, &steps[..=i]);
                went_on += usize::from(i + 1 == steps.len()) * heard.iter().filter(|h| h.instead_of.is_some()).count();
                let want: Vec<_> = heard.into_iter().filter(|h| h.instead_of.is_none()).map(|h| (h.id, h.seq, h.cause)).collect();
                assert_eq!(*got, want, "seed {seed} step {i} target {target}");
            }
        }
        for got in &got {
            sent += got.len();
            causes.extend(got.iter().map(|(_, _, cause)| *cause));
            in_order(got, seed);
        }
    }
    assert!(sent > 1000 && went_on > 20 && causes.len() == 5, "{sent} {went_on} {causes:?}");
}

/// Transitions of one alert stay in order, and an end follows what it ends.
fn in_order(got: &[(String, u64, Cause)], seed: u64) {
    let mut open: BTreeMap<&str, u64> = BTreeMap::new();
    for (id, seq, cause) in got {
        let last = open.insert(id, *seq);
        assert!(last.is_none_or(|last| last <= *seq), "seed {seed}: {id} went back");
        if *cause == Cause::Resolved {
            assert!(last.is_some(), "seed {seed}: the end of {id}, which nobody was told of");
            open.remove(id.as_str());
        }
    }
}
