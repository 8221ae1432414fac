//! What became of the alerts of a replay.

use std::collections::BTreeMap;

use crate::alert::{Alert, Status};
use crate::anomaly::Direction;
use crate::time::Timestamp;

/// An alert that goes on.
#[derive(Debug, Clone, Copy)]
struct Open {
    fired: Timestamp,
    /// The most that was observed, or for a drop the least, and when.
    peak: (u64, Timestamp),
}

/// Follows alerts from the first word of them to the last.
#[derive(Debug, Default)]
pub struct Followed {
    /// Alerts.
    pub alerts: u64,
    /// When the first of every topic that had one fired, by its name.
    pub first: BTreeMap<String, Timestamp>,
    open: BTreeMap<String, Open>,
    delays: Vec<i64>,
}

impl Followed {
    /// One transition of an alert; `true` if it is the first word of it.
    pub fn follow(&mut self, alert: &Alert) -> bool {
        let (seen, at) = (alert.observed.mentions, alert.updated_at);
        if alert.status == Status::Resolved {
            self.delays.extend(self.open.remove(&alert.id).map(Open::delay));
            return false;
        }
        for topic in alert.firing_topics() {
            self.first.entry(topic.to_owned()).or_insert(at);
        }
        let further = |peak: u64| if alert.on == Direction::Drop.as_str() { seen < peak } else { seen > peak };
        if let Some(open) = self.open.get_mut(&alert.id) {
            if further(open.peak.0) {
                open.peak = (seen, at);
            }
            return false;
        }
        self.alerts += 1;
        // An alert on one post has no peak.
        if alert.priority.is_none() {
            self.open.insert(alert.id.clone(), Open { fired: at, peak: (seen, at) });
        }
        true
    }

    /// From the alerts to their peaks, in microseconds, ascending; what never resolved among them.
    pub fn delays(&self) -> Vec<i64> {
        let mut delays: Vec<i64> = self.delays.iter().copied().chain(self.open.values().copied().map(Open::delay)).collect();
        delays.sort_unstable();
        delays
    }
}

impl Open {
    fn delay(self) -> i64 {
        self.peak.1.since(self.fired)
    }
}
