//! Operations: what has no machine gets one effect and one remembered outcome, too.

pub mod callers;
pub mod closures;
pub mod elsewhere;
pub mod fenced_transactions;
pub mod fences;
pub mod once;
pub mod open_form;
pub mod retention;
pub mod within;

use std::time::Duration;

use idem_core::lease::{Leases, LockGuard};
use idem_core::{Database, Error, Idem, Tx};
use sqlx::AssertSqlSafe;
use tokio::sync::Semaphore;

use super::{Stored, Subject};

const NOTES: &str = "SELECT count(*) FROM notes";
/// A bound on a wait for what comes at once.
const LONG: Duration = Duration::from_mins(1);
/// A bound on a wait for what does not come.
const SHORT: Duration = Duration::from_millis(50);

/// With a table of the caller.
async fn prepared<S: Subject>(on: &S) -> Stored<'_, S> {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE notes (note text)").await;
    stored
}

/// As another process would open the database.
async fn other<S: Subject>(on: &S) -> Idem<S::DB> {
    waiting(on, LONG).await
}

/// The same, with this bound on the wait for a lock.
async fn waiting<S: Subject>(on: &S, lock_wait: Duration) -> Idem<S::DB> {
    on.builder().acquire_timeout(LONG).lock_wait(lock_wait).open(&on.url()).await.expect("another process")
}

/// Writes a note, as a statement of the caller.
async fn note<DB: Database>(tx: &mut Tx<DB>) -> Result<(), Error> {
    run(tx, "INSERT INTO notes VALUES ('mine')").await
}

async fn run<DB: Database>(tx: &mut Tx<DB>, sql: &str) -> Result<(), Error> {
    let ran = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(tx.conn()).await;
    ran.map(drop).map_err(|error| Error::Store { source: error.into() })
}

/// The work of most operations here: a note, and an answer.
async fn noting<DB: Database, T>(mut tx: Tx<DB>, answer: T) -> Result<T, Error> {
    note(&mut tx).await?;
    Ok(answer)
}

/// Another owner has the lock: the one before was paused for longer than its lease.
async fn taken_over<S: Subject>(stored: &Stored<'_, S>, by: &Idem<S::DB>, name: &str) -> LockGuard {
    stored.execute("UPDATE idem_claims SET until = 0 WHERE state = 1").await;
    Leases::from(by).lock(name.to_owned()).acquire(Duration::ZERO).await.expect("nobody renewed it")
}

/// Whether a call is still under way after a while.
async fn is_pending<T>(call: &mut (impl Future<Output = T> + Unpin)) -> bool {
    tokio::time::timeout(SHORT, call).await.is_err()
}

/// Waits until a process that goes by its clock takes it for this much later.
async fn later(by: Duration) {
    let began = std::time::Instant::now();
    while began.elapsed() < by {
        tokio::task::yield_now().await;
    }
}

/// Where a closure waits until the clause lets it go on.
struct Gate {
    entered: Semaphore,
    opened: Semaphore,
}

impl Gate {
    fn new() -> Self {
        Self { entered: Semaphore::new(0), opened: Semaphore::new(0) }
    }

    /// The closure comes here, and goes on once it is let.
    async fn pass(&self) {
        self.entered.add_permits(1);
        self.opened.acquire().await.expect("never closed").forget();
    }

    /// Waits for a closure that comes here.
    async fn entered(&self) {
        self.entered.acquire().await.expect("never closed").forget();
    }

    /// Lets one go on.
    fn open(&self) {
        self.opened.add_permits(1);
    }
}
