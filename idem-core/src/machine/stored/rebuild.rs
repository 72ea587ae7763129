//! A machine's row, brought back in line with its history.

use crate::engine::answer::Refusal;
use crate::engine::decide::rebuild::Rebuild;
use crate::error::Error;
use crate::machine::stored::handles::Handle;
use crate::model::machine::rules::Rules;
use crate::store::Database;

impl<DB: Database, X: Rules> Handle<DB, X> {
    /// Brings the machine's row back in line with its history: the newest transition is what it says. True if there was
    /// something to mend.
    ///
    /// For a row that was changed or lost outside idem, as [`Handle::verify`] finds. Reads all of the history, and where there is
    /// something to mend, once more under the machine's lock: commands wait until it is done.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::machine::DifferenceKind;
    /// use idem_core::{Error, Natural};
    ///
    /// let payments = Payment::stored(&idem, Rules);
    /// let payment = payments.at("pay-42");
    /// payment.start(Natural, payment::Authorized { amount: 500 }).await?;
    /// assert!(!payment.rebuild().await?);                                         // nothing to mend
    ///
    /// sqlx::query("DELETE FROM idem_machines WHERE id = 'pay-42'").execute(idem.pool()).await?;
    /// assert_eq!(payment.verify().await?.differences[0].what, DifferenceKind::Row);
    /// assert!(payment.rebuild().await?);
    /// assert!(payment.verify().await?.differences.is_empty());
    /// assert!(matches!(payments.at("pay-43").rebuild().await, Err(Error::NotStarted { .. })));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::NotStarted`] if there is no history, [`Error::Undecodable`] if it has gaps: then nothing is written.
    /// [`Error::InFlight`] if another transaction holds the machine for too long. [`Error::Indeterminate`] if the reply to the
    /// COMMIT was lost: another `rebuild` finds out. Those of the database.
    ///
    /// # Cancel safety
    /// A dropped call leaves the row as it was, or mended.
    pub async fn rebuild(&self) -> Result<bool, Error> {
        let (machine, _) = self.checked()?;
        let rebuild = Rebuild { machine, id: self.id.clone() };
        match self.machines.shared.submit_locked(Box::new(rebuild)).await? {
            Ok(answer) => Ok(answer.fresh),
            Err(Refusal::Failed(error)) => Err(error),
            Err(Refusal::Rejected(..) | Refusal::Panicked(_)) => {
                Err(Error::Internal { what: "a rebuild was refused by a rule, and has none" })
            }
        }
    }
}
