//! The API, the stream, the scrape.
