//! The query language: text to tree, with errors that say what to type instead.
