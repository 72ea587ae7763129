//! Money of a machine's steps beside money of the ledger's own calls.

use idem_core::error::LedgerError;
use idem_core::ledger::{AccountSettings, Bounds};
use idem_core::{Context, Database, Error, Idem, Natural, Never, Outcome, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use super::{Desk, Way, hold_of, unfit, unlawful};
use crate::conformance::machines::{Payment, Shop, payment};
use crate::conformance::{Stored, Subject, fresh, key, replayed};

/// A payment on a desk, commanded in the desk's way.
struct DeskPayment<'d, 's, S: Subject> {
    desk: &'d Desk<'s, S>,
    at: payment::Handle<S::DB, Shop>,
}

impl<'d, 's, S: Subject> DeskPayment<'d, 's, S> {
    fn new(desk: &'d Desk<'s, S>, id: &str) -> Self {
        Self { desk, at: payments(&desk.idem).at(id) }
    }

    async fn authorize(&self, price: i64, expires: bool) -> Outcome<String, payment::StateKind> {
        let authorize = payment::Authorize { price, expires };
        match self.desk.way {
            Way::Own => self.at.authorize(Natural, authorize).await.expect("authorized or declined"),
            Way::Within => {
                let mut tx = self.desk.idem.begin().await.expect("begun");
                let authorized = self.at.within(&mut tx).authorize(Natural, authorize).await;
                tx.commit().await.expect("committed");
                authorized.expect("authorized or declined")
            }
        }
    }

    async fn capture(&self, amount: i64) -> Result<Outcome<(), payment::StateKind>, Error> {
        match self.desk.way {
            Way::Own => self.at.capture(Natural, payment::Capture { amount }).await,
            Way::Within => {
                let mut tx = self.desk.idem.begin().await?;
                let captured = self.at.within(&mut tx).capture(Natural, payment::Capture { amount }).await;
                tx.commit().await?;
                captured
            }
        }
    }

    async fn cancel(&self) -> Result<Outcome<(), payment::StateKind>, Error> {
        match self.desk.way {
            Way::Own => self.at.cancel(Natural).await,
            Way::Within => {
                let mut tx = self.desk.idem.begin().await?;
                let cancelled = self.at.within(&mut tx).cancel(Natural).await;
                tx.commit().await?;
                cancelled
            }
        }
    }

    async fn state(&self) -> Payment {
        self.at.get().await.expect("readable").expect("started").state().clone()
    }
}

fn payments<DB: Database>(idem: &Idem<DB>) -> payment::Repository<DB, Shop> {
    Payment::stored(idem, Shop)
}

/// Held, captured in part, the rest let go, a part of it passed on: all of one step, once for all repeats.
pub async fn step_with_hold_capture_and_release_moves_money_once<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("customer", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "customer", 100).await);
        let payment = DeskPayment::new(&desk, "b");
        let hold = payment.authorize(80, false).await.into_inner();
        assert_eq!((desk.state("customer").await.held, desk.balance("authorizations").await), (80, 1));
        assert!(payment.authorize(80, false).await.is_replay());
        for _ in 0..3 {
            payment.capture(50).await.expect("captured");
        }
        let customer = desk.state("customer").await;
        assert_eq!((customer.balance, customer.held, customer.version), (50, 0, 4));
        assert_eq!((desk.balance("sales").await, desk.balance("provider").await), (45, 5));
        let entries = desk.ledger.account("customer").entries().after(2).await.expect("readable");
        let told: Vec<_> = entries.iter().map(|entry| (entry.kind.as_str(), entry.delta, hold_of(entry))).collect();
        assert_eq!(told, [("capture", -50, Some((&*hold, -50))), ("release", 0, Some((&*hold, -30)))]);
        for entry in &entries {
            let made_by = entry.transition.as_ref().map(|by| (&*by.machine, &*by.id, by.seq));
            assert_eq!((made_by, &entry.key), (Some(("Payment", "b", 3)), &None));
        }
        desk.proven().await;
    }
}

/// What does not fit takes the other step: the money of the step not taken stays, also what came before in it.
pub async fn step_with_refused_hold_or_capture_takes_other_step<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("customer", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "customer", 100).await);
        let declined = DeskPayment::new(&desk, "poor");
        assert_eq!(*declined.authorize(101, false).await, "declined");
        assert_eq!((desk.state("customer").await.held, desk.balance("authorizations").await), (0, 0));
        let exceeded = DeskPayment::new(&desk, "modest");
        exceeded.authorize(60, false).await;
        exceeded.capture(61).await.expect("declined");
        assert_eq!(exceeded.state().await, Payment::Declined);
        let state = desk.state("customer").await;
        assert_eq!((state.balance, state.held, desk.balance("sales").await), (100, 60, 0));
        // Captured whole, nothing is left to release.
        let whole = DeskPayment::new(&desk, "whole");
        whole.authorize(40, false).await;
        whole.capture(40).await.expect("captured");
        assert_eq!((whole.state().await, desk.balance("declined").await), (Payment::Captured { amount: 40 }, 2));
        desk.proven().await;
    }
}

/// A hold of a step is captured and released by the ledger, and a debit needs what an expired one reserved.
pub async fn hold_of_step_is_captured_and_released_by_ledger<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("customer", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "customer", 100).await);
        let payment = DeskPayment::new(&desk, "b");
        let hold = payment.authorize(80, false).await.into_inner();
        let captured = fresh(desk.capture("l", &hold, "shop", 30).await);
        payment.capture(51).await.expect("declined: 50 are left");
        assert_eq!(payment.state().await, Payment::Declined);
        replayed(desk.capture("l", &hold, "shop", 30).await, &captured);
        unfit(desk.delta("m", "customer", -21).await);
        fresh(desk.release("n", &hold).await);
        fresh(desk.delta("m", "customer", -21).await);
        assert_eq!(hold_of(&fresh(desk.release("o", &hold).await)), Some((&*hold, 0)));
        DeskPayment::new(&desk, "short").authorize(49, true).await;
        assert_eq!(desk.state("customer").await.available(), 0);
        let needed = DeskPayment::new(&desk, "next");
        assert_ne!(*needed.authorize(40, false).await, "declined");
        assert_eq!((desk.state("customer").await.held, desk.state("customer").await.available()), (40, 9));
        desk.proven().await;
    }
}

/// A machine whose hold has expired and was let go still cancels, and what it captures is declined: it is never stuck.
pub async fn machine_with_expired_hold_cancels_or_declines<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("customer", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "customer", 100).await);
        let (cancelled, captured) = (DeskPayment::new(&desk, "cancelled"), DeskPayment::new(&desk, "captured"));
        cancelled.authorize(60, true).await;
        captured.authorize(40, true).await;
        fresh(desk.delta("l", "customer", -100).await);
        assert_eq!(desk.state("customer").await.held, 0, "let go where the money was needed");
        let version = desk.state("customer").await.version;
        for _ in 0..2 {
            cancelled.cancel().await.expect("nothing is left to give back");
        }
        let entries = desk.ledger.account("customer").entries().after(version).await.expect("readable");
        let told: Vec<_> =
            entries.iter().map(|entry| (entry.kind.as_str(), hold_of(entry).map(|(_, reserved)| reserved))).collect();
        assert_eq!((cancelled.state().await, told), (Payment::Cancelled, vec![("release", Some(0))]));
        for _ in 0..2 {
            captured.capture(1).await.expect("declined");
        }
        assert_eq!((captured.state().await, desk.balance("declined").await), (Payment::Declined, 1));
        // Also where the account was closed since, which takes no entry.
        let (late, later) = (DeskPayment::new(&desk, "late"), DeskPayment::new(&desk, "later"));
        fresh(desk.delta("m", "customer", 10).await);
        late.authorize(5, true).await;
        later.authorize(5, true).await;
        fresh(desk.delta("n", "customer", -10).await);
        desk.close("customer").await.expect("settled");
        late.cancel().await.expect("nothing is left to give back");
        later.capture(5).await.expect("declined");
        assert_eq!((late.state().await, later.state().await), (Payment::Cancelled, Payment::Declined));
        desk.proven().await;
    }
    let mut memory = Payment::in_memory(Shop, payment::Open);
    memory.authorize(Natural, payment::Authorize { price: 60, expires: true }).expect("authorized");
    memory.capture(Natural, payment::Capture { amount: 1 }).expect("declined");
    assert_eq!(*memory.state(), Payment::Declined);
    let mut memory = Payment::in_memory(Shop, payment::Open);
    memory.authorize(Natural, payment::Authorize { price: 60, expires: true }).expect("authorized");
    memory.cancel(Natural).expect("it has expired");
}

/// What no money would make right is an error, with the money there or not: never a decline that is remembered.
pub async fn step_with_ledger_error_takes_no_other_step<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        fresh(desk.delta("k", "customer", 100).await);
        let payment = DeskPayment::new(&desk, "b");
        let authorized = payment.authorize(80, false).await;
        let unknown = payment.at.override_state(&key("put"), payment::Authorized { hold: "nothing".into() }, "a test");
        fresh(unknown.await);
        for amount in [1, 81] {
            assert!(matches!(unlawful(payment.capture(amount).await), LedgerError::UnknownHold { .. }));
        }
        let hold = authorized.into_inner();
        fresh(payment.at.override_state(&key("back"), payment::Authorized { hold }, "a test").await);
        desk.open("provider", AccountSettings::default().unit("USD")).await.expect("opened");
        for amount in [1, 81] {
            assert!(matches!(unlawful(payment.capture(amount).await), LedgerError::OtherUnit { .. }));
        }
        desk.open("sales", Bounds::default()).await.expect("opened");
        desk.close("sales").await.expect("closed");
        for amount in [1, 81] {
            assert!(matches!(unlawful(payment.capture(amount).await), LedgerError::Closed { .. }));
        }
        assert!(matches!(payment.state().await, Payment::Authorized { .. }));
        assert_eq!(desk.balance("declined").await, 0);
        desk.proven().await;
    }
    let mut memory = Payment::in_memory(Shop, payment::Open);
    memory.override_state(payment::Authorized { hold: "nothing".into() }, false);
    unlawful(memory.capture(Natural, payment::Capture { amount: 1 }));
    assert!(matches!(memory.state(), Payment::Authorized { .. }));
}

/// Commands and changes of one account at once: every one has its effect, and the entries follow one another.
pub async fn concurrent_commands_and_changes_share_one_account<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    own.open("customer", Bounds::at_least(0)).await.expect("opened");
    fresh(own.delta("k", "customer", 10_000).await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24 {
        let idem = own.idem.clone();
        tasks.spawn(async move {
            let payment = payments(&idem).at(format!("b{number}"));
            fresh(payment.authorize(Natural, payment::Authorize { price: 20, expires: false }).await);
            fresh(idem.ledger().account("customer").apply_delta(&key(&format!("d{number}")), -1).await);
            fresh(payment.capture(Natural, payment::Capture { amount: 10 }).await);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    let customer = own.state("customer").await;
    assert_eq!((customer.balance, customer.held, customer.version), (10_000 - 24 * 11, 0, 1 + 24 * 4));
    assert_eq!((own.balance("sales").await, own.balance("provider").await), (24 * 9, 24));
    own.proven().await;
}

/// An invoice that is paid by several changes of one account in one step.
#[idempotent_fsm]
#[command(Pay { deltas: Vec<i64> })]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Invoice {
    #[initial]
    #[on(Pay => Paid)]
    Open,

    #[terminal]
    Paid,
}

impl invoice::Transitions for Shop {
    type Rejection = Never;

    fn pay(&self, _: invoice::Open, pay: &invoice::Pay, _: &Context) -> Result<Step<invoice::Paid>, Never> {
        Ok(pay.deltas.iter().fold(Step::to(invoice::Paid), |step, delta| step.delta("sales", *delta)))
    }
}

/// The changes of one step that leave 64 bits in their sum: nothing of the step happens, also where the balance would fit.
pub async fn step_with_changes_beyond_64_bits_in_sum_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let sales = stored.idem.ledger().account("sales");
    fresh(sales.apply_delta(&key("first"), -5).await);
    let invoice = Invoice::stored(&stored.idem, Shop).at("i");
    let pay = |deltas: &[i64]| invoice::Pay { deltas: deltas.to_vec() };
    assert_eq!(unfit(invoice.pay(&key("k"), pay(&[i64::MAX, 3])).await).delta, 3);
    let balance = async || sales.get().await.expect("readable").expect("open").balance;
    assert_eq!(balance().await, -5);
    assert!(invoice.get().await.expect("readable").is_none());
    fresh(invoice.pay(&key("k"), pay(&[i64::MAX, -3, 1])).await);
    assert_eq!(balance().await, i64::MAX - 7);
    assert!(stored.idem.ledger().audit().await.expect("readable").is_sound());
}
