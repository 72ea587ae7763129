//! Conditional updates of one row of a caller's table.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::engine::answer::{Answer, AnswerValue};
use crate::engine::decide::draft::{Missing, WriteDraft};
use crate::engine::decide::snapshot::{Asked, Snapshot, TableFound};
use crate::engine::plan::{Assuming, Decided, Limits, Plan};
use crate::error::{Error, UpdateProblem};
use crate::key::KeyHash;
use crate::model::claim::fence::Fence;
use crate::model::row::check::check;
use crate::model::row::row_update::{Missed, RowUpdate, RowUpdateKind};
use crate::model::row::verdict::verdict;
use crate::namespace::UPDATE;
use crate::store::Database;
use crate::store::row::table::RowWrite;
use crate::store::statements::Statements;
use crate::wire::Stored;

/// An update of one row. It is written if it is as expected; a write that missed looks at what is there.
pub(crate) struct UpdatePlan(pub(crate) Arc<RowUpdate>);

impl<DB: Database> Plan<DB> for UpdatePlan {
    fn namespace(&self) -> &'static str {
        UPDATE
    }

    fn fence(&self) -> Option<&Fence> {
        self.0.fence.as_ref()
    }

    fn operation(&self) -> &'static str {
        match self.0.kind {
            RowUpdateKind::Update => "update",
            RowUpdateKind::Upsert => "upsert",
            RowUpdateKind::Insert => "insert",
            RowUpdateKind::Delete => "delete",
        }
    }

    fn table(&self) -> Option<&str> {
        Some(self.0.table.as_str())
    }

    fn key(&self) -> Option<&KeyHash> {
        self.0.key.as_ref().map(|key| &key.hash)
    }

    fn size(&self) -> usize {
        const CELL: usize = 64;
        CELL * (self.0.keys.len() + self.0.sets.len() + self.0.expects.len())
    }

    /// Nothing: rows of callers are not queued for.
    fn locks(&self, _tell: &mut dyn FnMut(&str, &str)) {}

    fn ask<'p>(&'p self, _asked: &mut Asked<'p>) {}

    /// The write itself compares.
    fn assume(&self, cx: &Assuming<'_>, snapshot: &mut Snapshot) -> bool {
        snapshot.table = TableFound::known(cx.sql, &self.0.table);
        true
    }

    fn decide(&self, draft: &mut WriteDraft<'_, DB>, _limits: &Limits) -> Decided {
        let update = &self.0;
        let unfit = |problem| Ok(Err(Error::Update { table: update.table.as_str().to_owned(), problem }.into()));
        let Some(found) = &draft.snapshot.table else {
            draft.needs.table = Some((update.table.clone(), false));
            return Err(Missing);
        };
        let Some(table) = &found.table else { return unfit(UpdateProblem::NoTable) };
        if let Err(problem) = check(update, &table.schema) {
            if found.anew {
                return unfit(problem);
            }
            draft.needs.table = Some((update.table.clone(), true));
            return Err(Missing);
        }
        let mut seen = None;
        if !draft.snapshot.blind {
            let Some(row) = &draft.snapshot.row else {
                draft.needs.row = Some((update.clone(), table.clone()));
                return Err(Missing);
            };
            if !row.described {
                if found.anew {
                    return Ok(Err(Error::Contention { attempts: 1 }.into()));
                }
                draft.needs.table = Some((update.table.clone(), true));
                return Err(Missing);
            }
            if let Some(verdict) = verdict(update, &table.schema, row) {
                let replay = |(version, at)| answer(version, at, false);
                return Ok(verdict.map(replay).map_err(Into::into));
            }
            seen = Missed::next(draft.snapshot.missed.as_ref(), row);
            if seen.is_none() {
                let columns = update.keys.iter().map(|cell| cell.column.as_str().to_owned()).collect();
                return unfit(UpdateProblem::NotWritten { columns });
            }
        }
        draft.write.row = Some(RowWrite { update: update.clone(), table: table.clone(), seen, fenced: false });
        Ok(Ok(answer(0, Timestamp::from_micros(0), true)))
    }

    fn forget_tables(&self, sql: &Statements) -> bool {
        sql.forget_described(self.0.table.as_str());
        true
    }
}

/// The version is the answer's seq.
fn answer(version: i64, at: Timestamp, fresh: bool) -> Answer {
    let outcome = if fresh { AnswerValue::Version } else { AnswerValue::Stored(Stored::default()) };
    Answer { seq: version, at, outcome, fresh, superseded: false, state: None }
}
