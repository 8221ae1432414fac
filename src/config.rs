//! From typed to used.
