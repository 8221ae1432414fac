//! One client of a live stream, whatever carries its frames.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use metrics::Counter;
use tokio::sync::watch;

use super::auth::Holder;
use super::subscription::Start;
use super::{App, READ, Shared};
use crate::feed::{Bells, Channel, Cursor, Entry, Feed, Filter, Joined, What};
use crate::telemetry;
use crate::time::{SECOND, Timestamp};
use crate::wire::{self, HelloView, ReconnectView, SourceView, Time};

/// Bytes read from the log for one write. A WebSocket keeps room for the longest write it has made, and all
/// clients that come back after a restart make a long one.
const READ_BYTES: usize = 16 * 1024;

/// The beat all clients share.
#[derive(Debug, Clone)]
pub struct Beat {
    number: u64,
    at: Timestamp,
    /// The part of `status` that is the same for all.
    sources: Arc<str>,
}

impl Beat {
    /// Beat `number`, with how fresh the sources are now.
    pub fn of(shared: &Shared, number: u64) -> Beat {
        let at = shared.clock.now();
        let view = |(name, state): (String, crate::sources::State)| SourceView {
            name,
            connected: state.connected,
            finished: state.finished,
            last_data: state.last_data.map(Time),
            age_seconds: state.last_data.map(|t| at.since(t) as f64 / SECOND as f64),
            problem: state.problem,
        };
        let sources: Vec<SourceView> = shared.board.all().into_iter().map(view).collect();
        Beat { number, at, sources: wire::sources_json(&sources).into() }
    }
}

/// Beats for ever.
pub async fn beat(app: App, beats: watch::Sender<Beat>) {
    let timing = app.settings.timing;
    let mut interval = tokio::time::interval(timing.beat);
    for number in 1.. {
        interval.tick().await;
        if u64::is_multiple_of(number, timing.status_every.max(1)) {
            beats.send_replace(Beat::of(&app.shared, number));
        } else {
            beats.send_modify(|beat| beat.number = number);
        }
    }
}

/// One frame.
#[derive(Debug, Clone)]
pub struct Frame {
    /// A client that has this frame was served all up to this one, and can go on from there.
    pub seq: Option<u64>,
    /// JSON.
    pub text: Utf8Bytes,
}

/// One client.
pub struct Session {
    app: App,
    holder: Holder,
    filter: Filter,
    cursor: Cursor,
    bells: Bells,
    beat: watch::Receiver<Beat>,
    status_every: u64,
    /// `hello` and the first `status`, until they are taken.
    greeting: Vec<Frame>,
    /// Mentions lost since the last mention that was sent.
    dropped: u64,
    /// Frames that were given to WebSocket clients, this one among them.
    pub sent: Counter,
    advice: ReconnectView,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.app.admission.leave();
    }
}

impl Session {
    /// A client that starts as it asked; `holder` is who it came as.
    pub fn new(app: App, start: Start, holder: Holder) -> Session {
        let feed = &app.shared.feed;
        let bells = feed.bells();
        let (cursor, joined, head) = feed.join(start.since, start.epoch.as_deref(), &start.filter);
        let reason = match joined {
            Joined::Fresh | Joined::Recovered => None,
            Joined::TooOld { floor } => Some(("cursor_too_old", floor)),
            Joined::Ahead { floor } => Some(("cursor_ahead", floor)),
            Joined::OtherEpoch { floor } => Some(("epoch_changed", floor)),
        };
        let recovered = joined == Joined::Recovered;
        app.admission.enter();
        let reconnect = app.admission.advice();
        let hello = HelloView { epoch: feed.epoch(), seq: head, recovered, reason, version: app.shared.version, reconnect };
        // One that was refused keeps its old cursor, to be told again if this hello does not arrive.
        let seq = reason.is_none().then(|| cursor.served());
        let hello = Frame { seq, text: wire::hello_json(&hello).into() };
        let mut session = Session {
            beat: app.beat.clone(),
            status_every: app.settings.timing.status_every.max(1),
            holder,
            filter: start.filter,
            cursor,
            bells,
            greeting: vec![hello],
            dropped: 0,
            sent: telemetry::stream_frames(),
            advice: reconnect,
            app,
        };
        let mut first = Vec::new();
        session.beat_frames(true, &mut first);
        session.greeting.append(&mut first);
        session
    }

    /// This life of the engine.
    pub fn epoch(&self) -> &str {
        self.feed().epoch()
    }

    /// When it should come back, as `hello` tells it.
    pub fn advice(&self) -> ReconnectView {
        self.advice
    }

    /// What it wants now.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Wants `filter` from now on; the latest windows come again.
    pub fn subscribe(&mut self, filter: Filter) {
        self.filter = filter;
        self.cursor.rewind_windows();
    }

    /// Bytes of alerts and changes of matters that wait for this client.
    pub fn backlog(&self) -> u64 {
        self.feed().backlog(&self.cursor, &self.filter)
    }

    /// Whether it could still come in: a reload may have taken its token away.
    pub fn is_allowed(&self) -> bool {
        self.holder.may(READ, &self.app.shared.tokens.load())
    }

    fn feed(&self) -> &Feed {
        &self.app.shared.feed
    }

    /// Waits for the next frames; `None` if the engine is gone or the client is no longer allowed. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Vec<Frame>> {
        if !self.greeting.is_empty() {
            return Some(std::mem::take(&mut self.greeting));
        }
        loop {
            let (frames, more) = self.read();
            if !frames.is_empty() {
                return Some(frames);
            }
            if more {
                tokio::task::yield_now().await;
                continue;
            }
            let mut frames = Vec::new();
            tokio::select! {
                open = self.bells.wait(&self.filter) => if !open { return None },
                changed = self.beat.changed() => {
                    changed.ok()?;
                    if !self.is_allowed() {
                        return None;
                    }
                    let status = self.beat.borrow_and_update().number.is_multiple_of(self.status_every);
                    self.beat_frames(status, &mut frames);
                }
            }
            if !frames.is_empty() {
                return Some(frames);
            }
        }
    }

    /// What is left to tell when nothing new will come: `None` once that is all.
    pub fn rest(&mut self) -> Option<Vec<Frame>> {
        if !self.greeting.is_empty() {
            return Some(std::mem::take(&mut self.greeting));
        }
        loop {
            let (frames, more) = self.read();
            if !frames.is_empty() || !more {
                return (!frames.is_empty()).then_some(frames);
            }
        }
    }

    fn read(&mut self) -> (Vec<Frame>, bool) {
        let feed = self.app.shared.feed.clone();
        let batch = feed.read(&mut self.cursor, &self.filter, READ_BYTES);
        let mut frames = Vec::with_capacity(batch.entries.len() + 1);
        for (channel, from, to) in batch.gaps {
            telemetry::stream_gaps().increment(1);
            frames.push(Frame { seq: None, text: wire::gap_json(channel.as_str(), from, to, "evicted").into() });
        }
        self.dropped += batch.dropped;
        frames.extend(batch.entries.iter().map(|entry| self.frame(&feed, entry)));
        (frames, batch.more)
    }

    fn frame(&mut self, feed: &Feed, entry: &Entry) -> Frame {
        let text = feed.frame(entry);
        let text = match entry.what {
            What::Mention(_) if self.dropped > 0 => {
                telemetry::stream_gaps().increment(1);
                wire::with_dropped(&text, std::mem::take(&mut self.dropped)).into()
            }
            _ => text,
        };
        Frame { seq: entry.seq(), text }
    }

    fn beat_frames(&mut self, status: bool, frames: &mut Vec<Frame>) {
        let feed = self.app.shared.feed.clone();
        if self.filter.has(Channel::Windows) {
            let entries = feed.read_windows(&mut self.cursor, &self.filter);
            frames.extend(entries.iter().map(|e| Frame { seq: None, text: feed.frame(e) }));
        }
        if status && self.filter.has(Channel::Status) {
            let beat = self.beat.borrow();
            let seq = self.cursor.served();
            let text = wire::status_json(beat.at, seq, &beat.sources);
            frames.push(Frame { seq: Some(seq), text: text.into() });
        }
    }
}
