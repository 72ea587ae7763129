//! Messages beside machines.

use crate::engine::session::transaction::Tx;
use crate::error::Error;
use crate::key::Uuid;
use crate::message::NewMessage;
use crate::store::Database;
use crate::store::outbox::queries::add;

impl<DB: Database> Tx<DB> {
    /// Writes a message to the outbox: it leaves if the transaction commits. Gives its id.
    ///
    /// There is no order among messages, also of one transaction, unless they are in one [sequence](NewMessage::ordered): one that fails is
    /// tried again later. A message of a machine is emitted by its step, in the machine's order.
    ///
    /// A message makes no transaction idempotent: what runs again emits again. A closure of an operation or of a command's transaction
    /// runs once for its key.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Key, Message};
    ///
    /// let archive = idem.operation("archive");
    /// let key = Key::new("billing", "archive invoice 7")?;
    /// for _ in 0..2 {
    ///     archive.once(&key, &7, |mut tx| async move {
    ///         tx.emit(Message::new("invoice.archived", &7)?.key("invoice-7").header("tenant", "acme")).await?;
    ///         Ok::<_, idem_core::Error>(())
    ///     }).await?;
    /// }
    /// let messages: Vec<(String, String)> =
    ///     sqlx::query_as("SELECT topic, key FROM idem_outbox_readable").fetch_all(idem.pool()).await?;
    /// assert_eq!(messages, [("invoice.archived".to_owned(), "invoice-7".to_owned())]);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Key`] for a topic, a key, a sequence or a header that is none; [`Error::TooLarge`] for a payload above
    /// [`Builder::max_payload`](crate::Builder::max_payload). [`Error::InFlight`] if another transaction holds its sequence for longer
    /// than the lock wait. [`Error::Interrupted`] and those of the database, as any call in a transaction.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    ///
    /// # Cancel safety
    /// Dropped while it waits for the database, it leaves the transaction broken.
    pub async fn emit(&mut self, message: NewMessage) -> Result<String, Error> {
        message.check()?;
        let (bytes, limit) = (message.payload.content().len(), self.shared.settings.limits.payload);
        if bytes > limit {
            return Err(Error::TooLarge { what: "a message", bytes, limit });
        }
        let (id, correlation) = (Uuid::random().to_string(), self.correlation.clone());
        let mut call = self.asking_call().await?;
        let mut session = call.session()?;
        session.half_written(true);
        match add(&mut session, (&id, &message), correlation.as_deref()).await {
            Ok(()) => call.wrote(None)?,
            Err(error) => return call.end(Err(error)),
        }
        self.emits = true;
        Ok(id)
    }
}
