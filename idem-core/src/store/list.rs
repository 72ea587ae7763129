//! Lists in the text of a statement that writes them.

use std::marker::PhantomData;

use super::columns::{Column, Kind, Role, of_shape};

/// The columns of a list that a shape has.
#[derive(Debug)]
pub struct List<'l, DB, R> {
    pub(super) columns: Vec<&'l Column<R>>,
    /// How many parameters are bound before it.
    pub(super) bound: usize,
    database: PhantomData<DB>,
}

impl<'l, DB, R> List<'l, DB, R> {
    pub(super) fn new(columns: &'l [Column<R>], shape: u16) -> Self {
        Self { columns: of_shape(columns, shape).collect(), bound: 0, database: PhantomData }
    }

    /// The same, bound after this many other parameters.
    pub(super) fn after(self, bound: usize) -> Self {
        Self { bound, ..self }
    }

    /// A column's position in the list, from 0, and its kind.
    pub(super) fn find(&self, name: &str) -> (usize, Kind) {
        let found = self.columns.iter().enumerate().find(|(_, column)| column.name == name);
        debug_assert!(found.is_some(), "the list has the column {name}");
        found.map_or((0, Kind::Int), |(position, column)| (position, column.kind()))
    }

    /// The names of the columns that are stored as they are bound.
    pub(super) fn stored(&self) -> String {
        self.stored_as(str::to_owned)
    }

    /// What `text` makes of each.
    pub(super) fn stored_as(&self, text: impl Fn(&str) -> String) -> String {
        self.join(|column| column.role != Role::Used, text)
    }

    /// Gives each stored column that is no key what `value` makes of it.
    pub(super) fn sets(&self, value: impl Fn(&str) -> String) -> String {
        self.join(|column| column.role == Role::Stored, |name| format!("{name} = {}", value(name)))
    }

    /// Gives each stored column that is no key what was to be inserted.
    pub(super) fn sets_excluded(&self) -> String {
        self.sets(|name| format!("excluded.{name}"))
    }

    fn join(&self, which: impl Fn(&Column<R>) -> bool, text: impl Fn(&str) -> String) -> String {
        let columns = self.columns.iter().filter(|column| which(column));
        columns.map(|column| text(column.name)).collect::<Vec<_>>().join(", ")
    }
}
