//! The first use of a machine by a process, which compares its graph with the stored one and stores it if there is none.

use std::time::Duration;

use idem_core::{CommandError, Error, Idem, Natural};
use sqlx::Postgres;
use tests::Backend;
use tests::lane::{Lane, PRICE};
use tests::shop::{order, wallet};

use crate::ground::Ground;

const STORED: &str = "SELECT '', count(*) FROM idem_graphs WHERE machine = 'Order'";

fn start() -> order::Pending {
    order::Pending { total: PRICE }
}

#[tokio::test]
async fn machine_graph_of_rolled_back_transaction_is_stored_again_sqlite() {
    known_once_committed::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn machine_graph_of_rolled_back_transaction_is_stored_again_postgres() {
    known_once_committed::<sqlx::Postgres>().await;
}

async fn known_once_committed<DB: Backend>() {
    let Some(mut ground) = Ground::<DB>::fresh().await else { return };
    let lane = ground.lane("registered");
    let mut tx = lane.idem.begin().await.unwrap();
    // The second call need not ask; the third asks again, because the connection was lent, and finds what the first one stored.
    for lends in [false, true, false] {
        lane.order().within(&mut tx).start(Natural, start()).await.unwrap();
        if lends {
            DB::script(tx.bare().await.unwrap(), "SELECT 1").await.unwrap();
        }
    }
    tx.rollback().await;
    assert_eq!(DB::ask(&mut ground.conn, STORED).await[0].1, 0, "it was rolled back with its transaction");
    lane.order().start(Natural, start()).await.unwrap();
    assert_eq!(DB::ask(&mut ground.conn, STORED).await[0].1, 1, "nobody relied on what was rolled back");
    ground.check("registered", "a machine that was rolled back").await;
}

#[tokio::test]
async fn machine_graph_undone_by_savepoint_is_stored_again_sqlite() {
    stored_again::<sqlx::Sqlite>().await;
}

#[tokio::test]
async fn machine_graph_undone_by_savepoint_is_stored_again_postgres() {
    stored_again::<Postgres>().await;
}

async fn stored_again<DB: Backend>() {
    let Some(mut ground) = Ground::<DB>::fresh().await else { return };
    let lane = ground.lane("saved");
    let mut tx = lane.idem.begin().await.unwrap();
    DB::script(tx.bare().await.unwrap(), "SAVEPOINT mine").await.unwrap();
    lane.order().within(&mut tx).start(Natural, start()).await.unwrap();
    DB::script(tx.bare().await.unwrap(), "ROLLBACK TO mine").await.unwrap();
    lane.order().within(&mut tx).start(Natural, start()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(DB::ask(&mut ground.conn, STORED).await[0].1, 1, "what was committed has its graph");
    ground.check("saved", "a machine that a savepoint undid").await;
}

/// Another process stores one machine's graph in a transaction that stays open. Calls of that machine wait for it, calls of
/// other machines do not.
#[tokio::test]
async fn machine_graph_locked_by_other_process_delays_no_other_machine() {
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    let mut tx = ground.lane("theirs").idem.begin().await.unwrap();
    ground.lane("theirs").order().within(&mut tx).start(Natural, start()).await.unwrap();

    // Far beyond what a call waits for here.
    let builder = Idem::<Postgres>::builder().lock_wait(Duration::from_mins(2)).reply_timeout(Duration::from_mins(5));
    let idem = builder.open(&ground.url()).await.unwrap();
    let waits = Lane::new(&idem, "waits");
    let waiting = tokio::spawn(async move { waits.order().start(Natural, start()).await.map(drop) });
    let locked = "SELECT '', count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while Postgres::ask(&mut ground.conn, locked).await[0].1 == 0 {
        assert!(!waiting.is_finished(), "the graph is not committed");
    }
    let other = Lane::new(&idem, "other");
    // Only a call that waits for the other machine ends by it.
    let started = other.wallet().start(Natural, wallet::Open { total: 0 }).deadline(Duration::from_secs(20)).await;
    assert!(started.unwrap().is_fresh());
    assert!(!waiting.is_finished());
    tx.rollback().await;
    waiting.await.unwrap().unwrap();
}

/// The table of graphs is locked: a call with a deadline waits no longer than that.
#[tokio::test]
async fn first_use_of_machine_ends_by_deadline_of_its_call() {
    const WAIT: Duration = Duration::from_secs(30);
    let Some(ground) = Ground::<Postgres>::fresh().await else { return };
    let builder = Idem::<Postgres>::builder().lock_wait(WAIT).reply_timeout(4 * WAIT);
    let idem = builder.open(&ground.url()).await.unwrap();
    let mut other_tx = ground.lane("other").idem.begin().await.unwrap();
    Postgres::script(other_tx.bare().await.unwrap(), "LOCK TABLE idem_graphs IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let lane = Lane::new(&idem, "locked out");
    let answer = lane.order().start(Natural, start()).deadline(Duration::from_millis(200)).await;
    // Without the deadline it ends by the bound on locks.
    assert!(matches!(answer, Err(CommandError::Failed(Error::InFlight { waited, .. })) if waited < WAIT), "{answer:?}");
    other_tx.rollback().await;
    assert!(lane.order().start(Natural, start()).await.unwrap().is_fresh());
}
