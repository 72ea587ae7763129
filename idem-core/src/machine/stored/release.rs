//! What another release of a machine knows.
//!
//! A state or a command that is not known here was written by another release, or is damage. The database has the names of the
//! newest release that used it; it is asked when such an error is to be answered, and never otherwise.

use crate::engine::graph_record::stored_release_joined;
use crate::engine::session::transaction::Tx;
use crate::error::{Error, ErrorKind, MayFail};
use crate::machine::stored::handles::Repository;
use crate::model::machine::rules::{Machine, Rules};
use crate::store::Database;

impl<DB: Database, X: Rules> Repository<DB, X> {
    /// Answers with [`Error::OtherRelease`] what another release could have answered.
    pub(super) async fn explain<T, E: MayFail>(&self, answers: &mut [Result<T, E>]) {
        if !answers.iter_mut().any(|answer| unknown(answer).is_some()) {
            return;
        }
        // On the heap: it is part of every call, and hardly ever happens.
        if let Some(release) = Box::pin(self.shared.stored_release(X::Machine::GRAPH)).await {
            answers.iter_mut().filter_map(unknown).for_each(|error| release.explain(error));
        }
    }

    /// The same for one answer.
    pub(super) async fn explained<T, E: MayFail>(&self, mut answer: Result<T, E>) -> Result<T, E> {
        self.explain(std::slice::from_mut(&mut answer)).await;
        answer
    }
}

/// The same for an answer inside a transaction.
pub(super) async fn explained_joined<DB: Database, X: Rules, T, E: MayFail>(
    tx: &mut Tx<DB>,
    mut answer: Result<T, E>,
) -> Result<T, E> {
    if let Some(error) = unknown(&mut answer)
        && let Some(release) = Box::pin(stored_release_joined(tx, X::Machine::GRAPH)).await
    {
        release.explain(error);
    }
    answer
}

/// The error, if it says that a stored state or command is not known.
fn unknown<T, E: MayFail>(answer: &mut Result<T, E>) -> Option<&mut Error> {
    let error = answer.as_mut().err()?.failure_mut()?;
    matches!(error.kind(), ErrorKind::UnknownState | ErrorKind::UnknownCommand).then_some(error)
}
