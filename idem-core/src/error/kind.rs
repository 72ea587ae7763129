//! The kinds of errors.

/// The kinds of [`Error`](super::Error) and [`CommandError`](super::CommandError), for matching without their data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the variant of the same name")]
pub enum ErrorKind {
    Rejected,
    Invalid,
    KeyReused,
    ReachedOtherwise,
    NotStarted,
    AlreadyStarted,
    KeyRequired,
    InFlight,
    ForeignMachine,
    UnknownState,
    UnknownCommand,
    OtherRelease,
    Undecodable,
    Unencodable,
    TooLarge,
    Key,
    OutOfBounds,
    Ledger,
    Stale,
    Missing,
    Update,
    Misuse,
    Interrupted,
    NotApplied,
    Indeterminate,
    NotMigrated,
    Config,
    NotOpened,
    ReadOnly,
    Contention,
    Unavailable,
    ShutDown,
    Internal,
    Store,
}
