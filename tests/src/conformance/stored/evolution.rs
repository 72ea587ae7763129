//! Stored machines outlive the code.

use idem_core::{Effect, Error, ErrorKind, Natural};

use crate::conformance::machines::parcel::{Label, Post, first, narrowed, renamed, stranger};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

fn to(to: &str) -> String {
    to.to_owned()
}

/// A parcel that the first release packed and sent under the key `k`.
async fn sent<S: Subject>(stored: &Stored<'_, S>) -> first::parcel::At<S::DB, Post> {
    let parcel = first::Parcel::stored(&stored.idem, Post).at("p");
    parcel.start(first::parcel::Packed { grams: 5 }).await.expect("started");
    fresh(parcel.send(&key("k"), first::parcel::Send { to: to("Ulm") }).await);
    parcel
}

/// `#[was]`: rows, keys and history of the old names; and the older release still reads what it knows.
pub async fn renamed_states_and_commands_are_still_read<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let parcels = renamed::Parcel::stored(&stored.idem, Post);
    let parcel = parcels.at("p");
    let machine = parcel.get().await.expect("readable").expect("started");
    assert_eq!(machine.state(), &renamed::Parcel::Posted { to: to("Ulm") });
    let again = parcel.post(&key("k"), renamed::parcel::Post { to: to("Ulm"), express: false }).await.expect("known");
    assert!(again.is_replay() && *again == Label { to: to("Ulm") });
    let natural = parcel.post(Natural, renamed::parcel::Post { to: to("Ulm"), express: false }).await.expect("ran");
    assert!(natural.is_replay() && natural.seq() == 2);
    let history = parcel.history().await.expect("a history");
    assert_eq!(history[0].state, renamed::Parcel::Boxed { grams: 5, fragile: false });
    assert_eq!(parcels.in_state(renamed::parcel::StateKind::Posted).await.expect("a page").len(), 1);
    assert_eq!(parcels.count_by_state().await.expect("counts"), [(renamed::parcel::StateKind::Posted, 1)]);
    let other = parcels.at("q");
    fresh(other.start(renamed::parcel::Boxed { grams: 7, fragile: true }).await);
    let error = refused(first::Parcel::stored(&stored.idem, Post).at("q").get().await, ErrorKind::UnknownState);
    assert!(error.to_string().contains("Boxed"), "{error}");
}

/// Between two tries of one request a release added a field: it still is that request. With a value it is another.
pub async fn a_new_optional_field_is_no_difference<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let parcel = renamed::Parcel::stored(&stored.idem, Post).at("p");
    let post = |express| renamed::parcel::Post { to: to("Ulm"), express };
    let again = parcel.post(&key("k"), post(false)).await.expect("known");
    assert!(again.is_replay());
    refused(parcel.post(&key("k"), post(true)).await, ErrorKind::KeyReused);
    refused(parcel.post(&key("l"), post(true)).await, ErrorKind::ReachedOtherwise);
    replayed(parcel.post(&key("l"), post(false)).await, &again);
    let started = parcel.start(renamed::parcel::Boxed { grams: 5, fragile: false }).await;
    assert!(started.is_ok_and(|outcome| outcome.is_replay()), "the start, too, is the one that is stored");
}

/// Nothing is guessed about it, and the error says how to read it.
pub async fn an_unknown_stored_state_is_named<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    fresh(sent(&stored).await.lose(Natural, first::parcel::Lose).await);
    let parcels = narrowed::Parcel::stored(&stored.idem, Post);
    let parcel = parcels.at("p");
    let rows = stored.rows().await;
    let error = refused(parcel.get().await, ErrorKind::UnknownState);
    assert!(
        matches!(&error, Error::UnknownState { stored, known, .. } if stored == "Lost" && known[..] == ["Packed", "Sent"]),
        "{error:?}"
    );
    assert!(error.to_string().contains("#[was(\"Lost\")]"), "{error}");
    refused(parcel.send(&key("new"), narrowed::parcel::Send { to: to("Ulm") }).await, ErrorKind::UnknownState);
    refused(parcel.history().await, ErrorKind::UnknownState);
    refused(parcels.count_by_state().await, ErrorKind::UnknownState);
    let found = parcel.verify().await.expect("an audit reports it");
    assert!(!found.differences.is_empty());
    assert_eq!(stored.rows().await, rows);
}

/// In the history, where the state is known but not how it was reached.
pub async fn an_unknown_stored_command_is_named<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let parcel = sent(&stored).await;
    stored.execute("UPDATE idem_transitions SET command = 'Teleport' WHERE seq = 2").await;
    let error = refused(parcel.history().await, ErrorKind::UnknownCommand);
    assert!(error.to_string().contains("was = \"Teleport\""), "{error}");
    assert!(parcel.get().await.expect("readable").is_some());
    assert!(!parcel.verify().await.expect("an audit reports it").differences.is_empty());
}

/// It did run: the error says so, and the command is not run a second time to get an outcome that decodes.
pub async fn an_outcome_that_no_longer_decodes_does_not_run_again<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let rows = stored.rows().await;
    let parcel = narrowed::Parcel::stored(&stored.idem, Post).at("p");
    let send = || narrowed::parcel::Send { to: to("Ulm") };
    let error = refused(parcel.send(&key("k"), send()).await, ErrorKind::Undecodable);
    assert_eq!((error.effect(), error.is_retryable()), (Effect::Applied, false));
    assert!(error.to_string().contains("serde(default)"), "{error}");
    refused(parcel.send(Natural, send()).await, ErrorKind::Undecodable);
    assert_eq!(stored.rows().await, rows);
    // What is no value of ours at all is no different.
    stored.execute("UPDATE idem_transitions SET outcome = fingerprint WHERE seq = 2").await;
    refused(parcel.send(&key("k"), send()).await, ErrorKind::Undecodable);
}

/// Neither knows all states of the other, so it is no release of it.
pub async fn another_machine_under_the_name_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    sent(&stored).await;
    let rows = stored.rows().await;
    let land = stranger::Parcel::stored(&stored.idem, ()).at("p");
    let error = refused(land.sell(Natural, stranger::parcel::Sell).await, ErrorKind::ForeignMachine);
    assert!(error.to_string().contains("Packed") && error.to_string().contains("name ="), "{error}");
    refused(land.start(stranger::parcel::Owned).await, ErrorKind::ForeignMachine);
    let batch =
        stranger::Parcel::stored(&stored.idem, ()).apply_all([("q", None, stranger::parcel::Sell.into())]).await;
    assert!(batch.iter().all(|answer| answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::ForeignMachine)));
    assert_eq!(stored.rows().await, rows);
}
