//! Recorded input through the engine.
