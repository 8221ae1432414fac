//! The vocabulary of floor 0 that states are made of.

use super::{Coded, Error, Reader};
use crate::anomaly::{Budget, Direction, Level, SENSITIVITY, Settings, Standing, Watched};
use crate::limits::{BUDGET_ALERTS, BUDGET_DAYS};

impl Coded for Direction {
    fn encode(&self, out: &mut Vec<u8>) {
        (*self == Direction::Drop).encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Direction, Error> {
        Ok(if bool::decode(from)? { Direction::Drop } else { Direction::Spike })
    }
}

impl Coded for Level {
    fn encode(&self, out: &mut Vec<u8>) {
        self.number().encode(out);
    }

    fn decode(from: &mut Reader<'_>) -> Result<Level, Error> {
        let number = usize::from(u8::decode(from)?);
        Level::ALL.get(number).copied().ok_or(Error::Field("level"))
    }
}

coded!(Budget { alerts, days } if |b| (1..=BUDGET_ALERTS).contains(&b.alerts) && (1..=BUDGET_DAYS).contains(&b.days));
coded!(Settings { direction, sensitivity, budget, quick } if |s| (SENSITIVITY.0..=SENSITIVITY.1).contains(&s.sensitivity));
coded!(Standing { level, recovering });
coded!(Watched { expected, surprise, standing });
