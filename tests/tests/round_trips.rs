//! Statements per call, pinned: on PostgreSQL each is a round trip, on SQLite a message to the connection's thread.
//!
//! sqlx tells each statement it runs as an event; a test binary of its own, because the events are counted for the whole
//! process.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::exhaustive_enums,
    reason = "a test says what it relies on, and has no users"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idem_core::ledger::{AccountSettings, Bounds, Delta};
use idem_core::update::{ConditionalUpdate, Upsert};
use idem_core::{Context, Database, Idem, Key, Natural, Step, idempotent_fsm};
use serde::{Deserialize, Serialize};
use tests::{Postgres, Sqlite, postgres};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[idempotent_fsm]
#[command(Pay { amount: i64, moved: bool } -> i64)]
#[command(Close)]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Invoice {
    #[initial]
    #[on(Pay => Paid)]
    Open { total: i64 },
    #[on(Close => Closed)]
    Paid { amount: i64 },
    #[terminal]
    Closed,
}

struct Shop;

impl invoice::Transitions for Shop {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: invoice::Open,
        pay: &invoice::Pay,
        _: &Context,
    ) -> Result<Step<invoice::Paid, i64>, Self::Rejection> {
        let step = Step::to(invoice::Paid { amount: pay.amount });
        Ok(if pay.moved { step.transfer("customers", "sales", pay.amount) } else { step }.outcome(pay.amount))
    }
}

const NOTES: &str = "CREATE TABLE notes (id bigint PRIMARY KEY, note text, due timestamp, version bigint)";

/// Counts the statements that sqlx runs.
struct Counter;

static STATEMENTS: AtomicU64 = AtomicU64::new(0);

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        STATEMENTS.fetch_add(1, Ordering::SeqCst);
    }
}

async fn statements<T>(work: impl IntoFuture<Output = T>) -> (u64, T) {
    let before = STATEMENTS.load(Ordering::SeqCst);
    let value = work.await;
    (STATEMENTS.load(Ordering::SeqCst) - before, value)
}

/// What each call costs: without a transaction, the first call of a handle apart, which compares the graph.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    start: u64,
    fresh: u64,
    fresh_with_money: u64,
    replay: u64,
    natural_replay: u64,
    reused: u64,
    within: u64,
}

async fn cost<DB: Database>(idem: &Idem<DB>) -> Cost {
    let invoices = Invoice::stored(idem, Shop);
    let key = |name: &str| Key::new("shop", name).expect("a key");
    let pay = |moved| invoice::Pay { amount: 5, moved };
    let started = |id: &'static str| {
        let invoice = invoices.at(id);
        async move { invoice.start(Natural, invoice::Open { total: 5 }).await.map(|_| ()) }
    };
    started("first").await.expect("starts");
    let (start, _) = statements(started("one")).await;
    let (fresh, paid) = statements(invoices.at("one").pay(&key("one"), pay(false))).await;
    assert!(paid.expect("pays").is_fresh());
    started("two").await.expect("starts");
    let (fresh_with_money, paid) = statements(invoices.at("two").pay(&key("two"), pay(true))).await;
    assert!(paid.expect("pays").is_fresh());
    let (replay, again) = statements(invoices.at("one").pay(&key("one"), pay(false))).await;
    assert!(again.expect("replays").is_replay());
    let (natural_replay, again) = statements(invoices.at("one").pay(Natural, pay(false))).await;
    assert!(again.expect("replays").is_replay());
    let (reused, other) = statements(invoices.at("one").pay(&key("one"), pay(true))).await;
    other.expect_err("another request");
    let mut tx = idem.begin().await.expect("begins");
    let (within, closed) = statements(invoices.at("one").within(&mut tx).close(&key("three"))).await;
    assert!(closed.expect("closes").is_fresh());
    tx.commit().await.expect("commits");
    Cost { start, fresh, fresh_with_money, replay, natural_replay, reused, within }
}

/// What an update of a caller's table costs, the first of a table apart, which describes it.
#[derive(Debug, PartialEq, Eq)]
struct UpdateCost {
    first: u64,
    update: u64,
    keyed: u64,
    upsert: u64,
    stale: u64,
    replay: u64,
    within: u64,
    keyed_within: u64,
    unsure_within: u64,
}

async fn update_cost<DB: Database>(idem: &Idem<DB>) -> UpdateCost {
    let key = |name: &str| Key::new("shop", name).expect("a key");
    let edit = |version| ConditionalUpdate::table("notes").key("id", 1).set("note", "x").expect_version(version);
    let upsert = || Upsert::table("notes").key("id", 1).set("note", "y");
    let (first, made) = statements(upsert().execute(idem)).await;
    made.expect("makes the row");
    let (update, made) = statements(edit(1).execute(idem)).await;
    made.expect("updates");
    let (keyed, made) = statements(edit(2).once(&key("u")).execute(idem)).await;
    made.expect("updates");
    let (upserted, made) = statements(upsert().once(&key("v")).execute(idem)).await;
    assert_eq!(*made.expect("overwrites"), 4);
    let (stale, refused) = statements(edit(3).execute(idem)).await;
    refused.expect_err("it is at version 4");
    let (replay, again) = statements(edit(2).once(&key("u")).execute(idem)).await;
    assert!(again.expect("replays").is_replay());
    let mut tx = idem.begin().await.expect("begins");
    let (within, made) = statements(edit(4).execute(&mut tx)).await;
    made.expect("updates");
    let (keyed_within, made) = statements(edit(5).once(&key("w")).execute(&mut tx)).await;
    made.expect("updates");
    // Of a type with a form of its own: the database may refuse the value, which must not end the transaction.
    let due = ConditionalUpdate::table("notes").key("id", 1).set("due", "2026-11-22 10:00").expect_version(6);
    let (unsure_within, made) = statements(due.execute(&mut tx)).await;
    made.expect("updates");
    tx.commit().await.expect("commits");
    UpdateCost { first, update, keyed, upsert: upserted, stale, replay, within, keyed_within, unsure_within }
}

/// What a change of the ledger costs.
#[derive(Debug, PartialEq, Eq)]
struct LedgerCost {
    delta: u64,
    repeated: u64,
    refused: u64,
    set: u64,
    transfer: u64,
    transfer_repeated: u64,
    to_tally: u64,
    post: u64,
    batch: u64,
    batch_repeated: u64,
    hold: u64,
    capture: u64,
    capture_repeated: u64,
    release: u64,
    within: u64,
    transfer_within: u64,
    capture_within: u64,
}

async fn ledger_cost<DB: Database>(idem: &Idem<DB>) -> LedgerCost {
    let (ledger, key) = (idem.ledger(), |name: &str| Key::new("ledger", name).expect("a key"));
    let wallet = ledger.account("wallet");
    wallet.open(Bounds::at_least(0)).await.expect("opens");
    ledger.account("revenue").open(AccountSettings::tally()).await.expect("opens");
    // A tally is known from then on.
    ledger.account("revenue").apply_delta(&key("first"), 1).await.expect("credits");
    let (delta, made) = statements(wallet.apply_delta(&key("delta"), 1_000)).await;
    assert!(made.expect("credits").is_fresh());
    let (repeated, again) = statements(wallet.apply_delta(&key("delta"), 1_000)).await;
    assert!(again.expect("replays").is_replay());
    let (refused, unfit) = statements(wallet.apply_delta(&key("refused"), -1_001)).await;
    unfit.expect_err("below 0");
    let (set, made) = statements(wallet.set_balance(&key("set"), 2_000)).await;
    made.expect("sets");
    let (transfer, made) = statements(ledger.transfer(&key("transfer"), "wallet", "shop", 5)).await;
    assert!(made.expect("transfers").is_fresh());
    let (transfer_repeated, again) = statements(ledger.transfer(&key("transfer"), "wallet", "shop", 5)).await;
    assert!(again.expect("replays").is_replay());
    let (to_tally, made) = statements(ledger.transfer(&key("to tally"), "wallet", "revenue", 5)).await;
    made.expect("transfers");
    let legs = (0..100).map(|number| (format!("leg {number}"), if number % 2 == 0 { 1 } else { -1 }));
    let (post, made) = statements(ledger.post(&key("post"), legs)).await;
    made.expect("posts");
    let deltas: Vec<_> = (0..500).map(|n| Delta::new(format!("a{n}"), &key(&format!("batch {n}")), 1)).collect();
    let (batch, made) = statements(ledger.apply_batch(&deltas)).await;
    made.expect("a result per item");
    let (batch_repeated, again) = statements(ledger.apply_batch(&deltas)).await;
    again.expect("a result per item");
    let (hold, opened) = statements(wallet.hold(&key("hold"), 10)).await;
    let name = opened.expect("holds").id.clone();
    let (capture, made) = statements(ledger.capture(&key("capture"), &name, "shop", 4)).await;
    made.expect("captures");
    let (capture_repeated, again) = statements(ledger.capture(&key("capture"), &name, "shop", 4)).await;
    assert!(again.expect("replays").is_replay());
    let (release, made) = statements(ledger.release(&key("release"), &name)).await;
    made.expect("releases");
    let name = wallet.hold(&key("another"), 10).await.expect("holds").id.clone();
    let mut tx = idem.begin().await.expect("begins");
    let (within, made) = statements(wallet.within(&mut tx).apply_delta(&key("within"), 1)).await;
    made.expect("credits");
    let (transfer_within, made) = statements(ledger.within(&mut tx).transfer(&key("tx"), "wallet", "shop", 5)).await;
    made.expect("transfers");
    let (capture_within, made) = statements(ledger.within(&mut tx).capture(&key("cx"), name, "shop", 5)).await;
    made.expect("captures");
    tx.commit().await.expect("commits");
    LedgerCost {
        delta,
        repeated,
        refused,
        set,
        transfer,
        transfer_repeated,
        to_tally,
        post,
        batch,
        batch_repeated,
        hold,
        capture,
        capture_repeated,
        release,
        within,
        transfer_within,
        capture_within,
    }
}

/// What calls under a lock cost, after the first, which asks for the name of the database.
#[derive(Debug, PartialEq, Eq)]
struct FencedCost {
    fresh: u64,
    delta: u64,
    update: u64,
    keyed_update: u64,
    replay: u64,
}

async fn fenced_cost<DB: Database>(idem: &Idem<DB>) -> FencedCost {
    let key = |name: &str| Key::new("fenced", name).expect("a key");
    let guard = idem.lock("job").acquire(Duration::ZERO).await.expect("it is free");
    let wallet = idem.ledger().account("wallet");
    wallet.apply_delta(&key("first"), 1).fenced_by(&guard).await.expect("credits");
    let invoice = Invoice::stored(idem, Shop).at("fenced");
    invoice.start(Natural, invoice::Open { total: 5 }).await.expect("starts");
    let pay = || invoice.pay(&key("pay"), invoice::Pay { amount: 5, moved: false }).fenced_by(&guard);
    let (fresh, paid) = statements(pay()).await;
    assert!(paid.expect("pays").is_fresh());
    let (replay, again) = statements(pay()).await;
    assert!(again.expect("replays").is_replay());
    let (delta, made) = statements(wallet.apply_delta(&key("delta"), 1).fenced_by(&guard)).await;
    made.expect("credits");
    Upsert::table("notes").key("id", 2).set("note", "y").execute(idem).await.expect("makes the row");
    let edit = |version| ConditionalUpdate::table("notes").key("id", 2).set("note", "x").expect_version(version);
    let (update, made) = statements(edit(1).fenced_by(&guard).execute(idem)).await;
    made.expect("updates");
    let (keyed_update, made) = statements(edit(2).once(&key("u")).fenced_by(&guard).execute(idem)).await;
    made.expect("updates");
    guard.release().await.expect("releases");
    FencedCost { fresh, delta, update, keyed_update, replay }
}

#[test]
fn calls_send_pinned_number_of_statements() {
    tracing::subscriber::set_global_default(Counter).expect("the only subscriber");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let file = Sqlite::fresh();
        // One connection, so that none is opened, with statements of its own, while something is counted; and no memory, which
        // spares some of them.
        let one = Idem::<sqlx::Sqlite>::builder().max_connections(1).memory(0);
        let idem = one.open(&file.url()).await.expect("opens");
        let sqlite = cost(&idem).await;
        let pinned =
            Cost { start: 2, fresh: 2, fresh_with_money: 3, replay: 1, natural_replay: 2, reused: 1, within: 2 };
        assert_eq!(sqlite, pinned, "SQLite");
        sqlx::raw_sql(NOTES).execute(idem.pool()).await.expect("the caller's table");
        let pinned_update = UpdateCost {
            first: 2,
            update: 1,
            keyed: 1,
            upsert: 1,
            stale: 2,
            replay: 2,
            within: 1,
            keyed_within: 1,
            unsure_within: 1,
        };
        assert_eq!(update_cost(&idem).await, pinned_update, "SQLite");
        let pinned_ledger = LedgerCost {
            delta: 2,
            repeated: 1,
            refused: 1,
            set: 2,
            transfer: 2,
            transfer_repeated: 1,
            to_tally: 2,
            post: 2,
            batch: 2,
            batch_repeated: 1,
            hold: 3,
            capture: 3,
            capture_repeated: 2,
            release: 3,
            within: 3,
            transfer_within: 3,
            capture_within: 5,
        };
        assert_eq!(ledger_cost(&idem).await, pinned_ledger, "SQLite");
        // As if they were not fenced.
        let pinned_fenced = FencedCost { fresh: 2, delta: 2, update: 1, keyed_update: 1, replay: 1 };
        assert_eq!(fenced_cost(&idem).await, pinned_fenced, "SQLite");

        let Some(server) = postgres() else { return };
        let database = Postgres::fresh_on(&server).await;
        let one = Idem::<sqlx::Postgres>::builder().max_connections(1).memory(0);
        let idem = one.open(&database.url().to_string()).await.expect("opens");
        let postgres = cost(&idem).await;
        // In a transaction the machine is locked by a statement of its own, before it is read.
        assert_eq!(postgres, Cost { within: 3, ..pinned }, "PostgreSQL");
        sqlx::raw_sql(NOTES).execute(idem.pool()).await.expect("the caller's table");
        assert_eq!(update_cost(&idem).await, UpdateCost { unsure_within: 3, ..pinned_update }, "PostgreSQL");
        // A change is sent before anything is looked up; what is in its way costs a statement more.
        let pinned_ledger = LedgerCost {
            delta: 1,
            repeated: 1,
            refused: 2,
            transfer: 1,
            transfer_repeated: 2,
            to_tally: 1,
            post: 1,
            batch: 1,
            batch_repeated: 2,
            ..pinned_ledger
        };
        assert_eq!(Box::pin(ledger_cost(&idem)).await, pinned_ledger, "PostgreSQL");
        assert_eq!(Box::pin(fenced_cost(&idem)).await, FencedCost { delta: 1, ..pinned_fenced }, "PostgreSQL");
    });
}
