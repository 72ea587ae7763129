//! What a caller's table is like, as far as an update of it must know.

use crate::model::row::identifier::Identifier;
use crate::model::row::row_update::Cell;

/// A caller's table, as the database describes it.
#[derive(Debug)]
pub struct TableSchema {
    pub(crate) kind: TableKind,
    pub(crate) columns: Vec<ColumnSchema>,
    /// The column sets that no two rows share.
    pub(crate) unique: Vec<Vec<String>>,
    /// Text may have U+0000.
    pub(crate) nul_in_text: bool,
}

/// What a table's rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TableKind {
    /// Its own; those of tables that inherit from it are theirs.
    #[default]
    Plain,
    /// Those of its partitions.
    Partitioned,
    /// Those of others.
    View,
    /// Those of others, and the database does not count what an update of it wrote.
    UncountedView,
}

/// A column of a caller's table.
#[derive(Debug)]
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "what a type refuses matters where an error aborts"))]
pub struct ColumnSchema {
    pub(crate) name: String,
    /// Its type, as the database writes it; of a domain, the type below it.
    pub(crate) type_name: String,
    /// What the database calls its type whatever its name, where it has such a number.
    pub(crate) type_id: Option<String>,
    /// The type is a domain, which may refuse values that the type below it takes.
    pub(crate) domain: bool,
    /// The longest text it holds, in characters, or how its numbers are cut, if it says so.
    pub(crate) modifier: Option<i64>,
    /// The labels of an enumeration.
    pub(crate) labels: Vec<String>,
    /// The database makes its values, and takes none.
    pub(crate) generated: bool,
    /// The largest whole number it holds, if it holds whole numbers.
    pub(crate) max: Option<i64>,
}

impl TableSchema {
    pub(crate) fn column(&self, name: &Identifier) -> Option<&ColumnSchema> {
        self.columns.iter().find(|column| column.name == name.as_str())
    }

    /// There is a unique index on these columns and no others.
    pub(crate) fn has_unique_index(&self, keys: &[Cell]) -> bool {
        self.unique.iter().any(|unique| unique.len() == keys.len() && unique.iter().all(|column| has(keys, column)))
    }
}

fn has(keys: &[Cell], column: &str) -> bool {
    keys.iter().any(|key| key.column.as_str() == column)
}
