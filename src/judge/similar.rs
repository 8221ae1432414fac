//! Alerts of the past that look like one of now.

use super::alerts::Kept;
use crate::alert::{Alert, Similar};
use crate::anomaly::Direction;
use crate::limits::ALERT_SIMILAR;
use crate::query::Accents;
use crate::text::fold;

/// What the alert came to so far, `before` it was looked at: mentions over those that were expected, or
/// over the threshold where nothing was. `None` for an alert on one post.
pub fn higher(alert: &Alert, before: Option<f64>) -> Option<f64> {
    if alert.priority.is_some() {
        return None;
    }
    let (observed, usual) = match alert.finding {
        Some(finding) => (finding.observed, finding.expected),
        None => (alert.observed.mentions as f64, alert.threshold as f64),
    };
    let now = (usual > 0.0).then(|| observed / usual);
    let further = if alert.on == Direction::Drop.as_str() { f64::min } else { f64::max };
    match (before, now) {
        (Some(before), Some(now)) => Some(further(before, now)),
        (before, now) => now.or(before),
    }
}

/// Those of `past` that are like `alert`, which came to `peak`: of the same kind and the same topic or
/// brand. The most alike have the most terms in common, then the same topic, then nearly the same
/// height; of equals, the latest.
pub fn to<'a>(alert: &Alert, peak: Option<f64>, past: impl Iterator<Item = &'a Kept>) -> Vec<Similar> {
    let Some(peak) = peak else { return Vec::new() };
    let folded: Vec<String> = alert.gist.terms.iter().map(|t| fold(t, Accents::Fold)).collect();
    let mut found = Vec::new();
    for Kept { alert: old, peak: height, .. } in past {
        let same_topic = old.topic == alert.topic;
        let related = same_topic || (!alert.brand.is_empty() && old.brand == alert.brand);
        let (Some(height), Some(resolved_at)) = (*height, old.resolved_at) else { continue };
        if old.on != alert.on || !related || resolved_at > alert.updated_at {
            continue;
        }
        let terms: Vec<String> = old.gist.terms.iter().filter(|t| folded.contains(&fold(t, Accents::Fold))).cloned().collect();
        let apart = if height > peak { height / peak } else { peak / height };
        let rank = (std::cmp::Reverse(terms.len()), !same_topic, (100.0 * apart) as u64, std::cmp::Reverse(old.started_at));
        let duration = resolved_at.since(old.started_at);
        found.push((rank, old, Similar { id: old.id.clone(), started_at: old.started_at, duration, peak: height, terms }));
    }
    found.sort_by(|(a, old, _), (b, other, _)| a.cmp(b).then_with(|| old.id.cmp(&other.id)));
    let mut best: Vec<(&Alert, Similar)> = Vec::new();
    for (_, old, similar) in found {
        // Two rules may have told of the same.
        if best.len() < ALERT_SIMILAR && !best.iter().any(|(b, _)| b.topic == old.topic && b.started_at == old.started_at) {
            best.push((old, similar));
        }
    }
    best.into_iter().map(|(_, similar)| similar).collect()
}
