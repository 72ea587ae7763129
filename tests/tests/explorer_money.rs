//! The explorer on a machine whose steps hold, capture and release: what every case begins with, and time.

#![allow(clippy::expect_used, reason = "a panic is how a test fails")]

use std::time::Duration;

use idem_core::testing::{Explorer, Report, Samples, Script};
use idem_core::{Context, Database, Idem, Never, Step, Timestamp, idempotent_fsm};
use serde::{Deserialize, Serialize};
use tests::conformance::machines::{Payment, Shop, payment};
use tests::{Postgres, Sqlite};

fn samples() -> Samples<Payment> {
    Samples::new()
        .state(payment::Authorized { hold: "sample".to_owned() })
        .state(payment::Captured { amount: 50 })
        .command(payment::Authorize { price: 60, expires: false })
        .command(payment::Authorize { price: 60, expires: true })
        .command(payment::Authorize { price: 101, expires: false })
        .command(payment::Capture { amount: 50 })
        .command(payment::Capture { amount: 61 })
        .outcome(payment::CommandKind::Authorize, &"h")
}

/// A customer with 160, of which the hold of the sample reserves 60.
fn explorer(samples: &Samples<Payment>) -> Explorer<'_, Payment> {
    Explorer::new(samples).deposit("customer", 160).bounds("customer", Some(0), None).hold("customer", "sample", 60)
}

fn whole(report: &Report) {
    println!("{report}");
    report.assert_complete();
    assert_eq!(report.reached, ["Open", "Authorized", "Captured", "Cancelled", "Declined"]);
    assert_eq!(report.untaken, [], "{report}");
}

#[test]
fn explorer_of_holds_in_memory_takes_every_edge() {
    let samples = samples();
    whole(&explorer(&samples).in_memory(|| Payment::in_memory(Shop, payment::Open)));
}

/// Twice on one database: no exploration leaves anything to the next.
async fn stored<DB: Database>(idem: &Idem<DB>) {
    let samples = samples();
    for _ in 0..2 {
        whole(&explorer(&samples).stored(&Payment::stored(idem, Shop)).await);
    }
    let ledger = idem.ledger();
    assert!(ledger.account("customer").get().await.expect("a read").is_none(), "the cases have accounts of their own");
    assert!(ledger.account("sales").get().await.expect("a read").is_some(), "the others are the database's");
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
    let report = Explorer::new(&samples).in_memory(|| Payment::in_memory(Shop, payment::Open));
    let shown = report.to_string();
    assert!(shown.contains("no hold \"sample\" was opened before") && shown.contains("`Explorer::hold`"), "{shown}");
}

#[test]
fn explorer_report_separates_tried_and_untried_edges() {
    let samples = Samples::<Payment>::new().command(payment::Authorize { price: 60, expires: false });
    let report = Explorer::new(&samples).in_memory(|| Payment::in_memory(Shop, payment::Open));
    let shown = report.to_string();
    let told = |from: &str, command: &str, to: &str| {
        let edge = report.untaken.iter().find(|edge| (edge.from, edge.command, edge.to) == (from, command, to));
        edge.unwrap_or_else(|| panic!("{from} {command} {to} is not told: {report}"))
    };
    assert!(told("Open", "Authorize", "Declined").tried > 1, "{report}");
    assert_eq!(told("Authorized", "Capture", "Captured").tried, 0, "{report}");
    for line in [
        "times: `Authorize` from `Open` never led to `Declined`",
        "not tried: `Capture` from `Authorized` to `Captured`: no sample of command `Capture`",
        "  NOT REACHED: Captured",
    ] {
        assert!(shown.contains(line), "{line:?} is not in {shown}");
    }
    assert!(!report.untaken.iter().any(|edge| edge.to == "Authorized" || edge.to == "Cancelled"), "{report}");
}

/// A voucher that is good until noon.
#[idempotent_fsm]
#[command(Redeem)]
#[command(Expire)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Voucher {
    #[initial]
    #[on(Redeem => Redeemed | Late)]
    #[on(Expire => Expired)]
    Sold,
    #[terminal]
    Redeemed,
    #[terminal]
    Late,
    #[terminal]
    Expired,
}

const NOON: Timestamp = Timestamp::from_micros(4_102_488_000_000_000);
const HOUR: Duration = Duration::from_hours(1);

#[derive(Debug, thiserror::Error)]
#[error("it is good until noon")]
struct StillGood;

impl voucher::Transitions for Shop {
    type Rejection = StillGood;

    fn redeem(
        &self,
        _: voucher::Sold,
        _: &voucher::Redeem,
        cx: &Context,
    ) -> Result<Step<voucher::RedeemTo>, StillGood> {
        Ok(if cx.now() < NOON { Step::to(voucher::Redeemed) } else { Step::to(voucher::Late) })
    }

    fn expire(&self, _: voucher::Sold, _: &voucher::Expire, cx: &Context) -> Result<Step<voucher::Expired>, StillGood> {
        if cx.now() < NOON { Err(StillGood) } else { Ok(Step::to(voucher::Expired)) }
    }
}

fn voucher() -> voucher::InMemory<Shop> {
    Voucher::in_memory(Shop, voucher::Sold)
}

#[test]
fn explorer_with_advanced_clock_reaches_states_that_need_time() {
    let samples = Samples::<Voucher>::new();
    let morning = NOON.as_micros() - 1;
    let explorer = || Explorer::new(&samples).clock(Timestamp::from_micros(morning));
    let still = explorer().in_memory(voucher);
    still.assert_complete();
    assert_eq!((&still.reached[..], &still.overridden[..]), (&["Sold", "Redeemed"][..], &["Late", "Expired"][..]));
    assert!(still.to_string().contains("times: `Expire` from `Sold` never led to `Expired`"), "{still}");

    let moved = explorer().advance(Duration::from_micros(1)).in_memory(voucher);
    moved.assert_complete();
    assert_eq!(moved.reached, ["Sold", "Redeemed", "Late", "Expired"]);
    assert_eq!((&moved.untaken[..], &moved.skipped[..]), (&[][..], &[][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn explorer_on_database_reports_clock_as_not_advanced() {
    let file = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&file.url()).await.expect("a database");
    let (samples, vouchers) = (Samples::<Voucher>::new(), Voucher::stored(&idem, Shop));
    let explorer = Explorer::new(&samples).advance(HOUR);
    let report = explorer.stored(&vouchers).await;
    report.assert_complete();
    assert!(report.to_string().contains("NOT TRIED: what changes with time"), "{report}");
    let script: Script = "start Sold\nadvance 3600s\ncall k Redeem".parse().expect("a script");
    let replayed = explorer.replay(&vouchers, &script).await;
    assert!(replayed.to_string().contains("the clock of a database is not set by a script"), "{replayed}");
    let replayed = explorer.replay_in_memory(voucher, &script);
    replayed.assert_complete();
}

/// The rule would say `Late` by then.
#[test]
fn repeat_after_advanced_clock_returns_original_outcome() {
    let samples = Samples::<Voucher>::new();
    let script: Script =
        "start Sold\ncall k Redeem\nadvance 3600s\ncall k Redeem\ncall - Redeem".parse().expect("a script");
    let explorer = Explorer::new(&samples).clock(Timestamp::from_micros(NOON.as_micros() - 1));
    let report = explorer.replay_in_memory(voucher, &script);
    report.assert_complete();
    assert_eq!((report.rows[&'a'], report.rows[&'c'], report.rows[&'d']), (1, 1, 1), "{report}");
}

/// A wallet whose hold has the name that the customer gives it, in every case the same.
#[idempotent_fsm(endless)]
#[command(Reserve { name: String })]
#[command(Release)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Wallet {
    #[initial]
    #[on(Reserve => Reserved)]
    Free,
    #[on(Release => Free)]
    Reserved { hold: String },
}

impl wallet::Transitions for Shop {
    type Rejection = Never;

    fn reserve(
        &self,
        _: wallet::Free,
        reserve: &wallet::Reserve,
        cx: &Context,
    ) -> Result<Step<wallet::Reserved>, Never> {
        let hold = format!("{} {}", reserve.name, cx.seq());
        Ok(Step::to(wallet::Reserved { hold: hold.clone() }).hold("customer", hold, 2))
    }

    fn release(&self, from: wallet::Reserved, _: &wallet::Release, _: &Context) -> Result<Step<wallet::Free>, Never> {
        Ok(Step::to(wallet::Free).release(from.hold))
    }
}

/// A name of a hold is never free again, so it can be each case's only if it is renamed. `customer` is the database's account here.
#[tokio::test(flavor = "multi_thread")]
async fn explorer_gives_each_case_its_own_hold_name() {
    let file = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&file.url()).await.expect("a database");
    let samples = Samples::<Wallet>::new()
        .state(wallet::Reserved { hold: "sample".to_owned() })
        .command(wallet::Reserve { name: "order 7".to_owned() });
    let report = Explorer::new(&samples).hold("other", "sample", 2).stored(&Wallet::stored(&idem, Shop)).await;
    report.assert_complete();
    assert_eq!(report.untaken, [], "{report}");
}

#[test]
fn explorer_report_names_deposit_out_of_bounds() {
    let samples = samples();
    let report =
        explorer(&samples).bounds("customer", Some(1_000), None).in_memory(|| Payment::in_memory(Shop, payment::Open));
    let shown = report.to_string();
    assert!(shown.contains("the accounts that every case begins with") && shown.contains("1000"), "{shown}");
}
