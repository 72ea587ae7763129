//! Statements over rows of callers' tables.

use super::store::RowStore;
use super::table::{DescribedTable, RowStatement, RowWrite, Template, found};
use super::writer::{RowWriter, bind};
use crate::model::row::identifier::TableName;
use crate::model::row::row_update::{Found, RowUpdate};
use crate::store::error::{Class, StoreError};
use crate::store::session::Session;
use crate::store::write::rows::{Locks, RowAfter};

/// What a table is like; `None` if there is none of that name.
pub(crate) async fn describe<DB: RowStore>(
    session: &mut Session<'_, DB>,
    table: &TableName,
) -> Result<Option<DescribedTable>, StoreError> {
    let rows = session.fetch(&DB::DESCRIBE.into(), DB::bind_name(table)).await?;
    Ok(DescribedTable::from_rows(&rows, DB::NUL_IN_TEXT, DB::max)?)
}

/// The row and the key that an update missed, in one snapshot; `inside` a transaction that is to stay usable.
pub(crate) async fn find<DB: RowStore>(
    session: &mut Session<'_, DB>,
    update: &RowUpdate,
    table: &DescribedTable,
    inside: bool,
) -> Result<Found, StoreError> {
    let claims = &session.sql.claims_table;
    let fenced = false;
    let template = table.template(RowStatement::Find, update, |params| {
        RowWriter { params, update, table, claims, fenced }.find::<DB>()
    });
    let rows = fetch(session, &template, (update, table), Locks::NONE, inside).await?;
    Ok(found(&rows, update)?)
}

/// Writes a row, and its key, in a transaction of its own or in the one that is open, or nothing: `None`.
pub(in crate::store) async fn write<DB: RowStore>(
    session: &mut Session<'_, DB>,
    row: &RowWrite,
    own: bool,
    locks: Locks,
) -> Result<Option<RowAfter>, StoreError> {
    let (claims, update, table, fenced) = (&session.sql.claims_table, &*row.update, &*row.table, row.fenced);
    let statement = match (own, fenced) {
        (true, true) => RowStatement::Fenced,
        (true, false) => RowStatement::Own,
        (false, _) => RowStatement::Joined,
    };
    let template = table
        .template(statement, update, |params| DB::row_text(RowWriter { params, update, table, claims, fenced }, own));
    let rows = fetch(session, &template, (update, table), locks, !own).await;
    DB::row_written(session, row, own, rows).await
}

/// Runs a statement over a row. Inside a transaction a value that the database may refuse is sent after a savepoint: its error
/// would abort the transaction.
async fn fetch<DB: RowStore>(
    session: &mut Session<'_, DB>,
    template: &Template,
    (update, table): (&RowUpdate, &DescribedTable),
    locks: Locks,
    inside: bool,
) -> Result<Vec<DB::Row>, StoreError> {
    const SAVEPOINT: &str = "SAVEPOINT idem_value";
    const RELEASE: &str = "RELEASE SAVEPOINT idem_value";
    const UNDO: &str = "ROLLBACK TO SAVEPOINT idem_value; RELEASE SAVEPOINT idem_value";
    let guarded = inside && DB::may_refuse(update, &table.schema);
    if guarded {
        session.run(SAVEPOINT).await?;
    }
    let rows = session.fetch(&template.text, bind(template, update, table, locks)).await;
    match rows {
        Ok(rows) => {
            if guarded {
                session.run(RELEASE).await?;
            }
            Ok(rows)
        }
        Err(error) => {
            let error = of_table::<DB>(error, &session.sql.tables.name("claims"));
            if guarded && !matches!(error.class, Class::Broken | Class::Unavailable) {
                session.run(UNDO).await?;
            }
            Err(error)
        }
    }
}

/// An error of a statement that names two tables, the caller's and that of the claims. What the statement itself raises is not of
/// a table.
fn of_table<DB: RowStore>(error: StoreError, claims: &str) -> StoreError {
    let raised = matches!(error.class, Class::Late | Class::Ended | Class::Contention);
    let of_claims = error.source.as_database_error().is_none_or(|error| error.message().contains(claims));
    let of_table = !raised && !of_claims && DB::is_of_table(&error.source);
    if of_table { StoreError { class: Class::Table, ..error } } else { error }
}
