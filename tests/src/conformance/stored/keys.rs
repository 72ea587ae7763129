//! Keys are compared byte for byte, in their scope, on their machine's namespace.

use idem_core::{ErrorKind, Key};

use crate::conformance::machines::{Order, Shop, door, order};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// Case pairs, trailing spaces, composed and decomposed letters, letters that some languages fold.
const ALIKE: [&str; 12] =
    ["a", "A", "a ", " a", "\u{e9}", "e\u{301}", "\u{131}", "i", "I", "\u{df}", "ss", "\u{200b}a"];

/// Each names a request of its own.
pub async fn that_look_alike_stay_apart<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let door = stored.doors().at("d");
    let mut outcomes = Vec::new();
    for name in ALIKE {
        outcomes.push(fresh(door.knock(&key(name), door::Knock { times: 1 }).await));
    }
    for (name, first) in ALIKE.into_iter().zip(&outcomes) {
        replayed(door.knock(&key(name), door::Knock { times: 1 }).await, first);
    }
}

/// So do machine ids.
pub async fn ids_that_look_alike_stay_apart<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for (total, id) in (0..).zip(ALIKE) {
        fresh(stored.orders().at(id).start(order::Pending { total }).await);
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
pub async fn a_scope_is_part_of_the_key<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let door = stored.doors().at("d");
    for (seq, (scope, name)) in (2..).zip([("one", "k"), ("two", "k"), ("a", "bc"), ("ab", "c")]) {
        let key = Key::new(scope, name).expect("a fit key");
        assert_eq!(fresh(door.knock(&key, door::Knock { times: 1 }).await).seq(), seq);
    }
    let derived = key("k").derive("knock");
    let knocked = fresh(door.knock(&derived, door::Knock { times: 1 }).await);
    replayed(door.knock(&key("k").derive("knock"), door::Knock { times: 1 }).await, &knocked);
}

/// On another machine of the same name a key is known; on a machine of another name it is not.
pub async fn one_key_names_one_machine<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let knock = || door::Knock { times: 1 };
    fresh(stored.doors().at("one").knock(&key("k"), knock()).await);
    let error = refused(stored.doors().at("two").knock(&key("k"), knock()).await, ErrorKind::KeyReused);
    assert!(error.to_string().contains("\"one\"") && error.to_string().contains("\"two\""), "{error}");
    assert!(stored.doors().at("two").get().await.expect("readable").is_none());
    let order = stored.orders().at("one");
    order.start(order::Pending { total: 500 }).await.expect("started");
    fresh(order.pay(&key("k"), order::Pay { amount: 500, rate: 1 }).await);
}

/// The second key of row d is remembered for a while only; expired but unswept it counts as expired. The first key is
/// remembered as long as the transition.
pub async fn an_expired_alias_is_free<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let brief = on.builder().alias_retention(std::time::Duration::ZERO).open(&on.url()).await.expect("opened");
    let order = Order::stored(&brief, Shop).at("o");
    order.start(order::Pending { total: 500 }).await.expect("started");
    let pay = || order::Pay { amount: 500, rate: 1 };
    let ship = || order::Ship { tracking: "T".into() };
    let paid = fresh(order.pay(&key("k"), pay()).await);
    replayed(order.pay(&key("alias"), pay()).await, &paid);
    refused(order.ship(&key("k"), ship()).await, ErrorKind::KeyReused);
    let shipped = fresh(order.ship(&key("alias"), ship()).await);
    replayed(order.ship(&key("alias"), ship()).await, &shipped);
    assert_eq!(stored.number("SELECT count(*) FROM idem_keys").await, 2);
}

/// Kept for no time, a second key is there once within one batch: each of it is answered as one after the other would be.
pub async fn a_second_key_that_is_kept_for_no_time_answers_twice<S: Subject>(on: &S) {
    let brief = on.builder().alias_retention(std::time::Duration::ZERO).open(&on.url()).await.expect("opened");
    let orders = Order::stored(&brief, Shop);
    orders.at("o").start(order::Pending { total: 500 }).await.expect("started");
    let pay = || order::Pay { amount: 500, rate: 1 };
    let paid = fresh(orders.at("o").pay(&key("k"), pay()).await);
    let items = (0..3).map(|_| ("o", Some(key("alias")), order::Command::Pay(pay())));
    for answer in orders.apply_all(items).await {
        assert!(answer.is_ok_and(|answer| !answer.is_fresh() && answer.seq() == paid.seq()));
    }
}

/// A key that another process has used, or whose request is another one, is looked up whatever is known here; and whether the
/// machine has gone on is told as it is, whoever moved it.
pub async fn what_is_remembered_is_what_is_stored<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let other = Stored::open(on).await;
    let (ours, theirs) = (stored.doors().at("d"), other.doors().at("d"));
    let knock = |times| door::Knock { times };
    let first = fresh(ours.knock(&key("first"), knock(1)).await);
    assert!(!replayed(ours.knock(&key("first"), knock(1)).await, &first).is_superseded());
    fresh(theirs.knock(&key("theirs"), knock(1)).await);
    assert!(replayed(ours.knock(&key("first"), knock(1)).await, &first).is_superseded());
    refused(ours.knock(&key("first"), knock(2)).await, ErrorKind::KeyReused);
    refused(ours.knock(&key("theirs"), knock(2)).await, ErrorKind::KeyReused);
    // Each is the last that either of them knows, and none of them is.
    for turn in 0..6 {
        let door = if turn % 2 == 0 { &ours } else { &theirs };
        assert_eq!(fresh(door.knock(&key(&format!("turn {turn}")), knock(1)).await).seq(), 4 + turn);
    }
    let ledger = stored.idem.ledger();
    let entry = fresh(ledger.account("a").apply_delta(&key("delta"), 5).await);
    for _ in 0..2 {
        assert_eq!(*replayed(ledger.account("a").apply_delta(&key("delta"), 5).await, &entry), *entry);
    }
    refused(ledger.account("a").apply_delta(&key("delta"), 6).await, ErrorKind::KeyReused);
    refused(ledger.account("b").apply_delta(&key("delta"), 5).await, ErrorKind::KeyReused);
}
