//! A machine's row, brought back in line with its history.

use crate::clock::Timestamp;
use crate::engine::answer::Refusal;
use crate::engine::decide::last_transitions::LastTransitions;
use crate::engine::decide::rebuild::Rebuild;
use crate::error::{Effect, Error};
use crate::machine::stored::handles::At;
use crate::machine::stored::history::PAGE;
use crate::model::machine::rules::{Machine, Rules};
use crate::store::Database;
use crate::store::machine::rows::TransitionRow;

impl<DB: Database, X: Rules> At<DB, X> {
    /// Brings the machine's row back in line with its history: the newest transition is what it says. True if there was
    /// something to mend.
    ///
    /// For a row that was changed or lost by other hands; [`At::verify`] tells. Reads all of the history.
    ///
    /// # Errors
    /// [`Error::NotStarted`] if there is no history, [`Error::Undecodable`] if it has gaps: then nothing is written.
    /// [`Error::Contention`] if the machine went on meanwhile; those of the database.
    ///
    /// # Cancel safety
    /// Dropped half-way the row is as it was, or mended.
    pub async fn rebuild(&self) -> Result<bool, Error> {
        // The row first: if the machine goes on while its history is read, the write compares the version and is refused.
        let row = self.row().await?;
        let Some(History { newest, entered_at, last }) = self.history_folded().await? else {
            return Err(Error::NotStarted { machine: X::Machine::GRAPH.name, id: self.id().to_owned() });
        };
        let rebuild = Rebuild {
            machine: X::Machine::GRAPH.name,
            id: self.id.clone(),
            state: newest.state,
            body: newest.body,
            last,
            expected: row.as_ref().map_or(0, |row| row.version),
            version: newest.seq,
            visit: newest.visit,
            entered_at,
        };
        if row.is_some_and(|row| rebuild.agrees(&row)) {
            return Ok(false);
        }
        match self.machines.shared.submit_alone(Box::new(rebuild)).await? {
            Ok(answer) => Ok(answer.fresh),
            Err(Refusal::Failed(error)) => Err(error),
            Err(Refusal::Rejected(_) | Refusal::Panicked(_)) => {
                Err(Error::Internal { what: "a rebuild was refused by a rule, and has none" })
            }
        }
    }

    async fn history_folded(&self) -> Result<Option<History>, Error> {
        let mut history: Option<History> = None;
        loop {
            let rows = self.rows(history.as_ref().map_or(0, |history| history.newest.seq), PAGE).await?;
            let ended = rows.len() < PAGE as usize;
            for row in rows {
                history = Some(History::then(history, row, (X::Machine::GRAPH.name, self.id()))?);
            }
            if ended {
                return Ok(history);
            }
        }
    }
}

/// The history up to one transition, folded.
struct History {
    newest: TransitionRow,
    entered_at: Timestamp,
    last: LastTransitions,
}

impl History {
    fn then(before: Option<Self>, row: TransitionRow, machine: (&str, &str)) -> Result<Self, Error> {
        let seq = before.as_ref().map_or(0, |before| before.newest.seq) + 1;
        if row.seq != seq {
            return Err(Error::Undecodable {
                what: format!("the history of {} {:?}", machine.0, machine.1),
                effect: Effect::NotApplied,
                source: format!("transition {seq} is missing").into(),
            });
        }
        let entered_at = match &before {
            Some(before) if before.newest.state == row.state && row.visit != row.seq => before.entered_at,
            _ => row.at,
        };
        let mut last = before.map_or_else(LastTransitions::default, |before| before.last);
        last.note(row.command.clone(), row.seq);
        Ok(Self { newest: row, entered_at, last })
    }
}
