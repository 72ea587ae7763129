//! One request many times at once: 2, 8, 32 and 128 copies, in this process and in four others.

use std::collections::BTreeMap;

use idem_core::{ErrorKind, Natural};
use tests::copies::Request;
use tests::lane::{Ack, Failure};
use tests::shop::wallet;
use tests::{Backend, Report, scale};

use crate::ground::Ground;
use crate::processes::Servant;

/// How many copies of each request, and how many requests of each kind.
const COPIES: [(usize, usize); 4] = [(2, 120), (8, 48), (32, 24), (128, 8)];

const PROCESSES: usize = 4;

/// The machine and the account that all of them are about.
const BUSY: &str = "busy";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_copies_of_request_have_one_effect_and_answer_sqlite() {
    copies::<sqlx::Sqlite>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_copies_of_request_have_one_effect_and_answer_postgres() {
    copies::<sqlx::Postgres>().await;
}

async fn copies<DB: Backend>() {
    let Some(mut ground) = Ground::<DB>::fresh().await else { return };
    let mut report = Report::new(format!("requests with concurrent copies, {}", DB::TITLE), 5);
    let mut servants: Vec<_> = (0..PROCESSES).map(|_| Servant::neighbour(&ground.url())).collect();
    let busy = ground.lane(BUSY);
    busy.wallet().start(Natural, wallet::Open { total: 0 }).await.unwrap();
    let mut additions = 0;
    for (copies, requests) in COPIES {
        for (number, request) in (0..requests * scale(1, 10)).flat_map(|n| Request::ALL.map(|request| (n, request))) {
            let key = format!("{request}-{copies}-{number}");
            let here = busy.copies(request, &key, copies).await.unwrap();
            one_fresh_and_all_the_same(&here, copies, &format!("{key} here"));
            report.strike(format!("{request:<8} {copies:>3} in one process"));

            let key = format!("{key}-apart");
            let there = there(&mut servants, request, &key, copies);
            one_fresh_and_all_the_same(&there, copies, &format!("{key} apart"));
            report.strike(format!("{request:<8} {copies:>3} in {PROCESSES} processes"));
            additions += 2 * u32::from(request == Request::Add);
        }
        for request in Request::ALL {
            let other = busy.misuse(request, &format!("{request}-{copies}-0")).await;
            assert!(is_reuse(other.as_ref().unwrap_err()), "{request}, {copies}: {other:?}");
        }
        ground.check(BUSY, &format!("{copies} copies of each request")).await;
    }
    let total = format!("SELECT '', version - 1 - {additions} FROM idem_machines WHERE id = '{BUSY}'");
    assert_eq!(DB::ask(&mut ground.conn, &total).await, [(String::new(), 0)], "one transition for each key");
    report.finish(1_600);
}

fn is_reuse(failure: &Failure) -> bool {
    match failure {
        Failure::Idem(error) => error.kind() == ErrorKind::KeyReused,
        Failure::Rules(error) => error.kind() == ErrorKind::KeyReused,
        _ => false,
    }
}

/// At once in as many processes as there are copies, at most four. All have their order before the first is waited for.
fn there(servants: &mut [Servant], request: Request, key: &str, copies: usize) -> Vec<Ack> {
    let apart = servants.len().min(copies);
    let order = format!("same {BUSY} {request} {key} {}", copies / apart);
    servants[..apart].iter_mut().for_each(|servant| servant.order(&order));
    servants[..apart].iter_mut().flat_map(Servant::answer).collect()
}

fn one_fresh_and_all_the_same(acks: &[Ack], copies: usize, which: &str) {
    let mut calls = BTreeMap::<&str, Vec<&Ack>>::new();
    for ack in acks {
        calls.entry(&ack.call).or_default().push(ack);
    }
    for acks in calls.into_values() {
        assert_eq!(acks.len(), copies, "{which}: {acks:?}");
        assert_eq!(acks.iter().filter(|ack| ack.fresh).count(), 1, "{which}: {acks:?}");
        assert!(acks.windows(2).all(|pair| pair[0].answer == pair[1].answer), "{which}: {acks:?}");
    }
}
