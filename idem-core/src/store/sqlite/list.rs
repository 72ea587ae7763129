//! Lists in the text of a statement: one JSON text, whose rows are arrays.

use sqlx::Sqlite;

use crate::store::columns::Kind;

/// The columns of a list that a shape has.
pub(super) type List<'l, R> = crate::store::list::List<'l, Sqlite, R>;

/// The rows of a list as a table `j`. They are materialised: `json_each` would make a row's text anew for every column that is
/// read.
pub(super) const ROWS: &str = "j AS MATERIALIZED (SELECT value FROM json_each($1))";

impl<R> List<'_, R> {
    /// A column of a row.
    pub(super) fn item(&self, name: &str) -> String {
        let (position, kind) = self.find(name);
        let value = format!("j.value->>{position}");
        if kind == Kind::Bytes { format!("unhex({value})") } else { value }
    }
}
