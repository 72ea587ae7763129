//! Facts: stored with the command, and no part of what it asks for.

use idem_core::ErrorKind;

use crate::conformance::machines::order;
use crate::conformance::{Case, Desk, fresh, key, refused, replayed};

fn pay(amount: i64, rate: i64) -> order::Pay {
    order::Pay { amount, rate }
}

/// A repeat that looked the fact up again gets the outcome of the first, by its key and without.
pub async fn repeat_with_other_fact_returns_original_outcome(case: &impl Case) {
    let mut order = case.order(500).await;
    let first = fresh(order.apply(Some(&key("k")), pay(500, 1)).await);
    replayed(order.apply(Some(&key("k")), pay(500, 2)).await, &first);
    replayed(order.apply(Some(&key("l")), pay(500, 3)).await, &first);
    replayed(order.apply(None, pay(500, 4)).await, &first);
}

/// What is not a fact still is.
pub async fn repeat_with_same_fact_and_other_payload_is_refused(case: &impl Case) {
    let mut order = case.order(500).await;
    fresh(order.apply(Some(&key("k")), pay(500, 1)).await);
    refused(order.apply(Some(&key("k")), pay(501, 1)).await, ErrorKind::KeyReused);
}
