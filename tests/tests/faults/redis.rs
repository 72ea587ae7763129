//! A Redis that is killed, stopped, flushed, and replaced by a replica that lags: what is promised of leases there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use idem_core::lease::{Claim, Leases};
use idem_core::operation::Request;
use idem_core::{Error, Idem, Key};
use tests::operations::{GUARDED, ON_LEASES, Operations};
use tests::{Backend as _, Place as _, PrivateRedis, Report, Sqlite, scale};

type Db = sqlx::Sqlite;

async fn prepared() -> (Sqlite, Idem<Db>) {
    let place = Sqlite::fresh();
    Db::prepare(&place.address()).await;
    Db::script(&mut Db::connect(&place.address()).await, GUARDED).await.unwrap();
    let idem = Idem::open(&place.address()).await.unwrap();
    (place, idem)
}

async fn count(place: &Sqlite, sql: &str) -> i64 {
    Db::ask(&mut Db::connect(&place.address()).await, sql).await.pop().map_or(0, |(_, count)| count)
}

/// Runs lanes while something happens to the server again and again, until it has happened `strikes` times.
async fn lanes_while(leases: &Leases, strikes: u64, mut strike: impl FnMut() + Send + 'static) -> Sqlite {
    let (place, idem) = prepared().await;
    let (struck, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let striking = tokio::task::spawn_blocking({
        let (struck, done) = (struck.clone(), done.clone());
        move || {
            while !done.load(Ordering::Relaxed) {
                strike();
                struck.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    for lane in 0.. {
        if struck.load(Ordering::Relaxed) >= strikes {
            break;
        }
        let lane = format!("lane-{lane}");
        let operations = Operations::new(idem.clone(), leases.clone(), &place.address(), &lane);
        for call in ON_LEASES {
            let first = insist(&operations, call).await;
            let again = insist(&operations, call).await;
            assert_eq!(first, again, "{lane}");
        }
    }
    done.store(true, Ordering::Relaxed);
    striking.await.unwrap();
    place
}

/// Until the server is there.
async fn insist(operations: &Operations<Db>, call: &str) -> String {
    loop {
        match operations.call(call).await {
            Ok(answer) => return answer,
            Err(error) => {
                let known = error.downcast_ref::<Error>().is_some_and(Error::is_retryable);
                assert!(known || error.to_string().contains("Redis"), "{call}: {error}");
            }
        }
    }
}

/// No mail twice, and no write of an older owner after one of a newer.
async fn check(place: &Sqlite) {
    let twice = "SELECT lane, count(*) FROM notes WHERE what = 'mail' GROUP BY lane HAVING count(*) > 1";
    assert_eq!(count(place, twice).await, 0);
    let fell = "SELECT '', count(*) FROM guarded a JOIN guarded b ON b.place = a.place + 1 WHERE b.epoch < a.epoch";
    assert_eq!(count(place, fell).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_and_started_again_keeps_each_effect_once() {
    let mut report = Report::new("Redis killed under leases", 3);
    let Some(mut server) = PrivateRedis::start() else { return report.skip() };
    let leases = Leases::redis(&server.url()).await.unwrap();
    let strikes = scale(5, 50);
    let place = lanes_while(&leases, strikes, move || {
        // The moment is the fault that is tested.
        std::thread::sleep(Duration::from_millis(150));
        server.kill();
        server.restart();
    })
    .await;
    check(&place).await;
    report.add("kill", strikes);
    report.finish(strikes);
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_stopped_beyond_leases_keeps_each_effect_once() {
    let mut report = Report::new("Redis stopped under leases", 3);
    let Some(server) = PrivateRedis::start() else { return report.skip() };
    let leases = Leases::redis(&server.url()).await.unwrap();
    let strikes = scale(3, 30);
    let place = lanes_while(&leases, strikes, move || {
        std::thread::sleep(Duration::from_millis(100));
        server.pause();
        // Longer than a lease.
        std::thread::sleep(Duration::from_millis(600));
        server.resume();
    })
    .await;
    check(&place).await;
    report.add("stop", strikes);
    report.finish(strikes);
}

/// A server that forgets is answered for by the key of the foreign side, and by fences; an effect that knows neither is repeated.
#[tokio::test]
async fn redis_that_forgets_repeats_work_under_one_key_with_higher_epoch() {
    let Some(server) = PrivateRedis::start() else { return };
    let charge = Leases::redis(&server.url()).await.unwrap().operation("charge");
    let (key, request) = (Key::new("shop", "k").unwrap(), Request::to("card").part(b"5"));
    let claim = async || match charge.claim(&key, &request).await.unwrap() {
        Claim::Mine(lease) => lease,
        other => panic!("{other:?}"),
    };
    let first = claim().await;
    let (first_key, first_epoch) = (first.lease().key(), first.lease().epoch());
    assert!(server.run(&["flushall"]).contains("OK"));
    // Forgotten under way: its owner cannot complete it, and is not answered that it could.
    assert!(matches!(first.complete(b"1").await, Err(Error::Fenced { current: None, .. })));
    let second = claim().await;
    assert!(second.lease().epoch() > first_epoch && second.lease().key() == first_key);
    second.complete(b"2").await.unwrap();
    assert!(server.run(&["flushall"]).contains("OK"));
    // Forgotten once it was done: it is done again, under the key that the foreign side knows.
    let third = claim().await;
    assert!(third.lease().key() == first_key);
    third.release().await.unwrap();
}

/// A replica that had not seen the last claims becomes the server.
#[tokio::test]
async fn replica_that_lags_hands_out_higher_epochs_and_repeats_work_under_one_key() {
    let (Some(server), Some(replica)) = (PrivateRedis::start(), PrivateRedis::start()) else { return };
    replica.run(&["replicaof", "127.0.0.1", &server.port().to_string()]);
    let seen = Leases::redis(&server.url()).await.unwrap().lock("seen");
    let guard = seen.acquire(Duration::ZERO).await.unwrap();
    while replica.run(&["keys", "idem:claim:*"]).trim().is_empty() {
        tokio::task::yield_now().await;
    }
    // From here on it lags.
    replica.run(&["replicaof", "no", "one"]);
    let unseen = Leases::redis(&server.url()).await.unwrap().lock("unseen");
    let lost = unseen.acquire(Duration::ZERO).await.unwrap();
    let promoted = Leases::redis(&replica.url()).await.unwrap();
    assert!(promoted.lock("seen").try_acquire().await.unwrap().is_none(), "what it had seen holds");
    let next = promoted.lock("unseen").try_acquire().await.unwrap().expect("what it had not seen is forgotten");
    assert!(next.epoch() > lost.epoch(), "so a fence lets the later owner in, and the earlier one out");
    drop((guard, lost, next));
}

/// Locks of one name, of two services that share the server: each has epochs of its own, also where they fence one database.
#[tokio::test]
async fn locks_of_two_prefixes_do_not_fence_each_other() {
    let Some(server) = PrivateRedis::start() else { return };
    let (_place, idem) = prepared().await;
    let [mut first, mut second] = [None, None];
    for (prefix, guard) in [("a:", &mut first), ("b:", &mut second)] {
        let leases = Leases::redis_with_prefix(&server.url(), prefix).await.unwrap();
        *guard = Some(leases.lock("nightly").acquire(Duration::ZERO).await.unwrap());
    }
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.epoch() < second.epoch());
    for (number, guard) in [&second, &first].into_iter().enumerate() {
        let key = Key::new("shop", number.to_string()).unwrap();
        assert!(idem.ledger().account("wallet").apply_delta(&key, 1).fenced_by(guard).await.unwrap().is_fresh());
    }
}

/// A claim that the server refuses in part is not there, and a key of another type keeps no other lease from its renewal.
#[tokio::test]
async fn redis_that_refuses_part_of_claim_has_no_claim() {
    let Some(server) = PrivateRedis::start() else { return };
    let leases = Leases::redis(&server.url()).await.unwrap();
    let charge = leases.operation("charge").lease(Duration::from_millis(300));
    server.run(&["set", "idem:claimed:charge", "of another type"]);
    let (key, request) = (Key::new("shop", "k").unwrap(), Request::to("card").part(b"5"));
    assert!(matches!(charge.claim(&key, &request).await, Err(Error::Store { .. })));
    server.run(&["del", "idem:claimed:charge"]);
    let Claim::Mine(other) = charge.claim(&key, &request).await.unwrap() else { panic!("nothing was begun") };
    let claims = server.run(&["keys", "idem:claim:*"]);
    assert_eq!(claims.lines().count(), 1, "{claims}");
    server.run(&["set", claims.trim(), "of another type"]);
    let guard = leases.lock("nightly").lease(Duration::from_millis(300)).acquire(Duration::ZERO).await.unwrap();
    other.lease().lost().await;
    guard.check().expect("it is renewed");
    let renewed = guard.ends();
    while guard.ends() == renewed {
        guard.check().expect("it is renewed");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn redis_that_may_evict_keys_is_refused() {
    let Some(server) = PrivateRedis::start() else { return };
    server.run(&["config", "set", "maxmemory-policy", "volatile-lru"]);
    let refused = Leases::redis(&server.url()).await.expect_err("it may evict");
    assert!(matches!(&refused, Error::Config { problem } if problem.contains("noeviction")), "{refused}");
    assert!(matches!(Leases::redis("http://x").await, Err(Error::Config { .. })));
    assert!(matches!(Leases::redis("redis://127.0.0.1:1").await, Err(Error::Unavailable { .. })));
}
