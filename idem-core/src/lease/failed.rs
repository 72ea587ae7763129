//! How work under a lease fails.

use std::fmt;

/// How work under a lease fails. `?` on an error is [`Failed::Unknown`]: what is not said to be undone may have been done. What is no
/// `std::error::Error` itself, as a boxed error or one of `anyhow`, is made one by [`Failed::unknown`].
///
/// ```
/// use idem_core::lease::Failed;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("declined")]
/// struct Declined;
///
/// fn ask(reply: Result<bool, std::io::Error>) -> Result<(), Failed<Declined>> {
///     if reply? { Ok(()) } else { Err(Failed::NotDone(Declined)) }
/// }
///
/// assert!(matches!(ask(Ok(false)), Err(Failed::NotDone(Declined))));
/// assert!(matches!(ask(Err(std::io::ErrorKind::TimedOut.into())), Err(Failed::Unknown(_))));
/// ```
#[allow(clippy::exhaustive_enums, reason = "it was not done, or that is not known")]
pub enum Failed<E> {
    /// It was not done and will not be: the key is free at once.
    NotDone(E),
    /// It may have been done. What a repeat then gets is said by [`WhenLost`](crate::lease::WhenLost).
    Unknown(Box<dyn std::error::Error + Send + Sync>),
}

impl<E> Failed<E> {
    /// Of an error that is boxed, or can be: `work().await.map_err(Failed::unknown)?`.
    pub fn unknown(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unknown(error.into())
    }
}

impl<E, X: std::error::Error + Send + Sync + 'static> From<X> for Failed<E> {
    fn from(error: X) -> Self {
        Self::Unknown(Box::new(error))
    }
}

impl<E: fmt::Debug> fmt::Debug for Failed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDone(error) => f.debug_tuple("NotDone").field(error).finish(),
            Self::Unknown(error) => f.debug_tuple("Unknown").field(error).finish(),
        }
    }
}
