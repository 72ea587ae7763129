//! How a database writes.

use super::cache::WriteStatement;
use super::list_part::WriteLists;
use super::part::{Form, Write};
use super::rows::{After, Locks};
use super::text::PartText;
use super::written::Written;
use crate::store::connect::Connect;
use crate::store::error::StoreError;
use crate::store::session::Session;

/// Writes in one database.
pub trait WriteStore: Connect + WriteLists {
    /// The templates beside those of parts, by name, for tests of all statements.
    #[cfg(test)]
    fn fixed() -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Puts a statement together.
    fn compose(form: Form, texts: &[PartText]) -> WriteStatement<String>;

    /// Writes all parts in a transaction of its own and commits, or nothing.
    fn write_own(
        session: &mut Session<'_, Self>,
        write: &Write<Self>,
        locks: Locks,
    ) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// Writes all parts in the transaction that is open, or nothing; the transaction stays usable. The machines and accounts
    /// that exist are locked by it. `Ok(None)`: a key was taken meanwhile.
    fn write_joined(
        session: &mut Session<'_, Self>,
        write: &Write<Self>,
    ) -> impl Future<Output = Result<Option<After>, StoreError>> + Send;
}
