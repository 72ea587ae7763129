//! What bounds a request: the deadline, the layers inside, the end of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use idem_core::Idem;
use idem_http::{Done, Guard, Keys, Lease, Leases, Problem, Work, scope};
use tests::Sqlite;
use tokio::sync::Semaphore;
use tower::limit::ConcurrencyLimitLayer;
use tower::{ServiceBuilder, ServiceExt as _};

use crate::service::{Gate, Script, Then};
use crate::site::{Door, KEY, Site, Via, act as act_of};

type OnSqlite = Work<sqlx::Sqlite>;

/// Is always ready, and never ends.
async fn never_waits() {
    let free = Semaphore::new(1);
    loop {
        drop(free.acquire().await.expect("open"));
    }
}

#[tokio::test]
async fn deadline_ends_a_handler_that_is_always_ready() {
    let place = Sqlite::fresh();
    let idem = Idem::<sqlx::Sqlite>::open(&place.url()).await.expect("opened");
    let deadline = Duration::from_millis(50);
    let act = async |mut work: OnSqlite| -> Result<Done, Problem> {
        work.tx().await?;
        never_waits().await;
        Ok(work.done("never"))
    };
    let transactional = Guard::transactional(&idem, scope::single()).deadline(deadline);
    let transactional = Router::new().route("/acts", post(act)).layer(transactional.required());
    let act = async |lease: Lease| {
        let _ = lease.key("charge");
        never_waits().await;
        lease.done("never")
    };
    let leased = Guard::leased(Leases::memory(), scope::single()).deadline(deadline);
    let leased = Router::new().route("/acts", post(act)).layer(leased.required());
    let act = async |_: Keys| never_waits().await;
    let keyed = Guard::keyed(scope::single()).deadline(deadline);
    let keyed = Router::new().route("/acts", post(act)).layer(keyed.required());
    for service in [transactional, leased, keyed] {
        let got = Door::Call(service).act(KEY, &Script::new(Then::Done)).await;
        assert_eq!((got.status, got.problem()), (503, "deadline".into()));
    }
}

#[tokio::test]
async fn duplicate_that_waits_holds_no_place_inside() {
    let Some(site) = Site::<sqlx::Sqlite>::open(Via::Call).await else { return };
    let gate = Gate::default();
    let inside = gate.clone();
    let act = move |mut work: OnSqlite| {
        let gate = inside.clone();
        async move {
            let is_first = work.attempt() == 1;
            let tx = work.tx().await?;
            if is_first {
                gate.pass().await;
                tx.note(&sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
                return Err(Problem::unavailable("lost to another writer"));
            }
            Ok::<_, Problem>(work.done("ok"))
        }
    };
    let guard = site.guard().wait(Duration::from_mins(1)).deadline(Duration::from_mins(1)).required();
    let service = ServiceBuilder::new().layer(guard).layer(ConcurrencyLimitLayer::new(1));
    let service = service.service(Router::new().route("/acts", post(act)));
    let send = || {
        let answer = service.clone().oneshot(act_of(KEY, &Script::new(Then::Done)).map(Body::from));
        tokio::spawn(async move { answer.await.expect("infallible").headers()["idempotency-status"].clone() })
    };
    let first = send();
    gate.reached().await;
    let duplicate = send();
    // It waits for the first one, which runs again.
    tokio::task::yield_now().await;
    gate.open();
    assert_eq!(
        (first.await.expect("answered"), duplicate.await.expect("answered")),
        ("executed".parse().expect("text"), "replayed".parse().expect("text"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn drain_ends_after_the_last_auditor() {
    for _ in 0..30 {
        let (audited, runs) = (Arc::new(AtomicU32::new(0)), Gate::default());
        let (noted, gate) = (audited.clone(), runs.clone());
        let guard = Guard::keyed(scope::single()).audit(move |_| {
            std::thread::sleep(Duration::from_millis(1));
            noted.fetch_add(1, SeqCst);
        });
        let drain = guard.drain();
        let act = move |_: Keys| {
            let gate = gate.clone();
            async move { gate.pass().await }
        };
        let door = Door::Call(Router::new().route("/acts", post(act)).layer(guard.required()));
        let sent = door.begin(KEY, &Script::new(Then::Done));
        runs.reached().await;
        runs.open();
        drain.finished().await;
        assert_eq!(audited.load(SeqCst), 1);
        sent.await.expect("answered");
    }
}
