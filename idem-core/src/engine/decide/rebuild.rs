//! A machine's row, brought back in line with its history.

use std::sync::Arc;

use crate::engine::answer::{Answer, AnswerValue};
use crate::engine::decide::draft::{Missing, WriteDraft};
use crate::engine::decide::snapshot::Asked;
use crate::engine::plan::{Decided, Limits, Plan};
use crate::error::{Effect, Error};
use crate::key::KeyHash;
use crate::store::Database;
use crate::store::write::rows::MachineWrite;
use crate::wire::Stored;

/// A row to be brought back in line. It is decided and written under the machine's lock: its version, which is what an
/// optimistic write compares, may be what is wrong.
pub(crate) struct Rebuild {
    pub(crate) machine: &'static str,
    pub(crate) id: Arc<str>,
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
        const ROW: usize = 128;
        ROW
    }

    fn locks(&self, tell: &mut dyn FnMut(&str, &str)) {
        tell(self.machine, &self.id);
    }

    fn ask<'p>(&'p self, asked: &mut Asked<'p>) {
        asked.machines.insert((self.machine, &self.id));
    }

    fn decide(&self, draft: &mut WriteDraft<'_, DB>, _limits: &Limits) -> Decided {
        let id = (self.machine, self.id.clone());
        let Some(history) = draft.snapshot.histories.get(&id) else {
            draft.needs.histories.insert(id);
            return Err(Missing);
        };
        let Some(history) = history else {
            return Ok(Err(Error::NotStarted { machine: self.machine, id: self.id.to_string() }.into()));
        };
        if let Some(gap) = history.gap {
            let error = Error::Undecodable {
                what: format!("the history of {} {:?}", self.machine, &*self.id),
                effect: Effect::NotApplied,
                source: format!("transition {gap} is missing").into(),
            };
            return Ok(Err(error.into()));
        }
        let row = draft.snapshot.machines.get(&id).and_then(Option::as_ref);
        let agrees = row.is_some_and(|row| history.agrees(row));
        let newest = &history.newest;
        if !agrees {
            draft.write.machines.push(MachineWrite {
                machine: self.machine,
                id: self.id.clone(),
                state: newest.state.clone(),
                body: newest.body.clone(),
                last_by_command: history.last.encode(),
                expected: row.map_or(0, |row| row.version),
                version: newest.seq,
                visit: newest.visit,
                entered_at: history.entered_at,
                emitted: history.emitted,
                at: newest.at,
            });
        }
        let outcome = AnswerValue::Stored(Stored::default());
        Ok(Ok(Answer {
            seq: newest.seq,
            at: history.entered_at,
            outcome,
            fresh: !agrees,
            superseded: false,
            state: None,
        }))
    }
}
