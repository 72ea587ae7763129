//! Operations: what has no machine gets one effect and one remembered outcome, too.
//!
//! [`Operation::once`] does its work in a transaction, which also records the outcome; [`Operation::leased`] does it under a
//! [lease](crate::lease), for a foreign call or a job. Which of them, and when a machine is better: `docs/OPERATIONS.md`.
//!
//! Layers that have no closure, such as an HTTP service, use the open form, which the closures are written on: [`Operation::enter`],
//! [`Seat::recall`], [`Seat::begin`], [`Unit::complete`]; and [`LeasedOperation::claim`](crate::lease::LeasedOperation::claim).

pub(crate) mod call;
#[cfg(feature = "_sql")]
mod handle;
#[cfg(feature = "_sql")]
mod once;
#[cfg(feature = "_sql")]
mod place;
#[cfg(feature = "_sql")]
mod seat;
#[cfg(feature = "_sql")]
mod unit;
#[cfg(feature = "_sql")]
mod watched;
#[cfg(feature = "_sql")]
mod within;

pub use crate::lease::remembered::{Completed, Remembered};
pub use crate::lease::working::{Ended, Taken};
pub use crate::request::Request;
pub use call::{OperationCall, OperationFuture};
#[cfg(feature = "_sql")]
pub use handle::Operation;
#[cfg(feature = "_sql")]
pub use seat::Seat;
#[cfg(feature = "_sql")]
pub use unit::Unit;
#[cfg(feature = "_sql")]
pub use within::OperationInTx;
