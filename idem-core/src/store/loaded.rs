//! What one statement gives of two lists that were asked for.

use sqlx::Error;

use super::dialect::Dialect;
use super::key::{KnownKey, LedgerKeyRow, MachineKeyRow};
use super::ledger::rows::EntryRow;
use super::machine::rows::TransitionSummary;
use super::reader::{Cells, Columns, Reader, places};
use crate::clock::Timestamp;

/// What one load gives, in the order asked.
#[derive(Debug)]
pub struct Loaded<R> {
    /// The database's time.
    pub(crate) now: Timestamp,
    /// Machines or accounts.
    pub(crate) rows: Vec<Option<R>>,
    pub(crate) keys: Vec<Option<KnownKey>>,
}

/// Whose keys are loaded.
#[derive(Debug, Clone, Copy)]
pub enum KeysOf {
    /// With their transitions.
    Machines,
    /// With the entries of their postings.
    Ledger,
}

impl KeysOf {
    /// How many columns a key has, with what it was used for.
    pub(super) fn columns(self) -> usize {
        match self {
            Self::Machines => MachineKeyRow::COLUMNS.len() + TransitionSummary::COLUMNS.len(),
            Self::Ledger => LedgerKeyRow::COLUMNS.len() + EntryRow::COLUMNS.len(),
        }
    }

    /// Reads one into its place.
    pub(super) fn read<C: Cells>(
        self,
        row: &mut Reader<'_, C>,
        keys: &mut [Option<KnownKey>],
        position: usize,
    ) -> Result<(), Error> {
        let key = match self {
            Self::Machines => KnownKey::of_machine(row)?,
            Self::Ledger => KnownKey::of_ledger(row)?,
        };
        KnownKey::place(keys, position, key)
    }
}

/// Loads in one database.
pub trait Load: Dialect {
    /// Takes in one row of what a statement gives.
    ///
    /// # Errors
    /// The row is not what it should be.
    fn take<R: Columns>(row: Reader<'_, Self::Row>, loaded: &mut Loaded<R>, of: KeysOf) -> Result<(), Error>;
}

/// Reads what a statement gives that loads this number of rows and keys.
///
/// # Errors
/// A row is not what it should be.
pub(crate) fn loaded<DB: Load, R: Columns>(
    rows: &[DB::Row],
    of: KeysOf,
    (asked, keys): (usize, usize),
) -> Result<Loaded<R>, Error> {
    let mut loaded = Loaded { now: Timestamp::from_micros(0), rows: places(asked), keys: places(keys) };
    for row in rows {
        DB::take(Reader::new(row), &mut loaded, of)?;
    }
    Ok(loaded)
}
