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
    for Kept { alert: old, peak: height, terms, .. } in past {
        // What is about no topic is about a brand or a source.
        let same_topic = old.topic == alert.topic && old.source == alert.source && (!alert.topic.is_empty() || old.brand == alert.brand);
        let related = same_topic || (!alert.brand.is_empty() && old.brand == alert.brand);
        let (Some(height), Some(resolved_at)) = (*height, old.resolved_at) else { continue };
        if old.on != alert.on || !related || resolved_at > alert.updated_at {
            continue;
        }
        let terms: Vec<String> = terms.iter().filter(|t| folded.contains(&fold(t, Accents::Fold))).cloned().collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Gist, Severity, Status};
    use crate::score::Score;
    use crate::time::{HOUR, Timestamp};
    use crate::window::Tallied;

    /// An alert that came to `peak` times its threshold, from `hour` on.
    fn alert(topic: &str, brand: &str, hour: i64, peak: u64, terms: &[&str]) -> Alert {
        Alert {
            status: Status::Resolved,
            topic: topic.into(),
            brand: brand.into(),
            updated_at: Timestamp((hour + 1) * HOUR),
            resolved_at: Some(Timestamp((hour + 1) * HOUR)),
            observed: Tallied { mentions: peak * 10, ..Tallied::default() },
            threshold: 10,
            gist: Gist { terms: terms.iter().map(|t| (*t).to_owned()).collect(), ..Gist::default() },
            ..Alert::new(format!("r/{topic}/{hour}"), "r", "volume", Severity::Warning, Timestamp(hour * HOUR))
        }
    }

    fn kept(alert: Alert) -> Kept {
        Kept { peak: higher(&alert, None), terms: alert.gist.terms.clone(), ..Kept::new(alert) }
    }

    #[test]
    fn the_most_alike_come_first() {
        let now = alert("app", "Banco", 100, 5, &["Mantenimiento", "caída"]);
        let past = [
            kept(alert("app", "Banco", 1, 5, &[])),
            kept(alert("app", "Banco", 2, 50, &["CAIDA", "mantenimiento"])),
            kept(alert("marca", "Banco", 3, 5, &["caída"])),
            kept(alert("app", "Banco", 4, 6, &["caída"])),
            kept(alert("otra", "Caja", 5, 5, &["caída", "mantenimiento"])),
            kept(Alert { on: "spike", ..alert("app", "Banco", 6, 5, &["caída", "mantenimiento"]) }),
            kept(Alert { id: "s/app/4".into(), ..alert("app", "Banco", 4, 6, &["caída"]) }),
            kept(Alert { priority: Some(Score::points(9)), ..alert("app", "Banco", 7, 5, &["caída"]) }),
        ];
        let found = to(&now, Some(5.0), past.iter());
        let ids: Vec<&str> = found.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids, ["r/app/2", "r/app/4", "r/marca/3"]);
        assert_eq!((found[0].peak, found[0].duration, found[0].terms.len()), (50.0, HOUR, 2));
        let nameless = Alert { brand: String::new(), ..alert("otra", "", 100, 5, &["caída"]) };
        assert_eq!(to(&nameless, Some(5.0), [kept(alert("app", "", 1, 5, &["caída"]))].iter()).len(), 0, "no brand is no common brand");
    }

    #[test]
    fn a_height_is_the_most_and_a_depth_the_least() {
        let small = alert("app", "", 1, 3, &[]);
        assert_eq!((higher(&small, Some(7.0)), higher(&small, Some(2.0)), higher(&small, None)), (Some(7.0), Some(3.0), Some(3.0)));
        let drop = Alert { on: "drop", ..small };
        assert_eq!(higher(&drop, Some(7.0)), Some(3.0));
        assert_eq!(higher(&Alert { threshold: 0, ..drop }, Some(7.0)), Some(7.0));
    }
}
