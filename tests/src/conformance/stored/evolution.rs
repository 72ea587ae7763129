//! Stored machines outlive the code.

use std::future::poll_fn;
use std::task::Poll;

use idem_core::machine::Item;
use idem_core::{Effect, Error, ErrorKind, Natural};
use tokio::task::JoinSet;

use super::pairs;
use crate::conformance::machines::Shop;
use crate::conformance::machines::shipment::{Label, first, foreign, narrowed, renamed, reordered};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

fn to(to: &str) -> String {
    to.to_owned()
}

/// A shipment that the first release packed and sent under the key `k`.
async fn sent<S: Subject>(stored: &Stored<'_, S>) -> first::shipment::Handle<S::DB, Shop> {
    let shipment = first::Shipment::stored(&stored.idem, Shop).at("p");
    shipment.start(Natural, first::shipment::Packed { grams: 5 }).await.expect("started");
    fresh(shipment.send(&key("k"), first::shipment::Send { to: to("Ulm") }).await);
    shipment
}

/// `#[was]`: rows, keys and history of the old names; and the older release still reads what it knows.
pub async fn state_or_command_renamed_with_was_is_still_read<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let shipments = renamed::Shipment::stored(&stored.idem, Shop);
    let shipment = shipments.at("p");
    let machine = shipment.get().await.expect("readable").expect("started");
    assert_eq!(machine.state(), &renamed::Shipment::Posted { to: to("Ulm") });
    let again =
        shipment.post(&key("k"), renamed::shipment::Post { to: to("Ulm"), express: false }).await.expect("known");
    assert!(again.is_replay() && *again == Label { to: to("Ulm") });
    let natural = shipment.post(Natural, renamed::shipment::Post { to: to("Ulm"), express: false }).await.expect("ran");
    assert!(natural.is_replay() && natural.seq() == 2);
    let history = shipment.history().await.expect("a history").all().expect("readable");
    assert_eq!(history[0].state, renamed::Shipment::Boxed { grams: 5, fragile: false });
    assert_eq!(shipments.in_state(renamed::shipment::StateKind::Posted).await.expect("a page").len(), 1);
    let counts = shipments.count_by_state().await.expect("counts");
    assert_eq!(pairs(&counts.known), [(renamed::shipment::StateKind::Posted, 1)]);
    let other = shipments.at("q");
    fresh(other.start(Natural, renamed::shipment::Boxed { grams: 7, fragile: true }).await);
    let error = refused(first::Shipment::stored(&stored.idem, Shop).at("q").get().await, ErrorKind::OtherRelease);
    assert!(error.to_string().contains("Boxed"), "{error}");
}

/// A process of the release before meets what a newer one wrote: nothing is wrong with it, so whoever calls may try again, where
/// the newer one runs. In every call, alone, in a batch and in a transaction; and what it can read it reads.
pub async fn state_of_newer_release_is_retryable_error<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let old = first::Shipment::stored(&stored.idem, Shop);
    let new = renamed::Shipment::stored(&stored.idem, Shop);
    fresh(new.at("q").start(Natural, renamed::shipment::Boxed { grams: 7, fragile: true }).await);
    let post = renamed::shipment::Post { to: to("Ulm"), express: false };
    fresh(new.at("q").post(&key("q"), post).await);
    let other = |error: Error| {
        assert_eq!((error.kind(), error.effect()), (ErrorKind::OtherRelease, Effect::NotApplied), "{error}");
        assert!(error.is_retryable(), "{error}");
    };
    let send = || first::shipment::Send { to: to("Ulm") };
    let q = old.at("q");
    other(q.get().await.expect_err("it is Posted"));
    other(q.send(&key("x"), send()).await.expect_err("it is Posted"));
    other(q.send(&key("q"), send()).await.expect_err("it was Post, and may have been the same"));
    other(q.override_state(&key("y"), first::shipment::Lost, "lost").await.expect_err("it is Posted"));
    let batch = old.apply_all([Item::new("p", &key("k"), send()), Item::new("q", None, send())]).await;
    let [p, q_answer] = <[_; 2]>::try_from(batch).expect("two answers");
    assert!(p.expect("it is known").is_replay());
    other(q_answer.expect_err("it is Posted"));
    let mut tx = stored.idem.begin().await.expect("begun");
    other(q.within(&mut tx).get().await.expect_err("it is Posted"));
    other(q.within(&mut tx).send(&key("x"), send()).await.expect_err("it is Posted"));
    tx.commit().await.expect("a refused call harms no transaction");
    let history = q.history().await.expect("a page");
    assert_eq!(history.unreadable().count(), 2);
    for unreadable in history {
        other(*unreadable.expect_err("by another release").error);
    }
    let counts = old.count_by_state().await.expect("counts");
    assert_eq!(pairs(&counts.known), [(first::shipment::StateKind::Sent, 1)]);
    assert_eq!(pairs(&counts.unknown), [("Posted".to_owned(), 1)]);
    assert_eq!(old.in_state(first::shipment::StateKind::Sent).await.expect("a page").all().expect("readable").len(), 1);
}

/// What cannot be read is named in its place, and hides nothing: a state whose data is damaged, and a transition in the middle of
/// a history. Pages go on behind it, also where a page is nothing else.
pub async fn unreadable_row_hides_no_other_row_in_pages<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let shipments = first::Shipment::stored(&stored.idem, Shop);
    for number in 0..6 {
        fresh(shipments.at(format!("p{number}")).start(Natural, first::shipment::Packed { grams: number }).await);
    }
    // No value of ours at all.
    stored.execute("UPDATE idem_machines SET body = last_by_command WHERE id IN ('p1', 'p2', 'p5')").await;
    let (mut readable, mut unreadable, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let question = shipments.in_state(first::shipment::StateKind::Packed).limit(2);
        let page = match after.take() {
            Some(cursor) => question.after(cursor).await,
            None => question.await,
        };
        let page = page.expect("a page");
        after = page.cursor();
        for item in page {
            match item {
                Ok(machine) => readable.push(machine.id().to_owned()),
                Err(machine) => {
                    assert_eq!((machine.error.kind(), machine.seq), (ErrorKind::Undecodable, 1), "{machine}");
                    assert_eq!(machine.state, "Packed");
                    unreadable.push(machine.id);
                }
            }
        }
        if after.is_none() {
            break;
        }
    }
    assert_eq!((readable, unreadable), (ids(&[0, 3, 4]), ids(&[1, 2, 5])));
    let all = shipments.in_state(first::shipment::StateKind::Packed).await.expect("a page").all();
    refused(all, ErrorKind::Undecodable);

    let shipment = sent(&stored).await;
    fresh(shipment.lose(Natural).await);
    stored.execute("UPDATE idem_transitions SET command = 'Teleport' WHERE id = 'p' AND seq = 2").await;
    stored.execute("UPDATE idem_transitions SET from_state = 'Nowhere' WHERE id = 'p' AND seq = 3").await;
    let page = shipment.history().limit(3).await.expect("a page");
    assert_eq!((page.len(), page.cursor()), (3, Some(3)));
    let kinds =
        page.iter().map(|item| item.as_ref().map_or_else(|bad| (bad.seq, Some(bad.error.kind())), |it| (it.seq, None)));
    let damaged = |seq, kind| (seq, Some(kind));
    let expected = [(1, None), damaged(2, ErrorKind::UnknownCommand), damaged(3, ErrorKind::UnknownState)];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
    assert!(page.unreadable().all(|damaged| damaged.id == "p" && !damaged.error.is_retryable()));
    stored.execute("UPDATE idem_machines SET state = 'Nowhere' WHERE id = 'p0'").await;
    let error = refused(shipments.at("p0").get().await, ErrorKind::UnknownState);
    assert!(!error.is_retryable(), "no release knows it: {error}");
    let counts = shipments.count_by_state().await.expect("counts");
    assert_eq!(pairs(&counts.known), [(first::shipment::StateKind::Packed, 5), (first::shipment::StateKind::Lost, 1)]);
    assert_eq!(pairs(&counts.unknown), [("Nowhere".to_owned(), 1)]);
}

fn ids(numbers: &[u8]) -> Vec<String> {
    numbers.iter().map(|number| format!("p{number}")).collect()
}

/// Between two tries of one request a release added a field: it still is that request. With a value it is another.
pub async fn repeat_after_new_optional_field_is_replayed<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let shipment = renamed::Shipment::stored(&stored.idem, Shop).at("p");
    let post = |express| renamed::shipment::Post { to: to("Ulm"), express };
    let again = shipment.post(&key("k"), post(false)).await.expect("known");
    assert!(again.is_replay());
    refused(shipment.post(&key("k"), post(true)).await, ErrorKind::KeyReused);
    refused(shipment.post(&key("l"), post(true)).await, ErrorKind::ReachedOtherwise);
    replayed(shipment.post(&key("l"), post(false)).await, &again);
    let started = shipment.start(Natural, renamed::shipment::Boxed { grams: 5, fragile: false }).await;
    assert!(started.is_ok_and(|outcome| outcome.is_replay()), "the start, too, is the one that is stored");
}

/// The same where the start and the command were one request.
pub async fn start_with_command_after_new_optional_field_is_replayed<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let shipment = first::Shipment::stored(&stored.idem, Shop).at("p");
    let (packed, send) = (first::shipment::Packed { grams: 5 }, first::shipment::Send { to: to("Ulm") });
    fresh(shipment.start_and(&key("k"), packed, send).await);
    let shipment = renamed::Shipment::stored(&stored.idem, Shop).at("p");
    let boxed = |fragile| renamed::shipment::Boxed { grams: 5, fragile };
    let post = |express| renamed::shipment::Post { to: to("Ulm"), express };
    let again = shipment.start_and(&key("k"), boxed(false), post(false)).await.expect("known");
    assert_eq!((again.is_replay(), again.state()), (true, Some(renamed::shipment::StateKind::Posted)));
    refused(shipment.start_and(&key("k"), boxed(true), post(false)).await, ErrorKind::KeyReused);
    refused(shipment.start_and(&key("k"), boxed(false), post(true)).await, ErrorKind::KeyReused);
    refused(shipment.post(&key("k"), post(false)).await, ErrorKind::KeyReused);
    replayed(shipment.start_and(&key("l"), boxed(false), post(false)).await, &again);
}

/// Nothing is guessed about it, and the error says how to read it.
pub async fn unknown_stored_state_is_named_in_error<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    fresh(sent(&stored).await.lose(Natural).await);
    let shipments = narrowed::Shipment::stored(&stored.idem, Shop);
    let shipment = shipments.at("p");
    let rows = stored.rows().await;
    // A release before this one knows it.
    let error = refused(shipment.get().await, ErrorKind::OtherRelease);
    assert!(matches!(&error, Error::OtherRelease { what: "state", stored, .. } if stored == "Lost"), "{error:?}");
    assert!(error.to_string().contains("#[was(\"Lost\")]"), "{error}");
    refused(shipment.send(&key("new"), narrowed::shipment::Send { to: to("Ulm") }).await, ErrorKind::OtherRelease);
    refused(shipment.history().await.expect("a page").all(), ErrorKind::OtherRelease);
    assert_eq!(pairs(&shipments.count_by_state().await.expect("counts").unknown), [("Lost".to_owned(), 1)]);
    stored.execute("UPDATE idem_machines SET state = 'Nowhere'").await;
    let error = refused(shipment.get().await, ErrorKind::UnknownState);
    assert!(
        matches!(&error, Error::UnknownState { stored, known, .. } if stored == "Nowhere" && known[..] == ["Packed", "Sent"]),
        "{error:?}"
    );
    assert!(error.to_string().contains("#[was(\"Nowhere\")]") && !error.is_retryable(), "{error}");
    stored.execute("UPDATE idem_machines SET state = 'Lost'").await;
    let found = shipment.verify().await.expect("an audit reports it");
    assert!(!found.differences.is_empty());
    assert_eq!(stored.rows().await, rows);
}

/// In the history, where the state is known but not how it was reached.
pub async fn unknown_stored_command_is_named_in_error<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let shipment = sent(&stored).await;
    stored.execute("UPDATE idem_transitions SET command = 'Teleport' WHERE seq = 2").await;
    let error = refused(shipment.history().await.expect("a page").all(), ErrorKind::UnknownCommand);
    assert!(error.to_string().contains("was = \"Teleport\""), "{error}");
    assert!(shipment.get().await.expect("readable").is_some());
    assert!(!shipment.verify().await.expect("an audit reports it").differences.is_empty());
}

/// It did run: the error says so, and the command is not run a second time to get an outcome that decodes.
pub async fn command_with_undecodable_outcome_does_not_run_again<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let rows = stored.rows().await;
    let shipment = narrowed::Shipment::stored(&stored.idem, Shop).at("p");
    let send = || narrowed::shipment::Send { to: to("Ulm") };
    let error = refused(shipment.send(&key("k"), send()).await, ErrorKind::Undecodable);
    assert_eq!((error.effect(), error.is_retryable()), (Effect::Applied, false));
    assert!(error.to_string().contains("serde(default)"), "{error}");
    refused(shipment.send(Natural, send()).await, ErrorKind::Undecodable);
    assert_eq!(stored.rows().await, rows);
    // What is no value of ours at all is no different.
    stored.execute("UPDATE idem_transitions SET outcome = fingerprint WHERE seq = 2").await;
    refused(shipment.send(&key("k"), send()).await, ErrorKind::Undecodable);
}

/// Neither knows all states of the other, so it is no release of it.
pub async fn other_machine_under_same_name_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let rows = stored.rows().await;
    let delivery = foreign::Shipment::stored(&stored.idem, ()).at("p");
    let error = refused(delivery.receive(Natural).await, ErrorKind::ForeignMachine);
    assert!(error.to_string().contains("Packed") && error.to_string().contains("name ="), "{error}");
    refused(delivery.start(Natural, foreign::shipment::Announced).await, ErrorKind::ForeignMachine);
    let batch =
        foreign::Shipment::stored(&stored.idem, ()).apply_all([Item::new("q", None, foreign::shipment::Receive)]).await;
    assert!(batch.iter().all(|answer| answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::ForeignMachine)));
    assert_eq!(stored.rows().await, rows);
}

/// Begins a call, so that it queues before the next one.
async fn begin<T: Send + 'static>(
    call: impl Future<Output = T> + Send + 'static,
    calls: &mut JoinSet<T>,
    answers: &mut Vec<T>,
) {
    let mut call = Box::pin(call);
    match poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await {
        Poll::Ready(answer) => answers.push(answer),
        Poll::Pending => drop(calls.spawn(call)),
    }
}

/// Two releases in one process, whose calls share groups: each sees the state that the other one left.
pub async fn two_releases_in_one_group_see_each_others_states<S: Subject>(on: &S) {
    const SHIPMENTS: usize = 32;
    let stored = Stored::open(on).await;
    let old = first::Shipment::stored(&stored.idem, Shop);
    let new = reordered::Shipment::stored(&stored.idem, Shop);
    for number in 0..SHIPMENTS {
        fresh(old.at(number.to_string()).start(Natural, first::shipment::Packed { grams: 5 }).await);
    }
    // The first call of a release compares its graph.
    fresh(new.at("known").start(Natural, reordered::shipment::Packed { grams: 5 }).await);
    let (mut calls, mut answers) = (JoinSet::new(), Vec::new());
    for number in 0..SHIPMENTS {
        let (one, other) = (new.at(number.to_string()), old.at(number.to_string()));
        let (sending, losing) = (key(&format!("send {number}")), key(&format!("lose {number}")));
        let send = async move { one.send(&sending, reordered::shipment::Send { to: to("Ulm") }).await.map(drop) };
        let lose = async move { other.lose(&losing).await.map(drop) };
        begin(send, &mut calls, &mut answers).await;
        begin(lose, &mut calls, &mut answers).await;
    }
    answers.extend(calls.join_all().await);
    for answer in answers {
        // It was lost before it was sent.
        let before = |error: &Error| matches!(error, Error::Invalid { state: "Packed", command: "Lose", .. });
        assert!(answer.as_ref().err().is_none_or(before), "{answer:?}");
    }
    for number in 0..SHIPMENTS {
        let differences = new.at(number.to_string()).verify().await.expect("an audit").differences;
        assert!(differences.is_empty(), "{differences:?}");
    }
}
