use std::time::Duration;

use crate::clock::Timestamp;
use crate::store::error::Class;
use crate::store::machine::queries::history;
use crate::store::tests::ground::{Fresh, Ground, WAIT, both, transition_of, used_on};
use crate::store::tests::sample::{NOW, SHOP, With, alias, fingerprint, hash, machine, message, now, step, transition};
use crate::store::write::part::Write;
use crate::store::write::rows::HistoryRow;
use crate::wire::Stored;

/// A write that must lose, alone and as one of many, and leave nothing.
async fn loses<DB: Ground>(db: &mut Fresh<DB>, write: impl Fn() -> Write<DB>) {
    let before = db.counts().await;
    assert!(!db.write(&write().with_money("account", &[5])).await);
    assert!(!db.write(&write().and(step("bystander", 1).with_key("bystander")).with_money("account", &[5])).await);
    assert_eq!(db.counts().await, before);
    assert!(db.load(&[(SHOP, "bystander")], &[]).await.rows[0].is_none());
}

pub(super) async fn write_with_stale_version_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await && db.write(&step("m", 2)).await);
    loses(&mut db, || step("m", 2).with_key("k")).await;
    loses(&mut db, || step("m", 4).with_key("k")).await;
    assert!(db.write(&step("m", 3).with_key("k")).await);
}

pub(super) async fn start_of_existing_machine_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await);
    loses(&mut db, || step("m", 1).with_key("k")).await;
}

pub(super) async fn transition_of_missing_machine_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    loses(&mut db, || step("m", 2).with_key("k")).await;
    assert!(db.load(&[(SHOP, "m")], &[]).await.rows[0].is_none());
}

pub(super) async fn write_with_one_lost_machine_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    for id in ["a", "b", "c"] {
        assert!(db.write(&step(id, 1)).await);
    }
    let before = db.counts().await;
    assert!(!db.write(&step("a", 2).and(step("b", 3)).and(step("c", 2))).await);
    assert!(!db.write(&step("a", 2).and(step("b", 1)).and(step("d", 1))).await);
    assert_eq!(db.counts().await, before);
    assert!(db.write(&step("a", 2).and(step("b", 2)).and(step("d", 1))).await);
}

pub(super) async fn write_under_known_key_writes_nothing<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1).with_key("k")).await);
    loses(&mut db, || step("n", 1).with_key("k")).await;
    loses(&mut db, || step("m", 2).with_key("k")).await;
}

/// An alias of `m` until then.
fn expiring<DB: Ground>(name: &str, at: i64) -> Write<DB> {
    Write { now: Some(now()), transitions: vec![alias(name, "m", 1, at)], ..Write::default() }
}

/// The same write, if its keys were found expired.
pub(super) fn over<DB: Ground>(mut write: Write<DB>) -> Write<DB> {
    write.expired = write.transitions.iter().filter_map(|row| row.hash().copied()).collect();
    write
}

/// By a command, by several, and by another alias.
pub(super) async fn expired_key_is_taken_over_by_write<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await);
    for (name, at) in [("gone", NOW), ("old", NOW - 1), ("again", NOW - 1), ("live", NOW + 1)] {
        assert!(db.write(&expiring(name, at)).await);
    }
    loses(&mut db, || step("n", 1).with_key("live")).await;
    loses(&mut db, || over(step("n", 1).with_key("live"))).await;
    loses(&mut db, || step("n", 1).with_key("gone")).await;
    assert!(!db.write(&over(expiring("live", NOW + 9))).await && !db.write(&expiring("again", NOW + 9)).await);
    assert!(db.write(&over(step("n", 1).with_key("gone"))).await);
    assert!(db.write(&over(step("o", 1).with_key("old").and(step("p", 1).with_key("new")))).await);
    assert!(db.write(&over(expiring("again", NOW + 9))).await);
    for (name, id, until) in [("gone", "n", None), ("old", "o", None), ("again", "m", Some(NOW + 9))] {
        let loaded = db.load(&[], &[hash(name)]).await;
        let taken = loaded.keys[0].as_ref().expect("known");
        let (target, seq, run) = used_on(taken);
        assert_eq!((target, seq, taken.expires_at.map(Timestamp::as_micros)), (id, 1, until));
        assert!(run.is_some() && taken.fingerprint == fingerprint(id));
    }
    assert_eq!(db.number("SELECT count(*) FROM {transitions}").await, 6);
}

/// A transition's, or an alias's.
pub(super) async fn key_of_transition_or_alias_is_unique<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1).with_key("run")).await && db.write(&expiring("alias", NOW + 1)).await);
    let before = db.counts().await;
    for write in [expiring("run", NOW + 1), step("n", 1).with_key("alias"), step("m", 2).with_key("alias")] {
        assert!(!db.write(&write).await);
        assert!(!db.write(&write.and(step("o", 1))).await);
    }
    assert_eq!(db.counts().await, before);
}

/// For a command of one machine, for one of another, and as an alias: whoever is first has it.
pub(super) async fn concurrent_commands_under_one_key_have_one_winner<DB: Ground>(mut db: Fresh<DB>) {
    let mut other = db.another().await;
    assert!(db.write(&step("m", 1)).await);
    for round in 0..40 {
        let (key, id) = (format!("k{round}"), format!("n{round}"));
        let second = match round % 3 {
            0 => expiring(&key, NOW + 1),
            1 => step(&format!("o{round}"), 1).with_key(&key),
            _ => step(&format!("o{round}"), 1).with_key(&key).and(step(&format!("p{round}"), 1)),
        };
        let first = step(&id, 1).with_key(&key);
        let won = both(db.conn.write_own(&first, WAIT), other.write_own(&second, WAIT)).await;
        let won = [won.0.expect("writes or loses"), won.1.expect("writes or loses")];
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?} in round {round}");
    }
    assert_eq!(db.number("SELECT count(hash) FROM {transitions}").await, 40);
}

pub(super) async fn alias_key_alone_is_recorded<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1).with_key("k1")).await);
    assert!(db.write(&expiring("k2", NOW + 1)).await);
    let loaded = db.load(&[], &[hash("k2")]).await;
    assert_eq!(loaded.keys[0].as_ref().and_then(transition_of).expect("the run of k1").seq, 1);
    assert!(!db.write(&expiring("k2", NOW + 1)).await);
}

pub(super) async fn several_transitions_of_one_machine_are_written_together<DB: Ground>(mut db: Fresh<DB>) {
    let mut write = step("m", 1).with_key("k1");
    write.machines = vec![machine("m", 0, 3)];
    write.transitions.extend([transition("m", 2), transition("m", 3)]);
    let write = write.with_key("k3").and(Write::default());
    assert!(db.write(&write).await);
    let loaded = db.load(&[(SHOP, "m")], &[hash("k3")]).await;
    assert_eq!(loaded.rows[0].as_ref().expect("stored").version, 3);
    assert_eq!(loaded.keys[0].as_ref().and_then(transition_of).expect("its run").seq, 3);
    assert_eq!(db.number("SELECT count(*) FROM {transitions}").await, 3);
    assert!(!db.write(&write).await);
}

pub(super) async fn messages_of_write_keep_their_order<DB: Ground>(mut db: Fresh<DB>) {
    for (id, legs) in [("m", 1..3), ("n", 3..9)] {
        let write = Write { messages: legs.map(message).collect(), ..step(id, 1) };
        assert!(db.write(&write).await);
    }
    let disorder =
        "SELECT count(*) FROM {outbox} a JOIN {outbox} b ON a.position < b.position AND a.entry_no >= b.entry_no";
    assert_eq!((db.number("SELECT count(*) FROM {outbox}").await, db.number(disorder).await), (8, 0));
}

pub(super) async fn write_of_300_machines_stores_all<DB: Ground>(mut db: Fresh<DB>) {
    let ids: Vec<String> = (0..300).map(|id| format!("m{id:03}")).collect();
    for seq in [1, 2] {
        let write = ids.iter().fold(Write { now: Some(now()), ..Write::default() }, |write, id| {
            write.and(step(id, seq).with_key(&format!("{id}-{seq}")))
        });
        assert!(db.write(&write.with_money("a", &[1; 300]).with_money("b", &[-1; 300])).await);
    }
    assert_eq!(db.counts().await[..5], [300, 600, 600, 2, 1200]);
    let asked: Vec<_> = ids.iter().map(|id| (SHOP, id.as_str())).collect();
    let keys: Vec<_> = ids.iter().map(|id| hash(&format!("{id}-1"))).collect();
    let loaded = db.load(&asked, &keys).await;
    assert!(
        loaded
            .rows
            .iter()
            .zip(&ids)
            .all(|(row, id)| row.as_ref().is_some_and(|row| row.body == machine(id, 1, 2).body))
    );
    assert!(loaded.keys.iter().zip(&ids).all(|(row, id)| row.as_ref().is_some_and(|key| used_on(key).0 == *id)));
}

pub(super) async fn values_with_special_characters_are_read_back_unchanged<DB: Ground>(mut db: Fresh<DB>) {
    let awkward = "\0 '\"\\ $1 {keys} ; -- \u{1F980} \u{7f}\n";
    let dress = |id: &str| {
        let mut write = step(id, 1).with_key(&format!("k$1'\"\\ {id}")).and(Write::default());
        write.machines[0].body = Stored::encode(awkward).expect("text");
        let HistoryRow::Transition(transition) = &mut write.transitions[0].row else { panic!("no alias") };
        transition.payload = Stored([0, 255, 128, b'\'', 0].into());
        transition.outcome = Stored(Vec::new().into());
        transition.correlation = Some("'; DROP TABLE x; -- $2".into());
        write
    };
    let (one, many) = (dress("a'\"\\;$1"), dress("b'\"\\;$1"));
    assert!(db.write(&one).await && db.write(&many.and(step("c", 1))).await);
    for id in ["a'\"\\;$1", "b'\"\\;$1"] {
        let loaded = db.load(&[(SHOP, id)], &[]).await;
        assert_eq!(loaded.rows[0].as_ref().expect("stored").body.decode::<String>().expect("text"), awkward);
        let history = history(&mut db.session(), (SHOP, id), 0, 9).await.expect("a page");
        assert_eq!((&*history[0].payload.0, &*history[0].outcome.0), (&[0, 255, 128, b'\'', 0][..], &[][..]));
        assert_eq!(history[0].key.as_ref().expect("kept").as_str(), format!("k$1'\"\\ {id}"));
        assert_eq!(history[0].correlation.as_deref(), Some("'; DROP TABLE x; -- $2"));
    }
}

/// A transition without the machine it belongs to: not a race that can be run again, but damage.
pub(super) async fn write_of_existing_transition_without_machine_is_error<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1)).await);
    db.execute("DELETE FROM {machines}").await;
    for write in [step("m", 1), step("m", 1).and(step("n", 1))] {
        let error = db.try_write(&write).await.expect_err("the transition is there");
        assert_eq!(error.class, Class::Other);
    }
    assert_eq!(db.counts().await[..2], [0, 1]);
    assert!(db.write(&step("n", 1)).await, "the connection is clean");
}

pub(super) async fn concurrent_writers_of_one_version_have_one_winner<DB: Ground>(mut db: Fresh<DB>) {
    let mut other = db.another().await;
    for seq in 1..40 {
        let (one, two) = (step("m", seq).with_key(&format!("a{seq}")), step("m", seq).with_key(&format!("b{seq}")));
        let first = db.conn.write_own(&one, WAIT);
        let second = other.write_own(&two, WAIT);
        let won = both(first, second).await;
        let won = [won.0.expect("writes or loses"), won.1.expect("writes or loses")];
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?} at {seq}");
    }
    assert_eq!(db.counts().await[..3], [1, 39, 39]);
}

pub(super) async fn write_of_locked_row_ends_as_busy<DB: Ground>(mut db: Fresh<DB>) {
    let mut other = db.another().await;
    assert!(db.write(&step("m", 1)).await);
    db.begin().await;
    assert!(db.conn.write_joined(&step("m", 2).with_key("k")).await.expect("writes"));
    let wait = Duration::from_millis(50);
    for write in [step("m", 2), step("m", 2).and(step("n", 1)), step("n", 1).with_key("k")] {
        let error = other.write_own(&write, wait).await.expect_err("it is locked");
        assert_eq!(error.class, Class::Busy);
    }
    db.execute("ROLLBACK").await;
    assert!(other.write_own(&step("m", 2).with_key("k"), wait).await.expect("it is free"));
}
