//! What is seen of a call of `once` from outside.

use std::sync::Arc;

use crate::engine::shared::Shared;
use crate::error::Error;
use crate::key::KeyHash;
use crate::outcome::Outcome;
use crate::store::Database;
use crate::store::verdicts::rows::VerdictRow;
use crate::watch::{self, CallName, Stopped, Watch};

/// Runs a call of `once` of the operation of this name; its span, its metrics and its verdict are noted.
pub(super) async fn watched<DB: Database, T, E: From<Error>>(
    shared: &Arc<Shared<DB>>,
    (name, hash): (&str, KeyHash),
    work: impl Future<Output = Result<Outcome<T>, Stopped<E>>>,
) -> Result<Outcome<T>, E> {
    let called = CallName { operation: Some(name), command: "once", key: Some(&hash), ..CallName::default() };
    let (result, verdict) = Watch::new(&called).run(work, watch::verdict).await;
    shared.note(VerdictRow::of_operation((name, "once"), hash, verdict));
    result.map_err(Stopped::into_callers)
}
