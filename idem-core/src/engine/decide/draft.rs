//! The write that decisions add up to, and the rows as they would be after it.

use std::collections::{BTreeMap, HashMap};

use crate::clock::Timestamp;
use crate::engine::decide::last_transitions::LastTransitions;
use crate::engine::decide::ledger_draft::Ledger;
use crate::engine::decide::snapshot::{MachineId, Needs, RunId, Snapshot, VisitId};
use crate::engine::plan::{Answer, Command, Value};
use crate::error::{Effect, Error};
use crate::key::KeyHash;
use crate::store::rows::{
    After, KeyRow, KeyWrite, MachineRow, MachineWrite, MessageWrite, Named, RunRow, TransitionRow, Write,
};
use crate::wire::Stored;

/// A machine as the decisions so far have left it.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub(crate) state: usize,
    pub(crate) body: Stored,
    pub(crate) runs: LastTransitions,
    pub(crate) version: i64,
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
}

/// A row that the decision needs is not in the snapshot; the draft's needs say which.
pub(crate) struct Missing;

/// One transition to be added, with everything that happens with it.
pub(crate) struct Change<'a> {
    pub(crate) state: usize,
    pub(crate) body: Stored,
    pub(crate) payload: &'a Stored,
    pub(crate) outcome: Stored,
    pub(crate) operation: &'static str,
    pub(crate) fingerprint: crate::fingerprint::Fingerprint,
    pub(crate) keyed: bool,
    /// The visit the state belongs to; `None`: decided by where it comes from.
    pub(crate) visit: Option<i64>,
}

/// Decisions in the making: the snapshot with the changes of the items before laid over it.
pub(crate) struct Draft<'s> {
    pub(crate) snapshot: &'s Snapshot,
    many: bool,
    pub(crate) needs: Needs,
    pub(crate) write: Write,
    machines: BTreeMap<MachineId, Current>,
    keys: HashMap<KeyHash, KeyRow>,
    runs: BTreeMap<RunId, RunRow>,
    visits: BTreeMap<VisitId, i64>,
    pub(super) ledger: Ledger,
}

impl<'s> Draft<'s> {
    /// A draft of several items lets each see what those before it changed; one alone needs none of that.
    pub(crate) fn new(snapshot: &'s Snapshot, many: bool) -> Self {
        Self {
            snapshot,
            many,
            needs: Needs::default(),
            write: Write { now: snapshot.now, ..Write::default() },
            machines: BTreeMap::new(),
            keys: HashMap::new(),
            runs: BTreeMap::new(),
            visits: BTreeMap::new(),
            ledger: Ledger::default(),
        }
    }

    /// The database's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.snapshot.now.unwrap_or(Timestamp::from_micros(0))
    }

    /// The key, unless it is unknown or has expired.
    pub(crate) fn key(&self, hash: &KeyHash) -> Option<&KeyRow> {
        let alive = |row: &&KeyRow| row.expires_at.is_none_or(|at| at > self.now());
        self.keys.get(hash).or_else(|| self.snapshot.keys.get(hash)).filter(alive)
    }

    /// The machine as it stands after the items before; `None` if there is none.
    pub(crate) fn machine(&self, item: &Command) -> Result<Option<Current>, Error> {
        let id = (item.machine(), item.id.clone());
        if let Some(current) = self.machines.get(&id) {
            return Ok(Some(current.clone()));
        }
        let Some(Some(row)) = self.snapshot.machines.get(&id) else {
            return Ok(None);
        };
        current_of(item, row).map(Some)
    }

    /// The run at `seq` of the item's machine. [`Missing`]: it is not loaded yet.
    pub(crate) fn run(&mut self, item: &Command, seq: i64) -> Result<Option<RunRow>, Missing> {
        let id = (item.machine(), item.id.clone(), seq);
        if let Some(run) = self.runs.get(&id) {
            return Ok(Some(run.clone()));
        }
        if let Some(run) = self.snapshot.runs.get(&id) {
            return Ok(run.clone());
        }
        self.needs.runs.insert(id);
        Err(Missing)
    }

    /// The newest visit of a state. `None`: it is not loaded yet.
    pub(crate) fn last_visit(&mut self, item: &Command, state: usize) -> Result<Option<i64>, Missing> {
        let id = (item.machine(), item.id.clone(), state);
        if let Some(&visit) = self.visits.get(&id) {
            return Ok(Some(visit));
        }
        if let Some(&visit) = self.snapshot.visits.get(&id) {
            return Ok(visit);
        }
        let info = &item.driver.graph().states[state];
        self.needs.visits.insert(id, std::iter::once(info.name).chain(info.was.iter().copied()).collect());
        Err(Missing)
    }

    pub(crate) fn add_message(
        &mut self,
        item: &Command,
        seq: i64,
        at: Timestamp,
        leg: i64,
        topic: String,
        payload: Stored,
    ) {
        let (machine, id) = (item.machine().to_owned(), item.id.to_string());
        self.write.messages.push(MessageWrite { topic, payload, machine, id, seq, leg, at });
    }

    /// Adds a transition from `from` (none for the first) and gives the machine as it stands after it.
    pub(crate) fn add(
        &mut self,
        item: &Command,
        from: Option<&Current>,
        at: Timestamp,
        change: Change<'_>,
    ) -> (Current, Answer) {
        let graph = item.driver.graph();
        let seq = from.map_or(0, |from| from.version) + 1;
        let stays = from.is_some_and(|from| from.state == change.state);
        let visit = change.visit.unwrap_or_else(|| from.filter(|_| stays).map_or(seq, |from| from.visit));
        let entered_at = from.filter(|_| stays && visit != seq).map_or(at, |from| from.entered_at);
        let key = item.key.as_ref().filter(|_| change.keyed);
        let row = TransitionRow {
            machine: graph.name.to_owned(),
            id: item.id.to_string(),
            seq,
            command: change.operation.to_owned(),
            from_state: from.map_or_else(String::new, |from| graph.states[from.state].name.to_owned()),
            state: graph.states[change.state].name.to_owned(),
            body: change.body.clone(),
            payload: change.payload.clone(),
            outcome: change.outcome.clone(),
            fingerprint: change.fingerprint,
            key: key.map(|(key, _)| (key.scope().to_owned(), key.as_str().to_owned())),
            from_visit: from.map_or(0, |from| from.visit),
            visit,
            at,
            correlation: item.correlation.as_deref().map(str::to_owned),
        };
        if let Some((_, hash)) = key {
            self.write_key(item, *hash, seq, None);
        }
        if self.many {
            self.lay_over(item, &change, &row);
        }
        self.write.transitions.push(row);
        let mut runs = from.map_or_else(LastTransitions::default, |from| from.runs.clone());
        runs.note(change.operation, seq);
        let current = Current { state: change.state, body: change.body, runs, version: seq, visit, entered_at };
        self.machines.insert((graph.name, item.id.clone()), current.clone());
        (current, Answer { seq, at, outcome: Value::Stored(change.outcome), fresh: true, superseded: false })
    }

    /// Lets the items after this one see a transition as if it were stored.
    fn lay_over(&mut self, item: &Command, change: &Change<'_>, row: &TransitionRow) {
        let run = RunRow {
            seq: row.seq,
            command: row.command.clone(),
            payload: row.payload.clone(),
            outcome: row.outcome.clone(),
            fingerprint: row.fingerprint.0.to_vec(),
            at: row.at,
            from_visit: row.from_visit,
        };
        if let Some((_, hash)) = item.key.as_ref().filter(|_| change.keyed) {
            self.know(item, *hash, &run, None);
        }
        self.runs.insert((item.machine(), item.id.clone(), row.seq), run);
        self.visits.insert((item.machine(), item.id.clone(), change.state), row.visit);
    }

    /// Records that the item's key is answered by `run`.
    pub(crate) fn remember(&mut self, item: &Command, hash: KeyHash, run: &RunRow, expires_at: Option<Timestamp>) {
        self.write_key(item, hash, run.seq, expires_at);
        if self.many {
            self.know(item, hash, run, expires_at);
        }
    }

    fn know(&mut self, item: &Command, hash: KeyHash, run: &RunRow, expires_at: Option<Timestamp>) {
        let row = KeyRow {
            fingerprint: item.fingerprint.0.to_vec(),
            target: item.id.to_string(),
            seq: run.seq,
            at: self.now(),
            expires_at,
            named: Named::Run(run.clone()),
        };
        self.keys.insert(hash, row);
    }

    fn write_key(&mut self, item: &Command, hash: KeyHash, seq: i64, expires_at: Option<Timestamp>) {
        self.write.keys.push(KeyWrite {
            hash,
            surface: item.machine(),
            target: item.id.clone(),
            seq,
            entry: None,
            fingerprint: item.fingerprint,
            expires_at,
            outcome: None,
        });
    }

    /// The write, in the order that every writer takes its locks in, and what it leaves behind if nobody else writes.
    pub(crate) fn finish(mut self) -> (Write, After) {
        let now = self.now();
        for ((machine, id), current) in self.machines {
            let loaded = self.snapshot.machines.get(&(machine, id.clone())).and_then(Option::as_ref);
            let Some(last) = self.write.transitions.iter().rev().find(|row| row.machine == machine && *row.id == *id)
            else {
                continue;
            };
            self.write.machines.push(MachineWrite {
                machine: machine.to_owned(),
                id: id.to_string(),
                state: last.state.clone(),
                body: current.body,
                runs: current.runs.encode(),
                expected: loaded.map_or(0, |row| row.version),
                version: current.version,
                visit: current.visit,
                entered_at: current.entered_at,
            });
        }
        self.write.keys.sort_by_key(|key| key.hash);
        let after = After { now, accounts: self.ledger.finish(self.snapshot, &mut self.write) };
        (self.write, after)
    }
}

fn current_of(item: &Command, row: &MachineRow) -> Result<Current, Error> {
    let graph = item.driver.graph();
    let state = graph.state_named(&row.state).ok_or_else(|| Error::UnknownState {
        machine: graph.name,
        id: row.id.clone(),
        stored: row.state.clone(),
        known: graph.states.iter().map(|state| state.name).collect(),
    })?;
    let runs = LastTransitions::decode(&row.runs).map_err(|error| Error::Undecodable {
        what: format!("what ran of {} {:?}", graph.name, row.id),
        effect: Effect::NotApplied,
        source: error.into(),
    })?;
    let MachineRow { body, version, visit, entered_at, .. } = row;
    Ok(Current { state, body: body.clone(), runs, version: *version, visit: *visit, entered_at: *entered_at })
}
