//! How idem connects to a database and talks to it.

use std::time::Duration;

use sqlx::{Connection, Error};

use super::dialect::Dialect;
use super::error::{Class, StoreError};
use super::tables::Text;

/// How a connection is made.
pub type Options<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

/// How idem connects to a database and talks to it.
///
/// # Cancel safety
/// No method is: the engine closes a connection on which a call was dropped half-way.
pub trait Connect: Dialect {
    /// How many connections may write, where the database has a bound: then the others only read.
    const MAX_WRITERS: Option<u32>;

    /// More callers than this at a time share a transaction.
    const MIN_CONCURRENCY_TO_GROUP: usize;

    /// Whether ledger changes are first written without a load: where a round trip costs more than what it looks up.
    const SUPPORTS_BLIND_WRITES: bool;

    /// How to connect to a URL; the database's own lock, where it has one, is waited for at most for `wait`.
    ///
    /// # Errors
    /// What is wrong with the URL, and how to mend it.
    fn options(url: &str, wait: Duration) -> Result<Options<Self>, String>;

    /// The same for the connections that groups are written on.
    fn for_groups(options: Options<Self>) -> Options<Self> {
        options
    }

    /// Begins a transaction that will write; the text that sqlx's transaction manager is given. Lock waits inside it
    /// end after `wait`.
    fn begin(wait: Duration) -> String;

    /// Fails if the transaction that is open was aborted by an error. Empty where a failed statement does not abort.
    const PING: &'static str;

    /// Runs one statement, or several in one text where the database can, and gives the rows of all.
    fn fetch(
        conn: &mut Self::Connection,
        text: Text,
        arguments: Self::Arguments,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;

    /// Runs statements without parameters.
    fn run(conn: &mut Self::Connection, text: Text) -> impl Future<Output = Result<(), Error>> + Send;

    /// The class of an error of the driver.
    fn class(error: &Error) -> Class;

    /// Whether a server that refused a connection is starting, stopping or full, and may take one in a moment.
    fn is_starting(error: &Error) -> bool;

    /// What an error of the driver means.
    fn classify(error: Error) -> StoreError {
        StoreError { class: Self::class(&error), source: error }
    }
}
