//! The common work of the peer kit: read posts, find the phrases of a keyword list, write one alert
//! per matched post and hourly sliding counts per topic.
//!
//! The engine does the reading, matching and ordering, driven as a library. Two rules of the kit are
//! not those of the query language and are checked here, on the few posts that matched: the words of
//! a phrase are parted by exactly one space, and `_` belongs to a word.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::Fault;
use escucha::app::{Beat, Done, Engine, Parts, Sink};
use escucha::decode::{Format, Mapping};
use escucha::eql;
use escucha::intake::Port;
use escucha::lane::Compiled;
use escucha::limits;
use escucha::post::Post;
use escucha::query::Accents;
use escucha::tally::{Event, Settings, Tally};
use escucha::text::{Token, TokenKind, Tokens};
use escucha::time::{SystemClock, Timestamp, Zone};
use escucha::topic::{Listening, SourceId, Topic, TopicId};

/// `load-tests peer`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// NDJSON of posts.
    #[arg(long)]
    input: PathBuf,
    /// `topic<TAB>phrase` per line.
    #[arg(long)]
    keywords: PathBuf,
    /// Folder for `alerts.ndjson` and `counts.tsv`.
    #[arg(long)]
    out: PathBuf,
    /// Lanes.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// Does the whole work.
pub fn run(args: &Args) -> Result<(), Fault> {
    let keywords = Keywords::read(&std::fs::read_to_string(&args.keywords)?)?;
    let compiled = Arc::new(Compiled::new(keywords.listening()?));
    let answer = Arc::new(Mutex::new(Answer::default()));
    let alerts = BufWriter::with_capacity(1 << 20, File::create(args.out.join("alerts.ndjson"))?);
    let sink = Writer { keywords, alerts, answer: answer.clone(), tokens: Tokens::default() };
    let parts = Parts {
        lanes: args.threads,
        formats: vec![format()],
        // Nobody asks for recent mentions.
        tally: Tally::new(Settings {
            lateness: limits::LATENESS,
            dedupe: limits::DEDUPE,
            recent_bytes: 0,
            past: None,
            taken: Default::default(),
        }),
        compiled,
        clock: Arc::new(SystemClock::new()),
    };
    let engine = Engine::start(parts, Box::new(sink))?;
    let port = engine.intake.port(SourceId(0), limits::BUFFERS_IN_FLIGHT, metrics::Counter::noop());
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(feed(File::open(&args.input)?, &port))?;
    drop(engine.stop());
    let answer = answer.lock().map_err(|_| "the writer panicked")?;
    if let Some(fault) = &answer.fault {
        return Err(fault.clone().into());
    }
    answer.write_counts(BufWriter::new(File::create(args.out.join("counts.tsv"))?))?;
    Ok(())
}

/// The kit writes `in_reply_to` as a plain string.
fn format() -> Format {
    let fields = [
        ("id", "/id"),
        ("created_at", "/created_at"),
        ("text", "/text"),
        ("author.handle", "/author/handle"),
        ("author.followers", "/author/followers"),
        ("in_reply_to.id", "/in_reply_to"),
    ];
    let fields = fields.iter().map(|(f, p)| ((*f).to_owned(), (*p).to_owned())).collect();
    Format { name: "mapped", mapping: Mapping { fields, time_format: String::new() } }
}

/// Hands over the file in buffers of whole lines.
async fn feed(mut input: File, port: &Port) -> Result<(), Fault> {
    let mut rest = Vec::new();
    loop {
        let mut bytes = Vec::with_capacity(limits::BUFFER_BYTES);
        bytes.append(&mut rest);
        let room = (limits::BUFFER_BYTES - bytes.len()) as u64;
        let read = (&mut input).take(room).read_to_end(&mut bytes)?;
        if read > 0 {
            let end = bytes.iter().rposition(|b| *b == b'\n').map_or(bytes.len(), |i| i + 1);
            rest.extend_from_slice(&bytes[end..]);
            bytes.truncate(end);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        // A recording is seen when it was written, never ahead of its own time.
        port.send_recorded(bytes, Timestamp(i64::MAX)).await?;
        if read == 0 {
            return Ok(());
        }
    }
}

/// The phrases, one engine topic each, and the kit's topic of each.
struct Keywords {
    phrases: Vec<Vec<String>>,
    topics: Vec<String>,
}

impl Keywords {
    fn read(text: &str) -> Result<Keywords, Fault> {
        let mut keywords = Keywords { phrases: Vec::new(), topics: Vec::new() };
        let mut tokens = Tokens::default();
        for line in text.lines().filter(|l| !l.is_empty()) {
            let (topic, phrase) = line.split_once('\t').ok_or_else(|| format!("no tab in «{line}»"))?;
            tokens.read(phrase);
            keywords.phrases.push(tokens.tokens().iter().map(|t| tokens.base(t).to_owned()).collect());
            keywords.topics.push(topic.to_owned());
        }
        Ok(keywords)
    }

    /// A word without marks matches with and without them under `smart`.
    fn listening(&self) -> Result<Listening, Fault> {
        let topic = |(i, words): (usize, &Vec<String>)| -> Result<Topic, Fault> {
            let text = format!("\"{}\"", words.join(" "));
            let options = eql::Options { accents: Accents::Smart, ..eql::Options::default() };
            let query = eql::parse(&text, &options).query.ok_or_else(|| format!("{text} is no query"))?;
            Ok(Topic {
                id: TopicId(i as u32),
                name: i.to_string(),
                brand: None,
                weight: Default::default(),
                zone: Zone::utc(),
                calendar: Default::default(),
                labels: Default::default(),
                queries: vec![query],
            })
        };
        let topics = self.phrases.iter().enumerate().map(topic).collect::<Result<_, _>>()?;
        Ok(Listening { version: 1, topics, ..Listening::default() })
    }

    /// Whether phrase `i` stands in the text by the kit's rules.
    fn stands(&self, i: usize, text: &str, tokens: &Tokens) -> bool {
        let phrase = &self.phrases[i];
        tokens.tokens().windows(phrase.len()).any(|run| {
            let same = run.iter().zip(phrase).all(|(t, word)| t.kind == TokenKind::Word && tokens.base(t) == word);
            same && run.windows(2).all(|pair| &text[end(&pair[0])..start(&pair[1])] == " ") && bounded(text, run)
        })
    }
}

fn start(token: &Token) -> usize {
    token.start as usize
}

fn end(token: &Token) -> usize {
    token.end as usize
}

/// No `_` before or after: letters and digits cannot stand there, the run is made of whole tokens.
fn bounded(text: &str, run: &[Token]) -> bool {
    let before = text[..start(&run[0])].chars().next_back();
    let after = text[end(&run[run.len() - 1])..].chars().next();
    before != Some('_') && after != Some('_')
}

/// Posts per topic and minute since 1970.
#[derive(Default)]
struct Answer {
    minutes: BTreeMap<String, BTreeMap<i64, u64>>,
    fault: Option<String>,
}

impl Answer {
    /// Every window of an hour that is not empty, in steps of a minute.
    fn write_counts(&self, mut out: impl Write) -> std::io::Result<()> {
        for (topic, minutes) in &self.minutes {
            let mut ends: Vec<i64> = minutes.keys().flat_map(|m| m + 1..=m + 60).collect();
            ends.dedup();
            ends.sort_unstable();
            ends.dedup();
            for end in ends {
                let count: u64 = minutes.range(end - 60..end).map(|(_, n)| n).sum();
                writeln!(out, "{end}\t{topic}\t{count}")?;
            }
        }
        out.flush()
    }
}

/// Writes alerts in the order of the input.
struct Writer {
    keywords: Keywords,
    alerts: BufWriter<File>,
    answer: Arc<Mutex<Answer>>,
    tokens: Tokens,
}

impl Writer {
    fn post(&mut self, post: &Post<'_>, phrases: impl Iterator<Item = usize>) -> std::io::Result<()> {
        self.tokens.read(post.text);
        let standing = phrases.filter(|i| self.keywords.stands(*i, post.text, &self.tokens));
        let mut topics: Vec<&str> = standing.map(|i| self.keywords.topics[i].as_str()).collect();
        topics.sort_unstable();
        topics.dedup();
        if topics.is_empty() {
            return Ok(());
        }
        let followers = post.author.followers.get().unwrap_or(0);
        let score = 10 * topics.len() as u32 + 5 * (followers.saturating_add(1)).ilog10() + if post.in_reply_to.is_some() { 0 } else { 3 };
        let at = format!("{:.3}", post.at.to_jiff());
        let alert = serde_json::json!({"id": post.id, "created_at": at, "topics": topics, "score": score, "handle": post.author.handle});
        writeln!(self.alerts, "{alert}")?;
        let mut answer = self.answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for topic in topics {
            *answer.minutes.entry(topic.to_owned()).or_default().entry(post.at.minute()).or_insert(0) += 1;
        }
        Ok(())
    }
}

impl Sink for Writer {
    fn applied(&mut self, done: Done, _: &mut Vec<Event>) {
        let outcome = &done.outcome;
        for record in &outcome.records {
            let hits = &outcome.hits[record.hits.0 as usize..record.hits.1 as usize];
            let done = self.post(&outcome.posts.get(record.post as usize), hits.iter().map(|h| h.topic as usize));
            if let Err(error) = done {
                self.answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fault = Some(error.to_string());
            }
        }
    }

    fn ticked(&mut self, _: Beat, _: &mut Vec<Event>) {}
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.alerts.flush() {
            self.answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fault = Some(error.to_string());
        }
    }
}
