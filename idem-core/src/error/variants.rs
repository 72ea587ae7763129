//! Why a call did not answer with an outcome.

use std::fmt;
use std::time::Duration;

use super::display::BackTicked;
use super::ledger::{LedgerError, OutOfBounds};
use super::open::OpenProblem;
use super::update::UpdateProblem;
use crate::clock::Timestamp;
use crate::epoch::Epoch;
use crate::key::{KeyError, KeyHash};

/// A foreign error behind an error of this crate; its type is not part of the interface.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a call did not answer with an [`Outcome`](crate::Outcome).
///
/// What a machine's own rules refuse stands beside it in [`CommandError`](super::CommandError). [`Error::effect`] says whether the call's effect has happened, [`Error::is_retryable`] whether
/// the same call, with the same key, may succeed later.
///
/// ```
/// use idem_core::{Effect, Error, ErrorKind};
///
/// let error = Error::Contention { attempts: 10 };
/// assert_eq!((error.kind(), error.effect(), error.is_retryable()), (ErrorKind::Contention, Effect::NotApplied, true));
/// let error = Error::Indeterminate { source: "the connection broke".into() };
/// assert_eq!((error.effect(), error.is_retryable()), (Effect::Unknown, true));    // with the same key
/// assert!(!Error::Interrupted.to_string().is_empty());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No edge leads on from the machine's state by this command, and it did not run before.
    #[error("{machine} {id:?} in state `{state}` does not answer `{command}`; {}", Legal(allowed))]
    Invalid {
        /// The machine's name.
        machine: &'static str,
        /// The machine's id.
        id: String,
        /// The state it is in.
        state: &'static str,
        /// The command.
        command: &'static str,
        /// The commands that are legal in the state.
        allowed: Vec<&'static str>,
    },

    /// The key names another request. Nothing is written.
    #[error(transparent)]
    KeyReused(Box<KeyReused>),

    /// The key, or the command, was used before, and [`Idem::forget`](crate::Idem::forget) has erased its answer since. Nothing is
    /// written.
    #[error(
        "a request that was seen at {at} has this key, or reached this state; its answer was erased with the data of its scope, so it cannot be given again"
    )]
    Forgotten {
        /// When it was first seen.
        at: Timestamp,
        /// `Applied` if it was this request, by its fingerprint; `NotApplied` if it was refused; `Unknown` if what was stored is no longer
        /// there to tell whether it was this one.
        effect: Effect,
    },

    /// The command ran before with another payload, and cannot run again.
    #[error(
        "{machine} {id:?}: `{command}` ran before, at {at}, with another payload, and cannot run again; read the machine instead of assuming that it did what you ask"
    )]
    ReachedOtherwise {
        /// The machine's name.
        machine: &'static str,
        /// The machine's id.
        id: String,
        /// The command.
        command: &'static str,
        /// The number of the transition that it made.
        seq: u64,
        /// When it ran.
        at: Timestamp,
    },

    /// There is no machine of this id, and its initial state carries data. Retryable: the start may be on its way.
    #[error(
        "{machine} {id:?} is not started, and its initial state carries data; call `start` first, or try again if another process starts it"
    )]
    NotStarted {
        /// The machine's name.
        machine: &'static str,
        /// The machine's id.
        id: String,
    },

    /// The machine was started before, with other data.
    #[error("{machine} {id:?} was started at {at} with other data")]
    AlreadyStarted {
        /// The machine's name.
        machine: &'static str,
        /// The machine's id.
        id: String,
        /// When it was started.
        at: Timestamp,
    },

    /// The command can be legal again, or its rejections are remembered, so a repeat of it needs a key to be recognised.
    #[error("a repeat of `{command}` of {machine} is recognised by its key alone; pass one")]
    KeyRequired {
        /// The machine's name.
        machine: &'static str,
        /// The command.
        command: &'static str,
    },

    /// Another call that holds this machine, account or key has not finished in time. Retryable: the next try gets its answer. On
    /// SQLite any transaction holds all: a call beside an open one, without `.within(&mut tx)`, waits for it in vain.
    #[error("another call or transaction that holds the same machine, account, key or lock has not finished within {} ms; try again; if it is the transaction around this call, call by `.within(&mut tx)`", waited.as_millis())]
    InFlight {
        /// How long this call waited.
        waited: Duration,
        /// What is left of the other's lease, if it works under one: try again after that.
        retry_after: Option<Duration>,
    },

    /// The lease or lock that this was fenced by is another owner's by now, or has ended. Nothing is written. Stop working under it.
    #[error("the claim of epoch {mine} is over, by another owner or an operator: {}; stop working under it, or list the lost claims anew", Current(*current))]
    Fenced {
        /// The epoch under which the call was made.
        mine: Epoch,
        /// The epoch of the newest claim; `None` if there is no record of one.
        current: Option<Epoch>,
    },

    /// An owner worked under this key and lost its lease: whether the work was done is not known. The key stays taken until an operator says what
    /// became of it.
    #[error(
        "the work under this key was begun and is unknown since {since}{}; find out whether it was done, and say so by `resolve`",
        Why(source)
    )]
    Lost {
        /// When the lease ended, on the store's clock.
        since: Timestamp,
        /// The epoch of the claim that was lost.
        epoch: Epoch,
        /// What the work failed with, if it failed in this call.
        source: Option<Source>,
    },

    /// Another machine is stored under this name.
    #[error(
        "the database has another machine under the name `{machine}`: neither knows all states of the other ({}); give one of them `name = \"…\"`, or a renamed state `#[was(\"…\")]`",
        BackTicked(missing)
    )]
    ForeignMachine {
        /// The name.
        machine: &'static str,
        /// The stored states that this machine does not know.
        missing: Vec<String>,
    },

    /// A machine is stored in a state, or has a transition by a command, that another release of it knows and this one does not; or its
    /// key remembers a rejection, and no command of this release says `remember_rejections`.
    /// Retryable: while a deploy lasts, a process of that release can answer, and this one too once it is updated.
    #[error(
        "{machine} {id:?} has the {what} `{stored}`, which another release of it knows and this one does not; try again with that release, or, if this is the newest, put {} on the successor",
        Was(what, stored)
    )]
    OtherRelease {
        /// The machine's name.
        machine: &'static str,
        /// The machine's id.
        id: String,
        /// What is not known: `state`, `command` or `remembered rejection`.
        what: &'static str,
        /// Its stored name.
        stored: String,
    },

    /// A machine is stored in a state that no release of today's enum that the database has seen knows.
    #[error(
        "{machine} {id:?} is stored in the state `{stored}`, which the enum does not know ({}); put `#[was(\"{stored}\")]` on its successor",
        BackTicked(known)
    )]
    UnknownState {
        /// The machine's name.
        machine: &'static str,
        /// The machine's id.
        id: String,
        /// The stored name.
        stored: String,
        /// The names the enum knows.
        known: Vec<&'static str>,
    },

    /// A transition is stored under a command that no release of today's enum that the database has seen knows.
    #[error(
        "{machine} {id:?} has a transition by the command `{stored}`, which the enum does not know ({}); put `was = \"{stored}\"` on its successor",
        BackTicked(known)
    )]
    UnknownCommand {
        /// The machine's name.
        machine: &'static str,
        /// The machine's id.
        id: String,
        /// The stored name.
        stored: String,
        /// The names the enum knows.
        known: Vec<&'static str>,
    },

    /// What is stored does not fit today's types. Nothing ran, least of all a second time.
    #[error(
        "{what} no longer decodes: {source}; let today's type read it (`#[serde(default)]`, `#[serde(alias = \"…\")]`)"
    )]
    Undecodable {
        /// What: a state, a payload, an outcome, and whose.
        what: String,
        /// `Applied` if it is the outcome of a command that ran before.
        effect: Effect,
        /// Why.
        source: Source,
    },

    /// A value cannot be stored.
    #[error("{what} cannot be stored: {source}")]
    Unencodable {
        /// What: a state, a payload, an outcome, a message.
        what: String,
        /// Why.
        source: Source,
    },

    /// A value is larger than what this `Idem` accepts.
    #[error("{what} has {bytes} bytes, at most {limit} are stored; keep the large part elsewhere{}", OrRaise(what))]
    TooLarge {
        /// What: a state, a payload, an outcome, a message, metadata.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },

    /// A key, scope, id or account name is not fit to be stored.
    #[error(transparent)]
    Key(#[from] KeyError),

    /// An account would leave its bounds, or `i64`. Nothing is written.
    #[error(transparent)]
    OutOfBounds(Box<OutOfBounds>),

    /// A change of the ledger has no meaning as things stand. Nothing is written.
    #[error(transparent)]
    Ledger(Box<LedgerError>),

    /// The row is not as the update expects it: someone else changed it meanwhile. Nothing is written. Read it and decide
    /// again, as [`update::retry_stale`](crate::update::retry_stale) does.
    #[error("the row of `{table}` by {} is not as expected: {}; read it and decide again", BackTicked(key), Unmet(*expected, *found, differs))]
    Stale {
        /// The table.
        table: String,
        /// The columns that name the row. Their values may be secret, and are not shown.
        key: Vec<String>,
        /// The version that was expected, if one was; 0 for no row.
        expected: Option<i64>,
        /// The version that the row has, if it counts versions.
        found: Option<i64>,
        /// The other columns that were expected to hold something else.
        differs: Vec<String>,
    },

    /// There is no such row. Nothing is written.
    #[error("`{table}` has no row by {}", BackTicked(key))]
    Missing {
        /// The table.
        table: String,
        /// The columns that name the row.
        key: Vec<String>,
    },

    /// The table cannot be updated as it was asked. Nothing is written.
    #[error("`{table}` cannot be updated like this: {problem}")]
    Update {
        /// The table.
        table: String,
        /// What is wrong.
        problem: UpdateProblem,
    },

    /// The transition built its step in a way that has no meaning.
    #[error("the step of `{command}` is built wrongly: {problem}")]
    Misuse {
        /// The command.
        command: &'static str,
        /// What is wrong.
        problem: &'static str,
    },

    /// A call inside the transaction was dropped half-way, or the closure of [`Idem::transaction`](crate::Idem::transaction) kept
    /// it. It is rolled back: nothing of it is applied.
    #[error(
        "a call inside this transaction was dropped half-way, or its closure kept it, so it is rolled back; run the whole transaction again"
    )]
    Interrupted,

    /// The connection broke before anything was committed. Nothing is applied. Retryable.
    #[error("the connection to the database broke, and nothing was applied: {source}; try again")]
    NotApplied {
        /// Why.
        source: Source,
    },

    /// Whether the effect happened is not known: the answer to a write was lost and the database could not be asked in time, or the work
    /// under a lease ended without saying so. Retryable with the same key: the next try finds out.
    #[error("whether the effect happened is not known: {source}; repeat the call with the same key")]
    Indeterminate {
        /// What was lost.
        source: Source,
    },

    /// idem's tables do not exist, or are older than this version.
    #[error("idem's tables {}; run `migrate()` with a role that may create tables, or apply the SQL that `Idem::migrations()` gives", Version(*found, *wanted))]
    NotMigrated {
        /// The version the database is at, if the tables are there.
        found: Option<i64>,
        /// The version this library needs.
        wanted: i64,
    },

    /// The settings cannot work.
    #[error("{problem}")]
    Config {
        /// What is wrong, and what to do.
        problem: String,
    },

    /// The file of a SQLite database cannot be opened. Nothing is written.
    #[error("{path:?} is not opened as a database: {problem} ({source})")]
    NotOpened {
        /// The file as it was given, or as the URL names it once `%` is decoded.
        path: String,
        /// What is wrong.
        problem: OpenProblem,
        /// What the database said.
        source: Source,
    },

    /// The database does not let this role, or anyone, write. Nothing is written.
    #[error(
        "the database is read-only for this connection: {source}; connect to the primary with a role that may write, or let this process write the file and in its folder"
    )]
    ReadOnly {
        /// What the database said.
        source: Source,
    },

    /// Other writers were faster in every attempt. Nothing is written. Retryable.
    #[error(
        "other writers were faster{}; try again, and let a transaction of several calls begin with `Tx::lock_rows`",
        Attempts(*attempts)
    )]
    Contention {
        /// How often it was tried.
        attempts: u32,
    },

    /// No connection to the database. Nothing was sent. Retryable.
    #[error("no connection to the database: {source}; is it running, is the URL right, is the pool large enough?")]
    Unavailable {
        /// What the driver said.
        source: Source,
    },

    /// [`Idem::shutdown`](crate::Idem::shutdown) was called: nothing more is taken. Nothing was sent. Retryable: by another process.
    #[error("this `Idem` was shut down and takes nothing more")]
    ShutDown,

    /// idem itself is at fault: what should never happen did. Whether the effect happened is not known.
    #[error("idem is at fault, please report it: {what}")]
    Internal {
        /// What happened.
        what: &'static str,
    },

    /// The database refused. Nothing is written.
    #[error("the database refused: {source}")]
    Store {
        /// What the database said.
        source: Source,
    },
}

impl Error {
    /// What this error means for the effect of the call.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Indeterminate { .. } | Self::Lost { .. } | Self::Internal { .. } => Effect::Unknown,
            Self::Undecodable { effect, .. } | Self::Forgotten { effect, .. } => *effect,
            _ => Effect::NotApplied,
        }
    }
}

impl Error {
    /// Another call has not finished; this one waited for so long.
    #[cfg(feature = "_sql")]
    pub(crate) fn in_flight(waited: Duration) -> Self {
        Self::InFlight { waited, retry_after: None }
    }

    /// How long to wait before the call is repeated, where that is known: what is left of the lease that another owner works under.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::InFlight { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(Box::new(error))
    }
}

/// What an error means for the effect of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "these are the three answers there are")]
pub enum Effect {
    /// It happened.
    Applied,
    /// It did not happen, and no earlier call's effect under this key is undone.
    NotApplied,
    /// It may or may not have happened; a repeat with the same key finds out, unless the error is [`Error::Forgotten`].
    Unknown,
}

/// Both sides of a key that names two requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key {tag} was first seen at {first_seen} for {first}, and now comes with {second}; use a new key for a new request, and `key.derive(\"step\")` for another step of the same one"
)]
/// With the payment of the README:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use idem_core::{CommandError, Error, Key};
///
/// let mut payment = Payment::in_memory(Rules, payment::Authorized { amount: 500 });
/// let key = Key::new("shop-1", "req-17")?;
/// payment.capture(&key, payment::Capture { amount: 500 })?;
/// match payment.capture(&key, payment::Capture { amount: 400 }) {
///     Err(CommandError::Failed(Error::KeyReused(reused))) => {
///         assert_eq!((reused.first.as_str(), reused.second.as_str()), ("`Capture`", "another payload"));
///         assert!(!reused.tag.contains("req-17"));                            // the key itself is shown nowhere
///     }
///     other => panic!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
#[non_exhaustive]
pub struct KeyReused {
    /// A short hash of the key: enough to find it, too little to give it away.
    pub tag: String,
    /// When the key was first seen.
    pub first_seen: Timestamp,
    /// What it named then: operation and target.
    pub first: String,
    /// What it names now.
    pub second: String,
}

impl KeyReused {
    pub(crate) fn new(hash: &KeyHash, first_seen: Timestamp, first: String, second: String) -> Self {
        Self { tag: hash.to_string(), first_seen, first, second }
    }
}

struct Legal<'a>(&'a [&'static str]);

impl fmt::Display for Legal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            f.write_str("no command is legal there")
        } else {
            write!(f, "legal there: {}", BackTicked(self.0))
        }
    }
}

/// The limit of metadata is fixed.
struct OrRaise<'a>(&'a str);

impl fmt::Display for OrRaise<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 == "the metadata" { "" } else { ", or raise `max_payload`" })
    }
}

/// How a renamed state or command is said to be one.
struct Was<'a>(&'a str, &'a str);

impl fmt::Display for Was<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self("remembered rejection", _) => f.write_str("`remember_rejections`"),
            Self("command", stored) => write!(f, "`was = \"{stored}\"`"),
            Self(_, stored) => write!(f, "`#[was(\"{stored}\")]`"),
        }
    }
}

struct Current(Option<Epoch>);

impl fmt::Display for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(epoch) => write!(f, "the newest claim has epoch {epoch}"),
            None => f.write_str("this process does not know whose the newest one is"),
        }
    }
}

struct Why<'a>(&'a Option<Source>);

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |source| write!(f, " ({source})"))
    }
}

struct Version(Option<i64>, i64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(found) if found > self.1 => {
                write!(f, "are at version {found}, newer than the {} this library knows", self.1)
            }
            Some(found) => write!(f, "are at version {found}, this library needs {}", self.1),
            None => f.write_str("are missing"),
        }
    }
}

struct Attempts(u32);

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 1 { write!(f, " in each of {} attempts", self.0) } else { Ok(()) }
    }
}

struct Unmet<'a>(Option<i64>, Option<i64>, &'a [String]);

impl fmt::Display for Unmet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self(expected, found, differs) = self;
        match (expected, found) {
            (Some(0), Some(found)) => write!(f, "it is there, at version {found}")?,
            (Some(0), None) => f.write_str("it is there")?,
            (Some(expected), Some(found)) if expected != found => {
                write!(f, "it is at version {found}, not {expected}")?;
            }
            (Some(expected), None) => write!(f, "it has no version, not {expected}")?,
            _ => return write!(f, "{} changed", BackTicked(differs)),
        }
        if differs.is_empty() { Ok(()) } else { write!(f, ", and {} changed", BackTicked(differs)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_flight_error_shows_wait_in_milliseconds() {
        let error = Error::InFlight { waited: Duration::from_nanos(2_001_234_567), retry_after: None };
        assert!(error.to_string().contains("within 2001 ms"), "{error}");
    }
}
