//! An update against the table it is meant for.

use crate::error::UpdateProblem;

use crate::model::row::row_update::{Cell, RowUpdate};
use crate::model::row::table_schema::{ColumnSchema, TableKind, TableSchema};
use crate::value::Value;

/// What would make the database refuse the update, found before it is asked: there an error would end a caller's transaction.
pub(crate) fn check(update: &RowUpdate, schema: &TableSchema) -> Result<(), UpdateProblem> {
    if schema.kind == TableKind::UncountedView {
        return Err(UpdateProblem::View);
    }
    for cell in update.keys.iter().chain(&update.sets).chain(&update.expects) {
        let column = schema.column(&cell.column).ok_or_else(|| UpdateProblem::NoColumn { column: name(cell) })?;
        text_fits(cell, schema)?;
        let stored = !update.needs_row() || update.sets.iter().any(|set| set.column == cell.column);
        if stored && column.generated {
            return Err(UpdateProblem::Generated { column: name(cell) });
        }
        if stored {
            number_fits(cell, column)?;
        }
    }
    if let Some(version) = &update.version {
        let column = || version.as_str().to_owned();
        let stored = schema.column(version).ok_or_else(|| UpdateProblem::NoVersionColumn { column: column() })?;
        if stored.max.is_none() {
            return Err(UpdateProblem::VersionType { column: column() });
        }
    }
    if !update.needs_row() && !schema.has_unique_index(&update.keys) {
        return Err(UpdateProblem::NoUniqueIndex { columns: update.keys.iter().map(name).collect() });
    }
    Ok(())
}

fn text_fits(cell: &Cell, schema: &TableSchema) -> Result<(), UpdateProblem> {
    match &cell.value {
        Value::Text(text) if !schema.nul_in_text && text.contains('\0') => {
            Err(UpdateProblem::Nul { column: name(cell) })
        }
        _ => Ok(()),
    }
}

fn number_fits(cell: &Cell, column: &ColumnSchema) -> Result<(), UpdateProblem> {
    match (&cell.value, column.max) {
        (Value::Int(number), Some(max)) if *number > max || *number < -max - 1 => {
            Err(UpdateProblem::OutOfRange { column: name(cell) })
        }
        _ => Ok(()),
    }
}

fn name(cell: &Cell) -> String {
    cell.column.as_str().to_owned()
}
