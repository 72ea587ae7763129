//! How a database writes.

use std::time::Duration;

use super::part::{LockName, Write, WriteText};
#[cfg(test)]
use super::part::{Part, PartKind};
use super::rows::{After, CommitWitness, Locks};
use crate::store::connect::Connect;
use crate::store::error::StoreError;
use crate::store::key::KnownKey;
use crate::store::session::Session;

/// What came of a write in a transaction of its own.
#[derive(Debug)]
pub enum Written {
    Done(After),
    /// Nothing is written: a machine's version, a key or a bound was not what the decision rested on, or others hold the rows
    /// of these names.
    Lost(Vec<LockName>),
    /// Nothing is written: its one key is known.
    Known(KnownKey),
}

/// Writes in one database.
pub trait WriteStore: Connect + WriteText {
    /// The kinds of parts, for tests of all statements.
    #[cfg(test)]
    const PART_KINDS: &'static [&'static PartKind<Self>];

    /// The statements beside those of parts, by name, for the same.
    #[cfg(test)]
    const FIXED: &'static [(&'static str, &'static str)];

    /// Writes everything in a transaction of its own and commits, or nothing.
    fn write_own(
        session: &mut Session<'_, Self>,
        write: &Write<Self>,
        locks: Locks,
    ) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// Writes everything in the transaction that is open, or nothing; the transaction stays usable. The machines and accounts
    /// that exist are locked by it. `Ok(None)`: a key was taken meanwhile, or the row is not as expected.
    fn write_joined(
        session: &mut Session<'_, Self>,
        write: &Write<Self>,
    ) -> impl Future<Output = Result<Option<After>, StoreError>> + Send;

    /// Finds out, in a transaction that is rolled back, whether what `witness` names was committed: inserts it again.
    /// A conflict proves the commit, an insert proves that there was none and can be none. `None` if the wait for the
    /// first writer did not end within `wait`.
    fn probe(
        session: &mut Session<'_, Self>,
        witness: &CommitWitness,
        wait: Duration,
    ) -> impl Future<Output = Result<Option<bool>, StoreError>> + Send;

    /// The statement of these parts, as it is read.
    #[cfg(test)]
    fn statement(tables: &crate::store::tables::Tables, form: super::part::Form, parts: &[&dyn Part<Self>]) -> String;
}
