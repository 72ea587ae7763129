//! Transactions that callers' statements share with the engine's.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::Connection as _;
use sqlx_core::transaction::TransactionManager as _;

use crate::clock::Timestamp;
use crate::engine::lost::{Expiry, LostWrite};
use crate::engine::session::loan::{Lent, Loan};
use crate::engine::session::pool::Lease;
use crate::engine::session::resolve::{Fate, fate};
use crate::engine::session::tx_conn::{Again, TxConn, may_pass};
use crate::engine::session::witnesses::Witnesses;
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::store::Database;
use crate::store::error::{Class, ENDED, StoreError};
use crate::store::probe::run::is_there;
use crate::store::session::{ConnectionState, Replies, Session};
use crate::store::write::rows::CommitWitness;

/// A transaction, yours and the engine's: what commands, ledger changes and your own statements do in it commits
/// together or not at all.
///
/// Made by [`Idem::transaction`](crate::Idem::transaction), [`Idem::begin`](crate::Idem::begin) or
/// [`Idem::adopt_tx`](crate::Idem::adopt_tx). Dropped without [`commit`](Self::commit) it is rolled back.
///
/// A statement of the engine that the database refuses leaves nothing of its call in the transaction, and the call answers
/// with the error. On PostgreSQL the transaction is then aborted: later calls and `commit` fail, and nothing of it is
/// applied, unless you roll back to a savepoint. On SQLite it stays usable, without the refused call.
///
/// Begin and end it by these methods alone. If your statement has ended it, or SQLite itself (`ON CONFLICT ROLLBACK`,
/// `RAISE(ROLLBACK)`, a full disk), later calls answer [`Error::Store`] and write nothing.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::{Error, Key};
///
/// let wallet = idem.ledger().account("wallet:7");
/// let mut tx = idem.begin().await?;
/// wallet.within(&mut tx).apply_delta(&Key::new("shop", "k1")?, 5).await?;
/// tx.commit().await?;
/// assert_eq!(wallet.balance_after(1).await?, 5);
///
/// let mut tx = idem.begin().await?;
/// sqlx::raw_sql("ROLLBACK").execute(tx.conn()).await?;                        // `tx.rollback()` is the way
/// let refused = wallet.within(&mut tx).apply_delta(&Key::new("shop", "k2")?, 7).await;
/// assert!(matches!(refused, Err(Error::Store { .. })));                       // it would have been written for good
/// # Ok(()) }) }
/// ```
///
/// # Cancel safety
/// A call of the engine that is dropped while it waits for a reply of the database or between its first write and its last, or
/// whose reply is lost, leaves the transaction *broken*: every later call and `commit` answer [`Error::Interrupted`], nothing of
/// it is applied, and its connection is closed; that of an adopted transaction goes back to sqlx, which rolls it back. That is so
/// for a call that only reads as well. A call that is dropped before it was polled leaves the transaction as it was.
pub struct Tx<DB: Database> {
    pub(crate) shared: Arc<Shared<DB>>,
    connection: TxConnection<DB>,
    /// A statement ran since the engine's last write: it may have failed and aborted the transaction, ended it, or undone a part
    /// of it.
    touched: bool,
    /// A statement lost to another writer, or the connection: it is worth another attempt.
    again: bool,
    /// Something else than `commit` has ended the transaction.
    ended: bool,
    /// Rows that prove the commit.
    witnesses: Witnesses,
    /// The graphs that were stored in this transaction: other transactions do not see them yet.
    pub(crate) graphs: Vec<StoredGraph>,
    /// The callers' tables that were updated in this transaction, by whose changes it may have been described.
    tables: Vec<String>,
    /// Where it comes back to when it is dropped, if a closure has it.
    lender: Option<Loan<Self>>,
}

/// A graph that a transaction stored.
#[derive(Debug)]
pub(crate) struct StoredGraph {
    pub(crate) machine: &'static str,
    pub(crate) hash: [u8; 32],
    /// The connection was lent since: the caller may have rolled back to a savepoint before it.
    pub(crate) doubtful: bool,
}

enum TxConnection<DB: Database> {
    Own(Lease<DB>),
    Adopted(sqlx::Transaction<'static, DB>, Adopted),
    Ended,
}

/// What is known of the connection of a transaction that was adopted.
#[derive(Debug, Default)]
struct Adopted {
    state: ConnectionState,
    /// When the transaction began, once it bears the mark of one that the engine began.
    began: Option<Timestamp>,
}

/// One call of the engine inside a transaction. From its first write on, [`Session::half_written`], until it ends, the
/// transaction is half-written; a call that is dropped in between leaves it so.
pub(crate) struct TxCall<'t, DB: Database> {
    tx: &'t mut Tx<DB>,
    began: Instant,
}

impl<DB: Database> Tx<DB> {
    /// A transaction that was begun on one of the engine's connections.
    pub(crate) fn begun(shared: Arc<Shared<DB>>, lease: Lease<DB>) -> Self {
        Self::new(shared, TxConnection::Own(lease), false)
    }

    /// A transaction that the caller began with sqlx.
    pub(crate) fn adopted(shared: Arc<Shared<DB>>, tx: sqlx::Transaction<'static, DB>) -> Self {
        Self::new(shared, TxConnection::Adopted(tx, Adopted::default()), true)
    }

    /// What it is, out of one that is being dropped.
    fn moved(&mut self) -> Self {
        Self {
            shared: self.shared.clone(),
            connection: std::mem::replace(&mut self.connection, TxConnection::Ended),
            touched: self.touched,
            again: self.again,
            ended: self.ended,
            witnesses: std::mem::take(&mut self.witnesses),
            graphs: std::mem::take(&mut self.graphs),
            tables: std::mem::take(&mut self.tables),
            lender: None,
        }
    }

    fn new(shared: Arc<Shared<DB>>, connection: TxConnection<DB>, touched: bool) -> Self {
        Self {
            shared,
            connection,
            touched,
            again: false,
            ended: false,
            witnesses: Witnesses::default(),
            graphs: Vec::new(),
            tables: Vec::new(),
            lender: None,
        }
    }

    /// Lends it to a closure: it comes back when it is dropped.
    pub(crate) fn lend(mut self) -> (Loan<Self>, Self) {
        let loan = Loan::new();
        self.lender = Some(loan.to_borrower());
        (loan, self)
    }

    /// A sqlx executor for your own statements in this transaction: `sqlx::query("…").execute(tx.conn())`.
    ///
    /// It notes whether a statement lost to another writer, so that [`Idem::transaction`](crate::Idem::transaction) knows to run
    /// again. What needs the driver's own connection gets it by [`Tx::bare`].
    ///
    /// The connection is used again after the transaction, also by other callers' calls: what you set, set by `SET LOCAL`, which
    /// ends with it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// sqlx::query("CREATE TABLE parcels (tracking TEXT PRIMARY KEY)").execute(idem.pool()).await?;
    /// let mut tx = idem.begin().await?;
    /// sqlx::query("INSERT INTO parcels VALUES ($1)").bind("T1").execute(tx.conn()).await?;
    /// assert!(sqlx::query("INSERT INTO parcels VALUES ($1)").bind("T1").execute(tx.conn()).await.is_err());
    /// tx.commit().await?;                                                         // on SQLite the first one stays
    /// let parcels: i64 = sqlx::query_scalar("SELECT count(*) FROM parcels").fetch_one(idem.pool()).await?;
    /// assert_eq!(parcels, 1);
    /// # Ok(()) }) }
    /// ```
    pub fn conn(&mut self) -> TxConn<'_, DB> {
        let (conn, again) = self.parts();
        TxConn::new(conn, again)
    }

    /// The driver's connection, for what takes nothing else: `sqlx::Connection::begin` (a savepoint), COPY, functions that take
    /// `&mut PgConnection`. Errors met there are noted by [`Tx::note`].
    pub fn bare(&mut self) -> &mut DB::Connection {
        self.parts().0
    }

    /// Notes the error of a statement that ran on [`Tx::bare`], as [`Tx::conn`] does: if another writer was faster, or the
    /// connection broke, [`Idem::transaction`](crate::Idem::transaction) runs its closure again.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// use sqlx::Connection as _;
    ///
    /// let runs = &AtomicU32::new(0);
    /// let work = |noted: bool| idem.transaction(move |mut tx| async move {
    ///     let savepoint = tx.bare().begin().await?;                               // what `tx.conn()` cannot do
    ///     savepoint.rollback().await?;
    ///     let lost = sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());  // as a statement of it may answer
    ///     match runs.fetch_add(1, Relaxed) {
    ///         0 if noted => tx.note(&lost),
    ///         0 => {}
    ///         _ => return Ok::<_, Box<dyn std::error::Error + Send + Sync>>("done"),
    ///     }
    ///     Err(lost.into())
    /// });
    /// assert!(work(false).await.is_err());                                        // one run: the failure is not known
    /// runs.store(0, Relaxed);
    /// assert_eq!((work(true).await?, runs.load(Relaxed)), ("done", 2));
    /// # Ok(()) }) }
    /// ```
    pub fn note(&mut self, error: &sqlx::Error) {
        Again(&mut self.again).note::<DB>(Some(error));
    }

    /// The connection for statements that the engine does not see, and where their failures are noted.
    #[allow(clippy::expect_used, reason = "`Ended` is only set by methods that consume the value")]
    fn parts(&mut self) -> (&mut DB::Connection, &mut bool) {
        self.touched = true;
        let lent = !seeded_bug!("graph-before-savepoint");
        self.graphs.iter_mut().for_each(|graph| graph.doubtful = lent);
        let conn = match &mut self.connection {
            TxConnection::Own(lease) => Some(lease.conn()),
            TxConnection::Adopted(tx, _) => Some(&mut **tx),
            TxConnection::Ended => None,
        };
        (conn.expect("a transaction that has not ended"), &mut self.again)
    }

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
    /// - [`Error::Indeterminate`]: the reply was lost, or your statement has ended the transaction, and nothing in it, or
    ///   no answer in time, shows whether it is applied.
    ///
    /// # Cancel safety
    /// Dropped half-way, the transaction may be committed or not, as a whole. Its connection is closed; that of an adopted
    /// transaction goes back to sqlx.
    pub async fn commit(mut self) -> Result<(), Error> {
        let Some(lender) = self.lender.take() else { return self.commit_own().await };
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
        if !self.ended {
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
        }
        match end {
            End::Committed => Ok(()),
            End::Refused(_) if self.again => Err(Error::Contention { attempts: 1 }),
            End::Refused(error) => Err(error.not_sent(began.elapsed())),
            End::RolledBack => Err(Error::Store { source: ENDED.into() }),
            End::Unknown => Err(Error::Indeterminate { source: ENDED.into() }),
            End::Unsent(error, witnesses) => Err(match find(&self.shared, witnesses).await? {
                Found::Undone if self.again => Error::Contention { attempts: 1 },
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
        let (ended, undone) = (self.ended, self.witnesses.is_complete());
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
        let lender = self.lender.take();
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
        let again = self.again;
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
        let usable = self.usable().is_ok();
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

    /// Begins a call of the engine that only reads.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if a dropped call has left the transaction half-written, or its connection is lost.
    pub(crate) fn call(&mut self) -> Result<TxCall<'_, DB>, Error> {
        self.usable()?;
        Ok(TxCall { tx: self, began: Instant::now() })
    }

    /// Begins a call of the engine that may write by the statements of a [`Write`](crate::store::write::part::Write), which
    /// look whether the transaction is marked; where there are no marks, whether it is open is asked here, if the caller's
    /// statements may have ended it.
    ///
    /// # Errors
    /// As [`Tx::call`], and if the transaction has ended.
    pub(crate) async fn writing_call(&mut self) -> Result<TxCall<'_, DB>, Error> {
        self.writing(DB::MARK.is_empty()).await
    }

    /// Begins a call of the engine that writes by other statements.
    ///
    /// # Errors
    /// As [`Tx::writing_call`].
    pub(crate) async fn asking_call(&mut self) -> Result<TxCall<'_, DB>, Error> {
        self.writing(true).await
    }

    async fn writing(&mut self, asks: bool) -> Result<TxCall<'_, DB>, Error> {
        let began = Instant::now();
        self.usable()?;
        match self.prepare(asks).await {
            Ok(true) => Ok(TxCall { tx: self, began }),
            Ok(false) => {
                self.ended = true;
                Err(Error::Store { source: ENDED.into() })
            }
            Err(error) => TxCall { tx: self, began }.end(Err(error)),
        }
    }

    /// Marks an adopted transaction; whether it is open, if that is asked.
    async fn prepare(&mut self, asks: bool) -> Result<bool, StoreError> {
        let marks = matches!(&self.connection, TxConnection::Adopted(..)) && !DB::MARK.is_empty();
        if self.touched && (asks || marks) && !seeded_bug!("ended-unasked") { self.is_open().await } else { Ok(true) }
    }

    /// Whether it is open. An adopted one is marked for that: a rollback to the caller's savepoint may have undone the mark.
    async fn is_open(&mut self) -> Result<bool, StoreError> {
        let began = match &self.connection {
            TxConnection::Adopted(_, Adopted { began, .. }) if !DB::MARK.is_empty() => Some(*began),
            _ => None,
        };
        let wait = self.shared.settings.wait;
        let Ok(mut session) = self.session() else { return Ok(false) };
        let Some(began) = began else { return session.is_open().await };
        let began = session.mark(began, wait).await?;
        if let TxConnection::Adopted(_, adopted) = &mut self.connection {
            adopted.began = began.or(adopted.began);
        }
        Ok(began.is_some())
    }

    /// Notes a caller's table that is updated. How it is described is forgotten unless this transaction commits: it may have
    /// changed it.
    pub(crate) fn uses_table(&mut self, table: &str) {
        if !self.tables.iter().any(|known| known == table) {
            self.tables.push(table.to_owned());
        }
    }

    fn usable(&self) -> Result<(), Error> {
        if self.lender.as_ref().is_some_and(Loan::is_over) && !seeded_bug!("kept-tx-usable") {
            return Err(Error::Interrupted);
        }
        if self.ended {
            return Err(Error::Store { source: ENDED.into() });
        }
        let state = match &self.connection {
            TxConnection::Own(lease) => lease.state(),
            TxConnection::Adopted(_, adopted) => adopted.state,
            TxConnection::Ended => ConnectionState { replies: Replies::Missing, ..ConnectionState::default() },
        };
        let broken = state.half_written || state.unanswered();
        if broken && !seeded_bug!("broken-tx-usable") { Err(Error::Interrupted) } else { Ok(()) }
    }

    fn session(&mut self) -> Result<Session<'_, DB>, Error> {
        match &mut self.connection {
            TxConnection::Own(lease) => Ok(lease.session()),
            TxConnection::Adopted(tx, Adopted { state, .. }) => {
                Ok(Session::new(&mut **tx, &self.shared.sql, self.shared.settings.reply, state))
            }
            TxConnection::Ended => Err(Error::Internal { what: "a transaction was used after its end" }),
        }
    }
}

impl<DB: Database> TxCall<'_, DB> {
    /// The connection, for the engine's own statements.
    ///
    /// # Errors
    /// [`Error::Internal`] if the transaction has ended.
    pub(crate) fn session(&mut self) -> Result<Session<'_, DB>, Error> {
        self.tx.session()
    }

    /// Ends the call: it was answered, or the database refused a statement of it and nothing of it is there. If the reply was
    /// lost, or the connection, the transaction stays broken.
    ///
    /// # Errors
    /// What the database answered.
    pub(crate) fn end<T>(mut self, answer: Result<T, StoreError>) -> Result<T, Error> {
        self.session()?.half_written(false);
        let error = match answer {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        self.tx.again |= may_pass(error.class);
        // The database may have aborted the transaction, or ended it; the next call or commit asks.
        self.tx.touched = true;
        self.tx.ended |= error.class == Class::Ended;
        Err(error.not_sent(self.began.elapsed()))
    }

    /// Ends a call that wrote: the transaction is alive, and this row proves its commit, if there is one.
    pub(crate) fn wrote(mut self, witness: Option<CommitWitness>) -> Result<(), Error> {
        self.session()?.half_written(false);
        let touched = std::mem::replace(&mut self.tx.touched, false);
        self.tx.witnesses.note(witness, touched);
        Ok(())
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

impl<DB: Database> Drop for Tx<DB> {
    fn drop(&mut self) {
        if let Some(lender) = self.lender.take() {
            // One that was kept beyond its closure comes back from here, without a lender, and is rolled back.
            let _ = lender.note(Lent::Back(self.moved()));
            return;
        }
        self.tables.iter().for_each(|table| self.shared.sql.forget_described(table));
        let usable = self.usable().is_ok();
        let TxConnection::Own(mut lease) = std::mem::replace(&mut self.connection, TxConnection::Ended) else {
            return;
        };
        if !usable || !lease.state().open {
            return;
        }
        // Queued alone it would wait for the connection's next use, and the locks with it.
        DB::TransactionManager::start_rollback(lease.conn());
        if seeded_bug!("rollback-only-queued") {
            return lease.rolled_back();
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(finish_rollback(lease));
        }
    }
}

/// Sends the rollback that is queued; a connection that does not answer soon is closed, which ends the transaction as well.
async fn finish_rollback<DB: Database>(mut lease: Lease<DB>) {
    const PATIENCE: Duration = Duration::from_secs(1);
    if let Ok(Ok(())) = tokio::time::timeout(PATIENCE, lease.conn().ping()).await {
        lease.rolled_back();
    }
}

impl<DB: Database> fmt::Debug for Tx<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let broken = self.usable().is_err();
        f.debug_struct("Tx").field("database", &DB::NAME).field("broken", &broken).finish_non_exhaustive()
    }
}
