//! A call of an operation that has not begun.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use crate::outcome::Outcome;

/// A call of an operation as a lazy future: nothing is sent until it is awaited.
///
/// # Errors
/// As the method that made it.
///
/// # Cancel safety
/// As the method that made it.
#[must_use = "a call does nothing until it is awaited"]
pub struct OperationCall<'a, T, E> {
    wait: Duration,
    run: Work<'a, T, E>,
}

/// The future of an [`OperationCall`].
pub type OperationFuture<'a, T, E> = Pin<Box<dyn Future<Output = Result<Outcome<T>, E>> + Send + 'a>>;

type Work<'a, T, E> = Box<dyn FnOnce(Duration) -> OperationFuture<'a, T, E> + Send + 'a>;

/// The longest wait for another call under the same key, unless it is said.
const WAIT: Duration = Duration::from_secs(5);

impl<'a, T, E> OperationCall<'a, T, E> {
    pub(crate) fn new(run: impl FnOnce(Duration) -> OperationFuture<'a, T, E> + Send + 'a) -> Self {
        Self { wait: WAIT, run: Box::new(run) }
    }

    /// Waits at most so long for another call under the same key, the lock wait of the database aside, then answers [`Error::InFlight`](crate::Error::InFlight). Default 5
    /// seconds. One in this process is waited for by a notification; for one elsewhere it is looked 50 milliseconds to a second apart.
    /// No connection is held meanwhile.
    pub fn wait(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }
}

impl<'a, T: 'a, E: 'a> IntoFuture for OperationCall<'a, T, E> {
    type Output = Result<Outcome<T>, E>;
    type IntoFuture = OperationFuture<'a, T, E>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run)(self.wait)
    }
}

impl<T, E> fmt::Debug for OperationCall<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationCall").field("wait", &self.wait).finish_non_exhaustive()
    }
}
