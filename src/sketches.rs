//! Small summaries of large sets.
