//! What routing knows, as rows that are kept: one for each alert, group and silence, written anew when
//! it changes, so that what a step costs does not grow with all that is known.
//!
//! A row names alerts' transitions by their numbers; their bodies are kept once, elsewhere. Targets are
//! named, for their numbers are those of the configuration, which may be another when the rows are read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::lane::{Key, Told};
use super::{Cause, Decision, Label, Matchers, Moment, Rank, Router, Settings, Silence, Tracked, What};
use crate::alert::{Alert, Gist};
use crate::codec::{self, Coded, Error, Reader};

/// One row: what it is of, its key, its bytes or that it is no more, and the transitions it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Of what.
    pub kind: &'static str,
    /// Unique among its kind.
    pub key: String,
    /// The row; `None` if there is none any more.
    pub body: Option<Vec<u8>>,
    /// Numbers of the transitions that must be kept with it.
    pub needs: Vec<u64>,
}

impl Row {
    /// There is none any more.
    pub fn gone(kind: &'static str, key: String) -> Row {
        Row { kind, key, body: None, needs: Vec::new() }
    }
}

/// Rows that were kept: bytes by kind and key.
pub type Rows = BTreeMap<(String, String), Vec<u8>>;

/// The rows of one kind, by key.
///
/// # Errors
/// If one of them is none.
pub fn rows<'a, T: Coded>(all: &'a Rows, kind: &'a str, seal: [u8; 4]) -> impl Iterator<Item = Result<(&'a str, T), Error>> {
    let of = all.range((kind.to_owned(), String::new())..).take_while(move |((k, _), _)| k == kind);
    of.map(move |((_, key), body)| Ok((key.as_str(), codec::opened(seal, VERSION, body)?)))
}

const VERSION: u16 = 1;
const ALERT: ([u8; 4], &str) = (*b"rALT", "alert");
const GROUP: ([u8; 4], &str) = (*b"rGRP", "group");
const SILENCE: ([u8; 4], &str) = (*b"rSIL", "silence");

/// One alert, but for the body of its transition while that may still be told.
struct Record {
    seq: u64,
    first: u64,
    over: Option<i64>,
    log: VecDeque<Decision>,
    lanes: Vec<Known>,
    /// What is left of it when nobody waits for it any more: none of its posts.
    rest: Option<Box<Alert>>,
}

/// What one target has to do with it.
struct Known {
    target: String,
    group: Option<(u64, Vec<String>)>,
    told: Option<Heard>,
}

/// As [`Told`], with numbers in the place of alerts.
struct Heard {
    rank: Rank,
    at: i64,
    acked: bool,
    last: Option<(u64, u32)>,
    open: Vec<u64>,
}

/// One group.
struct Look {
    plan: u64,
    target: String,
    route: u64,
    labels: Vec<String>,
    due: i64,
}

coded!(Record { seq, first, over, log, lanes, rest });
coded!(Known { target, group, told });
coded!(Heard { rank, at, acked, last, open });
coded!(Look { plan, target, route, labels, due });
coded!(Decision { at, seq, notifier, what });
coded!(Silence { id, matchers, author, reason, starts, ends });

impl Coded for Matchers {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Matchers, Error> {
        Coded::decode(from).map(Matchers)
    }
}

/// The place in a list of all.
fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().position(|other| other == one).map_or(u8::MAX, |at| at as u8)
}

impl Coded for Label {
    fn encode(&self, out: &mut Vec<u8>) {
        place(&Label::ALL, self).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Label, Error> {
        Label::ALL.get(usize::from(u8::decode(from)?)).copied().ok_or(Error::Field("label"))
    }
}

impl Coded for Cause {
    fn encode(&self, out: &mut Vec<u8>) {
        place(&Cause::ALL, self).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Cause, Error> {
        Cause::ALL.get(usize::from(u8::decode(from)?)).copied().ok_or(Error::Field("cause"))
    }
}

impl Coded for What {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut tag = |n: u8| out.push(n);
        match self {
            What::Came(status, severity) => {
                tag(0);
                (*status, *severity).encode(out);
            }
            What::Acknowledged(by) => {
                tag(1);
                by.encode(out);
            }
            What::Unrouted => tag(2),
            What::Grouped => tag(3),
            What::Silenced(id, author, reason) => {
                tag(4);
                [id, author, reason].into_iter().for_each(|text| text.encode(out));
            }
            What::Muted(name) => {
                tag(5);
                name.encode(out);
            }
            What::Inhibited(by) => {
                tag(6);
                by.encode(out);
            }
            What::Quiet => tag(7),
            What::Held => tag(8),
            What::Continues(of) => {
                tag(9);
                of.encode(out);
            }
            What::Continued(by) => {
                tag(10);
                by.encode(out);
            }
            What::Untold => tag(11),
            What::Sent(cause) => {
                tag(12);
                cause.encode(out);
            }
            What::Delivered(tries) => {
                tag(13);
                tries.encode(out);
            }
            What::Retried(why) => {
                tag(14);
                why.encode(out);
            }
            What::Dead(why) => {
                tag(15);
                why.encode(out);
            }
        }
    }

    fn decode(from: &mut Reader<'_>) -> Result<What, Error> {
        Ok(match u8::decode(from)? {
            0 => What::Came(Coded::decode(from)?, Coded::decode(from)?),
            1 => What::Acknowledged(Coded::decode(from)?),
            2 => What::Unrouted,
            3 => What::Grouped,
            4 => What::Silenced(Coded::decode(from)?, Coded::decode(from)?, Coded::decode(from)?),
            5 => What::Muted(Coded::decode(from)?),
            6 => What::Inhibited(Coded::decode(from)?),
            7 => What::Quiet,
            8 => What::Held,
            9 => What::Continues(Coded::decode(from)?),
            10 => What::Continued(Coded::decode(from)?),
            11 => What::Untold,
            12 => What::Sent(Coded::decode(from)?),
            13 => What::Delivered(Coded::decode(from)?),
            14 => What::Retried(Coded::decode(from)?),
            15 => What::Dead(Coded::decode(from)?),
            _ => return Err(Error::Field("decision")),
        })
    }
}

impl Settings {
    /// Changes when places and groups of alerts may be others.
    pub(super) fn plan(&self) -> u64 {
        xxh3_64(format!("{:?} {:?}", self.targets, self.routes).as_bytes())
    }
}

/// The key of a group's row.
fn key_of(target: &str, (route, labels): &Key) -> String {
    format!("{target}\n{route}\n{}", labels.join("\n"))
}

/// `alert` without what only those are told who wait for it.
fn rest(alert: &Alert) -> Alert {
    Alert {
        first_post: None,
        top_posts: Vec::new(),
        gist: Gist::default(),
        similar: Vec::new(),
        reasons: Vec::new(),
        networks: Vec::new(),
        ..alert.clone()
    }
}

impl Router {
    /// The rows of all that changed since the last call.
    pub fn changes(&mut self) -> Vec<Row> {
        let mut rows = Vec::new();
        for id in std::mem::take(&mut self.book.changed) {
            rows.push(self.row(id));
        }
        let plan = self.plan;
        for (target, lane) in self.book.settings.targets.iter().zip(&mut self.lanes) {
            for key in std::mem::take(&mut lane.changed) {
                let name = key_of(&target.name, &key);
                let look = lane.groups.get(&key).map(|group| Look {
                    plan,
                    target: target.name.to_string(),
                    route: key.0 as u64,
                    labels: key.1.clone(),
                    due: group.due,
                });
                let body = look.map(|look| codec::sealed(GROUP.0, VERSION, &look));
                rows.push(Row { kind: GROUP.1, key: name, body, needs: Vec::new() });
            }
        }
        rows.extend(std::mem::take(&mut self.book.stale).into_iter().map(|key| Row::gone(GROUP.1, key)));
        for id in std::mem::take(&mut self.book.changed_silences) {
            let body = self.book.silences.get(&id).map(|silence| codec::sealed(SILENCE.0, VERSION, silence));
            rows.push(Row { kind: SILENCE.1, key: id, body, needs: Vec::new() });
        }
        rows
    }

    /// Where nothing is kept, nobody asks what changed.
    pub fn unchanged(&mut self) -> Vec<Row> {
        self.book.changed.clear();
        self.book.changed_silences.clear();
        self.lanes.iter_mut().for_each(|lane| lane.changed.clear());
        Vec::new()
    }

    fn row(&self, id: String) -> Row {
        let Some(tracked) = self.book.alerts.get(&id) else { return Row::gone(ALERT.1, id) };
        let mut needs = vec![tracked.seq];
        let mut lanes = Vec::new();
        for (target, lane) in self.book.settings.targets.iter().zip(&self.lanes) {
            let group = lane.places.get(&id).map(|(route, labels)| (*route as u64, labels.clone()));
            let told = lane.told.get(&id).map(|told| {
                let Told { rank, at, acked, last, open } = told;
                let open: Vec<u64> = open.iter().map(|(_, seq)| *seq).collect();
                needs.extend(&open);
                Heard { rank: *rank, at: *at, acked: *acked, last: *last, open }
            });
            if group.is_some() || told.is_some() {
                lanes.push(Known { target: target.name.to_string(), group, told });
            }
        }
        let Tracked { alert, seq, first, over, lanes: _, log } = tracked;
        let rest = (lanes.is_empty() && !tracked.fires()).then(|| Box::new(rest(alert)));
        if rest.is_some() {
            needs.clear();
        }
        let record = Record { seq: *seq, first: *first, over: *over, log: log.clone(), lanes, rest };
        needs.sort_unstable();
        needs.dedup();
        Row { kind: ALERT.1, key: id, body: Some(codec::sealed(ALERT.0, VERSION, &record)), needs }
    }

    /// One that goes on with what was kept: `kept`, and the `bodies` of the transitions it needs. Waits go on by
    /// `now`, whose time since the start must not fall behind that of what was kept.
    ///
    /// # Errors
    /// If the rows are none of this.
    pub fn resume(settings: Settings, now: Moment, kept: &Rows, bodies: &BTreeMap<u64, Arc<Alert>>) -> Result<Router, Error> {
        let mut router = Router::new(settings, now);
        let mut looks: BTreeMap<(String, Key), i64> = BTreeMap::new();
        for row in rows::<Look>(kept, GROUP.1, GROUP.0) {
            let (name, look) = row?;
            if look.plan == router.plan {
                let route = usize::try_from(look.route).map_err(|_| Error::Field("route"))?;
                looks.insert((look.target, (route, look.labels)), look.due);
            } else {
                router.book.stale.insert(name.to_owned());
            }
        }
        for row in rows::<Silence>(kept, SILENCE.1, SILENCE.0) {
            let (id, silence) = row?;
            router.book.silences.insert(id.to_owned(), silence);
        }
        let mut placed: Vec<(u64, usize, String, Key)> = Vec::new();
        for row in rows::<Record>(kept, ALERT.1, ALERT.0) {
            let (id, record) = row?;
            router.know(id, record, bodies, &mut placed)?;
        }
        for (first, target, id, key) in placed {
            router.put(first, target, id, key, &looks, now);
        }
        router.catch_up_with_plan(now);
        Ok(router)
    }

    /// Takes an alert in as it was, and says in which groups it waited.
    fn know(
        &mut self,
        id: &str,
        record: Record,
        bodies: &BTreeMap<u64, Arc<Alert>>,
        placed: &mut Vec<(u64, usize, String, Key)>,
    ) -> Result<(), Error> {
        let body = |seq: u64| bodies.get(&seq).cloned().ok_or(Error::Field("transition"));
        let Record { seq, first, over, log, lanes, rest } = record;
        let alert = rest.map_or_else(|| body(seq), |rest| Ok(Arc::from(rest)))?;
        self.book.order.insert((first, id.to_owned()));
        self.book.alerts.insert(id.to_owned(), Tracked { alert, seq, first, over, lanes: 0, log });
        self.book.index(id, true);
        for Known { target, group, told } in lanes {
            // Who left the configuration is told nothing more.
            let Some(number) = self.book.settings.targets.iter().position(|t| *t.name == *target) else { continue };
            if let Some((route, labels)) = group {
                let route = usize::try_from(route).map_err(|_| Error::Field("route"))?;
                placed.push((first, number, id.to_owned(), (route, labels)));
            }
            if let (Some(heard), Some(lane)) = (told, self.lanes.get_mut(number)) {
                let Heard { rank, at, acked, last, open } = heard;
                let open = open.into_iter().map(|seq| Ok((body(seq)?, seq))).collect::<Result<_, Error>>()?;
                lane.told.insert(id.to_owned(), Told { rank, at, acked, last, open });
            }
        }
        Ok(())
    }

    /// Puts an alert into the group it was in; if that is none of this plan, into the one it belongs to now.
    fn put(&mut self, first: u64, target: usize, id: String, key: Key, looks: &BTreeMap<(String, Key), i64>, now: Moment) {
        let (Some(lane), Some(to)) = (self.lanes.get_mut(target), self.book.settings.targets.get(target)) else { return };
        if let Some(due) = looks.get(&(to.name.to_string(), key.clone())) {
            lane.join(key, *due, first, id, &mut self.book);
            return;
        }
        let Some(tracked) = self.book.alerts.get(&id) else { return };
        let key = match self.book.route(target, &tracked.alert) {
            Some(route) => (route, super::matchers::values(self.book.terms(route, target).0, &tracked.alert)),
            None if lane.told.contains_key(&id) => (super::ENDS, Vec::new()),
            None => return,
        };
        let due = lane.groups.get(&key).map_or_else(|| now.elapsed.saturating_add(self.book.terms(key.0, target).1.wait), |g| g.due);
        lane.join(key, due, first, id, &mut self.book);
    }

    /// Places what fires where the routes of now want it; with the routes of before it is there already.
    fn catch_up_with_plan(&mut self, now: Moment) {
        let firing: BTreeSet<(u64, String)> =
            self.book.alerts.iter().filter(|(_, t)| t.fires()).map(|(id, t)| (t.first, id.clone())).collect();
        for (_, id) in firing {
            for (number, lane) in self.lanes.iter_mut().enumerate() {
                lane.place(number, &id, &mut self.book, now);
            }
        }
    }
}
