//! The one owner of state: folds outcomes in number order, ticks, judges.

use std::sync::Arc;

use crate::alert::Alert;
use crate::lane::{Compiled, Outcome};
use crate::post::{PostBuf, PostKey};
use crate::reason::Skipped;
use crate::score::{Addend, Score};
use crate::time::Timestamp;
use crate::topic::{SourceId, TopicId};
use crate::window::{Tallied, Window};

/// How the tally behaves; fixed for a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How far the watermark stays behind the greatest post time, in microseconds.
    pub lateness: i64,
    /// How long a post id is remembered, in microseconds of event time.
    pub dedupe: i64,
    /// Bytes of recent mentions kept for readers.
    pub recent_bytes: usize,
}

/// One topic of a mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MentionTopic {
    /// The topic's number.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// It speaks to the brand (direct), or about it (active listening).
    pub direct: bool,
    /// Priority for this topic.
    pub score: Score,
}

/// A post that was found.
#[derive(Debug, Clone)]
pub struct Mention {
    /// Its identity.
    pub key: PostKey,
    /// The post.
    pub post: PostBuf,
    /// Its topics, in topic order; the score of a mention is the greatest of theirs.
    pub topics: Vec<MentionTopic>,
    /// Why it scores as it does, but for the topics' own part.
    pub addends: Vec<Addend>,
    /// The source that brought it.
    pub source: SourceId,
    /// It came behind the watermark.
    pub late: bool,
}

/// One topic's windows at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicWindows {
    /// The topic's number.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// Event time up to which the windows reach.
    pub at: Timestamp,
    /// In the order of `Window::ALL`.
    pub windows: [Tallied; Window::ALL.len()],
}

/// What the tally tells the outside.
#[derive(Debug, Clone)]
pub enum Event {
    /// An alert fired, changed or resolved.
    Alert(Box<Alert>),
    /// A new mention.
    Mention(Arc<Mention>),
    /// A topic's windows, at most once per topic and second.
    Windows(Box<TopicWindows>),
    /// This post must vanish from everything that still shows it.
    Delete(PostKey),
}

/// What became of the records of one outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Counted as mentions.
    pub matched: u64,
    /// Counted as late among them.
    pub late: u64,
    /// Not counted, by `Skipped as usize` (`NotAPost` is the lane's and stays 0).
    pub skipped: [u64; Skipped::COUNT],
}

/// All keyed state.
pub struct Tally {
    settings: Settings,
}

impl Tally {
    /// An empty tally.
    pub fn new(settings: Settings) -> Tally {
        Tally { settings }
    }

    /// Applies one outcome; outcomes come in number order.
    pub fn apply(&mut self, compiled: &Arc<Compiled>, source: SourceId, outcome: &Outcome, events: &mut Vec<Event>) -> Applied {
        let _ = (compiled, source, outcome, events, &self.settings);
        Applied::default()
    }

    /// A beat of time, numbered like the outcomes.
    pub fn tick(&mut self, compiled: &Arc<Compiled>, at: Timestamp, events: &mut Vec<Event>) {
        let _ = (compiled, at, events);
    }
}
