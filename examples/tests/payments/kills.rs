//! Killed runs: the run after the last kill ends in the book of a run that was not killed.

use serde_json::Value;
use tests::PrivatePostgres;

use crate::support::{Database, Payments, feed, fresh, generated, on_each_database, text};

on_each_database!(
    killed_run_is_completed_by_next_run,
    run_after_kill_repeats_only_uncommitted_commands,
    run_after_eight_kills_ends_in_same_book,
    run_after_aborts_inside_engine_ends_in_same_book,
);

fn clean(feed: &[u8]) -> Value {
    Payments::on(&Database::sqlite(), feed).json()
}

fn killed_run_is_completed_by_next_run(database: impl Fn() -> Option<Database>) {
    let feed = feed(400);
    let clean = clean(&feed);
    let last = fresh(&clean);
    for kill in [1, 2, last / 3, last / 2 + 1, last - 1, last] {
        let Some(database) = database() else { return };
        Payments::on(&database, &feed).with(&["--kill-after", &kill.to_string()]).ends_killed();
        let next = Payments::on(&database, &feed).json();
        assert_eq!(next["book"], clean["book"], "killed at fresh command {kill}");
        let again = Payments::on(&database, &feed).json();
        assert_eq!((fresh(&again), &again["book"]), (0, &clean["book"]), "killed at fresh command {kill}");
    }
}

/// With one worker nothing else is under way, so the numbers are exact.
fn run_after_kill_repeats_only_uncommitted_commands(database: impl Fn() -> Option<Database>) {
    let feed = feed(300);
    let all = fresh(&clean(&feed));
    for (kill, committed) in [("1", 0), ("2", 2), ("21", 20), ("22", 22)] {
        let Some(database) = database() else { return };
        Payments::on(&database, &feed).with(&["--workers", "1", "--kill-after", kill]).ends_killed();
        assert_eq!(fresh(&Payments::on(&database, &feed).json()), all - committed, "killed at fresh command {kill}");
    }
}

fn run_after_eight_kills_ends_in_same_book(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let feed = feed(600);
    let clean = clean(&feed);
    for kill in 0..8 {
        Payments::on(&database, &feed).with(&["--kill-after", &(20 + kill).to_string()]).ends_killed();
    }
    let last = Payments::on(&database, &feed).json();
    assert_eq!(last["book"], clean["book"]);
    assert!(fresh(&last) < fresh(&clean) - 8 * 20);
}

/// Without `--kill-after`: at the engine's own writes and commits, on the path that every user takes.
fn run_after_aborts_inside_engine_ends_in_same_book(database: impl Fn() -> Option<Database>) {
    let Some(database) = database() else { return };
    let feed = feed(600);
    let clean = clean(&feed);
    for passage in [1, 2, 31, 32, 63, 64] {
        Payments::on(&database, &feed).env("IDEM_ABORT_AT", &passage.to_string()).ends_killed();
    }
    assert_eq!(Payments::on(&database, &feed).json()["book"], clean["book"]);
}

/// A run with fewer commands than `--kill-after` says so.
#[test]
fn kill_after_more_commands_than_run_has_is_reported() {
    let output = Payments::on(&Database::sqlite(), &generated(1, 50)).with(&["--kill-after", "5000"]).run();
    assert!(output.status.success());
    assert!(text(&output.stderr).contains("--kill-after 5000: the run had only"), "{}", text(&output.stderr));
}

/// A run goes on where the server comes back in time.
#[test]
fn server_restart_during_run_ends_in_same_book() {
    let Some(mut server) = PrivatePostgres::start() else { return };
    let feed = feed(3_000);
    let clean = clean(&feed);
    let url = server.url().to_string();
    let report = std::thread::scope(|scope| {
        let running = scope.spawn(|| Payments::at(&url, &feed).json());
        let effects = || count_effects(&server);
        while effects() < 100 {
            assert!(!running.is_finished(), "the run ended before the server was killed");
        }
        server.kill();
        server.restart();
        running.join().expect("the run ends well")
    });
    assert_eq!(report["book"], clean["book"]);
}

/// 0 while the tables are not there.
fn count_effects(server: &PrivatePostgres) -> i64 {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let mut connection = server.url().connect().await;
        let count = sqlx::query_scalar("SELECT count(seq) FROM idem_transitions").fetch_one(&mut connection).await;
        count.unwrap_or(0)
    })
}
