//! What the disk does meanwhile: other programs use it too, and no engine is faster than its disk.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::Fault;
use crate::client::histogram;

/// Between two writes.
const EVERY: Duration = Duration::from_millis(50);

/// Overwrites one page of a file in `folder` again and again and waits each time until it is durable, until
/// `stop`; microseconds of each.
pub fn probe(folder: &Path, stop: &AtomicBool) -> Result<Histogram<u64>, Fault> {
    let file = File::create(folder.join("probe"))?;
    let mut times = histogram()?;
    while !stop.load(Relaxed) {
        let start = Instant::now();
        file.write_all_at(&[1; 4096], 0)?;
        file.sync_all()?;
        times.saturating_record((start.elapsed().as_micros() as u64).max(1));
        std::thread::sleep(EVERY);
    }
    Ok(times)
}
