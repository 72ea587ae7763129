//! How idem connects to a database and talks to it.

use std::time::Duration;

use sqlx::Connection;

use super::dialect::Dialect;
use super::error::{Classify, StoreError};
use crate::error::OpenProblem;

/// How a connection is made.
pub type Options<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

/// Whose statements a transaction takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionUse {
    /// Those of the engine alone.
    Own,
    /// Those of a caller as well.
    Lent,
}

/// How idem connects to a database and talks to it.
///
/// # Cancel safety
/// No method is: the engine closes a connection on which a call was dropped half-way.
pub trait Connect: Dialect + Classify {
    /// How many connections may write, where the database has a bound: then the others only read.
    const MAX_WRITERS: Option<u32>;

    /// More callers than this at a time share a transaction.
    const MAX_CALLERS_ALONE: usize;

    /// Whether changes of the ledger, and commands on machines that are known, are first written without a load: where a round trip
    /// costs more than what it looks up.
    const SUPPORTS_BLIND_WRITES: bool;

    /// How to connect to a URL; the database's own lock, where it has one, is waited for at most for `wait`.
    ///
    /// # Errors
    /// What is wrong with the URL, and how to mend it.
    fn options(url: &str, wait: Duration) -> Result<Options<Self>, String>;

    /// The file that was not opened, and why, if that can be seen.
    fn not_opened(_options: &Options<Self>, _error: &sqlx::Error) -> Option<(String, OpenProblem)> {
        None
    }

    /// Ends a transaction that an earlier borrower left open on a connection from the caller's pool. Empty where nothing can be left.
    const END_ANY: &'static str;

    /// The statements for a new connection that idem makes. Empty if none are needed.
    fn greeting(_bounds: SessionBounds) -> String {
        String::new()
    }

    /// Statements of which the first sets something in a session under this name, and the second fails where it is set. Nothing
    /// where no session can be shared.
    fn sharing(_name: u64) -> Option<[String; 2]> {
        None
    }

    /// Begins a transaction that will write; the text that sqlx's transaction manager is given. Lock waits inside it
    /// end after `wait`.
    fn begin(wait: Duration, use_of: TransactionUse) -> String;

    /// Marks the transaction that is open. Empty where it needs no mark.
    const MARK: &'static str;

    /// Marks the transaction that the caller began, if it is the one that began at the time `$1`, and gives that time; one of a time
    /// that is not known is marked as well. Lock waits in it then end after `$2` milliseconds, unless the caller has set a bound.
    const MARK_ADOPTED: &'static str;

    /// Looks whether the transaction that was begun still is open, and was not aborted by an error; what it then answers is not
    /// [`Connect::is_open`]. Statements of a caller, and the database itself, can end it.
    fn look() -> String;

    /// Whether what [`Connect::look`] came to says that the transaction is open.
    ///
    /// # Errors
    /// It was aborted, or could not be asked.
    fn is_open(looked: Result<(), StoreError>) -> Result<bool, StoreError>;

    /// A statement that fails aborts the transaction that is open.
    const ERRORS_ABORT: bool;

    /// A write in a transaction of its own is one statement: it can come late, and bears a time until which it may come. Elsewhere
    /// it holds a lock until it ends.
    const WRITES_IN_ONE_STATEMENT: bool;
}

/// The bounds of a session on idem's own connection.
#[derive(Debug, Clone, Copy)]
pub struct SessionBounds {
    /// Of the wait for each lock.
    pub(crate) lock: Duration,
    /// Of each statement.
    pub(crate) statement: Duration,
}
