//! Rejections that a key remembers.

use std::fmt::Debug;
use std::time::Duration;

use idem_core::machine::{Difference, DifferenceKind, Item};
use idem_core::{CommandError, Effect, ErrorKind, Timestamp};

use crate::conformance::machines::Shop;
use crate::conformance::machines::refund::{OverLimit, first, forgetful, of_order, second};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

fn approve(amount: i64, limit: i64) -> first::refund::Approve {
    first::refund::Approve { amount, limit }
}

/// The rejection of a call, and when it was first rejected, if it was before.
#[track_caller]
fn rejected<T: Debug, R: Debug>(answer: Result<T, CommandError<R>>) -> (R, Option<Timestamp>) {
    match answer {
        Err(CommandError::Rejected { rejection, remembered }) => (rejection, remembered),
        other => panic!("expected a rejection, found {other:?}"),
    }
}

fn now(limit: i64) -> (OverLimit, Option<Timestamp>) {
    (OverLimit { limit }, None)
}

/// A repeat gets the rejection as it was, whatever the rule would say by now; another request under the key is refused, and
/// another key is decided anew.
pub async fn remembered_rejection_is_replayed<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let refund = first::Refund::stored(&stored.idem, Shop).at("l");
    assert_eq!(rejected(refund.approve(&key("k"), approve(50, 10)).await), now(10));
    assert_eq!(stored.rows().await, 1, "the key alone");
    let (again, at) = rejected(refund.approve(&key("k"), approve(50, 100)).await);
    assert!(again == OverLimit { limit: 10 } && at.is_some());
    assert_eq!(rejected(refund.approve(&key("k"), approve(50, 100)).await).1, at);
    let error = refused(refund.approve(&key("k"), approve(51, 100)).await, ErrorKind::KeyReused);
    assert!(error.to_string().contains("`Approve` on \"l\""), "{error}");
    refused(refund.withdraw(&key("k")).await, ErrorKind::KeyReused);
    let other = first::Refund::stored(&stored.idem, Shop).at("m");
    refused(other.approve(&key("k"), approve(50, 100)).await, ErrorKind::KeyReused);
    refused(refund.apply(None, approve(50, 100).into()).await, ErrorKind::KeyRequired);
    let approved = fresh(refund.approve(&key("l"), approve(50, 100)).await);
    let error = refund.approve(&key("k"), approve(50, 100)).await.expect_err("it is remembered");
    assert!(error.is_replay() && error.effect() == Effect::NotApplied && error.kind() == ErrorKind::Rejected);
    // The state is reached: that is no rejection.
    replayed(refund.approve(&key("n"), approve(50, 1)).await, &approved);
    assert!(refund.verify().await.expect("an audit").differences.is_empty());
}

/// In a transaction it shares the fate of what is beside it; in a batch, and in groups, copies see it.
pub async fn remembered_rejection_is_seen_in_transaction_batch_and_group<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let refunds = first::Refund::stored(&stored.idem, Shop);
    let refund = refunds.at("l");
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(rejected(refund.within(&mut tx).approve(&key("k"), approve(50, 10)).await), now(10));
    assert!(rejected(refund.within(&mut tx).approve(&key("k"), approve(50, 20)).await).1.is_some());
    tx.rollback().await;
    assert_eq!(rejected(refund.approve(&key("k"), approve(50, 30)).await), now(30));
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(rejected(refund.within(&mut tx).approve(&key("l"), approve(50, 40)).await), now(40));
    tx.commit().await.expect("a rejected call harms no transaction");
    assert_eq!(rejected(refund.approve(&key("l"), approve(50, 50)).await).0, OverLimit { limit: 40 });
    let items = [10, 100, 10].map(|limit| Item::new("m", &key("m"), approve(50, limit)));
    let answers: Vec<_> = refunds.apply_all(items).await.into_iter().map(rejected).collect();
    assert_eq!(answers[0], now(10));
    assert!(answers[1..].iter().all(|(rejection, at)| *rejection == OverLimit { limit: 10 } && at.is_some()));
    let mut tasks = tokio::task::JoinSet::new();
    for limit in 0..32 {
        let refund = refunds.at("n");
        tasks.spawn(async move { refund.approve(&key("n"), approve(50, limit)).await });
    }
    let mut seen = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        seen.push(rejected(answer.expect("no panic")));
    }
    assert_eq!(seen.iter().filter(|(_, at)| at.is_none()).count(), 1);
    assert!(seen.iter().all(|(rejection, _)| *rejection == seen[0].0));
}

/// Once it has expired the key is free, and taken over.
pub async fn expired_rejection_is_decided_again<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let brief = on.builder().rejection_retention(Duration::ZERO).open(&on.url()).await.expect("opened");
    let refund = first::Refund::stored(&brief, Shop).at("l");
    assert_eq!(rejected(refund.approve(&key("k"), approve(50, 10)).await), now(10));
    assert_eq!(rejected(refund.approve(&key("k"), approve(50, 20)).await), now(20));
    let refund = first::Refund::stored(&stored.idem, Shop).at("l");
    assert_eq!(rejected(refund.approve(&key("k"), approve(50, 30)).await), now(30));
    assert_eq!(rejected(refund.approve(&key("k"), approve(50, 40)).await).0, OverLimit { limit: 30 });
    stored.execute("UPDATE idem_transitions SET expires_at = at").await;
    fresh(refund.approve(&key("k"), approve(50, 60)).await);
    assert_eq!(stored.number("SELECT count(*) FROM idem_transitions WHERE seq IS NULL").await, 0);
}

/// By a release that renamed the command and added a member to it; what its type cannot hold is an error, and nothing runs.
pub async fn rejection_of_other_release_is_read_or_undecodable<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let refund = first::Refund::stored(&stored.idem, Shop).at("l");
    assert_eq!(rejected(refund.approve(&key("k"), approve(50, 10)).await), now(10));
    let newer = second::Refund::stored(&stored.idem, Shop).at("l");
    let accept = |days, limit| second::refund::Accept { amount: 50, days, limit };
    let error = refused(newer.accept(&key("k"), accept(0, 100)).await, ErrorKind::Undecodable);
    assert!(error.effect() == Effect::NotApplied && error.to_string().contains("fee"), "{error}");
    refused(newer.accept(&key("k"), accept(1, 100)).await, ErrorKind::KeyReused);
    let (rejection, at) = rejected(newer.accept(&key("l"), accept(2, 10)).await);
    assert_eq!((rejection, at), (second::TooMuch { limit: 10, fee: 5 }, None));
    assert!(rejected(newer.accept(&key("l"), accept(2, 100)).await).1.is_some());
    fresh(newer.accept(&key("m"), accept(0, 100)).await);
    let found = newer.verify().await.expect("an audit").differences;
    assert_eq!(found.len(), 1, "what the first release wrote is not read: {found:?}");
}

/// Together with a start it is one request: nothing is started, and the start is compared as well.
pub async fn rejection_of_start_with_command_compares_its_start<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let refund = of_order::Refund::stored(&stored.idem, Shop).at("l");
    let order = |order| of_order::refund::Requested { order };
    let approve = |limit| of_order::refund::Approve { amount: 50, limit };
    assert_eq!(rejected(refund.start_and(&key("k"), order(1), approve(10)).await), now(10));
    assert!(refund.get().await.expect("readable").is_none());
    let (again, at) = rejected(refund.start_and(&key("k"), order(1), approve(100)).await);
    assert!(again == OverLimit { limit: 10 } && at.is_some());
    refused(refund.start_and(&key("k"), order(2), approve(100)).await, ErrorKind::KeyReused);
    refused(refund.start(&key("k"), order(1)).await, ErrorKind::KeyReused);
    fresh(refund.start(&key("s"), order(1)).await);
    refused(refund.approve(&key("k"), approve(100)).await, ErrorKind::KeyReused);
    assert_eq!(rejected(refund.approve(&key("l"), approve(20)).await), now(20));
    refused(refund.start_and(&key("l"), order(1), approve(100)).await, ErrorKind::KeyReused);
    fresh(refund.start_and(&key("m"), order(1), approve(100)).await);
}

/// While a deploy adds `remember_rejections`, or takes it away: another process answers, or a later try.
pub async fn rejection_without_reader_in_this_release_is_retryable<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let refund = first::Refund::stored(&stored.idem, Shop).at("l");
    refused(refund.approve(&key("k"), approve(50, 10)).await, ErrorKind::Rejected);
    let older = forgetful::Refund::stored(&stored.idem, Shop).at("l");
    let same = || forgetful::refund::Approve { amount: 50, limit: 10 };
    let error = refused(older.approve(&key("k"), same()).await, ErrorKind::OtherRelease);
    assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
    assert!(error.to_string().contains("remembered rejection `Approve`"), "{error}");
    let found = older.verify().await.expect("an audit").differences;
    assert!(
        matches!(&found[..], [Difference { what: DifferenceKind::Unreadable(why), .. }] if why.contains("rejection")),
        "{found:?}"
    );
    assert!(refund.verify().await.expect("an audit").differences.is_empty());
}
