//! Threads, queues, start and stop.
