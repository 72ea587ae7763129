//! Values bound to a statement, in the order of its parameters.

use std::fmt;

use sqlx::Error;

use super::columns::{Column, ListRows, Param, of_shape};
use super::dialect::Dialect;

/// The values bound so far, or the first that could not be.
pub struct Binder<DB: Dialect>(Result<DB::Arguments, Error>);

#[allow(single_use_lifetimes, reason = "an anonymous lifetime in `impl Trait` is not stable")]
impl<DB: Dialect> Binder<DB> {
    pub(crate) fn new() -> Self {
        Self(Ok(DB::Arguments::default()))
    }

    /// Binds the next parameter.
    pub(crate) fn bind<'v>(mut self, value: impl Into<Param<'v>>) -> Self {
        self.add(value);
        self
    }

    pub(crate) fn add<'v>(&mut self, value: impl Into<Param<'v>>) {
        if let Ok(arguments) = &mut self.0
            && let Err(error) = DB::bind(arguments, value.into())
        {
            self.0 = Err(Error::Encode(error));
        }
    }

    /// Binds a list that has all its columns.
    pub(crate) fn rows<R>(mut self, columns: &[Column<R>], rows: &[R]) -> Self {
        self.add_rows(columns, 0, rows);
        self
    }

    /// Binds the columns of a list's shape.
    pub(crate) fn add_rows<R>(&mut self, columns: &[Column<R>], shape: u16, rows: &[R]) {
        self.add_list(&ListRows { columns, shape, rows, order: None });
    }

    /// Binds a list.
    pub(crate) fn add_list<R>(&mut self, list: &ListRows<'_, R>) {
        if let Ok(arguments) = &mut self.0
            && let Err(error) = DB::bind_rows(arguments, list)
        {
            self.0 = Err(Error::Encode(error));
        }
    }

    /// Binds the columns of one row as values.
    pub(crate) fn add_row<R>(&mut self, columns: &[Column<R>], shape: u16, row: &R) {
        for column in of_shape(columns, shape) {
            self.add(column.of(row));
        }
    }

    /// # Errors
    /// Why a value could not be bound.
    pub(crate) fn finish(self) -> Result<DB::Arguments, Error> {
        self.0
    }
}

impl<DB: Dialect> fmt::Debug for Binder<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Binder").field(&self.0.as_ref().map(drop)).finish()
    }
}
