//! The bank, its customers and everybody else, second by second.

use std::collections::{BTreeMap, VecDeque};

use super::line::{Shape, tid};
use super::people::{OWN, People, Person};
use super::rhythm::{Rhythm, ZONE};
use super::script::{Stage, outage};
use super::texts::{self, Subject};
use crate::bilingual::Lang;
use crate::post::{Kind, Lines, Post, PostBuf, Reference};
use crate::prng::Prng;
use crate::time::{SECOND, Timestamp};

/// Posts a minute, by subject, in an hour of mean rhythm.
const FLOWS: [(Subject, f64); 10] = [
    (Subject::Chatter, 240.0),
    (Subject::App, 12.0),
    (Subject::Fraud, 1.5),
    (Subject::Card, 4.0),
    (Subject::Fees, 2.5),
    (Subject::Branch, 3.0),
    (Subject::Service, 4.0),
    (Subject::Rival, 9.0),
    (Subject::Spam, 6.0),
    (Subject::News, 0.3),
];
/// Accounts in the world.
const CROWD: usize = 4_000;
/// Posts that can still be repeated, copied or deleted.
const RECENT: usize = 400;

// What happens to how many of the posts.
/// Posts that make somebody repeat an older one.
const REPOSTS: f64 = 0.12;
/// Complaints of an outage that tell what is wrong this time.
const OUTAGE_WORDS: f64 = 0.6;
/// Posts that say nearly the same as one before.
const COPIES: f64 = 0.04;
/// Posts that are deleted later.
const DELETES: f64 = 0.012;
/// Posts that are edited later, of those not deleted.
const UPDATES: f64 = 0.01;
/// Posts that arrive twice.
const DUPLICATES: f64 = 0.015;
/// Posts that arrive some seconds late.
const LATE: f64 = 0.06;
/// Posts about the bank that it answers: those that name an account of its, and those that it finds.
const ANSWERS: [f64; 2] = [0.85, 0.01];
/// Answers of the bank that the customer answers, and customers who are not content that it answers again.
const FOLLOW_UPS: f64 = 0.5;
const AGAIN: f64 = 0.7;
/// Seconds that an answer takes: every length from one to the other is as likely as its double. During an outage the bank hurries.
const WAIT: [f64; 2] = [180.0, 10_800.0];
const HURRY: [f64; 2] = [20.0, 70.0];

/// A post that others may still copy or repeat.
struct Written {
    post: PostBuf,
    subject: Subject,
    lang: Lang,
}

/// The world; ask it for one second after another.
pub struct World {
    start: Timestamp,
    rhythm: Rhythm,
    people: People,
    prng: Prng,
    recent: VecDeque<Written>,
    /// Lines by the moment they arrive; the number keeps equal moments in order.
    pending: BTreeMap<(Timestamp, u64), Vec<u8>>,
    serial: u64,
}

impl World {
    /// The world with this seed, beginning at `start`.
    pub fn new(seed: u64, start: Timestamp) -> World {
        let prng = Prng::new(seed);
        World {
            start,
            rhythm: Rhythm::new(ZONE),
            people: People::new(&mut prng.fork("people"), CROWD),
            prng: prng.fork("posts"),
            recent: VecDeque::with_capacity(RECENT),
            pending: BTreeMap::new(),
            serial: 0,
        }
    }

    /// What goes on at `at`.
    pub fn stage(&self, at: Timestamp) -> Stage {
        outage(self.start, at).stage
    }

    /// How many posts a minute about `subject` are written at `at`, on average.
    pub fn rate(&mut self, subject: Subject, at: Timestamp) -> f64 {
        let base = FLOWS.iter().find(|(s, _)| *s == subject).map_or(0.0, |(_, r)| *r);
        let factor = if subject == Subject::App { outage(self.start, at).factor } else { 1.0 };
        base * factor * self.rhythm.at(at)
    }

    /// Appends what arrives in the second that starts at `t`, as lines in the native form, in order
    /// of arrival. Seconds are asked for one after another.
    pub fn second(&mut self, t: Timestamp, out: &mut Vec<u8>) {
        for (subject, _) in FLOWS {
            let mean = self.rate(subject, t) / 60.0;
            for _ in 0..self.prng.count(mean) {
                let at = self.within(t);
                self.originate(subject, at);
            }
        }
        while let Some(entry) = self.pending.first_entry() {
            if entry.key().0 >= t.plus(SECOND) {
                break;
            }
            out.extend_from_slice(&entry.remove());
        }
    }

    /// An instant within the second that starts at `t`.
    fn within(&mut self, t: Timestamp) -> Timestamp {
        t.plus(self.prng.below(SECOND as u64) as i64)
    }

    /// An instant `from` to `to` seconds after `at`.
    fn later(&mut self, at: Timestamp, from: i64, to: i64) -> Timestamp {
        at.plus(from * SECOND + self.prng.below(((to - from) * SECOND) as u64) as i64)
    }

    /// Somebody writes a post, new or copied, and others react.
    fn originate(&mut self, subject: Subject, at: Timestamp) {
        let author = self.author(subject);
        let copied = self.prng.chance(COPIES).then(|| self.copied(subject, author.lang)).flatten();
        let text = copied.unwrap_or_else(|| self.text(subject, at, author.lang));
        let text = texts::typed(&mut self.prng, text, author.habits);
        let id = self.publish(&author, subject, at, &text, Reference::default());
        self.react(&author, subject, at, (&id, &text));
    }

    /// What somebody writes about `subject` at `at`: in an outage many say what is wrong this time.
    fn text(&mut self, subject: Subject, at: Timestamp, lang: Lang) -> String {
        let outage = subject == Subject::App && self.stage(at) != Stage::Quiet && self.prng.chance(OUTAGE_WORDS);
        texts::write(&mut self.prng, if outage { Subject::Outage } else { subject }, lang)
    }

    fn author(&mut self, subject: Subject) -> Person {
        let lang = if self.prng.chance(0.5) { Lang::Es } else { Lang::En };
        match subject {
            Subject::Spam => self.people.spammer(&mut self.prng).clone(),
            Subject::News => self.people.own(lang, false).clone(),
            Subject::Chatter => self.people.anybody(&mut self.prng).clone(),
            _ => self.people.customer(&mut self.prng),
        }
    }

    /// The text of a recent post about the same, for somebody to pass on as their own.
    fn copied(&mut self, subject: Subject, lang: Lang) -> Option<String> {
        let alike: Vec<&Written> = self.recent.iter().filter(|w| w.subject == subject && w.lang == lang).collect();
        let text = self.prng.choose(&alike)?.post.get().text;
        let tail = self.prng.pick(&[" 😡", "!!!", " RT", " 👇", " #copia", "…"]);
        Some(format!("{text}{tail}"))
    }

    /// Schedules a post as it is written, arriving now or some seconds late, perhaps twice.
    fn publish(&mut self, author: &Person, subject: Subject, at: Timestamp, text: &str, answered: Reference<'_>) -> String {
        self.serial += 1;
        let id = format!("{}{:03}", tid(at), self.serial % 1000);
        let url = url(author, &id);
        let link = text.split(' ').find(|w| w.starts_with("https://")).unwrap_or_default();
        let post = Post {
            id: &id,
            network: author.network,
            at,
            text,
            lang: author.lang.pick("es", "en"),
            url: &url,
            author: author.author(),
            in_reply_to: answered,
            links: Lines(link),
            ..Post::default()
        };
        let late = self.prng.chance(LATE);
        let arrival = if late { self.later(at, 2, 9) } else { at };
        self.schedule(&post, arrival);
        if self.prng.chance(DUPLICATES) {
            let again = self.later(arrival, 1, 20);
            self.schedule(&post, again);
        }
        // An answer is written ahead of its time: nobody can repeat it yet.
        if !answered.is_some() {
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(Written { post: PostBuf::new(&post), subject, lang: author.lang });
        }
        id
    }

    fn schedule(&mut self, post: &Post<'_>, arrival: Timestamp) {
        let mut line = Vec::with_capacity(512);
        Shape::Escucha.write(post, arrival, &mut line);
        self.serial += 1;
        self.pending.insert((arrival, self.serial), line);
    }

    /// What follows a post: a repost of an older one, an edit, a delete, the bank's answer.
    fn react(&mut self, author: &Person, subject: Subject, at: Timestamp, (id, text): (&str, &str)) {
        if self.prng.chance(REPOSTS) {
            self.repost(at);
        }
        let this = Post { id, network: author.network, at, author: author.author(), ..Post::default() };
        if self.prng.chance(DELETES) {
            let when = self.later(at, 5, 120);
            self.schedule(&Post { kind: Kind::Delete, at: when, ..this }, when);
        } else if self.prng.chance(UPDATES) {
            let when = self.later(at, 5, 60);
            let new = texts::write(&mut self.prng, subject, author.lang);
            let lang = author.lang.pick("es", "en");
            self.schedule(&Post { kind: Kind::Update, text: &new, lang, ..this }, when);
        }
        self.answer(author, subject, at, (id, text));
    }

    /// Somebody repeats a recent post of the same network.
    fn repost(&mut self, at: Timestamp) {
        let who = self.people.anybody(&mut self.prng).clone();
        let picks: [usize; 8] = std::array::from_fn(|_| self.prng.index(self.recent.len()));
        let mut picked = picks.into_iter().filter_map(|i| self.recent.get(i));
        let Some(written) = picked.find(|w| w.post.get().network == who.network) else { return };
        let original = written.post.clone();
        let o = original.get();
        let at = self.later(at, 0, 30);
        self.serial += 1;
        let id = format!("{}{:03}", tid(at), self.serial % 1000);
        let repost_of = Reference { id: o.id, author: o.author.handle, author_id: o.author.id };
        let url = url(&who, &id);
        let post = Post { id: &id, at, url: &url, author: who.author(), repost_of, in_reply_to: Reference::default(), ..o };
        self.schedule(&post, at);
    }

    /// The bank answers some posts after a while, during an outage more of them and faster.
    fn answer(&mut self, author: &Person, subject: Subject, at: Timestamp, post: (&str, &str)) {
        if matches!(subject, Subject::Chatter | Subject::Rival | Subject::Spam | Subject::News) {
            return;
        }
        let (id, text) = post;
        let stage = self.stage(at);
        let busy = matches!(stage, Stage::Answers | Stage::Recovery) && subject == Subject::App;
        let names = OWN.iter().any(|(handle, ..)| text.contains(&format!("@{handle}")));
        let share = ANSWERS[usize::from(!names)]
            * match stage {
                _ if busy => 1.1,
                Stage::Complaints | Stage::Spike => 0.2,
                _ => 1.0,
            };
        if !self.prng.chance(share) {
            return;
        }
        let (wait, subject) = if busy { (HURRY, Subject::OutageAnswer) } else { (WAIT, Subject::Answer) };
        let when = self.after(at, wait);
        let answer = self.say(author, subject, when, id);
        if self.prng.chance(FOLLOW_UPS) {
            self.follow_up(author, when, &answer);
        }
    }

    /// The customer answers the bank's post `answered`: thanks, or is not content, and may be answered once more.
    fn follow_up(&mut self, author: &Person, at: Timestamp, answered: &str) {
        let when = self.after(at, WAIT);
        let own = self.people.own(author.lang, true).clone();
        let content = self.prng.chance(0.5);
        let text = texts::write(&mut self.prng, if content { Subject::Thanks } else { Subject::Insists }, author.lang);
        let text = format!("@{} {text}", own.handle);
        let reference = Reference { id: answered, author: &own.handle, author_id: &own.id };
        let id = self.publish(author, Subject::Service, when, &text, reference);
        if !content && self.prng.chance(AGAIN) {
            let when = self.after(when, WAIT);
            self.say(author, Subject::Answer, when, &id);
        }
    }

    /// The bank answers the post `id` of `author`.
    fn say(&mut self, author: &Person, subject: Subject, at: Timestamp, id: &str) -> String {
        let own = Person { network: author.network, ..self.people.own(author.lang, true).clone() };
        let text = texts::write(&mut self.prng, subject, author.lang);
        let text = format!("@{} {text}", author.handle);
        self.publish(&own, subject, at, &text, Reference { id, author: &author.handle, author_id: &author.id })
    }

    /// An instant `wait` after `at`.
    fn after(&mut self, at: Timestamp, [from, to]: [f64; 2]) -> Timestamp {
        at.plus((from * (to / from).powf(self.prng.unit()) * SECOND as f64) as i64)
    }
}

/// Where a person could read the post.
fn url(author: &Person, id: &str) -> String {
    format!("https://{}.example/{}/{id}", author.network, author.handle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE;
    use serde_json::Value;

    /// Tuesday 2026-07-07, 19:00 in Mexico City.
    fn start() -> Timestamp {
        Timestamp("2026-07-08T01:00:00Z".parse::<jiff::Timestamp>().expect("a time").as_microsecond())
    }

    fn run(seed: u64, minutes: i64) -> Vec<u8> {
        let mut world = World::new(seed, start());
        let mut out = Vec::new();
        for s in 0..minutes * 60 {
            world.second(start().plus(s * SECOND), &mut out);
        }
        out
    }

    #[test]
    fn a_seed_is_a_world() {
        let (a, b) = (run(1, 3), run(1, 3));
        assert_eq!(a, b);
        assert_ne!(a, run(2, 3));
        // An intended change of the world changes this number; nothing else may.
        assert_eq!(xxhash_rust::xxh3::xxh3_64(&a), 17090217667493616470, "lines: {}", a.iter().filter(|c| **c == b'\n').count());
    }

    #[test]
    fn shares_are_as_promised() {
        let bytes = run(3, 30);
        let posts: Vec<Value> =
            bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).expect("JSON")).collect();
        let n = posts.len() as f64;
        let share = |f: &dyn Fn(&Value) -> bool| posts.iter().filter(|p| f(p)).count() as f64 / n;
        let kind = |k: &'static str| move |p: &Value| p["kind"] == k;
        let text = |p: &Value| p["text"].as_str().unwrap_or_default().to_string();
        let mut ids = std::collections::BTreeSet::new();
        let creates = share(&|p| p.get("kind").is_none());
        let fresh = posts.iter().filter(|p| p.get("kind").is_none() && ids.insert(p["id"].to_string())).count() as f64 / n;
        let table = [
            ("reposts", share(&|p| p.get("repost_of").is_some()), 0.07, 0.13),
            ("deletes", share(&kind("delete")), 0.005, 0.018),
            ("updates", share(&kind("update")), 0.004, 0.015),
            ("duplicates", creates - fresh, 0.008, 0.02),
            ("spam", share(&|p| text(p).contains("gana-ya.example")), 0.01, 0.04),
            ("answers", share(&|p| p.get("in_reply_to").is_some()), 0.0005, 0.03),
            ("non-ASCII", share(&|p| !text(p).is_ascii()), 0.55, 0.75),
            ("Spanish", share(&|p| p["lang"] == "es"), 0.5, 0.72),
        ];
        for (what, got, low, high) in table {
            assert!((low..high).contains(&got), "{what}: {got}");
        }
        let times: Vec<&str> = posts.iter().filter_map(|p| p["created_at"].as_str()).collect();
        assert!(times.windows(2).any(|w| w[0] > w[1]), "some arrive out of order");
    }

    #[test]
    fn complaints_follow_the_rhythm_and_the_script() {
        let mut world = World::new(1, start());
        let usual = world.rate(Subject::App, start());
        assert_eq!(world.rate(Subject::App, start().plus(2 * MINUTE)), 3.0 * usual);
        assert_eq!(world.rate(Subject::App, start().plus(4 * MINUTE)), 8.0 * usual);
        assert_eq!(world.rate(Subject::Fees, start().plus(4 * MINUTE)), world.rate(Subject::Fees, start()));
        let night = world.rate(Subject::App, start().plus(9 * 60 * MINUTE));
        assert!(night < usual / 2.0, "{night} {usual}");
        // What is written follows the rate: complaints of the spike against those of the first two minutes.
        let text = String::from_utf8(run(5, 6)).expect("UTF-8");
        let app = |from: &str, to: &str| {
            text.lines().filter(|l| l.contains(" app") && l.split("created_at\":\"").nth(1).is_some_and(|t| t > from && t < to)).count()
        };
        let (quiet, spike) = (app("2026-07-08T01:00", "2026-07-08T01:02"), app("2026-07-08T01:04", "2026-07-08T01:06"));
        assert!(spike > 4 * quiet, "{spike} {quiet}");
    }
}
