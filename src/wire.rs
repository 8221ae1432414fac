//! Every shape that leaves or enters as JSON.
