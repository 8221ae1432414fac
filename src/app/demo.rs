//! The synthetic firehose of `escucha demo`: a fictional bank, live, with a day behind it.

use crate::intake::Closed;
use crate::limits::BUFFER_BYTES;
use crate::sources::Context;
use crate::synth::World;
use crate::time::{HOUR, SECOND, Timestamp};

/// The configuration of the demo.
pub const CONFIG: &str = include_str!("../../examples/demo.toml");
/// Name of the demo's source.
pub const SOURCE: &str = "demo";
/// What lies behind when the demo opens, in microseconds. A multiple of the script's period, so
/// that the demo opens on a quiet minute before the next outage.
const BEHIND: i64 = 24 * HOUR;

/// Feeds the world's posts: the past at once, then each second as it passes on the engine's clock,
/// which runs `speed` times as fast as the one on the wall.
pub async fn firehose(ctx: Context, seed: u64, speed: f64) -> Result<(), Closed> {
    let clock = ctx.port.clock().clone();
    let opened = Timestamp::from_seconds(clock.now().second());
    let mut second = opened.plus(-BEHIND);
    let mut world = World::new(seed, second);
    ctx.board.update(SOURCE, |s| s.connected = true);
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
