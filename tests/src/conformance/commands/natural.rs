//! Commands without a key.

use idem_core::ErrorKind;

use crate::conformance::machines::{Door, Order, door, order};
use crate::conformance::{Case, Desk, fresh, key, refused, replayed};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

fn push(by: &str) -> door::Push {
    door::Push { by: by.to_owned() }
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
    let mut door = case.door().await;
    for visit in 1..=3 {
        let pushed = fresh(door.apply(None, push("ann")).await);
        replayed(door.apply(None, push("ann")).await, &pushed);
        assert_eq!(door.balance("pushes").await, visit);
        fresh(door.apply(Some(&key(&format!("close {visit}"))), door::Close).await);
    }
    assert!(matches!(door.look().await, (Door::Shut, 7)));
}

/// `per_visit` where no edge leads on: the newest run answers, and one under a key counts too.
pub async fn per_visit_command_without_key_is_replayed_after_its_visit(case: &impl Case) {
    let mut door = case.door().await;
    refused(door.apply(Some(&key("k")), door::Close).await, ErrorKind::Invalid);
    let pushed = fresh(door.apply(Some(&key("l")), push("ann")).await);
    replayed(door.apply(None, push("ann")).await, &pushed);
    refused(door.apply(Some(&key("m")), push("ann")).await, ErrorKind::Invalid);
}

/// Row e without a key.
pub async fn command_without_key_with_other_payload_is_refused(case: &impl Case) {
    let mut door = case.door().await;
    let pushed = fresh(door.apply(None, push("ann")).await);
    refused(door.apply(None, push("bob")).await, ErrorKind::ReachedOtherwise);
    replayed(door.apply(None, push("ann")).await, &pushed);
    assert_eq!(door.balance("pushes").await, 1);
}
