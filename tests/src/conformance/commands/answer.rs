//! The answer table, rows a to f; row g is in [`start`](crate::conformance::stored::start).

use idem_core::{Effect, Error, ErrorKind};

use crate::conformance::machines::{Order, order, subscription};
use crate::conformance::{Case, Desk, fresh, key, refused, replayed};

const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

fn ship(tracking: &str) -> order::Ship {
    order::Ship { tracking: tracking.to_owned() }
}

/// Row a: the original outcome, with its number and its time.
pub async fn row_a_repeat_returns_original_outcome(case: &impl Case) {
    let mut order = case.order(500).await;
    let first = fresh(order.apply(Some(&key("k")), PAY).await);
    assert_eq!((first.seq(), first["amount"].as_i64()), (2, Some(500)));
    for _ in 0..3 {
        let again = replayed(order.apply(Some(&key("k")), PAY).await, &first);
        assert!(!again.is_superseded());
    }
    assert_eq!(order.look().await.1, 2);
}

/// Row a, when the machine has moved on.
pub async fn row_a_repeat_after_later_transition_returns_original_outcome(case: &impl Case) {
    let mut order = case.order(500).await;
    let paid = fresh(order.apply(Some(&key("k")), PAY).await);
    let shipped = fresh(order.apply(Some(&key("l")), ship("T")).await);
    assert!(replayed(order.apply(Some(&key("k")), PAY).await, &paid).is_superseded());
    assert!(!replayed(order.apply(Some(&key("l")), ship("T")).await, &shipped).is_superseded());
}

/// Row b: nothing is written, and the message says what to do.
pub async fn row_b_other_payload_under_used_key_is_refused(case: &impl Case) {
    let mut order = case.order(500).await;
    let first = fresh(order.apply(Some(&key("k")), PAY).await);
    let other = order::Pay { amount: 501, ..PAY };
    let error = refused(order.apply(Some(&key("k")), other).await, ErrorKind::KeyReused);
    assert!(error.to_string().contains("key.derive"), "{error}");
    assert!(matches!(error.failure(), Some(Error::KeyReused(both)) if both.first_seen == first.at()), "{error:?}");
    assert_eq!((error.effect(), error.is_retryable()), (Effect::NotApplied, false));
    assert_eq!(order.look().await.1, 2);
    replayed(order.apply(Some(&key("k")), PAY).await, &first);
}

/// Row b, by another command: also where that command would be legal.
pub async fn row_b_other_command_under_used_key_is_refused(case: &impl Case) {
    let mut order = case.order(500).await;
    fresh(order.apply(Some(&key("k")), PAY).await);
    let error = refused(order.apply(Some(&key("k")), ship("T")).await, ErrorKind::KeyReused);
    assert!(error.to_string().contains("Ship"), "{error}");
    assert!(matches!(order.look().await, (Order::Paid { .. }, 2)));
}

/// Row c, refused by the rule: the same key may come again, with what is right.
pub async fn row_c_rejection_writes_nothing_and_leaves_key_free(case: &impl Case) {
    let mut order = case.order(500).await;
    for amount in [499, 501] {
        let error = refused(order.apply(Some(&key("k")), order::Pay { amount, rate: 1 }).await, ErrorKind::Rejected);
        assert_eq!(error.to_string(), "rejected: the total is 500");
    }
    assert!(matches!(order.look().await, (Order::Pending { total: 500 }, 1)));
    assert_eq!((order.balance("sales").await, order.messages().await), (0, 0));
    fresh(order.apply(Some(&key("k")), PAY).await);
}

/// Row d: the new key then is known, and names this request alone.
pub async fn row_d_new_key_on_command_that_ran_returns_its_outcome(case: &impl Case) {
    let mut order = case.order(500).await;
    let paid = fresh(order.apply(Some(&key("k")), PAY).await);
    replayed(order.apply(Some(&key("l")), PAY).await, &paid);
    refused(order.apply(Some(&key("l")), ship("T")).await, ErrorKind::KeyReused);
    fresh(order.apply(Some(&key("m")), ship("T")).await);
    assert!(replayed(order.apply(Some(&key("l")), PAY).await, &paid).is_superseded());
    assert_eq!((order.look().await.1, order.balance("sales").await), (3, 500));
}

/// Row e: "already there, so it is well" would hide a mistake.
pub async fn row_e_other_payload_of_command_that_ran_is_refused(case: &impl Case) {
    let mut order = case.order(500).await;
    let paid = fresh(order.apply(Some(&key("k")), PAY).await);
    let other = || order::Pay { amount: 1, rate: 1 };
    let error = refused(order.apply(Some(&key("l")), other()).await, ErrorKind::ReachedOtherwise);
    assert!(
        matches!(error.failure(), Some(Error::ReachedOtherwise { seq: 2, at, .. }) if *at == paid.at()),
        "{error:?}"
    );
    refused(order.apply(None, other()).await, ErrorKind::ReachedOtherwise);
    // It was refused, so its key names nothing.
    replayed(order.apply(Some(&key("l")), PAY).await, &paid);
}

/// Row f: a command that never ran, and cannot now.
pub async fn row_f_illegal_command_error_lists_legal_commands(case: &impl Case) {
    let mut order = case.order(500).await;
    for key in [Some(&key("k")), None] {
        let error = refused(order.apply(key, ship("T")).await, ErrorKind::Invalid);
        assert!(
            matches!(error.failure(), Some(Error::Invalid { state: "Pending", command: "Ship", allowed, .. }) if allowed[..] == ["Pay", "Cancel"]),
            "{error:?}"
        );
    }
    fresh(order.apply(Some(&key("k")), PAY).await);
    fresh(order.apply(Some(&key("l")), order::Cancel { reason: "late".into() }).await);
    let error = refused(order.apply(Some(&key("m")), ship("T")).await, ErrorKind::Invalid);
    assert!(error.to_string().contains("no command is legal"), "{error}");
}

/// Row f: of a command that can be legal again, a new key is a new request, whatever ran before.
pub async fn row_f_new_key_on_repeatable_command_is_new_request(case: &impl Case) {
    let mut subscription = case.subscription().await;
    fresh(subscription.apply(Some(&key("k")), subscription::Pause { by: "ann".into() }).await);
    let resumed = fresh(subscription.apply(Some(&key("l")), subscription::Resume).await);
    refused(subscription.apply(Some(&key("m")), subscription::Resume).await, ErrorKind::Invalid);
    let one = fresh(subscription.apply(Some(&key("n")), subscription::Renew { months: 1 }).await);
    let other = fresh(subscription.apply(Some(&key("o")), subscription::Renew { months: 1 }).await);
    assert_eq!(other.seq(), one.seq() + 1);
    assert!(replayed(subscription.apply(Some(&key("l")), subscription::Resume).await, &resumed).is_superseded());
}

/// A command that can be legal again needs a key; asked before anything else.
pub async fn repeatable_command_without_key_is_refused(case: &impl Case) {
    let mut subscription = case.subscription().await;
    let before = subscription.look().await;
    let error = refused(subscription.apply(None, subscription::Renew { months: 1 }).await, ErrorKind::KeyRequired);
    assert!(error.to_string().contains("Renew"), "{error}");
    refused(subscription.apply(None, subscription::Resume).await, ErrorKind::KeyRequired);
    assert_eq!(subscription.look().await, before);
}
