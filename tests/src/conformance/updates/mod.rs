//! Conditional updates of the user's own tables.

pub mod altered;
pub mod concurrency;
pub mod deletes;
pub mod expectations;
pub mod joined;
pub mod keyed;
pub mod tables;
pub mod upserts;
pub mod values;

use idem_core::error::UpdateProblem;
use idem_core::update::{ConditionalUpdate, Version};
use idem_core::{Effect, Error, Outcome};

use crate::conformance::{Stored, Subject};

/// With two documents of two tenants, at version 1.
pub(super) async fn prepared<S: Subject>(on: &S) -> Stored<'_, S> {
    let stored = Stored::open(on).await;
    stored
        .execute(
            "CREATE TABLE documents (tenant varchar(20) NOT NULL, id bigint NOT NULL, body text, pages integer,
                 version bigint DEFAULT 1, PRIMARY KEY (tenant, id))",
        )
        .await;
    stored.execute("INSERT INTO documents (tenant, id, body) VALUES ('a', 7, 'draft'), ('b', 7, 'draft')").await;
    stored
}

/// An update of the first document.
pub(super) fn edit() -> ConditionalUpdate {
    ConditionalUpdate::table("documents").key("tenant", "a").key("id", 7)
}

/// How many documents are as `condition` says.
pub(super) async fn documents<S: Subject>(stored: &Stored<'_, S>, condition: &str) -> i64 {
    stored.number(&format!("SELECT count(*) FROM documents WHERE {condition}")).await
}

/// The answer of an update that must have had its effect now and led to `version`.
#[track_caller]
pub(super) fn updated(answer: Result<Outcome<Version>, Error>, version: i64) {
    match answer {
        Ok(updated) if updated.is_fresh() => assert_eq!(*updated, version),
        other => panic!("expected version {version}, found {other:?}"),
    }
}

/// The answer of an update that must have had its effect before.
#[track_caller]
pub(super) fn repeated(answer: Result<Outcome<Version>, Error>, version: i64) {
    match answer {
        Ok(updated) if updated.is_replay() => assert_eq!(*updated, version),
        other => panic!("expected the earlier version {version}, found {other:?}"),
    }
}

/// The versions of an update that must have been stale, and the columns that differ.
#[track_caller]
pub(super) fn stale(answer: Result<Outcome<Version>, Error>) -> (Option<i64>, Option<i64>, Vec<String>) {
    match answer {
        Err(error @ Error::Stale { .. }) => {
            assert!(!error.is_retryable() && error.effect() == Effect::NotApplied, "{error}");
            let Error::Stale { expected, found, differs, .. } = error else { unreachable!() };
            (expected, found, differs)
        }
        other => panic!("expected a stale row, found {other:?}"),
    }
}

/// What is wrong with an update that must have been refused for it.
#[track_caller]
pub(super) fn problem(answer: Result<Outcome<Version>, Error>) -> UpdateProblem {
    match answer {
        Err(Error::Update { problem, .. }) => problem,
        other => panic!("expected a refusal, found {other:?}"),
    }
}
