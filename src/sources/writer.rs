//! Gathers what a source receives and hands it over: small frames at once while the engine is
//! free, whole buffers when it is busy.

use std::sync::Arc;

use crate::intake::{Closed, NotTaken, Port};
use crate::limits;
use crate::reason::Refused;
use crate::sources::{Board, Context, Cursor, Settings};
use crate::telemetry::SourceMeter;

/// One buffer in the making.
pub struct Writer {
    port: Port,
    meter: SourceMeter,
    shed: bool,
    buffer: Vec<u8>,
    name: String,
    board: Arc<Board>,
    /// Where the source goes on once the buffer is handed over.
    cursor: Option<Cursor>,
}

impl Writer {
    /// Writes for the source of `settings`.
    pub fn new(settings: &Settings, ctx: &Context) -> Writer {
        Writer {
            port: ctx.port.clone(),
            meter: SourceMeter::new(&settings.name),
            shed: settings.shed,
            buffer: Vec::new(),
            name: settings.name.clone(),
            board: ctx.board.clone(),
            cursor: None,
        }
    }

    /// Whether there is nothing to hand over.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Adds one message as one line: line breaks within it become spaces, and of a message longer
    /// than `limits::FRAME_BYTES` only as much is kept as the lane needs to refuse it.
    pub async fn message(&mut self, message: &[u8]) -> Result<(), Closed> {
        let message = message.get(..limits::FRAME_BYTES + 1).unwrap_or(message);
        self.room(message.len() + 1).await?;
        let start = self.buffer.len();
        self.buffer.extend_from_slice(message);
        let line = self.buffer.get_mut(start..).unwrap_or_default();
        line.iter_mut().filter(|b| matches!(**b, b'\n' | b'\r')).for_each(|b| *b = b' ');
        self.buffer.push(b'\n');
        Ok(())
    }

    /// Adds whole lines; the last may lack its break.
    pub async fn lines(&mut self, mut lines: Vec<u8>) -> Result<(), Closed> {
        if lines.last().is_some_and(|b| *b != b'\n') {
            lines.push(b'\n');
        }
        self.room(lines.len()).await?;
        if self.buffer.is_empty() {
            self.buffer = lines;
        } else {
            self.buffer.extend_from_slice(&lines);
        }
        Ok(())
    }

    /// Everything before `cursor` has been added.
    pub fn cursor(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
    }

    /// Waits until a hand-over would not have to; safe to cancel.
    pub async fn ready(&self) {
        self.port.ready().await;
    }

    /// Hands over what there is: waits for its turn, or sheds when the source is to shed.
    pub async fn flush(&mut self) -> Result<(), Closed> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.buffer);
        if self.shed {
            match self.port.try_send(lines) {
                Ok(()) => {}
                Err(NotTaken::Full(lines)) => self.count_shed(&lines),
                Err(NotTaken::Closed) => return Err(Closed),
            }
        } else {
            self.port.send(lines).await?;
        }
        let now = self.port.clock().now();
        self.board.update(&self.name, |state| {
            state.last_data = Some(now);
            state.cursor = self.cursor.or(state.cursor);
        });
        Ok(())
    }

    async fn room(&mut self, bytes: usize) -> Result<(), Closed> {
        if self.buffer.len() + bytes > limits::BUFFER_BYTES { self.flush().await } else { Ok(()) }
    }

    fn count_shed(&self, lines: &[u8]) {
        let count = lines.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty()).count() as u64;
        self.meter.received.increment(count);
        if let Some(refused) = self.meter.refused.get(Refused::Shed as usize) {
            refused.increment(count);
        }
        tracing::debug!(source = self.name, lines = count, "the engine is full: lines shed");
    }
}
