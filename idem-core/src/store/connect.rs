//! How idem connects to a database and talks to it.

use std::time::Duration;

use sqlx::Connection;

use super::dialect::Dialect;
use super::error::Classify;

/// How a connection is made.
pub type Options<DB> = <<DB as sqlx::Database>::Connection as Connection>::Options;

/// How idem connects to a database and talks to it.
///
/// # Cancel safety
/// No method is: the engine closes a connection on which a call was dropped half-way.
pub trait Connect: Dialect + Classify {
    /// How many connections may write, where the database has a bound: then the others only read.
    const MAX_WRITERS: Option<u32>;

    /// More callers than this at a time share a transaction.
    const MAX_CALLERS_ALONE: usize;

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
}
