//! Reading again and deciding again.

use crate::engine::session::retry::RetryPolicy;
use crate::error::{CommandError, Error, ErrorKind};

/// Runs a closure that reads a row, decides, and updates it on the condition that it is still so; again, as `policy` says,
/// while others are faster.
///
/// Each run must read anew. What `work` does beside the update it does in each run.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use idem_core::update::retry_stale;
/// use idem_core::{Error, RetryPolicy};
///
/// let mut runs = 0;
/// let done = retry_stale(RetryPolicy::default(), || {
///     runs += 1;
///     let others_are_faster = runs < 3;
///     async move { if others_are_faster { Err(Error::Contention { attempts: 1 }) } else { Ok(runs) } }
/// })
/// .await?;
/// assert_eq!(done, 3);
/// # Ok::<(), Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the last run answers.
///
/// # Cancel safety
/// Dropped, it leaves behind what the run under way leaves. The runs before it wrote nothing by their update.
pub async fn retry_stale<T, E, F, W>(policy: RetryPolicy, work: W) -> Result<T, E>
where
    E: StaleError,
    F: Future<Output = Result<T, E>>,
    W: FnMut() -> F,
{
    retry_if(policy, StaleError::is_stale, work).await
}

/// As [`retry_stale`], with an error of any type, such as `anyhow::Error`, on which you cannot implement [`StaleError`]: runs again where
/// `again` says so.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use idem_core::update::retry_if;
/// use idem_core::{Error, ErrorKind, RetryPolicy};
///
/// type AnyError = Box<dyn std::error::Error + Send + Sync>;
/// let is_stale = |error: &AnyError| error.downcast_ref().is_some_and(|error: &Error| error.kind() == ErrorKind::Contention);
/// let mut runs = 0;
/// let done = retry_if(RetryPolicy::default().attempts(2), is_stale, || {
///     runs += 1;
///     async { Err::<(), AnyError>(Error::Contention { attempts: 1 }.into()) }
/// })
/// .await;
/// assert!(done.is_err() && runs == 2);
/// # Ok::<(), Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the last run answers.
///
/// # Cancel safety
/// As [`retry_stale`].
pub async fn retry_if<T, E, F, W>(policy: RetryPolicy, again: impl Fn(&E) -> bool, mut work: W) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    W: FnMut() -> F,
{
    let mut made = 0_u32;
    loop {
        made = made.saturating_add(1);
        match work().await {
            Err(error) if again(&error) => {
                if !policy.pause(made).await {
                    return Err(error);
                }
            }
            answer => return answer,
        }
    }
}

/// An error of a closure that [`retry_stale`] runs.
///
/// Implemented for [`Error`] and for boxed errors; your own enum asks the variant that holds an [`Error`].
///
/// ```
/// use idem_core::Error;
/// use idem_core::update::StaleError;
///
/// #[derive(Debug, thiserror::Error)]
/// enum Failure {
///     #[error("nothing to do")]
///     Nothing,
///     #[error(transparent)]
///     Idem(#[from] Error),
/// }
///
/// impl StaleError for Failure {
///     fn is_stale(&self) -> bool {
///         matches!(self, Self::Idem(error) if error.is_stale())
///     }
/// }
///
/// assert!(Failure::from(Error::Contention { attempts: 1 }).is_stale());
/// assert!(!Failure::Nothing.is_stale());
/// ```
pub trait StaleError {
    /// Whether what was read is no longer so, or another writer was faster: reading again may help.
    fn is_stale(&self) -> bool;
}

impl StaleError for Error {
    fn is_stale(&self) -> bool {
        matches!(self.kind(), ErrorKind::Stale | ErrorKind::Contention)
    }
}

impl<R> StaleError for CommandError<R> {
    fn is_stale(&self) -> bool {
        self.failure().is_some_and(StaleError::is_stale)
    }
}

impl StaleError for Box<dyn std::error::Error + Send + Sync> {
    fn is_stale(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self.as_ref());
        while let Some(error) = next {
            if error.downcast_ref::<Error>().is_some_and(StaleError::is_stale) {
                return true;
            }
            next = error.source();
        }
        false
    }
}
