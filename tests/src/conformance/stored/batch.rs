//! Many commands in one call: as if one came after the other.

use idem_core::machine::Item;
use idem_core::{CommandError, Error, ErrorKind, Key, Natural, Outcome};

use crate::conformance::case::as_json;
use crate::conformance::machines::{Refused, order, subscription};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

type Answers = Vec<Result<Outcome<serde_json::Value, order::StateKind>, CommandError<Refused>>>;

fn pay(amount: i64) -> order::Command {
    order::Pay { amount, rate: 1 }.into()
}

fn ship(tracking: &str) -> order::Command {
    order::Ship { tracking: tracking.to_owned() }.into()
}

async fn apply<S: Subject>(stored: &Stored<'_, S>, items: Vec<(&str, Option<Key>, order::Command)>) -> Answers {
    let items = items.into_iter().map(|(id, key, command)| Item::new(id, key.as_ref(), command));
    let answers = stored.orders().apply_all(items).await;
    answers.into_iter().map(|answer| answer.map(as_json)).collect()
}

async fn start<S: Subject>(stored: &Stored<'_, S>, id: &str) {
    stored.orders().at(id).start(Natural, order::Pending { total: 500 }).await.expect("started");
}

/// Each item sees what the ones before it did: states, keys, reached states, balances.
pub async fn command_batch_is_answered_like_calls_in_sequence<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    for id in ["a", "b"] {
        start(&stored, id).await;
    }
    let (k, l, m) = (key("k"), key("l"), key("m"));
    let items = vec![
        ("a", Some(k.clone()), pay(500)),
        ("a", None, ship("T")),
        ("b", None, ship("T")),
        ("b", Some(l.clone()), pay(500)),
        ("a", Some(m.clone()), pay(500)),
        ("b", Some(k.clone()), pay(500)),
        ("nobody", None, pay(500)),
    ];
    let mut answers = apply(&stored, items).await.into_iter();
    let mut next = || answers.next().expect("an answer per item");
    let paid = fresh(next());
    assert_eq!(fresh(next()).seq(), 3);
    refused(next(), ErrorKind::Invalid);
    fresh(next());
    assert!(replayed(next(), &paid).is_superseded());
    refused(next(), ErrorKind::KeyReused);
    refused(next(), ErrorKind::NotStarted);
    assert!(answers.next().is_none());
    assert_eq!(stored.number("SELECT balance FROM idem_accounts WHERE account = 'sales'").await, 1_000);
    // What was answered is what is stored: the same batch again gets the same answers, and has no effect.
    let rows = stored.rows().await;
    let again = apply(
        &stored,
        vec![("a", Some(k.clone()), pay(500)), ("a", None, ship("T")), ("b", Some(l.clone()), pay(500))],
    )
    .await;
    assert!(again.iter().all(|answer| answer.as_ref().is_ok_and(Outcome::is_replay)), "{again:?}");
    assert_eq!(stored.rows().await, rows);
}

/// The second is a repeat of the first; another payload under it is refused.
pub async fn key_twice_in_command_batch_has_one_effect<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    start(&stored, "a").await;
    let k = key("k");
    let items = vec![
        ("a", Some(k.clone()), pay(500)),
        ("a", Some(k.clone()), pay(500)),
        ("a", Some(k.clone()), pay(1)),
        ("a", Some(k.clone()), pay(500)),
    ];
    let answers = apply(&stored, items).await;
    let [first, second, third, fourth] = <[_; 4]>::try_from(answers).expect("four answers");
    let first = fresh(first);
    replayed(second, &first);
    refused(third, ErrorKind::KeyReused);
    replayed(fourth, &first);
    assert_eq!(stored.number("SELECT count(*) FROM idem_transitions").await, 2);
}

/// Rejected, illegal, or out of bounds: the items around it are applied, its key stays free, its money is not moved.
pub async fn refused_item_of_command_batch_changes_nothing<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    start(&stored, "a").await;
    let (k, l, m) = (key("k"), key("l"), key("m"));
    let items = vec![
        ("a", Some(k.clone()), pay(499)),
        ("a", Some(l.clone()), ship("T")),
        ("a", Some(k.clone()), pay(500)),
        ("a", Some(m.clone()), ship("T")),
    ];
    let [one, two, three, four] = <[_; 4]>::try_from(apply(&stored, items).await).expect("four answers");
    refused(one, ErrorKind::Rejected);
    refused(two, ErrorKind::Invalid);
    assert_eq!((fresh(three).seq(), fresh(four).seq()), (2, 3));
    // Two pauses fit the bound, the third does not.
    stored.execute("INSERT INTO idem_accounts (account, balance, seq, ceiling) VALUES ('pauses', 0, 0, 2)").await;
    let pause = || subscription::Command::from(subscription::Pause { by: "ann".into() });
    let subscriptions = ["d1", "d2", "d3", "d2"];
    let answers = stored.subscriptions().apply_all(subscriptions.map(|id| Item::new(id, Natural, pause()))).await;
    let kinds: Vec<_> =
        answers.iter().map(|answer| answer.as_ref().map(Outcome::is_fresh).map_err(Error::kind)).collect();
    assert_eq!(kinds, [Ok(true), Ok(true), Err(ErrorKind::OutOfBounds), Ok(false)]);
    assert_eq!(stored.number("SELECT balance FROM idem_accounts WHERE account = 'pauses'").await, 2);
    assert_eq!(stored.number("SELECT count(*) FROM idem_machines WHERE id = 'd3'").await, 0);
}

/// More items than share a transaction.
pub async fn command_batch_larger_than_group_is_applied_in_order<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let renew = |months| subscription::Renew { months };
    let keys: Vec<Key> = (0..1_205).map(|number| key(&format!("k{number}"))).collect();
    let items = keys.iter().map(|key| Item::new("one subscription", key, renew(1)));
    let answers = stored.subscriptions().apply_all(items).await;
    for (seq, answer) in (2..).zip(answers) {
        assert_eq!(fresh(answer.map(as_json)).seq(), seq);
    }
    assert_eq!(stored.number("SELECT version FROM idem_machines").await, 1_206);
    assert!(stored.subscriptions().at("one subscription").verify().await.expect("an audit").differences.is_empty());
}
