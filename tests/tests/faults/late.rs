//! Writes that reach PostgreSQL's rows late: held up by a table's lock, by rows one after the other, or on their way. Who was
//! told "not applied" meanwhile was told the truth.

use std::time::Duration;

use idem_core::ledger::Bounds;
use idem_core::update::ConditionalUpdate;
use idem_core::{Effect, Error, GroupCommit, Idem};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, Postgres};
use tests::lane::Lane;
use tests::{At, Backend, Cut, Hangup, Report, scale};

use crate::ground::Ground;
use crate::lost::{OWN_WRITE, Rig};

const WAIT: Duration = Duration::from_millis(300);
const REPLY: Duration = Duration::from_millis(600);

/// Backends that wait for a lock.
const WAITING: &str = "SELECT '', count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";
/// Those that wait to find out what became of a write, and all that are at work.
const ASKING: &str = "SELECT '', count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND query LIKE '%DO UPDATE SET at = 0%'";
const ACTIVE: &str = "SELECT '', count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()";

const SHIPMENTS: &str = "CREATE TABLE shipments (id bigint PRIMARY KEY, state text NOT NULL, version bigint NOT NULL);
    INSERT INTO shipments SELECT g, 'packed', 1 FROM generate_series(0, 100) g";

/// The library on a caller's pool, whose sessions have no bounds of their own.
async fn on_pool(url: &str, grouping: GroupCommit) -> Lane<Postgres> {
    let pool = PgPoolOptions::new().max_connections(4).connect(url).await.unwrap();
    let builder = Idem::<Postgres>::builder().lock_wait(WAIT).reply_timeout(REPLY).group_commit(grouping);
    Lane::new(&builder.open_pool(pool).unwrap(), "late")
}

/// Changes other accounts, on all connections at a time: what is sent late is a statement that the server knows already.
async fn warm(lane: &Lane<Postgres>, turn: &str) {
    let ledger = lane.idem.ledger();
    // The first load tells the time; a write without one is another statement.
    for round in 0..2 {
        let warm = |nth: u32| {
            let key = lane.key(&format!("warm-{turn}-{round}-{nth}"));
            let account = ledger.account(format!("late/warm-{nth}"));
            async move { account.apply_delta(&key, 1).await.unwrap() }
        };
        tokio::join!(warm(1), warm(2), warm(3), warm(4));
    }
}

async fn until(conn: &mut PgConnection, question: &str, holds: impl Fn(i64) -> bool) {
    while !holds(Postgres::ask(conn, question).await[0].1) {}
}

async fn begin(ground: &Ground<Postgres>, script: &str) -> PgConnection {
    let mut conn = Postgres::connect(&ground.url()).await;
    Postgres::script(&mut conn, &format!("BEGIN; {script}")).await.unwrap();
    conn
}

/// What was told is held against the database, once nothing is under way any more.
async fn is_true<T>(ground: &mut Ground<Postgres>, answer: &Result<T, Error>, key: &str, point: &str) {
    until(&mut ground.conn, ACTIVE, |active| active == 0).await;
    let effects = ground.effects("late", key).await;
    match answer {
        Ok(_) => assert_eq!(effects, 1, "{point}: told that it is there"),
        Err(error) => {
            assert_eq!(error.effect(), Effect::NotApplied, "{point}: the truth can be known: {error}");
            assert_eq!(effects, 0, "{point}: there, and {error}");
        }
    }
    ground.check("late", point).await;
}

/// As CREATE INDEX takes it: for longer than the reply is waited for.
#[tokio::test]
async fn write_delayed_by_table_lock_answers_true_effect() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let mut report = Report::new("held up by the lock of a table", 5);
    for table in ["idem_accounts", "idem_entries"] {
        for grouping in [GroupCommit::off(), GroupCommit::default()] {
            for attempt in 0..scale(2, 10) {
                let lane = on_pool(&ground.url(), grouping).await;
                let (account, key) = (lane.idem.ledger().account("late/a"), format!("{table}-{grouping:?}-{attempt}"));
                account.open(Bounds::none()).await.unwrap();
                warm(&lane, &key).await;
                let mut locks = begin(&ground, &format!("LOCK TABLE {table} IN SHARE MODE")).await;
                let call = tokio::spawn({
                    let key = lane.key(&key);
                    async move { account.apply_delta(&key, 1).await }
                });
                until(&mut ground.conn, ASKING, |asking| asking > 0 || call.is_finished()).await;
                Postgres::script(&mut locks, "COMMIT").await.unwrap();
                let answer = call.await.unwrap();
                is_true(&mut ground, &answer, &key, table).await;
                report.strike("a table");
            }
        }
    }
    report.finish(6);
}

/// Each row is waited for less long than one wait may last, and all of them together longer than the reply.
#[tokio::test]
async fn write_delayed_by_many_row_locks_answers_true_effect() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let mut report = Report::new("held up by rows, one after the other", 5);
    for attempt in 0..scale(5, 50) {
        for own in [false, true] {
            let lane = if own {
                let builder = Idem::<Postgres>::builder().lock_wait(WAIT).reply_timeout(REPLY);
                Lane::new(&builder.group_commit(GroupCommit::off()).open(&ground.url()).await.unwrap(), "late")
            } else {
                on_pool(&ground.url(), GroupCommit::off()).await
            };
            let (ledger, key) = (lane.idem.ledger(), format!("rows-{own}-{attempt}"));
            let names: Vec<String> = (1..=8).map(|nth| format!("late/{nth}")).collect();
            let mut locks = Vec::new();
            for name in &names {
                ledger.account(name).open(Bounds::none()).await.unwrap();
                let lock = format!("SELECT 1 FROM idem_accounts WHERE account = '{name}' FOR UPDATE");
                locks.push(begin(&ground, &lock).await);
            }
            let (key_of_call, legs) = (lane.key(&key), names.into_iter().zip([1, -1].into_iter().cycle()));
            let call = tokio::spawn(async move { ledger.post(&key_of_call, legs).await });
            // Each row is held for a quarter of the reply, by the database's clock.
            for mut lock in locks {
                until(&mut ground.conn, WAITING, |waiting| waiting > 0 || call.is_finished()).await;
                Postgres::script(&mut lock, "SELECT pg_sleep(0.15); COMMIT").await.unwrap();
            }
            let answer = call.await.unwrap();
            is_true(&mut ground, &answer, &key, if own { "connections of idem's own" } else { "a pool" }).await;
            report.strike(if own { "connections of idem's own" } else { "a pool" });
        }
    }
    report.finish(10);
}

/// The statement is held back on its way, and delivered once its caller has its answer.
#[tokio::test]
async fn statement_delivered_after_its_answer_changes_nothing() {
    let mut report = Report::new("delivered late", 5);
    for grouping in [GroupCommit::off(), GroupCommit::default()] {
        let Some(mut rig) = Rig::with(grouping).await else { return report.skip() };
        let through = on_pool(&rig.url(), grouping).await;
        for attempt in 0..scale(3, 30) {
            for refused in [false, true] {
                let (name, point) = (format!("delivered-{attempt}-{refused}"), format!("refused meanwhile: {refused}"));
                let (ground, account) = (rig.ground.lane(&name), format!("{name}/a"));
                let theirs = ground.idem.ledger().account(&account);
                theirs.open(Bounds::at_least(0)).await.unwrap();
                theirs.apply_delta(&ground.key("put"), 100).await.unwrap();
                let (ours, key) = (through.idem.ledger().account(&account), ground.key("spend"));
                let strikes = rig.proxy.strikes();
                warm(&through, &name).await;
                rig.proxy.arm(At::Statement(OWN_WRITE.into()), Cut::Delay(Hangup::Reset));
                rig.proxy.refuse_connections(true);
                let competitor = async {
                    rig.proxy.wait_for_strikes(strikes + 1).await;
                    // The retry may be faster.
                    let spent = refused && theirs.apply_delta(&ground.key("competitor"), -100).await.is_ok();
                    rig.proxy.refuse_connections(false);
                    spent
                };
                let (answer, refused) = tokio::join!(async { ours.apply_delta(&key, -100).await }, competitor);
                match &answer {
                    Ok(spent) => assert!(spent.is_fresh() && !refused, "{point}"),
                    // A pool does not always try again to connect.
                    Err(Error::Unavailable { .. }) => {}
                    Err(error) => assert!(refused && matches!(error, Error::OutOfBounds(_)), "{point}: {error}"),
                }
                let spent = i64::from(answer.is_ok()) + i64::from(refused);
                theirs.apply_delta(&ground.key("more"), 500).await.unwrap();
                rig.proxy.deliver().await;
                assert_eq!(theirs.get().await.unwrap().unwrap().balance, 600 - 100 * spent, "{point}");
                assert_eq!(ours.apply_delta(&key, -100).await.unwrap().is_fresh(), answer.is_err(), "{point}");
                rig.ground.check(&name, &point).await;
                report.strike(point);
            }
        }
    }
    report.finish(12);
}

/// The update is there, its reply was lost, and its table cannot be read: it is not told that nothing happened.
#[tokio::test]
async fn update_with_lost_reply_and_locked_table_is_not_denied() {
    let Some(mut rig) = Rig::new().await else { return };
    Postgres::script(&mut rig.ground.conn, SHIPMENTS).await.unwrap();
    let warm = ConditionalUpdate::table("shipments").set("state", "sent").key("id", 0).expect_version(1);
    warm.once(&rig.ground.lane("shipments").key("warm")).execute(&rig.idem).await.unwrap();
    let key = rig.ground.lane("shipments").key("locked");
    let strikes = rig.proxy.strikes();
    rig.proxy.arm(At::Statement("UPDATE".into()), Cut::LoseReply(Hangup::BlackHole));
    let (idem, again) = (rig.idem.clone(), key.clone());
    let update = || ConditionalUpdate::table("shipments").set("state", "sent").key("id", 1).expect_version(1);
    let call = tokio::spawn({
        let update = update();
        async move { update.once(&key).execute(&idem).await }
    });
    rig.proxy.wait_for_strikes(strikes + 1).await;
    let mut locks = begin(&rig.ground, "LOCK TABLE shipments IN ACCESS EXCLUSIVE MODE").await;
    let told = call.await.unwrap();
    assert!(!told.is_err_and(|error| error.effect() == Effect::NotApplied), "it is there");
    Postgres::script(&mut locks, "ROLLBACK").await.unwrap();
    let repeated = update().once(&again).execute(&rig.idem).await.unwrap();
    assert_eq!((repeated.get(), repeated.is_fresh()), (2, false));
}

/// Its row was looked at while the statement was on its way: what was seen then is not what is told.
#[tokio::test]
async fn update_delivered_after_its_row_was_read_answers_true_effect() {
    const NOW: &str = "SELECT '', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    const READ: &str = "SELECT '', count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
        AND query LIKE '%\"shipments\" AS t%LIMIT 2%' AND extract(epoch FROM query_start) * 1000000 > ";
    let mut report = Report::new("delivered after a look", 1).expecting(["applied"]);
    let Some(mut rig) = Rig::new().await else { return report.skip() };
    Postgres::script(&mut rig.ground.conn, SHIPMENTS).await.unwrap();
    for shipment in 0..scale(2, 20) {
        let id = i64::from(shipment);
        let key = rig.ground.lane("shipments").key(&format!("ship-{shipment}"));
        let update = ConditionalUpdate::table("shipments").set("state", "sent").key("id", id).expect("state", "packed");
        // Used before, and expired: that row is not the late write's.
        let expired =
            ConditionalUpdate::table("shipments").set("state", "gone").key("id", 100 - id).expect("state", "packed");
        expired.expect_version(1).once(&key).execute(&rig.idem).await.unwrap();
        Postgres::script(&mut rig.ground.conn, "UPDATE idem_claims SET expires_at = 1 WHERE expires_at > 1")
            .await
            .unwrap();
        let strikes = rig.proxy.strikes();
        // The statement that looks is known on each connection: so one that is idle after it has run it.
        let miss = || {
            let update = ConditionalUpdate::table("shipments").set("state", "").key("id", -1).expect("state", "packed");
            update.expect_version(1).once(&rig.ground.lane("shipments").key("miss")).execute(&rig.idem)
        };
        let (a, b, c, d) = tokio::join!(miss(), miss(), miss(), miss());
        assert!([a, b, c, d].iter().all(Result::is_err));
        rig.proxy.arm(At::Statement("UPDATE".into()), Cut::Delay(Hangup::Reset));
        let idem = rig.idem.clone();
        let call = tokio::spawn(async move { update.expect_version(1).once(&key).execute(&idem).await });
        rig.proxy.wait_for_strikes(strikes + 1).await;
        let (lost, found) = (
            // Not over the update: on a slow machine the call may have been made again by then.
            format!("UPDATE shipments SET state = 'lost' WHERE id = {id} AND state = 'packed'"),
            format!("UPDATE shipments SET state = 'packed' WHERE id = {id} AND state = 'lost'"),
        );
        Postgres::script(&mut rig.ground.conn, &lost).await.unwrap();
        let now = Postgres::ask(&mut rig.ground.conn, NOW).await[0].1;
        let read = format!("{READ}{now}");
        until(&mut rig.ground.conn, &read, |read| read > 0 || call.is_finished()).await;
        Postgres::script(&mut rig.ground.conn, &found).await.unwrap();
        rig.proxy.deliver().await;
        let answer = call.await.unwrap();
        let sent = format!("SELECT state, version FROM shipments WHERE id = {id}");
        let sent = Postgres::ask(&mut rig.ground.conn, &sent).await;
        match &answer {
            Ok(version) => assert_eq!((version.get(), sent[0].clone()), (2, ("sent".to_owned(), 2))),
            Err(error) => assert_eq!(sent[0].0, "packed", "it is there, and {error}"),
        }
        report.strike(if answer.is_ok() { "applied" } else { "came too late" });
    }
    report.finish(1);
}

/// It has locked its claim by then: another owner cannot come before what it writes.
#[tokio::test]
async fn fenced_write_delayed_by_row_lock_keeps_its_claim() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let lane = ground.lane("late");
    Postgres::script(&mut ground.conn, SHIPMENTS).await.unwrap();
    let guard = lane.idem.lock("job").acquire(Duration::ZERO).await.unwrap();
    let account = lane.idem.ledger().account("late/a");
    account.apply_delta(&lane.key("first"), 1).fenced_by(&guard).await.unwrap();
    let ship = ConditionalUpdate::table("shipments").key("id", 1).set("state", "sent").expect_version(1);
    let (ship, idem) = (ship.fenced_by(&guard), lane.idem.clone());
    keeps_claim(&mut ground, "shipments WHERE id = 1", async move { ship.execute(&idem).await.map(drop) }).await;
    let (key, lease) = (lane.key("second"), guard.as_ref().clone());
    let delta = async move { account.apply_delta(&key, 1).fenced_by(&lease).await.map(drop) };
    keeps_claim(&mut ground, "idem_accounts WHERE account = 'late/a'", delta).await;
}

async fn keeps_claim(
    ground: &mut Ground<Postgres>,
    row: &str,
    call: impl Future<Output = Result<(), Error>> + Send + 'static,
) {
    let mut held = begin(ground, &format!("SELECT FROM {row} FOR UPDATE")).await;
    let call = tokio::spawn(call);
    until(&mut ground.conn, WAITING, |waiting| waiting > 0).await;
    let other = "SELECT FROM idem_claims WHERE state = 1 FOR UPDATE NOWAIT";
    let refused = Postgres::script(&mut ground.conn, other).await.expect_err("the claim is locked");
    let code = refused.as_database_error().and_then(DatabaseError::code);
    assert_eq!(code.as_deref(), Some("55P03"), "{row}: {refused}");
    Postgres::script(&mut held, "COMMIT").await.unwrap();
    call.await.unwrap().unwrap();
}

/// It is as long as it likes: the lease stays its owner's.
#[tokio::test]
async fn fenced_transaction_lets_its_lease_be_renewed() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let idem = ground.lane("late").idem;
    let guard = idem.lock("job").lease(Duration::from_secs(1)).acquire(Duration::ZERO).await.unwrap();
    let mut tx = idem.begin().await.unwrap();
    tx.fenced_by(&guard).await.unwrap();
    let ends = "SELECT '', until FROM idem_claims WHERE state = 1";
    let first = Postgres::ask(&mut ground.conn, ends).await[0].1;
    tokio::select! {
        () = guard.lost() => panic!("it was not renewed"),
        () = until(&mut ground.conn, ends, |now| now > first) => {}
    }
    tx.commit().await.unwrap();
}
