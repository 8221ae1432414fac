//! What the API may change, and ask, of what is listened for; the assembly stands behind it.

use super::Fault;
use crate::bilingual::Both;
use crate::eql::{Options, Parsed};
use crate::query::Query;
use crate::topic::Listening;

/// What became of a topic that was put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// Whether it is new.
    pub created: bool,
    /// What is probably not meant.
    pub warnings: Vec<Fault>,
}

/// Why a topic cannot be taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// There is none.
    Unknown,
    /// These refer to it.
    Needed(Vec<String>),
}

/// Changes what is listened for, one change after the other, and knows what queries may refer to.
/// Everything may block.
pub trait Desk: Send + Sync {
    /// Loads the configuration anew and puts it in force; anything wrong leaves everything as it was.
    ///
    /// # Errors
    /// What is wrong.
    fn reload(&self) -> Result<(), Both>;

    /// Puts the topic `name` in force as `body`, JSON with the keys of `[[topic]]`, has it.
    ///
    /// # Errors
    /// Everything that is wrong; nothing changes then.
    fn put(&self, name: &str, body: &[u8]) -> Result<Put, Vec<Fault>>;

    /// Listens for the topic `name` no more.
    ///
    /// # Errors
    /// Why it stays.
    fn remove(&self, name: &str) -> Result<(), Kept>;

    /// Reads a query as one of a topic would be read; `options` need no names.
    fn read(&self, query: &str, options: Options<'_>) -> Parsed;

    /// `query` as the first topic of a set that holds what it refers to, and nothing else.
    fn trial(&self, query: Query) -> Listening;
}
