//! What a process remembers, when another server answers that does not have its last commits: none of it is used once a connection
//! was found broken.

use sqlx::Postgres;
use tests::shop::{Counter, counter};
use tests::{At, Backend, Cut, Hangup, Report, scale};

use crate::lost::{OWN_WRITE, Rig};

/// A commit is taken back by hand, as by a server that never had it, and another process makes one of its own in its place. Its money
/// and messages stay, so the books are not looked at.
#[tokio::test]
async fn what_was_remembered_before_a_break_is_not_used() {
    let mut report = Report::new("another server after a break", 1).expecting(["rounds"]);
    for attempt in 0..scale(2, 20) {
        let Some(mut rig) = Rig::new().await else { return report.skip() };
        let name = format!("break-{attempt}");
        let (ours, theirs, key) = (rig.lane(&name).counter(), rig.ground.lane(&name).counter(), rig.ground.lane(&name));
        let (purse, account) = (rig.idem.ledger().account(format!("{name}/purse")), format!("{name}/purse"));
        theirs.start(counter::Open { total: 0 }).await.unwrap();
        let saved = "CREATE TABLE saved AS SELECT * FROM idem_machines";
        Postgres::script(&mut rig.ground.conn, saved).await.unwrap();
        let add = |by| counter::Add { by };
        assert!(ours.add(&key.key("lost"), add(1)).await.unwrap().is_fresh());
        assert!(purse.apply_delta(&key.key("lost delta"), 1).await.unwrap().is_fresh());
        let undo = format!(
            "DELETE FROM idem_machines; INSERT INTO idem_machines SELECT * FROM saved;
            DELETE FROM idem_transitions WHERE key LIKE '%lost%'; DELETE FROM idem_entries WHERE key LIKE '%lost%';
            DELETE FROM idem_keys k WHERE NOT EXISTS (
                    SELECT FROM idem_transitions t WHERE t.machine = k.namespace AND t.id = k.target AND t.seq = k.seq)
                AND NOT EXISTS (SELECT FROM idem_entries e WHERE e.account = k.target AND e.seq = k.seq);
            DELETE FROM idem_accounts WHERE account = '{account}'; DROP TABLE saved"
        );
        Postgres::script(&mut rig.ground.conn, &undo).await.unwrap();
        assert!(theirs.add(&key.key("theirs"), add(10)).await.unwrap().is_fresh());
        // The break is found by a call for something else.
        rig.proxy.arm(At::Statement(OWN_WRITE.into()), Cut::Before(Hangup::Reset));
        rig.idem.ledger().account(format!("{name}/other")).apply_delta(&key.key("other"), 1).await.unwrap();
        assert!(rig.proxy.disarm(), "struck");
        assert!(purse.apply_delta(&key.key("lost delta"), 1).await.unwrap().is_fresh(), "it is there no more");
        assert!(ours.add(&key.key("ours"), add(100)).await.unwrap().is_fresh());
        assert!(ours.add(&key.key("lost"), add(1)).await.unwrap().is_fresh(), "it is there no more");
        let counted = theirs.get().await.unwrap().unwrap();
        assert_eq!((counted.version(), counted.state()), (4, &Counter::Open { total: 111 }));
        report.strike("rounds");
    }
    report.finish(1);
}
