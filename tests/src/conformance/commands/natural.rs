//! Commands without a key.

use idem_core::ErrorKind;

use crate::conformance::machines::{Order, Subscription, order, subscription};
use crate::conformance::{Case, Desk, fresh, key, refused, replayed};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

fn pause(by: &str) -> subscription::Pause {
    subscription::Pause { by: by.to_owned() }
}

/// The first runs, the others get its outcome, also where it came with a key.
pub async fn command_without_key_repeat_returns_original_outcome(case: &impl Case) {
    let mut order = case.order(500).await;
    let paid = fresh(order.apply(None, PAY).await);
    replayed(order.apply(None, PAY).await, &paid);
    replayed(order.apply(Some(&key("k")), PAY).await, &paid);
    let shipped = fresh(order.apply(Some(&key("l")), order::Ship { tracking: "T".into() }).await);
    replayed(order.apply(None, order::Ship { tracking: "T".into() }).await, &shipped);
    assert!(replayed(order.apply(None, PAY).await, &paid).is_superseded());
    assert!(matches!(order.look().await, (Order::Shipped { .. }, 3)));
}

/// `per_visit`: each visit of the source state has its own effect.
pub async fn per_visit_command_without_key_runs_once_per_visit(case: &impl Case) {
    let mut subscription = case.subscription().await;
    for visit in 1..=3 {
        let paused = fresh(subscription.apply(None, pause("ann")).await);
        replayed(subscription.apply(None, pause("ann")).await, &paused);
        assert_eq!(subscription.balance("pauses").await, visit);
        fresh(subscription.apply(Some(&key(&format!("resume {visit}"))), subscription::Resume).await);
    }
    assert!(matches!(subscription.look().await, (Subscription::Active, 7)));
}

/// `per_visit` where no edge leads on: the newest run answers, and one under a key counts too.
pub async fn per_visit_command_without_key_is_replayed_after_its_visit(case: &impl Case) {
    let mut subscription = case.subscription().await;
    refused(subscription.apply(Some(&key("k")), subscription::Resume).await, ErrorKind::Invalid);
    let paused = fresh(subscription.apply(Some(&key("l")), pause("ann")).await);
    replayed(subscription.apply(None, pause("ann")).await, &paused);
    refused(subscription.apply(Some(&key("m")), pause("ann")).await, ErrorKind::Invalid);
}

/// Row e without a key.
pub async fn command_without_key_with_other_payload_is_refused(case: &impl Case) {
    let mut subscription = case.subscription().await;
    let paused = fresh(subscription.apply(None, pause("ann")).await);
    refused(subscription.apply(None, pause("bob")).await, ErrorKind::ReachedOtherwise);
    replayed(subscription.apply(None, pause("ann")).await, &paused);
    assert_eq!(subscription.balance("pauses").await, 1);
}
