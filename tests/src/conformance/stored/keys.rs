//! Keys are compared byte for byte, in their scope, on their machine's namespace.

use idem_core::ledger::{AccountSettings, Bounds};
use idem_core::machine::Item;
use idem_core::{ErrorKind, Key, Natural, Timestamp};

use crate::conformance::machines::{Order, Shop, order, subscription};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// Case pairs, trailing spaces, composed and decomposed letters, letters that some languages fold.
const ALIKE: [&str; 12] =
    ["a", "A", "a ", " a", "\u{e9}", "e\u{301}", "\u{131}", "i", "I", "\u{df}", "ss", "\u{200b}a"];

/// Each names a request of its own.
pub async fn key_that_looks_alike_is_another_key<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let subscription = stored.subscriptions().at("d");
    let mut outcomes = Vec::new();
    for name in ALIKE {
        outcomes.push(fresh(subscription.renew(&key(name), subscription::Renew { months: 1 }).await));
    }
    for (name, first) in ALIKE.into_iter().zip(&outcomes) {
        replayed(subscription.renew(&key(name), subscription::Renew { months: 1 }).await, first);
    }
}

/// So do machine ids.
pub async fn machine_id_that_looks_alike_is_another_machine<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for (total, id) in (0..).zip(ALIKE) {
        fresh(stored.orders().at(id).start(Natural, order::Pending { total }).await);
    }
    for (total, id) in (0..).zip(ALIKE) {
        let machine = stored.orders().at(id).get().await.expect("readable").expect("started");
        assert_eq!((machine.id(), machine.state()), (id, &Order::Pending { total }));
    }
    let mut ids: Vec<_> = stored
        .orders()
        .in_state(order::StateKind::Pending)
        .await
        .expect("a page")
        .all()
        .expect("readable")
        .into_iter()
        .map(|it| it.id().to_owned())
        .collect();
    ids.sort_unstable();
    let mut expected = ALIKE.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(ids, expected);
}

/// Two tenants may choose one key, and the borders of scope and key do not move.
pub async fn key_of_another_scope_is_another_key<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let subscription = stored.subscriptions().at("d");
    for (seq, (scope, name)) in (2..).zip([("one", "k"), ("two", "k"), ("a", "bc"), ("ab", "c")]) {
        let key = Key::new(scope, name).expect("a fit key");
        assert_eq!(fresh(subscription.renew(&key, subscription::Renew { months: 1 }).await).seq(), seq);
    }
    let derived = key("k").derive("renew");
    let renewed = fresh(subscription.renew(&derived, subscription::Renew { months: 1 }).await);
    replayed(subscription.renew(&key("k").derive("renew"), subscription::Renew { months: 1 }).await, &renewed);
}

/// On another machine of the same name a key is known; on a machine of another name it is not.
pub async fn key_used_on_another_machine_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let renew = || subscription::Renew { months: 1 };
    fresh(stored.subscriptions().at("one").renew(&key("k"), renew()).await);
    let error = refused(stored.subscriptions().at("two").renew(&key("k"), renew()).await, ErrorKind::KeyReused);
    assert!(error.to_string().contains("\"one\"") && error.to_string().contains("\"two\""), "{error}");
    assert!(stored.subscriptions().at("two").get().await.expect("readable").is_none());
    let order = stored.orders().at("one");
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    fresh(order.pay(&key("k"), order::Pay { amount: 500, rate: 1 }).await);
}

/// The second key of row d is remembered for a while only; expired but unswept it counts as expired. The first key is
/// remembered as long as the transition.
pub async fn alias_key_without_retention_is_free_again<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let brief = on.builder().alias_key_retention(std::time::Duration::ZERO).open(&on.url()).await.expect("opened");
    let order = Order::stored(&brief, Shop).at("o");
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    let pay = || order::Pay { amount: 500, rate: 1 };
    let ship = || order::Ship { tracking: "T".into() };
    let paid = fresh(order.pay(&key("k"), pay()).await);
    replayed(order.pay(&key("alias"), pay()).await, &paid);
    refused(order.ship(&key("k"), ship()).await, ErrorKind::KeyReused);
    let shipped = fresh(order.ship(&key("alias"), ship()).await);
    replayed(order.ship(&key("alias"), ship()).await, &shipped);
    assert_eq!(stored.number("SELECT count(hash) FROM idem_transitions").await, 2);
}

/// By a command of several that share a transaction, by one within a unit, and by the second key of another run.
pub async fn expired_alias_key_is_taken_over_by_other_command<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = Order::stored(&stored.idem, Shop);
    let pay = || order::Pay { amount: 500, rate: 1 };
    let ship = || order::Ship { tracking: "T".into() };
    let paid_for = async |id: &str| {
        let order = order.at(id);
        order.start(Natural, order::Pending { total: 500 }).await.expect("started");
        fresh(order.pay(&key(id), pay()).await);
    };
    paid_for("first").await;
    let aliases = ["alone", "one", "other", "within", "second"];
    for alias in aliases {
        assert!(order.at("first").pay(&key(alias), pay()).await.expect("answered").is_replay());
        paid_for(&format!("of {alias}")).await;
    }
    stored.execute("UPDATE idem_transitions SET expires_at = at WHERE seq IS NULL").await;
    let of = |alias: &str| order.at(format!("of {alias}"));
    fresh(of("alone").ship(&key("alone"), ship()).await);
    // Many at once, so that they share a transaction where calls do.
    let mut tasks = tokio::task::JoinSet::new();
    for at in 0..20 {
        let (order, stored) =
            (of(if at % 2 == 0 { "one" } else { "other" }), key(if at % 2 == 0 { "one" } else { "other" }));
        tasks.spawn(async move { order.ship(&stored, order::Ship { tracking: "T".into() }).await });
    }
    let shipped = tasks.join_all().await;
    assert_eq!(shipped.into_iter().filter(|shipped| shipped.as_ref().expect("answered").is_fresh()).count(), 2);
    for commits in [false, true] {
        let mut tx = stored.idem.begin().await.expect("begun");
        fresh(of("within").within(&mut tx).ship(&key("within"), ship()).await);
        if commits { tx.commit().await.expect("committed") } else { tx.rollback().await }
    }
    // Again a second key, of another run, and no longer of the first.
    assert!(of("second").pay(&key("second"), pay()).await.expect("answered").is_replay());
    refused(order.at("first").pay(&key("second"), pay()).await, ErrorKind::KeyReused);
    for alias in ["alone", "one", "other", "within"] {
        assert!(of(alias).ship(&key(alias), ship()).await.expect("answered").is_replay(), "{alias}");
        assert!(of(alias).verify().await.expect("an audit").differences.is_empty());
    }
    assert_eq!(stored.number("SELECT count(*) FROM idem_transitions WHERE seq IS NULL").await, 1);
}

/// Second keys and remembered refusals stand in the tables of history and of entries, and are neither.
pub async fn alias_key_or_remembered_refusal_is_in_no_history<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let (order, ledger) = (stored.orders().at("o"), stored.idem.ledger());
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    let pay = || order::Pay { amount: 500, rate: 1 };
    fresh(order.pay(&key("k"), pay()).await);
    let (savings, sum) = (ledger.account("savings"), ledger.account("sum"));
    savings.open(Bounds::at_least(0)).await.expect("opened");
    sum.open(AccountSettings::tally()).await.expect("opened");
    let first = fresh(savings.apply_delta(&key("in"), 5).await);
    fresh(sum.apply_delta(&key("sum"), i64::MAX / 2).await);
    for number in 0..3 {
        assert!(order.pay(&key(&format!("l{number}")), pay()).await.expect("answered").is_replay());
        let (out, over) = (key(&format!("out {number}")), key(&format!("over {number}")));
        refused(savings.apply_delta(&out, -9).remember_refusal().await, ErrorKind::OutOfBounds);
        refused(sum.apply_delta(&over, i64::MAX).remember_refusal().await, ErrorKind::OutOfBounds);
    }
    assert_eq!(stored.number("SELECT count(*) FROM idem_transitions WHERE seq IS NULL").await, 3);
    assert_eq!(stored.number("SELECT count(*) FROM idem_entries WHERE seq IS NULL AND kind = 'refused'").await, 6);
    assert_eq!(order.history().await.expect("a history").all().expect("readable").len(), 2);
    assert_eq!(order.verify().await.expect("an audit").checked, 2);
    assert!(!order.rebuild().await.expect("nothing to mend"));
    fresh(order.override_state(&key("back"), order::Pending { total: 500 }, "again").await);
    let entries = savings.entries().await.expect("readable");
    assert_eq!((entries.len(), entries[0].seq), (1, 1));
    assert_eq!(savings.balance_at(first.at()).await.expect("readable"), 5);
    assert_eq!(sum.entries().await.expect("readable").len(), 1);
    let far = Timestamp::from_micros(i64::MAX);
    assert_eq!(sum.balance_at(far).await.expect("readable"), i64::MAX / 2);
    let report = ledger.audit().await.expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!((report.entries, report.keys), (4, 8));
}

/// Kept for no time, a second key is there once within one batch: each of it is answered as one after the other would be.
pub async fn alias_key_without_retention_is_replayed_within_batch<S: Subject>(on: &S) {
    let brief = on.builder().alias_key_retention(std::time::Duration::ZERO).open(&on.url()).await.expect("opened");
    let orders = Order::stored(&brief, Shop);
    orders.at("o").start(Natural, order::Pending { total: 500 }).await.expect("started");
    let pay = || order::Pay { amount: 500, rate: 1 };
    let paid = fresh(orders.at("o").pay(&key("k"), pay()).await);
    let items = (0..3).map(|_| Item::new("o", &key("alias"), pay()));
    for answer in orders.apply_all(items).await {
        assert!(answer.is_ok_and(|answer| !answer.is_fresh() && answer.seq() == paid.seq()));
    }
}

/// A key that another process has used, or whose request is another one, is looked up whatever is known here; and whether the
/// machine has gone on is told as it is, whoever moved it.
pub async fn remembered_outcome_hides_no_call_of_another_process<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let other = Stored::open(on).await;
    let (ours, theirs) = (stored.subscriptions().at("d"), other.subscriptions().at("d"));
    let renew = |months| subscription::Renew { months };
    let first = fresh(ours.renew(&key("first"), renew(1)).await);
    assert!(!replayed(ours.renew(&key("first"), renew(1)).await, &first).is_superseded());
    fresh(theirs.renew(&key("theirs"), renew(1)).await);
    assert!(replayed(ours.renew(&key("first"), renew(1)).await, &first).is_superseded());
    refused(ours.renew(&key("first"), renew(2)).await, ErrorKind::KeyReused);
    refused(ours.renew(&key("theirs"), renew(2)).await, ErrorKind::KeyReused);
    // Each is the last that either of them knows, and none of them is.
    for turn in 0..6 {
        let subscription = if turn % 2 == 0 { &ours } else { &theirs };
        assert_eq!(fresh(subscription.renew(&key(&format!("turn {turn}")), renew(1)).await).seq(), 4 + turn);
    }
    let ledger = stored.idem.ledger();
    let entry = fresh(ledger.account("a").apply_delta(&key("delta"), 5).await);
    for _ in 0..2 {
        assert_eq!(*replayed(ledger.account("a").apply_delta(&key("delta"), 5).await, &entry), *entry);
    }
    refused(ledger.account("a").apply_delta(&key("delta"), 6).await, ErrorKind::KeyReused);
    refused(ledger.account("b").apply_delta(&key("delta"), 5).await, ErrorKind::KeyReused);
}
