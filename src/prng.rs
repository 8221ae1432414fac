//! The only randomness, seeded.
