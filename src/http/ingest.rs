//! `POST /v1/posts`.

use super::{Code, Problem};

/// Takes posts.
pub async fn posts() -> Problem {
    Problem::new(Code::Unavailable)
}
