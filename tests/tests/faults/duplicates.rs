//! One request many times at once: 2, 8, 32 and 128 copies, in this process and in four others.

use idem_core::{Error, Key};
use tests::lane::Ack;
use tests::shop::counter;
use tests::{Backend, Report, scale};

use crate::ground::Ground;
use crate::processes::Servant;

/// How many copies of each key, and how many keys.
const COPIES: [(usize, usize); 4] = [(2, 300), (8, 120), (32, 64), (128, 16)];

const PROCESSES: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_one_request_have_one_effect_and_one_answer_sqlite() {
    copies::<sqlx::Sqlite>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_of_one_request_have_one_effect_and_one_answer_postgres() {
    copies::<sqlx::Postgres>().await;
}

async fn copies<DB: Backend>() {
    let Some(mut ground) = Ground::<DB>::fresh().await else { return };
    let mut report = Report::new(format!("keys with concurrent copies, {}", DB::TITLE), 5);
    let mut servants: Vec<_> = (0..PROCESSES).map(|_| Servant::neighbour(&ground.url())).collect();
    let hot = ground.lane("hot");
    hot.counter().start(counter::Open { total: 0 }).await.unwrap();
    for (copies, keys) in COPIES {
        for number in 0..keys * scale(1, 10) {
            let key = format!("{copies}-{number}");
            let here = here(&ground, &key, copies).await;
            one_fresh_and_all_the_same(&here, &format!("{key} here"));
            report.strike(format!("{copies:>3} in one process"));

            let key = format!("{key}-apart");
            let there = there(&mut servants, &key, copies);
            one_fresh_and_all_the_same(&there, &format!("{key} apart"));
            report.strike(format!("{copies:>3} in {PROCESSES} processes"));
        }
        // The key of one request, with another.
        let key = Key::new("same", format!("{copies}-0")).unwrap();
        let other = hot.counter().add(&key, counter::Add { by: 2 }).await;
        assert!(matches!(other, Err(Error::KeyReused(_))), "{copies}: {other:?}");
        ground.check("hot", &format!("{copies} copies of each key")).await;
    }
    let keys = i64::try_from(report.total()).unwrap();
    let total = format!("SELECT '', version - 1 - {keys} FROM idem_machines WHERE id = 'hot'");
    assert_eq!(DB::ask(&mut ground.conn, &total).await, [(String::new(), 0)], "one transition for each key");
    report.finish(1_000);
}

async fn here<DB: Backend>(ground: &Ground<DB>, key: &str, copies: usize) -> Vec<Ack> {
    let (counter, key) = (ground.lane("hot").counter(), Key::new("same", key).unwrap());
    let calls: Vec<_> = (0..copies)
        .map(|_| {
            let (counter, key) = (counter.clone(), key.clone());
            tokio::spawn(async move { counter.add(&key, counter::Add { by: 1 }).await })
        })
        .collect();
    let mut acks = Vec::with_capacity(copies);
    for call in calls {
        acks.push(Ack::of("copy", &call.await.unwrap().unwrap()));
    }
    acks
}

/// At once in as many processes as there are copies, at most four. All have their order before the first is waited for.
fn there(servants: &mut [Servant], key: &str, copies: usize) -> Vec<Ack> {
    let apart = servants.len().min(copies);
    let order = format!("same hot {key} {}", copies / apart);
    servants[..apart].iter_mut().for_each(|servant| servant.order(&order));
    servants[..apart].iter_mut().flat_map(Servant::answer).collect()
}

fn one_fresh_and_all_the_same(acks: &[Ack], which: &str) {
    assert_eq!(acks.iter().filter(|ack| ack.fresh).count(), 1, "{which}: {acks:?}");
    assert!(acks.windows(2).all(|pair| pair[0].answer == pair[1].answer), "{which}: {acks:?}");
}
