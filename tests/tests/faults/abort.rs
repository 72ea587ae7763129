//! Processes that die: at each point of the engine, at each write to SQLite's files, and at any time.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use tests::lane::SHARED;
use tests::{Backend, CrashShim, Place as _, Report, Seed, Sqlite, When, Worker, has_points, list_points, scale};

use crate::ground::{Ground, one_fresh, replayed};
use crate::processes::{Servant, acks, finish, ungrouped, worker};

#[tokio::test]
async fn process_abort_at_each_point_keeps_each_effect_once_sqlite() {
    at_each_point::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn process_abort_at_each_point_keeps_each_effect_once_postgres() {
    at_each_point::<sqlx::Postgres>().await;
}

#[tokio::test]
async fn process_kill_at_any_time_keeps_each_effect_once_sqlite() {
    at_any_time::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn process_kill_at_any_time_keeps_each_effect_once_postgres() {
    at_any_time::<sqlx::Postgres>().await;
}

#[tokio::test]
async fn process_kill_during_migration_leaves_usable_tables_sqlite() {
    while_migrating::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn process_kill_during_migration_leaves_usable_tables_postgres() {
    while_migrating::<sqlx::Postgres>().await;
}

/// What a listing run must not miss: each kind of write passes by these, also that of a caller's row.
const POINTS: [&str; 4] = ["own.write.before", "own.write.after", "joined.write.before", "joined.write.after"];

/// Before and after every write and every COMMIT, by the points that a listing run passes; beside a second process that
/// adds to the same machine and the same accounts.
async fn at_each_point<DB: Backend>() {
    if !has_points() {
        return;
    }
    let strikes = scale(100, 3_000);
    let mut report = Report::new(format!("aborted at a point of the engine, {}", DB::TITLE), 5).expecting(POINTS);
    for round in 0.. {
        // A new database for each round keeps the checks of all of it fast.
        let Some(mut ground) = Ground::<DB>::fresh().await else { return report.skip() };
        let mut neighbour = Servant::neighbour(&ground.url());
        let mut passed = BTreeMap::<String, usize>::new();
        // Calls in groups lose no race, so every other time each is by itself.
        let spawn = if round % 2 == 0 { worker } else { ungrouped };
        for point in list_points(&mut spawn(&ground.url(), "lane listing")) {
            *passed.entry(point).or_default() += 1;
        }
        for (point, times) in passed {
            for passage in 1..=times {
                // Each passage is struck once in groups and once by itself. After that, once there are enough in all, a round is
                // for the points that few calls pass.
                if round > 1 && report.total() >= strikes && !report.lacks(&point) {
                    break;
                }
                let strike = format!("{point}:{passage}");
                let lane = strike.replace(':', "-");
                neighbour.order(&format!("same {SHARED} add {lane} 1"));
                let struck = strike_at(&mut ground, spawn, &lane, &strike).await;
                neighbour.answer();
                // How often a lost race leads by a point is for the race to say.
                report.add(&*point, u64::from(struck));
            }
        }
        if round > 0 && report.total() >= strikes && report.least() >= 5 {
            break;
        }
        assert!(round < 50, "some point is hardly ever passed");
    }
    report.finish(strikes);
}

/// Whether the process died there; either way the next one does the rest.
async fn strike_at<DB: Backend>(
    ground: &mut Ground<DB>,
    spawn: fn(&str, &str) -> Command,
    lane: &str,
    strike: &str,
) -> bool {
    let order = format!("lane {lane}");
    let ended = Worker::spawn(spawn(&ground.url(), &order).env("IDEM_ABORT_AT", strike)).finish();
    let again = finish(&ground.url(), &order, strike);
    replayed(&acks(&ended.acks), &again, strike);
    ground.check(lane, strike).await;
    !ended.status.success()
}

/// Before, after, and in the middle of every write and sync, the making of the tables included.
#[tokio::test]
async fn process_kill_at_each_file_write_keeps_each_effect_once_sqlite() {
    const ORDER: &str = "brief a";
    let shim = CrashShim::build();
    let fresh = async || {
        let place = Sqlite::fresh();
        sqlx::Sqlite::prepare(&place.address()).await;
        place
    };
    let operations = shim.count(&mut worker(&fresh().await.address(), ORDER));
    let mut report = Report::new("died at a write to a file of SQLite", 5);
    for operation in 1..=operations {
        for when in scale(&[When::Before, When::After][..], &[When::Before, When::After, When::Torn]) {
            let place = fresh().await;
            let strike = format!("{when:?} operation {operation}");
            let ended = Worker::spawn(shim.strike(&mut worker(&place.address(), ORDER), operation, *when)).finish();
            let again = finish(&place.address(), ORDER, &strike);
            replayed(&acks(&ended.acks), &again, &strike);
            let mut ground = Ground::<sqlx::Sqlite>::at(place).await;
            ground.check("a", &strike).await;
            if ended.status.code().is_none() {
                report.strike(format!("{when:?}"));
            }
        }
    }
    report.finish(operations);
}

/// The disk fails under a COMMIT, once, and the process dies as soon as it has told what became of the call: what is found when
/// the file is recovered is what it told.
#[tokio::test]
async fn failed_sync_of_sqlite_log_answers_true_effect() {
    let shim = CrashShim::build();
    let mut report = Report::new("a sync of SQLite's log failed, and the process died", 5);
    for round in 0..scale(1, 10) {
        for sync in 1.. {
            let place = Sqlite::fresh();
            sqlx::Sqlite::prepare(&place.address()).await;
            let (lane, mark) = (format!("failed-{round}-{sync}"), place.folder().join("failed"));
            let mut command = worker(&place.address(), &format!("once {lane}"));
            let ended = Worker::spawn(shim.fail_sync(&mut command, sync, &mark)).finish();
            if !mark.exists() {
                break;
            }
            let strike = format!("sync {sync}");
            let mut ground = Ground::<sqlx::Sqlite>::at(place).await;
            ground.check(&lane, &strike).await;
            for line in &ended.acks {
                let (key, told) = match line.strip_prefix("told ") {
                    Some(told) => told.split_once(' ').expect("a step and an effect"),
                    None => continue,
                };
                let effects = ground.effects(&lane, &key.to_lowercase()).await;
                assert!(told != "NotApplied" || effects == 0, "after {strike}: there, and told otherwise: {line}");
                assert_ne!(told, "Unknown", "after {strike}: the truth can be known: {line}");
            }
            let told: Vec<String> = ended.acks.iter().filter(|line| !line.starts_with("told ")).cloned().collect();
            let again = finish(&ground.url(), &format!("brief {lane}"), &strike);
            let known: Vec<_> =
                acks(&told).into_iter().filter(|ack| again.iter().any(|again| again.call == ack.call)).collect();
            replayed(&known, &again, &strike);
            report.strike("sync");
        }
    }
    report.finish(5);
}

/// Two processes do the same work at once, one of them dies.
async fn at_any_time<DB: Backend>() {
    let strikes = scale(60, 1_000);
    let mut random = Seed::new().rng(0);
    let mut report = Report::new(format!("killed at any time, {}", DB::TITLE), 5);
    let Some(mut ground) = Ground::<DB>::fresh().await else { return report.skip() };
    for number in 0.. {
        let (lane, order) = (format!("k{number}"), format!("lane k{number}"));
        let (spawn, how): (fn(&str, &str) -> _, _) =
            if number % 2 == 0 { (worker, "kill") } else { (ungrouped, "kill, each call by itself") };
        let twin = Worker::spawn(&mut spawn(&ground.url(), &order));
        let struck = Worker::spawn(&mut spawn(&ground.url(), &order)).kill_after_acks(random.usize(0..14));
        let twin = twin.finish();
        assert!(twin.status.success(), "{lane}: the twin goes on");
        let again = finish(&ground.url(), &order, &lane);
        for acked in [acks(&struck.acks), acks(&twin.acks)] {
            replayed(&acked, &again, &lane);
        }
        one_fresh(&acks(&struck.acks), &acks(&twin.acks), &lane);
        ground.check(&lane, &lane).await;
        if struck.status.code().is_none() {
            report.strike(how);
        }
        if report.total() == strikes {
            break;
        }
        assert!(ground.effects(&lane, "add").await == 1, "{lane}: one effect");
    }
    report.finish(strikes);
}

/// Two processes find an empty database, one of them dies while it makes the tables, or soon after.
async fn while_migrating<DB: Backend>() {
    const ORDER: &str = "brief a";
    let strikes = scale(20, 300);
    let mut random = Seed::new().rng(0);
    let mut report = Report::new(format!("killed while it made the tables, {}", DB::TITLE), 5);
    while report.total() < strikes {
        let Some(place) = DB::fresh().await else { return report.skip() };
        DB::prepare(&place.address()).await;
        let struck = Worker::spawn(&mut worker(&place.address(), ORDER));
        let twin = Worker::spawn(&mut worker(&place.address(), ORDER));
        let struck = struck.kill_after(Duration::from_micros(random.u64(0..60_000)));
        let twin = twin.finish();
        assert!(twin.status.success(), "the twin goes on");
        let again = finish(&place.address(), ORDER, "a kill");
        replayed(&acks(&twin.acks), &again, "a kill");
        one_fresh(&acks(&struck.acks), &acks(&twin.acks), "a kill");
        Ground::<DB>::at(place).await.check("a", "a kill").await;
        if struck.status.code().is_none() {
            report.strike("kill");
        }
    }
    report.finish(strikes);
}
