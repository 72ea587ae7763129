//! What a handler takes that writes to a database.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Extensions, Request, Response};
use idem_core::operation::{Seat, Unit};
use idem_core::{Database, Error, ErrorKind, Idem, Key, Tx};

use crate::correlation::Correlation;
use crate::guard::run::{HandedBack, RunId};
use crate::keys::Keys;
use crate::problem::{Kind, Problem};

/// The work of a handler under [`Guard::transactional`](crate::Guard::transactional): a transaction that is committed with the answer that is
/// handed back, and with nothing else.
///
/// - `Ok(work.done(answer))` commits, and the answer is remembered.
/// - `Ok(work.refused(answer))` undoes what was written, and the answer is remembered.
/// - Anything else, an error by `?`, a panic, a timeout, an answer without it, is rolled back, and the key is free.
///
/// A handler that lost to another writer runs again, so what it does beside the transaction it may do twice: send mail by the outbox.
///
/// In axum it is an extractor. Its state has to be `Clone` without `DB: Clone`: name the database once, `type Work =
/// idem_http::Work<Sqlite>;`.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use idem_core::Idem;
/// use idem_http::{Guard, Problem, Work, scope};
/// use sqlx::Sqlite;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// async fn note(mut request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Problem> {
///     let mut work = Work::<Sqlite>::take(&mut request)?;
///     let tx = work.tx().await?;                                              // begun here, not before
///     sqlx::query("INSERT INTO notes VALUES ('hello')").execute(tx.conn()).await?;
///     Ok(work.done_response(Response::new(Full::from("made"))))               // effect, record and answer: one commit
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("idem-http-work-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let url = format!("sqlite://{}", folder.join("notes.db").display());
/// let idem = Idem::<Sqlite>::open(&url).await?;
/// sqlx::query("CREATE TABLE notes (text TEXT NOT NULL)").execute(idem.pool()).await?;
/// let guard = Guard::transactional(&idem, scope::single());
/// let service = ServiceBuilder::new().layer(guard.required()).service(service_fn(note));
///
/// let request = || Request::post("/notes").header("idempotency-key", "8e03978e-40d5-43e8").body(Full::<Bytes>::default());
/// let first = service.clone().oneshot(request()?).await?;
/// let again = service.clone().oneshot(request()?).await?;
/// assert_eq!(first.headers()["idempotency-status"], "executed");
/// assert_eq!(again.headers()["idempotency-status"], "replayed");
/// let notes: i64 = sqlx::query_scalar("SELECT count(*) FROM notes").fetch_one(idem.pool()).await?;
/// assert_eq!(notes, 1);
/// # idem.shutdown().await;
/// # std::fs::remove_dir_all(folder)?;
/// # Ok(()) }
/// ```
#[must_use = "dropped, what was written is rolled back"]
pub struct Work<DB: Database> {
    run: Arc<Run<DB>>,
    /// Begun by the first call of `tx`.
    tx: Option<Ground<DB>>,
}

/// What a run of a handler shares with the guard.
pub(crate) struct Run<DB: Database> {
    id: RunId,
    attempt: u32,
    keys: Keys,
    correlation: Correlation,
    state: Mutex<State<DB>>,
}

struct State<DB: Database> {
    /// Taken by an extractor.
    taken: bool,
    /// `None` once the guard has gone on: nothing can be begun any more.
    begins: Option<Begins<DB>>,
    /// A transaction was begun, or tried to.
    touched: bool,
    /// Why it could not be begun.
    failed: Option<NotBegun>,
    /// The handler has a transaction.
    is_open: bool,
    /// What was begun, when the handler has no more of it.
    tx: Option<Ground<DB>>,
}

/// How a transaction is begun.
pub(crate) enum Begins<DB: Database> {
    /// With a key, whose record is committed with it.
    Seat(Arc<Seat<DB>>),
    /// Without one.
    Bare(Idem<DB>),
}

/// A transaction of a handler.
pub(crate) enum Ground<DB: Database> {
    Unit(Unit<DB>),
    Bare(Tx<DB>),
}

/// Why a transaction could not be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// Another process works under the key, or has just ended.
    Elsewhere,
    /// Other writers were faster.
    Contended,
    Otherwise,
}

/// What the guard finds when a handler has ended.
pub(crate) struct Left<DB: Database> {
    /// A task has what was begun.
    pub(crate) is_kept: bool,
    pub(crate) touched: bool,
    pub(crate) failed: Option<NotBegun>,
    pub(crate) tx: Option<Ground<DB>>,
}

impl<DB: Database> Work<DB> {
    /// The work of a request, in a tower service. In axum it is an extractor.
    ///
    /// # Errors
    /// A problem (500): `no-guard` if no transactional guard of this database is around the service, `taken-twice`.
    pub fn take<B>(request: &mut Request<B>) -> Result<Self, Problem> {
        Self::take_extensions(request.extensions_mut())
    }

    pub(crate) fn take_extensions(extensions: &mut Extensions) -> Result<Self, Problem> {
        let fix = "put `Guard::transactional` of this database around the route, and its method among the guarded ones";
        let run = extensions.get::<Arc<Run<DB>>>().ok_or_else(|| Problem::misuse(Kind::NoGuard, fix))?.clone();
        if std::mem::replace(&mut run.state().taken, true) {
            return Err(Problem::misuse(Kind::TakenTwice, "a handler has one `Work`: pass it on"));
        }
        Ok(Self { run, tx: None })
    }

    /// The transaction, begun by the first call: one statement, which also tries for the key's lock.
    ///
    /// # Errors
    /// A problem: `in-flight` if another process works under the key; those of [`Seat::begin`]. Return it: the guard answers with what is
    /// recorded meanwhile.
    ///
    /// # Cancel safety
    /// Dropped, a transaction that had begun is rolled back.
    pub async fn tx(&mut self) -> Result<&mut Tx<DB>, Problem> {
        let tx = match self.tx.take() {
            // The handler has answered without it: dropped, it is rolled back.
            Some(_) if self.run.has_ended() => return Err(Error::Interrupted.into()),
            Some(tx) => tx,
            None => self.run.begin().await?,
        };
        Ok(self.tx.insert(tx).tx())
    }

    /// The key for one step of the work: derived from the scope, the client's key and this word, as [`Keys::key`](crate::Keys::key) says.
    pub fn key(&self, step: &str) -> Key {
        self.run.keys.key(step)
    }

    /// The keys, for what takes them without the transaction.
    pub fn keys(&self) -> &Keys {
        &self.run.keys
    }

    /// The correlation id of the request: the trace id of `traceparent`, else `X-Request-Id`, else a new one. Commands in the
    /// transaction have it.
    pub fn correlation(&self) -> &str {
        self.run.correlation.id()
    }

    /// How often the handler has run for this request, this run included.
    pub fn attempt(&self) -> u32 {
        self.run.attempt
    }

    /// [`done`](Self::done) in a tower service.
    pub fn done_response<B>(self, response: Response<B>) -> Response<B> {
        self.handed_back(response, HandedBack::Done)
    }

    /// [`refused`](Self::refused) in a tower service.
    pub fn refused_response<B>(self, response: Response<B>) -> Response<B> {
        self.handed_back(response, HandedBack::Refused)
    }

    /// Marks an answer; the transaction goes to the guard when this is dropped.
    pub(crate) fn handed_back<B>(self, mut response: Response<B>, how: HandedBack) -> Response<B> {
        self.run.id.hand_back(how, response.extensions_mut());
        response
    }
}

/// What was begun goes to the guard, which ends it.
impl<DB: Database> Drop for Work<DB> {
    fn drop(&mut self) {
        let tx = self.tx.take();
        let mut state = self.run.state();
        // After the end of the run nobody else ends it: dropped here, it is rolled back with its connection.
        state.tx = tx.filter(|_| state.begins.is_some());
        state.is_open = false;
    }
}

impl<DB: Database> Run<DB> {
    pub(crate) fn new(
        (attempt, id): (u32, &RunId),
        keys: &Keys,
        correlation: &Correlation,
        begins: Begins<DB>,
    ) -> Self {
        let state =
            State { taken: false, begins: Some(begins), touched: false, failed: None, is_open: false, tx: None };
        Self { id: id.clone(), attempt, keys: keys.clone(), correlation: correlation.clone(), state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State<DB>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn begin(&self) -> Result<Ground<DB>, Problem> {
        let begins = {
            let mut state = self.state();
            state.touched = true;
            state.begins.clone()
        };
        let begun = match begins {
            Some(Begins::Seat(seat)) => seat.begin().await.map(Ground::Unit),
            Some(Begins::Bare(idem)) => idem.begin().await.map(Ground::Bare),
            None => Err(Error::Interrupted),
        };
        let mut tx = begun.map_err(|error| {
            self.state().failed = Some(NotBegun::of(&error));
            Problem::from(error)
        })?;
        // It is from a header, or made here: a text that fits.
        let _ = tx.tx().correlate(self.correlation.id());
        let mut state = self.state();
        if state.begins.is_none() {
            return Err(Error::Interrupted.into());
        }
        (state.failed, state.is_open) = (None, true);
        Ok(tx)
    }

    fn has_ended(&self) -> bool {
        self.state().begins.is_none()
    }

    /// Ends the run: nothing can be begun any more. What the handler has left.
    pub(crate) fn end(&self) -> Left<DB> {
        let mut state = self.state();
        state.begins = None;
        Left { is_kept: state.is_open, touched: state.touched, failed: state.failed, tx: state.tx.take() }
    }
}

impl<DB: Database> Default for Left<DB> {
    fn default() -> Self {
        Self { is_kept: false, touched: false, failed: None, tx: None }
    }
}

impl NotBegun {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::InFlight => Self::Elsewhere,
            ErrorKind::Contention | ErrorKind::NotApplied => Self::Contended,
            _ => Self::Otherwise,
        }
    }
}

impl<DB: Database> Ground<DB> {
    pub(crate) fn tx(&mut self) -> &mut Tx<DB> {
        match self {
            Self::Unit(unit) => unit,
            Self::Bare(tx) => tx,
        }
    }

    pub(crate) async fn abort(self) {
        match self {
            Self::Unit(unit) => unit.abort().await,
            Self::Bare(tx) => tx.rollback().await,
        }
    }
}

impl<DB: Database> Clone for Begins<DB> {
    fn clone(&self) -> Self {
        match self {
            Self::Seat(seat) => Self::Seat(seat.clone()),
            Self::Bare(idem) => Self::Bare(idem.clone()),
        }
    }
}

impl<DB: Database> fmt::Debug for Run<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("keys", &self.keys).field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

impl<DB: Database> fmt::Debug for Work<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("keys", &self.run.keys).field("attempt", &self.run.attempt).finish_non_exhaustive()
    }
}
