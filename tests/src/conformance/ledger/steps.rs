//! Money of a machine's steps beside money of the ledger's own calls.

use idem_core::error::LedgerError;
use idem_core::ledger::Bounds;
use idem_core::{Database, Error, Idem, Natural, Outcome};

use super::{Desk, Way, unfit, unlawful};
use crate::conformance::machines::{Booking, Hotel, booking};
use crate::conformance::{Stored, Subject, fresh, key, replayed};

/// A booking on a desk, commanded in the desk's way.
struct Stay<'d, 's, S: Subject> {
    desk: &'d Desk<'s, S>,
    at: booking::At<S::DB, Hotel>,
}

impl<'d, 's, S: Subject> Stay<'d, 's, S> {
    fn new(desk: &'d Desk<'s, S>, id: &str) -> Self {
        Self { desk, at: bookings(&desk.idem).at(id) }
    }

    async fn reserve(&self, price: i64, expires: bool) -> Outcome<String> {
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

    async fn charge(&self, amount: i64) -> Result<Outcome<()>, Error> {
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

    async fn state(&self) -> Booking {
        self.at.get().await.expect("readable").expect("started").state().clone()
    }
}

fn bookings<DB: Database>(idem: &Idem<DB>) -> booking::Machines<DB, Hotel> {
    Booking::stored(idem, Hotel)
}

/// Held, charged in part, the rest let go, a part of it passed on: all of one step, once for all repeats.
pub async fn hold_capture_and_release<S: Subject>(on: &S) {
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
pub async fn a_refused_step_takes_the_other<S: Subject>(on: &S) {
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
        whole.charge(40).await.expect("declined");
        assert_eq!((whole.state().await, desk.balance("declined").await), (Booking::Declined, 3));
        desk.proven().await;
    }
}

/// A hold of a step is captured and released by the ledger, and a debit needs what an expired one reserved.
pub async fn the_ledger_goes_on_where_a_step_ended<S: Subject>(on: &S) {
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
        assert!(matches!(unlawful(desk.release("o", &hold).await), LedgerError::HoldSpent { .. }));
        Stay::new(&desk, "short").reserve(49, true).await;
        assert_eq!(desk.state("guest").await.available(), 0);
        let needed = Stay::new(&desk, "next");
        assert_ne!(*needed.reserve(40, false).await, "declined");
        assert_eq!((desk.state("guest").await.held, desk.state("guest").await.available()), (40, 9));
        desk.proven().await;
    }
}

/// Commands and changes of one account at once: every one has its effect, and the entries follow one another.
pub async fn commands_and_changes_share_an_account<S: Subject>(on: &S) {
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
