//! See [`targets`] and [`queries`].

pub mod queries;
pub mod targets;
