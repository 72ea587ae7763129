//! A refusal is of one moment: what another process does between two reads of a call, or between a read and the write, is seen
//! whole or not at all.

use idem_core::ledger::Bounds;

use super::Desk;
use crate::conformance::groups::held_up;
use crate::conformance::machines::{Bill, Office, bill};
use crate::conformance::{Stored, Subject, fresh, key, replayed};

fn pay(amount: i64) -> bill::Pay {
    bill::Pay { from: "customer".into(), amount, hold: false, or_decline: false }
}

/// The ways in which a payment can be refused for its money, and not be.
fn payments() -> [bill::Pay; 4] {
    let both = [false, true];
    let all = both.map(|hold| both.map(|or_decline| bill::Pay { hold, or_decline, ..pay(10) }));
    let [[a, b], [c, d]] = all;
    [a, b, c, d]
}

/// The money was there when the key was looked for, and another process has spent it, under that very key, when the accounts
/// are read: its outcome is the answer, and not that money is missing or a hold taken.
pub async fn a_repeat_is_not_refused_for_what_it_spent<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let desks = Desk::each(&stored).await;
    let customer = desks[0].ledger.account("customer");
    customer.open(Bounds::at_least(0)).await.expect("opened");
    for (number, pay) in payments().into_iter().enumerate() {
        let (id, office) = (format!("b{number}"), Office::default());
        fresh(desks[0].delta(&id, "customer", 10).await);
        let first = meanwhile(&desks[0], &office, Office::BEFORE_ACCOUNTS, &id, pay.clone());
        let paid = Bill::stored(&stored.idem, office.clone()).at(&*id).pay(&key(&id), pay).await;
        assert!(office.is_done(), "another process paid");
        replayed(paid, &first.await.expect("another process"));
    }
    desks[0].proven().await;
}

/// The same inside a transaction, where the machine was not there yet and could not be locked.
pub async fn a_repeat_within_is_not_refused_for_what_it_spent<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    if on.differences().one_writer {
        return;
    }
    let desks = Desk::each(&stored).await;
    let customer = desks[0].ledger.account("customer");
    customer.open(Bounds::at_least(0)).await.expect("opened");
    // The machine's graph, stored in a transaction, would be what the other process waits for.
    fresh(Bill::stored(&stored.idem, Office::default()).at("first").pay(&key("first"), pay(0)).await);
    for (number, pay) in payments().into_iter().enumerate() {
        let (id, office) = (format!("b{number}"), Office::default());
        fresh(desks[0].delta(&id, "customer", 10).await);
        let first = meanwhile(&desks[0], &office, Office::BEFORE_ACCOUNTS, &id, pay.clone());
        let mut tx = stored.idem.begin().await.expect("begun");
        let paid = Bill::stored(&stored.idem, office.clone()).at(&*id).within(&mut tx).pay(&key(&id), pay).await;
        tx.commit().await.expect("committed");
        assert!(office.is_done(), "another process paid");
        replayed(paid, &first.await.expect("another process"));
    }
    desks[0].proven().await;
}

/// The same in a group.
pub async fn a_repeat_in_a_group_is_not_refused_for_what_it_spent<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    if on.differences().one_writer {
        return;
    }
    let desks = Desk::each(&stored).await;
    let customer = desks[0].ledger.account("customer");
    customer.open(Bounds::at_least(0)).await.expect("opened");
    let (idem, held) = held_up(on).await;
    for (number, pay) in payments().into_iter().enumerate() {
        let (id, office) = (format!("b{number}"), Office::default());
        fresh(desks[0].delta(&id, "customer", 10).await);
        let first = meanwhile(&desks[0], &office, Office::BEFORE_ACCOUNTS, &id, pay.clone());
        let paid = Bill::stored(&idem, office.clone()).at(&*id).pay(&key(&id), pay).await;
        assert!(office.is_done(), "another process paid");
        replayed(paid, &first.await.expect("another process"));
    }
    held.end().await;
    desks[0].proven().await;
}

/// In the run of this number another process pays the bill first; what it is answered with.
fn meanwhile<S: Subject>(
    desk: &Desk<'_, S>,
    office: &Office,
    run: u32,
    id: &str,
    pay: bill::Pay,
) -> tokio::sync::oneshot::Receiver<idem_core::Outcome<String>> {
    let (told, first) = tokio::sync::oneshot::channel();
    let (builder, url, id) = (desk.stored.subject.builder(), desk.stored.subject.url(), id.to_owned());
    office.meanwhile(run, move || async move {
        let idem = builder.open(&url).await.expect("opened");
        let paid = Bill::stored(&idem, Office::default()).at(&*id).pay(&key(&id), pay).await;
        told.send(fresh(paid)).expect("it is waited for");
    });
    first
}
