//! One error for several calls.

use super::variants::{Error, Source};

impl Error {
    /// The same error for another call: of the group that it ended, or a repeat of the one that it refused. Sources are texts.
    pub(crate) fn repeat(&self) -> Self {
        let told = |source: &Source| source.to_string().into();
        match self {
            Self::InFlight { waited, retry_after } => Self::InFlight { waited: *waited, retry_after: *retry_after },
            Self::Fenced { mine, current } => Self::Fenced { mine: *mine, current: *current },
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
