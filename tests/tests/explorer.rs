//! The explorer on machines of every kind of repeat, in memory and in each database.

#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::sync::atomic::{AtomicU64, Ordering};

use idem_core::testing::{Explorer, Report, Samples, Script};
use idem_core::{Context, Database, Idem, Natural, Step, Timestamp};
use tests::conformance::machines::refund::first::{Refund, refund};
use tests::conformance::machines::refund::{OverLimit, of_order};
use tests::conformance::machines::{
    Order, Payment, Receipt, Refused, Shop, Subscription, order, payment, subscription,
};
use tests::{Postgres, Sqlite};

fn order_samples() -> Samples<Order> {
    Samples::new()
        .state(order::Pending { total: 500 })
        .state(order::Paid { receipt: Receipt { id: "r".into(), amount: 500 } })
        .state(order::Declined { reason: "funds".into() })
        .state(order::Shipped { tracking: "T1".into() })
        .state(order::Cancelled { reason: "late".into() })
        .command(order::Pay { amount: 500, rate: 1 })
        .command(order::Pay { amount: 499, rate: 1 })
        .command(order::Ship { tracking: "T1".into() })
        .command(order::Cancel { reason: "late".into() })
        .outcome(order::CommandKind::Pay, &Receipt { id: "r".into(), amount: 500 })
}

fn subscription_samples() -> Samples<Subscription> {
    Samples::new()
        .state(subscription::Paused { by: "ann".into() })
        .command(subscription::Pause { by: "ann".into() })
        .command(subscription::Renew { months: 2 })
        .command(subscription::Cancel { reason: "noise".into() })
        .outcome(subscription::CommandKind::Renew, &2_u64)
}

/// One that is rejected, one that is not.
fn refund_samples() -> Samples<Refund> {
    Samples::new()
        .state(refund::Approved { amount: 5 })
        .command(refund::Approve { amount: 9, limit: 5 })
        .command(refund::Approve { amount: 5, limit: 5 })
        .outcome(refund::CommandKind::Approve, &5_i64)
        .rejection(&OverLimit { limit: 5 })
}

fn order_refund_samples() -> Samples<of_order::Refund> {
    Samples::new()
        .state(of_order::refund::Requested { order: 7 })
        .command(of_order::refund::Approve { amount: 9, limit: 5 })
        .command(of_order::refund::Approve { amount: 5, limit: 5 })
        .rejection(&OverLimit { limit: 5 })
}

async fn sqlite(file: &Sqlite) -> Idem<sqlx::Sqlite> {
    Idem::open(&file.url()).await.expect("a database")
}

/// A whole exploration: nothing wrong, and enough of it done to mean something.
fn whole(report: &Report, cases: u64) {
    println!("{report}");
    report.assert_complete();
    assert!(report.cases >= cases, "{report}");
    for row in ['a', 'b', 'c', 'd', 'e', 'f'] {
        assert!(report.rows.get(&row).is_some_and(|many| *many > 0), "row {row} never answered: {report}");
    }
}

#[test]
fn explorer_of_orders_in_memory_is_complete() {
    let samples = order_samples();
    let report = Explorer::new(&samples).in_memory(|| Order::in_memory(Shop, order::Pending { total: 500 }));
    whole(&report, 100);
    assert_eq!(report.reached, ["Pending", "Paid", "Shipped", "Cancelled"]);
    assert_eq!(report.overridden, ["Declined"], "no funds are bounded here, so nothing is declined");
}

#[test]
fn explorer_of_per_visit_machine_in_memory_is_complete() {
    let samples = subscription_samples();
    whole(&Explorer::new(&samples).in_memory(|| Subscription::in_memory(Shop, subscription::Active)), 60);
}

#[test]
fn explorer_of_remembered_rejections_in_memory_is_complete() {
    let samples = refund_samples();
    let report = Explorer::new(&samples).in_memory(|| Refund::in_memory(Shop, refund::Requested));
    report.assert_complete();
    assert_eq!(report.reached, ["Requested", "Approved", "Withdrawn"], "{report}");
}

#[test]
fn hold_in_memory_expires_at_its_time() {
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    let authorize = |expires| payment::Authorize { price: 60, expires };
    let mut memory = Payment::in_memory(Shop, payment::Open);
    memory.bound("customer", Some(0), None).expect("within its bounds");
    memory.apply_delta("customer", 100).expect("no ceiling");
    assert!(memory.apply_delta("customer", -101).is_err());
    memory.set_now(time("2100-01-01T00:00:00Z"));
    let authorized = memory.authorize(Natural, authorize(false)).expect("the money is there");
    assert_eq!(authorized.at(), time("2100-01-01T00:00:00Z"));
    assert_eq!((memory.balance("customer"), memory.held("customer")), (100, 60));
    assert!(memory.apply_delta("customer", -41).is_err(), "what is held is not there to be spent");
    memory.set_now(time("2099-01-01T00:00:00Z"));
    let captured = memory.capture(Natural, payment::Capture { amount: 50 }).expect("held");
    assert_eq!(captured.at(), authorized.at(), "no transition is earlier than the one before");
    assert_eq!((memory.balance("customer"), memory.held("customer")), (50, 0));

    let mut memory = Payment::in_memory(Shop, payment::Open);
    memory.bound("customer", Some(-60), None).expect("within its bounds");
    memory.authorize(Natural, authorize(true)).expect("the money is there");
    assert_eq!(memory.held("customer"), 0, "its time is over at once");
    memory.apply_delta("customer", -60).expect("nothing is held");
    memory.capture(Natural, payment::Capture { amount: 1 }).expect("declined");
    assert!(matches!(memory.state(), Payment::Declined));
}

async fn stored<DB: Database>(idem: &Idem<DB>) {
    let samples = order_samples();
    whole(&Explorer::new(&samples).stored(&Order::stored(idem, Shop)).await, 150);
    let samples = subscription_samples();
    let report = Explorer::new(&samples).stored(&Subscription::stored(idem, Shop)).await;
    whole(&report, 80);
    assert!(report.rows.contains_key(&'g') || report.reached.len() == 3, "{report}");
    let samples = refund_samples();
    Explorer::new(&samples).stored(&Refund::stored(idem, Shop)).await.assert_complete();
    let samples = order_refund_samples();
    Explorer::new(&samples).stored(&of_order::Refund::stored(idem, Shop)).await.assert_complete();
}

#[tokio::test(flavor = "multi_thread")]
async fn explorer_on_sqlite_takes_every_row_of_answer_table() {
    let file = Sqlite::fresh();
    stored(&sqlite(&file).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn explorer_on_postgres_takes_every_row_of_answer_table() {
    let Some(database) = Postgres::fresh().await else { return };
    stored(&Idem::<sqlx::Postgres>::open(&database.url().to_string()).await.expect("a database")).await;
}

/// The bound makes a decline of the third payment on; which case pays first is the explorer's business.
#[tokio::test(flavor = "multi_thread")]
async fn explorer_with_account_bound_reaches_paid_and_declined() {
    let file = Sqlite::fresh();
    let idem = sqlite(&file).await;
    let bound = "INSERT INTO idem_accounts (account, balance, seq, floor) VALUES ('customers', 0, 0, -1000)";
    sqlx::query(bound).execute(idem.pool()).await.expect("bounded");
    let samples = order_samples();
    let report = Explorer::new(&samples).stored(&Order::stored(&idem, Shop)).await;
    report.assert_complete();
    assert!(report.reached.contains(&"Paid") && report.reached.contains(&"Declined"), "{report}");
}

#[test]
fn explorer_in_memory_counts_declined_state_as_reached() {
    let samples = order_samples();
    let report = Explorer::new(&samples).in_memory(|| {
        let mut order = Order::in_memory(Shop, order::Pending { total: 500 });
        order.bound("customers", Some(-499), None).expect("a balance of 0 is within");
        order
    });
    report.assert_complete();
    assert_eq!(report.reached, ["Pending", "Declined", "Cancelled"]);
    assert_eq!(report.overridden, ["Paid", "Shipped"]);
}

#[test]
fn explorer_report_names_missing_samples() {
    let samples = Samples::<Order>::new().state(order::Pending { total: 1 }).outcome("Pay", &"not a receipt");
    let report = Explorer::new(&samples).in_memory(|| Order::in_memory(Shop, order::Pending { total: 1 }));
    let shown = report.to_string();
    for missing in ["state `Paid`", "command `Ship`", "outcome of `Pay`: no sample", "outcome of `Pay`: not what"] {
        assert!(shown.contains(missing), "{missing} is not in {shown}");
    }
    assert!(std::panic::catch_unwind(|| report.assert_complete()).is_err());
}

#[test]
fn explorer_report_says_that_case_limit_was_met() {
    let samples = order_samples();
    let report = Explorer::new(&samples).cases(7).in_memory(|| Order::in_memory(Shop, order::Pending { total: 500 }));
    let shown = report.to_string();
    assert!(report.truncated && report.cases == 7 && shown.contains("NOT ALL"), "{report}");
    assert!(shown.contains("NOT REACHED before the bound of 7 cases: "), "the samples are not to blame: {report}");
}

/// A rule that answers by itself, not by what it is given: no retry of it is harmless.
#[tokio::test(flavor = "multi_thread")]
async fn explorer_finds_impure_rule_and_script_replays_it() {
    let file = Sqlite::fresh();
    let orders = Order::stored(&sqlite(&file).await, Moody::default());
    let samples = order_samples();
    let report = Explorer::new(&samples).stored(&orders).await;
    let example = report.counter_example.as_ref().expect("an impure rule is wrong");
    let script: Script = example.script.to_string().parse().expect("a script is what it prints");
    assert_eq!(script, example.script);
    let again = Explorer::new(&samples).replay(&orders, &script).await;
    assert!(again.counter_example.is_some(), "{again}");
    assert!(std::panic::catch_unwind(|| report.assert_complete()).is_err());
}

/// Rules of an order that answer differently each time.
#[derive(Default)]
struct Moody(AtomicU64);

impl order::Transitions for Moody {
    type Rejection = Refused;

    fn pay(&self, _: order::Pending, _: &order::Pay, _: &Context) -> Result<Step<order::PayTo, Receipt>, Refused> {
        let mood = self.0.fetch_add(1, Ordering::Relaxed).to_string();
        let receipt = Receipt { id: mood, amount: 0 };
        Ok(Step::to(order::Paid { receipt: receipt.clone() }).outcome(receipt))
    }

    fn ship(&self, from: order::Paid, ship: &order::Ship, cx: &Context) -> Result<Step<order::Shipped>, Refused> {
        Shop.ship(from, ship, cx)
    }

    fn cancel(
        &self,
        from: order::CancelFrom,
        cancel: &order::Cancel,
        cx: &Context,
    ) -> Result<Step<order::Cancelled>, Refused> {
        Shop.cancel(from, cancel, cx)
    }
}
