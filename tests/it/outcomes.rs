//! Outcomes and sets of topics built by hand, for tests of the tally.

use std::sync::Arc;

use escucha::alert::Severity;
use escucha::fingerprint::fingerprint;
use escucha::lane::{Compiled, Hit, Outcome, Record};
use escucha::post::{Author, Kind, Post, Reference};
use escucha::score::{Addend, Score};
use escucha::tally::{Applied, Event, Settings, Tally};
use escucha::text::Tokens;
use escucha::time::{HOUR, Timestamp, Zone};
use escucha::topic::{Brand, Listening, On, Rule, SourceId, Topic, TopicId};

/// Monday 2026-07-06T10:00:00Z.
pub const START: Timestamp = Timestamp(1_783_332_000_000_000);

/// One item of a buffer.
#[derive(Debug, Clone)]
pub struct Item {
    pub kind: Kind,
    pub id: u64,
    pub at: Timestamp,
    pub author: Option<u64>,
    pub network: &'static str,
    pub text: String,
    pub repost: bool,
    pub negative: bool,
    pub hits: Vec<Hit>,
}

/// A post of author 1 at `at` that matches topic 0, with the score given in points.
pub fn post(id: u64, at: Timestamp, points: i16) -> Item {
    let hits = vec![hit(0, points)];
    Item {
        kind: Kind::Create,
        id,
        at,
        author: Some(1000 + id),
        network: "x",
        text: format!("texto {id}"),
        repost: false,
        negative: false,
        hits,
    }
}

/// A hit on the topic with this index.
pub fn hit(topic: u32, points: i16) -> Hit {
    Hit { topic, direct: false, own: false, score: Score::points(points), addends: (0, 0) }
}

impl Item {
    pub fn kind(self, kind: Kind) -> Item {
        Item { kind, ..self }
    }
    pub fn by(self, author: u64) -> Item {
        Item { author: Some(author), ..self }
    }
    pub fn anonymous(self) -> Item {
        Item { author: None, ..self }
    }
    pub fn negative(self) -> Item {
        Item { negative: true, ..self }
    }
    pub fn text(self, text: &str) -> Item {
        Item { text: text.to_owned(), ..self }
    }
    pub fn hits(self, hits: Vec<Hit>) -> Item {
        Item { hits, ..self }
    }

    fn write(&self, out: &mut Outcome) {
        let (id, author) = (self.id.to_string(), self.author.map_or_else(String::new, |a| a.to_string()));
        let post = Post {
            kind: self.kind,
            at: self.at,
            network: self.network,
            id: &id,
            text: &self.text,
            author: Author { id: &author, ..Author::default() },
            repost_of: Reference { id: if self.repost { "0" } else { "" }, ..Reference::default() },
            ..Post::default()
        };
        let first = out.hits.len() as u32;
        out.hits.extend_from_slice(if self.kind == Kind::Delete { &[] } else { &self.hits });
        let addends = out.addends.len() as u32;
        if self.negative {
            out.addends.push(Addend { code: "negativity", weight: Score::points(3) });
        }
        let (mut tokens, first_word) = (Tokens::default(), out.words.len() as u32);
        tokens.read(&self.text);
        let print = fingerprint(&self.text, &tokens, &mut out.words);
        out.records.push(Record {
            key: post.key(),
            author: post.author_key(),
            kind: self.kind,
            at: self.at,
            before: out.greatest,
            post: out.posts.len() as u32,
            hits: (first, out.hits.len() as u32),
            addends: (addends, out.addends.len() as u32),
            print,
            words: (first_word, out.words.len() as u32),
            tagged: self.repost && self.text.contains('#'),
        });
        out.posts.push(&post);
        out.greatest = out.greatest.max(self.at);
    }
}

/// The outcome of a buffer that holds `items`.
pub fn outcome(items: &[Item]) -> Outcome {
    let mut out = Outcome { greatest: Timestamp::MIN, ..Outcome::default() };
    items.iter().for_each(|item| item.write(&mut out));
    out
}

/// Topics `t0`, `t1`, ... of one brand, in `zone`, with these rules.
pub fn listening(version: u64, topics: u32, zone: &str, rules: Vec<Rule>) -> Arc<Compiled> {
    let zone = Zone::named(zone).expect("a zone");
    let topic = |i| Topic {
        id: TopicId(i + 10),
        name: format!("t{i}"),
        brand: Some(0),
        weight: Score::points(5),
        zone: zone.clone(),
        calendar: Default::default(),
        labels: Default::default(),
        queries: Vec::new(),
    };
    let brand = Brand { name: "Banco".into(), own: true, ..Brand::default() };
    Arc::new(Compiled::new(Listening {
        version,
        brands: vec![brand],
        topics: (0..topics).map(topic).collect(),
        rules,
        ..Listening::default()
    }))
}

/// A rule on these topics, by index.
pub fn rule(name: &str, on: On, topics: &[u32]) -> Rule {
    let topics = topics.iter().map(|i| TopicId(i + 10)).collect();
    Rule { name: name.into(), on, topics, severity: Severity::Critical, resolve_after: HOUR }
}

/// A tally with what it listens for.
pub struct Engine {
    pub tally: Tally,
    pub compiled: Arc<Compiled>,
    pub events: Vec<Event>,
}

impl Engine {
    pub fn new(compiled: Arc<Compiled>) -> Engine {
        let settings = Settings {
            lateness: escucha::limits::LATENESS,
            dedupe: escucha::limits::DEDUPE,
            recent_bytes: 1 << 24,
            past: None,
            taken: Default::default(),
        };
        Engine { tally: Tally::new(settings), compiled, events: Vec::new() }
    }

    pub fn apply(&mut self, source: u16, items: &[Item]) -> Applied {
        self.tally.apply(&self.compiled, SourceId(source), &outcome(items), &mut self.events)
    }

    pub fn tick(&mut self, at: Timestamp) {
        self.tally.tick(&self.compiled, at, &mut self.events);
    }

    /// The events since the last call, one word each: alerts as `status id observed`, others by name.
    pub fn told(&mut self) -> Vec<String> {
        let word = |e: Event| match e {
            Event::Alert(a) => {
                let late = if a.delayed { " delayed" } else { "" };
                format!("{} {} {}{late}", a.status.as_str(), a.id, a.observed.mentions)
            }
            Event::Mention(m) => format!("mention {}", m.post.get().id),
            Event::Update(m) => format!("update {}", m.post.get().id),
            Event::Windows(w) => format!("windows {} {:?}", w.name, w.windows.map(|t| t.mentions)),
            Event::Delete(_) => "delete".to_owned(),
            Event::Forget(id) => format!("forget {}", id.0),
            Event::Shares(s) => format!("shares {}", s.group),
            Event::Incident(c) => {
                format!("incident {} {} {} {}", c.incident.brand, c.incident.post_id, c.version, c.incident.state().as_str())
            }
        };
        self.events.drain(..).map(word).collect()
    }

    /// As [`Engine::told`], the alerts alone.
    pub fn alerts(&mut self) -> Vec<String> {
        self.told().into_iter().filter(|e| e.starts_with("firing") || e.starts_with("resolved")).collect()
    }
}
