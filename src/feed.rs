//! The numbered log that readers pull from.
