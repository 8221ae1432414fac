//! The canonical workload.
