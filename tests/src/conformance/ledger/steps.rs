//! Money of a machine's steps beside money of the ledger's own calls.

use idem_core::error::LedgerError;
use idem_core::ledger::{AccountSettings, Bounds};
use idem_core::{Context, Database, Error, Idem, Natural, Never, Outcome, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};

use super::{Desk, Way, unfit, unlawful};
use crate::conformance::machines::{Booking, Hotel, booking};
use crate::conformance::{Stored, Subject, fresh, key, replayed};

/// A booking on a desk, commanded in the desk's way.
struct Stay<'d, 's, S: Subject> {
    desk: &'d Desk<'s, S>,
    at: booking::Handle<S::DB, Hotel>,
}

impl<'d, 's, S: Subject> Stay<'d, 's, S> {
    fn new(desk: &'d Desk<'s, S>, id: &str) -> Self {
        Self { desk, at: bookings(&desk.idem).at(id) }
    }

    async fn reserve(&self, price: i64, expires: bool) -> Outcome<String, booking::StateKind> {
        let reserve = booking::Reserve { price, expires };
        match self.desk.way {
            Way::Own => self.at.reserve(Natural, reserve).await.expect("reserved or declined"),
            Way::Within => {
                let mut tx = self.desk.idem.begin().await.expect("begun");
                let reserved = self.at.within(&mut tx).reserve(Natural, reserve).await;
                tx.commit().await.expect("committed");
                reserved.expect("reserved or declined")
            }
        }
    }

    async fn charge(&self, amount: i64) -> Result<Outcome<(), booking::StateKind>, Error> {
        match self.desk.way {
            Way::Own => self.at.charge(Natural, booking::Charge { amount }).await,
            Way::Within => {
                let mut tx = self.desk.idem.begin().await?;
                let charged = self.at.within(&mut tx).charge(Natural, booking::Charge { amount }).await;
                tx.commit().await?;
                charged
            }
        }
    }

    async fn cancel(&self) -> Result<Outcome<(), booking::StateKind>, Error> {
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

    async fn state(&self) -> Booking {
        self.at.get().await.expect("readable").expect("started").state().clone()
    }
}

fn bookings<DB: Database>(idem: &Idem<DB>) -> booking::Repository<DB, Hotel> {
    Booking::stored(idem, Hotel)
}

/// Held, charged in part, the rest let go, a part of it passed on: all of one step, once for all repeats.
pub async fn step_with_hold_capture_and_release_moves_money_once<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("guest", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "guest", 100).await);
        let stay = Stay::new(&desk, "b");
        let hold = stay.reserve(80, false).await.into_inner();
        assert_eq!((desk.state("guest").await.held, desk.balance("reservations").await), (80, 1));
        assert!(stay.reserve(80, false).await.is_replay());
        for _ in 0..3 {
            stay.charge(50).await.expect("charged");
        }
        let guest = desk.state("guest").await;
        assert_eq!((guest.balance, guest.held, guest.version), (50, 0, 4));
        assert_eq!((desk.balance("hotel").await, desk.balance("agency").await), (45, 5));
        let entries = desk.ledger.account("guest").entries().after(2).await.expect("readable");
        let told: Vec<_> = entries.iter().map(|entry| (&*entry.kind, entry.delta, entry.hold.clone())).collect();
        assert_eq!(told, [("capture", -50, Some((hold.clone(), -50))), ("release", 0, Some((hold.clone(), -30)))]);
        let step = Some(("Booking".to_owned(), "b".to_owned(), 3));
        assert!(entries.iter().all(|entry| entry.step == step && entry.key.is_none()), "{entries:?}");
        desk.proven().await;
    }
}

/// What does not fit takes the other step: the money of the step not taken stays, also what came before in it.
pub async fn step_with_refused_hold_or_capture_takes_other_step<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("guest", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "guest", 100).await);
        let declined = Stay::new(&desk, "poor");
        assert_eq!(*declined.reserve(101, false).await, "declined");
        assert_eq!((desk.state("guest").await.held, desk.balance("reservations").await), (0, 0));
        let exceeded = Stay::new(&desk, "modest");
        exceeded.reserve(60, false).await;
        exceeded.charge(61).await.expect("declined");
        assert_eq!(exceeded.state().await, Booking::Declined);
        let state = desk.state("guest").await;
        assert_eq!((state.balance, state.held, desk.balance("hotel").await), (100, 60, 0));
        // Captured whole, nothing is left to release.
        let whole = Stay::new(&desk, "whole");
        whole.reserve(40, false).await;
        whole.charge(40).await.expect("charged");
        assert_eq!((whole.state().await, desk.balance("declined").await), (Booking::Charged { amount: 40 }, 2));
        desk.proven().await;
    }
}

/// A hold of a step is captured and released by the ledger, and a debit needs what an expired one reserved.
pub async fn hold_of_step_is_captured_and_released_by_ledger<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("guest", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "guest", 100).await);
        let stay = Stay::new(&desk, "b");
        let hold = stay.reserve(80, false).await.into_inner();
        let captured = fresh(desk.capture("l", &hold, "shop", 30).await);
        stay.charge(51).await.expect("declined: 50 are left");
        assert_eq!(stay.state().await, Booking::Declined);
        replayed(desk.capture("l", &hold, "shop", 30).await, &captured);
        unfit(desk.delta("m", "guest", -21).await);
        fresh(desk.release("n", &hold).await);
        fresh(desk.delta("m", "guest", -21).await);
        assert_eq!(fresh(desk.release("o", &hold).await).hold, Some((hold.clone(), 0)));
        Stay::new(&desk, "short").reserve(49, true).await;
        assert_eq!(desk.state("guest").await.available(), 0);
        let needed = Stay::new(&desk, "next");
        assert_ne!(*needed.reserve(40, false).await, "declined");
        assert_eq!((desk.state("guest").await.held, desk.state("guest").await.available()), (40, 9));
        desk.proven().await;
    }
}

/// A machine whose hold has expired and was let go still cancels, and what it charges is declined: it is never stuck.
pub async fn machine_with_expired_hold_cancels_or_declines<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        desk.open("guest", Bounds::at_least(0)).await.expect("opened");
        fresh(desk.delta("k", "guest", 100).await);
        let (cancelled, charged) = (Stay::new(&desk, "cancelled"), Stay::new(&desk, "charged"));
        cancelled.reserve(60, true).await;
        charged.reserve(40, true).await;
        fresh(desk.delta("l", "guest", -100).await);
        assert_eq!(desk.state("guest").await.held, 0, "let go where the money was needed");
        let version = desk.state("guest").await.version;
        for _ in 0..2 {
            cancelled.cancel().await.expect("nothing is left to give back");
        }
        let entries = desk.ledger.account("guest").entries().after(version).await.expect("readable");
        let told: Vec<_> = entries.iter().map(|entry| (&*entry.kind, entry.hold.as_ref().map(|hold| hold.1))).collect();
        assert_eq!((cancelled.state().await, told), (Booking::Cancelled, vec![("release", Some(0))]));
        for _ in 0..2 {
            charged.charge(1).await.expect("declined");
        }
        assert_eq!((charged.state().await, desk.balance("declined").await), (Booking::Declined, 1));
        // Also where the account was closed since, which takes no entry.
        let (late, later) = (Stay::new(&desk, "late"), Stay::new(&desk, "later"));
        fresh(desk.delta("m", "guest", 10).await);
        late.reserve(5, true).await;
        later.reserve(5, true).await;
        fresh(desk.delta("n", "guest", -10).await);
        desk.close("guest").await.expect("settled");
        late.cancel().await.expect("nothing is left to give back");
        later.charge(5).await.expect("declined");
        assert_eq!((late.state().await, later.state().await), (Booking::Cancelled, Booking::Declined));
        desk.proven().await;
    }
    let mut memory = Booking::in_memory(Hotel, booking::Open);
    memory.reserve(Natural, booking::Reserve { price: 60, expires: true }).expect("reserved");
    memory.charge(Natural, booking::Charge { amount: 1 }).expect("declined");
    assert_eq!(*memory.state(), Booking::Declined);
    let mut memory = Booking::in_memory(Hotel, booking::Open);
    memory.reserve(Natural, booking::Reserve { price: 60, expires: true }).expect("reserved");
    memory.cancel(Natural).expect("it has expired");
}

/// What no money would make right is an error, with the money there or not: never a decline that is remembered.
pub async fn step_with_ledger_error_takes_no_other_step<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        fresh(desk.delta("k", "guest", 100).await);
        let stay = Stay::new(&desk, "b");
        let reserved = stay.reserve(80, false).await;
        let unknown = stay.at.override_state(&key("put"), booking::Reserved { hold: "nothing".into() }, "a test");
        fresh(unknown.await);
        for amount in [1, 81] {
            assert!(matches!(unlawful(stay.charge(amount).await), LedgerError::UnknownHold { .. }));
        }
        let hold = reserved.into_inner();
        fresh(stay.at.override_state(&key("back"), booking::Reserved { hold }, "a test").await);
        desk.open("agency", AccountSettings::default().unit("USD")).await.expect("opened");
        for amount in [1, 81] {
            assert!(matches!(unlawful(stay.charge(amount).await), LedgerError::OtherUnit { .. }));
        }
        desk.open("hotel", Bounds::default()).await.expect("opened");
        desk.close("hotel").await.expect("closed");
        for amount in [1, 81] {
            assert!(matches!(unlawful(stay.charge(amount).await), LedgerError::Closed { .. }));
        }
        assert!(matches!(stay.state().await, Booking::Reserved { .. }));
        assert_eq!(desk.balance("declined").await, 0);
        desk.proven().await;
    }
    let mut memory = Booking::in_memory(Hotel, booking::Open);
    memory.override_state(booking::Reserved { hold: "nothing".into() }, false);
    unlawful(memory.charge(Natural, booking::Charge { amount: 1 }));
    assert!(matches!(memory.state(), Booking::Reserved { .. }));
}

/// Commands and changes of one account at once: every one has its effect, and the entries follow one another.
pub async fn concurrent_commands_and_changes_share_one_account<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let [own, _] = &Desk::each(&stored).await[..] else { panic!("two desks") };
    own.open("guest", Bounds::at_least(0)).await.expect("opened");
    fresh(own.delta("k", "guest", 10_000).await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24 {
        let idem = own.idem.clone();
        tasks.spawn(async move {
            let stay = bookings(&idem).at(format!("b{number}"));
            fresh(stay.reserve(Natural, booking::Reserve { price: 20, expires: false }).await);
            fresh(idem.ledger().account("guest").apply_delta(&key(&format!("d{number}")), -1).await);
            fresh(stay.charge(Natural, booking::Charge { amount: 10 }).await);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    let guest = own.state("guest").await;
    assert_eq!((guest.balance, guest.held, guest.version), (10_000 - 24 * 11, 0, 1 + 24 * 4));
    assert_eq!((own.balance("hotel").await, own.balance("agency").await), (24 * 9, 24));
    own.proven().await;
}

/// A vault that is filled by several changes of one account in one step.
#[idempotent_fsm]
#[command(Fill { deltas: Vec<i64> })]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Vault {
    #[initial]
    #[on(Fill => Full)]
    Empty,

    #[terminal]
    Full,
}

/// The rules of a vault.
#[derive(Debug, Clone, Copy)]
struct Bank;

impl vault::Transitions for Bank {
    type Rejection = Never;

    fn fill(&self, _: vault::Empty, fill: &vault::Fill, _: &Context) -> Result<Step<vault::Full>, Never> {
        Ok(fill.deltas.iter().fold(Step::to(vault::Full), |step, delta| step.delta("gold", *delta)))
    }
}

/// The changes of one step that leave 64 bits in their sum: nothing of the step happens, also where the balance would fit.
pub async fn step_with_changes_beyond_64_bits_in_sum_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let gold = stored.idem.ledger().account("gold");
    fresh(gold.apply_delta(&key("first"), -5).await);
    let vault = Vault::stored(&stored.idem, Bank).at("v");
    let fill = |deltas: &[i64]| vault::Fill { deltas: deltas.to_vec() };
    assert_eq!(unfit(vault.fill(&key("k"), fill(&[i64::MAX, 3])).await).delta, 3);
    let balance = async || gold.get().await.expect("readable").expect("open").balance;
    assert_eq!(balance().await, -5);
    assert!(vault.get().await.expect("readable").is_none());
    fresh(vault.fill(&key("k"), fill(&[i64::MAX, -3, 1])).await);
    assert_eq!(balance().await, i64::MAX - 7);
    assert!(stored.idem.ledger().audit().await.expect("readable").is_sound());
}
