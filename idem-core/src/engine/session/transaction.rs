//! Transactions that callers' statements share with the engine's.

pub(crate) mod end;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Timestamp;
use crate::engine::session::loan::{Lent, Loan};
use crate::engine::session::pool::Lease;
use crate::engine::session::tx_conn::{Notes, TxConn, may_pass};
use crate::engine::session::witnesses::Witnesses;
use crate::engine::shared::Shared;
use crate::epoch::Epoch;
use crate::error::Error;
use crate::key::{KeyError, check_name};
use crate::store::Database;
use crate::store::error::{Class, ENDED, StoreError};
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
    /// What statements have said about it.
    notes: Notes,
    /// Rows that prove the commit.
    witnesses: Witnesses,
    /// The graphs that were stored in this transaction: other transactions do not see them yet.
    pub(crate) graphs: Vec<StoredGraph>,
    /// The callers' tables that were updated in this transaction, by whose changes it may have been described.
    tables: Vec<String>,
    /// It has written messages.
    pub(crate) emits: bool,
    /// The last machine that it moved: its name, id and seq.
    pub(crate) moved: Option<MovedMachine>,
    /// The correlation id of commands that have none of their own.
    pub(crate) correlation: Option<Arc<str>>,
    /// Where it comes back to when it is dropped, if a closure has it, and its committer.
    lender: Option<(Loan<Self>, Committer)>,
    /// The claim that fences it is another owner's: the epochs of its own and of that.
    fenced_off: Option<(Epoch, Option<Epoch>)>,
}

/// The committer of a transaction that a closure has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Committer {
    /// The closure, or the lender.
    Anyone,
    /// The operation that the closure belongs to, with the outcome.
    Operation,
}

/// A machine that a transaction moved: its name, id and seq.
pub(crate) type MovedMachine = (&'static str, Arc<str>, i64);

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
    pub(crate) fn take(&mut self) -> Self {
        Self {
            shared: self.shared.clone(),
            connection: std::mem::replace(&mut self.connection, TxConnection::Ended),
            touched: self.touched,
            notes: self.notes,
            witnesses: std::mem::take(&mut self.witnesses),
            graphs: std::mem::take(&mut self.graphs),
            tables: std::mem::take(&mut self.tables),
            emits: self.emits,
            moved: self.moved.take(),
            correlation: self.correlation.take(),
            lender: None,
            fenced_off: self.fenced_off,
        }
    }

    fn new(shared: Arc<Shared<DB>>, connection: TxConnection<DB>, touched: bool) -> Self {
        Self {
            shared,
            connection,
            touched,
            notes: Notes::default(),
            witnesses: Witnesses::default(),
            graphs: Vec::new(),
            tables: Vec::new(),
            emits: false,
            moved: None,
            correlation: None,
            lender: None,
            fenced_off: None,
        }
    }

    /// Lends it to a closure: it comes back when it is dropped.
    pub(crate) fn lend(mut self) -> (Loan<Self>, Self) {
        let loan = Loan::new();
        self.lender = Some((loan.to_borrower(), Committer::Anyone));
        (loan, self)
    }

    /// Lends it to the closure of an operation, which does not commit it.
    pub(crate) fn lend_to_operation(self) -> (Loan<Self>, Self) {
        let (loan, mut tx) = self.lend();
        tx.lender = tx.lender.take().map(|(lender, _)| (lender, Committer::Operation));
        (loan, tx)
    }

    /// The claim that fences it is another owner's: it can only be rolled back.
    pub(crate) fn fenced_off(&mut self, mine: Epoch, current: Option<Epoch>) {
        self.fenced_off = Some((mine, current));
    }

    /// A part of it is written that should not be: nothing of it may be committed.
    pub(crate) fn break_off(&mut self) {
        if let Ok(mut session) = self.session() {
            session.half_written(true);
        }
    }

    /// What was written since a savepoint is about to be undone.
    pub(crate) fn undone_to_savepoint(&mut self) {
        self.may_be_changed();
    }

    /// Takes back what was taken out of it.
    pub(crate) fn put_back(&mut self, mut tx: Self) {
        let lender = self.lender.take();
        *self = tx.take();
        self.lender = lender;
    }

    /// A sqlx executor for your own statements in this transaction: `sqlx::query("…").execute(tx.conn())`.
    ///
    /// It notes whether a statement lost to another writer, so that [`Idem::transaction`](crate::Idem::transaction) knows to run
    /// again. What needs the driver's own connection gets it by [`Tx::bare`].
    ///
    /// The connection is used again after the transaction, also by other callers' calls: what you set, set by `SET LOCAL`, which
    /// ends with it. Do not set `search_path` where idem's tables are found by it: its own statements would go to another schema's. Give
    /// [`Builder::prefix`](crate::Builder::prefix) a schema.
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
        let (conn, notes) = self.parts();
        TxConn::new(conn, notes)
    }

    /// The driver's connection, for what takes nothing else: `sqlx::Connection::begin` (a savepoint), COPY, functions that take
    /// `&mut PgConnection`. Errors met there are noted by [`Tx::note`]. The first time it is one statement: the driver learns that a
    /// transaction is open.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if the transaction is broken, [`Error::Store`] if it has ended or an earlier statement has aborted it;
    /// those of the database.
    ///
    /// # Cancel safety
    /// Dropped while it waits for the database, it leaves the transaction broken.
    pub async fn bare(&mut self) -> Result<&mut DB::Connection, Error> {
        let mut call = self.call()?;
        let announced = call.session()?.announce().await;
        call.end(announced)?;
        let (conn, notes) = self.parts();
        let conn = conn.ok_or(Error::Interrupted)?;
        notes.look_after_failure::<DB>(conn).await.map_err(|error| Error::Store { source: error.into() })?;
        Ok(conn)
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
    ///     let savepoint = tx.bare().await?.begin().await?;                        // what `tx.conn()` cannot do
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
        self.notes.note::<DB>(Some(error));
    }

    /// Whether a statement in it lost to another writer, or its connection broke: run again from its beginning, the work may succeed.
    /// [`Idem::transaction`](crate::Idem::transaction) looks at it; a layer that begins transactions for handlers does so itself, and
    /// pauses by [`RetryPolicy::pause`](crate::RetryPolicy::pause).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// let mut tx = idem.begin().await?;
    /// assert!(!tx.is_contended());
    /// tx.note(&sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
    /// assert!(tx.is_contended());
    /// # tx.rollback().await;
    /// # Ok(()) }) }
    /// ```
    pub fn is_contended(&self) -> bool {
        self.notes.again
    }

    /// Gives every command in this transaction that has no [correlation](crate::machine::Call::correlation) of its own this one, from
    /// now on: the request that the transaction belongs to. 1 to 255 bytes without control characters.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Natural;
    ///
    /// let payment = Payment::stored(&idem, Rules).at("pay-42");
    /// let mut tx = idem.begin().await?;
    /// tx.correlate("trace-7")?;
    /// payment.within(&mut tx).start(Natural, payment::Authorized { amount: 500 }).await?;
    /// assert_eq!(tx.moved(), Some(("Payment", "pay-42", 1)));
    /// tx.commit().await?;
    /// let started = payment.history().await?.into_iter().next().expect("one transition")?;
    /// assert_eq!(started.correlation.as_deref(), Some("trace-7"));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`KeyError`] if it is no such text.
    pub fn correlate(&mut self, id: &str) -> Result<(), KeyError> {
        check_name("correlation id", id)?;
        self.correlation = Some(id.into());
        Ok(())
    }

    /// The last machine that a command moved in it: its name, its id, and the number of its last transition. What a record of the
    /// transaction's outcome is superseded by.
    pub fn moved(&self) -> Option<(&'static str, &str, i64)> {
        self.moved.as_ref().map(|(machine, id, seq)| (*machine, &**id, *seq))
    }

    /// What the engine does not see happens to it: the graphs that it registered may be gone with a savepoint, and it may end.
    fn may_be_changed(&mut self) {
        self.touched = true;
        let lent = !seeded_bug!("graph-before-savepoint");
        self.graphs.iter_mut().for_each(|graph| graph.doubtful = lent);
    }

    /// The connection for statements that the engine does not see, and where their failures are noted.
    fn parts(&mut self) -> (Option<&mut DB::Connection>, &mut Notes) {
        self.may_be_changed();
        let conn = match &mut self.connection {
            TxConnection::Own(lease) => Some(lease.conn()),
            TxConnection::Adopted(tx, _) => Some(&mut **tx),
            TxConnection::Ended => None,
        };
        (conn, &mut self.notes)
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
                self.notes.ended = true;
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
        self.unbroken()?;
        match self.fenced_off.filter(|_| !seeded_bug!("fenced-tx-commits")) {
            Some((mine, current)) => Err(Error::Fenced { mine, current }),
            None => Ok(()),
        }
    }

    /// Whether it can go on, or be rolled back in an orderly way.
    fn unbroken(&self) -> Result<(), Error> {
        if self.lender.as_ref().is_some_and(|(lender, _)| lender.is_over()) && !seeded_bug!("kept-tx-usable") {
            return Err(Error::Interrupted);
        }
        if self.notes.ended {
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
        self.tx.notes.again |= may_pass(error.class);
        // The database may have aborted the transaction, or ended it; the next call or commit asks.
        self.tx.touched = true;
        self.tx.notes.ended |= error.class == Class::Ended;
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

impl<DB: Database> Drop for Tx<DB> {
    fn drop(&mut self) {
        if let Some((lender, _)) = self.lender.take() {
            // One that was kept beyond its closure comes back from here, without a lender, and is rolled back.
            let _ = lender.note(Lent::Back(self.take()));
            return;
        }
        self.tables.iter().for_each(|table| self.shared.sql.forget_described(table));
        let usable = self.unbroken().is_ok();
        let TxConnection::Own(mut lease) = std::mem::replace(&mut self.connection, TxConnection::Ended) else {
            return;
        };
        if !usable || !lease.state().open {
            return;
        }
        if seeded_bug!("rollback-left-out") {
            return lease.take_for_ended();
        }
        // Without a runtime the connection is closed, which ends the transaction as well.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(roll_back(lease));
        }
    }
}

/// Rolls back; a connection that does not answer soon is closed.
async fn roll_back<DB: Database>(mut lease: Lease<DB>) {
    const PATIENCE: Duration = Duration::from_secs(1);
    let _ = tokio::time::timeout(PATIENCE, lease.session().roll_back()).await;
}

impl<DB: Database> fmt::Debug for Tx<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let broken = self.usable().is_err();
        f.debug_struct("Tx").field("database", &DB::NAME).field("broken", &broken).finish_non_exhaustive()
    }
}
