//! Conditional updates in the caller's transaction.

use idem_core::update::{ConditionalUpdate, Upsert};
use idem_core::{Database, Error, ErrorKind, Tx};

use super::{documents, edit, prepared, repeated, stale, updated};
use crate::conformance::transactions::polled;
use crate::conformance::{Subject, key, refused};

/// The row and the key share the fate of what is beside them.
pub async fn update_in_transaction_shares_commit_and_rollback<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let keyed = || edit().set("body", "final").expect_version(1).once(&key("k"));
    let by_column = || edit().set("pages", 3).expect("body", "final").once(&key("l"));
    for round in 0..5 {
        let mut tx = stored.idem.begin().await.expect("begun");
        stored
            .execute_on(tx.bare().await.expect("open"), "UPDATE documents SET body = 'beside' WHERE tenant = 'b'")
            .await;
        updated(keyed().execute(&mut tx).await, 2);
        updated(by_column().execute(&mut tx).await, 3);
        let settings = Upsert::table("documents").key("tenant", "c").key("id", 1).set("body", "new");
        updated(settings.once(&key("m")).execute(&mut tx).await, 1);
        match round {
            4 => tx.commit().await.expect("committed"),
            0 | 2 => tx.rollback().await,
            _ => drop(tx),
        }
        let kept = i64::from(round == 4);
        assert_eq!((documents(&stored, "body = 'beside'").await, stored.rows().await), (kept, 3 * kept));
        assert_eq!(documents(&stored, "tenant = 'a' AND pages = 3 AND version = 3").await, kept);
    }
    repeated(keyed().execute(&stored.idem).await, 2);
    repeated(by_column().execute(&stored.idem).await, 3);
}

/// Stale, missing, a reused key, keyed and not: the transaction goes on and commits the rest.
pub async fn refused_update_leaves_transaction_usable<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    updated(edit().set("body", "first").expect_version(1).once(&key("known")).execute(&stored.idem).await, 2);
    let nobody = || ConditionalUpdate::table("documents").key("tenant", "x").key("id", 7).set("body", "x");
    let absent = || Upsert::table("documents").key("tenant", "a").key("id", 7).set("body", "x").expect_absent();
    let mut tx = stored.idem.begin().await.expect("begun");
    for _ in 0..2 {
        stale(edit().set("body", "x").expect_version(1).execute(&mut tx).await);
        stale(edit().set("body", "x").expect_version(1).once(&key("k")).execute(&mut tx).await);
        stale(edit().set("body", "x").expect("pages", 1).once(&key("k")).execute(&mut tx).await);
        stale(absent().execute(&mut tx).await);
        stale(absent().once(&key("k")).execute(&mut tx).await);
        refused(nobody().expect_version(1).execute(&mut tx).await, ErrorKind::Missing);
        refused(nobody().expect_version(1).once(&key("k")).execute(&mut tx).await, ErrorKind::Missing);
        refused(nobody().expect_version(1).once(&key("known")).execute(&mut tx).await, ErrorKind::KeyReused);
        refused(nobody().unversioned().execute(&mut tx).await, ErrorKind::Update);
        let unknown = nobody().set("nothing", 1).expect_version(1).execute(&mut tx).await;
        refused(unknown, ErrorKind::Update);
    }
    stored.execute_on(tx.bare().await.expect("open"), "UPDATE documents SET pages = 9 WHERE tenant = 'b'").await;
    updated(edit().set("body", "second").expect_version(2).once(&key("k")).execute(&mut tx).await, 3);
    tx.commit().await.expect("committed");
    assert_eq!((documents(&stored, "pages = 9 OR body = 'second'").await, stored.rows().await), (2, 2));
}

/// Also before the transaction commits, and under the version that the update had made within it.
pub async fn update_repeat_in_transaction_returns_first_answer<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let by_version = || edit().set("body", "first").expect_version(1).once(&key("k"));
    let by_column = || edit().set("pages", 3).expect("body", "first").once(&key("l"));
    let mut tx = stored.idem.begin().await.expect("begun");
    updated(by_version().execute(&mut tx).await, 2);
    updated(by_column().execute(&mut tx).await, 3);
    repeated(by_version().execute(&mut tx).await, 2);
    repeated(by_column().execute(&mut tx).await, 3);
    tx.commit().await.expect("committed");
    let mut tx = stored.idem.begin().await.expect("begun");
    repeated(by_version().execute(&mut tx).await, 2);
    repeated(by_column().execute(&mut tx).await, 3);
    tx.commit().await.expect("committed");
    assert_eq!((documents(&stored, "version = 3").await, stored.rows().await), (1, 2));
}

/// One that the user began with sqlx, to commit and to roll back.
pub async fn adopted_transaction_commits_and_rolls_back_updates<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    for commit in [false, true] {
        let begun = on.begin(stored.idem.pool()).await.expect("begun");
        let mut tx = stored.idem.adopt_tx(begun);
        updated(edit().set("body", "final").expect_version(1).once(&key("k")).execute(&mut tx).await, 2);
        stale(edit().set("body", "final").expect_version(1).execute(&mut tx).await);
        if commit {
            tx.commit().await.expect("committed");
        } else {
            tx.rollback().await;
        }
        assert_eq!(
            (documents(&stored, "version = 2").await, stored.rows().await),
            (i64::from(commit), i64::from(commit))
        );
    }
}

/// However far it had come: the transaction says that it is interrupted, or goes on as if the update had not been.
pub async fn update_dropped_in_transaction_breaks_it_or_has_no_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let updates: [fn() -> ConditionalUpdate; 3] = [
        || edit().set("body", "final").expect_version(1),
        || edit().set("body", "final").expect_version(1).once(&key("k")),
        || edit().set("body", "final").expect("body", "draft").once(&key("k")),
    ];
    for update in updates {
        let (mut broken, mut polls, mut rounds) = (0, 0, 100);
        // On a busy machine every answer may be there at the first poll, and nothing is dropped: then once more.
        while broken == 0 || polls > 0 {
            let mut tx = stored.idem.begin().await.expect("begun");
            stored
                .execute_on(tx.bare().await.expect("open"), "UPDATE documents SET pages = pages WHERE tenant = 'b'")
                .await;
            if polled(update().execute(&mut tx), polls).await.is_some() {
                tx.rollback().await;
                (polls, rounds) = (0, rounds - 1);
                assert!(rounds > 0, "no poll fell between the first write and the last");
                continue;
            }
            broken += i32::from(interrupted(tx).await);
            assert_eq!((documents(&stored, "version = 1").await, stored.rows().await), (2, 0), "after {polls} polls");
            polls += 1;
        }
    }
}

async fn interrupted<DB: Database>(tx: Tx<DB>) -> bool {
    match tx.commit().await {
        Ok(()) => false,
        Err(Error::Interrupted) => true,
        Err(error) => panic!("a commit after a dropped update: {error}"),
    }
}

/// And the repeat finds out which.
pub async fn dropped_update_and_its_repeat_have_one_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let mut version = 1;
    for polls in (0..12).cycle().take(48) {
        let update =
            edit().set("body", format!("{version}")).expect_version(version).once(&key(&format!("k{version}")));
        let first = polled(update.clone().execute(&stored.idem), polls).await.map(|answer| answer.expect("applied"));
        let again = update.execute(&stored.idem).await.expect("applied by one of the two");
        version += 1;
        assert_eq!(*again, version, "after {polls} polls");
        assert!(!(first.is_some() && again.is_fresh()), "two effects after {polls} polls");
    }
    assert_eq!(documents(&stored, &format!("version = {version}")).await, 1);
    assert_eq!(stored.rows().await, version - 1);
}
