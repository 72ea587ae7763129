//! A PostgreSQL server that is killed under writers, as by a machine that loses power, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use idem_core::{Idem, Key, Natural};
use sqlx::Postgres;
use tests::lane::{Ack, Failure};
use tests::shop::{Shop, Wallet, wallet};
use tests::{Backend as _, PrivatePostgres, Report, Seed, scale};
use tokio::sync::watch;

use crate::invariants;

/// Enough to share transactions; every other one changes an account instead of adding to a wallet.
const WRITERS: usize = 32;

/// How long calls may go without an answer, from the moment at which the server is back.
const BACK_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_kill_under_writers_keeps_acknowledged_effects() {
    let Some(mut server) = PrivatePostgres::start() else { return };
    let url = server.url().to_string();
    let mut random = Seed::new().rng(0);
    let mut report = Report::new("PostgreSQL killed under 32 writers", 3);
    Postgres::prepare(&url).await;
    // One pool for every two: two servers' worth of them.
    let pools = [Idem::<Postgres>::open(&url).await.unwrap(), Idem::open(&url).await.unwrap()];
    for machine in ["writer-0", "writer-1", "writer-2", "writer-3"] {
        Wallet::stored(&pools[0], Shop).at(machine).start(Natural, wallet::Open { total: 0 }).await.unwrap();
    }

    for cycle in 0..scale(3, 30) {
        let run = Arc::new(Run::default());
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write(pools[writer % 2].clone(), writer, cycle, Arc::clone(&run))))
            .collect();
        run.answered(random.u64(20..200)).await;
        server.kill();
        report.strike("kill");
        server.restart();
        let back = Instant::now();
        run.answered(run.answers() + 50).await;
        assert!(back.elapsed() < BACK_WITHIN, "cycle {cycle}: no answers for {:?}", back.elapsed());
        run.stop.store(true, Ordering::SeqCst);

        let after = format!("kill {cycle}");
        for writer in writers {
            let acks = writer.await.unwrap();
            durable(&pools[0], &acks, &after).await;
        }
        let mut conn = Postgres::connect(&url).await;
        invariants::nobody_idle_in_transaction::<Postgres>(&mut conn, &after).await;
        invariants::check::<Postgres>(&mut conn, &after).await;
        assert!(pools[1].ledger().audit().await.unwrap().is_sound(), "after {after}");
        for writer in 0..4 {
            let found = Wallet::stored(&pools[1], Shop).at(format!("writer-{writer}")).verify().await.unwrap();
            assert_eq!(found.differences, [], "after {after}");
        }
    }
    report.finish(3);
}

/// What the writers of one cycle share.
#[derive(Default)]
struct Run {
    stop: AtomicBool,
    next: AtomicU64,
    answers: watch::Sender<u64>,
}

impl Run {
    fn answers(&self) -> u64 {
        *self.answers.borrow()
    }

    async fn answered(&self, count: u64) {
        // The sender is alive as long as this value.
        let _ = self.answers.subscribe().wait_for(|answers| *answers >= count).await;
    }
}

/// Calls with one key after the other, each until it is answered.
async fn write(idem: Idem<Postgres>, writer: usize, cycle: usize, run: Arc<Run>) -> Vec<Ack> {
    let mut acks = Vec::new();
    while !run.stop.load(Ordering::SeqCst) {
        let name = format!("{cycle}-{writer}-{}", run.next.fetch_add(1, Ordering::SeqCst));
        loop {
            match call(&idem, writer, &name).await {
                Ok(ack) => {
                    acks.push(ack);
                    run.answers.send_modify(|answers| *answers += 1);
                    break;
                }
                Err(failure) => assert!(failure.is_retryable(), "{failure}"),
            }
        }
    }
    acks
}

async fn call(idem: &Idem<Postgres>, writer: usize, name: &str) -> Result<Ack, Failure> {
    let key = Key::new("server", name).unwrap();
    let target = format!("writer-{}", writer / 2 % 4);
    Ok(if writer.is_multiple_of(2) {
        Ack::of(name, &Wallet::stored(idem, Shop).at(target).add(&key, wallet::Add { by: 1 }).await?)
    } else {
        Ack::of(name, &idem.ledger().account(target).apply_delta(&key, 1).await?)
    })
}

/// What was acknowledged is there, and answers the same.
async fn durable(idem: &Idem<Postgres>, acks: &[Ack], after: &str) {
    for ack in acks {
        let writer = ack.call.split('-').nth(1).unwrap().parse().unwrap();
        let again = call(idem, writer, &ack.call).await.unwrap();
        assert!(!again.fresh && again.answer == ack.answer, "after {after}: {ack} is now {again}");
    }
}
