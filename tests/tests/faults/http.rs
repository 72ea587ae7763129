//! The HTTP edge: requests and replies that are lost, and servers that are killed, under load.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use idem_core::Idem;
use tests::http::{Answered, Client, Losses, LossyProxy, MERCHANT, Paid, Payment, Tally, router};
use tests::{Backend, Place, Report, Seed, Worker, scale};
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_blocking};

const LOSSES: Losses = Losses { requests: 10, replies: 30 };

#[tokio::test]
async fn requests_and_replies_that_are_lost_keep_each_payment_once_sqlite() {
    losses::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn requests_and_replies_that_are_lost_keep_each_payment_once_postgres() {
    losses::<sqlx::Postgres>().await;
}

#[tokio::test]
async fn servers_that_are_killed_keep_each_payment_once_sqlite() {
    kills::<sqlx::Sqlite>(1).await;
}

#[tokio::test]
async fn servers_that_are_killed_keep_each_payment_once_postgres() {
    kills::<sqlx::Postgres>(2).await;
}

/// 64 clients, each with payments of its own, through a proxy that loses some.
async fn losses<DB: Backend>() {
    const CLIENTS: usize = 64;
    let Some(place) = DB::fresh().await else { return };
    DB::prepare(&place.address()).await;
    let bound = Duration::from_secs(20);
    let idem =
        Idem::<DB>::builder().lock_wait(bound).acquire_timeout(bound).open(&place.address()).await.expect("opened");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = LossyProxy::start(1, LOSSES, Seed::new()).await;
    proxy.set_server(0, Some(listener.local_addr().expect("an address")));
    let service = router(&idem);
    tokio::spawn(async move { axum::serve(listener, service).await });

    let (tally, each) = (Arc::new(Tally::default()), scale(20, 200));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, tally) = (Client::new(proxy.url()), tally.clone());
        clients.spawn(async move { pay(&client, &tally, number, each).await });
    }
    let answered = clients.join_all().await.into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(answered.len(), CLIENTS * each);
    prove::<DB>(&place, &answered).await;

    let (requests, replies, _) = proxy.lost();
    let mut report = Report::new(format!("HTTP under losses, {}", DB::TITLE), 5);
    report.add("requests lost", requests);
    report.add("replies lost", replies);
    report.add("replays", tally.replayed.load(Relaxed));
    report.finish(scale(200, 2_000));
}

/// Servers on one database, killed again and again under load.
async fn kills<DB: Backend>(servers: usize) {
    const CLIENTS: usize = 16;
    let Some(place) = DB::fresh().await else { return };
    DB::prepare(&place.address()).await;
    let seed = Seed::new();
    let proxy = Arc::new(LossyProxy::start(servers, LOSSES, seed).await);
    let (tally, over, kills) = (Arc::new(Tally::default()), Arc::new(AtomicBool::default()), scale(10, 50));

    let mut killers = JoinSet::new();
    for server in 0..servers {
        let (url, proxy, mut random) = (place.address(), proxy.clone(), seed.rng(server as u64));
        killers.spawn(async move {
            for _ in 0..kills {
                let (worker, address) = start(url.clone()).await;
                proxy.set_server(server, Some(address));
                // The moment is the fault that is tested; nothing is waited for.
                let delay = Duration::from_millis(random.u64(50..400));
                spawn_blocking(move || worker.kill_after(delay)).await.expect("killed");
                proxy.set_server(server, None);
            }
            let (worker, address) = start(url).await;
            proxy.set_server(server, Some(address));
            worker
        });
    }
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, tally, over) = (Client::new(proxy.url()), tally.clone(), over.clone());
        clients.spawn(async move {
            let (mut answered, mut round) = (Vec::new(), 0);
            while !over.load(Relaxed) {
                answered.extend(pay(&client, &tally, number * 1_000_000 + round, 5).await);
                round += 1;
            }
            answered
        });
    }
    let survivors = killers.join_all().await;
    over.store(true, Relaxed);
    let answered = clients.join_all().await.into_iter().flatten().collect::<Vec<_>>();
    prove::<DB>(&place, &answered).await;
    drop(survivors);

    let (requests, replies, broken) = proxy.lost();
    let mut report = Report::new(format!("HTTP servers killed, {}", DB::TITLE), 5);
    report.add("server killed", (kills * servers) as u64);
    report.add("requests lost", requests);
    report.add("replies lost", replies);
    report.add("exchange broken off by a kill, or no server", broken);
    report.add("replays", tally.replayed.load(Relaxed));
    report.finish(scale(50, 500));
}

async fn start(url: String) -> (Worker, SocketAddr) {
    let begun = spawn_blocking(move || {
        let mut worker = Worker::spawn(Command::new(env!("CARGO_BIN_EXE_http_worker")).arg(&url));
        let address = worker.next_ack().expect("the server starts").parse().expect("an address");
        (worker, address)
    });
    begun.await.expect("started")
}

/// Makes payments one after another; every tenth is asked for once more when it is answered.
async fn pay(client: &Client, tally: &Tally, number: usize, payments: usize) -> Vec<Answered> {
    static REPEATED: AtomicU64 = AtomicU64::new(0);
    let mut answered = Vec::new();
    for at in 0..payments {
        let amount = i64::try_from(1 + (number + at) % 97).expect("a small number");
        let payment = Payment { lane: format!("lane-{number}-{at}"), amount };
        let first = client.pay(&payment, tally).await;
        if REPEATED.fetch_add(1, Relaxed).is_multiple_of(10) {
            assert_eq!(client.pay(&payment, tally).await, first, "every answer is the first one");
        }
        answered.push(first);
    }
    answered
}

/// Each payment has one row, and the account has what they add up to.
async fn prove<DB: Backend>(place: &DB::Place, answered: &[Answered]) {
    for Answered { payment, paid: Paid { lane, .. } } in answered {
        assert_eq!(&payment.lane, lane, "an answer to another request");
    }
    let mut conn = DB::connect(&place.address()).await;
    let rows = DB::ask(&mut conn, "SELECT lane, count(*) FROM notes GROUP BY lane").await;
    assert_eq!(rows.len(), answered.len(), "payments");
    assert!(rows.iter().all(|(_, count)| *count == 1), "{:?}", rows.iter().find(|(_, count)| *count != 1));
    let idem = Idem::<DB>::open(&place.address()).await.expect("opened");
    let balance = idem.ledger().account(MERCHANT).get().await.expect("read").expect("an account").balance;
    assert_eq!(balance, answered.iter().map(|answered| answered.payment.amount).sum::<i64>(), "the ledger");
}
