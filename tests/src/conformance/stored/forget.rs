//! What a scope named is erased, and still known.

use std::fmt::Debug;

use idem_core::ledger::{AccountSettings, Bounds, Delta, Metadata};
use idem_core::machine::{DifferenceKind, Event, Item};
use idem_core::{CommandError, Effect, Error, ErrorKind, ForgetProgress, Key, Natural, Outcome};
use serde_json::json;

use crate::conformance::machines::refund::first;
use crate::conformance::machines::{Order, Shop, order, subscription};
use crate::conformance::{Stored, Subject, fresh, key, refused, replayed};

/// A key of the tenant who is forgotten.
fn theirs(name: &str) -> Key {
    Key::new("tenant", name).expect("a key")
}

/// What a refused repeat says of its effect.
#[track_caller]
fn forgotten<T: Debug, E: Into<CommandError<R>>, R: Debug>(answer: Result<T, E>) -> Effect {
    match answer.map_err(Into::into) {
        Err(error) if error.kind() == ErrorKind::Forgotten => error.effect(),
        Err(error) => panic!("expected a forgotten answer, found {error:?}"),
        Ok(answer) => panic!("expected a forgotten answer, found {answer:?}"),
    }
}

fn pay(amount: i64) -> order::Pay {
    order::Pay { amount, rate: 1 }
}

#[track_caller]
fn forgotten_change<T: Debug>(answer: Result<Outcome<T>, Error>) -> Effect {
    forgotten::<_, _, idem_core::Never>(answer)
}

/// A repeat has no second effect and no answer; what other scopes named is untouched, and the machine goes on.
pub async fn forgotten_command_is_known_and_runs_no_second_time<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let (orders, mine) = (stored.orders(), key("mine"));
    let (one, other) = (orders.at("one"), orders.at("other"));
    fresh(one.start(&theirs("start"), order::Pending { total: 500 }).await);
    fresh(other.start(Natural, order::Pending { total: 500 }).await);
    fresh(one.pay(&theirs("pay"), pay(500)).correlation("their request").await);
    let first = fresh(other.pay(&mine, pay(500)).await);
    replayed(one.pay(&theirs("pay"), pay(500)).await, &one.pay(&theirs("pay"), pay(500)).await.expect("known"));
    // Of a machine that the call starts as well: the start has no key of its own.
    let subscription = stored.subscriptions().at("s");
    fresh(subscription.renew(&theirs("renew"), subscription::Renew { months: 1 }).correlation("their renewal").await);
    let both = orders.at("both");
    fresh(both.start_and(&theirs("both"), order::Pending { total: 5 }, pay(5)).correlation("their order").await);
    fresh(orders.at("third").start(Natural, order::Pending { total: 7 }).await);
    let rows = stored.rows().await;

    let told = stored.idem.forget("tenant").await.expect("erased");
    assert_eq!((told.keys, told.transitions, told.entries), (5, 4, 0));
    assert_eq!(stored.number("SELECT count(*) FROM idem_transitions WHERE correlation IS NOT NULL").await, 0);
    // Another machine, another command: that is not what it was used for.
    refused(orders.at("third").pay(&theirs("pay"), pay(500)).await, ErrorKind::KeyReused);
    refused(one.cancel(&theirs("pay"), order::Cancel { reason: "no".into() }).await, ErrorKind::KeyReused);
    assert_eq!(forgotten(one.pay(&theirs("pay"), pay(500)).await), Effect::Applied);
    assert_eq!(forgotten(one.pay(Natural, pay(500)).await), Effect::Applied);
    assert_eq!(forgotten(one.pay(&key("another"), pay(500)).await), Effect::Applied);
    // Its payload is gone: whether it was this one cannot be told.
    assert_eq!(forgotten(one.pay(&theirs("pay"), pay(1)).await), Effect::Unknown);
    assert_eq!(forgotten(one.pay(Natural, pay(1)).await), Effect::Unknown);
    assert_eq!(forgotten(one.start(&theirs("start"), order::Pending { total: 500 }).await), Effect::Applied);
    assert_eq!(forgotten(one.start(Natural, order::Pending { total: 500 }).await), Effect::Applied);
    assert_eq!(forgotten(one.start(Natural, order::Pending { total: 501 }).await), Effect::Unknown);
    replayed(other.pay(&mine, pay(500)).await, &first);
    assert_eq!(stored.rows().await, rows);

    for (at, forgotten) in [(&one, 2), (&other, 0)] {
        let verified = at.verify().await.expect("an audit");
        assert_eq!((verified.checked, verified.forgotten, verified.differences), (2, forgotten, vec![]));
    }
    let history = one.history().await.expect("readable");
    let paid = history.iter().nth(1).expect("two").as_ref().expect("readable");
    assert!(matches!(paid.event, Event::Forgotten { command: "Pay" }), "{:?}", paid.event);
    assert_eq!((&paid.key, &paid.correlation), (&None, &None));
    fresh(one.ship(&theirs("ship"), order::Ship { tracking: "T".into() }).await);
    assert!(matches!(one.get().await.expect("readable").expect("there").state(), Order::Shipped { .. }));
    // Erased in part, or what no erasure does.
    for (edit, what) in [
        ("payload = body WHERE seq = 2 AND id = 'one'", DifferenceKind::PartlyErased),
        ("correlation = 'x' WHERE seq = 1 AND id = 'one'", DifferenceKind::PartlyErased),
        ("payload = substr(body, 1, 0) WHERE seq = 2 AND id = 'other'", DifferenceKind::Unreadable(String::new())),
    ] {
        assert_eq!(stored.execute(&format!("UPDATE idem_transitions SET {edit}")).await, 1);
        let at = if edit.contains("'one'") { &one } else { &other };
        let found = at.verify().await.expect("an audit").differences;
        let same = |found: &DifferenceKind| std::mem::discriminant(found) == std::mem::discriminant(&what);
        assert!(found.iter().any(|found| same(&found.what)), "{edit}: {found:?}");
        let mended = if edit.contains("correlation") {
            "correlation = NULL WHERE seq = 1 AND id = 'one'"
        } else {
            "payload = substr(body, 1, 0) WHERE seq = 2 AND id = 'one'"
        };
        stored.execute(&format!("UPDATE idem_transitions SET {mended}")).await;
    }
    let left = "SELECT count(*) FROM idem_transitions WHERE scope = '' AND (length(payload) > 0 OR length(outcome) > 0 \
        OR key <> '' OR correlation IS NOT NULL)";
    assert_eq!(stored.number(left).await, 0);
}

/// Whatever the change was, and whether the answer was in memory.
pub async fn forgotten_change_of_ledger_is_known_and_proved<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let ledger = stored.idem.ledger();
    let wallet = ledger.account("wallet");
    ledger.account("fees").open(AccountSettings::tally()).await.expect("opened");
    ledger.account("empty").open(Bounds::at_least(0)).await.expect("opened");
    let noted = Metadata::new(&json!({ "name": "A. Person" })).expect("small");
    let delta = || wallet.apply_delta(&theirs("delta"), 100).metadata(&noted);
    let set = || wallet.set_balance(&theirs("set"), 90);
    let transfer = || ledger.transfer(&theirs("transfer"), "wallet", "shop", 10);
    let post = || ledger.post(&theirs("post"), [("wallet", -2), ("shop", 1), ("fees", 1)]).metadata(&noted);
    let hold = || wallet.hold(&theirs("hold"), 20);
    let refusal = || ledger.account("empty").apply_delta(&theirs("refused"), -1).remember_refusal();
    fresh(delta().await);
    fresh(set().await);
    fresh(transfer().await);
    fresh(post().await);
    let reserved = fresh(hold().await);
    let capture = || ledger.capture(&theirs("capture"), &reserved.id, "shop", 5);
    let release = || ledger.release(&theirs("release"), &reserved.id);
    fresh(capture().await);
    fresh(release().await);
    refused(refusal().await, ErrorKind::OutOfBounds);
    let mine = fresh(wallet.apply_delta(&key("mine"), 1).metadata(&noted).await);
    let (before, rows) = (wallet.entries().await.expect("readable"), stored.rows().await);
    assert!(delta().await.expect("in memory").is_replay());

    let told = stored.idem.forget("tenant").await.expect("erased");
    assert_eq!((told.keys, told.transitions, told.entries), (9, 0, 12));
    assert_eq!(forgotten_change(delta().await), Effect::Applied);
    assert_eq!(forgotten_change(set().await), Effect::Applied);
    assert_eq!(forgotten_change(transfer().await), Effect::Applied);
    assert_eq!(forgotten_change(post().await), Effect::Applied);
    assert_eq!(forgotten_change(hold().await), Effect::Applied);
    assert_eq!(forgotten_change(capture().await), Effect::Applied);
    assert_eq!(forgotten_change(release().await), Effect::Applied);
    assert_eq!(forgotten_change(refusal().await), Effect::NotApplied);
    let mut tx = stored.idem.begin().await.expect("begun");
    assert_eq!(forgotten_change(wallet.within(&mut tx).set_balance(&theirs("set"), 90).await), Effect::Applied);
    tx.commit().await.expect("a refused call leaves the transaction usable");
    let batch = [Delta::new("wallet", &theirs("delta"), 100).metadata(&noted), Delta::new("wallet", &key("mine"), 2)];
    let mut items = ledger.apply_batch(&batch).await.expect("answered").into_iter();
    assert_eq!(forgotten_change(items.next().expect("two")), Effect::Applied);
    refused(items.next().expect("two"), ErrorKind::KeyReused);
    // What was asked for is known by its fingerprint.
    refused(wallet.apply_delta(&theirs("delta"), 101).metadata(&noted).await, ErrorKind::KeyReused);
    refused(wallet.apply_delta(&theirs("delta"), 100).await, ErrorKind::KeyReused);
    refused(ledger.account("empty").apply_delta(&theirs("refused"), -2).await, ErrorKind::KeyReused);

    let after = wallet.entries().await.expect("readable");
    let amounts = |entries: &[idem_core::ledger::Entry]| -> Vec<_> {
        entries.iter().map(|entry| (entry.seq, entry.delta, entry.balance, entry.at)).collect()
    };
    assert_eq!((amounts(&after), stored.rows().await), (amounts(&before), rows));
    let (last, theirs) = after.split_last().expect("entries");
    assert!(theirs.iter().all(|entry| entry.key.is_none() && entry.metadata.is_none()));
    assert_eq!((last, &last.metadata), (&*mine, &Some(noted)));
    let report = ledger.audit().await.expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
    let left = "SELECT count(*) FROM idem_entries WHERE scope = '' AND (length(metadata) > 0 OR length(outcome) > 0 OR key <> '')";
    assert_eq!(stored.number(left).await, 0);
    assert_eq!(stored.number("SELECT count(*) FROM idem_entries WHERE scope = 'tenant'").await, 0);
    for edit in [
        "metadata = fingerprint WHERE account = 'wallet' AND seq = 1",
        "delta = 101 WHERE account = 'wallet' AND seq = 1",
        "outcome = fingerprint WHERE seq IS NULL",
    ] {
        assert_eq!(stored.execute(&format!("UPDATE idem_entries SET {edit}")).await, 1);
        assert!(!ledger.audit().await.expect("readable").is_sound(), "{edit}");
        let mended = match edit.split_once(" = ") {
            Some(("delta", _)) => "delta = 100 WHERE account = 'wallet' AND seq = 1".to_owned(),
            Some((column, rest)) => {
                let of = rest.split_once("WHERE").expect("of a row").1;
                format!("{column} = substr({column}, 1, 0) WHERE{of}")
            }
            None => unreachable!(),
        };
        assert_eq!(stored.execute(&format!("UPDATE idem_entries SET {mended}")).await, 1);
        assert!(ledger.audit().await.expect("readable").is_sound(), "mended: {edit}");
    }
    let emptied = stored.execute("UPDATE idem_entries SET metadata = substr(metadata, 1, 0) WHERE scope <> ''").await;
    assert_eq!((emptied, ledger.audit().await.expect("readable").is_sound()), (1, false));
}

/// It has not happened, then or now.
pub async fn forgotten_rejection_is_known_and_not_applied<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let refund = first::Refund::stored(&stored.idem, Shop).at("l");
    let approve = |amount| first::refund::Approve { amount, limit: 10 };
    refused(refund.approve(&theirs("k"), approve(50)).await, ErrorKind::Rejected);
    assert_eq!(stored.idem.forget("tenant").await.expect("erased").transitions, 1);
    for amount in [50, 51] {
        assert_eq!(forgotten(refund.approve(&theirs("k"), approve(amount)).await), Effect::NotApplied);
    }
    assert_eq!(stored.number("SELECT count(*) FROM idem_transitions WHERE length(rejection) > 0").await, 0);
    fresh(refund.approve(&theirs("l"), approve(5)).await);
    assert!(refund.verify().await.expect("an audit").differences.is_empty());
}

/// Two scopes that share an answer: it is gone where the scope that ran the command is forgotten.
pub async fn forgotten_alias_keeps_answer_of_another_scope<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    let orders = stored.orders();
    for (id, gone) in [("one", false), ("other", true)] {
        let [runner, alias] =
            ["runner", "alias"].map(|scope| Key::new(format!("{scope} of {id}"), "k").expect("a key"));
        let forget = if gone { runner.scope() } else { alias.scope() };
        let at = orders.at(id);
        fresh(at.start(Natural, order::Pending { total: 5 }).await);
        let first = fresh(at.pay(&runner, pay(5)).await);
        replayed(at.pay(&alias, pay(5)).await, &first);
        assert_eq!(stored.idem.forget(forget).await.expect("erased").transitions, 1);
        for key in [&runner, &alias] {
            let repeat = at.pay(key, pay(5)).await;
            if gone {
                assert_eq!(forgotten(repeat), Effect::Applied);
            } else {
                replayed(repeat, &first);
            }
        }
        assert!(at.verify().await.expect("an audit").differences.is_empty());
    }
}

/// Page by page, with postings of several entries; stopped in the middle, and resumed by another process.
pub async fn forget_that_is_stopped_is_resumed_where_it_was<S: Subject>(on: &S) {
    const EACH: usize = 1_250;
    let stored = Stored::open(on).await;
    let ledger = stored.idem.ledger();
    let scopes = ["tenant", "other"].map(|scope| move |at: usize| Key::new(scope, format!("k{at}")).expect("a key"));
    let deltas: Vec<_> = (0..EACH).flat_map(|at| scopes.map(|of| Delta::new("wallet", &of(at), 1))).collect();
    for item in ledger.apply_batch(&deltas).await.expect("applied") {
        fresh(item);
    }
    for at in 0..3 {
        let posting = (0..250).map(|to| (format!("a{to}"), if to % 2 == 0 { 1 } else { -1 }));
        fresh(ledger.post(&theirs(&format!("posting {at}")), posting).await);
    }
    let orders = stored.orders();
    let starts = async |at: usize| {
        orders.at(format!("o{at}")).start_and(&theirs(&format!("o{at}")), order::Pending { total: 5 }, pay(5)).await
    };
    for at in 0..3 {
        fresh(starts(at).await);
    }
    let mine = "SELECT (SELECT count(*) FROM idem_entries WHERE scope = 'tenant') + (SELECT count(*) FROM idem_transitions \
        WHERE scope = 'tenant')";
    assert_eq!(stored.number(mine).await, 1_250 + 750 + 3);

    // Dropped at the third time that it tells how far it is, before the page that follows.
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let tell = |so_far: &ForgetProgress| drop(told.send(serde_json::to_string(so_far).expect("JSON")));
    let mut forget = stored.idem.forget("tenant").progress(tell).into_future();
    let mut last = None;
    for _ in 0..3 {
        last = tokio::select! {
            biased;
            told = heard.recv() => told,
            done = &mut forget => panic!("ended before it was stopped: {done:?}"),
        };
    }
    drop(forget);
    let from: ForgetProgress = serde_json::from_str(&last.expect("told")).expect("JSON");
    let left = stored.number(mine).await;
    assert!(left > 0 && left < 2_003, "{left}");
    let other = stored.subject.builder().open(&stored.subject.url()).await.expect("another process");
    let done = other.forget("tenant").resume(from.clone()).await.expect("resumed");
    assert_eq!((done.keys, stored.number(mine).await), (2_506, 0));
    assert!(done.entries <= 2_000 && done.entries >= from.so_far.entries, "{done:?}");
    assert_eq!(stored.number("SELECT count(*) FROM idem_entries WHERE scope = 'other'").await, 1_250);
    let again = other.forget("tenant").await.expect("nothing is left");
    assert_eq!((again.keys, again.transitions, again.entries), (2_506, 0, 0));
    let report = ledger.audit().await.expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
    let item = Item::new("o1", &theirs("o1"), pay(5));
    let answers = orders.apply_all([item]).await;
    assert!(
        answers[0]
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::KeyReused || error.kind() == ErrorKind::Forgotten)
    );
    assert_eq!(forgotten(starts(1).await), Effect::Applied);
}

/// Neither a name that no scope has nor a progress of another program is taken.
pub async fn forget_with_unfit_scope_or_progress_is_refused<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    fresh(stored.idem.ledger().account("a").apply_delta(&theirs("k"), 1).await);
    for unfit in ["", "a\n", &"x".repeat(256)] {
        refused(stored.idem.forget(unfit).await, ErrorKind::Key);
    }
    let mut last = None;
    let forget = stored.idem.forget("nobody").progress(|so_far: &ForgetProgress| last = Some(so_far.clone()));
    assert_eq!(forget.await.expect("nothing to erase").entries, 0);
    let last = last.expect("told");
    let error = refused(stored.idem.forget("tenant").resume(last.clone()).await, ErrorKind::Config);
    assert!(error.to_string().contains("another scope"), "{error}");
    let mut progress = serde_json::to_value(&last).expect("JSON");
    assert!(!progress.to_string().contains("nobody"), "{progress}");
    progress["table"] = json!("users");
    let from: ForgetProgress = serde_json::from_value(progress).expect("a progress");
    let error = refused(stored.idem.forget("nobody").resume(from).await, ErrorKind::Config);
    assert!(error.to_string().contains("\"users\""), "{error}");
    stored.idem.shutdown().await;
    refused(stored.idem.forget("tenant").await, ErrorKind::ShutDown);
    assert_eq!(stored.number("SELECT count(*) FROM idem_entries WHERE scope = 'tenant'").await, 1);
}
