//! What a command is answered with after an override.

use crate::conformance::machines::{order, subscription};
use crate::conformance::{Case, Desk, fresh, key, replayed};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

/// Also when the override leads back to where the command would be legal.
pub async fn repeat_after_override_returns_original_outcome(case: &impl Case) {
    let mut order = case.order(500).await;
    let paid = fresh(order.apply(Some(&key("k")), PAY).await);
    order.put(&key("hand"), order::Pending { total: 500 }, false).await;
    assert!(replayed(order.apply(Some(&key("k")), PAY).await, &paid).is_superseded());
    assert_eq!((order.look().await.1, order.balance("sales").await), (3, 500));
    // A new key is a new request, and the edge is there.
    assert_eq!(fresh(order.apply(Some(&key("l")), PAY).await).seq(), 4);
}

/// A command without a key that ran in the visit does not run again in it.
pub async fn override_without_reopen_starts_no_visit(case: &impl Case) {
    let mut subscription = case.subscription().await;
    let pause = || subscription::Pause { by: "ann".into() };
    let paused = fresh(subscription.apply(None, pause()).await);
    subscription.put(&key("hand"), subscription::Active, false).await;
    assert!(replayed(subscription.apply(None, pause()).await, &paused).is_superseded());
    let mut order = case.order(500).await;
    let paid = fresh(order.apply(None, PAY).await);
    order.put(&key("other hand"), order::Pending { total: 500 }, false).await;
    replayed(order.apply(None, PAY).await, &paid);
    assert_eq!((subscription.balance("pauses").await, order.look().await.1), (1, 3));
}

/// `reopen` says that it may.
pub async fn override_with_reopen_starts_new_visit(case: &impl Case) {
    let mut order = case.order(500).await;
    fresh(order.apply(None, PAY).await);
    order.put(&key("hand"), order::Pending { total: 500 }, true).await;
    let again = fresh(order.apply(None, PAY).await);
    assert_eq!((again.seq(), order.look().await.1), (4, 4));
    replayed(order.apply(None, PAY).await, &again);
}
