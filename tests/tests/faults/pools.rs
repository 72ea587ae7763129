//! Connections that end while nobody uses them, or within a unit of work, and pools that prepare theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use idem_core::update::{ConditionalUpdate, Upsert};
use idem_core::{Error, GroupCommit, Idem, Natural, RetryPolicy};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _, Postgres};
use tests::lane::{Failure, Lane, Step};
use tests::shop::{Wallet, wallet};
use tests::{Backend, Report, scale};

use crate::ground::Ground;

const OTHERS: &str = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND application_name = 'struck'";

fn options(ground: &Ground<Postgres>) -> PgConnectOptions {
    ground.place.url().options().application_name("struck")
}

fn url(ground: &Ground<Postgres>) -> String {
    let url = ground.url();
    format!("{url}{}application_name=struck", if url.contains('?') { '&' } else { '?' })
}

/// Ends all connections of the struck process, as a restart or a proxy's idle timeout does.
async fn end_all(ground: &mut Ground<Postgres>) {
    Postgres::ask(&mut ground.conn, &format!("SELECT '', count(pg_terminate_backend(pid)) {OTHERS}")).await;
    while Postgres::ask(&mut ground.conn, &format!("SELECT '', count(*) {OTHERS}")).await[0].1 > 0 {}
}

/// Several connections that are idle.
async fn idle(idem: &Idem<Postgres>) {
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(idem.begin().await.unwrap());
    }
    for tx in open {
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn connection_ended_while_idle_fails_no_call() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let mut report = Report::new("connections ended while idle", 5);
    let url = url(&ground);
    let own = Idem::<Postgres>::builder().max_connections(4).open(&url).await.unwrap();
    let pool = PgPoolOptions::new().max_connections(4).test_before_acquire(false).connect_with(options(&ground)).await;
    let borrowed = Idem::<Postgres>::from_pool(pool.unwrap()).unwrap();
    Postgres::script(&mut ground.conn, "INSERT INTO pages VALUES ('p', '', 0)").await.unwrap();
    for attempt in 0..scale(5, 50) {
        for (idem, point) in [(&own, "idem's own"), (&borrowed, "a pool's")] {
            idle(idem).await;
            end_all(&mut ground).await;
            let account = idem.ledger().account("idle/a");
            let lane = ground.lane("idle");
            let key = lane.key(&format!("{point}-{attempt}"));
            let unit = idem.transaction_with::<_, Error, _, _>(RetryPolicy::never(), |mut tx| {
                let (account, key) = (account.clone(), key.clone());
                async move { account.within(&mut tx).apply_delta(&key, 1).await }
            });
            assert!(unit.await.unwrap().is_fresh(), "{point}");
            report.strike(point);
        }
        // What has no key cannot be asked for: its connection is tested first, once it was idle for a while.
        idle(&own).await;
        let rested = format!("SELECT '', count(*) {OTHERS} AND state_change > clock_timestamp() - interval '1100 ms'");
        while Postgres::ask(&mut ground.conn, &rested).await[0].1 > 0 {}
        end_all(&mut ground).await;
        let edit = ConditionalUpdate::table("pages").key("name", "p").set("body", attempt).expect_version(attempt);
        let updated = edit.execute(&own).await.unwrap_or_else(|error| panic!("an update without a key: {error}"));
        assert_eq!(updated.get(), attempt + 1);
        report.strike("idem's own, without a key");
    }
    report.finish(15);
}

/// The unit did not commit: it runs again.
#[tokio::test]
async fn connection_ended_in_transaction_runs_closure_again() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let mut report = Report::new("connection ended within a unit", 5);
    let url = url(&ground);
    let idem = Idem::<Postgres>::builder().max_connections(4).open(&url).await.unwrap();
    let killer = Arc::new(tokio::sync::Mutex::new(Postgres::connect(&ground.url()).await));
    for attempt in 0..scale(5, 50) {
        for point in ["at a call", "at a caller's statement", "at the commit"] {
            let (account, key) =
                (idem.ledger().account("cut/a"), ground.lane("cut").key(&format!("{point}-{attempt}")));
            let runs = AtomicU32::new(0);
            let unit = idem.transaction::<_, Failure, _, _>(|mut tx| {
                let strikes = runs.fetch_add(1, Ordering::Relaxed) == 0;
                let (account, key, killer) = (account.clone(), key.clone(), killer.clone());
                async move {
                    let done = if point == "at a call" {
                        None
                    } else {
                        Some(account.within(&mut tx).apply_delta(&key, 1).await?)
                    };
                    if strikes {
                        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(tx.conn()).await?;
                        let end = format!("SELECT pg_terminate_backend({pid}, 60000)");
                        killer.lock().await.execute(sqlx::raw_sql(AssertSqlSafe(end))).await?;
                    }
                    if point == "at a caller's statement" {
                        Postgres::note(tx.conn(), "cut", "beside").await?;
                    }
                    match done {
                        Some(done) => Ok(done),
                        None => Ok(account.within(&mut tx).apply_delta(&key, 1).await?),
                    }
                }
            });
            assert!(unit.await.unwrap().is_fresh(), "{point}");
            assert_eq!(runs.into_inner(), 2, "{point}");
            report.strike(point);
        }
    }
    ground.check("cut", "a connection that died within a unit").await;
    report.finish(15);
}

/// What the caller's pool does to its connections, groups find as well: all calls see one database.
#[tokio::test]
async fn group_connections_are_prepared_by_after_connect_of_pool() {
    const CALLS: i64 = 64;
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    for (schema, preparation) in [("north", "SET search_path TO north"), ("south", "SET search_path TO south")] {
        Postgres::script(&mut ground.conn, &format!("CREATE SCHEMA {schema}")).await.unwrap();
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .after_connect(move |conn, _| Box::pin(async move { conn.execute(preparation).await.map(drop) }));
        let pool = pool.connect_with(options(&ground)).await.unwrap();
        let idem = Idem::<Postgres>::from_pool(pool.clone()).unwrap();
        idem.migrate().await.unwrap();
        let again = Idem::<Postgres>::from_pool(pool).unwrap();
        for (idem, fresh) in [(&idem, true), (&again, false)] {
            let account = idem.ledger().account("busy");
            let calls: Vec<_> = (0..CALLS)
                .map(|number| {
                    let (account, key) = (account.clone(), ground.lane("pools").key(&format!("k{number}")));
                    tokio::spawn(async move { account.apply_delta(&key, 1).await })
                })
                .collect();
            for call in calls {
                assert_eq!(call.await.unwrap().unwrap().is_fresh(), fresh, "{schema}");
            }
        }
        let entries = format!("SELECT '', count(*) FROM {schema}.idem_entries");
        assert_eq!(Postgres::ask(&mut ground.conn, &entries).await[0].1, CALLS, "{schema}");
    }
    assert_eq!(Postgres::ask(&mut ground.conn, "SELECT '', count(*) FROM public.idem_entries").await[0].1, 0);
}

/// A pool that shows each borrower the rows of another tenant, without groups: what is done for one is not remembered for the other.
#[tokio::test]
async fn pool_with_tenant_per_borrower_shares_no_memory() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let tenant = Arc::new(AtomicU32::new(0));
    let of_pool = tenant.clone();
    let pool = PgPoolOptions::new().max_connections(2).before_acquire(move |conn, _| {
        let path = ["SET search_path TO north", "SET search_path TO south"][of_pool.load(Ordering::SeqCst) as usize];
        Box::pin(async move { conn.execute(path).await.map(|_| true) })
    });
    let pool = pool.after_connect({
        let tenant = tenant.clone();
        move |conn, _| {
            let path = ["SET search_path TO north", "SET search_path TO south"][tenant.load(Ordering::SeqCst) as usize];
            Box::pin(async move { conn.execute(path).await.map(drop) })
        }
    });
    let pool = pool.connect_with(options(&ground)).await.unwrap();
    let idem = Idem::<Postgres>::builder().group_commit(GroupCommit::off()).open_pool(pool).unwrap();
    let lane = Lane::new(&idem, "tenants");
    for (number, schema) in [(0, "north"), (1, "south")] {
        tenant.store(number, Ordering::SeqCst);
        Postgres::script(&mut ground.conn, &format!("CREATE SCHEMA {schema}")).await.unwrap();
        idem.migrate().await.unwrap();
        lane.wallet().start(Natural, wallet::Open { total: if number == 0 { 1000 } else { 0 } }).await.unwrap();
    }
    for (number, total) in [(1, 1), (0, 1001)] {
        tenant.store(number, Ordering::SeqCst);
        let add = lane.wallet().add(&lane.key("add"), wallet::Add { by: 1 }).await.unwrap();
        let money = idem.ledger().account("tenants/a").apply_delta(&lane.key("delta"), 1).await.unwrap();
        assert!(add.is_fresh() && money.is_fresh(), "tenant {number}");
        let stored = lane.wallet().get().await.unwrap().unwrap();
        assert_eq!(stored.state(), &Wallet::Open { total }, "tenant {number}");
    }
}

/// A borrower of the caller's pool has left a transaction open: what is written next on that connection is committed all the same.
#[tokio::test]
async fn transaction_left_open_by_borrower_loses_no_later_write() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let mut report = Report::new("transaction left open on a connection of a pool", 5);
    let pool = PgPoolOptions::new().max_connections(2).connect_with(options(&ground)).await.unwrap();
    let idem = Idem::<Postgres>::builder().group_commit(GroupCommit::off()).open_pool(pool.clone()).unwrap();
    let lane = Lane::new(&idem, "stray");
    for step in [Step::Start, Step::StartWallet] {
        lane.insist(step).await.unwrap();
    }
    for attempt in 0..scale(5, 50) {
        for point in ["change", "command", "update", "unit"] {
            // Each of the two connections, as a dropped `begin` leaves it.
            let mut borrowed = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
            for conn in &mut borrowed {
                // The one that was not used since is as it was left.
                conn.execute("ROLLBACK").await.unwrap();
                conn.execute("BEGIN").await.unwrap();
                if attempt % 2 == 1 {
                    conn.execute("SELECT 1 / 0").await.unwrap_err();
                }
            }
            drop(borrowed);
            let (key, account) = (lane.key(&format!("{point}-{attempt}")), idem.ledger().account("stray/a"));
            let fresh = match point {
                "change" => account.apply_delta(&key, 1).await.unwrap().is_fresh(),
                "command" => lane.wallet().add(&key, wallet::Add { by: 1 }).await.unwrap().is_fresh(),
                "update" => {
                    let page = Upsert::table("pages").key("name", "stray").set("body", "x");
                    page.execute(&idem).await.unwrap().get() == attempt + 1
                }
                _ => {
                    let unit = idem.transaction::<_, Error, _, _>(|mut tx| {
                        let (account, key) = (account.clone(), key.clone());
                        async move { account.within(&mut tx).apply_delta(&key, 1).await }
                    });
                    unit.await.unwrap().is_fresh()
                }
            };
            assert!(fresh, "{point}");
            let (effects, expected) = match point {
                "update" => ("SELECT '', coalesce(max(version), 0) FROM pages WHERE name = 'stray'", attempt + 1),
                "command" => ("SELECT '', count(*) - 1 FROM idem_transitions WHERE machine = 'Wallet'", attempt + 1),
                "change" => ("SELECT '', balance FROM idem_accounts WHERE account = 'stray/a'", 2 * attempt + 1),
                _ => ("SELECT '', balance FROM idem_accounts WHERE account = 'stray/a'", 2 * attempt + 2),
            };
            let there = Postgres::ask(&mut ground.conn, effects).await;
            assert_eq!(there.first().map(|row| row.1), Some(expected), "{point}: acknowledged and gone");
            report.strike(point);
        }
    }
    report.finish(20);
}
