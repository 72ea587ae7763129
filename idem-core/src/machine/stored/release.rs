//! What another release of a machine knows.
//!
//! A state or a command that is not known here was written by another release, or is damage. The database has the names of the
//! newest release that used it; it is asked when such an error is to be answered, and never otherwise.

use crate::engine::graph_record::stored_release_joined;
use crate::engine::session::transaction::Tx;
use crate::error::{Error, ErrorKind};
use crate::machine::stored::handles::Machines;
use crate::model::machine::rules::{Machine, Rules};
use crate::store::Database;

impl<DB: Database, X: Rules> Machines<DB, X> {
    /// Answers with [`Error::OtherRelease`] what another release could have answered.
    pub(super) async fn explain<T, R>(&self, answers: &mut [Result<T, Error<R>>]) {
        if !answers.iter().any(is_unknown) {
            return;
        }
        // On the heap: it is part of every call, and hardly ever happens.
        if let Some(release) = Box::pin(self.shared.stored_release(X::Machine::GRAPH)).await {
            answers.iter_mut().filter_map(|answer| answer.as_mut().err()).for_each(|error| release.explain(error));
        }
    }

    /// The same for one answer.
    pub(super) async fn explained<T, R>(&self, mut answer: Result<T, Error<R>>) -> Result<T, Error<R>> {
        self.explain(std::slice::from_mut(&mut answer)).await;
        answer
    }
}

/// The same for an answer inside a transaction.
pub(super) async fn explained_joined<DB: Database, X: Rules, T, R>(
    tx: &mut Tx<DB>,
    mut answer: Result<T, Error<R>>,
) -> Result<T, Error<R>> {
    if let (true, Err(error)) = (is_unknown(&answer), &mut answer)
        && let Some(release) = Box::pin(stored_release_joined(tx, X::Machine::GRAPH)).await
    {
        release.explain(error);
    }
    answer
}

fn is_unknown<T, R>(answer: &Result<T, Error<R>>) -> bool {
    answer.as_ref().is_err_and(|error| matches!(error.kind(), ErrorKind::UnknownState | ErrorKind::UnknownCommand))
}
