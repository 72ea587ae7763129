//! Problems: what a request is refused with, as problem details (RFC 9457).

#[cfg(feature = "axum")]
mod axum;
mod details;
#[cfg(feature = "server")]
mod kind;
#[cfg(feature = "server")]
mod of_error;
mod wire;

pub use details::Problem;
#[cfg(feature = "server")]
pub(crate) use kind::Kind;
#[cfg(all(feature = "server", feature = "tracing"))]
pub(crate) use kind::Misuse;
#[cfg(feature = "server")]
pub use of_error::MapRejected;
#[cfg(feature = "server")]
pub(crate) use wire::BASE;
