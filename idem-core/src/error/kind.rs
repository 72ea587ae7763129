//! The kinds of errors.

use std::fmt;

use super::variants::Error;

/// Each variant has a kind of its name.
macro_rules! kinds {
    ($($variant:ident),* $(,)?) => {
        /// The kinds of [`Error`] and [`CommandError`](super::CommandError), for matching without their data.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "each is the variant of the same name")]
        pub enum ErrorKind {
            Rejected,
            $($variant,)*
        }

        impl ErrorKind {
            /// Every kind.
            #[cfg(test)]
            pub(super) const ALL: &'static [Self] = &[Self::Rejected, $(Self::$variant,)*];
        }

        impl fmt::Display for ErrorKind {
            /// The variant's name, for logs and metrics.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }

        impl Error {
            /// Which variant this is.
            pub fn kind(&self) -> ErrorKind {
                match self {
                    $(Self::$variant { .. } => ErrorKind::$variant,)*
                }
            }
        }
    };
}

kinds! {
    Invalid,
    KeyReused,
    Forgotten,
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

impl Error {
    /// Whether the same call with the same key may succeed later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::NotStarted
                | ErrorKind::InFlight
                | ErrorKind::OtherRelease
                | ErrorKind::Interrupted
                | ErrorKind::NotApplied
                | ErrorKind::Indeterminate
                | ErrorKind::Contention
                | ErrorKind::Unavailable
        )
    }
}
