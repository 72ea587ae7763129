//! Accounts: how they open, what they count, and how they close.

use idem_core::ErrorKind;
use idem_core::error::LedgerError;
use idem_core::ledger::{AccountSettings, Bounds};

use super::{Desk, unfit, unlawful};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// What nobody opened opens itself, unbounded and without a unit; a refused change opens nothing.
pub async fn account_opens_unbounded_at_first_change<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        assert_eq!(desk.ledger.account("wallet").get().await.expect("readable"), None);
        fresh(desk.delta("k", "wallet", -500).await);
        let state = desk.state("wallet").await;
        assert_eq!((state.balance, state.held, state.available(), state.version), (-500, 0, -500, 1));
        assert_eq!((state.bounds, state.unit, state.tally, state.closed_at), (Bounds::none(), None, false, None));
        desk.proven().await;
    }
}

/// A repeat finds it open; other bounds are refused, and bounds that the balance does not fit.
pub async fn account_opened_again_with_other_bounds_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let bounds = Bounds::between(0, 10);
        for _ in 0..2 {
            desk.open("wallet", bounds).await.expect("opened, or open");
        }
        assert_eq!((desk.state("wallet").await.bounds, desk.state("wallet").await.version), (bounds, 0));
        for other in [Bounds::at_least(0), Bounds::at_most(10), Bounds::none(), Bounds::between(-1, 10)] {
            let error = unlawful(desk.open("wallet", other).await);
            assert!(matches!(&error, LedgerError::OpenedOtherwise { what: "bounds", .. }), "{error:?}");
        }
        assert_eq!(desk.state("wallet").await.bounds, bounds);
        fresh(desk.delta("k", "used", 11).await);
        assert_eq!(unfit(desk.open("used", bounds).await).balance, 11);
        unfit(desk.open("used", Bounds::at_least(12)).await);
        desk.open("used", Bounds::at_least(11)).await.expect("bounds that fit come later");
        unfit(desk.delta("l", "used", -1).await);
        unfit(desk.open("new", Bounds::at_least(1)).await);
        desk.proven().await;
    }
}

/// A unit, and being a tally, is for an account without entries.
pub async fn account_with_entries_refuses_unit_and_tally<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let euros = || AccountSettings::from(Bounds::at_least(0)).unit("EUR");
        for _ in 0..2 {
            desk.open("wallet", euros()).await.expect("opened, or open");
        }
        assert_eq!(desk.state("wallet").await.unit.as_deref(), Some("EUR"));
        let other = AccountSettings::from(Bounds::at_least(0)).unit("USD");
        assert!(matches!(
            unlawful(desk.open("wallet", other).await),
            LedgerError::OpenedOtherwise { what: "unit", .. }
        ));
        unlawful(desk.open("wallet", Bounds::at_least(0)).await);
        fresh(desk.delta("k", "used", 1).await);
        for late in [euros(), AccountSettings::tally()] {
            assert!(matches!(unlawful(desk.open("used", late).await), LedgerError::HasEntries { .. }));
        }
        desk.open("revenue", AccountSettings::tally().unit("EUR")).await.expect("opened");
        desk.open("revenue", AccountSettings::tally().unit("EUR")).await.expect("open");
        unlawful(desk.open("revenue", AccountSettings::tally()).await);
        unlawful(desk.open("revenue", euros()).await);
        assert!(desk.state("revenue").await.tally);
        refused(desk.open("odd", AccountSettings::default().unit("")).await, ErrorKind::Key);
        refused(desk.open("odd", AccountSettings::default().unit("E\u{0}R")).await, ErrorKind::Key);
        desk.proven().await;
    }
}

/// With a balance of 0 and nothing held: it keeps its entries, answers repeats, and takes nothing more.
pub async fn closed_account_refuses_changes_and_answers_repeats<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        let first = fresh(desk.delta("k", "wallet", 5).await);
        let error = unlawful(desk.close("wallet").await);
        assert_eq!(error, LedgerError::NotSettled { account: "wallet".to_owned(), balance: 5, held: 0 });
        fresh(desk.delta("l", "wallet", -5).await);
        let hold = fresh(desk.hold("m", "wallet", 3).await).id.clone();
        assert!(matches!(unlawful(desk.close("wallet").await), LedgerError::NotSettled { held: 3, .. }));
        fresh(desk.release("n", &hold).await);
        for _ in 0..2 {
            desk.close("wallet").await.expect("closed, or found closed");
        }
        let closed_at = desk.state("wallet").await.closed_at;
        assert!(closed_at.is_some_and(|at| at >= first.at()), "{closed_at:?}");
        let rows = desk.rows().await;
        assert!(matches!(unlawful(desk.delta("o", "wallet", 0).await), LedgerError::Closed { .. }));
        unlawful(desk.transfer("o", "cash", "wallet", 5).await);
        unlawful(desk.hold("o", "wallet", 0).await);
        unlawful(desk.open("wallet", Bounds::at_least(0)).await);
        replayed(desk.delta("k", "wallet", 5).await, &first);
        assert_eq!((desk.rows().await, desk.balance("cash").await), (rows, 0));
        assert_eq!(desk.ledger.account("wallet").entries().await.expect("readable").len(), 4);
        fresh(desk.delta("o", "cash", 1).await);
        desk.proven().await;
    }
}

/// The database's clock was set back since its newest entry: the books are sound all the same.
pub async fn account_closed_after_clock_set_back_passes_audit<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let account = stored.idem.ledger().account("a");
    fresh(account.apply_delta(&key("k"), 0).await);
    for table in ["idem_accounts", "idem_entries"] {
        stored.execute(&format!("UPDATE {table} SET at = at + 3600000000")).await;
    }
    account.close().await.expect("closed");
    let report = stored.idem.ledger().audit().await.expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
}

/// Two units are never moved into one another; within a posting each unit balances on its own.
pub async fn transfer_between_units_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for desk in Desk::each(&stored).await {
        for (account, unit) in [("eur", "EUR"), ("eur bank", "EUR"), ("usd", "USD"), ("usd bank", "USD")] {
            desk.open(account, AccountSettings::default().unit(unit)).await.expect("opened");
        }
        let rows = desk.rows().await;
        for (from, to) in [("eur", "usd"), ("eur", "plain"), ("plain", "usd")] {
            let error = unlawful(desk.transfer("k", from, to, 5).await);
            assert!(matches!(&error, LedgerError::OtherUnit { .. }), "{error:?}");
        }
        let error = unlawful(desk.post("k", &[("eur", -5), ("usd", 5)]).await);
        assert!(matches!(error, LedgerError::Unbalanced { .. }));
        unlawful(desk.post("k", &[("eur", -5), ("usd", 5), ("plain", 0)]).await);
        let hold = fresh(desk.hold("h", "eur", 7).await).id.clone();
        assert!(matches!(unlawful(desk.capture("k", &hold, "usd", 7).await), LedgerError::OtherUnit { .. }));
        assert_eq!(desk.rows().await, rows + 3, "the hold, its entry and its account");
        fresh(desk.transfer("k", "eur", "eur bank", 5).await);
        fresh(desk.post("l", &[("eur", -10), ("eur bank", 10), ("usd bank", -11), ("usd", 11)]).await);
        fresh(desk.capture("m", &hold, "eur bank", 7).await);
        assert_eq!((desk.balance("eur").await, desk.balance("usd").await), (-22, 11));
        desk.proven().await;
    }
}
