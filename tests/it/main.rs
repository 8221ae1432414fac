//! Everything that is tested from outside, as one binary.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "tests")]

mod bancos;
mod config;
mod data;
mod decoders;
mod descriptors;
mod demo;
mod determinism;
mod differential;
mod fuzz_config;
mod fuzz_decode;
mod fuzz_http;
mod fuzz_query;
mod http;
mod jetstream;
mod jetstream_server;
mod lane_facts;
mod native;
mod oracle;
mod oracle_matching;
mod outcomes;
mod powertrack;
mod priority;
mod probe;
mod query;
mod registered;
mod sentiment;
mod sources;
mod tally;
mod tidy;
mod twitter_text;
mod wire;
