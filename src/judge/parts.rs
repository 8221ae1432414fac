//! Several topics of one brand that are unusual together are one crisis: one alert, to whose parts each
//! of them belongs. It goes on until all are as usual again.

use std::collections::BTreeMap;

use super::alerts::{Alerts, Kept};
use super::{Judge, Watch, words};
use crate::alert::{Alert, Part, Reason, Status};
use crate::anomaly::Standing;
use crate::limits::ALERT_TOPICS;
use crate::time::Timestamp;
use crate::topic::{On, TopicId};

/// The topics of one alert.
#[derive(Debug, Default)]
pub struct Parts {
    /// The one that fired first, of which the alert tells the most.
    first: Option<TopicId>,
    all: BTreeMap<TopicId, Part>,
}

coded!(Parts { first, all });
coded!(Crises { latest, moved });

impl Parts {
    /// Those of an alert that begins with one topic.
    pub fn of(topic: TopicId, part: Part) -> Parts {
        Parts { first: Some(topic), all: BTreeMap::from([(topic, part)]) }
    }

    fn firing(&self) -> impl Iterator<Item = &Part> {
        self.all.values().filter(|part| part.status == Status::Firing)
    }

    /// Where the worst of them stands; of those that go on, if one does.
    fn standing(&self) -> Option<Standing> {
        let worst = |parts: &mut dyn Iterator<Item = &Part>| parts.filter_map(|p| p.standing).max_by_key(|s| (s.level, !s.recovering));
        worst(&mut self.firing()).or_else(|| worst(&mut self.all.values()))
    }
}

impl Kept {
    /// Makes the alert tell of all its parts; whether one of them goes on.
    fn compose(&mut self) -> bool {
        let mut shown: Vec<&Part> = self.parts.firing().take(ALERT_TOPICS).collect();
        shown.extend(self.parts.all.values().filter(|part| part.status == Status::Resolved).take(ALERT_TOPICS - shown.len()));
        self.alert.topics = shown.into_iter().cloned().collect();
        self.alert.standing = self.parts.standing();
        let firing: Vec<&str> = self.parts.firing().map(|part| part.topic.as_str()).collect();
        self.alert.reasons.retain(|reason| !matches!(reason.code, words::TOPICS | words::LEVEL));
        if self.parts.all.len() > 1 && !firing.is_empty() {
            self.alert.reasons.push(words::together(&firing));
        }
        self.alert.reasons.extend(self.alert.standing.map(words::level));
        !firing.is_empty()
    }
}

impl Alerts {
    /// What was told last of a topic's part in alert `number`.
    pub fn part(&self, number: u64, topic: TopicId) -> Option<&Part> {
        self.kept(number)?.parts.all.get(&topic)
    }

    /// A topic has this part in alert `number` from now on; when the alert began, if it began with
    /// this topic.
    pub fn set_part(&mut self, number: u64, topic: TopicId, part: Part) -> Option<Timestamp> {
        let kept = self.kept_mut(number)?;
        kept.parts.all.insert(topic, part);
        (kept.parts.first == Some(topic)).then_some(kept.alert.started_at)
    }
}

/// The alerts on what is unusual that other topics may join.
#[derive(Debug, Default)]
pub struct Crises {
    /// The latest alert by rule and brand.
    latest: BTreeMap<(String, String), u64>,
    /// Alerts of which is to be told, and why the topic that left last did so.
    moved: BTreeMap<u64, Option<Reason>>,
}

impl Crises {
    /// The alert that the topic of `watch` may join. One without a brand stays alone.
    pub fn of(&self, watch: &Watch) -> Option<u64> {
        let key = (watch.rule.name.clone(), watch.brand.clone());
        self.latest.get(&key).copied().filter(|_| !watch.brand.is_empty())
    }

    /// Topics of the brand of `watch` may join alert `number` from now on.
    pub fn begin(&mut self, watch: &Watch, number: u64) {
        self.latest.insert((watch.rule.name.clone(), watch.brand.clone()), number);
    }

    /// Those that go on.
    pub fn going(&self, alerts: &Alerts) -> Crises {
        let open = self.latest.iter().filter(|(_, number)| alerts.is_open(**number));
        Crises { latest: open.map(|(key, number)| (key.clone(), *number)).collect(), moved: self.moved.clone() }
    }

    /// There is to be told of alert `number`; `left` says why a topic is no longer part of it.
    pub fn moved(&mut self, number: u64, left: Option<Reason>) {
        let why = self.moved.entry(number).or_default();
        *why = left.or(why.take());
    }
}

impl Judge {
    /// Tells of the alerts on what is unusual that changed since the last time, each once however many
    /// of its topics did: it fires, goes on, or resolves with the last of its topics.
    pub fn tell_unusual(&mut self, now: Timestamp, out: &mut Vec<Alert>) {
        for (number, left) in std::mem::take(&mut self.crises.moved) {
            if !self.alerts.is_open(number) {
                continue;
            }
            self.alerts.observe(number, now, |_| ());
            let goes_on = self.alerts.kept_mut(number).is_some_and(Kept::compose);
            match left {
                Some(reason) if !goes_on => self.alerts.resolve(number, now, reason, out),
                _ => self.alerts.tell(number, out),
            }
        }
    }

    /// After a change of what is watched: topics that are watched no more, or are another brand's now,
    /// leave their crises.
    pub(super) fn drop_parts(&mut self, now: Timestamp, out: &mut Vec<Alert>) {
        let mut holders: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (i, watch) in self.watches.iter().enumerate().filter(|(_, w)| matches!(w.rule.on, On::Unusual(_))) {
            if let Some(firing) = watch.firing {
                holders.entry(firing.alert).or_default().push(i);
            }
        }
        self.crises.latest.clear();
        for (number, holders) in holders {
            self.drop_parts_of(number, &holders);
        }
        self.tell_unusual(now, out);
    }

    fn drop_parts_of(&mut self, number: u64, holders: &[usize]) {
        let Some(kept) = self.alerts.kept_mut(number) else { return };
        // The brand is that of the topic that fired first, or else of the first that is left.
        let first = holders.iter().filter_map(|i| self.watches.get(*i)).find(|w| Some(w.topic) == kept.parts.first);
        let Some(leader) = first.or_else(|| self.watches.get(*holders.first()?)) else { return };
        let (brand, topic) = (leader.brand.clone(), leader.topic);
        self.crises.begin(leader, number);
        let mut held = Vec::new();
        for i in holders {
            let Some(watch) = self.watches.get_mut(*i) else { continue };
            if watch.topic == topic || (watch.brand == brand && !brand.is_empty()) {
                held.push(watch.topic);
            } else {
                watch.firing = None;
            }
        }
        let gone = kept.parts.all.iter_mut().filter(|(id, part)| part.status == Status::Firing && !held.contains(id));
        let gone = gone.map(|(_, part)| part.status = Status::Resolved).count();
        kept.alert.brand = brand;
        if gone > 0 {
            self.crises.moved(number, Some(words::rule_removed()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Closed, Evidence, Moment};
    use super::*;
    use crate::anomaly::{BUCKET, Direction, Finding, Kernel, Level, Settings};
    use crate::score::Score;
    use crate::time::{HOUR, Zone};
    use crate::topic::{Brand, Listening, Rule, Topic};

    /// A topic and its brand.
    type Named = (&'static str, Option<usize>);

    /// Topics a and b of one brand, c of another, d of none.
    const TOPICS: [Named; 4] = [("a", Some(0)), ("b", Some(0)), ("c", Some(1)), ("d", None)];

    fn listening(topics: &[Named], watched: &[u32]) -> Listening {
        let topic = |(name, brand): &Named| Topic {
            id: TopicId(u32::from(name.as_bytes()[0] - b'a')),
            name: (*name).into(),
            brand: *brand,
            weight: Score::default(),
            zone: Zone::utc(),
            calendar: Default::default(),
            labels: Default::default(),
            queries: Vec::new(),
        };
        let brand = |name: &str| Brand { name: name.into(), ..Brand::default() };
        let rule = Rule {
            name: "r".into(),
            on: On::Unusual(Settings::new(Direction::Spike)),
            topics: watched.iter().map(|i| TopicId(*i)).collect(),
            severity: Default::default(),
            resolve_after: HOUR,
        };
        Listening {
            topics: topics.iter().map(topic).collect(),
            brands: vec![brand("Banco"), brand("Caja")],
            rules: vec![rule],
            ..Listening::default()
        }
    }

    /// A judge, bucket after bucket.
    struct World {
        judge: Judge,
        bucket: i64,
        quiet: BTreeMap<u32, u32>,
        out: Vec<Alert>,
    }

    impl World {
        fn new() -> World {
            let mut world = World { judge: Judge::default(), bucket: 0, quiet: BTreeMap::new(), out: Vec::new() };
            world.adopt(&TOPICS, &[0, 1, 2, 3]);
            world
        }

        fn adopt(&mut self, topics: &[Named], watched: &[u32]) {
            self.judge.adopt(&listening(topics, watched), self.now(), &mut self.out);
        }

        fn now(&self) -> Timestamp {
            Timestamp(self.bucket * BUCKET)
        }

        /// One bucket, a letter for each topic: `!` fires, `+` is over the bar, `~` is near it, `.` is as usual.
        fn close(&mut self, word: &str) {
            for (topic, letter) in (0..).zip(word.chars()) {
                let (ratio, level) = match letter {
                    '!' => (2.0, Level::Alert),
                    '+' => (1.2, Level::Watch),
                    '~' => (0.6, Level::Watch),
                    _ => (0.0, Level::Watch),
                };
                let quiet = self.quiet.entry(topic).or_insert(9);
                *quiet = if ratio > 0.0 { 0 } else { *quiet + 1 };
                let finding = Finding {
                    kernel: Kernel::Hour,
                    observed: 100.0 + self.bucket as f64,
                    expected: 10.0,
                    range: (2.0, 20.0),
                    surprise: ratio * 3.2,
                    bar: 3.2,
                    rank: 0,
                    peaks: 0,
                    quiet: *quiet,
                    learning: false,
                    ready: true,
                    fires: letter == '!',
                    again: false,
                };
                let closed = Closed { bucket: self.bucket, finding: &finding, standing: Standing { level, recovering: false } };
                let when = Moment { now: Timestamp((self.bucket + 1) * BUCKET), delayed: false };
                for watch in self.judge.watches(TopicId(topic)) {
                    self.judge.close(watch, closed, when, |_| Evidence::default(), &mut self.out);
                }
            }
            self.bucket += 1;
            self.judge.tell_unusual(self.now(), &mut self.out);
        }

        /// What was told, one word each: `+` fires, `-` resolves; the topic it began with; all topics with
        /// their levels, those that are as usual again in parentheses; its own level.
        fn told(&mut self) -> String {
            let part = |part: &Part| {
                let word = format!("{}{}", part.topic, part.standing.map_or(0, |s| s.level.number()));
                if part.status == Status::Firing { word } else { format!("({word})") }
            };
            let one = |alert: Alert| {
                let sign = if alert.status == Status::Firing { '+' } else { '-' };
                let parts: Vec<String> = alert.topics.iter().map(part).collect();
                let level = alert.standing.map_or(0, |s| s.level.number());
                format!("{sign}{}[{}]{level}", alert.id.split('/').nth(1).unwrap_or_default(), parts.join(","))
            };
            self.out.drain(..).map(one).collect::<Vec<_>>().join(" ")
        }
    }

    #[test]
    fn topics_of_one_brand_are_one_crisis() {
        let table = [
            ("alone", "!... .... .... ....", "+a[a2]2 | +a[a1]1 |  | -a[(a1)]1"),
            ("two in the same bucket are told once", "!!.. .... .... ....", "+a[a2,b2]2 | +a[a1,b1]1 |  | -a[(a1),(b1)]1"),
            ("one after the other", "!... +!.. ++..", "+a[a2]2 | +a[a1,b2]2 | +a[a1,b1]1"),
            (
                "the first is quiet before the second",
                "!!.. .+.. .+.. .+.. .... .... ....",
                "+a[a2,b2]2 | +a[a1,b1]1 | +a[a1,b1]1 | +a[b1,(a1)]1 |  |  | -a[(a1),(b1)]1",
            ),
            (
                "it comes back while the other goes on",
                "!!.. .+.. .+.. .+.. ++..",
                "+a[a2,b2]2 | +a[a1,b1]1 | +a[a1,b1]1 | +a[b1,(a1)]1 | +a[a1,b1]1",
            ),
            ("over the bar is enough to join, not to fire", ".+.. !+..", " | +a[a2,b1]2"),
            ("near the bar joins nothing", "!~..", "+a[a2]2"),
            ("what was over is a new crisis", "!... .... .... .... .!..", "+a[a2]2 | +a[a1]1 |  | -a[(a1)]1 | +b[b2]2"),
            ("it is handed over in the very bucket", "!... .... .... .!..", "+a[a2]2 | +a[a1]1 |  | +a[b2,(a1)]2"),
            ("another brand, and no brand, stay alone", "!!!!", "+a[a2,b2]2 +c[c2]2 +d[d2]2"),
        ];
        for (name, buckets, want) in table {
            let mut world = World::new();
            let told: Vec<String> = buckets.split(' ').map(|word| (world.close(word), world.told()).1).collect();
            assert_eq!(told.join(" | "), want, "{name}");
        }
    }

    #[test]
    fn an_alert_names_its_topics_and_says_that_one_is_left() {
        let mut world = World::new();
        world.close("!!..");
        let codes = |alert: &Alert| alert.reasons.iter().map(|r| r.code).collect::<Vec<_>>();
        let alert = world.out.pop().unwrap();
        assert_eq!(codes(&alert), ["volume", "spike", "rank", "topics", "level"]);
        let words = &alert.reasons[3].text;
        assert_eq!((words.es.as_str(), words.en.as_str()), ("2 temas de la marca a la vez: a, b", "2 topics of the brand at once: a, b"));
        (0..3).for_each(|_| world.close(".+.."));
        let alert = world.out.pop().unwrap();
        assert_eq!(codes(&alert), ["usual", "topics", "level"]);
        assert_eq!((alert.topic.as_str(), alert.reasons[1].text.en.as_str()), ("a", "b goes on"));
        assert_eq!(alert.firing_topics().collect::<Vec<_>>(), ["b"]);
        assert!(alert.is_about("a") && alert.is_about("b") && !alert.is_about("c"));
    }

    #[test]
    fn a_reload_takes_topics_out_and_leaves_the_rest() {
        let (ab, caja) = (&[0, 1][..], [("a", Some(0)), ("b", Some(1)), ("c", Some(1))]);
        let table: [(&str, &[Named], &[u32], &str); 7] = [
            ("nothing changes", &TOPICS, ab, ""),
            ("the second is watched no more", &TOPICS, &[0], "+a[a2,(b2)]2"),
            ("the first is watched no more", &TOPICS, &[1], "+a[b2,(a2)]2"),
            ("the first is gone", &TOPICS[1..], ab, "+a[b2,(a2)]2"),
            ("both are gone", &TOPICS[2..], ab, "-a[a2,b2]2"),
            ("the second is another brand's", &caja, ab, "+a[a2,(b2)]2"),
            ("both are another brand's", &[("a", Some(1)), ("b", Some(1))], ab, ""),
        ];
        for (name, topics, watched, want) in table {
            let mut world = World::new();
            world.close("!!..");
            world.told();
            world.adopt(topics, watched);
            assert_eq!(world.told(), want, "{name}");
            // Whatever is left resolves when it is quiet, once.
            (0..4).for_each(|_| world.close("...."));
            let told = world.told();
            assert_eq!(told.matches('-').count(), usize::from(!want.starts_with('-')), "{name}: {told}");
            assert!(world.judge.alerts().all(|a| a.status == Status::Resolved), "{name}");
        }
    }

    #[test]
    fn of_many_topics_those_that_go_on_are_listed() {
        let mut kept = Kept::new(World::new().first());
        for i in 0..2 * ALERT_TOPICS as u32 {
            let status = if i % 4 == 0 { Status::Firing } else { Status::Resolved };
            kept.parts.all.insert(TopicId(i), Part { topic: i.to_string(), status, observed: 1, expected: 1.0, standing: None });
        }
        assert!(kept.compose());
        assert_eq!(kept.alert.topics.len(), ALERT_TOPICS);
        assert_eq!(kept.alert.topics.iter().filter(|p| p.status == Status::Firing).count(), ALERT_TOPICS / 2);
    }

    impl World {
        fn first(mut self) -> Alert {
            self.close("!...");
            self.out.remove(0)
        }
    }
}
