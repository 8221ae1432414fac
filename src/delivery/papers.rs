//! Reports for people: by the notifiers of the alerts and with their patience, each period once.
//!
//! What is remembered of a report is the last period that a target has: durable with a store, and otherwise for whoever
//! asks to note down.

use std::collections::BTreeMap;
use std::time::Duration;

use super::outbox::wait;
use super::{Delivery, Desk, Inner, lock};
use crate::codec::{self, Error};
use crate::notifiers::{Outcome, Paper};
use crate::prng::Prng;
use crate::routing::{Row, Rows, rows};

const VERSION: u16 = 1;
const SENT: ([u8; 4], &str) = (*b"dRPT", "report");

/// A report, and for whom it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Its name.
    pub report: String,
    /// Name of the notifier.
    pub target: String,
}

/// The last report that a target has.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    report: String,
    target: String,
    period: String,
}

coded!(Kept { report, target, period });

/// How it stands with the report on one period.
#[derive(Debug)]
struct Standing {
    period: String,
    tries: u32,
    /// Since when it has been tried, and not before when it is tried again; `None` when nothing more is to be done.
    times: Option<(Duration, Duration)>,
}

/// All reports that were to be sent.
#[derive(Debug)]
pub struct Papers {
    known: BTreeMap<Address, Standing>,
    prng: Prng,
}

impl Papers {
    /// Goes on after what was kept.
    pub fn resume(kept: &Rows, prng: Prng) -> Result<Papers, Error> {
        let done = |row: Result<(&str, Kept), Error>| {
            let Kept { report, target, period } = row?.1;
            Ok((Address { report, target }, Standing { period, tries: 0, times: None }))
        };
        Ok(Papers { known: rows::<Kept>(kept, SENT.1, SENT.0).map(done).collect::<Result<_, Error>>()?, prng })
    }

    fn owes(&self, address: &Address, period: &str, now: Duration) -> bool {
        let of = self.known.get(address).filter(|known| known.period == period);
        of.is_none_or(|known| known.times.is_some_and(|(_, next)| next <= now))
    }
}

impl Delivery {
    /// Whether it is remembered by itself what was sent.
    pub fn lasts(&self) -> bool {
        self.inner.journal.lasts()
    }

    /// Whether the report on `period` is to be sent now: it was not yet, nor given up, and its time to be tried has come.
    pub fn owes(&self, address: &Address, period: &str) -> bool {
        lock(&self.inner.papers).owes(address, period, self.inner.now())
    }

    /// Tries to send the report on `period`; whether the target has it now.
    pub async fn send(&self, address: &Address, period: &str, paper: &Paper) -> bool {
        let inner = &self.inner;
        let Some(desk) = inner.desks.iter().find(|desk| *desk.target.routed.name == *address.target) else { return false };
        let attempt = desk.target.notifier.send(paper);
        let silent = || Outcome::Transient { why: "no answer in time".to_owned(), after: None };
        let outcome = tokio::time::timeout(desk.target.patience.attempt, attempt).await.unwrap_or_else(|_| silent());
        inner.sent(desk, address, period, outcome)
    }
}

impl Inner {
    /// What comes of a try.
    fn sent(&self, desk: &Desk, address: &Address, period: &str, outcome: Outcome) -> bool {
        let (now, patience) = (self.now(), &desk.target.patience);
        let Address { report, target } = address;
        let mut papers = lock(&self.papers);
        let before = papers.known.remove(address).filter(|known| known.period == period);
        let tries = before.as_ref().map_or(0, |known| known.tries) + 1;
        let since = before.and_then(|known| known.times).map_or(now, |(since, _)| since);
        let unit = papers.prng.unit();
        let (why, next) = match outcome {
            Outcome::Delivered => (None, None),
            Outcome::Permanent { why } | Outcome::Gone { why } => (Some(why), None),
            Outcome::Transient { why, after } => {
                let next = now + wait(patience, tries, unit).max(after.unwrap_or_default());
                (Some(why), Some(next).filter(|next| next.saturating_sub(since) < patience.deadline))
            }
        };
        match (&why, next) {
            (None, _) => {
                tracing::info!(report, notifier = target, period, tries, "report sent");
                desk.meter.came("delivered");
                desk.meter.seconds.record(now.saturating_sub(since).as_secs_f64());
                let kept = Kept { report: report.clone(), target: target.clone(), period: period.to_owned() };
                let key = format!("{}:{report}{target}", report.len());
                let body = Some(codec::sealed(SENT.0, VERSION, &kept));
                self.journal.put(Row { kind: SENT.1, key, body, needs: Vec::new() });
            }
            (Some(why), Some(_)) => {
                tracing::warn!(report, notifier = target, period, why, "report not sent, will try again");
                desk.meter.came("retried");
            }
            (Some(why), None) => {
                tracing::error!(report, notifier = target, period, why, "report given up until the next start");
                desk.meter.came("dead");
            }
        }
        let times = next.map(|next| (since, next));
        papers.known.insert(address.clone(), Standing { period: period.to_owned(), tries, times });
        why.is_none()
    }
}
