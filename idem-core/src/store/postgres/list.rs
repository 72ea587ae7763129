//! Lists in the text of a statement.

use super::dialect::type_name;
use crate::store::columns::{Column, Role};

/// The columns of a list that a shape has.
pub(super) struct List<'l, R> {
    columns: Vec<&'l Column<R>>,
}

impl<'l, R> List<'l, R> {
    pub(super) fn new(columns: &'l [Column<R>], shape: u16) -> Self {
        Self { columns: columns.iter().filter(|column| column.is_in(shape)).collect() }
    }

    /// Its arrays, side by side as the rows of a table `alias`.
    pub(super) fn table(&self, alias: &str) -> String {
        format!("{} AS {alias} ({})", self.unnest(), self.names())
    }

    /// The same, with each row's place in the list.
    pub(super) fn placed_table(&self, alias: &str) -> String {
        format!("{} WITH ORDINALITY AS {alias} ({}, place)", self.unnest(), self.names())
    }

    pub(super) fn unnest(&self) -> String {
        let arrays = (1..).zip(&self.columns);
        let arrays = arrays.map(|(number, column)| format!("(SELECT ${number}::{}[])", type_name(column.kind)));
        format!("unnest({})", arrays.collect::<Vec<_>>().join(", "))
    }

    /// Each column as a value of its own.
    pub(super) fn value(&self, name: &str) -> String {
        let found = (1..).zip(&self.columns).find(|(_, column)| column.name == name);
        debug_assert!(found.is_some(), "the list has the column {name}");
        found.map_or_else(String::new, |(number, column)| format!("${number}::{}", type_name(column.kind)))
    }

    fn names(&self) -> String {
        self.join(|_| true, |column| column.name.to_owned())
    }

    /// The names of the columns that are stored as they are bound.
    pub(super) fn stored(&self) -> String {
        self.stored_of("")
    }

    /// The same, in the table `alias`.
    pub(super) fn stored_of(&self, alias: &str) -> String {
        let dot = if alias.is_empty() { "" } else { "." };
        self.join(|column| column.role != Role::Used, |column| format!("{alias}{dot}{}", column.name))
    }

    /// Their values, where each is bound as a value of its own.
    pub(super) fn stored_values(&self) -> String {
        self.join(|column| column.role != Role::Used, |column| self.value(column.name))
    }

    /// Gives each stored column that is no key what `value` makes of it.
    pub(super) fn sets(&self, value: impl Fn(&str) -> String) -> String {
        self.join(|column| column.role == Role::Stored, |column| format!("{} = {}", column.name, value(column.name)))
    }

    fn join(&self, which: impl Fn(&Column<R>) -> bool, text: impl Fn(&Column<R>) -> String) -> String {
        let columns = self.columns.iter().filter(|column| which(column));
        columns.map(|column| text(column)).collect::<Vec<_>>().join(", ")
    }
}
