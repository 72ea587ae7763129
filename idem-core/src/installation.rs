//! Which database this is.

use std::sync::Arc;

use crate::error::Error;
use crate::idem::Idem;
use crate::key::Uuid;
use crate::store::Database;
use crate::store::claims::queries::renew_installation;

impl<DB: Database> Idem<DB> {
    /// Which database this is: a random id that [`Idem::migrate`] made with the tables. A copy has it as well, until
    /// [`new_installation`](Self::new_installation) is called there.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// let first = idem.installation().await?;
    /// assert_eq!(idem.installation().await?, first);
    /// let second = idem.new_installation().await?;
    /// assert!(second != first && idem.installation().await? == second);
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// Those of the database.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn installation(&self) -> Result<Arc<str>, Error> {
        *self.shared.installation.lock().await = None;
        self.shared.installation().await
    }

    /// Makes this database another installation than the one it was copied from: for a copy that lives on beside it, such as one for
    /// staging. A lease of the one is then not taken for a lease of the other. Call it before anything works on the copy, and open other
    /// handles of it after that. What else a copy means: `docs/OPERATIONS.md`.
    ///
    /// # Errors
    /// Those of the database.
    ///
    /// # Cancel safety
    /// Dropped, it may have a new id or not.
    pub async fn new_installation(&self) -> Result<Arc<str>, Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| Error::Unavailable { source: Box::new(error) })?;
        let id: Arc<str> = Uuid::stamped(bytes, 4).to_string().into();
        let shared = &self.shared;
        let _call = shared.queue.enter()?;
        let mut known = shared.installation.lock().await;
        let mut lease = shared.writer(shared.settings.wait).await?;
        let renewed = renew_installation(&mut lease.session(), &id).await;
        shared.answer(lease, renewed).await?;
        *known = Some(id.clone());
        Ok(id)
    }
}
