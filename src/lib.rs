//! escucha: a real-time engine for active listening on social networks.
//!
//! This page is the map. Modules are listed from the ground up and a module uses only what stands
//! above it; `tests/it/tidy.rs` refuses an import that runs the other way. Posts flow one way:
//!
//! ```text
//! sources -> intake -> lanes (decode, match, score) -> tally (count, judge) -> feed -> clients
//! ```
//!
//! The intake gives every buffer its number and its time, lanes are pure and parallel, the tally
//! owns all state and applies results in number order, and the feed is a numbered log that readers
//! pull from. `ARCHITECTURE.md` tells why.

// Floor 0, vocabulary: plain data; nothing here fails or does I/O.
pub mod time;
pub mod bilingual;
pub mod limits;
pub mod calendar;
pub mod opening;
pub mod anomaly;
pub mod reason;
pub mod personal;
pub mod score;
pub mod post;
pub mod query;
pub mod window;
pub mod share;
pub mod alert;
pub mod topic;

// Floor 1, mechanisms: know nothing of posts.
#[macro_use]
pub mod registry;
pub mod nearest;
pub mod dates;
pub mod json;
pub mod markup;
pub mod text;
pub mod lexicon;
pub mod sentiment;
pub mod contact;
pub mod incident;
pub mod playbook;
pub mod pii;
pub mod profanity;
#[macro_use]
pub mod codec;
pub mod sketches;
pub mod proportion;
pub mod telemetry;
pub mod prng;

// Floor 2, stateless stages: run on every lane; only `lane` knows its floor-mates.
pub mod decode;
pub mod eql;
pub mod matching;
pub mod signals;
pub mod fingerprint;
pub mod utterance;
pub mod synth;
pub mod lane;

// Floor 3, keyed state: owned by one thread; only `tally` knows its floor-mates.
pub mod panes;
pub mod seen;
pub mod baseline;
pub mod detect;
pub mod clusters;
pub mod indicators;
pub mod incidents;
pub mod figures;
pub mod judge;
pub mod routing;
pub mod tally;

// Floor 4, edges: asynchronous, does I/O, may fail.
pub mod wall;
pub mod recall;
pub mod report;
pub mod wire;
pub mod journal;
pub mod store;
pub mod feed;
pub mod intake;
pub mod sources;
pub mod notifiers;
pub mod delivery;
pub mod http;

// Floor 5, assembly.
pub mod config;
pub mod app;
pub mod replay;
pub mod backtest;
pub mod cli;
