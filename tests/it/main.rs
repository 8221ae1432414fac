//! Everything that is tested from outside, as one binary.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "tests")]

mod data;
mod jetstream;
mod jetstream_server;
mod probe;
mod registered;
mod sources;
mod tidy;
