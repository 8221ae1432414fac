//! What a rule asks of a matter, and by when: functions of both and nothing else.

use crate::incident::{Cause, Incident};
use crate::opening::Hours;
use crate::time::{MINUTE, Timestamp};
use crate::topic::SlaRule;

/// More people of ours than this at one matter are too many.
const AGENTS: usize = 3;

/// What there is to be concerned about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// The customer waits for an answer.
    Answer,
    /// The customer waits for news that we promised.
    Promise,
    /// After two answers the customer still asks: contact directly.
    Contact,
    /// Too many of us at one matter.
    Agents,
    /// The customer wrote personal data in public.
    Personal,
}

impl Concern {
    /// All.
    pub const ALL: [Concern; 5] = [Concern::Answer, Concern::Promise, Concern::Contact, Concern::Agents, Concern::Personal];

    /// Its name in ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Concern::Answer => "answer",
            Concern::Promise => "promise",
            Concern::Contact => "contact",
            Concern::Agents => "agents",
            Concern::Personal => "personal",
        }
    }

    /// Whether its alert is as bad as the rule says, and not only worth a look.
    pub fn is_late(self) -> bool {
        matches!(self, Concern::Answer | Concern::Promise)
    }

    /// Whether it is told of a matter only once, however often that is opened again.
    pub fn is_told_once(self) -> bool {
        matches!(self, Concern::Contact | Concern::Agents | Concern::Personal)
    }
}

coded_cases!(Concern: Concern::Answer, Concern::Promise, Concern::Contact, Concern::Agents, Concern::Personal);

/// What a rule asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// What its clock runs from.
    pub since: Timestamp,
    /// When to warn.
    pub warn: Option<Timestamp>,
    /// When it is late; `None` if that never comes.
    pub late: Option<Timestamp>,
    /// What was allowed, in minutes, or how many of us.
    pub threshold: u64,
}

/// What `rule` asks of `incident` as it is now about `concern`, if anything.
pub fn claim(rule: &SlaRule, incident: &Incident, concern: Concern) -> Option<Claim> {
    let (_, hours) = rule.brands.iter().find(|(brand, _)| *brand == incident.brand)?;
    if !incident.state().is_open() || (incident.bystander && !rule.bystanders) {
        return None;
    }
    let hours = hours.as_deref();
    let at_once = |since, at, threshold| Some(Claim { since, warn: None, late: Some(at), threshold });
    match concern {
        Concern::Answer => answer(rule, incident, hours),
        Concern::Promise => {
            let (since, allowed) = (incident.promised_at?, rule.promise?);
            Some(Claim { since, warn: None, late: after(hours, since, allowed), threshold: minutes(allowed) })
        }
        Concern::Personal => {
            // Our next post is where the customer is asked into a private channel.
            let since = incident.personal_at.filter(|at| incident.settled_at.is_none_or(|settled| settled < *at))?;
            at_once(since, since, 0)
        }
        Concern::Contact => {
            let since = incident.contact_privately.filter(|at| incident.settled_at.is_none_or(|settled| settled < *at))?;
            at_once(since, since, u64::from(incident.our_turns))
        }
        Concern::Agents if incident.agents.len() > AGENTS => {
            at_once(incident.opened_at, incident.settled_at.unwrap_or(incident.opened_at), AGENTS as u64)
        }
        Concern::Agents => None,
    }
}

fn answer(rule: &SlaRule, incident: &Incident, hours: Option<&Hours>) -> Option<Claim> {
    let since = incident.waiting_since.filter(|_| incident.state().waits_for_us())?;
    let is_first = incident.our_posts == 0;
    if is_first && incident.cause == Cause::Outbound {
        return None;
    }
    let usual = if is_first { rule.first_answer } else { rule.next_answer? };
    let allowed = rule.blocked.filter(|_| incident.blocked).map_or(usual, |blocked| blocked.min(usual));
    // Of a shorter time the same part passes before anybody is warned.
    let warn = rule.warn.map(|warn| (i128::from(warn) * i128::from(allowed) / i128::from(rule.first_answer.max(1))) as i64);
    Some(Claim {
        since,
        warn: warn.and_then(|warn| after(hours, since, warn)),
        late: after(hours, since, allowed),
        threshold: minutes(allowed),
    })
}

fn after(hours: Option<&Hours>, since: Timestamp, allowed: i64) -> Option<Timestamp> {
    match hours {
        Some(hours) => hours.after(since, allowed),
        None => Some(since.plus(allowed)),
    }
}

fn minutes(allowed: i64) -> u64 {
    allowed.max(0).div_euclid(MINUTE) as u64
}
