//! For the tests of a service: a probe that sends to a route what clients do to it, and reports which promise it keeps.
//!
//! - [`Probe`]: holds the service, and what every request to it has
//! - [`Route`]: one route, and what the probe has to know of it
//! - [`Report`]: a line for each [`Scenario`], with its [`Verdict`] and each [`Finding`]

mod check;
mod door;
mod finding;
mod plan;
mod poll;
mod probe;
mod report;
mod route;
mod scenario;
mod seen;
mod session;

pub use finding::{Finding, FindingKind};
pub use probe::Probe;
pub use report::{Report, Verdict};
pub use route::Route;
pub use scenario::Scenario;
