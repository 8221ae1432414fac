//! Readers.

use super::{Code, Problem};

pub async fn topics() -> Problem {
    Problem::new(Code::Unavailable)
}
pub async fn series() -> Problem {
    Problem::new(Code::Unavailable)
}
pub async fn week() -> Problem {
    Problem::new(Code::Unavailable)
}
pub async fn mentions() -> Problem {
    Problem::new(Code::Unavailable)
}
pub async fn alerts() -> Problem {
    Problem::new(Code::Unavailable)
}
pub async fn reload() -> Problem {
    Problem::new(Code::Unavailable)
}
