//! What proves a machine's rows, and mends them.

use std::time::Duration;

use idem_core::machine::DifferenceKind;
use idem_core::{ErrorKind, Natural};

use crate::conformance::machines::{Invoice, Shop, SlowShop, Subscription, invoice, order, subscription};
use crate::conformance::{Stored, Subject, fresh, key, refused};
use crate::polled;

/// An order that was paid and shipped.
async fn shipped<S: Subject>(stored: &Stored<'_, S>) -> order::Handle<S::DB, Shop> {
    let order = stored.orders().at("o");
    order.start(Natural, order::Pending { total: 500 }).await.expect("started");
    fresh(order.pay(&key("k"), order::Pay { amount: 500, rate: 1 }).await);
    fresh(order.ship(Natural, order::Ship { tracking: "T".into() }).await);
    order
}

async fn problems<S: Subject>(order: &order::Handle<S::DB, Shop>) -> Vec<(u64, DifferenceKind)> {
    let found = order.verify().await.expect("an audit");
    found.differences.into_iter().map(|difference| (difference.seq, difference.what)).collect()
}

/// Every kind of transition: the start, commands with a key and without, self-loops, an override.
pub async fn verify_of_every_kind_of_transition_finds_no_difference<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = shipped(&stored).await;
    let found = order.verify().await.expect("an audit");
    assert_eq!((found.checked, found.differences), (3, Vec::new()));
    let subscription: subscription::Handle<S::DB, Shop> = stored.subscriptions().at("d");
    fresh(subscription.renew(&key("k"), subscription::Renew { months: 1 }).await);
    fresh(subscription.pause(Natural, subscription::Pause { by: "ann".into() }).await);
    fresh(subscription.override_state(&key("l"), subscription::Active, "draught").await);
    fresh(subscription.renew(&key("m"), subscription::Renew { months: 2 }).await);
    let found = subscription.verify().await.expect("an audit");
    assert_eq!((found.checked, found.differences), (5, Vec::new()));
    assert_eq!(stored.orders().at("nobody").verify().await.expect("an audit").checked, 0);
}

/// Each change is reported, at its transition, and nothing is changed by the report.
pub async fn verify_of_edited_rows_reports_each_edit<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = shipped(&stored).await;
    // A second key of the payment.
    assert!(order.pay(&key("l"), order::Pay { amount: 500, rate: 1 }).await.expect("answered").is_replay());
    assert!(problems::<S>(&order).await.is_empty());
    let changes = [
        ("UPDATE idem_machines SET version = version + 1", (3, DifferenceKind::Row)),
        ("UPDATE idem_transitions SET outcome = payload WHERE seq = 2", (2, DifferenceKind::Outcome)),
        ("UPDATE idem_transitions SET state = 'Declined' WHERE seq = 2", (2, DifferenceKind::State)),
        ("UPDATE idem_transitions SET from_state = 'Declined' WHERE seq = 2", (2, DifferenceKind::Before)),
        ("UPDATE idem_transitions SET from_visit = 7 WHERE seq = 3", (3, DifferenceKind::Before)),
        (
            "UPDATE idem_transitions SET fingerprint = payload WHERE seq = 3",
            (3, DifferenceKind::Unreadable("the fingerprint".to_owned())),
        ),
        ("UPDATE idem_transitions SET alias_of = 4 WHERE seq IS NULL", (4, DifferenceKind::Key)),
        ("UPDATE idem_transitions SET alias_of = 2, key = 'x' WHERE seq IS NULL", (2, DifferenceKind::Key)),
        ("UPDATE idem_transitions SET hash = fingerprint, alias_of = 2 WHERE seq IS NULL", (2, DifferenceKind::Key)),
        ("UPDATE idem_transitions SET hash = payload WHERE seq = 2", (2, DifferenceKind::Key)),
        ("UPDATE idem_transitions SET scope = 'x', key = 'x' WHERE seq = 3", (3, DifferenceKind::Key)),
        ("UPDATE idem_transitions SET hash = body WHERE seq = 1", (1, DifferenceKind::Key)),
    ];
    let mut expected: Vec<(u64, DifferenceKind)> = Vec::new();
    for (change, problem) in changes {
        stored.execute(change).await;
        expected.push(problem);
        let found = problems::<S>(&order).await;
        let (_, last) = expected.last().expect("one was paused");
        assert!(found.iter().any(|(_, problem)| problem == last), "{change}: {found:?}");
    }
    stored.execute("DELETE FROM idem_transitions WHERE seq = 2").await;
    let found = problems::<S>(&order).await;
    assert!(found.contains(&(3, DifferenceKind::Gap)), "{found:?}");
}

/// Versions that no machine has are refused by the table: such a row could not be mended.
pub async fn machine_version_out_of_range_is_refused_by_table<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    shipped(&stored).await;
    let mut conn = stored.idem.pool().acquire().await.expect("a connection");
    for version in [0, -5, i64::MAX] {
        let change = format!("UPDATE idem_machines SET version = {version}");
        assert!(on.execute(&mut conn, &change).await.is_err(), "{version}");
    }
}

/// A machine that goes on while it is verified is found sound: its row and its history are of one moment.
pub async fn verify_during_another_command_finds_no_difference<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let shop = SlowShop::default();
    let invoice = Invoice::stored(&stored.idem, shop.clone()).at("b");
    fresh(
        invoice
            .pay(&key("k"), invoice::Pay { from: "customer".into(), amount: 100, hold: false, or_decline: false })
            .await,
    );
    let (builder, url) = (on.builder(), on.url());
    shop.meanwhile(1, || async move {
        let idem = builder.open(&url).await.expect("opened");
        fresh(Invoice::stored(&idem, SlowShop::default()).at("b").remind(&key("l")).await);
    });
    let found = invoice.verify().await.expect("an audit");
    assert_eq!((found.checked, found.differences, shop.is_done()), (2, Vec::new(), true));
    assert_eq!(invoice.verify().await.expect("an audit").checked, 3);
}

/// Wherever it is when another one mends the row and a command runs: the command is not undone, and the machine goes on.
pub async fn rebuild_during_another_command_keeps_its_transition<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let brief = on.builder().lock_wait(Duration::from_millis(50)).open(&on.url()).await.expect("opened");
    // How many polls a read takes varies: each number is tried several times.
    let mut ended = 0;
    for attempt in 4.. {
        let polls = attempt / 4;
        let id = format!("d{attempt}");
        let (subscription, other) = (stored.subscriptions().at(&*id), Subscription::stored(&brief, Shop).at(&*id));
        let renew = |name: &str| (key(&format!("{id} {name}")), subscription::Renew { months: 1 });
        let (first, second, third) = (renew("first"), renew("second"), renew("third"));
        fresh(subscription.renew(&first.0, first.1).await);
        // The version that the row will have again after the rebuild and the command.
        stored.execute(&format!("UPDATE idem_machines SET version = 3 WHERE id = '{id}'")).await;
        let mut rebuild = Box::pin(subscription.rebuild());
        let mut answer = polled(&mut rebuild, polls).await;
        ended += usize::from(answer.is_some());
        // Where this one has the lock, the others come after it.
        let mended = other.rebuild().await;
        let renewed = other.renew(&second.0, second.1.clone()).await;
        if answer.is_none() {
            answer = Some(rebuild.await);
        }
        assert!(answer.is_some_and(|answer| answer.is_ok()), "polled {polls} times");
        if mended.is_err() || renewed.is_err() {
            other.rebuild().await.expect("mended");
            other.renew(&second.0, second.1).await.expect("a renew");
        }
        assert!(fresh(subscription.renew(&third.0, third.1).await).seq() > 3, "polled {polls} times");
        let found = subscription.verify().await.expect("an audit");
        assert_eq!((found.checked, found.differences), (4, Vec::new()), "polled {polls} times");
        if ended == 12 {
            break;
        }
    }
}

/// From the history alone.
pub async fn rebuild_of_edited_or_deleted_row_restores_it<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = shipped(&stored).await;
    let before = order.get().await.expect("readable");
    assert!(!order.rebuild().await.expect("nothing to mend"));
    let row = "UPDATE idem_machines SET state = 'Pending', visit = 1";
    for damage in [row, "UPDATE idem_machines SET last_by_command = body", "DELETE FROM idem_machines"] {
        stored.execute(damage).await;
        assert!(!problems::<S>(&order).await.is_empty(), "{damage}");
        assert!(order.rebuild().await.expect("mended"), "{damage}");
        assert!(!order.rebuild().await.expect("nothing to mend"), "{damage}");
        assert_eq!(order.get().await.expect("readable"), before, "{damage}");
        assert!(problems::<S>(&order).await.is_empty());
    }
    refused(stored.orders().at("nobody").rebuild().await, ErrorKind::NotStarted);
}

/// A history with a hole proves nothing.
pub async fn rebuild_of_history_with_gap_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = shipped(&stored).await;
    stored.execute("DELETE FROM idem_transitions WHERE seq = 2").await;
    let before = order.get().await.expect("readable");
    let error = refused(order.rebuild().await, ErrorKind::Undecodable);
    assert!(error.to_string().contains("transition 2 is missing"), "{error}");
    assert_eq!(order.get().await.expect("readable"), before);
}

/// The machine knows that it ran, and nobody knows any more with what.
pub async fn command_whose_transition_was_deleted_does_not_run_again<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let order = shipped(&stored).await;
    stored.execute("DELETE FROM idem_transitions WHERE seq = 3").await;
    let error = refused(order.ship(Natural, order::Ship { tracking: "T".into() }).await, ErrorKind::Undecodable);
    assert!(error.to_string().contains("transition 3"), "{error}");
}
