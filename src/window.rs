//! The sliding windows that are kept for every topic.

/// A sliding window, in steps of one minute of event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// One minute.
    M1,
    /// Five minutes.
    M5,
    /// A quarter of an hour.
    M15,
    /// One hour.
    H1,
    /// One day.
    H24,
}

impl Window {
    /// All, shortest first.
    pub const ALL: [Window; 5] = [Window::M1, Window::M5, Window::M15, Window::H1, Window::H24];

    /// Its length in minutes.
    pub const fn minutes(self) -> i64 {
        match self {
            Window::M1 => 1,
            Window::M5 => 5,
            Window::M15 => 15,
            Window::H1 => 60,
            Window::H24 => 1440,
        }
    }

    /// Its name in configuration, metrics and streams.
    pub const fn as_str(self) -> &'static str {
        match self {
            Window::M1 => "1m",
            Window::M5 => "5m",
            Window::M15 => "15m",
            Window::H1 => "1h",
            Window::H24 => "24h",
        }
    }

    /// The window called `name`.
    pub fn named(name: &str) -> Option<Window> {
        Window::ALL.into_iter().find(|w| w.as_str() == name)
    }
}

/// Mentions and the people behind them in one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tallied {
    /// Mentions, reposts among them.
    pub mentions: u64,
    /// Reposts among the mentions.
    pub reposts: u64,
    /// Different authors: exact while few, an estimate (about 2 % off) above.
    pub authors: u64,
}
