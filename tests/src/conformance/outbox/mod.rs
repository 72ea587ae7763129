//! Messages: numbered, and in the transaction of their effect.

pub mod machines;
pub mod relay;
pub mod transactions;

use crate::conformance::{Stored, Subject};

const MESSAGES: &str = "SELECT count(*) FROM idem_outbox";

/// How many messages a condition on the readable rows holds for.
async fn readable<S: Subject>(stored: &Stored<'_, S>, condition: &str) -> i64 {
    stored.number(&format!("SELECT count(*) FROM idem_outbox_readable WHERE {condition}")).await
}

/// Pairs of messages of one machine or sequence whose positions and numbers have another order.
async fn out_of_order<S: Subject>(stored: &Stored<'_, S>) -> i64 {
    let pairs = "SELECT count(*) FROM idem_outbox_readable a JOIN idem_outbox_readable b
        ON coalesce(a.machine, a.ordered) = coalesce(b.machine, b.ordered) AND coalesce(a.id, '') = coalesce(b.id, '')
        WHERE a.position < b.position AND a.number >= b.number";
    stored.number(pairs).await
}
