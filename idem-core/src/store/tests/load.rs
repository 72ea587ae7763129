use crate::clock::Timestamp;
use crate::store::machine::rows::MachineRow;
use crate::store::tests::ground::{Fresh, Ground, used_on};
use crate::store::tests::sample::{NOW, SHOP, With, alias, fingerprint, hash, now, step};
use crate::store::write::part::Write;

fn body(row: &MachineRow) -> String {
    row.body.decode().expect("text")
}

pub(super) async fn load_from_empty_database_returns_only_time<DB: Ground>(mut db: Fresh<DB>) {
    let first = db.load(&[(SHOP, "m")], &[hash("k")]).await;
    assert!(matches!(first.rows[..], [None]) && matches!(first.keys[..], [None]));
    let nothing = db.load(&[], &[]).await;
    assert!(nothing.rows.is_empty() && nothing.keys.is_empty());
    let many = db.load(&[(SHOP, "m"), (SHOP, "n")], &[hash("k")]).await;
    assert!(matches!(many.rows[..], [None, None]) && matches!(many.keys[..], [None]));
    // Microseconds of this century, and never backwards.
    let times = [first.now, nothing.now, many.now].map(Timestamp::as_micros);
    assert!(times.is_sorted() && (1_700_000_000_000_000..4_000_000_000_000_000).contains(&times[0]), "{times:?}");
}

pub(super) async fn load_of_one_or_many_returns_written_rows<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1).with_key("k1")).await);
    assert!(db.write(&step("m", 2).with_key("k2")).await);
    let one = db.load(&[(SHOP, "m")], &[hash("k1")]).await;
    let many = db.load(&[(SHOP, "m"), (SHOP, "none")], &[hash("k1"), hash("k3")]).await;
    for loaded in [one, many] {
        let machine = loaded.rows[0].as_ref().expect("stored");
        assert_eq!(machine.state, "State2");
        assert_eq!((machine.version, machine.visit, machine.entered_at.as_micros()), (2, 2, NOW + 2));
        assert_eq!(machine.body.decode::<String>().expect("text"), "body 2 of m");
        let known = loaded.keys[0].as_ref().expect("known");
        let (id, seq, run) = used_on(known);
        assert_eq!((id, seq, known.at.as_micros(), known.expires_at), ("m", 1, NOW + 1, None));
        assert_eq!(known.fingerprint, fingerprint("m"));
        let run = run.expect("its transition");
        assert_eq!((run.seq, &*run.command, run.at.as_micros(), run.from_visit), (1, "pay", NOW + 1, 0));
        assert_eq!(run.payload.decode::<String>().expect("text"), "payload 1");
        assert_eq!(run.outcome.decode::<String>().expect("text"), "outcome 1");
        assert_eq!(run.fingerprint, fingerprint("m"));
    }
}

pub(super) async fn load_returns_rows_in_requested_order<DB: Ground>(mut db: Fresh<DB>) {
    for id in ["a", "b", "c"] {
        assert!(db.write(&step(id, 1).with_key(id)).await);
    }
    let asked = [(SHOP, "c"), (SHOP, "x"), (SHOP, "a"), ("other", "b"), (SHOP, "b")];
    let loaded = db.load(&asked, &[hash("b"), hash("x"), hash("a")]).await;
    let bodies = loaded.rows.iter().map(|machine| machine.as_ref().map(body));
    let of = |id: &str| Some(format!("body 1 of {id}"));
    assert_eq!(bodies.collect::<Vec<_>>(), [of("c"), None, of("a"), None, of("b")]);
    let targets: Vec<_> = loaded.keys.iter().map(|key| key.as_ref().map(|key| used_on(key).0)).collect();
    assert_eq!(targets, [Some("b"), None, Some("a")]);
    let keys_alone = db.load(&[], &[hash("a"), hash("b")]).await;
    assert!(keys_alone.rows.is_empty() && keys_alone.keys.iter().all(Option::is_some));
}

pub(super) async fn machine_ids_are_compared_by_bytes<DB: Ground>(mut db: Fresh<DB>) {
    let names = ["a", "A", "a ", "\u{e9}", "e\u{301}", "\u{df}", "ss", "1", "01", "1.0"];
    for (name, write) in names.iter().map(|name| (name, step(name, 1))) {
        assert!(db.write(&write).await, "{name:?} is taken");
    }
    let asked: Vec<_> = names.iter().map(|name| (SHOP, *name)).collect();
    let loaded = db.load(&asked, &[]).await;
    for (name, row) in names.iter().zip(loaded.rows) {
        assert_eq!(body(&row.expect("stored")), format!("body 1 of {name}"));
    }
}

/// A transition that is there is found by its own key and by an alias.
pub(super) async fn load_of_alias_key_returns_its_transition<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("m", 1).with_key("k1")).await && db.write(&step("m", 2)).await);
    let write = Write { now: Some(now()), transitions: vec![alias("k2", "m", 1, NOW + 5)], ..Write::default() };
    assert!(db.write(&write).await);
    let one = db.load(&[(SHOP, "m")], &[hash("k2")]).await;
    let many = db.load(&[(SHOP, "m"), (SHOP, "none")], &[hash("k2"), hash("k1")]).await;
    for loaded in [one, many] {
        let known = loaded.keys[0].as_ref().expect("known");
        let (id, seq, run) = used_on(known);
        assert_eq!((id, seq, run.map(|run| (run.seq, run.at.as_micros()))), ("m", 1, Some((1, NOW + 1))));
        assert_eq!((known.at.as_micros(), known.expires_at.map(Timestamp::as_micros)), (NOW, Some(NOW + 5)));
    }
}

pub(super) async fn load_of_alias_key_without_machine_returns_no_transition<DB: Ground>(mut db: Fresh<DB>) {
    let write = Write { now: Some(now()), transitions: vec![alias("k", "somewhere", 7, NOW)], ..Write::default() };
    assert!(db.write(&write).await);
    for machines in [&[][..], &[(SHOP, "m"), (SHOP, "n")]] {
        let loaded = db.load(machines, &[hash("k")]).await;
        let known = loaded.keys[0].as_ref().expect("known");
        assert!(matches!(used_on(known), ("somewhere", 7, None)));
    }
}
