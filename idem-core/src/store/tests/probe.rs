use std::time::Duration;

use crate::clock::Timestamp;
use crate::key::Key;
use crate::store::probe::run::probe;
use crate::store::tests::ground::{Fresh, Ground, WAIT};
use crate::store::tests::sample::{NOW, SHOP, With, alias, fingerprint, hash, step, transition};
use crate::store::write::part::Write;
use crate::store::write::rows::{CommitWitness, KeyTable, TransitionWrite};

/// Of the transition that `write` writes, its alias, and its entry; `later` of one in the same place by somebody else.
fn witnesses(later: i64) -> [CommitWitness; 3] {
    let at = |micros| Timestamp::from_micros(NOW + later + micros);
    let (machine, id) = (SHOP, "m".into());
    [
        CommitWitness::Key { of: KeyTable::Transitions, hash: hash("k"), at: Some(at(0)) },
        CommitWitness::Key { of: KeyTable::Entries, hash: hash("e"), at: Some(at(0)) },
        CommitWitness::Transition { machine, id, seq: 1, at: at(1), fingerprint: fingerprint("m"), hash: None },
    ]
}

/// Of transitions that somebody else may have written at that time: another request, and the same under a key.
fn others() -> [CommitWitness; 2] {
    let [.., CommitWitness::Transition { machine, id, seq, at, .. }] = witnesses(0) else { unreachable!("it is one") };
    let other = |fingerprint, hash| CommitWitness::Transition { machine, id: id.clone(), seq, at, fingerprint, hash };
    [other(fingerprint("other"), None), other(fingerprint("m"), Some(hash("other")))]
}

fn write<DB: Ground>() -> Write<DB> {
    let mut write = step("m", 1).with_money("a", &[1]);
    write.transitions.push(alias("k", "m", 1, NOW + 1));
    write.entries[0].key = Some(Key::new("customer", "e").expect("a key"));
    write.entries[0].named = Some((hash("e"), fingerprint("a")));
    write
}

pub(super) async fn probe_proves_commit_or_its_absence<DB: Ground>(mut db: Fresh<DB>) {
    let mut other = db.another().await;
    for committed in [false, true] {
        if committed {
            assert!(db.write(&write()).await);
        }
        let before = db.counts().await;
        for witness in witnesses(0) {
            let found = probe(&mut other.session(), &witness, None, WAIT).await.expect("probes");
            assert_eq!(found, Some(committed), "{witness:?}");
        }
        for witness in witnesses(7).into_iter().chain(others()) {
            let found = probe(&mut other.session(), &witness, None, WAIT).await.expect("probes");
            assert_eq!(found, Some(false), "{witness:?}: another's row in its place");
        }
        assert_eq!(db.counts().await, before);
    }
    assert!(other.write_own(&step("n", 1), WAIT).await.expect("the prober is clean"));
}

pub(super) async fn probe_during_running_write_is_unknown<DB: Ground>(mut db: Fresh<DB>) {
    let mut other = db.another().await;
    db.begin().await;
    assert!(db.conn.write_joined(&write()).await.expect("writes"));
    for witness in witnesses(0) {
        let found = probe(&mut other.session(), &witness, None, Duration::from_millis(100)).await.expect("probes");
        assert_eq!(found, None, "{witness:?}");
    }
    db.execute("ROLLBACK").await;
    for witness in witnesses(0) {
        let found = probe(&mut other.session(), &witness, None, WAIT).await.expect("probes");
        assert_eq!(found, Some(false), "{witness:?}");
    }
}

/// An alias key that expires soon proves nothing: it can be gone before it is asked for.
pub(super) async fn alias_key_that_expires_soon_is_no_witness<DB: Ground>(_db: Fresh<DB>) {
    const HOUR: i64 = 3_600_000_000;
    let of = |rows: Vec<TransitionWrite>| Write::<DB> { transitions: rows, ..Write::default() }.witness();
    assert!(matches!(
        of(vec![alias("k", "m", 1, NOW + HOUR), transition("m", 1)]),
        Some(CommitWitness::Transition { .. })
    ));
    assert!(of(vec![alias("k", "m", 1, NOW + HOUR)]).is_some());
    assert!(of(vec![alias("k", "m", 1, NOW + 1)]).is_none());
    // Nor does an entry beside it, which is written after the statement has looked whether its time is up.
    let beside = Write::<DB> { transitions: vec![alias("k", "m", 1, NOW + 1)], ..write() };
    assert!(beside.entries.iter().any(|entry| entry.named.is_some()) && beside.witness().is_none());
}
