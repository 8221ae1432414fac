//! From counts and scores to alerts.
