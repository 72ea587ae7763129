//! What a caller's table is like, as far as an update of it must know.

use crate::model::row::identifier::Identifier;
use crate::model::row::row_update::Cell;

/// A caller's table, as the database describes it.
#[derive(Debug)]
pub struct TableSchema {
    pub(crate) columns: Vec<ColumnSchema>,
    /// The column sets that no two rows share.
    pub(crate) unique: Vec<Vec<String>>,
    /// Text may have U+0000.
    pub(crate) nul_in_text: bool,
}

/// A column of a caller's table.
#[derive(Debug)]
pub struct ColumnSchema {
    pub(crate) name: String,
    /// Its type, as the database writes it.
    pub(crate) type_name: String,
    /// The largest whole number it holds, if it holds whole numbers.
    pub(crate) max: Option<i64>,
}

impl TableSchema {
    pub(crate) fn column(&self, name: &Identifier) -> Option<&ColumnSchema> {
        self.columns.iter().find(|column| column.name == name.as_str())
    }

    /// No two rows have the same values in these columns.
    pub(crate) fn names_one_row(&self, keys: &[Cell]) -> bool {
        self.unique.iter().any(|unique| unique.iter().all(|column| has(keys, column)))
    }

    /// There is a unique index on these columns and no others.
    pub(crate) fn has_unique_index(&self, keys: &[Cell]) -> bool {
        self.unique.iter().any(|unique| unique.len() == keys.len() && unique.iter().all(|column| has(keys, column)))
    }
}

fn has(keys: &[Cell], column: &str) -> bool {
    keys.iter().any(|key| key.column.as_str() == column)
}
