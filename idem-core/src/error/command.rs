//! What a command fails with.

use std::convert::Infallible;
use std::fmt;

use super::kind::ErrorKind;
use super::variants::{Effect, Error};
use crate::clock::Timestamp;

/// Why a command did not answer with an [`Outcome`](crate::Outcome): a rule of its machine refused, or the call failed.
///
/// A command on a machine that never refuses fails with [`Error`] itself: see [`Never`].
///
/// With the payment of the README:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use idem_core::{Effect, ErrorKind, Key};
///
/// let mut payment = Payment::in_memory(Rules, payment::Authorized { amount: 500 });
/// let key = Key::new("shop-1", "req-17")?;
/// let rejected = payment.capture(&key, payment::Capture { amount: 600 }).expect_err("more than is authorized");
/// assert_eq!(rejected.to_string(), "rejected: only 500 is authorized");
/// assert!(rejected.rejection().is_some() && rejected.failure().is_none());
/// assert_eq!((rejected.kind(), rejected.effect(), rejected.is_retryable()), (ErrorKind::Rejected, Effect::NotApplied, false));
///
/// assert!(payment.capture(&key, payment::Capture { amount: 500 })?.is_fresh());   // the key was free
/// let failed = payment.capture(&key, payment::Capture { amount: 400 }).expect_err("another request");
/// assert_eq!((failed.kind(), failed.rejection().is_none()), (ErrorKind::KeyReused, true));
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[allow(clippy::exhaustive_enums, reason = "these are the two there are")]
pub enum CommandError<R> {
    /// A rule of the machine refused. Nothing is written and the key stays free, unless the command says
    /// `remember_rejections`.
    #[error("rejected: {rejection}")]
    Rejected {
        /// What the rule said.
        rejection: R,
        /// When it was rejected, if this is a repeat of a command whose key remembers it, on the database's clock; `None` if it was
        /// rejected now.
        remembered: Option<Timestamp>,
    },
    /// Anything else.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl<R> CommandError<R> {
    /// What the rule said, if it is a rejection.
    pub fn rejection(&self) -> Option<&R> {
        match self {
            Self::Rejected { rejection, .. } => Some(rejection),
            Self::Failed(_) => None,
        }
    }

    /// What the rule said; or the error, if it is no rejection.
    ///
    /// # Errors
    /// The error, if it is no rejection.
    pub fn into_rejection(self) -> Result<R, Error> {
        match self {
            Self::Rejected { rejection, .. } => Ok(rejection),
            Self::Failed(error) => Err(error),
        }
    }

    /// True if it is a rejection that the key remembers, of an earlier call.
    pub fn is_replay(&self) -> bool {
        matches!(self, Self::Rejected { remembered: Some(_), .. })
    }

    /// Which variant this is, or which variant of [`Error`].
    pub fn kind(&self) -> ErrorKind {
        self.failure().map_or(ErrorKind::Rejected, Error::kind)
    }

    /// Whether the same call with the same key may succeed later without anyone changing anything. A rejection is one until the
    /// machine, or what the rule looks at, has changed.
    pub fn is_retryable(&self) -> bool {
        self.failure().is_some_and(Error::is_retryable)
    }

    /// What this error means for the effect of the call.
    pub fn effect(&self) -> Effect {
        self.failure().map_or(Effect::NotApplied, Error::effect)
    }

    /// The error, if it is no rejection.
    pub fn failure(&self) -> Option<&Error> {
        match self {
            Self::Rejected { .. } => None,
            Self::Failed(error) => Some(error),
        }
    }
}

/// An error that is, or may be, an [`Error`].
#[cfg(feature = "_sql")]
pub(crate) trait MayFail {
    fn failure_mut(&mut self) -> Option<&mut Error>;
}

#[cfg(feature = "_sql")]
impl MayFail for Error {
    fn failure_mut(&mut self) -> Option<&mut Error> {
        Some(self)
    }
}

#[cfg(feature = "_sql")]
impl<R> MayFail for CommandError<R> {
    fn failure_mut(&mut self) -> Option<&mut Error> {
        match self {
            Self::Rejected { .. } => None,
            Self::Failed(error) => Some(error),
        }
    }
}

impl From<CommandError<Infallible>> for Error {
    fn from(error: CommandError<Infallible>) -> Self {
        match error {
            CommandError::Rejected { rejection: never, .. } => match never {},
            CommandError::Failed(error) => error,
        }
    }
}

/// What the rules of a machine refuse with: any error type, or [`Never`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the rejection of a machine",
    label = "not an error",
    note = "derive it: `#[derive(Debug, thiserror::Error)]`; if no rule refuses, write `type Rejection = idem_core::Never;`"
)]
pub trait Rejection: fmt::Debug + fmt::Display + Sized + Send + Sync + 'static {
    /// What a command fails with: [`CommandError`], or [`Error`] where no rule refuses.
    type Error: From<Error> + std::error::Error + Send + Sync + 'static;

    #[doc(hidden)]
    fn __error(error: CommandError<Self>) -> Self::Error;

    #[doc(hidden)]
    fn __command_error(error: Self::Error) -> CommandError<Self>;
}

impl<R: std::error::Error + Send + Sync + 'static> Rejection for R {
    type Error = CommandError<R>;

    fn __error(error: CommandError<Self>) -> CommandError<R> {
        error
    }

    fn __command_error(error: CommandError<R>) -> CommandError<Self> {
        error
    }
}

/// The rejection of rules that never refuse: commands then fail with [`Error`], without a variant that cannot be.
///
/// ```
/// # use idem_core::{Context, Error, Key, Never, Step, idempotent_fsm};
/// # #[idempotent_fsm]
/// # #[command(Close)]
/// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
/// # enum Ticket { #[initial] #[on(Close => Closed)] Open, #[terminal] Closed }
/// struct Desk;
///
/// impl ticket::Transitions for Desk {
///     type Rejection = Never;
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut ticket = Ticket::in_memory(Desk, ticket::Open);
/// ticket.close(&Key::new("desk", "req-1")?)?;
/// let again: Result<_, Error> = ticket.close(&Key::new("desk", "req-2")?);     // not `CommandError`
/// assert!(again?.is_replay());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "there is none")]
pub enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl serde::Serialize for Never {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}

impl<'de> serde::Deserialize<'de> for Never {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("a rule that never refuses has refused"))
    }
}

impl Rejection for Never {
    type Error = Error;

    fn __error(error: CommandError<Self>) -> Error {
        match error {
            CommandError::Rejected { rejection: never, .. } => match never {},
            CommandError::Failed(error) => error,
        }
    }

    fn __command_error(error: Error) -> CommandError<Self> {
        CommandError::Failed(error)
    }
}
