//! What a process remembers, when another server answers that does not have its last commits: none of it is used once a connection
//! was found broken.

use idem_core::machine::Item;
use idem_core::{Idem, Natural};
use sqlx::Postgres;
use tests::lane::Lane;
use tests::shop::{Wallet, wallet};
use tests::{At, Backend, Cut, Hangup, Report, scale};

use crate::ground::Ground;
use crate::lost::{OWN_WRITE, Rig};

#[tokio::test]
async fn remembered_outcome_is_not_used_after_broken_connection() {
    another_server("after a break", true).await;
}

/// Those that the process has are in use, and it is not known yet that they have broken.
#[tokio::test]
async fn remembered_outcome_is_not_used_after_new_connection() {
    another_server("by a new connection", false).await;
}

/// A commit is taken back by hand, as by a server that never had it, and another process makes one of its own in its place. Its money
/// and messages stay, so the books are not looked at.
async fn another_server(how: &str, breaks: bool) {
    let mut report = Report::new(format!("another server {how}"), 1).expecting(["rounds"]);
    for attempt in 0..scale(2, 20) {
        let Some(mut rig) = Rig::new().await else { return report.skip() };
        let name = format!("break-{attempt}");
        let (ours, theirs, key) = (rig.lane(&name).wallet(), rig.ground.lane(&name).wallet(), rig.ground.lane(&name));
        let (savings, account) = (rig.idem.ledger().account(format!("{name}/savings")), format!("{name}/savings"));
        theirs.start(Natural, wallet::Open { total: 0 }).await.unwrap();
        let saved = "CREATE TABLE saved AS SELECT * FROM idem_machines";
        Postgres::script(&mut rig.ground.conn, saved).await.unwrap();
        let add = |by| wallet::Add { by };
        assert!(ours.add(&key.key("lost"), add(1)).await.unwrap().is_fresh());
        assert!(savings.apply_delta(&key.key("lost delta"), 1).await.unwrap().is_fresh());
        let undo = format!(
            "DELETE FROM idem_machines; INSERT INTO idem_machines SELECT * FROM saved;
            DELETE FROM idem_transitions WHERE key LIKE '%lost%'; DELETE FROM idem_entries WHERE key LIKE '%lost%';
            DELETE FROM idem_accounts WHERE account = '{account}'; DROP TABLE saved"
        );
        Postgres::script(&mut rig.ground.conn, &undo).await.unwrap();
        assert!(theirs.add(&key.key("theirs"), add(10)).await.unwrap().is_fresh());
        // The other server is met by a call for something else.
        let used = if breaks { None } else { Some(rig.idem.begin().await.unwrap()) };
        if breaks {
            rig.proxy.arm(At::Statement(OWN_WRITE.into()), Cut::Before(Hangup::Reset));
        }
        rig.idem.ledger().account(format!("{name}/other")).apply_delta(&key.key("other"), 1).await.unwrap();
        assert_eq!(rig.proxy.disarm(), breaks, "struck");
        assert!(savings.apply_delta(&key.key("lost delta"), 1).await.unwrap().is_fresh(), "it is there no more");
        assert!(ours.add(&key.key("ours"), add(100)).await.unwrap().is_fresh());
        assert!(ours.add(&key.key("lost"), add(1)).await.unwrap().is_fresh(), "it is there no more");
        let counted = theirs.get().await.unwrap().unwrap();
        assert_eq!((counted.version(), counted.state()), (4, &Wallet::Open { total: 111 }));
        drop(used);
        report.strike("rounds");
    }
    report.finish(1);
}

/// The database's clock is set back after a machine was written. That machine's time is ahead, and the time of the calls beside it is
/// not.
#[tokio::test]
async fn machine_ahead_of_clock_does_not_move_time_of_others() {
    const AHEAD: &str = "SELECT '', count(*) FROM idem_transitions WHERE id = 'near'
        AND at > extract(epoch FROM pg_catalog.clock_timestamp() + interval '1 minute') * 1000000";
    let Some(mut ground) = Ground::<Postgres>::fresh().await else { return };
    ground.has_clock(3600).await;
    let idem = Idem::<Postgres>::open(&ground.url()).await.unwrap();
    let lane = Lane::new(&idem, "far");
    lane.wallet().start(Natural, wallet::Open { total: 0 }).await.unwrap();
    ground.set_clock(0).await;
    lane.wallets().at("near").start(Natural, wallet::Open { total: 0 }).await.unwrap();
    for round in 0..3 {
        let call = |id: &'static str| Item::new(id, &lane.key(&format!("{id} {round}")), wallet::Add { by: 1 });
        for told in lane.wallets().apply_all([call("far"), call("near")]).await {
            assert!(told.unwrap().is_fresh());
        }
        assert_eq!(Postgres::ask(&mut ground.conn, AHEAD).await[0].1, 0, "round {round}");
    }
}
