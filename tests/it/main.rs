//! Everything that is tested from outside, as one binary.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "tests")]

mod config;
mod data;
mod decoders;
mod fuzz_query;
mod http;
mod query;
mod registered;
mod tidy;
