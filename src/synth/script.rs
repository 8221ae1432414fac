//! The scripted outage of the bank's app: quiet, first complaints, spike, answers, recovery.

use crate::time::{HOUR, MINUTE, Timestamp};

/// How long all is as usual before the first outage, in microseconds.
pub const QUIET: i64 = 2 * MINUTE;
/// From the start of one outage to the start of the next, in microseconds.
pub const OUTAGE_EVERY: i64 = 6 * HOUR;
/// From its first complaints until all is as usual again, in microseconds.
pub const OUTAGE_LENGTH: i64 = 8 * MINUTE;

/// Complaints about the app for each that is usual at that hour, by minute of the outage.
const GROWTH: [f64; (OUTAGE_LENGTH / MINUTE) as usize] = [3.0, 5.0, 8.0, 8.0, 7.0, 4.5, 2.5, 1.5];

/// What goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// All is as usual.
    Quiet,
    /// Some people notice.
    Complaints,
    /// Everybody writes.
    Spike,
    /// The bank answers while people still write.
    Answers,
    /// It works again.
    Recovery,
}

/// The outage as seen from one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outage {
    /// What goes on.
    pub stage: Stage,
    /// Complaints about the app for each that is usual at that hour.
    pub factor: f64,
}

/// What goes on at `at` in a world that began at `start`.
pub fn outage(start: Timestamp, at: Timestamp) -> Outage {
    let since = at.since(start.plus(QUIET));
    let minute = since.rem_euclid(OUTAGE_EVERY) / MINUTE;
    let factor = usize::try_from(minute).ok().and_then(|m| GROWTH.get(m)).copied();
    match factor {
        Some(factor) if since >= 0 => {
            let stage = match minute {
                0 | 1 => Stage::Complaints,
                2 | 3 => Stage::Spike,
                4 | 5 => Stage::Answers,
                _ => Stage::Recovery,
            };
            Outage { stage, factor }
        }
        _ => Outage { stage: Stage::Quiet, factor: 1.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_from_three_to_eight_and_comes_again() {
        let start = Timestamp::from_seconds(1_783_000_000);
        let table = [
            (0, Stage::Quiet, 1.0),
            (1, Stage::Quiet, 1.0),
            (2, Stage::Complaints, 3.0),
            (4, Stage::Spike, 8.0),
            (6, Stage::Answers, 7.0),
            (9, Stage::Recovery, 1.5),
            (10, Stage::Quiet, 1.0),
            (361, Stage::Quiet, 1.0),
            (362, Stage::Complaints, 3.0),
            (364, Stage::Spike, 8.0),
        ];
        for (minute, stage, factor) in table {
            for second in [0, 59] {
                let at = start.plus(minute * MINUTE + second * 1_000_000);
                assert_eq!(outage(start, at), Outage { stage, factor }, "minute {minute}");
            }
        }
        assert_eq!(outage(start, start.plus(-7 * HOUR)).stage, Stage::Quiet);
    }
}
