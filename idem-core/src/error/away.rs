//! Whether a store answered: by what is behind an error, in one place.

use std::error::Error as StdError;
use std::iter::successors;

use super::variants::Error;

impl Error {
    /// Whether the store could not be reached: there was no connection, it broke, no reply came in time, or all connections were in use for
    /// the whole acquire timeout. Of PostgreSQL also while it says that it starts or stops (57P01, 57P02, 57P03). A store that answered
    /// with anything else was reached, whatever it refused and whoever was refused: `false`.
    ///
    /// ```
    /// use idem_core::Error;
    ///
    /// assert!(!Error::Unavailable { source: "no room for another connection".into() }.is_store_away());
    /// ```
    pub fn is_store_away(&self) -> bool {
        let failed = matches!(self, Self::Unavailable { .. } | Self::NotApplied { .. } | Self::Indeterminate { .. });
        failed && successors(Some(self as &dyn StdError), |&error| error.source()).find_map(is_unanswered) == Some(true)
    }
}

/// Whether an error of a driver is one of a store that did not answer; `None` for other errors.
fn is_unanswered(error: &(dyn StdError + 'static)) -> Option<bool> {
    #[cfg(feature = "redis")]
    if let Some(error) = error.downcast_ref::<redis::RedisError>() {
        return Some(error.is_io_error());
    }
    #[cfg(feature = "_sql")]
    if let Some(error) = error.downcast_ref::<sqlx::Error>() {
        return Some(match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(error) => starts_or_stops(error.as_ref()),
            _ => false,
        });
    }
    let _ = error;
    None
}

#[cfg(feature = "_sql")]
fn starts_or_stops(error: &dyn sqlx::error::DatabaseError) -> bool {
    // SQLite has no such codes.
    error.code().is_some_and(|code| matches!(&*code, "57P01" | "57P02" | "57P03"))
}

#[cfg(all(test, feature = "redis"))]
mod tests {
    use redis::{ErrorKind, RedisError, ServerErrorKind};

    use super::*;

    fn source(error: RedisError) -> crate::error::Source {
        Box::new(error)
    }

    #[test]
    fn redis_that_answers_was_reached() {
        let lost = || RedisError::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert!(Error::Indeterminate { source: source(lost()) }.is_store_away());
        assert!(Error::Unavailable { source: Box::new(Error::NotApplied { source: source(lost()) }) }.is_store_away());
        assert!(!Error::Store { source: source(lost()) }.is_store_away());
        for kind in [
            ErrorKind::Server(ServerErrorKind::BusyLoading),
            ErrorKind::Server(ServerErrorKind::MasterDown),
            ErrorKind::Server(ServerErrorKind::NoPerm),
            ErrorKind::AuthenticationFailed,
            ErrorKind::Extension,
            ErrorKind::Parse,
        ] {
            let error = Error::Indeterminate { source: source((kind, "refused").into()) };
            assert!(!error.is_store_away(), "{kind:?}");
        }
    }
}

#[cfg(all(test, feature = "_sql"))]
mod sql_tests {
    use std::borrow::Cow;
    use std::fmt;

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    #[derive(Debug)]
    struct Refused(&'static str);

    impl fmt::Display for Refused {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Refused {}

    impl DatabaseError for Refused {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn database_that_answers_was_reached_unless_it_starts_or_stops() {
        let away = |error: sqlx::Error| Error::Unavailable { source: Box::new(error) }.is_store_away();
        for code in ["57P01", "57P02", "57P03"] {
            assert!(away(sqlx::Error::Database(Box::new(Refused(code)))), "{code}");
        }
        // Roles, passwords, databases, connections, tables; CANTOPEN of SQLite.
        for code in ["28000", "28P01", "3D000", "53300", "57P05", "25P03", "08P01", "42501", "42P01", "14", "10", "11"]
        {
            assert!(!away(sqlx::Error::Database(Box::new(Refused(code)))), "{code}");
        }
        assert!(away(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())) && away(sqlx::Error::PoolTimedOut));
        assert!(!away(sqlx::Error::PoolClosed) && !away(sqlx::Error::Protocol("what is this".into())));
    }
}
