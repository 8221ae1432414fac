//! Counts per topic: minute panes, sliding windows, the week.
