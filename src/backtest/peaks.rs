//! Where the peak of what an alert tells of was.

use crate::anomaly::{BUCKET, Direction, Finding, PER_HOUR};

/// What is near the bar belongs together unless it pauses for longer than this many buckets: an hour.
const PAUSE: i64 = PER_HOUR as i64;

#[derive(Debug, Clone, Copy)]
struct Point {
    bucket: i64,
    count: f64,
    fires: bool,
}

/// The buckets that were near the bar.
#[derive(Debug)]
pub struct Track {
    direction: Direction,
    /// A surprise of this much is near.
    near: f64,
    points: Vec<Point>,
}

impl Track {
    pub fn new(direction: Direction, near: f64) -> Track {
        Track { direction, near, points: Vec::new() }
    }

    pub fn push(&mut self, bucket: i64, count: f64, finding: &Finding) {
        if finding.fires || finding.surprise >= self.near {
            self.points.push(Point { bucket, count, fires: finding.fires });
        }
    }

    /// From every alert to the peak of its stretch, in microseconds, ascending.
    pub fn delays(&self) -> Vec<i64> {
        let height = |p: &&Point| if self.direction == Direction::Spike { p.count } else { -p.count };
        let mut delays = Vec::new();
        for stretch in self.points.chunk_by(|a, b| b.bucket - a.bucket <= PAUSE) {
            // The first of equals.
            let Some(peak) = stretch.iter().rev().max_by(|a, b| height(a).total_cmp(&height(b))) else { continue };
            delays.extend(stretch.iter().filter(|p| p.fires).map(|p| (peak.bucket - p.bucket) * BUCKET));
        }
        delays.sort_unstable();
        delays
    }
}
