//! Open files: a connection takes one, and what a shell allows is often a tenth of what is needed.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::limits::DESCRIPTORS;

/// Raises the soft limit to the hard one, and says so if that is too few for all clients.
pub fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    // None is no limit.
    if let Some(allowed) = getrlimit(Resource::Nofile).current.filter(|n| *n < DESCRIPTORS as u64) {
        tracing::warn!(
            allowed,
            needed = DESCRIPTORS,
            "open files are limited to fewer than all clients need: raise it with `ulimit -n` or `LimitNOFILE=`"
        );
    }
}
