//! The scenarios: what is sent in each, and how its answers are judged.

mod concurrent;
mod judge;
mod keys;
mod refused;
mod repeated;

use super::report::Report;
use super::session::Session;

/// Runs them all. Those that need a request that is accepted are left out if none is.
pub(super) async fn check(mut session: Session<'_>) -> Report {
    if let Some(first) = repeated::fresh(&mut session).await {
        repeated::repeated(&mut session, &first).await;
        repeated::other_form(&mut session, &first).await;
        refused::other_body(&mut session).await;
        refused::other_query(&mut session).await;
        concurrent::at_once(&mut session).await;
        concurrent::client_gone(&mut session).await;
        refused::broken_body(&mut session).await;
    }
    keys::no_key(&mut session).await;
    keys::empty_key(&mut session).await;
    keys::two_keys(&mut session).await;
    session.report()
}
