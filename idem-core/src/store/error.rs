//! What went wrong in a database, in the engine's terms.

use std::io;
use std::time::Duration;

use sqlx::error::DatabaseError;

use crate::error::{Effect, Error};
use crate::store::migrate::texts::VERSION;

/// The error of a transaction that has ended too early.
pub(crate) const ENDED: &str =
    "the transaction has ended before its commit, by a statement of the caller or by the database itself";

/// An error of the store with its class.
#[derive(Debug)]
pub struct StoreError {
    pub(crate) class: Class,
    pub(crate) source: sqlx::Error,
}

/// What the engine does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A deadlock or a serialisation failure: the whole transaction runs again.
    Contention,
    /// A lock was not had in time.
    Busy,
    /// The write came past the time until which its caller waits for it.
    Late,
    /// The transaction that a call was to be part of has ended.
    Ended,
    /// No connection could be had; nothing was sent.
    Unavailable,
    /// The connection broke; what was sent may have happened.
    Broken,
    /// idem's tables are missing or older than this version.
    Schema,
    /// A caller's table is not as it was described, or does not take a value.
    Table,
    /// The database, or this role, may not write.
    ReadOnly,
    /// The disk or the database is full, or its file is damaged.
    Storage,
    /// The disk failed. The commit did not happen, and may have once the file is opened anew.
    Disk,
    /// Everything else that the database refuses.
    Other,
}

impl StoreError {
    /// What a write gave back could not be read: it was committed, or may have been.
    pub(crate) fn unread(source: sqlx::Error) -> Self {
        Self { class: Class::Broken, source }
    }

    /// Whether a write that failed like this may have happened, or still happen.
    pub(crate) fn is_in_doubt(&self) -> bool {
        matches!(self.class, Class::Broken | Class::Disk)
    }

    /// The error of a call that was refused after this time, or of which nothing was sent that could have an effect.
    pub(crate) fn not_sent(self, waited: Duration) -> Error {
        let is_unreadable = is_unreadable(&self.source);
        let source = Box::new(self.source);
        match self.class {
            Class::Other if is_unreadable => {
                Error::Undecodable { what: "a row of idem's tables".into(), effect: Effect::Unknown, source }
            }
            Class::Contention => Error::Contention { attempts: 1 },
            Class::Busy | Class::Late => Error::in_flight(waited),
            Class::Ended => Error::Store { source: ENDED.into() },
            Class::Unavailable => Error::Unavailable { source },
            Class::Broken => Error::NotApplied { source },
            Class::Schema => Error::NotMigrated { found: None, wanted: VERSION },
            Class::ReadOnly => Error::ReadOnly { source },
            Class::Table | Class::Storage | Class::Disk | Class::Other => Error::Store { source },
        }
    }
}

/// An error of what was bound or read, which the database never saw or has answered.
impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        Self { class: driver_class(&source), source }
    }
}

/// Whether the database answered with what this release cannot read.
fn is_unreadable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_))
}

/// What the errors of a driver mean.
pub trait Classify {
    /// The class of an error of the database.
    fn database_class(error: &dyn DatabaseError) -> Class;

    /// The class of an error.
    fn class(error: &sqlx::Error) -> Class {
        error.as_database_error().map_or_else(|| driver_class(error), Self::database_class)
    }

    /// Whether a server that refused a connection is starting, stopping or full, and may take one in a moment.
    fn is_starting(_error: &sqlx::Error) -> bool {
        false
    }

    /// The error with its class.
    fn classify(error: sqlx::Error) -> StoreError {
        StoreError { class: Self::class(&error), source: error }
    }
}

/// The class of an error that the driver made, not the database.
fn driver_class(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => Class::Unavailable,
        sqlx::Error::Io(error) => match error.kind() {
            // These come from opening a connection, never from one that is open.
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NotFound
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::PermissionDenied => Class::Unavailable,
            _ => Class::Broken,
        },
        sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => Class::Broken,
        _ => Class::Other,
    }
}
