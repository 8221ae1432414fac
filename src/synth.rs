//! A seeded synthetic firehose with known events: what `demo`, the load tests, benches and tests
//! listen to. The same seed gives the same bytes on every machine.
//!
//! [`World`] plays two fictional names of one bank, its customers and an outage of its app that
//! comes at known times; [`workload`] makes the canonical posts and queries that speed is measured
//! on.

mod line;
mod people;
mod rhythm;
mod script;
mod texts;
mod vocabulary;
mod workload;
mod world;

pub use line::Shape;
pub use script::{OUTAGE_EVERY, OUTAGE_LENGTH, QUIET, Stage};
pub use texts::Subject;
pub use workload::{Rule, Workload, workload};
pub use world::World;
