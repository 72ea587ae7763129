//! A refusal is of one moment: what another process does between two reads of a call, or between a read and the write, is seen
//! whole or not at all.

use std::fmt::Debug;

use idem_core::Outcome;
use idem_core::ledger::{Bounds, Delta};
use idem_core::machine::Item;

use super::Desk;
use crate::conformance::groups::held_up;
use crate::conformance::machines::{Invoice, SlowShop, invoice};
use crate::conformance::{Stored, Subject, fresh, key, replayed};
use crate::polled_again;

fn pay(amount: i64) -> invoice::Pay {
    invoice::Pay { from: "customer".into(), amount, hold: false, or_decline: false }
}

/// The ways in which a payment can be refused for its money, and not be.
fn payments() -> [invoice::Pay; 4] {
    let both = [false, true];
    let all = both.map(|hold| both.map(|or_decline| invoice::Pay { hold, or_decline, ..pay(10) }));
    let [[a, b], [c, d]] = all;
    [a, b, c, d]
}

/// Each payment, from an account that holds its amount, while another process pays the same invoice first: the call gets the
/// outcome of that process.
async fn each_is_a_repeat<S: Subject, E: Debug>(
    desk: &Desk<'_, S>,
    pays: impl AsyncFn(SlowShop, &str, invoice::Pay) -> Result<Outcome<String, invoice::StateKind>, E>,
) {
    desk.ledger.account("customer").open(Bounds::at_least(0)).await.expect("opened");
    for (number, pay) in payments().into_iter().enumerate() {
        let (id, shop) = (format!("b{number}"), SlowShop::default());
        fresh(desk.delta(&id, "customer", 10).await);
        let first = meanwhile(desk, &shop, SlowShop::BEFORE_ACCOUNTS, &id, pay.clone());
        let paid = pays(shop.clone(), &id, pay).await;
        assert!(shop.is_done(), "another process paid");
        replayed(paid, &first.await.expect("another process"));
    }
}

/// The money was there when the key was looked for, and another process has spent it, under that very key, when the accounts
/// are read: its outcome is the answer, and not that money is missing or a hold taken.
pub async fn repeat_is_not_refused_for_money_first_call_spent<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let desks = Desk::each(&stored).await;
    let pays = async |shop, id: &str, pay| Invoice::stored(&stored.idem, shop).at(id).pay(&key(id), pay).await;
    each_is_a_repeat(&desks[0], pays).await;
    desks[0].proven().await;
}

/// The same inside a transaction, where the machine was not there yet and could not be locked.
pub async fn repeat_in_transaction_is_not_refused_for_money_first_call_spent<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    if on.differences().one_writer {
        return;
    }
    let desks = Desk::each(&stored).await;
    // The machine's graph, stored in a transaction, would be what the other process waits for.
    fresh(Invoice::stored(&stored.idem, SlowShop::default()).at("first").pay(&key("first"), pay(0)).await);
    let pays = async |shop, id: &str, pay| {
        let mut tx = stored.idem.begin().await.expect("begun");
        let paid = Invoice::stored(&stored.idem, shop).at(id).within(&mut tx).pay(&key(id), pay).await;
        tx.commit().await.expect("committed");
        paid
    };
    each_is_a_repeat(&desks[0], pays).await;
    desks[0].proven().await;
}

/// The same in a group.
pub async fn repeat_in_group_is_not_refused_for_money_first_call_spent<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    if on.differences().one_writer {
        return;
    }
    let desks = Desk::each(&stored).await;
    let (idem, held) = held_up(on).await;
    let pays = async |shop, id: &str, pay| Invoice::stored(&idem, shop).at(id).pay(&key(id), pay).await;
    each_is_a_repeat(&desks[0], pays).await;
    held.end().await;
    desks[0].proven().await;
}

/// In the run of this number another process pays the invoice first; what it is answered with.
fn meanwhile<S: Subject>(
    desk: &Desk<'_, S>,
    shop: &SlowShop,
    run: u32,
    id: &str,
    pay: invoice::Pay,
) -> tokio::sync::oneshot::Receiver<Outcome<String, invoice::StateKind>> {
    let (told, first) = tokio::sync::oneshot::channel();
    let (builder, url, id) = (desk.stored.subject.builder(), desk.stored.subject.url(), id.to_owned());
    shop.meanwhile(run, move || async move {
        let idem = builder.open(&url).await.expect("opened");
        let paid = Invoice::stored(&idem, SlowShop::default()).at(&*id).pay(&key(&id), pay).await;
        told.send(fresh(paid)).expect("it is waited for");
    });
    first
}

/// Another process credits the customer between the read of the account and the write: what is declined for good, or refused
/// after what the same write changed, is so when it is written.
pub async fn decline_is_decided_on_balance_at_write<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let desks = Desk::each(&stored).await;
    let customer = desks[0].ledger.account("customer");
    customer.open(Bounds::at_least(0)).await.expect("opened");
    for (number, pay) in payments().into_iter().filter(|pay| pay.or_decline).enumerate() {
        let (id, shop) = (format!("b{number}"), SlowShop::default());
        credited(&desks[0], &shop, SlowShop::BEFORE_WRITE, &id);
        let invoice = Invoice::stored(&stored.idem, shop.clone()).at(&*id);
        assert_eq!(*fresh(invoice.pay(&key(&id), pay).await), "paid");
        assert!(shop.is_done(), "another process credited");
        fresh(desks[0].delta(&format!("{id} spent"), "customer", -990).await);
    }
    // Each of two is run once before the account is read, and once after.
    let shop = SlowShop::default();
    credited(&desks[0], &shop, 4, "two");
    fresh(desks[0].delta("for one", "customer", 50).await);
    let invoices = Invoice::stored(&stored.idem, shop.clone());
    let two = ["one", "two"].map(|id| Item::new(id, &key(id), pay(60)));
    let paid = invoices.apply_all(two).await;
    assert!(shop.is_done() && paid.into_iter().all(|paid| paid.is_ok_and(|paid| paid.is_fresh())));
    // Without anyone else they are declined and refused as ever.
    let dear = invoice::Pay { or_decline: true, ..pay(10_000) };
    assert_eq!(*fresh(invoices.at("declined").pay(&key("declined"), dear).await), "declined");
    desks[0].proven().await;
}

/// The same for changes of the ledger, wherever they are when another transaction, which had the account before they were
/// written, commits.
pub async fn ledger_batch_is_decided_on_balance_at_write<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let desks = Desk::each(&stored).await;
    let (desk, other) = (&desks[0], desks[0].another().await);
    // Waiting for the other transaction it is not woken: it is polled so often that at least the last times it has read.
    for polls in (0..8).map(|exponent| 4_usize.pow(exponent)) {
        let name = format!("wallet {polls}");
        desk.open(&name, Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta(&format!("{name} first"), &name, 100).await);
        let mut tx = other.begin().await.expect("begun");
        let credit = other.ledger().account(&*name);
        fresh(credit.within(&mut tx).apply_delta(&key(&format!("{name} credit")), 1_000).await);
        let items = [("a", -50), ("b", -60)].map(|(item, by)| Delta::new(&*name, &key(&format!("{name} {item}")), by));
        let (batched, account) = (desk.ledger.clone(), desk.ledger.account(&*name));
        let mut batch = Box::pin(async move { batched.apply_batch(&items).await });
        assert!(polled_again(&mut batch, polls).await.is_none(), "written while another transaction has the account");
        let remembered = key(&format!("{name} remembered"));
        let mut change = Box::pin(async move { account.apply_delta(&remembered, -900).remember_refusal().await });
        assert!(polled_again(&mut change, polls).await.is_none(), "written while another transaction has the account");
        tx.commit().await.expect("committed");
        let (results, changed) = tokio::join!(batch, change);
        let results = results.expect("a result per item");
        assert!(results.iter().all(Result::is_ok), "polled {polls} times: {results:?}");
        fresh(changed);
    }
    desk.proven().await;
}

/// In the run of this number another process credits the customer.
fn credited<S: Subject>(desk: &Desk<'_, S>, shop: &SlowShop, run: u32, name: &str) {
    let (builder, url, key) = (desk.stored.subject.builder(), desk.stored.subject.url(), key(name));
    shop.meanwhile(run, move || async move {
        let idem = builder.open(&url).await.expect("opened");
        fresh(idem.ledger().account("customer").apply_delta(&key, 1_000).await);
    });
}
