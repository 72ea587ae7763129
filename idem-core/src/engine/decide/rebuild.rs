//! A machine's row, brought back in line with its history.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::engine::answer::{Answer, AnswerValue};
use crate::engine::decide::draft::WriteDraft;
use crate::engine::decide::last_transitions::LastTransitions;
use crate::engine::decide::snapshot::{Asked, Snapshot};
use crate::engine::plan::{Assuming, Decided, Limits, Plan};
use crate::error::Error;
use crate::key::KeyHash;
use crate::store::Database;
use crate::store::write::rows::MachineWrite;
use crate::wire::Stored;

/// What a machine's row is to be. It is written if the row is at the version that was read before the history was.
pub(crate) struct Rebuild {
    pub(crate) machine: &'static str,
    pub(crate) id: Arc<str>,
    pub(crate) state: String,
    pub(crate) body: Stored,
    pub(crate) last: LastTransitions,
    /// 0: there was no row.
    pub(crate) expected: i64,
    pub(crate) version: i64,
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
}

impl<DB: Database> Plan<DB> for Rebuild {
    fn namespace(&self) -> &'static str {
        self.machine
    }

    fn operation(&self) -> &'static str {
        "@rebuild"
    }

    fn key(&self) -> Option<&KeyHash> {
        None
    }

    fn size(&self) -> usize {
        self.body.len()
    }

    fn locks(&self, tell: &mut dyn FnMut(&str, &str)) {
        tell(self.machine, &self.id);
    }

    fn ask<'p>(&'p self, asked: &mut Asked<'p>) {
        asked.machines.insert((self.machine, &self.id));
    }

    /// The write compares the version.
    fn assume(&self, _cx: &Assuming<'_>, _snapshot: &mut Snapshot) -> bool {
        true
    }

    fn decide(&self, draft: &mut WriteDraft<'_, DB>, _limits: &Limits) -> Decided {
        let answer = |fresh| {
            let outcome = AnswerValue::Stored(Stored::default());
            Ok(Ok(Answer { seq: self.version, at: self.entered_at, outcome, fresh, superseded: false }))
        };
        if !draft.snapshot.blind {
            let row = draft.snapshot.machines.get(&(self.machine, self.id.clone())).and_then(Option::as_ref);
            if row.is_some_and(|row| self.agrees(row)) {
                return answer(false);
            }
            if row.map_or(0, |row| row.version) != self.expected {
                return Ok(Err(Error::Contention { attempts: 1 }.into()));
            }
        }
        draft.write.machines.push(MachineWrite {
            machine: self.machine,
            id: self.id.clone(),
            state: self.state.clone(),
            body: self.body.clone(),
            last_by_command: self.last.encode(),
            expected: self.expected,
            version: self.version,
            visit: self.visit,
            entered_at: self.entered_at,
        });
        answer(true)
    }
}

impl Rebuild {
    /// Whether the row is as it is to be.
    pub(crate) fn agrees(&self, row: &crate::store::machine::rows::MachineRow) -> bool {
        (&row.state, &row.body, &row.last_by_command, row.version, row.visit, row.entered_at)
            == (&self.state, &self.body, &self.last.encode(), self.version, self.visit, self.entered_at)
    }
}
