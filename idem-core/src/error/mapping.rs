//! What is done with an error of any variant: its kind, the same error for another type of rejection, its repeat.

use super::kind::ErrorKind;
use super::variants::Error;
#[cfg(feature = "_sql")]
use super::variants::Source;

/// For each variant: the pattern that keeps its fields, so that kind and widening are written once.
macro_rules! variants {
    ($($variant:ident $({ $($field:ident),* })? $(( $value:ident ))?),* $(,)?) => {
        impl<R> Error<R> {
            /// Which variant this is.
            pub fn kind(&self) -> ErrorKind {
                match self {
                    Self::Rejected(_) => ErrorKind::Rejected,
                    $(Self::$variant { .. } => ErrorKind::$variant,)*
                }
            }
        }

        impl Error {
            /// The same error where a rule might have refused.
            pub fn widen<R>(self) -> Error<R> {
                match self {
                    Self::Rejected(never) => match never {},
                    $(Self::$variant $({ $($field),* })? $(( $value ))? => Error::$variant $({ $($field),* })? $(( $value ))?,)*
                }
            }
        }
    };
}

variants! {
    Invalid { machine, id, state, command, allowed },
    KeyReused(both),
    ReachedOtherwise { machine, id, command, seq, at },
    NotStarted { machine, id },
    AlreadyStarted { machine, id, at },
    KeyRequired { machine, command },
    InFlight { waited },
    ForeignMachine { machine, missing },
    UnknownState { machine, id, stored, known },
    UnknownCommand { machine, id, stored, known },
    OtherRelease { machine, id, what, stored },
    Undecodable { what, effect, source },
    Unencodable { what, source },
    TooLarge { what, bytes, limit },
    Key(error),
    OutOfBounds(bounds),
    Ledger(error),
    Stale { table, key, expected, found, differs },
    Missing { table, key },
    Update { table, problem },
    Misuse { command, problem },
    Interrupted,
    NotApplied { source },
    Indeterminate { source },
    NotMigrated { found, wanted },
    Config(problem),
    NotOpened { path, problem, source },
    ReadOnly { source },
    Contention { attempts },
    Unavailable { source },
    ShutDown,
    Internal { what },
    Store { source },
}

#[cfg(feature = "_sql")]
impl Error {
    /// The same error for another call: of the group that it ended, or a repeat of the one that it refused. Sources are told in
    /// words.
    pub(crate) fn repeat(&self) -> Self {
        let told = |source: &Source| source.to_string().into();
        match self {
            Self::InFlight { waited } => Self::InFlight { waited: *waited },
            Self::ForeignMachine { machine, missing } => Self::ForeignMachine { machine, missing: missing.clone() },
            Self::Interrupted => Self::Interrupted,
            Self::NotApplied { source } => Self::NotApplied { source: told(source) },
            Self::Indeterminate { source } => Self::Indeterminate { source: told(source) },
            Self::NotMigrated { found, wanted } => Self::NotMigrated { found: *found, wanted: *wanted },
            Self::NotOpened { path, problem, source } => {
                Self::NotOpened { path: path.clone(), problem: problem.clone(), source: told(source) }
            }
            Self::ReadOnly { source } => Self::ReadOnly { source: told(source) },
            Self::Contention { attempts } => Self::Contention { attempts: *attempts },
            Self::Unavailable { source } => Self::Unavailable { source: told(source) },
            Self::ShutDown => Self::ShutDown,
            Self::Internal { what } => Self::Internal { what },
            Self::OutOfBounds(bounds) => Self::OutOfBounds(bounds.clone()),
            Self::Ledger(error) => Self::Ledger(error.clone()),
            other => Self::Store { source: other.to_string().into() },
        }
    }
}
