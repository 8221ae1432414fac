//! Why a source ended, and the class that decides how soon it is tried again.

use std::io;
use std::time::Duration;

use crate::intake::Closed;

/// What ended a source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A socket failed, or a name was not resolved.
    #[error("network: {0}")]
    Network(#[from] io::Error),
    /// The other side ended the connection.
    #[error("connection closed: {0}")]
    Closed(String),
    /// No trust, no common protocol, no TLS at all.
    #[error("TLS: {0}")]
    Tls(String),
    /// An HTTP answer that is no stream.
    #[error("HTTP status {code}: {text}")]
    Status {
        /// The status.
        code: u16,
        /// `Retry-After`.
        retry_after: Option<Duration>,
        /// The beginning of the body.
        text: String,
    },
    /// The other side does not speak the protocol.
    #[error("not the expected protocol: {0}")]
    Garbage(String),
    /// Connected, but nothing comes any more.
    #[error("silent for {} s", .0.as_secs())]
    Stalled(Duration),
    /// A file cannot be opened or read.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// The configuration cannot work.
    #[error("{0}")]
    Settings(String),
    /// The engine has stopped.
    #[error(transparent)]
    Engine(#[from] Closed),
}

/// Classes of errors: the label `class` of `escucha_source_reconnects_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Sockets and names.
    Network,
    /// Ended by the other side.
    Closed,
    /// TLS.
    Tls,
    /// 401, 403 and other requests that will not become right by repeating them.
    Refused,
    /// 408, 420, 425, 429, 503: later.
    Busy,
    /// Other 5xx.
    Server,
    /// Not the protocol.
    Garbage,
    /// Silence.
    Stalled,
    /// A file or the configuration.
    Local,
}

impl Class {
    /// All, in declaration order.
    pub const ALL: &'static [Class] = &[
        Class::Network,
        Class::Closed,
        Class::Tls,
        Class::Refused,
        Class::Busy,
        Class::Server,
        Class::Garbage,
        Class::Stalled,
        Class::Local,
    ];

    /// The metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Network => "network",
            Class::Closed => "closed",
            Class::Tls => "tls",
            Class::Refused => "refused",
            Class::Busy => "busy",
            Class::Server => "server",
            Class::Garbage => "garbage",
            Class::Stalled => "stalled",
            Class::Local => "local",
        }
    }
}

impl Error {
    /// The class of this error.
    pub fn class(&self) -> Class {
        match self {
            Error::Network(_) => Class::Network,
            Error::Closed(_) | Error::Engine(_) => Class::Closed,
            Error::Tls(_) => Class::Tls,
            Error::Status { code: 408 | 420 | 425 | 429 | 503, .. } => Class::Busy,
            Error::Status { code: 500.., .. } => Class::Server,
            Error::Status { .. } => Class::Refused,
            Error::Garbage(_) => Class::Garbage,
            Error::Stalled(_) => Class::Stalled,
            Error::File(..) | Error::Settings(_) => Class::Local,
        }
    }

    /// How long the other side asks us to stay away.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_fall_into_classes() {
        for (code, want) in
            [(400, "refused"), (401, "refused"), (403, "refused"), (420, "busy"), (429, "busy"), (500, "server"), (503, "busy")]
        {
            let error = Error::Status { code, retry_after: None, text: String::new() };
            assert_eq!(error.class().as_str(), want, "{code}");
        }
        assert_eq!(Error::Status { code: 302, retry_after: None, text: String::new() }.class(), Class::Refused);
    }
}
