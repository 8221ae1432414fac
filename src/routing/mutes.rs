//! When nothing is sent: silences, which people set, and mute times, which the configuration has.

use std::fmt;

use super::matchers::Matchers;
use crate::alert::Alert;
use crate::time::{HOUR, MINUTE, Timestamp, Zone};

/// Somebody does not want to hear of some alerts for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Unique.
    pub id: String,
    /// Of which alerts.
    pub matchers: Matchers,
    /// Whose it is.
    pub author: String,
    /// Why.
    pub reason: String,
    /// From when.
    pub starts: Timestamp,
    /// Until when, exclusive.
    pub ends: Timestamp,
}

impl Silence {
    /// Whether it holds at `at`.
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.starts <= at && at < self.ends
    }
}

/// Hours in which nothing is sent, in civil time.
#[derive(Debug, Clone)]
pub struct Mute {
    /// Its name.
    pub name: String,
    /// Of which alerts.
    pub matchers: Matchers,
    /// On which days, Monday first; hours past midnight belong to the day they began on.
    pub days: [bool; 7],
    /// First minute of the day.
    pub from: u16,
    /// One past the last; the same as `from` is the whole day, less than it is in the next day.
    pub to: u16,
    /// The zone of hours and days.
    pub zone: Zone,
}

/// Minutes of a civil day.
pub const DAY_MINUTES: u16 = 24 * 60;

impl Mute {
    /// Whether it mutes at `at`. An hour that comes twice mutes twice, one that is left out never.
    pub fn is_active(&self, at: Timestamp) -> bool {
        let local = at.0.saturating_add(self.zone.clone().offset(at));
        let minute = local.rem_euclid(24 * HOUR).div_euclid(MINUTE) as u16;
        // 1970-01-01 was a Thursday: three days after Monday.
        let today = (local.div_euclid(24 * HOUR) + 3).rem_euclid(7) as usize;
        let on = |day: usize| self.days.get(day % 7).copied().unwrap_or(false);
        if self.from < self.to {
            return on(today) && (self.from..self.to).contains(&minute);
        }
        (on(today) && minute >= self.from) || (on(today + 6) && minute < self.to)
    }
}

/// While one alert fires, others need not be heard of.
#[derive(Debug, Clone)]
pub struct Inhibit {
    /// Which alert says it all.
    pub source: Matchers,
    /// Which are muted by it.
    pub target: Matchers,
    /// Labels in which both must agree.
    pub equal: Vec<super::Label>,
}

impl Inhibit {
    /// Whether `source`, which fires, mutes `target`. Two alerts that could each mute the other do not.
    pub fn mutes(&self, source: &Alert, target: &Alert) -> bool {
        source.id != target.id
            && self.source.matches(source)
            && self.target.matches(target)
            && self.equal.iter().all(|label| label.of(source) == label.of(target))
            && !(self.source.matches(target) && self.target.matches(source))
    }
}

/// A minute of the day as people write it.
pub struct Civil(pub u16);

impl Civil {
    /// From `HH:MM`, up to `24:00`.
    pub fn parse(text: &str) -> Option<Civil> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |s: &str| s.parse::<u16>().ok().filter(|_| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit()));
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        let minute = hours * 60 + minutes;
        (minutes < 60 && minute <= DAY_MINUTES).then_some(Civil(minute))
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}
