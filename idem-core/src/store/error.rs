//! What went wrong in a database, in the engine's terms.

/// An error of the store with its class.
#[derive(Debug)]
pub struct StoreError {
    pub(crate) class: Class,
    pub(crate) source: sqlx::Error,
}

/// What the engine does about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A deadlock or a serialisation failure: the whole unit runs again.
    Contention,
    /// A lock was not had in time.
    Busy,
    /// No connection could be had; nothing was sent.
    Unavailable,
    /// The connection broke; what was sent may have happened.
    Broken,
    /// idem's tables are missing or older than this version.
    Schema,
    /// The database, or this role, may not write.
    ReadOnly,
    /// The disk or the database is full, or its file is damaged.
    Storage,
    /// Everything else that the database refuses.
    Other,
}
