//! The database refuses a statement of the library's inside a transaction that is lent: nothing of the call is there. On
//! SQLite the transaction stays usable without it; on PostgreSQL it is aborted, down to the caller's savepoint.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use idem_core::ledger::Bounds;
use idem_core::{Effect, Error, GroupCommit, Idem, Key, Natural, Tx};
use sqlx::Postgres;
use tests::lane::{Ack, Failure, Lane, PRICE, Step};
use tests::shop::{order, wallet};
use tests::{Backend, PollLimit, Report, scale};

use crate::ground::Ground;

/// What is refused.
#[derive(Debug, Clone, Copy)]
enum Call {
    Pay,
    Delta,
}

impl Call {
    /// The table, and a condition for the rows of it that are refused, by the column that it is about.
    fn refused(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Pay => ("idem_transitions", "command", "'Pay'"),
            Self::Delta => ("idem_entries", "kind", "'delta'"),
        }
    }

    async fn run<DB: Backend>(self, lane: &Lane<DB>, tx: &mut Tx<DB>) -> Result<(), Effect> {
        match self {
            Self::Pay => {
                let pay = lane.order().within(tx).pay(&lane.key("refused"), order::Pay { amount: PRICE });
                pay.await.map(drop).map_err(|error| error.effect())
            }
            Self::Delta => {
                let account = lane.idem.ledger().account(lane.name());
                let delta = account.within(tx).apply_delta(&lane.key("refused"), 5);
                delta.await.map(drop).map_err(|error| error.effect())
            }
        }
    }
}

#[tokio::test]
async fn refused_statement_leaves_transaction_usable_sqlite() {
    let mut report = Report::new("statement refused within a transaction, SQLite", 1);
    for call in [Call::Pay, Call::Delta] {
        for attempt in 0..scale(1, 10) {
            let Some(mut ground) = Ground::<sqlx::Sqlite>::fresh().await else { return };
            let (table, column, value) = call.refused();
            let trigger = format!(
                "CREATE TRIGGER refuse BEFORE INSERT ON {table} WHEN NEW.{column} = {value}
                BEGIN SELECT RAISE(ABORT, 'refused'); END"
            );
            let lane = begin(&mut ground, &trigger, attempt).await;
            let mut tx = lane.idem.begin().await.unwrap();
            refuse(&lane, &mut tx, call).await;
            goes_on(&lane, &mut tx).await;
            tx.commit().await.unwrap();
            settle(&mut ground, &lane, call, 2, "DROP TRIGGER refuse").await;
            report.strike(format!("{call:?}"));
        }
    }
    report.finish(2);
}

#[tokio::test]
async fn refused_statement_aborts_transaction_to_savepoint_postgres() {
    let mut report = Report::new("statement refused within a transaction, PostgreSQL", 1);
    for call in [Call::Pay, Call::Delta] {
        for attempt in 0..scale(1, 10) {
            for saved in [false, true] {
                let Some(mut ground) = Ground::<sqlx::Postgres>::fresh().await else { return report.skip() };
                let (table, column, value) = call.refused();
                let check = format!("ALTER TABLE {table} ADD CONSTRAINT refuse CHECK ({column} <> {value})");
                let lane = begin(&mut ground, &check, attempt).await;
                let mut tx = lane.idem.begin().await.unwrap();
                if saved {
                    sqlx::Postgres::script(tx.bare().await.unwrap(), "SAVEPOINT mine").await.unwrap();
                }
                refuse(&lane, &mut tx, call).await;
                let rows = if saved {
                    sqlx::Postgres::script(tx.bare().await.unwrap(), "ROLLBACK TO mine").await.unwrap();
                    goes_on(&lane, &mut tx).await;
                    tx.commit().await.unwrap();
                    1
                } else {
                    let later = lane.wallet().within(&mut tx).start(Natural, wallet::Open { total: 0 }).await;
                    assert_eq!(later.expect_err("it is aborted").effect(), Effect::NotApplied);
                    let committed = tx.commit().await;
                    assert!(matches!(committed, Err(Error::Store { .. })), "{committed:?}");
                    0
                };
                settle(&mut ground, &lane, call, rows, &format!("ALTER TABLE {table} DROP CONSTRAINT refuse")).await;
                report.strike(format!("{call:?}"));
            }
        }
    }
    report.finish(4);
}

/// A full disk, a shutdown, a lost connection, as a trigger or a function raises them: the session goes on, and so does the
/// transaction, from the caller's savepoint on.
#[tokio::test]
async fn answered_error_of_any_code_leaves_transaction_usable() {
    let mut report = Report::new("errors that are answered within a transaction", 1);
    for code in ["53100", "58030", "XX001", "57P01", "53300", "08006", "40003"] {
        let Some(mut ground) = Ground::<sqlx::Postgres>::fresh().await else { return report.skip() };
        let trigger = format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END$$;
            CREATE TRIGGER refuse BEFORE INSERT ON idem_entries FOR EACH ROW WHEN (NEW.delta = 13)
                EXECUTE FUNCTION refuse()"
        );
        sqlx::Postgres::script(&mut ground.conn, &trigger).await.unwrap();
        let lane = ground.lane("answered");
        let account = lane.idem.ledger().account(lane.name());
        let mut tx = lane.idem.begin().await.unwrap();
        account.within(&mut tx).apply_delta(&lane.key("first"), 1).await.unwrap();
        sqlx::Postgres::script(tx.bare().await.unwrap(), "SAVEPOINT mine").await.unwrap();
        let refused = account.within(&mut tx).apply_delta(&lane.key("refused"), 13).await.expect_err("refused");
        assert_eq!(refused.effect(), Effect::NotApplied, "{code}: {refused}");
        sqlx::Postgres::script(tx.bare().await.unwrap(), "ROLLBACK TO mine").await.unwrap();
        account.within(&mut tx).apply_delta(&lane.key("later"), 2).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(account.get().await.unwrap().unwrap().balance, 3, "{code}");
        ground.check(lane.name(), code).await;
        report.strike(code);
    }
    report.finish(7);
}

/// Begun inside and not ended: the driver would end that one alone, say that all is committed, and leave the other to what is
/// called next.
#[tokio::test]
async fn nested_transaction_left_open_is_not_committed() {
    let Some(mut ground) = Ground::<sqlx::Postgres>::fresh().await else { return };
    let lane = ground.lane("within");
    let account = lane.idem.ledger().account(lane.name());
    let idem = Idem::<sqlx::Postgres>::builder().max_connections(1).open(&ground.url()).await.unwrap();
    let ours = idem.ledger().account(lane.name());
    for (turn, end) in (1..).zip(["commit", "rollback", "drop", "error"]) {
        let key = lane.key(end);
        if end == "error" {
            let unit = idem.transaction::<(), Box<dyn std::error::Error + Send + Sync>, _, _>(|mut tx| {
                let (account, key) = (account.clone(), key.clone());
                async move {
                    account.within(&mut tx).apply_delta(&key, 1).await?;
                    std::mem::forget(sqlx::Connection::begin(tx.bare().await.unwrap()).await?);
                    Err("on second thoughts".into())
                }
            });
            unit.await.unwrap_err();
        } else {
            let mut tx = idem.begin().await.unwrap();
            account.within(&mut tx).apply_delta(&key, 1).await.unwrap();
            std::mem::forget(sqlx::Connection::begin(tx.bare().await.unwrap()).await.unwrap());
            match end {
                "commit" => assert_eq!(tx.commit().await.unwrap_err().effect(), Effect::NotApplied),
                "rollback" => tx.rollback().await,
                _ => drop(tx),
            }
        }
        idem.begin().await.unwrap().rollback().await;
        for number in 0..8 {
            assert!(ours.apply_delta(&lane.key(&format!("{end} {number}")), 1).await.unwrap().is_fresh(), "{end}");
        }
        let balance = format!("SELECT '', balance FROM idem_accounts WHERE account = '{}'", lane.name());
        assert_eq!(sqlx::Postgres::ask(&mut ground.conn, &balance).await[0].1, 8 * turn, "{end}");
    }
    ground.check(lane.name(), "a transaction within").await;
}

/// SQLite itself ends the transaction, at a caller's statement or of the library's: nothing of it is applied, the unit
/// runs once, and the next one begins as ever.
#[tokio::test]
async fn transaction_rolled_back_by_sqlite_refuses_later_calls() {
    let mut report = Report::new("transaction that SQLite has rolled back", 5);
    for attempt in 0..scale(3, 30) {
        for (point, trigger, statement) in [
            ("a statement", "SELECT 1", "INSERT OR ROLLBACK INTO once VALUES (1)"),
            (
                "a trigger",
                "CREATE TRIGGER refuse BEFORE INSERT ON once WHEN NEW.number = 2 BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
                "INSERT INTO once VALUES (2)",
            ),
            (
                "a trigger on a table of the library's",
                "CREATE TRIGGER refuse BEFORE INSERT ON idem_entries WHEN NEW.delta = 13
                    BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
                "",
            ),
        ] {
            let Some(mut ground) = Ground::<sqlx::Sqlite>::fresh().await else { return };
            let table =
                format!("CREATE TABLE once (number integer PRIMARY KEY); INSERT INTO once VALUES (1); {trigger}");
            sqlx::Sqlite::script(&mut ground.conn, &table).await.unwrap();
            let lane = ground.lane(&format!("ended-{attempt}"));
            let account = lane.idem.ledger().account(lane.name());
            let runs = AtomicU32::new(0);
            let unit = lane.idem.transaction::<(), Error, _, _>(|mut tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                let (account, lane) = (account.clone(), lane.renamed(lane.name()));
                async move {
                    account.within(&mut tx).apply_delta(&lane.key("first"), 1).await?;
                    // What these say is passed over, as a caller may.
                    let refused = match statement {
                        "" => account.within(&mut tx).apply_delta(&lane.key("refused"), 13).await.is_err(),
                        statement => sqlx::Sqlite::script(tx.bare().await.unwrap(), statement).await.is_err(),
                    };
                    let later = account.within(&mut tx).apply_delta(&lane.key("later"), 2).await;
                    assert!(refused && later.is_err_and(|error| error.effect() == Effect::NotApplied));
                    Ok(())
                }
            });
            let error = unit.await.expect_err("nothing of it is applied");
            assert_eq!(error.effect(), Effect::NotApplied, "{point}: {error}");
            assert_eq!(runs.into_inner(), 1, "{point}: another run would be rolled back as well");
            assert!(account.get().await.unwrap().is_none(), "{point}");
            let next = lane.idem.transaction::<_, Error, _, _>(|mut tx| {
                let (account, lane) = (account.clone(), lane.renamed(lane.name()));
                async move { account.within(&mut tx).apply_delta(&lane.key("later"), 2).await }
            });
            assert!(next.await.unwrap().is_fresh(), "{point}");
            ground.check(lane.name(), point).await;
            report.strike("rolled back");
        }
    }
    report.finish(9);
}

/// SQLite itself ends the transaction, and the caller passes over it: the caller's next statement would be committed at once.
#[tokio::test]
async fn transaction_rolled_back_by_sqlite_refuses_later_statements() {
    let mut report = Report::new("transaction that SQLite has rolled back, and the caller's next statement", 5);
    for _ in 0..scale(5, 50) {
        for statement in
            ["INSERT OR ROLLBACK INTO once VALUES (1)", "INSERT INTO strict VALUES (1)", "INSERT INTO once VALUES (2)"]
        {
            let Some(mut ground) = Ground::<sqlx::Sqlite>::fresh().await else { return };
            let tables = "CREATE TABLE once (number integer PRIMARY KEY); INSERT INTO once VALUES (1);
                CREATE TABLE strict (number integer UNIQUE ON CONFLICT ROLLBACK); INSERT INTO strict VALUES (1);
                CREATE TABLE effects (text TEXT);
                CREATE TRIGGER refuse BEFORE INSERT ON once WHEN NEW.number = 2 BEGIN SELECT RAISE(ROLLBACK, 'no'); END";
            sqlx::Sqlite::script(&mut ground.conn, tables).await.unwrap();
            let lane = ground.lane("lane");
            let mut tx = lane.idem.begin().await.unwrap();
            sqlx::query("INSERT INTO effects VALUES ('before')").execute(tx.conn()).await.unwrap();
            sqlx::query(statement).execute(tx.conn()).await.expect_err("refused");
            for _ in 0..2 {
                let written = sqlx::query("INSERT INTO effects VALUES ('after')").execute(tx.conn()).await;
                assert!(written.expect_err(statement).to_string().contains("has ended"), "{statement}");
                let read = sqlx::query("SELECT 1").fetch_all(tx.conn()).await;
                assert!(read.is_err(), "{statement}");
            }
            // A COMMIT in a text of several statements would have ended it as well: that nothing is applied is not known.
            assert_eq!(tx.commit().await.expect_err("it has ended").effect(), Effect::Unknown, "{statement}");
            let effects: i64 =
                sqlx::query_scalar("SELECT count(*) FROM effects").fetch_one(lane.idem.pool()).await.unwrap();
            assert_eq!(effects, 0, "{statement}");
            report.strike("rolled back");
        }
        // The look itself is dropped, or the driver's connection is asked for.
        for polls in 1..4 {
            let Some(mut ground) = Ground::<sqlx::Sqlite>::fresh().await else { return };
            let tables = "CREATE TABLE once (number integer PRIMARY KEY); INSERT INTO once VALUES (1)";
            sqlx::Sqlite::script(&mut ground.conn, tables).await.unwrap();
            let lane = ground.lane("lane");
            let mut tx = lane.idem.begin().await.unwrap();
            let refused = sqlx::query("INSERT OR ROLLBACK INTO once VALUES (1)").execute(tx.conn()).await;
            refused.expect_err("refused");
            let write = sqlx::query("INSERT INTO once VALUES (2)").execute(tx.conn());
            let dropped = PollLimit::new(polls, write).await;
            assert!(dropped.is_none_or(|written| written.is_err()), "{polls}");
            sqlx::query("INSERT INTO once VALUES (3)").execute(tx.conn()).await.expect_err("it has ended");
            assert!(tx.bare().await.is_err(), "{polls}");
            tx.commit().await.expect_err("it has ended");
            let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM once").fetch_one(lane.idem.pool()).await.unwrap();
            assert_eq!(rows, 1, "{polls}");
            let mut tx = lane.idem.begin().await.unwrap();
            let refused = sqlx::query("INSERT OR ROLLBACK INTO once VALUES (1)").execute(tx.conn()).await;
            refused.expect_err("refused");
            assert!(tx.bare().await.is_err(), "{polls}");
        }
        // One that fails alone leaves the transaction as it was.
        let Some(mut ground) = Ground::<sqlx::Sqlite>::fresh().await else { return };
        sqlx::Sqlite::script(&mut ground.conn, "CREATE TABLE once (number integer PRIMARY KEY)").await.unwrap();
        let lane = ground.lane("lane");
        let mut tx = lane.idem.begin().await.unwrap();
        for number in [1, 1, 2, 2, 3] {
            let _ = sqlx::query("INSERT INTO once VALUES ($1)").bind(number).execute(tx.conn()).await;
        }
        tx.commit().await.unwrap();
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM once").fetch_one(lane.idem.pool()).await.unwrap();
        assert_eq!(rows, 3);
    }
    report.finish(15);
}

#[tokio::test]
async fn refused_change_leaves_others_of_its_group_unaffected_sqlite() {
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON idem_entries WHEN NEW.delta = 13
        BEGIN SELECT RAISE(ABORT, 'refused'); END";
    one_refused::<sqlx::Sqlite>(trigger).await;
}

#[tokio::test]
async fn refused_change_leaves_others_of_its_group_unaffected_postgres() {
    one_refused::<sqlx::Postgres>("ALTER TABLE idem_entries ADD CONSTRAINT refuse CHECK (delta <> 13)").await;
}

/// A key that the database cannot write: its encoding has no such letter.
#[tokio::test]
async fn unencodable_key_leaves_others_of_its_group_unaffected() {
    let Some(mut ground) = Ground::<sqlx::Postgres>::fresh().await else { return };
    let name = format!("idem_latin_{}", std::process::id());
    let make = format!("CREATE DATABASE {name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    sqlx::Postgres::script(&mut ground.conn, &make).await.unwrap();
    let idem = Idem::<sqlx::Postgres>::open(&ground.place.url().database(&name).to_string()).await.unwrap();
    let account = idem.ledger().account("busy");
    let calls: Vec<_> = (0..64)
        .map(|number| {
            let key = if number == 40 { "k\u{20ac}".to_owned() } else { format!("k{number}") };
            let (account, key) = (account.clone(), Key::new("latin", key).unwrap());
            tokio::spawn(async move { account.apply_delta(&key, 1).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        match call.await.unwrap() {
            Ok(changed) => assert!(changed.is_fresh() && number != 40),
            Err(error) => assert!(number == 40 && error.effect() == Effect::NotApplied, "{number}: {error}"),
        }
    }
    assert_eq!(account.get().await.unwrap().unwrap().balance, 63);
    idem.shutdown().await;
    idem.pool().close().await;
    sqlx::Postgres::script(&mut ground.conn, &format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

/// Another transaction writes the key of one call of many on an account: the others do not wait for it.
#[tokio::test]
async fn key_held_by_other_transaction_delays_no_other_call() {
    const HELD: usize = 5;
    let Some(mut ground) = Ground::<sqlx::Postgres>::fresh().await else { return };
    let mut report = Report::new("key of one call held by another transaction", 5);
    let builder = Idem::<sqlx::Postgres>::builder().lock_wait(Duration::from_millis(500));
    let idem = builder.open(&ground.url()).await.unwrap();
    for attempt in 0..scale(5, 50) {
        let other = ground.lane(&format!("held-{attempt}"));
        let (account, key) = (idem.ledger().account(other.name()), |number| other.key(&format!("k{number}")));
        account.open(Bounds::none()).await.unwrap();
        let mut tx = other.idem.begin().await.unwrap();
        other.idem.ledger().account("elsewhere").within(&mut tx).apply_delta(&key(HELD), 7).await.unwrap();
        let calls: Vec<_> = (0..32)
            .map(|number| {
                let (account, key) = (account.clone(), key(number));
                tokio::spawn(async move { account.apply_delta(&key, 1).await })
            })
            .collect();
        for (number, call) in calls.into_iter().enumerate() {
            match call.await.unwrap() {
                Ok(changed) => assert!(changed.is_fresh() && number != HELD),
                Err(error) => assert!(number == HELD && matches!(error, Error::InFlight { .. }), "{number}: {error}"),
            }
        }
        tx.rollback().await;
        assert!(account.apply_delta(&key(HELD), 1).await.unwrap().is_fresh());
        assert_eq!(account.get().await.unwrap().unwrap().balance, 32);
        report.strike("key held");
    }
    ground.check("held-0", "a key that was held").await;
    report.finish(5);
}

/// As on a standby, or after a failover: what was done before is answered, and what is new is refused.
#[tokio::test]
async fn repeat_on_read_only_database_returns_original_outcome() {
    // These run statements of the caller's, or lock rows in a transaction that is lent.
    const WRITES: [Step; 4] = [Step::Unit, Step::Adopted, Step::Whole, Step::UpdateJoined];
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let mut report = Report::new("repeats on a database that is read-only", 1);
    let steps = || Step::ALL.into_iter().filter(|step| !WRITES.contains(step));
    let lane = ground.lane("known");
    let mut done = Vec::new();
    for step in steps() {
        done.push(lane.insist(step).await.unwrap());
    }
    let read_only = "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = on'; END $$";
    Postgres::script(&mut ground.conn, read_only).await.unwrap();
    for grouping in [GroupCommit::off(), GroupCommit::default()] {
        let pool = sqlx::Pool::connect(&ground.url()).await.unwrap();
        let lane = Lane::new(&Idem::<Postgres>::builder().group_commit(grouping).open_pool(pool).unwrap(), "known");
        for (step, done) in steps().zip(&done) {
            let again = lane.call(step).await.unwrap_or_else(|error| panic!("{step:?}: {error}"));
            for (first, again) in done.iter().zip(again) {
                assert_eq!(again, Ack { fresh: false, ..first.clone() }, "{step:?}");
            }
            report.strike(format!("{step:?}"));
        }
        let new = lane.renamed("new").call(Step::Delta).await.unwrap_err();
        assert!(matches!(&new, Failure::Idem(Error::ReadOnly { .. })), "{new}");
    }
    report.finish(20);
}

/// A row-level policy refuses with the code of a right that is missing, which of a whole database would mean that nobody may write.
#[tokio::test]
async fn change_without_permission_leaves_others_of_its_group_unaffected() {
    let trigger = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN IF NEW.delta = 13 THEN RAISE 'no' USING ERRCODE = '42501'; END IF; RETURN NEW; END$$;
        CREATE TRIGGER refuse BEFORE INSERT ON idem_entries FOR EACH ROW EXECUTE FUNCTION refuse()";
    one_refused::<sqlx::Postgres>(trigger).await;
}

/// Changes of one account at the same time: the database refuses one of them.
async fn one_refused<DB: Backend>(refusal: &str) {
    let Some(mut ground) = Ground::<DB>::fresh().await else { return };
    DB::script(&mut ground.conn, refusal).await.unwrap();
    let lane = ground.lane("busy");
    let account = lane.idem.ledger().account(lane.name());
    let calls: Vec<_> = (1..=32)
        .map(|delta| {
            let (account, key) = (account.clone(), lane.key(&format!("k{delta}")));
            tokio::spawn(async move { account.apply_delta(&key, delta).await })
        })
        .collect();
    for (delta, call) in (1..).zip(calls) {
        match call.await.unwrap() {
            Ok(changed) => assert!(changed.is_fresh() && delta != 13),
            Err(error) => {
                let refused = matches!(error, Error::Store { .. } | Error::ReadOnly { .. });
                let refused = refused && error.effect() == Effect::NotApplied;
                assert!(refused && delta == 13, "{delta}: {error}");
            }
        }
    }
    assert_eq!(account.get().await.unwrap().unwrap().balance, 32 * 33 / 2 - 13);
    ground.check(lane.name(), "one change was refused").await;
}

async fn begin<DB: Backend>(ground: &mut Ground<DB>, refusal: &str, attempt: u64) -> Lane<DB> {
    let lane = ground.lane(&format!("refused-{attempt}"));
    lane.insist(Step::Start).await.unwrap();
    DB::script(&mut ground.conn, "CREATE TABLE mine (what text)").await.unwrap();
    DB::script(&mut ground.conn, refusal).await.unwrap();
    lane
}

/// The caller's own row, and the call that is refused.
async fn refuse<DB: Backend>(lane: &Lane<DB>, tx: &mut Tx<DB>, call: Call) {
    DB::script(tx.bare().await.unwrap(), "INSERT INTO mine VALUES ('before')").await.unwrap();
    let refused = call.run(lane, tx).await;
    assert_eq!(refused, Err(Effect::NotApplied), "{call:?}");
}

/// What comes after it in the same transaction: another call, and another of the caller's rows.
async fn goes_on<DB: Backend>(lane: &Lane<DB>, tx: &mut Tx<DB>) {
    let started = lane.wallet().within(tx).start(Natural, wallet::Open { total: 0 }).await.unwrap();
    assert!(started.is_fresh());
    DB::script(tx.bare().await.unwrap(), "INSERT INTO mine VALUES ('after')").await.unwrap();
}

/// Of the caller's rows there are as many as said, of the refused call nothing, and it can be made again.
async fn settle<DB: Backend>(ground: &mut Ground<DB>, lane: &Lane<DB>, call: Call, rows: i64, allow: &str) {
    let after = format!("{call:?} was refused");
    let count = "SELECT '', count(*) FROM mine";
    assert_eq!(DB::ask(&mut ground.conn, count).await[0].1, rows, "after {after}");
    assert_eq!(ground.effects(lane.name(), "refused").await, 0, "after {after}");
    ground.check(lane.name(), &after).await;
    DB::script(&mut ground.conn, allow).await.unwrap();
    let mut tx = lane.idem.begin().await.unwrap();
    assert_eq!(call.run(lane, &mut tx).await, Ok(()), "after {after}");
    tx.commit().await.unwrap();
    assert_eq!(ground.effects(lane.name(), "refused").await, 1, "after {after}");
}
