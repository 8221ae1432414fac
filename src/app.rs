//! Threads, queues, start and stop.

mod engine;
mod reorder;

pub use engine::{Ask, Engine, Parts, Sink, share, source_id};
