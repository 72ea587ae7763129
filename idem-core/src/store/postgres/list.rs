//! Lists in the text of a statement: an array for each column.

use sqlx::Postgres;

use super::dialect::type_name;

/// The columns of a list that a shape has.
pub(super) type List<'l, R> = crate::store::list::List<'l, Postgres, R>;

impl<R> List<'_, R> {
    /// Its arrays, side by side as the rows of a table `alias`.
    pub(super) fn table(&self, alias: &str) -> String {
        format!("{} AS {alias} ({})", self.unnest(), self.names())
    }

    /// The same, with each row's place in the list.
    pub(super) fn placed_table(&self, alias: &str) -> String {
        format!("{} WITH ORDINALITY AS {alias} ({}, place)", self.unnest(), self.names())
    }

    pub(super) fn unnest(&self) -> String {
        let arrays = self.columns.iter().map(|column| format!("(SELECT {})", self.array(column.name)));
        format!("unnest({})", arrays.collect::<Vec<_>>().join(", "))
    }

    /// The array of a column.
    pub(super) fn array(&self, name: &str) -> String {
        let (position, kind) = self.find(name);
        format!("${}::{}[]", self.bound + position + 1, type_name(kind))
    }

    /// The names of the columns that are stored as they are bound, in the table `alias`.
    pub(super) fn stored_of(&self, alias: &str) -> String {
        self.stored_as(|column| format!("{alias}.{column}"))
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
    }
}
