//! One source under test: started on an engine of its own, and everything it hands over is kept.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, unbounded};
use escucha::decode::{Format, Mapping};
use escucha::intake::{Buffer, Intake};
use escucha::lane::Compiled;
use escucha::sources::{self, Board, Context, Cursor, Settings, State, Timing};
use escucha::time::{Clock, SystemClock};
use escucha::topic::SourceId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const NAME: &str = "probe";
/// Buffers the source may have in flight.
const SHARE: usize = 4;

/// Waits of tests: as short as can be, and no repair of the cut-over unless a test asks for it.
pub fn timing() -> Timing {
    let ms = Duration::from_millis;
    Timing {
        poll: ms(5),
        line: ms(60_000),
        idle: ms(60_000),
        back_off: ms(1),
        back_off_cap: ms(5),
        healthy: ms(1),
        connect: ms(10_000),
        silence_factor: 5,
        silence_min: ms(60_000),
        silence_max: ms(60_000),
        pong: ms(10_000),
        rewind: ms(100),
        rewind_seqs: 20,
        live: Duration::ZERO,
        mend: ms(20),
    }
}

/// One source under test and all that came out of it.
pub struct Probe {
    ctx: Context,
    task: JoinHandle<()>,
    buffers: Receiver<Box<Buffer>>,
    pub lines: Vec<Vec<u8>>,
}

impl Probe {
    pub fn start(settings: Settings, clock: Arc<dyn Clock>, timing: Timing) -> Probe {
        Probe::resume(settings, clock, timing, None)
    }

    pub fn resume(settings: Settings, clock: Arc<dyn Clock>, timing: Timing, cursor: Option<Cursor>) -> Probe {
        let ((lanes, buffers), (tally, _)) = (unbounded(), unbounded());
        let intake = Intake::new(clock, Arc::new(Compiled::default()), lanes, tally);
        let port = intake.port(SourceId(0), SHARE, metrics::Counter::noop());
        let board = Arc::new(Board::default());
        board.update(NAME, |state| state.cursor = cursor);
        let ctx = Context { timing, ..Context::new(port, board, CancellationToken::new()) };
        let task = tokio::spawn(sources::supervise(settings, ctx.clone()));
        Probe { ctx, task, buffers, lines: Vec::new() }
    }

    pub fn state(&self) -> State {
        self.ctx.board.get(NAME)
    }

    fn drain(&mut self) {
        assert!(self.buffers.len() <= SHARE, "a full engine makes its sources wait");
        for buffer in self.buffers.try_iter() {
            assert_eq!(buffer.bytes.last(), Some(&b'\n'), "whole lines only");
            self.lines.extend(buffer.bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec));
        }
    }

    /// Lets the source work until `done`.
    pub async fn until(&mut self, what: &str, done: impl Fn(&Probe) -> bool) {
        let patience = Instant::now() + Duration::from_secs(60);
        while !done(self) {
            assert!(Instant::now() < patience, "{what}: {} lines, {:?}", self.lines.len(), self.state());
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.drain();
        }
    }

    pub async fn until_lines(&mut self, count: usize) {
        self.until(&format!("{count} lines"), |probe| probe.lines.len() >= count).await;
    }

    /// Stops the source and gives everything it handed over, with its last state.
    pub async fn stop(self) -> (Vec<Vec<u8>>, State) {
        self.ctx.stop.cancel();
        self.end().await
    }

    /// Waits for the end of the source.
    pub async fn end(mut self) -> (Vec<Vec<u8>>, State) {
        self.until("the end", |probe| probe.task.is_finished()).await;
        (&mut self.task).await.unwrap();
        self.drain();
        let state = self.state();
        (self.lines, state)
    }
}

pub fn settings(kind: &'static str) -> Settings {
    Settings::new(NAME, kind, Format { name: "jetstream", mapping: Mapping::default() })
}

pub fn system() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

/// Runs `test` with a metrics recorder of its own and returns what it recorded.
pub fn recorded(test: impl Future<Output = ()>) -> String {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || runtime.block_on(test));
    recorder.handle().render()
}

pub fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec).collect()
}
