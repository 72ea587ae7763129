//! Updates of one row at the same time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use idem_core::update::{ConditionalUpdate, Upsert, Version, retry_stale};
use idem_core::{Database, Effect, Error, ErrorKind, Idem, Outcome, RetryPolicy};

use super::{documents, edit, prepared, repeated, stale, updated};
use crate::conformance::{Stored, Subject, key, refused};

/// One of them has the effect, all get its answer: on a version, on a column that the update does not change, and by an
/// upsert.
pub async fn concurrent_repeats_of_update_have_one_effect<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    for round in 0..8 {
        let version = 1 + 3 * round;
        let k = |name: &str| key(&format!("{name}-{round}"));
        let by_version = edit().set("body", format!("{round}")).expect_version(version).once(&k("version"));
        at_once(&stored, version + 1, |idem| executed(by_version.clone(), idem)).await;
        let by_column = edit().set("body", format!("{round}!")).expect("pages", None::<i64>).once(&k("column"));
        at_once(&stored, version + 2, |idem| executed(by_column.clone(), idem)).await;
        let upsert = Upsert::table("documents").key("tenant", "a").key("id", 7).set("body", "x").once(&k("upsert"));
        at_once(&stored, version + 3, |idem| {
            let upsert = upsert.clone();
            async move { upsert.execute(&idem).await }
        })
        .await;
    }
}

async fn executed<DB: Database>(update: ConditionalUpdate, idem: Idem<DB>) -> Result<Outcome<Version>, Error> {
    update.execute(&idem).await
}

async fn at_once<S: Subject, F>(stored: &Stored<'_, S>, version: i64, call: impl Fn(Idem<S::DB>) -> F)
where
    F: Future<Output = Result<Outcome<Version>, Error>> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        tasks.spawn(call(stored.idem.clone()));
    }
    let mut fresh = 0;
    while let Some(done) = tasks.join_next().await {
        let answer = done.expect("no panic").expect("one effect, one answer");
        assert_eq!(*answer, version);
        fresh += u32::from(answer.is_fresh());
    }
    assert_eq!(fresh, 1);
}

/// Past the bound the answer is `InFlight`, and nothing is written.
pub async fn update_of_locked_row_waits_within_lock_wait<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let brief = on.builder().lock_wait(Duration::from_millis(50)).open(&on.url()).await.expect("opened");
    let mut tx = stored.idem.begin().await.expect("begun");
    let first = || edit().set("body", "held").expect_version(1).once(&key("k"));
    updated(first().execute(&mut tx).await, 2);
    let late = || edit().set("body", "late").expect_version(1);
    for _ in 0..2 {
        for update in [late(), late().once(&key("l")), first()] {
            let error = refused(update.execute(&brief).await, ErrorKind::InFlight);
            assert!(error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
        }
    }
    tx.commit().await.expect("committed");
    repeated(first().execute(&brief).await, 2);
    assert_eq!(stale(late().execute(&brief).await), (Some(1), Some(2), vec![]));
}

/// Each of them reads, decides and writes, and all have their effect.
pub async fn stale_update_is_retried_until_version_matches<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let idem = stored.idem.clone();
        tasks.spawn(async move {
            let seen = AtomicI64::new(1);
            for _ in 0..5 {
                retry_stale(RetryPolicy::default().attempts(200), || async {
                    let version = seen.load(Ordering::Relaxed);
                    let answer = edit().set("pages", version).expect_version(version).execute(&idem).await;
                    if let Err(Error::Stale { found: Some(found), .. }) = answer {
                        seen.store(found, Ordering::Relaxed);
                    }
                    answer
                })
                .await
                .expect("others are faster only for a while");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    assert_eq!(documents(&stored, "tenant = 'a' AND pages = 20 AND version = 21").await, 1);
    let mut runs = 0;
    let error = retry_stale(RetryPolicy::default().attempts(3), || {
        runs += 1;
        edit().set("pages", 0).expect_version(1).execute(&stored.idem)
    });
    assert_eq!(stale(error.await), (Some(1), Some(21), vec![]));
    assert_eq!(runs, 3);
}
