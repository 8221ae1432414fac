//! `[store]`: where alerts outlive the process.

use std::path::Path;

use super::section::{At, Section};
use crate::limits;
use crate::store::Settings;
use crate::time::HOUR;

/// The section as typed.
pub struct Typed<'a> {
    path: Option<At<&'a str>>,
    retention: Option<At<i64>>,
    max_bytes: Option<At<u64>>,
    journal: Option<At<u64>>,
}

/// Reads it.
pub fn read(section: Section<'_>) -> Typed<'_> {
    section.only(&["path", "retention", "max_bytes", "journal"], &[]);
    let path = section.text("path").filter(|p| !p.value.trim().is_empty());
    if path.is_none() {
        section.missing("path");
    }
    Typed {
        path,
        retention: section.duration("retention", HOUR, 3650 * 24 * HOUR),
        max_bytes: section.size("max_bytes", 1 << 20, 1 << 40),
        journal: section.size("journal", 1 << 16, 1 << 34),
    }
}

/// The store as used; its path is relative to `folder`. `None` after a problem.
pub fn used(typed: &Typed<'_>, folder: &Path) -> Option<Settings> {
    Some(Settings {
        path: folder.join(typed.path.as_ref()?.value),
        retention: typed.retention.as_ref().map_or(limits::STORE_RETENTION, |r| r.value),
        max_bytes: typed.max_bytes.as_ref().map_or(limits::STORE_BYTES, |b| b.value),
        journal: typed.journal.as_ref().map_or(limits::JOURNAL_LEAST, |b| b.value),
    })
}
