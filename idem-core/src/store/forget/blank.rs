//! A table at a time, in the order of its hashes.

use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::session::Session;

/// A table that has the scopes of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScopedTable {
    Transitions,
    Claims,
    Entries,
    Verdicts,
}

impl ScopedTable {
    /// In the order in which they stand in the schema.
    pub(crate) const ALL: [Self; 4] = [Self::Transitions, Self::Claims, Self::Verdicts, Self::Entries];

    /// Its name in the schema.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Transitions => "transitions",
            Self::Claims => "claims",
            Self::Entries => "entries",
            Self::Verdicts => "verdicts",
        }
    }
}

/// A key, and whether it is of the scope that is asked for.
#[derive(Debug)]
pub(crate) struct ScopedKey {
    pub(crate) hash: Vec<u8>,
    pub(crate) matches: bool,
}

/// A page of the keys of a table with a hash above `after`.
pub(crate) async fn keys<DB: Database>(
    session: &mut Session<'_, DB>,
    table: ScopedTable,
    (scope, after): (&str, &[u8]),
    limit: i64,
) -> Result<Vec<ScopedKey>, StoreError> {
    let sql = session.sql;
    let text = match table {
        ScopedTable::Transitions => &sql.forget.transitions_page,
        ScopedTable::Claims => &sql.forget.claims_page,
        ScopedTable::Entries => &sql.forget.entries_page,
        ScopedTable::Verdicts => &sql.forget.verdicts_page,
    };
    let rows = session.fetch(text, Binder::new().bind(after).bind(scope).bind(limit)).await?;
    let key = |row| {
        let mut row = Reader::new(row);
        Ok(ScopedKey { hash: row.field()?, matches: row.field()? })
    };
    rows.iter().map(key).collect()
}

/// Blanks what keys of the scope with hashes above `after` up to `last` named; gives the number of rows. Each posting is blanked whole.
pub(crate) async fn blank<DB: Database>(
    session: &mut Session<'_, DB>,
    table: ScopedTable,
    scope: &str,
    (after, last): (&[u8], &[u8]),
) -> Result<u64, StoreError> {
    let sql = session.sql;
    let texts = match table {
        ScopedTable::Transitions => &[&sql.forget.blank_transitions][..],
        ScopedTable::Claims => &[&sql.forget.blank_claims],
        ScopedTable::Entries => &[&sql.forget.blank_entries, &sql.forget.blank_refusals],
        ScopedTable::Verdicts => &[&sql.forget.blank_verdicts],
    };
    let mut rows = 0;
    for text in texts {
        rows += session.fetch(text, Binder::new().bind(after).bind(last).bind(scope)).await?.len() as u64;
    }
    Ok(rows)
}
