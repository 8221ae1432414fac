//! Every shape that leaves or enters as JSON.

/// One alert as a line of JSON.
pub fn alert_json(alert: &crate::alert::Alert, seq: u64) -> String {
    format!("{seq} {}", alert.id)
}
