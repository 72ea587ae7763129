//! The explorer on a machine whose steps hold, capture and release: what every case begins with, and time.

#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::time::Duration;

use idem_core::testing::{Explorer, Report, Samples, Script};
use idem_core::{Context, Database, Idem, Never, Step, Timestamp, idempotent_fsm};
use serde::{Deserialize, Serialize};
use tests::conformance::machines::{Booking, Hotel, booking};
use tests::{Postgres, Sqlite};

fn samples() -> Samples<Booking> {
    Samples::new()
        .state(booking::Reserved { hold: "sample".to_owned() })
        .state(booking::Charged { amount: 50 })
        .command(booking::Reserve { price: 60, expires: false })
        .command(booking::Reserve { price: 60, expires: true })
        .command(booking::Reserve { price: 101, expires: false })
        .command(booking::Charge { amount: 50 })
        .command(booking::Charge { amount: 61 })
        .outcome(booking::CommandKind::Reserve, &"h")
}

/// A guest with 160, of which the hold of the sample reserves 60.
fn explorer(samples: &Samples<Booking>) -> Explorer<'_, Booking> {
    Explorer::new(samples).deposit("guest", 160).bounds("guest", Some(0), None).hold("guest", "sample", 60)
}

fn whole(report: &Report) {
    println!("{report}");
    report.assert_complete();
    assert_eq!(report.reached, ["Open", "Reserved", "Charged", "Cancelled", "Declined"]);
    assert_eq!(report.untaken, [], "{report}");
}

#[test]
fn explorer_of_holds_in_memory_takes_every_edge() {
    let samples = samples();
    whole(&explorer(&samples).in_memory(|| Booking::in_memory(Hotel, booking::Open)));
}

/// Twice on one database: no exploration leaves anything to the next.
async fn stored<DB: Database>(idem: &Idem<DB>) {
    let samples = samples();
    for _ in 0..2 {
        whole(&explorer(&samples).stored(&Booking::stored(idem, Hotel)).await);
    }
    let ledger = idem.ledger();
    assert!(ledger.account("guest").get().await.expect("a read").is_none(), "the cases have accounts of their own");
    assert!(ledger.account("hotel").get().await.expect("a read").is_some(), "the others are the database's");
    assert!(ledger.audit().await.expect("an audit").is_sound());
}

#[tokio::test(flavor = "multi_thread")]
async fn explorer_of_holds_on_sqlite_takes_every_edge() {
    let file = Sqlite::fresh();
    stored(&Idem::<sqlx::Sqlite>::open(&file.url()).await.expect("a database")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn explorer_of_holds_on_postgres_takes_every_edge() {
    let Some(database) = Postgres::fresh().await else { return };
    stored(&Idem::<sqlx::Postgres>::open(&database.url().to_string()).await.expect("a database")).await;
}

#[test]
fn explorer_report_names_hold_that_was_not_opened() {
    let samples = samples();
    let report = Explorer::new(&samples).in_memory(|| Booking::in_memory(Hotel, booking::Open));
    let shown = report.to_string();
    assert!(shown.contains("no hold \"sample\" was opened before") && shown.contains("`Explorer::hold`"), "{shown}");
}

#[test]
fn explorer_report_separates_tried_and_untried_edges() {
    let samples = Samples::<Booking>::new().command(booking::Reserve { price: 60, expires: false });
    let report = Explorer::new(&samples).in_memory(|| Booking::in_memory(Hotel, booking::Open));
    let shown = report.to_string();
    let told = |from: &str, command: &str, to: &str| {
        let edge = report.untaken.iter().find(|edge| (edge.from, edge.command, edge.to) == (from, command, to));
        edge.unwrap_or_else(|| panic!("{from} {command} {to} is not told: {report}"))
    };
    assert!(told("Open", "Reserve", "Declined").tried > 1, "{report}");
    assert_eq!(told("Reserved", "Charge", "Charged").tried, 0, "{report}");
    for line in [
        "times: `Reserve` from `Open` never led to `Declined`",
        "not tried: `Charge` from `Reserved` to `Charged`: no sample of command `Charge`",
        "  NOT REACHED: Charged",
    ] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    assert!(!report.untaken.iter().any(|edge| edge.to == "Reserved" || edge.to == "Cancelled"), "{report}");
}

/// A ticket that is good until noon.
#[idempotent_fsm]
#[command(Enter)]
#[command(Expire)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Ticket {
    #[initial]
    #[on(Enter => Used | Late)]
    #[on(Expire => Gone)]
    Sold,
    #[terminal]
    Used,
    #[terminal]
    Late,
    #[terminal]
    Gone,
}

const NOON: Timestamp = Timestamp::from_micros(4_102_488_000_000_000);
const HOUR: Duration = Duration::from_hours(1);

#[derive(Debug, thiserror::Error)]
#[error("it is good until noon")]
struct StillGood;

struct Museum;

impl ticket::Transitions for Museum {
    type Rejection = StillGood;

    fn enter(&self, _: ticket::Sold, _: &ticket::Enter, cx: &Context) -> Result<Step<ticket::EnterTo>, StillGood> {
        Ok(if cx.now() < NOON { Step::to(ticket::Used) } else { Step::to(ticket::Late) })
    }

    fn expire(&self, _: ticket::Sold, _: &ticket::Expire, cx: &Context) -> Result<Step<ticket::Gone>, StillGood> {
        if cx.now() < NOON { Err(StillGood) } else { Ok(Step::to(ticket::Gone)) }
    }
}

fn ticket() -> ticket::InMemory<Museum> {
    Ticket::in_memory(Museum, ticket::Sold)
}

#[test]
fn explorer_with_advanced_clock_reaches_states_that_need_time() {
    let samples = Samples::<Ticket>::new();
    let morning = NOON.as_micros() - 1;
    let explorer = || Explorer::new(&samples).clock(Timestamp::from_micros(morning));
    let still = explorer().in_memory(ticket);
    still.assert_complete();
    assert_eq!((&still.reached[..], &still.overridden[..]), (&["Sold", "Used"][..], &["Late", "Gone"][..]));
    assert!(still.to_string().contains("times: `Expire` from `Sold` never led to `Gone`"), "{still}");

    let moved = explorer().advance(Duration::from_micros(1)).in_memory(ticket);
    moved.assert_complete();
    assert_eq!(moved.reached, ["Sold", "Used", "Late", "Gone"]);
    assert_eq!((&moved.untaken[..], &moved.skipped[..]), (&[][..], &[][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn explorer_on_database_reports_clock_as_not_advanced() {
    let file = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&file.url()).await.expect("a database");
    let (samples, tickets) = (Samples::<Ticket>::new(), Ticket::stored(&idem, Museum));
    let explorer = Explorer::new(&samples).advance(HOUR);
    let report = explorer.stored(&tickets).await;
    report.assert_complete();
    assert!(report.to_string().contains("NOT TRIED: what changes with time"), "{report}");
    let script: Script = "start Sold\nadvance 3600s\ncall k Enter".parse().expect("a script");
    let replayed = explorer.replay(&tickets, &script).await;
    assert!(replayed.to_string().contains("the clock of a database is not set by a script"), "{replayed}");
    let replayed = explorer.replay_in_memory(ticket, &script);
    replayed.assert_complete();
}

/// The rule would say `Late` by then.
#[test]
fn repeat_after_advanced_clock_returns_original_outcome() {
    let samples = Samples::<Ticket>::new();
    let script: Script =
        "start Sold\ncall k Enter\nadvance 3600s\ncall k Enter\ncall - Enter".parse().expect("a script");
    let explorer = Explorer::new(&samples).clock(Timestamp::from_micros(NOON.as_micros() - 1));
    let report = explorer.replay_in_memory(ticket, &script);
    report.assert_complete();
    assert_eq!((report.rows[&'a'], report.rows[&'c'], report.rows[&'d']), (1, 1, 1), "{report}");
}

/// A locker whose hold has the name that the guest gives it, in every case the same.
#[idempotent_fsm(endless)]
#[command(Rent { name: String })]
#[command(GiveBack)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Locker {
    #[initial]
    #[on(Rent => Rented)]
    Free,
    #[on(GiveBack => Free)]
    Rented { hold: String },
}

struct Station;

impl locker::Transitions for Station {
    type Rejection = Never;

    fn rent(&self, _: locker::Free, rent: &locker::Rent, cx: &Context) -> Result<Step<locker::Rented>, Never> {
        let hold = format!("{} {}", rent.name, cx.seq());
        Ok(Step::to(locker::Rented { hold: hold.clone() }).hold("guest", hold, 2))
    }

    fn give_back(&self, from: locker::Rented, _: &locker::GiveBack, _: &Context) -> Result<Step<locker::Free>, Never> {
        Ok(Step::to(locker::Free).release(from.hold))
    }
}

/// A name of a hold is never free again, so it can be each case's only if it is renamed. `guest` is the database's account here.
#[tokio::test(flavor = "multi_thread")]
async fn explorer_gives_each_case_its_own_hold_name() {
    let file = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&file.url()).await.expect("a database");
    let samples = Samples::<Locker>::new()
        .state(locker::Rented { hold: "sample".to_owned() })
        .command(locker::Rent { name: "suitcase".to_owned() });
    let report = Explorer::new(&samples).hold("other", "sample", 2).stored(&Locker::stored(&idem, Station)).await;
    report.assert_complete();
    assert_eq!(report.untaken, [], "{report}");
}

#[test]
fn explorer_report_names_deposit_out_of_bounds() {
    let samples = samples();
    let report =
        explorer(&samples).bounds("guest", Some(1_000), None).in_memory(|| Booking::in_memory(Hotel, booking::Open));
    let shown = report.to_string();
    assert!(shown.contains("the accounts that every case begins with") && shown.contains("1000"), "{shown}");
}
