use crate::clock::Timestamp;
use crate::key::Key;
use crate::store::machine::queries::{count_by_state, history, in_state, load_transitions, put_graph, stored_graph};
use crate::store::machine::rows::{GraphRow, StateQuery};
use crate::store::tests::ground::{Fresh, Ground};
use crate::store::tests::sample::{NOW, SHOP, With, machine, now, step};
use crate::store::write::part::Write;
use crate::wire::Stored;

pub(super) async fn transitions_are_found_by_seq<DB: Ground>(mut db: Fresh<DB>) {
    for seq in 1..4 {
        assert!(db.write(&step("m", seq)).await);
    }
    assert!(db.write(&step("l", 1)).await && db.write(&step("n", 1)).await);
    let runs = [(SHOP, "m", 3), (SHOP, "m", 1), (SHOP, "m", 4), (SHOP, "mm", 1), ("sho", "m", 1), (SHOP, "n", 1)];
    let found = load_transitions(&mut db.session(), &runs).await.expect("loads");
    let seqs: Vec<_> = found.iter().map(|run| run.as_ref().map(|run| (run.seq, &*run.command))).collect();
    assert_eq!(seqs, [Some((3, "pay")), Some((1, "pay")), None, None, None, Some((1, "pay"))]);
    let outcome = found[0].as_ref().expect("ran").outcome.decode::<String>();
    assert_eq!(outcome.expect("text"), "outcome 3");
}

pub(super) async fn history_is_read_in_pages<DB: Ground>(mut db: Fresh<DB>) {
    for seq in 1..6 {
        let write = if seq == 2 { step("m", seq).with_key("k") } else { step("m", seq) };
        assert!(db.write(&write).await);
    }
    let mut seen = Vec::new();
    loop {
        let after = seen.last().copied().unwrap_or(0);
        let page = history(&mut db.session(), (SHOP, "m"), after, 2).await.expect("a page");
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        for row in page {
            let expected = crate::store::tests::sample::transition("m", row.seq);
            let expected = expected.transition().expect("no alias");
            assert_eq!(
                (&row.command, &row.from_state, &row.state),
                (&expected.command, &expected.from_state, &expected.state)
            );
            assert_eq!((&row.body, &row.payload, &row.outcome), (&expected.body, &expected.payload, &expected.outcome));
            assert_eq!((row.from_visit, row.visit, row.at), (expected.from_visit, expected.visit, expected.at));
            assert_eq!((row.fingerprint, row.correlation), (expected.fingerprint, None));
            assert_eq!(row.key, (row.seq == 2).then(|| Key::new("customer", "k").expect("a fit key")));
            seen.push(row.seq);
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

pub(super) async fn machines_by_state_are_read_in_pages<DB: Ground>(mut db: Fresh<DB>) {
    // Two states, and machines that were entered at the same time.
    let mut write = Write { now: Some(now()), ..Write::default() };
    for (number, id) in ["a", "b", "c", "d", "e", "f"].iter().enumerate() {
        let number = i64::try_from(number).expect("small");
        let mut row = machine(id, 0, 1);
        row.state = if number % 3 == 2 { "Old".into() } else { "New".into() };
        row.entered_at = Timestamp::from_micros(NOW + number / 2);
        write.machines.push(row);
    }
    assert!(db.write(&write).await);
    for (states, before, expected) in [
        (&["New", "Old"][..], None, "abcdef"),
        (&["New"], None, "abde"),
        (&["New", "Old"], Some(Timestamp::from_micros(NOW + 2)), "abcd"),
        (&["None"], None, ""),
    ] {
        for limit in [1, 2, 10] {
            let mut seen: Vec<(Timestamp, String)> = Vec::new();
            loop {
                let after = seen.last().map(|(at, id)| (*at, id.as_str()));
                let query = StateQuery { machine: SHOP, states, before, after, limit };
                let page = in_state(&mut db.session(), &query).await.expect("a page");
                if page.is_empty() {
                    break;
                }
                assert!(page.iter().all(|machine| states.contains(&&*machine.row.state) && machine.row.version == 1));
                seen.extend(page.into_iter().map(|machine| (machine.row.entered_at, machine.id)));
            }
            let ids: String = seen.into_iter().map(|(_, id)| id).collect();
            assert_eq!(ids, expected, "{states:?} before {before:?}, {limit} a page");
        }
    }
}

pub(super) async fn machines_are_counted_by_state<DB: Ground>(mut db: Fresh<DB>) {
    assert!(db.write(&step("a", 1).and(step("b", 1)).and(step("c", 1))).await && db.write(&step("c", 2)).await);
    let counts = count_by_state(&mut db.session(), SHOP).await.expect("counts");
    assert_eq!(counts, [("State1".to_owned(), 2), ("State2".to_owned(), 1)]);
    assert!(count_by_state(&mut db.session(), "other").await.expect("counts").is_empty());
}

pub(super) async fn stored_graph_is_replaced_only_if_expected<DB: Ground>(mut db: Fresh<DB>) {
    let graph = |hash: &[u8]| GraphRow { hash: hash.to_vec(), names: Stored::encode(&hash).expect("bytes") };
    for (put, replace, stored) in [
        (b"one", None, b"one"),
        (b"two", None, b"one"),
        (b"two", Some(b"six"), b"one"),
        (b"two", Some(b"one"), b"two"),
        (b"six", None, b"two"),
    ] {
        let replace = replace.map(|hash: &[u8; 3]| &hash[..]);
        put_graph(&mut db.session(), SHOP, &graph(put), replace).await.expect("puts");
        assert_eq!(stored_graph(&mut db.session(), SHOP).await.expect("reads"), Some(graph(stored)));
    }
}
