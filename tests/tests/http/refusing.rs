//! Stores that answer and refuse: no guard runs without its record for that, and what may pass in a moment is asked for again.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::post;
use idem_core::Idem;
use idem_http::{Done, Guard, Lease, Leases, Problem, Work, scope};
use tests::{At, Backend, Cut, Hangup, Place as _, PollLimit, Postgres, PrivateRedis, Proxy, Sqlite};
use tokio::time::sleep;

use crate::service::{App, Gate, Script, Then, router};
use crate::site::{Door, Got, KEY, Site, Via, node};

const WHY: &str = "as the test says";
const OTHER: &str = "clkyoesmbgybucifusbbtdsbohtyuuwz";
/// Between two looks at a server.
const PAUSE: Duration = Duration::from_millis(10);
const LOCK: &str = "BEGIN; LOCK TABLE idem_claims IN ACCESS EXCLUSIVE MODE";

/// A leased service, and how often its handler ran.
fn charges(leases: impl Into<Leases>, settings: impl FnOnce(Leased) -> Leased) -> (Door, Arc<AtomicU32>) {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let act = move |lease: Lease| {
        let _ = lease.key("charge");
        counted.fetch_add(1, SeqCst);
        async move { lease.done("charged") }
    };
    let guard = settings(Guard::leased(leases, scope::single())).required();
    (Door::Call(Router::new().route("/acts", post(act)).layer(guard)), runs)
}

type Leased = Guard<idem_http::Leased>;

/// A script that keeps Redis busy for this many seconds; there when this returns.
fn busy(redis: &PrivateRedis, seconds: u32) -> Child {
    redis.run(&["CONFIG", "SET", "busy-reply-threshold", "50"]);
    let script =
        format!("local t = redis.call('TIME')[1] + {seconds} while tonumber(redis.call('TIME')[1]) < t do end");
    let mut command = Command::new("redis-cli");
    let port = redis.port().to_string();
    let child = command.args(["-p", &port, "EVAL", &script, "0"]).stdout(Stdio::null()).spawn().expect("redis-cli");
    while !redis.run(&["PING"]).contains("BUSY") {}
    child
}

#[tokio::test]
async fn redis_that_refuses_does_not_open_a_guard() {
    let boss = ["ACL", "SETUSER", "boss", "on", "nopass", "~*", "&*", "+@all"];
    let cut = ["--user", "boss", "--pass", "x", "CLIENT", "KILL", "TYPE", "normal"];
    let cases: [(&str, &[&[&str]]); 10] = [
        ("NOREPLICAS", &[&["CONFIG", "SET", "min-replicas-to-write", "1"]]),
        ("OOM", &[&["CONFIG", "SET", "maxmemory", "1"]]),
        ("NOPERM", &[&["ACL", "SETUSER", "default", "-evalsha", "-eval"]]),
        ("NOPERM, a command of a script", &[&["ACL", "SETUSER", "default", "-hset"]]),
        ("READONLY", &[&["REPLICAOF", "127.0.0.1", "1"]]),
        ("NOAUTH", &[&boss, &["CONFIG", "SET", "requirepass", "pw"], &cut]),
        ("WRONGPASS", &[&boss, &["ACL", "SETUSER", "default", "off"], &cut]),
        ("WRONGTYPE", &[&["DEL", "idem:claimed:http"], &["SET", "idem:claimed:http", "foreign"]]),
        ("BUSY", &[]),
        ("MASTERDOWN", &[&["CONFIG", "SET", "replica-serve-stale-data", "no"], &["REPLICAOF", "127.0.0.1", "1"]]),
    ];
    for (refusal, commands) in cases {
        let Some(redis) = PrivateRedis::start() else { return };
        let leases = Leases::redis(&redis.url()).await.expect("opened");
        let (door, runs) = charges(leases, |guard| guard.fail_open_named(WHY));
        let done = Script::new(Then::Done);
        assert_eq!(door.act(KEY, &done).await.key_status(), Some("executed"));
        for command in commands {
            redis.run(command);
        }
        let busy = commands.is_empty().then(|| busy(&redis, 30));
        let got = door.act(OTHER, &done).await;
        assert_eq!(got.refusal(), (503, "store-away".into(), None, true), "{refusal}");
        assert_eq!(runs.load(SeqCst), 1, "{refusal}");
        if let Some(mut busy) = busy {
            busy.kill().expect("a child can be killed");
            busy.wait().expect("a child can be waited for");
        }
    }
}

async fn refuses_without_its_table<DB: Backend>(site: Site<DB>, break_it: &str) {
    let site = &site;
    let transactional = site.serve(|guard| guard.namespace("tx").fail_open_named(WHY)).await;
    let (leased, runs) = charges(&site.idem, |guard| guard.fail_open_named(WHY));
    let done = Script::new(Then::Done);
    for door in [&transactional, &leased] {
        assert_eq!(door.act(KEY, &done).await.key_status(), Some("executed"));
    }
    site.script(break_it).await;
    for door in [&transactional, &leased] {
        for key in [KEY, OTHER] {
            let got = door.act(key, &done).await;
            assert_eq!(got.refusal(), (503, "store-away".into(), None, true), "{break_it}");
        }
    }
    assert_eq!((site.effects().await, runs.load(SeqCst)), (1, 1));
}

#[tokio::test]
async fn store_with_the_tables_of_another_release_does_not_open_a_guard() {
    for break_it in
        ["ALTER TABLE idem_claims RENAME TO claims_away", "ALTER TABLE idem_claims RENAME COLUMN fingerprint TO other"]
    {
        let Some(site) = Site::<sqlx::Sqlite>::open(Via::Call).await else { return };
        refuses_without_its_table(site, break_it).await;
        let Some(site) = Site::<sqlx::Postgres>::open(Via::Call).await else { return };
        refuses_without_its_table(site, break_it).await;
    }
}

#[tokio::test]
async fn file_that_is_damaged_does_not_open_a_guard() {
    use std::os::unix::fs::FileExt as _;
    let place = Sqlite::fresh();
    let url = place.url();
    let idem = Idem::<sqlx::Sqlite>::open(&url).await.expect("opened");
    let first = charges(&idem, |guard| guard).0.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!(first.key_status(), Some("executed"));
    let roots = "SELECT rootpage FROM sqlite_master WHERE tbl_name = 'idem_claims'";
    let roots: Vec<i64> = sqlx::query_scalar(roots).fetch_all(idem.pool()).await.expect("pages");
    let size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(idem.pool()).await.expect("a size");
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(idem.pool()).await.expect("written back");
    idem.shutdown().await;
    idem.pool().close().await;
    let file = std::fs::OpenOptions::new().write(true).open(place.path()).expect("the file");
    for root in roots {
        let at = u64::try_from((root - 1) * size).expect("a place");
        file.write_all_at(&[0xff; 200], at).expect("written");
    }
    let idem = Idem::<sqlx::Sqlite>::open(&url).await.expect("opened");
    let (leased, runs) = charges(&idem, |guard| guard.fail_open_named(WHY));
    let app = App::default();
    let guard = Guard::transactional(&idem, scope::single()).fail_open_named(WHY).required();
    let transactional = Door::Call(router(app.clone(), &guard));
    for door in [&leased, &transactional] {
        let got = door.act(KEY, &Script::new(Then::Done)).await;
        assert_eq!((got.status, got.key_status()), (503, None), "{got:?}");
    }
    assert_eq!((runs.load(SeqCst), app.runs()), (0, 0));
}

/// A look-up that fails says nothing of the key, whoever works under it.
#[tokio::test]
async fn look_up_that_fails_beside_another_request_is_answered_as_the_failure() {
    let Some(place) = Postgres::fresh().await else { return };
    let proxy = Proxy::start(place.url());
    sqlx::Postgres::prepare(&place.address()).await;
    let idem = node::<sqlx::Postgres>(&place.url().through(proxy.address()).to_string()).await;
    let app = App::default();
    let guard = Guard::transactional(&idem, scope::single()).fail_open_named(WHY);
    let door = Door::Call(router(app.clone(), &guard.required()));
    let script = Script::new(Then::Done).waiting();
    let first = door.begin(KEY, &script);
    app.gate.reached().await;
    for other in [script.clone().amount(6), script] {
        proxy.arm_for_good(At::Statement("idem_claims".into()), Cut::Before(Hangup::Reset));
        assert_eq!(door.act(KEY, &other).await.refusal(), (503, "store-away".into(), None, true), "{other:?}");
        proxy.disarm();
    }
    app.gate.open();
    assert_eq!(first.await.expect("answered").key_status(), Some("executed"));
    assert_eq!(app.runs(), 1);
}

/// What a handler under a lease ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    NotDone,
}

/// A leased service whose handler waits at a gate when its work has ended.
fn ending(leases: impl Into<Leases>, end: End, settings: impl FnOnce(Leased) -> Leased) -> (Door, Gate) {
    let gate = Gate::default();
    let waits = gate.clone();
    let act = move |lease: Lease| {
        let gate = waits.clone();
        async move {
            let _ = lease.key("charge");
            gate.pass().await;
            match end {
                End::Done => lease.done("charged").into_response(),
                End::NotDone => lease.not_done(Problem::unavailable("no connection")).into_response(),
            }
        }
    };
    let guard = settings(Guard::leased(leases, scope::single())).required();
    (Door::Call(Router::new().route("/acts", post(act)).layer(guard)), gate)
}

/// The answer is the handler's, and its repeat is as if the store had not refused.
async fn assert_ended(end: End, got: Got, door: &Door, gate: &Gate) {
    gate.open();
    let repeat = door.act(KEY, &Script::new(Then::Done)).await;
    let (first, second) = match end {
        End::Done => ((200, Some("executed")), (200, Some("replayed"))),
        End::NotDone => ((503, Some("released")), (503, Some("released"))),
    };
    assert_eq!((got.status, got.key_status()), first, "{end:?}: {got:?}");
    assert_eq!((repeat.status, repeat.key_status()), second, "{end:?}: {repeat:?}");
}

#[tokio::test]
async fn end_that_redis_refuses_for_a_moment_is_recorded_after_it() {
    for end in [End::Done, End::NotDone] {
        for (refusal, setting, on, off) in
            [("NOREPLICAS", "min-replicas-to-write", "1", "0"), ("OOM", "maxmemory", "1", "0")]
        {
            let Some(redis) = PrivateRedis::start() else { return };
            let leases = Leases::redis(&redis.url()).await.expect("opened");
            let (door, gate) = ending(leases, end, |guard| guard);
            let first = door.begin(KEY, &Script::new(Then::Done));
            gate.reached().await;
            redis.run(&["CONFIG", "SET", setting, on]);
            gate.open();
            while !redis.run(&["INFO", "errorstats"]).contains(refusal) {
                sleep(PAUSE).await;
            }
            redis.run(&["CONFIG", "SET", setting, off]);
            assert_ended(end, first.await.expect("answered"), &door, &gate).await;
        }
        let Some(redis) = PrivateRedis::start() else { return };
        let (door, gate) = ending(Leases::redis(&redis.url()).await.expect("opened"), end, |guard| guard);
        let first = door.begin(KEY, &Script::new(Then::Done));
        gate.reached().await;
        let mut busy = busy(&redis, 2);
        gate.open();
        let got = first.await.expect("answered");
        busy.wait().expect("it ends");
        assert_ended(end, got, &door, &gate).await;
    }
}

#[tokio::test]
async fn end_that_waits_for_a_lock_is_recorded_after_it() {
    const WAITING: &str = "SELECT '', count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for end in [End::Done, End::NotDone] {
        let Some(place) = Postgres::fresh().await else { return };
        let url = place.address();
        let idem = Idem::<sqlx::Postgres>::builder().lock_wait(Duration::from_millis(100)).open(&url).await;
        let (door, gate) = ending(&idem.expect("opened"), end, |guard| guard);
        let first = door.begin(KEY, &Script::new(Then::Done));
        gate.reached().await;
        let (mut locks, mut watches) = (sqlx::Postgres::connect(&url).await, sqlx::Postgres::connect(&url).await);
        sqlx::Postgres::script(&mut locks, LOCK).await.expect("locked");
        gate.open();
        // It waits, and then the server has refused it.
        for waits in [true, false] {
            while (sqlx::Postgres::ask(&mut watches, WAITING).await[0].1 > 0) != waits {
                sleep(PAUSE).await;
            }
        }
        sqlx::Postgres::script(&mut locks, "ROLLBACK").await.expect("unlocked");
        assert_ended(end, first.await.expect("answered"), &door, &gate).await;
    }
}

#[tokio::test]
async fn key_that_could_not_be_freed_is_not_said_to_be_free() {
    for touched in [true, false] {
        let Some(redis) = PrivateRedis::start() else { return };
        let redis = Arc::new(redis);
        let server = redis.clone();
        let act = move |lease: Lease| {
            let server = server.clone();
            async move {
                if touched {
                    let _ = lease.key("charge");
                }
                server.run(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
                let problem = Problem::unavailable("no connection");
                if touched { Ok(lease.not_done(problem)) } else { Err(problem) }
            }
        };
        let leases = Leases::redis(&redis.url()).await.expect("opened");
        let guard = Guard::leased(leases.clone(), scope::single()).lease(Duration::from_secs(1));
        let drain = guard.drain();
        let acts = Router::new().route("/acts", post(act));
        let door = Door::Call(acts.layer(guard.required()));
        let got = door.act(KEY, &Script::new(Then::Done)).await;
        assert_eq!(got.refusal(), (503, "unavailable".into(), None, false), "touched: {touched}");
        assert!(PollLimit::new(1, drain.finished()).await.is_none(), "a key is being freed");
        redis.run(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
        drain.finished().await;
        let (other, _) = charges(leases, |guard| guard);
        assert_eq!(other.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
    }
}

/// A COMMIT that waits for another's lock counts as a run, as all that lose do.
#[tokio::test]
async fn handler_whose_commit_waits_runs_as_often_as_it_may() {
    let Some(site) = Site::<sqlx::Postgres>::open(Via::Call).await else { return };
    site.script(
        "CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1);
        CREATE TABLE children (parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED)",
    )
    .await;
    let idem = Idem::<sqlx::Postgres>::builder().lock_wait(Duration::from_millis(50)).open(&site.url).await;
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let act = move |mut work: Work<sqlx::Postgres>| {
        counted.fetch_add(1, SeqCst);
        async move {
            let tx = work.tx().await?;
            sqlx::query("INSERT INTO children VALUES (1)").execute(tx.conn()).await?;
            Ok::<Done, Problem>(work.done("made"))
        }
    };
    let guard = Guard::transactional(&idem.expect("opened"), scope::single());
    let guard = guard.wait(Duration::from_secs(5)).attempts(3).required();
    let door = Door::Call(Router::new().route("/acts", post(act)).layer(guard));
    let mut other = sqlx::Postgres::connect(&site.url).await;
    sqlx::Postgres::script(&mut other, "BEGIN; SELECT * FROM parents FOR UPDATE").await.expect("locked");
    let got = door.act(KEY, &Script::new(Then::Done)).await;
    assert_eq!((got.refusal(), runs.load(SeqCst)), ((503, "contended".into(), Some("released"), true), 3));
    sqlx::Postgres::script(&mut other, "ROLLBACK").await.expect("unlocked");
    assert_eq!(door.act(KEY, &Script::new(Then::Done)).await.key_status(), Some("executed"));
}
