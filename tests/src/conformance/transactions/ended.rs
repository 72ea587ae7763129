//! A transaction that something else than `commit` or `rollback` has ended: statements of the user's.

use idem_core::ledger::Bounds;
use idem_core::update::ConditionalUpdate;
use idem_core::{Effect, ErrorKind, Idem, Natural, Tx};

use crate::conformance::case::fresh;
use crate::conformance::machines::{Order, Shop, order};
use crate::conformance::opening::pool;
use crate::conformance::{Failure, Stored, Subject, key};

/// How a transaction is come by.
const WAYS: [&str; 2] = ["begun", "adopted"];

/// On a pool of one connection, so that the next borrower gets the same.
async fn on_one<S: Subject>(on: &S) -> (Stored<'_, S>, Idem<S::DB>) {
    let stored = Stored::open(on).await;
    stored.execute("CREATE TABLE pages (name text PRIMARY KEY, body text, version bigint)").await;
    stored.execute("INSERT INTO pages VALUES ('p', 'empty', 1)").await;
    let idem = on.builder().open_pool(pool(on, 1).await).expect("a pool of one");
    (stored, idem)
}

async fn begin<S: Subject>(on: &S, idem: &Idem<S::DB>, way: &str) -> Tx<S::DB> {
    match way {
        "begun" => idem.begin().await.expect("begins"),
        _ => idem.adopt_tx(on.begin(idem.pool()).await.expect("begins")),
    }
}

fn told(error: &impl Failure) -> (ErrorKind, Effect, bool) {
    (error.kind(), error.effect(), error.is_retryable())
}

/// Rolled back by a statement: later calls write nothing, the commit is refused, and the next borrower finds a clean connection.
pub async fn transaction_ended_by_rollback_statement_refuses_calls<S: Subject>(on: &S) {
    let (stored, idem) = on_one(on).await;
    let (order, account) = (Order::stored(&idem, Shop).at("o"), idem.ledger().account("a"));
    for way in WAYS {
        for later in ["delta", "start", "open", "update", "none"] {
            let mut tx = begin(on, &idem, way).await;
            fresh(account.within(&mut tx).apply_delta(&key("first"), 1).await);
            on.execute(tx.bare().await.expect("open"), "ROLLBACK").await.expect("ends it");
            let refused = match later {
                "delta" => account.within(&mut tx).apply_delta(&key("later"), 2).await.as_ref().err().map(told),
                "start" => {
                    order.within(&mut tx).start(Natural, order::Pending { total: 500 }).await.as_ref().err().map(told)
                }
                "open" => {
                    idem.ledger().account("b").within(&mut tx).open(Bounds::at_least(0)).await.as_ref().err().map(told)
                }
                "update" => {
                    let edit = ConditionalUpdate::table("pages").key("name", "p").set("body", "full").expect_version(1);
                    edit.once(&key("edit")).execute(&mut tx).await.as_ref().err().map(told)
                }
                _ => None,
            };
            assert_eq!(refused.is_some(), later != "none", "{way}, {later}");
            for error in refused.into_iter().chain(tx.commit().await.as_ref().err().map(told)) {
                assert_eq!(error, (ErrorKind::Store, Effect::NotApplied, false), "{way}, {later}");
            }
            assert_eq!(stored.rows().await, 0, "{way}, {later}");
            assert_eq!(stored.number("SELECT version FROM pages").await, 1, "{way}, {later}");
            on.begin(idem.pool()).await.expect("the next borrower begins").rollback().await.expect("clean");
        }
    }
}

/// Committed by a statement: what was in it is there, and nothing else is said of it; later calls write nothing.
pub async fn transaction_ended_by_commit_statement_is_applied_or_unknown<S: Subject>(on: &S) {
    let (stored, idem) = on_one(on).await;
    let account = idem.ledger().account("a");
    for (turn, way) in (1..).zip(WAYS) {
        for later in [false, true] {
            let (first, second) = (key(&format!("first {way} {later}")), key(&format!("second {way} {later}")));
            let before = account.get().await.expect("readable").map_or(0, |account| account.balance);
            let mut tx = begin(on, &idem, way).await;
            fresh(account.within(&mut tx).apply_delta(&first, 1).await);
            on.execute(tx.bare().await.expect("open"), "COMMIT").await.expect("ends it");
            if later {
                let error = account.within(&mut tx).apply_delta(&second, 10).await.expect_err("it has ended");
                assert_eq!((error.kind(), error.effect()), (ErrorKind::Store, Effect::NotApplied), "{way}: {error}");
            }
            let committed = tx.commit().await;
            // Of what a later call was to add, nobody can say that all of it is there.
            let told = committed.map_or_else(|error| error.effect(), |()| Effect::Applied);
            assert_eq!(told, if later { Effect::Unknown } else { Effect::Applied }, "{way}");
            assert_eq!(account.get().await.expect("readable").expect("there").balance, before + 1, "{way}, {turn}");
            on.begin(idem.pool()).await.expect("the next borrower begins").rollback().await.expect("clean");
        }
    }
    assert_eq!(stored.number("SELECT count(*) FROM idem_entries").await, 4);
}

/// The same where what proves the commit was undone before: what no row proves may be there.
pub async fn transaction_ended_by_commit_without_proving_row_is_unknown<S: Subject>(on: &S) {
    let (stored, idem) = on_one(on).await;
    let account = idem.ledger().account("a");
    for way in WAYS {
        let mut tx = begin(on, &idem, way).await;
        on.execute(tx.bare().await.expect("open"), "SAVEPOINT mine").await.expect("saved");
        fresh(account.within(&mut tx).apply_delta(&key(&format!("undone {way}")), 1).await);
        on.execute(tx.bare().await.expect("open"), "ROLLBACK TO SAVEPOINT mine").await.expect("undone");
        idem.ledger().account(way).within(&mut tx).open(Bounds::at_least(0)).await.expect("opened");
        on.execute(tx.bare().await.expect("open"), "COMMIT").await.expect("ends it");
        let error = tx.commit().await.expect_err("another one has committed");
        assert_eq!(error.effect(), Effect::Unknown, "{way}: {error}");
        assert_eq!(stored.number(&format!("SELECT count(*) FROM idem_accounts WHERE account = '{way}'")).await, 1);
    }
}

/// The same of more calls than are kept to prove it.
pub async fn transaction_ended_by_commit_after_many_calls_is_not_denied<S: Subject>(on: &S) {
    let (_stored, idem) = on_one(on).await;
    let account = idem.ledger().account("a");
    for (turn, way) in (1..).zip(WAYS) {
        let mut tx = begin(on, &idem, way).await;
        on.execute(tx.bare().await.expect("open"), "SAVEPOINT first").await.expect("saved");
        fresh(account.within(&mut tx).apply_delta(&key(&format!("undone {way}")), 100).await);
        on.execute(tx.bare().await.expect("open"), "ROLLBACK TO SAVEPOINT first").await.expect("undone");
        fresh(account.within(&mut tx).apply_delta(&key(&format!("kept {way}")), 1).await);
        on.execute(tx.bare().await.expect("open"), "SAVEPOINT second").await.expect("saved");
        for call in 0..70 {
            fresh(account.within(&mut tx).apply_delta(&key(&format!("{call} undone {way}")), 10).await);
        }
        on.execute(tx.bare().await.expect("open"), "ROLLBACK TO SAVEPOINT second").await.expect("undone");
        on.execute(tx.bare().await.expect("open"), "COMMIT").await.expect("ends it");
        let told = tx.commit().await.map_err(|error| error.effect());
        assert_ne!(told, Err(Effect::NotApplied), "{way}");
        assert_eq!(account.get().await.expect("readable").expect("there").balance, turn, "{way}");
    }
}

/// Committed by a statement, and begun anew by another: what was committed is not denied, however that one ends.
pub async fn transaction_ended_by_commit_and_begun_again_is_not_denied<S: Subject>(on: &S) {
    let (stored, idem) = on_one(on).await;
    stored.execute("CREATE TABLE leaves (page text REFERENCES pages (name) DEFERRABLE INITIALLY DEFERRED)").await;
    let account = idem.ledger().account("a");
    let mut turn = 0;
    for way in WAYS {
        for then in ["a call", "INSERT INTO pages VALUES ('p', 'twice', 1)", "INSERT INTO leaves VALUES ('none')"] {
            turn += 1;
            let mut tx = begin(on, &idem, way).await;
            fresh(account.within(&mut tx).apply_delta(&key(&format!("first {turn}")), 1).await);
            on.execute(tx.bare().await.expect("open"), "COMMIT").await.expect("ends it");
            on.execute(tx.bare().await.expect("open"), "BEGIN").await.expect("begins anew");
            if then == "a call" {
                // Where transactions bear no mark it cannot be told from the first.
                let later = account.within(&mut tx).apply_delta(&key(&format!("later {turn}")), 0).await;
                assert!(later.is_ok() || later.is_err_and(|error| error.effect() == Effect::NotApplied), "{way}");
            } else {
                // What is refused at once, and what is refused by the commit.
                let _ = on.execute(tx.bare().await.expect("open"), then).await;
            }
            let told = tx.commit().await.map_err(|error| error.effect());
            assert_ne!(told, Err(Effect::NotApplied), "{way}, {then}");
            assert_eq!(account.get().await.expect("readable").expect("there").balance, turn, "{way}, {then}");
            on.begin(idem.pool()).await.expect("the next borrower begins").rollback().await.expect("clean");
        }
    }
}

/// Ended by a statement and dropped: the next one begins all the same.
pub async fn transaction_ended_by_statement_and_dropped_leaves_pool_usable<S: Subject>(on: &S) {
    let opened = on.builder().open(&on.url()).await.expect("opened");
    let (_stored, of_pool) = on_one(on).await;
    for (kind, idem) in [("opened", &opened), ("of a pool", &of_pool)] {
        let account = idem.ledger().account("a");
        for (call, end) in ["ROLLBACK", "COMMIT"].iter().enumerate() {
            let mut tx = idem.begin().await.expect("begins");
            fresh(account.within(&mut tx).apply_delta(&key(&format!("{call} {kind}")), 1).await);
            on.execute(tx.bare().await.expect("open"), end).await.expect("ends it");
            drop(tx);
            idem.begin().await.expect("begins").rollback().await;
        }
    }
}

/// A savepoint of the user's takes a part of the unit back: what is committed is what is left of it.
pub async fn savepoint_rollback_of_some_calls_keeps_the_others<S: Subject>(on: &S) {
    let (_stored, idem) = on_one(on).await;
    let account = idem.ledger().account("a");
    for (turn, way) in (1..).zip(WAYS) {
        let mut tx = begin(on, &idem, way).await;
        // Before the library's first statement in it, and after.
        on.execute(tx.bare().await.expect("open"), "SAVEPOINT first").await.expect("saved");
        fresh(account.within(&mut tx).apply_delta(&key(&format!("undone at first {way}")), 100).await);
        on.execute(tx.bare().await.expect("open"), "ROLLBACK TO SAVEPOINT first").await.expect("undone");
        fresh(account.within(&mut tx).apply_delta(&key(&format!("kept {way}")), 1).await);
        on.execute(tx.bare().await.expect("open"), "SAVEPOINT mine").await.expect("saved");
        fresh(account.within(&mut tx).apply_delta(&key(&format!("undone {way}")), 10).await);
        on.execute(tx.bare().await.expect("open"), "ROLLBACK TO SAVEPOINT mine").await.expect("undone");
        tx.commit().await.expect("commits");
        assert_eq!(account.get().await.expect("readable").expect("there").balance, turn, "{way}");
    }
}

/// All that was done is undone by a savepoint of the user's: nothing is committed, and the commit says so without an error.
pub async fn savepoint_rollback_of_all_calls_commits_nothing<S: Subject>(on: &S) {
    let (_stored, idem) = on_one(on).await;
    let account = idem.ledger().account("a");
    for way in WAYS {
        let mut tx = begin(on, &idem, way).await;
        on.execute(tx.bare().await.expect("open"), "SAVEPOINT first").await.expect("saved");
        fresh(account.within(&mut tx).apply_delta(&key("undone"), 100).await);
        on.execute(tx.bare().await.expect("open"), "ROLLBACK TO SAVEPOINT first").await.expect("undone");
        tx.commit().await.expect("commits");
        assert!(account.get().await.expect("readable").is_none(), "{way}");
    }
}
