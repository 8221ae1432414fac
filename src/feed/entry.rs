//! One entry of the log, and the frame that all its readers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use arc_swap::ArcSwapOption;
use axum::extract::ws::Utf8Bytes;

use crate::alert::Alert;
use crate::limits;
use crate::post::PostKey;
use crate::store::{Kept, Moved};
use crate::tally::{Mention, TopicWindows};

/// What an entry tells.
#[derive(Debug)]
pub enum What {
    /// An alert with its sequence number.
    Alert(u64, Box<Alert>),
    /// An alert that was written by an earlier run.
    Kept(Box<Kept>),
    /// A change of a customer's matter, with its sequence number.
    Incident(u64, Box<Moved>),
    /// A mention.
    Mention(Arc<Mention>),
    /// The latest windows of a topic.
    Windows(Box<TopicWindows>),
    /// A post that was shown is gone: key, network and id.
    Deleted(PostKey, String, String),
}

/// Bytes of the frames that the entries of one ring hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames(Arc<AtomicUsize>);

impl Frames {
    /// Bytes now.
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// One entry of the log.
#[derive(Debug)]
pub struct Entry {
    /// Order over all channels.
    pub(super) number: u64,
    /// What it tells.
    pub what: What,
    frame: ArcSwapOption<Utf8Bytes>,
    /// It keeps no frame any more: hardly anybody is so far behind.
    cold: AtomicBool,
    frames: Frames,
}

impl Entry {
    pub(super) fn new(number: u64, what: What, frames: Frames) -> Entry {
        Entry { number, what, frame: ArcSwapOption::empty(), cold: AtomicBool::new(false), frames }
    }

    /// Sequence number, for an alert or a change of a matter.
    pub fn seq(&self) -> Option<u64> {
        match self.what {
            What::Alert(seq, _) | What::Incident(seq, _) => Some(seq),
            What::Kept(ref kept) => Some(kept.seq),
            _ => None,
        }
    }

    /// Bytes it holds without its frame, which is about as long; posts are counted wherever they are
    /// shown.
    pub(super) fn cost(&self) -> usize {
        let body = match &self.what {
            What::Alert(_, a) => a.bytes(),
            What::Kept(k) => size_of::<Kept>() + k.id.len() + k.topic.len() + k.body.len() + size_of_val(&k.posts[..]),
            What::Incident(_, m) => size_of::<Moved>() + m.body.len(),
            What::Mention(m) => m.bytes(),
            What::Windows(w) => size_of::<TopicWindows>() + w.name.len(),
            What::Deleted(_, network, id) => network.len() + id.len(),
        };
        size_of::<Entry>() + body
    }

    /// Keys of the posts it shows.
    pub(super) fn posts(&self) -> Vec<PostKey> {
        match &self.what {
            What::Alert(_, a) => a.first_post.iter().chain(&a.top_posts).map(|p| p.get().key()).collect(),
            What::Kept(k) => k.posts.clone(),
            What::Mention(m) => vec![m.key],
            What::Incident(..) | What::Windows(_) | What::Deleted(..) => Vec::new(),
        }
    }

    /// The frame: made by the first reader that wants it and kept for the others, as long as the
    /// entry is not cold and there is room for it.
    pub(super) fn frame(&self, encode: impl FnOnce() -> String) -> Utf8Bytes {
        if let Some(made) = &*self.frame.load() {
            return Utf8Bytes::clone(made);
        }
        let mut text = encode();
        // What a growing string has to spare would be kept as long as the frame.
        text.shrink_to_fit();
        let made = Utf8Bytes::from(text);
        let before = self.frames.0.fetch_add(made.len(), Relaxed);
        if !self.cold.load(Relaxed) && before + made.len() <= limits::FEED_FRAME_BYTES / 2 {
            let first = self.frame.compare_and_swap(&None::<Arc<Utf8Bytes>>, Some(Arc::new(made.clone())));
            if first.is_none() {
                return made;
            }
        }
        self.frames.0.fetch_sub(made.len(), Relaxed);
        made
    }

    /// Lets go of the frame; who still wants it makes one of its own.
    pub(super) fn cool(&self) {
        self.cold.store(true, Relaxed);
        self.let_go();
    }

    fn let_go(&self) {
        if let Some(made) = self.frame.swap(None) {
            self.frames.0.fetch_sub(made.len(), Relaxed);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.let_go();
    }
}
