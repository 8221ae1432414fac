//! The synthetic firehose of `escucha demo`: a fictional bank, live, with a day behind it.

use crate::anomaly::{BUCKET, PER_WEEK, bucket_of};
use crate::intake::Closed;
use crate::limits::BUFFER_BYTES;
use crate::prng::Prng;
use crate::sources::{self, Context};
use crate::synth::{Subject, World};
use crate::tally::{Of, Past};
use crate::time::{HOUR, MINUTE, SECOND, Timestamp};

/// The configuration of the demo.
pub const CONFIG: &str = include_str!("../../examples/demo.toml");
/// Name of the demo's source.
pub const SOURCE: &str = "demo";
/// What lies behind when the demo opens, in microseconds. A multiple of the script's period, so
/// that the demo opens on a quiet minute before the next outage.
const BEHIND: i64 = 24 * HOUR;

/// Weeks of counts that the demo knows beside, so that it can tell what is usual.
const WEEKS: i64 = 8;
/// What the bank's customers write about.
const BANK: &[Subject] = &[Subject::App, Subject::Fraud, Subject::Card, Subject::Fees, Subject::Branch, Subject::Service];
/// The brand, and the topics that are watched for what is unusual: what they are about, and how many
/// mentions come of a post: reposts and copies beside those that their queries do not find.
const KNOWN: [(Of<'static>, &[Subject], f64); 3] =
    [(Of::Topic("caida-app"), &[Subject::App], 1.15), (Of::Topic("marca"), BANK, 1.15), (Of::Brand("Banco Ejemplo"), BANK, 1.15)];

/// Synthetic counts of the weeks before the demo was `opened`, without outages: the same seed gives the
/// same counts.
pub fn past(seed: u64, opened: Timestamp) -> Past {
    let until = bucket_of(opened);
    Past::new(until, move |of| {
        let Some((_, subjects, mentions)) = KNOWN.into_iter().find(|(known, ..)| *known == of) else { return Vec::new() };
        // Before its start a world has no outage.
        let mut world = World::new(seed, opened);
        let (Of::Topic(name) | Of::Brand(name)) = of;
        let mut prng = Prng::new(seed).fork(name);
        let count = |bucket: i64| {
            let minutes = (BUCKET / MINUTE) as f64;
            let middle = Timestamp(bucket * BUCKET + BUCKET / 2);
            let posts: f64 = subjects.iter().map(|subject| world.rate(*subject, middle)).sum();
            prng.count(minutes * mentions * posts) as f64
        };
        (until - WEEKS * i64::from(PER_WEEK)..until).map(count).collect()
    })
}

/// Feeds the world's posts: the past at once, then each second as it passes on the engine's clock,
/// which runs `speed` times as fast as the one on the wall.
pub async fn firehose(ctx: Context, seed: u64, speed: f64) -> Result<(), Closed> {
    let clock = ctx.port.clock().clone();
    let opened = Timestamp::from_seconds(clock.now().second());
    let mut second = opened.plus(-BEHIND);
    let mut world = World::new(seed, second);
    sources::zero(SOURCE, &[]);
    ctx.connected(SOURCE, true);
    while !ctx.stop.is_cancelled() {
        let mut bytes = Vec::new();
        while second.plus(SECOND) <= clock.now() && bytes.len() < BUFFER_BYTES / 2 {
            world.second(second, &mut bytes);
            second = second.plus(SECOND);
        }
        if !bytes.is_empty() {
            ctx.board.update(SOURCE, |s| s.last_data = Some(clock.now()));
            ctx.port.send(bytes).await?;
        }
        let wait = (second.plus(SECOND).since(clock.now()).max(0) as f64 / speed).clamp(0.0, SECOND as f64);
        tokio::select! {
            () = tokio::time::sleep(std::time::Duration::from_micros(wait as u64)) => {}
            () = ctx.stop.cancelled() => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Intake;
    use crate::lane::Compiled;
    use crate::time::ManualClock;
    use crate::topic::SourceId;
    use crossbeam::channel::unbounded;
    use std::sync::Arc;
    use tokio_util::sync::CancellationToken;

    #[test]
    fn the_firehose_is_a_connected_source_for_people_and_metrics() {
        let ((lanes, _), (tally, _)) = (unbounded(), unbounded());
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_783_175_888)));
        let intake = Intake::new(clock, Arc::new(Compiled::default()), lanes, tally);
        let ctx = Context::new(intake.port(SourceId(0), 1, metrics::Counter::noop()), Arc::default(), CancellationToken::new());
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        // Nobody takes its first buffer, so it ends there.
        let ended = metrics::with_local_recorder(&recorder, || runtime.block_on(firehose(ctx.clone(), 1, 1.0)));
        assert_eq!(ended, Err(Closed));
        assert!(ctx.board.get(SOURCE).connected);
        let metrics = recorder.handle().render();
        assert!(metrics.contains(r#"escucha_source_connected{source="demo"} 1"#), "{metrics}");
    }
}
