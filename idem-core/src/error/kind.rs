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
    Fenced,
    Lost,
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

impl ErrorKind {
    /// Whether the same call with the same key may succeed later: while other calls end, once a start that is on its way has come,
    /// or by another process.
    ///
    /// What a service answers with, if it has no better: retryable 503, or 409 for [`ErrorKind::InFlight`] under a lease and 404 for
    /// [`ErrorKind::NotStarted`]; [`ErrorKind::KeyReused`] 422, [`ErrorKind::Forgotten`] 410, [`ErrorKind::Key`],
    /// [`ErrorKind::KeyRequired`] and [`ErrorKind::TooLarge`] 400; [`ErrorKind::Missing`] 404; the other refusals of what was asked
    /// (`Rejected`, `Invalid`, `ReachedOtherwise`, `AlreadyStarted`, `OutOfBounds`, `Ledger`, `Stale`, `Fenced`, `Lost`) 409; everything else 500.
    ///
    /// ```
    /// use idem_core::ErrorKind;
    ///
    /// assert!(ErrorKind::InFlight.is_retryable() && !ErrorKind::KeyReused.is_retryable());
    /// assert_eq!(ErrorKind::InFlight.to_string(), "InFlight");
    /// ```
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::NotStarted
                | Self::InFlight
                | Self::OtherRelease
                | Self::Interrupted
                | Self::NotApplied
                | Self::Indeterminate
                | Self::Contention
                | Self::Unavailable
                | Self::ShutDown
        )
    }
}

impl Error {
    /// Whether the same call with the same key may succeed later: [`ErrorKind::is_retryable`].
    pub fn is_retryable(&self) -> bool {
        self.kind().is_retryable()
    }
}
