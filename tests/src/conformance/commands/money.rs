//! What a step moves and emits.

use idem_core::{Error, ErrorKind};

use crate::conformance::machines::{Order, Subscription, order, subscription};
use crate::conformance::{Case, Desk, fresh, key, refused, replayed};

/// Both sides of the transfer and the message, once for all repeats.
pub async fn transition_repeated_moves_money_and_emits_message_once(case: &impl Case) {
    let mut order = case.order(500).await;
    for _ in 0..3 {
        order.apply(Some(&key("k")), order::Pay { amount: 500, rate: 1 }).await.expect("paid");
    }
    assert_eq!((order.balance("customers").await, order.balance("sales").await), (-500, 500));
    assert_eq!(order.messages().await, 1);
}

/// `or_if_refused`: a decline is an outcome, so it is remembered, and the money of the step not taken stays.
pub async fn step_out_of_bounds_takes_other_step_and_replays_it(case: &impl Case) {
    let mut order = case.order(500).await;
    order.bound("customers", Some(-499), None).await;
    let declined = fresh(order.apply(Some(&key("k")), order::Pay { amount: 500, rate: 1 }).await);
    assert_eq!(declined["id"], "none");
    replayed(order.apply(Some(&key("k")), order::Pay { amount: 500, rate: 1 }).await, &declined);
    assert!(matches!(order.look().await, (Order::Declined { .. }, 2)));
    assert_eq!((order.balance("customers").await, order.balance("sales").await), (0, 0));
    assert_eq!(order.messages().await, 0, "the message of the step not taken");
}

/// Without another step it is refused: the key stays free and every account is as it was.
pub async fn step_out_of_bounds_without_other_step_changes_nothing(case: &impl Case) {
    let mut subscription = case.subscription().await;
    subscription.bound("pauses", None, Some(1)).await;
    let pause = || subscription::Pause { by: "ann".into() };
    fresh(subscription.apply(Some(&key("k")), pause()).await);
    fresh(subscription.apply(Some(&key("l")), subscription::Resume).await);
    let before = subscription.look().await;
    let error = refused(subscription.apply(Some(&key("m")), pause()).await, ErrorKind::OutOfBounds);
    assert!(
        matches!(&error, Error::OutOfBounds(bounds) if (bounds.balance, bounds.delta, bounds.ceiling) == (1, 1, Some(1))),
        "{error:?}"
    );
    assert_eq!((subscription.look().await, subscription.balance("pauses").await), (before, 1));
    fresh(subscription.apply(Some(&key("m")), subscription::Renew { months: 1 }).await);
}

/// An account never leaves `i64`.
pub async fn step_beyond_64_bits_takes_other_step(case: &impl Case) {
    let mut subscription = case.subscription().await;
    subscription.bound("pauses", None, None).await;
    let mut order = case.order(i64::MIN).await;
    let minimum = order.apply(Some(&key("k")), order::Pay { amount: i64::MIN, rate: 1 }).await;
    // No account can be changed by the opposite of `i64::MIN`, so the other step is taken.
    assert_eq!(fresh(minimum)["id"], "none");
    assert!(matches!(subscription.look().await.0, Subscription::Active));
    let mut order = case.order(i64::MAX).await;
    assert_eq!(fresh(order.apply(Some(&key("l")), order::Pay { amount: i64::MAX, rate: 1 }).await)["amount"], i64::MAX);
    assert_eq!(order.balance("sales").await, i64::MAX);
}
