//! Which posts were seen: duplicates, deletes before creates.
