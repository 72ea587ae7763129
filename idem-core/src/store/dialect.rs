//! In what the databases' SQL differs, as far as shared code writes it.

use std::time::Duration;

use sqlx::error::BoxDynError;

use super::columns::{Kind, ListRows};
use super::driver::Driver;
use super::list::List;

/// One database's SQL.
pub trait Dialect: Driver {
    /// Stands before and after a name.
    const QUOTE: char = '"';

    /// The database's time in microseconds.
    const NOW: &'static str;

    /// A column of this kind as it is read, and `NULL` in its place.
    fn read(kind: Kind, column: &str) -> String;
    fn null(kind: Kind) -> &'static str;

    /// Parameter number `number`, from 1, of this kind.
    fn parameter(number: usize, kind: Kind) -> String;

    /// A column as an item of a list that is read as one value. Where none is, as any other.
    fn item(kind: Kind, column: &str) -> String {
        Self::read(kind, column)
    }

    /// That an expression is one of a list of texts, parameter number `number`.
    fn is_in(number: usize) -> String;

    /// Says by which index a table is read, where that can be said.
    fn by_index(_index: &str) -> String {
        String::new()
    }

    /// True while the transaction that was begun is open; an error where it can be seen that it has ended.
    const OPEN: &'static str = "true";

    /// Stands after a query whose rows are locked as if they were to be deleted. Where one transaction writes at a time, nothing does.
    const FOR_UPDATE: &'static str = "";

    /// True; and locks that the statement waits for are waited for at most for parameter number `number`. Where there is no such bound,
    /// there is no such parameter.
    fn bounded(_number: usize) -> String {
        "true".to_owned()
    }

    /// The longest wait for a lock as that parameter, where a statement has it.
    fn bound(_wait: Duration) -> Option<String> {
        None
    }

    /// Binds the rows of a list.
    fn bind_rows<R>(arguments: &mut Self::Arguments, list: &ListRows<'_, R>) -> Result<(), BoxDynError>;

    /// A name, quoted. It never has a quote in it.
    fn quote(name: &str) -> String {
        format!("{0}{name}{0}", Self::QUOTE)
    }
}

impl<DB: Dialect, R> List<'_, DB, R> {
    /// A column that is bound as a value of its own.
    pub(super) fn value(&self, name: &str) -> String {
        let (position, kind) = self.find(name);
        DB::parameter(self.bound + position + 1, kind)
    }
}
