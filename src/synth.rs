//! A seeded synthetic firehose with known events.
