//! Processes that die while they forget a scope, or delete what has expired. The next one ends it; nothing else is touched.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use tests::{Backend, Report, Worker, has_points, list_points, scale};

use crate::ground::{Ground, replayed};
use crate::processes::{finish, worker};

#[tokio::test]
async fn process_abort_while_forgetting_forgets_scope_alone_sqlite() {
    forgets::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn process_abort_while_forgetting_forgets_scope_alone_postgres() {
    forgets::<sqlx::Postgres>().await;
}

#[tokio::test]
async fn process_abort_while_sweeping_keeps_floor_of_epochs_sqlite() {
    sweeps::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn process_abort_while_sweeping_keeps_floor_of_epochs_postgres() {
    sweeps::<sqlx::Postgres>().await;
}

/// Dies at this passage of a point; false if it was not passed.
fn abort(command: &mut Command, point: &str, passage: usize) -> bool {
    !Worker::spawn(command.env("IDEM_ABORT_AT", format!("{point}:{passage}"))).finish().status.success()
}

async fn forgets<DB: Backend>() {
    if !has_points() {
        return;
    }
    let strikes = scale(10, 100);
    let points = ["forget.blank.before", "forget.blank.after"];
    let mut report = Report::new(format!("aborted while it forgets, {}", DB::TITLE), 5).expecting(points);
    let Some(mut ground) = Ground::<DB>::fresh().await else { return report.skip() };
    let url = ground.url();
    let kept = finish(&url, "lane kept", "nothing");
    for round in 1.. {
        for point in points {
            let (lane, strike) = (format!("{point}-{round}"), format!("{point}:{round}"));
            finish(&url, &format!("brief {lane}"), &strike);
            // A lane has few pages of keys, so a later passage may not come.
            report.add(point, u64::from(abort(&mut worker(&url, &format!("forget {lane}")), point, 1 + round % 3)));
            finish(&url, &format!("forget {lane}"), &strike);
            for table in ["idem_transitions", "idem_entries", "idem_claims"] {
                let left = format!("SELECT '', count(*) FROM {table} WHERE scope = '{lane}'");
                assert_eq!(DB::ask(&mut ground.conn, &left).await[0].1, 0, "after {strike}: left in {table}");
            }
            replayed(&kept, &finish(&url, "lane kept", &strike), &strike);
            let audit = ground.lane("kept").idem.ledger().audit().await.unwrap();
            assert!(audit.is_sound(), "after {strike}: {:?}", audit.findings);
        }
        if report.total() >= strikes && report.least() >= 5 {
            break;
        }
        assert!(round < 300, "some point is hardly ever passed");
    }
    report.finish(strikes);
}

async fn sweeps<DB: Backend>() {
    const LOCKS: usize = 25;
    const RELEASED: &str = "SELECT '', epoch FROM idem_claims WHERE state = 3";
    const FLOOR: &str = "SELECT '', epoch_floor FROM idem_installation";
    if !has_points() {
        return;
    }
    let strikes = scale(12, 100);
    let mut report =
        Report::new(format!("aborted while it sweeps, {}", DB::TITLE), 4).expecting(["sweep.claims", "sweep.end"]);
    let Some(mut ground) = Ground::<DB>::fresh().await else { return report.skip() };
    let (url, idem) = (ground.url(), ground.lane("kept").idem);
    let kept = finish(&url, "lane kept", "nothing");
    let points: BTreeSet<String> = list_points(&mut worker(&url, "sweep")).into_iter().collect();
    for round in 1.. {
        for point in &points {
            let strike = format!("{point}:{round}");
            for lock in 0..LOCKS {
                let lock = idem.lock(format!("lock-{lock}"));
                lock.acquire(Duration::ZERO).await.unwrap().release().await.unwrap();
            }
            let released = |rows: Vec<(String, i64)>| rows.into_iter().map(|(_, epoch)| epoch).collect::<BTreeSet<_>>();
            let before = released(DB::ask(&mut ground.conn, RELEASED).await);
            assert!(!before.is_empty(), "each claim has an epoch, and those of one millisecond may be the same");
            report.add(point.as_str(), u64::from(abort(&mut worker(&url, "sweep"), point, 1 + round % 3)));
            let (left, floor) =
                (DB::ask(&mut ground.conn, RELEASED).await, DB::ask(&mut ground.conn, FLOOR).await[0].1);
            let swept = before.difference(&released(left)).max().copied();
            assert!(
                swept.is_none_or(|epoch| epoch <= floor),
                "after {strike}: {swept:?} was deleted, and the floor is {floor}"
            );
            finish(&url, "sweep", &strike);
            assert!(DB::ask(&mut ground.conn, RELEASED).await.is_empty(), "after {strike}: what has expired is left");
            let next = idem.lock("lock-0").acquire(Duration::ZERO).await.unwrap();
            assert!(Some(&next.epoch().as_i64()) > before.last(), "after {strike}: an epoch comes again");
            next.release().await.unwrap();
            replayed(&kept, &finish(&url, "lane kept", &strike), &strike);
        }
        if report.total() >= strikes && report.least() >= 4 {
            break;
        }
        assert!(round < 300, "some point is hardly ever passed");
    }
    report.finish(strikes);
}
