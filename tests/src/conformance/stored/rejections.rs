//! Rejections that a key remembers.

use std::fmt::Debug;
use std::time::Duration;

use idem_core::machine::Item;
use idem_core::{CommandError, Effect, ErrorKind, Timestamp};

use crate::conformance::machines::loan::{Bank, OverLimit, first, second, secured};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

fn grant(amount: i64, limit: i64) -> first::loan::Grant {
    first::loan::Grant { amount, limit }
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
    let loan = first::Loan::stored(&stored.idem, Bank).at("l");
    assert_eq!(rejected(loan.grant(&key("k"), grant(50, 10)).await), now(10));
    assert_eq!(stored.rows().await, 1, "the key alone");
    let (again, at) = rejected(loan.grant(&key("k"), grant(50, 100)).await);
    assert!(again == OverLimit { limit: 10 } && at.is_some());
    assert_eq!(rejected(loan.grant(&key("k"), grant(50, 100)).await).1, at);
    let error = refused(loan.grant(&key("k"), grant(51, 100)).await, ErrorKind::KeyReused);
    assert!(error.to_string().contains("`Grant` on \"l\""), "{error}");
    refused(loan.withdraw(&key("k")).await, ErrorKind::KeyReused);
    let other = first::Loan::stored(&stored.idem, Bank).at("m");
    refused(other.grant(&key("k"), grant(50, 100)).await, ErrorKind::KeyReused);
    refused(loan.apply(None, grant(50, 100).into()).await, ErrorKind::KeyRequired);
    let granted = fresh(loan.grant(&key("l"), grant(50, 100)).await);
    let error = loan.grant(&key("k"), grant(50, 100)).await.expect_err("it is remembered");
    assert!(error.is_replay() && error.effect() == Effect::NotApplied && error.kind() == ErrorKind::Rejected);
    // The state is reached: that is no rejection.
    replayed(loan.grant(&key("n"), grant(50, 1)).await, &granted);
    assert!(loan.verify().await.expect("an audit").differences.is_empty());
}

/// In a transaction it shares the fate of what is beside it; in a batch, and in groups, copies see it.
pub async fn remembered_rejection_is_seen_in_transaction_batch_and_group<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let loans = first::Loan::stored(&stored.idem, Bank);
    let loan = loans.at("l");
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(rejected(loan.within(&mut tx).grant(&key("k"), grant(50, 10)).await), now(10));
    assert!(rejected(loan.within(&mut tx).grant(&key("k"), grant(50, 20)).await).1.is_some());
    tx.rollback().await;
    assert_eq!(rejected(loan.grant(&key("k"), grant(50, 30)).await), now(30));
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(rejected(loan.within(&mut tx).grant(&key("l"), grant(50, 40)).await), now(40));
    tx.commit().await.expect("a rejected call harms no transaction");
    assert_eq!(rejected(loan.grant(&key("l"), grant(50, 50)).await).0, OverLimit { limit: 40 });
    let items = [10, 100, 10].map(|limit| Item::new("m", &key("m"), grant(50, limit)));
    let answers: Vec<_> = loans.apply_all(items).await.into_iter().map(rejected).collect();
    assert_eq!(answers[0], now(10));
    assert!(answers[1..].iter().all(|(rejection, at)| *rejection == OverLimit { limit: 10 } && at.is_some()));
    let mut tasks = tokio::task::JoinSet::new();
    for limit in 0..32 {
        let loan = loans.at("n");
        tasks.spawn(async move { loan.grant(&key("n"), grant(50, limit)).await });
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
    let loan = first::Loan::stored(&brief, Bank).at("l");
    assert_eq!(rejected(loan.grant(&key("k"), grant(50, 10)).await), now(10));
    assert_eq!(rejected(loan.grant(&key("k"), grant(50, 20)).await), now(20));
    let loan = first::Loan::stored(&stored.idem, Bank).at("l");
    assert_eq!(rejected(loan.grant(&key("k"), grant(50, 30)).await), now(30));
    assert_eq!(rejected(loan.grant(&key("k"), grant(50, 40)).await).0, OverLimit { limit: 30 });
    stored.execute("UPDATE idem_transitions SET expires_at = at").await;
    fresh(loan.grant(&key("k"), grant(50, 60)).await);
    assert_eq!(stored.number("SELECT count(*) FROM idem_transitions WHERE seq IS NULL").await, 0);
}

/// By a release that renamed the command and added a member to it; what its type cannot hold is an error, and nothing runs.
pub async fn rejection_of_other_release_is_read_or_undecodable<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let loan = first::Loan::stored(&stored.idem, Bank).at("l");
    assert_eq!(rejected(loan.grant(&key("k"), grant(50, 10)).await), now(10));
    let newer = second::Loan::stored(&stored.idem, Bank).at("l");
    let lend = |years, limit| second::loan::Lend { amount: 50, years, limit };
    let error = refused(newer.lend(&key("k"), lend(0, 100)).await, ErrorKind::Undecodable);
    assert!(error.effect() == Effect::NotApplied && error.to_string().contains("rate"), "{error}");
    refused(newer.lend(&key("k"), lend(1, 100)).await, ErrorKind::KeyReused);
    let (rejection, at) = rejected(newer.lend(&key("l"), lend(2, 10)).await);
    assert_eq!((rejection, at), (second::TooMuch { limit: 10, rate: 5 }, None));
    assert!(rejected(newer.lend(&key("l"), lend(2, 100)).await).1.is_some());
    fresh(newer.lend(&key("m"), lend(0, 100)).await);
    let found = newer.verify().await.expect("an audit").differences;
    assert_eq!(found.len(), 1, "what the first release wrote is not read: {found:?}");
}

/// Together with a start it is one request: nothing is started, and the start is compared as well.
pub async fn rejection_of_start_with_command_compares_its_start<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let loan = secured::Loan::stored(&stored.idem, Bank).at("l");
    let house = |house| secured::loan::Asked { house };
    let grant = |limit| secured::loan::Grant { amount: 50, limit };
    assert_eq!(rejected(loan.start_and(&key("k"), house(1), grant(10)).await), now(10));
    assert!(loan.get().await.expect("readable").is_none());
    let (again, at) = rejected(loan.start_and(&key("k"), house(1), grant(100)).await);
    assert!(again == OverLimit { limit: 10 } && at.is_some());
    refused(loan.start_and(&key("k"), house(2), grant(100)).await, ErrorKind::KeyReused);
    refused(loan.start(&key("k"), house(1)).await, ErrorKind::KeyReused);
    fresh(loan.start(&key("s"), house(1)).await);
    refused(loan.grant(&key("k"), grant(100)).await, ErrorKind::KeyReused);
    assert_eq!(rejected(loan.grant(&key("l"), grant(20)).await), now(20));
    refused(loan.start_and(&key("l"), house(1), grant(100)).await, ErrorKind::KeyReused);
    fresh(loan.start_and(&key("m"), house(1), grant(100)).await);
}
