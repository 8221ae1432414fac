//! Threads, queues, start and stop.

pub mod demo;
mod descriptors;
mod desk;
mod diary;
mod engine;
mod publish;
mod reorder;
mod run;

pub use desk::{Desk, Swapped};
pub use engine::{Acted, Answer, Beat, Done, Engine, Parts, Sink, share, source_id};
pub use run::{Error, Job, VERSION, run};
