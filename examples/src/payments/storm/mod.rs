//! A storm of requests against a service: duplicates, races, replies that nobody waits for, and a proof that each request had one effect.

mod count;
mod plan;
mod run;
mod summary;

pub use count::{Count, CountError};
pub use plan::{Plan, PlanError};
pub use run::{StormError, storm};
pub use summary::Summary;
