//! What the reader asks of a file, noted while it reads: the reference of the configuration is made of it, so that
//! keys, kinds and bounds are said once, where they are read.

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Holds {
    /// A string.
    Text,
    /// A name, as in [`super::is_name`].
    Name,
    /// A string of so many characters at most.
    TextWithin(usize),
    /// Strings, or one alone.
    Texts,
    /// `true` or `false`.
    Flag,
    /// A whole number between these.
    Integer(i64, i64),
    /// A number between these.
    Decimal(f64, f64),
    /// A duration between these, in microseconds.
    Duration(i64, i64),
    /// A size between these, in bytes.
    Size(u64, u64),
    /// One of these.
    OneOf(Vec<&'static str>),
    /// A list of some of these.
    SomeOf(Vec<&'static str>),
    /// A table.
    Table,
    /// A list of tables.
    Tables,
    /// A list of queries, each a string or a table.
    Queries,
}

/// One section: its title as the reader shows it, and what makes one of its kind unlike others (`type` or `on`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `[[source]]`; empty for the file itself.
    pub title: String,
    /// `jetstream`; empty where there are no kinds.
    pub variant: String,
}

/// One thing that was asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// These keys, and no other, may stand there.
    Only(Place, Vec<String>),
    /// The key was read as holding this.
    Read(Place, String, Holds),
}
