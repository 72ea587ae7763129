//! All plans of one attempt, decided on one snapshot.

use std::sync::Arc;

use crate::engine::answer::{AnswerValue, Answered};
use crate::engine::decide::draft::WriteDraft;
use crate::engine::decide::ledger_draft::written_entry;
use crate::engine::decide::snapshot::{Needs, Snapshot};
use crate::engine::plan::{Limits, Plan};
use crate::model::row::row_update::Missed;
use crate::store::Database;
use crate::store::ledger::rows::EntryRow;
use crate::store::write::part::Write;
use crate::store::write::rows::{After, CommitWitness, EntryWrite, KeyTable};

/// What all plans are answered with if the write succeeds.
pub(crate) struct Decision<DB: Database> {
    pub(crate) answers: Vec<Answered>,
    pub(crate) write: Write<DB>,
    /// What the write leaves behind if nobody else writes: in a transaction that locked what it loaded.
    pub(crate) after: After,
    /// A plan is refused for what was read later than its key.
    pub(crate) refused_late: bool,
    /// It rests on assumptions, and its write finds out.
    pub(crate) blind: bool,
}

/// Decides all plans on one snapshot, or says what is missing in it.
pub(crate) fn decide<DB: Database>(
    plans: &[&dyn Plan<DB>],
    snapshot: &Snapshot,
    limits: &Limits,
) -> Result<Decision<DB>, Box<Needs>> {
    let mut draft = WriteDraft::new(snapshot, plans.len() > 1);
    let answers: Vec<_> = plans.iter().map(|plan| plan.decide(&mut draft, limits)).collect();
    if !draft.needs.is_empty() {
        return Err(Box::new(draft.needs));
    }
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    debug_assert_eq!(answers.len(), plans.len(), "without needs every plan has its answer");
    let refused_late = draft.refused_late;
    let (write, after) = draft.finish();
    Ok(Decision { answers, write, after, refused_late, blind: snapshot.blind })
}

impl<DB: Database> Decision<DB> {
    /// Takes in what the write in an open transaction left behind; false if it was lost. Accounts are as decided: they were
    /// locked.
    pub(crate) fn note(&mut self, after: Option<After>) -> bool {
        let Some(after) = after else { return false };
        self.after.row = after.row;
        true
    }

    /// The caller's row that a lost write was decided on.
    pub(crate) fn missed_row(self) -> Option<Missed> {
        self.write.row?.seen
    }

    /// The answers, once it is written in an open transaction.
    pub(crate) fn into_answers(mut self) -> Vec<Answered> {
        let now = self.after.now;
        let after = std::mem::replace(&mut self.after, After { now, accounts: Vec::new(), row: None });
        self.answered(&after)
    }

    /// Whether the write, if it succeeds, proves all that the answers at these places rest on: on assumptions no call is refused or
    /// answered as a replay, unless of this very write.
    pub(crate) fn rests_on_its_write(&self, assumed: impl Fn(usize) -> bool) -> bool {
        let proved = |answer: &Answered| answer.as_ref().is_ok_and(|answer| answer.fresh || !answer.is_final());
        !self.refused_late && self.answers.iter().enumerate().all(|(at, answer)| !assumed(at) || proved(answer))
    }

    /// A row by which the write in an open transaction can be recognised.
    pub(crate) fn witness(&self) -> Option<CommitWitness> {
        let row = self.write.row.as_ref().and_then(|row| row.update.key.as_ref());
        if let (Some(key), Some(after)) = (row, self.after.row) {
            return Some(CommitWitness::Key { of: KeyTable::Claims, hash: key.hash, at: Some(after.at) });
        }
        let witness = self.write.witness()?;
        if let CommitWitness::Key { of: KeyTable::Entries, hash, at: None } = witness {
            // Its account was locked: its time is as decided.
            let is_it = |entry: &EntryWrite| entry.named.is_some_and(|(of, _)| of == hash);
            let place = self.write.entries.iter().position(is_it)?;
            let entry = written_entry(&self.write, &self.after, place);
            let at = Some(entry.map_or(self.after.now, |entry| entry.at));
            return Some(CommitWitness::Key { of: KeyTable::Entries, hash, at });
        }
        Some(witness)
    }

    /// The answers, once it is written: what was counted from rows is counted from the rows as they are after the write.
    pub(crate) fn answered(mut self, after: &After) -> Vec<Answered> {
        for answer in self.answers.iter_mut().flatten() {
            match &answer.outcome {
                AnswerValue::Stored(_) | AnswerValue::Entries(_) => {}
                AnswerValue::Version => {
                    if let Some(row) = after.row {
                        (answer.seq, answer.at) = (row.version, row.at);
                    }
                }
                AnswerValue::Drafted(places) => {
                    let entries = places.clone().filter_map(|place| written_entry(&self.write, after, place));
                    let entries: Arc<[EntryRow]> = entries.collect();
                    debug_assert_eq!(entries.len(), places.len(), "a write has the entries that its answers name");
                    if let Some(first) = entries.first() {
                        (answer.seq, answer.at) = (first.seq, first.at);
                    }
                    answer.outcome = AnswerValue::Entries(entries);
                }
            }
        }
        self.answers
    }
}
