//! The ends of a transaction: commit, rollback, and what became of one whose end is not known.

use std::time::Instant;

use super::{Committer, Tx, TxConnection};
use crate::engine::lost::{Expiry, LostWrite};
use crate::engine::session::loan::Lent;
use crate::engine::session::resolve::{Fate, fate};
use crate::engine::session::witnesses::Witnesses;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::store::error::{Class, ENDED, StoreError};
use crate::store::probe::run::is_there;
use crate::store::session::Replies;
use crate::store::write::rows::CommitWitness;

const NOT_COMMITTED: &str = "the closure of an operation does not commit its transaction: end it with `Ok`, and the operation commits \
    it with the outcome; it was rolled back";

/// The closure of an operation committed its transaction.
pub(crate) fn not_committed() -> Error {
    Error::Config { problem: NOT_COMMITTED.to_owned() }
}

impl<DB: Database> Tx<DB> {
    /// Commits.
    ///
    /// If the reply is lost, the database is asked whether the commit happened.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, Key};
    ///
    /// sqlx::raw_sql(
    ///     "CREATE TABLE orders (id INTEGER PRIMARY KEY);
    ///      CREATE TABLE parcels (order_id INTEGER REFERENCES orders (id) DEFERRABLE INITIALLY DEFERRED)",
    /// )
    /// .execute(idem.pool())
    /// .await?;
    /// let wallet = idem.ledger().account("wallet:7");
    /// let mut tx = idem.begin().await?;
    /// wallet.within(&mut tx).apply_delta(&Key::new("shop", "k1")?, 5).await?;
    /// sqlx::query("INSERT INTO parcels VALUES (1)").execute(tx.conn()).await?;
    /// assert!(matches!(tx.commit().await, Err(Error::Store { .. })));             // there is no such order
    /// assert_eq!(wallet.get().await?, None);                                      // nothing of it is applied
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// - [`Error::Interrupted`]: a call was dropped half-way; nothing is applied.
    /// - [`Error::Store`]: the database refused the commit, for example by a constraint that is checked there, or an earlier
    ///   statement has aborted the transaction or rolled it back; nothing is applied, and the same transaction would be refused
    ///   again.
    /// - [`Error::Contention`], [`Error::NotApplied`]: it lost to another writer, or its connection broke before; nothing is
    ///   applied, and the transaction can run again.
    /// - [`Error::Config`]: it is the transaction of an operation's closure, which the operation commits; nothing is applied.
    /// - [`Error::Indeterminate`]: the reply was lost, or your statement has ended the transaction, and nothing in it, or
    ///   no answer in time, shows whether it is applied.
    ///
    /// # Cancel safety
    /// Dropped half-way, the transaction may be committed or not, as a whole. Its connection is closed; that of an adopted
    /// transaction goes back to sqlx.
    pub async fn commit(mut self) -> Result<(), Error> {
        let Some((lender, commits)) = self.lender.take() else { return self.commit_own().await };
        if commits == Committer::Operation {
            self.end_by_rollback().await;
            // Not `Ended`, as a rollback is: the closure took it for done.
            lender.note(Lent::Committing);
            return Err(not_committed());
        }
        if lender
            .note(if seeded_bug!("dropped-commit-is-interrupted") { Lent::Away } else { Lent::Committing })
            .is_some()
        {
            return Err(Error::Interrupted);
        }
        let committed = self.commit_own().await;
        let again = committed.as_ref().is_err_and(may_succeed_again);
        lender.note(Lent::Ended { again });
        committed
    }

    async fn commit_own(mut self) -> Result<(), Error> {
        if !self.notes.ended {
            self.usable()?;
        }
        fail_point!("tx.commit.before");
        let began = Instant::now();
        let end = self.end().await;
        fail_point!("tx.commit.after");
        // What a commit that failed leaves is not for the next borrower of the connection: it is closed.
        self.connection = TxConnection::Ended;
        if matches!(end, End::Committed) {
            self.tables.clear();
            if self.emits {
                self.shared.emitted.notify_one();
            }
        }
        match end {
            End::Committed => Ok(()),
            End::Refused(_) if self.notes.again => Err(Error::Contention { attempts: 1 }),
            End::Refused(error) => Err(error.not_sent(began.elapsed())),
            End::RolledBack => Err(Error::Store { source: ENDED.into() }),
            End::Unknown => Err(Error::Indeterminate { source: ENDED.into() }),
            End::Unsent(error, witnesses) => Err(match find(&self.shared, witnesses).await? {
                Found::Undone if self.notes.again => Error::Contention { attempts: 1 },
                Found::Undone => error.not_sent(began.elapsed()),
                Found::Committed | Found::Unproved => Error::Indeterminate { source: ENDED.into() },
            }),
            End::Lost(lost) => match fate(&self.shared, &lost).await? {
                Fate::Committed => Ok(()),
                Fate::Undone => Err(Error::NotApplied { source: "the connection broke before the commit".into() }),
                Fate::Pending => Err(lost.unknown()),
            },
        }
    }

    async fn end(&mut self) -> End {
        let (ended, undone) = (self.notes.ended, self.witnesses.is_complete());
        let witnesses = self.witnesses.clone();
        // The caller's statements may have committed it before, and begun another one.
        let alone = !self.touched || seeded_bug!("refused-is-undone");
        let refused = |error| if alone { End::Refused(error) } else { End::Unsent(error, witnesses) };
        let witness = match self.proof().await {
            // What another one than `commit` has committed is not all.
            Ok(Proof::Row(_)) if ended => return End::Unknown,
            Ok(Proof::None) if ended => return if undone { End::RolledBack } else { End::Unknown },
            Ok(Proof::Row(witness)) => Some(witness),
            Ok(Proof::None) => None,
            Ok(Proof::Ended { undone: true }) => return End::RolledBack,
            Ok(Proof::Ended { undone: false }) => return End::Unknown,
            Err(error) if error.is_in_doubt() && seeded_bug!("unsent-is-undone") => return End::Refused(error),
            Err(error) => return refused(error),
        };
        let Ok(mut session) = self.session() else { return End::Unknown };
        match session.commit().await {
            Ok(()) => End::Committed,
            Err(error) if error.is_in_doubt() => {
                End::Lost(LostWrite::new(witness, Expiry::Locked, error.source.to_string()))
            }
            // There was nothing to commit, and the row is there: a statement of the caller has committed it. The driver does
            // not know that, and has to see an end.
            Err(error) if error.class == Class::Ended && witness.is_some() => {
                // What cannot be ended is closed.
                let _ = session.is_open().await;
                let _ = session.roll_back().await;
                End::Committed
            }
            Err(error) => refused(error),
        }
    }

    /// The row that will prove the commit. If the caller's statements ran since it was written, it is looked for: a rollback to a
    /// savepoint may have undone it, and the transaction may be aborted, or ended. An aborted one would answer COMMIT with a
    /// silent ROLLBACK.
    async fn proof(&mut self) -> Result<Proof, StoreError> {
        let undone = self.witnesses.is_complete();
        let mut witnesses = std::mem::take(&mut self.witnesses);
        if !self.touched && !witnesses.is_doubtful() || seeded_bug!("commit-unasked") {
            return Ok(witnesses.pop().map_or(Proof::None, Proof::Row));
        }
        let Ok(mut session) = self.session() else { return Ok(Proof::Ended { undone: false }) };
        while let Some(witness) = witnesses.pop() {
            if is_there(&mut session, &witness).await? {
                return Ok(Proof::Row(witness));
            }
        }
        Ok(if self.is_open().await? { Proof::None } else { Proof::Ended { undone } })
    }

    /// Rolls back. The same as dropping, but done when it returns.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Key;
    ///
    /// let (wallet, key) = (idem.ledger().account("wallet:7"), Key::new("shop", "k1")?);
    /// let mut tx = idem.begin().await?;
    /// wallet.within(&mut tx).apply_delta(&key, 5).await?;
    /// tx.rollback().await;
    /// assert!(wallet.apply_delta(&key, 5).await?.is_fresh());                     // the key was not used
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Cancel safety
    /// Cancel safe: what was not rolled back ends with its connection.
    pub fn rollback(mut self) -> impl Future<Output = ()> + Send {
        let lender = self.lender.take().map(|(lender, _)| lender);
        // Before the first poll: one that is dropped without any must not come back as a transaction to be committed.
        if let Some(lender) = lender.as_ref().filter(|_| !seeded_bug!("dropped-rollback-commits")) {
            lender.note(Lent::Ended { again: false });
        }
        async move {
            let Some(lender) = lender else {
                self.end_by_rollback().await;
                return;
            };
            let again = self.roll_back().await;
            lender.note(Lent::Ended { again });
        }
    }

    /// Rolls back; whether the closure may run again, as it may if it lost a race or its connection. It may not if a statement of the
    /// caller has committed what it did.
    pub(crate) async fn roll_back(mut self) -> bool {
        let again = self.notes.again;
        let lost = self.end_by_rollback().await;
        if !self.touched || !(again || lost) {
            return again || lost;
        }
        let witnesses = std::mem::take(&mut self.witnesses);
        match find(&self.shared, witnesses).await {
            Ok(Found::Undone) => true,
            // It was answered, so what nothing proves is rolled back, unless the caller has ended that as well.
            Ok(Found::Unproved) => !lost,
            Ok(Found::Committed) => seeded_bug!("ended-unit-runs-again"),
            Err(_) => false,
        }
    }

    /// Rolls back; whether the connection turns out to be lost.
    async fn end_by_rollback(&mut self) -> bool {
        let usable = self.unbroken().is_ok();
        match std::mem::replace(&mut self.connection, TxConnection::Ended) {
            // A rollback that fails leaves the connection to be closed.
            TxConnection::Own(mut lease) if usable => {
                lease.session().roll_back().await.is_err_and(|error| error.class == Class::Broken)
            }
            TxConnection::Own(lease) => {
                lease.state().replies == Replies::Lost || seeded_bug!("dropped-call-runs-again")
            }
            TxConnection::Ended => false,
            // What a failed rollback leaves, the drop of the connection ends.
            TxConnection::Adopted(tx, _) => {
                let rolled_back = tokio::time::timeout(self.shared.settings.reply, tx.rollback()).await;
                rolled_back.is_err()
            }
        }
    }
}

/// Whether a transaction whose commit failed like this may run again.
pub(crate) fn may_succeed_again(error: &Error) -> bool {
    // Of a call that the closure dropped it is told, as it has decided to go on without it.
    error.is_retryable() && !matches!(error, Error::Indeterminate { .. } | Error::Interrupted | Error::ShutDown)
}

/// Looks for what a transaction wrote that is over: a statement of the caller may have committed it.
///
/// # Errors
/// [`Error::Indeterminate`] if the database cannot be asked.
async fn find<DB: Database>(shared: &Shared<DB>, mut witnesses: Witnesses) -> Result<Found, Error> {
    let all = witnesses.is_empty() || witnesses.is_complete();
    while let Some(witness) = witnesses.pop() {
        let lost = LostWrite::new(Some(witness), Expiry::Locked, ENDED.to_owned());
        if fate(shared, &lost).await? == Fate::Committed {
            return Ok(Found::Committed);
        }
    }
    Ok(if all { Found::Undone } else { Found::Unproved })
}

/// What is found of a transaction that is over.
enum Found {
    /// A part of it.
    Committed,
    /// Nothing, and all that it wrote would be found.
    Undone,
    /// Nothing, and something that it wrote would not be found.
    Unproved,
}

/// What became of a commit.
enum End {
    Committed,
    /// It was not sent, or refused, and nothing else can have committed it.
    Refused(StoreError),
    /// Its reply was lost.
    Lost(LostWrite),
    /// It was not sent, or refused, with what would prove that the transaction was committed all the same.
    Unsent(StoreError, Witnesses),
    /// A statement of the caller, or the database, had rolled the transaction back.
    RolledBack,
    /// One of them had ended it, and it is not known how.
    Unknown,
}

/// What is there before a commit.
enum Proof {
    /// The row that will prove it.
    Row(CommitWitness),
    /// Nothing.
    None,
    /// Not even the transaction. The rows that were to prove it are undone, if there were any.
    Ended { undone: bool },
}
