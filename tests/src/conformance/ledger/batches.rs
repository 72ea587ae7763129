//! Many changes in one call, as if one came after the other.

use idem_core::error::LedgerError;
use idem_core::ledger::{AccountSettings, Bounds, Delta, Entry, MAX_BATCH};
use idem_core::{Error, ErrorKind, Outcome};

use super::{Desk, unfit, unlawful};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// One item.
pub(super) fn delta(account: &str, name: &str, delta: i64) -> Delta {
    Delta::new(account, &key(name), delta)
}

/// A result for each item of `items`: account, key, delta.
async fn batch<S: Subject>(desk: &Desk<'_, S>, items: &[(&str, &str, i64)]) -> Vec<Result<Outcome<Entry>, Error>> {
    let deltas: Vec<_> = items.iter().map(|&(account, name, by)| delta(account, name, by)).collect();
    let results = desk.ledger.apply_batch(&deltas).await.expect("a result per item");
    assert_eq!(results.len(), items.len());
    results
}

/// Each item sees what those before it did; a refused one leaves the others untouched and its key free.
pub async fn ledger_batch_item_sees_items_before_it<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    own.open("wallet", Bounds::between(0, 100)).await.expect("opened");
    let earlier = fresh(own.delta("earlier", "wallet", 50).await);
    let items = [
        ("wallet", "a", -50),
        ("wallet", "b", -1),
        ("savings", "c", 7),
        ("wallet", "d", 60),
        ("wallet", "a", -50),
        ("wallet", "a", -51),
        ("", "e", 1),
        ("wallet", "earlier", 50),
        ("wallet", "c", 7),
        ("wallet", "f", 41),
        ("wallet", "b", 40),
        ("savings", "g", -8),
    ];
    let mut results = batch(own, &items).await.into_iter();
    let mut next = || results.next().expect("a result");
    let a = fresh(next());
    assert_eq!((a.seq, a.balance), (2, Some(0)));
    assert_eq!(unfit(next()).balance, 0);
    assert_eq!(fresh(next()).balance, Some(7));
    assert_eq!(fresh(next()).seq, 3);
    replayed(next(), &a);
    refused(next(), ErrorKind::KeyReused);
    refused(next(), ErrorKind::Key);
    replayed(next(), &earlier);
    refused(next(), ErrorKind::KeyReused);
    assert_eq!(unfit(next()).balance, 60);
    let b = fresh(next());
    assert_eq!((b.seq, b.balance), (4, Some(100)), "the refusal before left the key free");
    assert_eq!(fresh(next()).balance, Some(-1));
    replayed(own.delta("b", "wallet", 40).await, &b);
    fresh(own.delta("e", "savings", 1).await);
    fresh(own.delta("f", "savings", 1).await);
}

/// The same list again is a list of replays, also when it is cut or turned round.
pub async fn ledger_batch_repeat_is_replayed<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    own.open("revenue", AccountSettings::tally()).await.expect("opened");
    let items = [("wallet", "a", 5), ("revenue", "b", 6), ("wallet", "c", -1), ("revenue", "d", 7)];
    let first: Vec<_> = batch(own, &items).await.into_iter().map(fresh).collect();
    let rows = own.rows().await;
    let turned: Vec<_> = items.iter().rev().copied().collect();
    for (again, first) in batch(own, &turned).await.into_iter().zip(first.iter().rev()) {
        replayed(again, first);
    }
    replayed(batch(own, &items[2..3]).await.remove(0), &first[2]);
    assert_eq!((own.rows().await, own.balance("wallet").await, own.balance("revenue").await), (rows, 4, 13));
    assert!(batch(own, &[]).await.is_empty());
    let reused = batch(own, &[("wallet", "twice", 1), ("wallet", "twice", 2)]).await.remove(1);
    let error = refused(reused, ErrorKind::KeyReused).to_string();
    assert!(error.contains("`delta` by 1 on \"wallet\"") && error.contains("`delta` by 2 on \"wallet\""), "{error}");
}

/// Inside a transaction a batch sees what ran before it, is seen by what comes after, and goes with the transaction.
pub async fn ledger_batch_in_transaction_commits_or_rolls_back_with_it<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let ledger = stored.idem.ledger();
    let wallet = ledger.account("wallet");
    wallet.open(Bounds::at_least(0)).await.expect("opened");
    ledger.account("revenue").open(AccountSettings::tally()).await.expect("opened");
    let items =
        [delta("wallet", "a", -7), delta("wallet", "b", -4), delta("revenue", "c", 2), delta("wallet", "a", -7)];
    for commit in [false, true] {
        let mut tx = stored.idem.begin().await.expect("begun");
        fresh(wallet.within(&mut tx).apply_delta(&key("first"), 10).await);
        assert!(ledger.within(&mut tx).apply_batch(&[]).await.expect("nothing").is_empty());
        let mut results = ledger.within(&mut tx).apply_batch(&items).await.expect("a result per item").into_iter();
        let mut next = || results.next().expect("a result");
        let first = fresh(next());
        assert_eq!(first.balance, Some(3));
        assert_eq!(unfit(next()).balance, 3);
        fresh(next());
        replayed(next(), &first);
        fresh(wallet.within(&mut tx).apply_delta(&key("b"), -3).await);
        let many = vec![delta("wallet", "d", 0); MAX_BATCH + 1];
        unlawful(ledger.within(&mut tx).apply_batch(&many).await);
        if commit {
            tx.commit().await.expect("committed");
        } else {
            tx.rollback().await;
        }
        let balance = wallet.get().await.expect("readable").expect("open").balance;
        let entries = wallet.entries().await.expect("readable").len();
        assert_eq!((balance, entries), (0, if commit { 3 } else { 0 }));
    }
}

/// As many as fit, and one more.
pub async fn ledger_batch_of_10000_is_written_and_larger_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    let mut deltas: Vec<_> = (0..10_000)
        .map(|number| Delta::new(format!("a{}", number % 37), &key(&format!("k{number}")), number % 11))
        .collect();
    let results = own.ledger.apply_batch(&deltas).await.expect("a result per item");
    assert_eq!(
        results.into_iter().map(fresh).map(|outcome| outcome.delta).sum::<i64>(),
        (0..10_000_i64).map(|n| n % 11).sum::<i64>()
    );
    let results = own.ledger.apply_batch(&deltas).await.expect("a result per item");
    assert!(results.iter().all(|result| result.as_ref().is_ok_and(Outcome::is_replay)));
    assert_eq!(own.state("a0").await.version, 271);
    deltas.push(Delta::new("a0", &key("one more"), 1));
    let error = unlawful(own.ledger.apply_batch(&deltas).await);
    assert_eq!(error, LedgerError::TooMany { items: 10_001, limit: 10_000 });
    assert_eq!(own.state("a0").await.version, 271);
}

/// The sum of a batch's changes may leave 64 bits although no balance would: the rest is refused, and fits on its own.
pub async fn ledger_batch_item_beyond_64_bits_is_refused_alone<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    fresh(own.delta("k", "wallet", i64::MIN).await);
    let items = [("wallet", "a", i64::MAX), ("wallet", "b", i64::MAX), ("savings", "c", 1)];
    let mut results = batch(own, &items).await.into_iter();
    let mut next = || results.next().expect("a result");
    assert_eq!(fresh(next()).balance, Some(-1));
    unfit(next());
    assert_eq!(fresh(next()).balance, Some(1));
    assert_eq!(fresh(own.delta("b", "wallet", i64::MAX).await).balance, Some(i64::MAX - 1));
    // Each sum fits, and what lies between two of them does not.
    let items = [("cash", "d", i64::MIN), ("cash", "e", i64::MAX), ("cash", "f", i64::MAX), ("cash", "g", -1)];
    let mut results = batch(own, &items).await.into_iter();
    let mut next = || results.next().expect("a result");
    assert_eq!(fresh(next()).balance, Some(i64::MIN));
    assert_eq!(fresh(next()).balance, Some(-1));
    unfit(next());
    assert_eq!(fresh(next()).balance, Some(-2));
    assert_eq!(fresh(own.delta("f", "cash", i64::MAX).await).balance, Some(i64::MAX - 2));
    own.proven().await;
}
