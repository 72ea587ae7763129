//! Writes, whatever they are made of.

use std::sync::Arc;

use super::cache::WriteStatement;
use super::list_part::parts;
use super::part::{Form, Part, Write};
use super::rows::{After, Locks};
use super::store::WriteStore;
use super::text::PartText;
use super::written::Written;
use crate::clock::Timestamp;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::machine::queries::free_keys;
use crate::store::row::queries;
use crate::store::session::Session;
use crate::store::statements::Statements;
use crate::store::template::render;

/// Writes everything in a transaction of its own and commits, or nothing.
pub(crate) async fn write_own<DB: Database>(
    session: &mut Session<'_, DB>,
    write: &Write<DB>,
    locks: Locks,
) -> Result<Written, StoreError> {
    let Some(row) = &write.row else {
        free_keys(session, &write.expired, write.now).await?;
        return DB::write_own(session, write, locks).await;
    };
    let row = queries::write(session, row, true, locks).await?;
    Ok(row.map_or_else(|| Written::Lost(Vec::new()), |row| Written::Done(After { row: Some(row), ..After::at(None) })))
}

/// Writes everything in the transaction that is open, or nothing; the transaction stays usable. `Ok(None)`: a key was taken
/// meanwhile, or the row is not as expected.
pub(crate) async fn write_joined<DB: Database>(
    session: &mut Session<'_, DB>,
    write: &Write<DB>,
) -> Result<Option<After>, StoreError> {
    let Some(row) = &write.row else {
        free_keys(session, &write.expired, write.now).await?;
        return DB::write_joined(session, write).await;
    };
    let row = queries::write(session, row, false, Locks::NONE).await?;
    Ok(row.map(|row| After { row: Some(row), ..After::at(None) }))
}

/// A write with its statement.
#[derive(Debug)]
pub struct Prepared<'w, DB: WriteStore> {
    pub(in crate::store) form: Form,
    pub(in crate::store) now: Option<Timestamp>,
    pub(in crate::store) parts: Vec<&'w dyn Part<DB>>,
    pub(in crate::store) statement: Arc<WriteStatement>,
}

impl<'w, DB: WriteStore> Prepared<'w, DB> {
    pub(in crate::store) fn new(sql: &Statements, write: &'w Write<DB>, form: Form) -> Self {
        let parts = parts(write);
        let statement = sql.writes.get(form, &parts, || {
            let WriteStatement { text, binds, reports } = composed(form, &parts);
            WriteStatement { text: render::<DB>(&sql.tables, &text), binds, reports }
        });
        Self { form, now: write.now, parts, statement }
    }

    /// Binds the rows of the parts.
    pub(in crate::store) fn bind(&self, binder: &mut Binder<DB>) {
        for part in &self.statement.binds {
            self.parts[*part].bind(self.form, self.now, binder);
        }
    }
}

/// The statement of these parts, as a template.
pub(in crate::store) fn composed<DB: WriteStore>(form: Form, parts: &[&dyn Part<DB>]) -> WriteStatement<String> {
    let texts: Vec<PartText> = parts.iter().map(|part| (part.kind().text)(form, part.shape())).collect();
    DB::compose(form, &texts)
}
