//! Gathers what a source receives and hands it over: small frames at once while the engine is
//! free, whole buffers when it is busy.

use std::sync::Arc;

use crate::decode;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::intake::{Closed, NotTaken, Port, Receipt};
use crate::limits;
use crate::reason::Refused;
use crate::sources::{Board, Context, Cursor, Settings};
use crate::telemetry::SourceMeter;
use crate::topic::Sign;

/// One buffer in the making.
pub struct Writer {
    port: Port,
    meter: Arc<SourceMeter>,
    shed: bool,
    buffer: Vec<u8>,
    /// The buffer is handed over at this size at the latest.
    size: usize,
    name: String,
    board: Arc<Board>,
    /// Where the source goes on once the buffer is handed over.
    cursor: Option<Cursor>,
    /// Who hears what became of every buffer, and of how many lines it was.
    acks: Option<UnboundedSender<Ack>>,
}

/// A buffer that was handed over: its lines, and what will be told of it.
pub type Ack = (u64, oneshot::Receiver<Receipt>);

impl Writer {
    /// Writes for the source of `settings`.
    pub fn new(settings: &Settings, ctx: &Context) -> Writer {
        Writer {
            port: ctx.port.clone(),
            meter: Arc::new(SourceMeter::new(&settings.name)),
            shed: settings.shed,
            buffer: Vec::new(),
            size: limits::BUFFER_BYTES,
            name: settings.name.clone(),
            board: ctx.board.clone(),
            cursor: None,
            acks: None,
        }
    }

    /// Another writer for the same source, with buffers of at most `size` bytes: for sources that
    /// need many.
    pub fn another(&self, size: usize) -> Writer {
        Writer {
            port: self.port.clone(),
            meter: self.meter.clone(),
            buffer: Vec::new(),
            size,
            name: self.name.clone(),
            board: self.board.clone(),
            acks: None,
            ..*self
        }
    }

    /// The same, which tells `acks` of every buffer. Their number is bounded by the buffers in flight and by
    /// what the store holds.
    pub fn acknowledging(self, acks: UnboundedSender<Ack>) -> Writer {
        Writer { acks: Some(acks), ..self }
    }

    /// What the source counts.
    pub fn meter(&self) -> &SourceMeter {
        &self.meter
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
        if let Some(acks) = &self.acks {
            let count = decode::count_lines(&lines);
            let receipt = self.port.send_with_receipt(lines).await?;
            // Nobody listens any more: the connection ends.
            let _ = acks.send((count, receipt));
        } else if self.shed {
            match self.port.try_send_up_to(lines, self.cursor) {
                Ok(()) => {}
                Err(NotTaken::Full(lines)) => self.count_shed(&lines),
                Err(NotTaken::Closed) => return Err(Closed),
            }
        } else {
            self.port.send_up_to(lines, self.cursor).await?;
        }
        let now = self.port.clock().now();
        self.board.update(&self.name, |state| {
            state.last_data = Some(now);
            state.cursor = self.cursor.or(state.cursor);
        });
        Ok(())
    }

    async fn room(&mut self, bytes: usize) -> Result<(), Closed> {
        if self.buffer.len() + bytes > self.size { self.flush().await } else { Ok(()) }
    }

    fn count_shed(&self, lines: &[u8]) {
        let count = decode::count_lines(lines);
        self.port.sign(Sign::Shed);
        self.meter.received.increment(count);
        if let Some(refused) = self.meter.refused.get(Refused::Shed as usize) {
            refused.increment(count);
        }
        tracing::debug!(source = self.name, lines = count, "the engine is full: lines shed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Format, Mapping};
    use crate::intake::{Buffer, Intake};
    use crate::lane::Compiled;
    use crate::time::ManualClock;
    use crate::topic::SourceId;
    use crossbeam::channel::{Receiver, unbounded};
    use proptest::prelude::*;
    use tokio_util::sync::CancellationToken;

    /// A writer whose port has one permit, and what it hands over.
    fn writer(shed: bool) -> (Writer, Receiver<Box<Buffer>>) {
        let ((lanes, buffers), (tally, _)) = (unbounded(), unbounded());
        let intake = Intake::new(Arc::new(ManualClock::default()), Arc::new(Compiled::default()), lanes, tally);
        let port = intake.port(SourceId(0), 1, metrics::Counter::noop());
        let ctx = Context::new(port, Arc::default(), CancellationToken::new());
        let format = Format { name: "escucha", mapping: Mapping::default() };
        let settings = Settings { shed, ..Settings::new("test", "stdin", format) };
        (Writer::new(&settings, &ctx), buffers)
    }

    /// Hands over what there is and gives the permit back.
    fn take(buffers: &Receiver<Box<Buffer>>, out: &mut Vec<u8>) {
        out.extend(buffers.try_iter().flat_map(|buffer| {
            assert!(buffer.bytes.len() <= limits::BUFFER_BYTES);
            buffer.bytes.clone()
        }));
    }

    #[derive(Debug, Clone)]
    enum Act {
        Lines(Vec<u8>),
        Message(Vec<u8>),
        Flush,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let text = |max| prop::collection::vec(b' '..=b'~', 0..max);
        let act = prop_oneof![
            prop::collection::vec(text(60), 1..5).prop_map(|lines| Act::Lines(lines.join(&b'\n'))),
            (b' '..=b'~', 0usize..120_000).prop_map(|(byte, length)| Act::Message(vec![byte; length])),
            Just(Act::Flush),
        ];
        prop::collection::vec(act, 0..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_written_is_handed_over_once_and_in_order(acts in acts()) {
            let (mut writer, buffers) = writer(false);
            let (mut want, mut got) = (Vec::new(), Vec::new());
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            for act in acts {
                match act {
                    Act::Lines(lines) => {
                        want.extend_from_slice(&lines);
                        want.extend((!lines.is_empty() && !lines.ends_with(b"\n")).then_some(b'\n'));
                        runtime.block_on(writer.lines(lines)).expect("open");
                    }
                    Act::Message(message) => {
                        want.extend_from_slice(&message);
                        want.push(b'\n');
                        runtime.block_on(writer.message(&message)).expect("open");
                    }
                    Act::Flush => runtime.block_on(writer.flush()).expect("open"),
                }
                take(&buffers, &mut got);
            }
            runtime.block_on(writer.flush()).expect("open");
            take(&buffers, &mut got);
            prop_assert_eq!(got, want);
        }
    }

    #[tokio::test]
    async fn a_message_is_one_line_and_no_longer_than_needed() {
        let (mut writer, buffers) = writer(false);
        writer.message(b"{\n\"a\":\r\n1}").await.expect("open");
        writer.flush().await.expect("open");
        assert_eq!(buffers.recv().expect("a buffer").bytes, b"{ \"a\":  1}\n");
        writer.message(&vec![b'x'; 2 * limits::FRAME_BYTES]).await.expect("open");
        writer.flush().await.expect("open");
        assert_eq!(buffers.recv().expect("a buffer").bytes.len(), limits::FRAME_BYTES + 2);
    }

    #[test]
    fn what_is_shed_is_counted_line_by_line() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let (mut writer, buffers) = writer(true);
            for lines in ["1\n", "2\n\n3\n", "4"] {
                runtime.block_on(writer.lines(lines.into())).expect("open");
                runtime.block_on(writer.flush()).expect("open");
            }
            assert_eq!(buffers.recv().expect("a buffer").bytes, b"1\n");
        });
        let metrics = recorder.handle().render();
        for line in [r#"escucha_posts_received_total{source="test"} 3"#, r#"escucha_posts_refused_total{source="test",reason="shed"} 3"#] {
            assert!(metrics.contains(line), "{metrics}");
        }
    }
}
