//! What operators do to a machine.

use std::fmt;
use std::future::IntoFuture;

use serde::{Deserialize, Serialize};

use crate::engine::decide::last_transitions::LastTransitions;
use crate::engine::plan::{Action, Command};
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, check_name};
use crate::machine::stored::{At, CallFuture, outcome, unencodable};
use crate::model::machine::driver::write_state;
use crate::model::machine::rules::{Machine, Rules};
use crate::namespace::OVERRIDE;
use crate::store::Database;
use crate::store::rows::{Locks, MachineRow, MachineWrite, TransitionRow, Write, Written};
use crate::wire::Stored;

/// A keyed transition by hand. Awaited, it happens.
#[must_use = "an override does nothing until it is awaited"]
pub struct Override<'a, DB: Database, X: Rules> {
    at: &'a At<DB, X>,
    key: Key,
    state: X::Machine,
    reason: String,
    reopen: bool,
}

/// The payload of an override as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Recorded {
    state: String,
    content: serde_json::Value,
    pub(super) reason: String,
    reopen: bool,
}

impl<DB: Database, X: Rules> At<DB, X> {
    /// Puts the machine into `state` by hand, whatever the graph says, recorded with its `reason`.
    ///
    /// A repeat of an earlier command still gets its original outcome, marked superseded; the override opens no new visit,
    /// so a command without a key that ran in the state's last visit does not run again, unless [`Override::reopen`] says
    /// so.
    ///
    /// # Errors
    /// [`Error::NotStarted`], [`Error::KeyReused`], and those of the database.
    pub fn override_state(
        &self,
        key: &Key,
        state: impl Into<X::Machine>,
        reason: impl Into<String>,
    ) -> Override<'_, DB, X> {
        Override { at: self, key: key.clone(), state: state.into(), reason: reason.into(), reopen: false }
    }

    /// Brings the machine's row back in line with its history: the newest transition is what it says. True if there was
    /// something to mend.
    ///
    /// For a row that was changed or lost by other hands; [`At::verify`] tells. Reads all of the history.
    ///
    /// # Errors
    /// [`Error::NotStarted`] if there is no history, [`Error::Undecodable`] if it has gaps: then nothing is written.
    pub async fn rebuild(&self) -> Result<bool, Error> {
        let mut fold: Option<Folded> = None;
        loop {
            let rows = self.rows(fold.as_ref().map_or(0, |fold| fold.newest.seq), 1_000).await?;
            let last = rows.len() < 1_000;
            for row in rows {
                fold = Some(Folded::then(fold, row)?);
            }
            if last {
                break;
            }
        }
        let Some(Folded { newest, entered_at, runs }) = fold else {
            return Err(Error::NotStarted { machine: X::Machine::GRAPH.name, id: self.id().to_owned() });
        };
        let runs = runs.encode();
        let row = self.row().await?;
        let agrees = row.as_ref().is_some_and(|row| {
            (&row.state, &row.body, &row.runs, row.version, row.visit, row.entered_at)
                == (&newest.state, &newest.body, &runs, newest.seq, newest.visit, entered_at)
        });
        if agrees {
            return Ok(false);
        }
        let expected = row.map_or(0, |row| row.version);
        let machine = MachineWrite {
            machine: newest.machine,
            id: newest.id,
            state: newest.state,
            body: newest.body,
            runs,
            expected,
            version: newest.seq,
            visit: newest.visit,
            entered_at,
        };
        self.mend(Write { now: Some(newest.at), machines: vec![machine], ..Write::default() }).await
    }

    async fn mend(&self, write: Write) -> Result<bool, Error> {
        let shared = &self.machines.shared;
        let mut held = shared.writer(shared.settings.wait).await?;
        match DB::write_own(held.conn(), &shared.sql, &write, Locks { wait: shared.settings.wait, skip: false }).await {
            Ok(Written::Done(_)) => {
                held.give_back();
                Ok(true)
            }
            Ok(Written::Lost(_)) => Err(Error::Contention { attempts: 1 }),
            Err(error) => Err(shared.explain(error).await),
        }
    }

    pub(super) async fn row(&self) -> Result<Option<MachineRow>, Error> {
        let mut held = self.machines.reader().await?;
        let loaded = self
            .machines
            .shared
            .reply(DB::load(held.conn(), &self.machines.shared.sql, &[(X::Machine::GRAPH.name, self.id())], &[]))
            .await;
        Ok(self.machines.shared.finish(held, loaded).await?.machines.into_iter().next().flatten())
    }
}

/// The history up to one transition, folded.
struct Folded {
    newest: TransitionRow,
    entered_at: crate::clock::Timestamp,
    runs: LastTransitions,
}

impl Folded {
    fn then(before: Option<Self>, row: TransitionRow) -> Result<Self, Error> {
        let seq = before.as_ref().map_or(0, |before| before.newest.seq) + 1;
        if row.seq != seq {
            return Err(Error::Undecodable {
                what: format!("the history of {} {:?}", row.machine, row.id),
                effect: crate::error::Effect::NotApplied,
                source: format!("transition {seq} is missing").into(),
            });
        }
        let entered_at = match &before {
            Some(before) if before.newest.state == row.state && row.visit != row.seq => before.entered_at,
            _ => row.at,
        };
        let mut runs = before.map_or_else(LastTransitions::default, |before| before.runs);
        runs.note(row.command.clone(), row.seq);
        Ok(Self { newest: row, entered_at, runs })
    }
}

impl<DB: Database, X: Rules> Override<'_, DB, X> {
    /// Opens a new visit of the state: commands without a key may run again in it.
    pub fn reopen(self) -> Self {
        Self { reopen: true, ..self }
    }

    fn item(&self) -> Result<Command, Error> {
        check_name("machine id", self.at.id())?;
        let position = self.state.state();
        let body = write_state(&self.state).map_err(|source| unencodable("the state", source))?;
        let content = body.decode().map_err(|source| unencodable("the state", source))?;
        let state = X::Machine::GRAPH.states[position].name.to_owned();
        let recorded = Recorded { state, content, reason: self.reason.clone(), reopen: self.reopen };
        let payload = Stored::encode(&recorded).map_err(|source| unencodable("the override", source))?;
        let fingerprint = Fingerprint::of(OVERRIDE, self.at.id(), payload.json().unwrap_or_default(), &[]);
        let action = Action::Override { state: position, body, reopen: self.reopen };
        self.at.keyed(Some(self.key.clone()), payload, fingerprint, action)
    }
}

impl<'a, DB: Database, X: Rules> IntoFuture for Override<'a, DB, X> {
    type Output = Result<crate::Outcome<()>, Error<X::Rejection>>;
    type IntoFuture = CallFuture<'a, (), X::Rejection>;

    fn into_future(self) -> Self::IntoFuture {
        let at = self.at;
        at.call_with(self.item(), outcome::<(), X::Rejection>).into_future()
    }
}

impl<DB: Database, X: Rules> fmt::Debug for Override<'_, DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Override").field("at", &self.at).field("reason", &self.reason).finish_non_exhaustive()
    }
}
