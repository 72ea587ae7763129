use std::time::Duration;

use super::ground::{Fresh, Ground, WAIT};
use super::sample::{SHOP, With, hash, step};
use crate::store::rows::Witness;

fn witnesses() -> [Witness; 2] {
    [Witness::Key(hash("k")), Witness::Transition { machine: SHOP.into(), id: "m".into(), seq: 1 }]
}

pub(super) async fn a_commit_is_proved_and_so_is_its_absence<S: Ground>(mut db: Fresh<S>) {
    let mut other = db.another().await;
    for committed in [false, true] {
        if committed {
            assert!(db.write(&step("m", 1).with_key("k")).await);
        }
        let before = db.counts().await;
        for witness in witnesses() {
            let found = S::probe(&mut other, &db.sql, &witness, WAIT).await.expect("probes");
            assert_eq!(found, Some(committed), "{witness:?}");
        }
        assert_eq!(db.counts().await, before);
    }
    assert!(S::write_own(&mut other, &db.sql, &step("n", 1), WAIT).await.expect("the prober is clean"));
}

pub(super) async fn a_first_writer_under_way_is_unknown<S: Ground>(mut db: Fresh<S>) {
    let mut other = db.another().await;
    db.begin().await;
    assert!(S::write_joined(&mut db.conn, &db.sql, &step("m", 1).with_key("k")).await.expect("writes"));
    for witness in witnesses() {
        let found = S::probe(&mut other, &db.sql, &witness, Duration::from_millis(100)).await.expect("probes");
        assert_eq!(found, None, "{witness:?}");
    }
    db.execute("ROLLBACK").await;
    for witness in witnesses() {
        let found = S::probe(&mut other, &db.sql, &witness, WAIT).await.expect("probes");
        assert_eq!(found, Some(false), "{witness:?}");
    }
}
