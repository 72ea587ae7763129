//! What cannot be stored is refused with what to do, and nothing is written.

use idem_core::machine::Item;
use idem_core::{CommandError, ErrorKind, Key, Natural, Outcome};

use crate::conformance::machines::{Order, Shop, order};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

const UNFIT: [&str; 4] = ["", "\0", "a\nb", "\u{85}"];
const PAY: order::Pay = order::Pay { amount: 500, rate: 1 };

/// Keys, scopes, ids, correlation ids: empty, too long, with control characters.
pub async fn key_or_machine_id_with_unfit_text_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let (long, fits) = ("x".repeat(256), "x".repeat(255));
    for name in UNFIT.into_iter().chain([long.as_str()]) {
        assert!(Key::new("scope", name).is_err() && Key::new(name, "key").is_err(), "{name:?}");
        let order = stored.orders().at(name);
        let error = refused(order.start(Natural, order::Pending { total: 500 }).await, ErrorKind::Key);
        assert!(error.to_string().contains("machine id"), "{error}");
        refused(order.pay(&key("k"), PAY).await, ErrorKind::Key);
        refused(order.override_state(&key("k"), order::Pending { total: 1 }, "?").await, ErrorKind::Key);
        let order = stored.orders().at("o");
        refused(order.start(Natural, order::Pending { total: 500 }).correlation(name).await, ErrorKind::Key);
    }
    assert_eq!(stored.rows().await, 0);
    let order = stored.orders().at(&*fits);
    order.start(Natural, order::Pending { total: 500 }).correlation(&fits).await.expect("255 bytes fit");
    let longest = Key::new(&*fits, &*fits).expect("255 bytes fit");
    let paid = fresh(order.pay(&longest, PAY).await);
    replayed(order.pay(&longest, PAY).await, &paid);
}

/// A state, a payload, an outcome: 1 MiB unless the builder says otherwise.
pub async fn payload_over_limit_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = stored.orders().at("o");
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    fresh(order.pay(&key("k"), PAY).await);
    let rows = stored.rows().await;
    let ship = |bytes| order::Ship { tracking: "x".repeat(bytes) };
    let error = refused(order.ship(&key("l"), ship(1 << 20)).await, ErrorKind::TooLarge);
    assert!(error.to_string().contains("max_payload"), "{error}");
    assert_eq!(stored.rows().await, rows);
    let small = on.builder().max_payload(64).open(&on.url()).await.expect("opened");
    let order = Order::stored(&small, Shop).at("o");
    refused(order.ship(&key("l"), ship(64)).await, ErrorKind::TooLarge);
    assert_eq!(stored.rows().await, rows);
    fresh(stored.orders().at("o").ship(&key("l"), ship(1 << 19)).await);
}

/// NUL, quotes, every plane: a payload is not looked at.
pub async fn payload_text_is_stored_unchanged<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for (number, text) in
        ["\0", "'; DROP TABLE idem_claims; --", "\u{1f980}\u{301}", "\\u0000 \"", ""].into_iter().enumerate()
    {
        let order = stored.orders().at(format!("o{number}"));
        order.start(Natural, order::Pending { total: 500 }).await.expect("started");
        fresh(order.pay(&key(&format!("k{number}")), PAY).await);
        let shipped = fresh(order.ship(&key(&format!("l{number}")), order::Ship { tracking: text.to_owned() }).await);
        replayed(order.ship(&key(&format!("l{number}")), order::Ship { tracking: text.to_owned() }).await, &shipped);
        let machine = order.get().await.expect("readable").expect("started");
        assert_eq!(machine.state(), &Order::Shipped { tracking: text.to_owned() });
        assert!(order.verify().await.expect("an audit").differences.is_empty());
    }
}

/// It alone is refused.
pub async fn command_batch_item_with_unfit_id_is_refused_alone<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for id in ["a", "b"] {
        stored.orders().at(id).start(Natural, order::Pending { total: 500 }).await.expect("started");
    }
    let answers = stored.orders().apply_all(["a", "", "b"].map(|id| Item::new(id, None, PAY))).await;
    let kinds: Vec<_> =
        answers.iter().map(|answer| answer.as_ref().map(Outcome::is_fresh).map_err(CommandError::kind)).collect();
    assert_eq!(kinds, [Ok(true), Err(ErrorKind::Key), Ok(true)]);
}
