//! What the tally says, on its way out: to the feed for readers, to the meters for operators.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram};

use super::diary::Diary;
use super::engine::{Acted, Answer, Beat, Done, Forgotten, Sink};
use crate::alert::{Alert, Status};
use crate::feed::Feed;
use crate::http::Pulse;
use crate::incident::{Change, Why};
use crate::incidents::Erased;
use crate::reason::Skipped;
use crate::store::{Job, Moved};
use crate::tally::{BrandStanding, Event, Tally};
use crate::telemetry::{self, SourceMeter, TopicMeter};
use crate::time::{Clock, SECOND, Timestamp};
use crate::topic::{Listening, TopicId};
use crate::window::Window;

/// Publishes events and keeps the metrics.
pub struct Publisher {
    feed: Arc<Feed>,
    /// Where alerts become durable before they are shown, with all that led to them.
    diary: Option<Diary>,
    clock: Arc<dyn Clock>,
    sources: Vec<SourceMeter>,
    /// Time of the newest post of every source.
    newest: Vec<Timestamp>,
    topics: HashMap<TopicId, TopicMeter>,
    brands: BrandMeters,
    pulse: Arc<Pulse>,
    /// The version of what is listened for whose counters of alerts exist.
    version: Option<u64>,
    /// Ids of the alerts that are firing, to count each once.
    firing: HashSet<String>,
    /// Brands of ours.
    own: HashSet<String>,
    first_answer: Histogram,
    post_to_alert: Histogram,
    post_to_published: Histogram,
}

impl Publisher {
    /// For the sources called `names`, by their numbers.
    pub fn new(feed: Arc<Feed>, names: &[String], clock: Arc<dyn Clock>) -> Publisher {
        Publisher {
            feed,
            diary: None,
            clock,
            sources: names.iter().map(|n| SourceMeter::new(n)).collect(),
            newest: vec![Timestamp::MIN; names.len()],
            topics: HashMap::new(),
            brands: BrandMeters::default(),
            pulse: Arc::default(),
            version: None,
            firing: HashSet::new(),
            own: HashSet::new(),
            first_answer: telemetry::first_answer(),
            post_to_alert: telemetry::post_to_alert(),
            post_to_published: telemetry::post_to_published(),
        }
    }

    /// Alerts go by way of the store; those called `firing` were counted by an earlier process.
    pub fn storing(self, diary: Option<Diary>, firing: impl IntoIterator<Item = String>) -> Publisher {
        Publisher { diary, firing: firing.into_iter().collect(), ..self }
    }

    /// Where every beat is noted.
    pub fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// Counters of what comes in, for the sources' ports.
    pub fn received(&self) -> Vec<Counter> {
        self.sources.iter().map(|s| s.received.clone()).collect()
    }

    fn measure(&mut self, event: &Event) {
        match event {
            Event::Alert(alert) => self.alert(alert),
            Event::Mention(mention) => {
                for topic in &mention.topics {
                    let meter = self.topics.entry(topic.id).or_insert_with(|| TopicMeter::new(&topic.name));
                    if topic.direct { &meter.direct } else { &meter.active }.increment(1);
                }
            }
            Event::Windows(windows) => {
                let meter = self.topics.entry(windows.id).or_insert_with(|| TopicMeter::new(&windows.name));
                for (window, tallied) in Window::ALL.into_iter().zip(&windows.windows) {
                    meter.window(window).set(tallied.mentions as f64);
                }
                meter.watched(windows.watched.as_ref());
                self.brands.tell(windows.id, windows.brand.as_ref());
            }
            Event::Forget(topic) => {
                // The recorder keeps the series; what it shows must not be the last count for ever.
                if let Some(mut meter) = self.topics.remove(topic) {
                    Window::ALL.into_iter().for_each(|w| meter.window(w).set(0.0));
                    meter.watched(None);
                }
                self.brands.tell(*topic, None);
            }
            Event::Shares(shares) => {
                for (brand, share) in &shares.shares {
                    // What is not known is no number, and never 0.
                    telemetry::share_of_voice(&shares.group, brand).set(share.unwrap_or(f64::NAN));
                }
            }
            Event::Incident(change) => self.answered(change),
            Event::Update(_) | Event::Delete(_) => {}
        }
    }

    /// Measures a first answer when it comes: it is then the last that happened.
    fn answered(&self, change: &Change) {
        let incident = &change.incident;
        let Some(answer) = &incident.first_answer else { return };
        if change.why == Why::Post && incident.our_posts == 1 && incident.last_activity == answer.at {
            self.first_answer.record(answer.took() as f64 / SECOND as f64);
        }
    }

    /// Learns what is listened for: makes the counters of all rules exist, so that the first alert of each is a step from 0 and
    /// not from nothing, and whose matters are ours.
    pub fn adopt(&mut self, listening: &Listening) {
        if self.version.replace(listening.version) == Some(listening.version) {
            return;
        }
        self.own = listening.brands.iter().filter(|b| b.own).map(|b| b.name.clone()).collect();
        let rules = listening.rules.iter().map(|r| (&r.name, r.severity));
        let rules = rules.chain(listening.source_rules.iter().map(|r| (&r.name, r.severity)));
        for (rule, severity) in rules.chain(listening.sla_rules.iter().map(|r| (&r.name, r.severity))) {
            telemetry::alerts(rule, severity).absolute(0);
        }
    }

    fn alert(&mut self, alert: &Alert) {
        if alert.status == Status::Resolved {
            self.firing.remove(&alert.id);
        } else if self.firing.insert(alert.id.clone()) {
            telemetry::alerts(&alert.rule, alert.severity).increment(1);
        }
    }

    /// Whether anybody is told of `event`: the matters of competitors are compared, and queued nowhere.
    fn is_told(&self, event: &Event) -> bool {
        let Event::Incident(change) = event else { return true };
        self.own.contains(&*change.incident.brand)
    }

    /// Shows `events`, or has the store make them durable first; they came of a buffer that was taken at
    /// `taken`, or of a beat. Where there is a store, what came of `jobs` is durable with them or not at all.
    fn publish(&mut self, events: &mut Vec<Event>, taken: Option<Duration>, mut jobs: Vec<Job>) {
        events.retain(|event| self.is_told(event));
        for event in &*events {
            self.measure(event);
        }
        let Some(diary) = &self.diary else {
            let alerts = alerts(events);
            self.feed.publish_all(events.drain(..));
            if let Some(taken) = taken.filter(|_| alerts > 0) {
                self.post_to_published.record_many(self.since(taken), alerts);
            }
            return;
        };
        for event in &*events {
            jobs.push(match event {
                Event::Alert(alert) => {
                    let mut alert = alert.clone();
                    self.feed.stamp(&mut alert);
                    Job::Alert(alert, taken)
                }
                Event::Incident(change) => Job::Incident(Box::new(Moved::from(&**change))),
                Event::Delete(key) => Job::Gone(*key),
                Event::Update(mention) => Job::Edited(mention.key, mention.post.clone()),
                Event::Mention(_) | Event::Windows(_) | Event::Forget(_) | Event::Shares(_) => continue,
            });
        }
        diary.tell(Job::Together(jobs));
        self.feed.publish_all(events.drain(..).filter(|e| !matches!(e, Event::Alert(_) | Event::Incident(_))));
    }

    fn since(&self, taken: Duration) -> f64 {
        self.clock.monotonic().saturating_sub(taken).as_secs_f64()
    }
}

fn alerts(events: &[Event]) -> usize {
    events.iter().filter(|e| matches!(e, Event::Alert(_))).count()
}

/// Shows what the store hands back: what of it came of a buffer is as old then as `clock` says.
pub fn show(feed: &Feed, clock: &dyn Clock, seconds: &Histogram, jobs: Vec<Job>) {
    let taken: Vec<Duration> = jobs.iter().filter_map(|job| if let Job::Alert(_, taken) = job { *taken } else { None }).collect();
    feed.settle(jobs);
    let now = clock.monotonic();
    taken.iter().for_each(|taken| seconds.record(now.saturating_sub(*taken).as_secs_f64()));
}

/// The gauges of the brands, by the topics that tell of them.
#[derive(Default)]
struct BrandMeters {
    of_topic: HashMap<TopicId, String>,
    /// Topics that tell of the brand, and its gauge.
    gauges: HashMap<String, (usize, Gauge)>,
}

impl BrandMeters {
    /// Where the brand of `topic` stands; a brand that no topic tells of any more is at 0.
    fn tell(&mut self, topic: TopicId, brand: Option<&BrandStanding>) {
        if self.of_topic.get(&topic).map(String::as_str) != brand.map(|b| b.name.as_str()) {
            if let Some(old) = self.of_topic.remove(&topic) {
                self.leave(&old);
            }
            if let Some(brand) = brand {
                self.of_topic.insert(topic, brand.name.clone());
                self.gauges.entry(brand.name.clone()).or_insert_with(|| (0, telemetry::brand_crisis(&brand.name))).0 += 1;
            }
        }
        if let Some((brand, (_, gauge))) = brand.and_then(|b| Some((b, self.gauges.get(&b.name)?))) {
            gauge.set(f64::from(brand.standing.level.number()));
        }
    }

    fn leave(&mut self, brand: &str) {
        let Some((topics, gauge)) = self.gauges.get_mut(brand) else { return };
        *topics -= 1;
        if *topics == 0 {
            gauge.set(0.0);
            self.gauges.remove(brand);
        }
    }
}

impl Sink for Publisher {
    fn applied(&mut self, mut done: Done, events: &mut Vec<Event>) {
        let taken = done.buffer.taken;
        // Before anything else: the decision is what was just made.
        let decided = self.since(taken);
        let alerts = alerts(events);
        if alerts > 0 {
            self.post_to_alert.record_many(decided, alerts);
        }
        let answer = done.answer();
        let Done { buffer, outcome, applied } = &done;
        let meter = &self.sources[usize::from(buffer.source.0)];
        // A line can hold several items; the intake counted it as one.
        meter.received.increment(outcome.items.saturating_sub(buffer.lines));
        meter.decoded.increment(outcome.decoded);
        meter.unmatched.increment(outcome.unmatched);
        meter.matched.increment(applied.matched);
        meter.late.increment(applied.late);
        for (counter, n) in meter.refused.iter().zip(outcome.refused) {
            counter.increment(n);
        }
        for (counter, n) in meter.skipped.iter().zip(applied.skipped) {
            counter.increment(n);
        }
        meter.skipped[Skipped::NotAPost as usize].increment(outcome.not_posts);
        let newest = &mut self.newest[usize::from(buffer.source.0)];
        *newest = outcome.greatest.max(*newest);
        match &mut self.diary {
            Some(diary) => {
                let jobs = diary.done(done, answer);
                self.publish(events, Some(taken), jobs);
            }
            None => {
                self.publish(events, Some(taken), Vec::new());
                answer.into_iter().for_each(Answer::give);
            }
        }
    }

    fn ticked(&mut self, beat: Beat, events: &mut Vec<Event>) {
        self.pulse.beat(self.clock.monotonic());
        self.adopt(&beat.compiled.listening);
        // By the beat, so that it grows while a source is silent.
        for (meter, newest) in self.sources.iter().zip(&self.newest).filter(|(_, newest)| **newest > Timestamp::MIN) {
            meter.lag.set(beat.at.since(*newest) as f64 / 1e6);
        }
        let jobs = self.diary.as_mut().map(|diary| diary.beat(&beat)).unwrap_or_default();
        self.publish(events, None, jobs);
    }

    fn acted(&mut self, acted: Acted, events: &mut Vec<Event>) {
        match &mut self.diary {
            Some(diary) => {
                let jobs = diary.acted(acted);
                self.publish(events, None, jobs);
            }
            None => {
                self.publish(events, None, Vec::new());
                acted.tell();
            }
        }
    }

    fn erased(&mut self, forgotten: Forgotten, events: &mut Vec<Event>) {
        let Erased { posts, matters } = forgotten.outcome;
        tracing::warn!(posts, matters, "all that was known of a person is erased");
        let jobs = match &mut self.diary {
            Some(diary) => diary.erased(forgotten),
            None => {
                forgotten.tell();
                Vec::new()
            }
        };
        self.publish(events, None, jobs);
    }

    fn look(&mut self, tally: &Tally) {
        self.diary.iter_mut().for_each(|diary| diary.look(tally));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Severity;
    use crate::anomaly::{Level, Standing, Watched};
    use crate::incident::{Change, Incident};
    use crate::incidents::Incidents;
    use crate::intake::Buffer;
    use crate::lane::Compiled;
    use crate::post::{Author, Kind, Post};
    use crate::tally::{Applied, GroupShares, TopicWindows};
    use crate::text::Tokens;
    use crate::time::{ManualClock, SystemClock};
    use crate::topic::{Account, Brand, Role, SourceId};
    use crate::utterance::{Accounts, utterance};
    use crate::window::Tallied;

    #[test]
    fn what_is_shown_is_told_to_the_store_with_what_led_to_it_or_not_at_all() {
        let feed = Feed::new("e".into(), vec!["tcp".into()]);
        let (store, jobs) = crossbeam::channel::unbounded();
        let tally = crate::tally::Settings { lateness: 0, dedupe: 0, recent_bytes: 0, past: None, taken: Arc::default() };
        let setting = crate::journal::Setting { tally, sources: vec!["tcp".into()], compiled: Arc::default(), sets: Default::default() };
        let diary = Diary::new((store, Arc::default()), setting, Default::default(), Default::default());
        let publisher = Publisher::new(feed, &["tcp".to_owned()], Arc::new(SystemClock::new()));
        let mut publisher = publisher.storing(Some(diary), []);
        let alert = Alert::new("a", "r", "volume", crate::alert::Severity::Info, Timestamp(0));
        let mut events = vec![Event::Alert(Box::new(alert)), Event::Incident(Box::new(change()))];
        let rival = Change { incident: Arc::new(Incident { brand: "Otro".into(), ..(*change().incident).clone() }), ..change() };
        events.push(Event::Incident(Box::new(rival)));
        let ours = Listening { brands: bank().into(), ..Listening::default() };
        publisher.ticked(Beat { compiled: Arc::new(Compiled::new(ours)), ..beat(101) }, &mut events);
        assert_eq!(publisher.feed.head(), 0, "nothing is shown before it is durable");
        let told: Vec<Job> = jobs.try_iter().collect();
        let [Job::Item(_), Job::Together(together)] = &told[..] else { panic!("{told:?}") };
        let is_whole = matches!(&together[..], [Job::Names(_), Job::Item(_), Job::Item(_), Job::Alert(..), Job::Incident(_)]);
        assert!(is_whole, "a commit between them would lose what comes last at a kill: {together:?}");
    }

    fn bank() -> [Brand; 1] {
        let account = Account { id: String::new(), handle: "banco".into(), network: "x".into(), role: Some(Role::Service) };
        [Brand { name: "Banco".into(), own: true, accounts: vec![account], published: Vec::new(), ..Brand::default() }]
    }

    /// A matter is opened.
    fn change() -> Change {
        let brands = bank();
        let post =
            Post { id: "1", network: "x", text: "@banco hola", author: Author { handle: "ana", ..Author::default() }, ..Post::default() };
        let mut tokens = Tokens::default();
        tokens.read(post.text);
        let (mut incidents, mut changes) = (Incidents::default(), Vec::new());
        let said = utterance(&post, &tokens, &Accounts::new(&brands, 0..1), &brands, Vec::new(), 0);
        incidents.hear(Kind::Create, said, Timestamp(0));
        incidents.settle(Timestamp(0), &mut changes);
        changes.pop().expect("it names the bank")
    }

    fn beat(second: i64) -> Beat {
        Beat { at: Timestamp::from_seconds(second), compiled: Arc::default(), signs: Vec::new() }
    }

    #[test]
    fn gauges_follow_what_is_no_longer_heard() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let feed = Feed::new("e".into(), vec!["tcp".into()]);
            let mut publisher = Publisher::new(feed, &["tcp".to_owned()], Arc::new(SystemClock::new()));
            let tallied = Tallied { mentions: 7, ..Tallied::default() };
            let standing = Standing { level: Level::Crisis, recovering: true };
            let watched = Watched { expected: 12.5, surprise: 9.8, standing };
            let brand = Some(BrandStanding { name: "Banco".into(), standing });
            let windows = TopicWindows {
                id: TopicId(1),
                name: "fraude".into(),
                at: Timestamp(0),
                windows: [tallied; 5],
                watched: Some(watched),
                brand,
            };
            publisher.newest = vec![Timestamp::from_seconds(100)];
            publisher.ticked(beat(101), &mut vec![Event::Windows(Box::new(windows))]);
            let text = recorder.handle().render();
            assert!(text.contains("escucha_source_lag_seconds{source=\"tcp\"} 1\n"), "{text}");
            assert!(text.contains("escucha_topic_window_mentions{topic=\"fraude\",window=\"1h\"} 7\n"), "{text}");
            assert!(text.contains("escucha_topic_expected_mentions{topic=\"fraude\"} 12.5\n"), "{text}");
            assert!(text.contains("escucha_crisis_level{topic=\"fraude\"} 3\n"), "{text}");
            assert!(text.contains("escucha_brand_crisis_level{brand=\"Banco\"} 3\n"), "{text}");
            let share = |known| ("Banco".into(), known);
            let shares = |known| Event::Shares(Box::new(GroupShares { group: "sector".into(), shares: vec![share(known)] }));
            publisher.ticked(beat(101), &mut vec![shares(Some(0.25))]);
            let text = recorder.handle().render();
            assert!(text.contains("escucha_share_of_voice{group=\"sector\",brand=\"Banco\"} 0.25\n"), "{text}");
            publisher.ticked(beat(160), &mut vec![Event::Forget(TopicId(1)), shares(None)]);
            let text = recorder.handle().render();
            assert!(text.contains("escucha_source_lag_seconds{source=\"tcp\"} 60\n"), "{text}");
            assert!(text.contains("escucha_topic_window_mentions{topic=\"fraude\",window=\"1h\"} 0\n"), "{text}");
            assert!(text.contains("escucha_share_of_voice{group=\"sector\",brand=\"Banco\"} NaN\n"), "{text}");
            assert!(text.contains("escucha_brand_crisis_level{brand=\"Banco\"} 0\n"), "{text}");
            for gone in ["escucha_topic_expected_mentions", "escucha_topic_surprise", "escucha_crisis_level"] {
                assert!(text.contains(&format!("{gone}{{topic=\"fraude\"}} 0\n")), "{gone} {text}");
            }
        });
    }

    #[test]
    fn a_transition_is_timed_when_it_is_decided_and_when_it_can_be_read() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let (feed, clock) = (Feed::new("e".into(), vec!["tcp".into()]), Arc::new(ManualClock::default()));
            let mut publisher = Publisher::new(feed.clone(), &["tcp".to_owned()], clock.clone());
            let alert = |id: &str| Box::new(Alert::new(id, "r", "volume", Severity::Info, Timestamp(0)));
            let taken = Duration::from_secs(3);
            let buffer = Buffer {
                number: 0,
                source: SourceId(0),
                seen: Timestamp(0),
                taken,
                bytes: Vec::new(),
                lines: 0,
                compiled: Arc::default(),
                cursor: None,
                receipt: None,
                permit: None,
            };
            let mut publish = |events: Vec<Event>, second: i64, buffer: Option<Buffer>| {
                clock.set(Timestamp::from_seconds(second));
                match buffer {
                    Some(buffer) => {
                        let done = Done { buffer: Box::new(buffer), outcome: Box::default(), applied: Applied::default() };
                        publisher.applied(done, &mut { events });
                    }
                    None => publisher.ticked(beat(second), &mut { events }),
                }
            };
            let seconds = |metric: &str| {
                let text = recorder.handle().render();
                let of = |what: &str| {
                    text.lines().find_map(|l| l.strip_prefix(&format!("escucha_post_to_{metric}_seconds_{what} "))?.parse().ok())
                };
                (of("count").unwrap_or(0), of("sum").unwrap_or(0))
            };
            publish(vec![Event::Alert(alert("beat"))], 4, None);
            assert_eq!((seconds("alert"), seconds("published")), ((0, 0), (0, 0)), "no buffer waited for it");
            publish(vec![Event::Alert(alert("a")), Event::Alert(alert("b"))], 5, Some(buffer));
            assert_eq!((seconds("alert"), seconds("published")), ((2, 4), (2, 4)));
            // What a store hands back.
            clock.set(Timestamp::from_seconds(13));
            let jobs = vec![Job::Alert(alert("c"), Some(taken)), Job::Alert(alert("taken on"), None)];
            show(&feed, &*clock, &telemetry::post_to_published(), jobs);
            assert_eq!((seconds("alert"), seconds("published"), feed.head()), ((2, 4), (3, 14), 5));
        });
    }
}
