//! The write that decisions add up to, and the rows as they would be after it.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::engine::answer::{Answer, AnswerValue};
use crate::engine::decide::last_transitions::LastTransitions;
use crate::engine::decide::ledger_draft::LedgerDraft;
use crate::engine::decide::snapshot::{MachineId, Needs, Snapshot};
use crate::error::{Effect, Error};
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::map::Map;
use crate::message::NewMessage;
use crate::model::machine::graph::Graph;
use crate::store::Database;
use crate::store::key::{KeyUse, KnownKey};
use crate::store::machine::rows::{AliasAnswer, AliasRow, MachineRow, Name, TransitionRow, TransitionSummary};
use crate::store::write::part::Write;
use crate::store::write::rows::{After, HistoryRow, MachineWrite, MessageWrite, TransitionWrite};
use crate::wire::Stored;

/// A row that the decision needs is not in the snapshot; the draft's needs say which.
pub(crate) struct Missing;

/// A machine as the decisions so far have left it.
#[derive(Debug, Clone)]
pub(crate) struct Current {
    pub(crate) state: usize,
    /// The state's name on the wire.
    pub(crate) state_name: &'static str,
    pub(crate) body: Stored,
    pub(crate) last: LastTransitions,
    pub(crate) version: i64,
    pub(crate) visit: i64,
    pub(crate) entered_at: Timestamp,
    /// How many messages its steps have emitted.
    pub(crate) emitted: i64,
    /// When its newest transition was made, as far as that is known: not before it entered its state.
    pub(crate) at: Timestamp,
}

/// A machine that a command is for, and the call that it came with.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) graph: &'static Graph,
    pub(crate) id: &'a Arc<str>,
    pub(crate) key: Option<&'a (Key, KeyHash)>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) correlation: Option<&'a Arc<str>>,
}

/// One transition to be added, with everything that happens with it.
pub(crate) struct TransitionDraft<'a> {
    pub(crate) state: usize,
    pub(crate) body: Stored,
    pub(crate) payload: &'a Stored,
    pub(crate) outcome: Stored,
    pub(crate) operation: &'static str,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) keyed: bool,
    /// The visit the state belongs to; `None`: decided by where it comes from.
    pub(crate) visit: Option<i64>,
    /// How many messages the machine has emitted after it; `None`: none more than before.
    pub(crate) emitted: Option<i64>,
}

/// A machine that is written, and what the plans after see of it.
struct MachineDraft {
    /// The version that it was loaded with; 0: it did not exist.
    expected: i64,
    current: Current,
    /// Its new transitions, the oldest first.
    transitions: Vec<TransitionSummary>,
    /// The newest visit of each state that one of them led to, the newest last. By its name: the plans of a group may be of several
    /// releases.
    visits: Vec<(&'static str, i64)>,
}

/// Decisions in the making: the snapshot with the changes of the plans before laid over it.
pub(crate) struct WriteDraft<'s, DB: Database> {
    pub(crate) snapshot: &'s Snapshot,
    many: bool,
    pub(crate) needs: Needs,
    pub(crate) write: Write<DB>,
    machines: Map<MachineId, MachineDraft>,
    keys: Map<KeyHash, KnownKey>,
    pub(crate) ledger: LedgerDraft,
    /// A plan was refused for what was read later than its key.
    pub(crate) refused_late: bool,
}

impl<'s, DB: Database> WriteDraft<'s, DB> {
    /// A draft of several plans lets each see what those before it changed; one alone needs none of that.
    pub(crate) fn new(snapshot: &'s Snapshot, many: bool) -> Self {
        Self {
            snapshot,
            many,
            needs: Needs::default(),
            write: Write { now: snapshot.now, ..Write::default() },
            machines: Map::default(),
            keys: Map::default(),
            ledger: LedgerDraft::default(),
            refused_late: false,
        }
    }

    /// The database's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.snapshot.now.unwrap_or(Timestamp::from_micros(0))
    }

    /// The key, unless it is unknown or has expired. One of this very write is there once, however soon it expires.
    pub(crate) fn key(&self, hash: &KeyHash) -> Option<&KnownKey> {
        let alive = |key: &&KnownKey| key.expires_at.is_none_or(|at| at > self.now());
        self.keys.get(hash).or_else(|| self.snapshot.keys.get(hash).filter(alive))
    }

    /// The machine as it stands after the plans before; `None` if there is none.
    pub(crate) fn machine(&self, subject: &Subject<'_>) -> Result<Option<Current>, Error> {
        let id = (subject.graph.name, subject.id.clone());
        if let Some(machine) = self.machines.get(&id) {
            let mut current = machine.current.clone();
            if !seeded_bug!("state-of-another-release") {
                (current.state, current.state_name) = position_of(subject, current.state_name)?;
            }
            return Ok(Some(current));
        }
        let Some(Some(row)) = self.snapshot.machines.get(&id) else {
            return Ok(None);
        };
        current_of(subject, row).map(Some)
    }

    /// The transition at `seq` of a machine. [`Missing`]: it is not loaded yet.
    pub(crate) fn transition(&mut self, subject: &Subject<'_>, seq: i64) -> Result<Option<TransitionSummary>, Missing> {
        if let Some(machine) = self.machines.get(&(subject.graph.name, subject.id.clone()))
            && let Ok(at) = machine.transitions.binary_search_by_key(&seq, |transition| transition.seq)
        {
            return Ok(Some(machine.transitions[at].clone()));
        }
        let id = (subject.graph.name, subject.id.clone(), seq);
        if let Some(transition) = self.snapshot.transitions.get(&id) {
            return Ok(transition.clone());
        }
        self.needs.transitions.insert(id);
        Err(Missing)
    }

    /// The newest visit of a state. [`Missing`]: it is not loaded yet.
    pub(crate) fn last_visit(&mut self, subject: &Subject<'_>, state: usize) -> Result<Option<i64>, Missing> {
        if let Some(machine) = self.machines.get(&(subject.graph.name, subject.id.clone()))
            && let Some((_, visit)) =
                machine.visits.iter().rev().find(|(of, _)| subject.graph.state_named(of) == Some(state))
        {
            return Ok(Some(*visit));
        }
        let id = (subject.graph.name, subject.id.clone(), subject.graph.states[state].name);
        if let Some(&visit) = self.snapshot.visits.get(&id) {
            return Ok(visit);
        }
        let info = &subject.graph.states[state];
        self.needs.visits.entry(id).or_default().extend(std::iter::once(info.name).chain(info.was.iter().copied()));
        Err(Missing)
    }

    /// Adds the messages of a transition of a machine that has emitted as many as `emitted` before; how many it has after them.
    pub(crate) fn add_messages(
        &mut self,
        subject: &Subject<'_>,
        (seq, at): (i64, Timestamp),
        mut emitted: i64,
        messages: Vec<NewMessage>,
    ) -> Option<i64> {
        if messages.is_empty() {
            return None;
        }
        for (entry_no, message) in (0..).zip(messages) {
            emitted += 1;
            let (machine, id, correlation) = (subject.graph.name, subject.id.clone(), subject.correlation.cloned());
            let headers = message.stored_headers();
            let write = MessageWrite { message, headers, machine, id, seq, entry_no, number: emitted, correlation, at };
            self.write.messages.push(write);
        }
        Some(emitted)
    }

    /// Adds a transition from `from` (none for the first) and gives the machine as it stands after it.
    pub(crate) fn add(
        &mut self,
        subject: &Subject<'_>,
        from: Option<&Current>,
        at: Timestamp,
        transition: TransitionDraft<'_>,
    ) -> (Current, Answer) {
        let graph = subject.graph;
        let seq = from.map_or(0, |from| from.version) + 1;
        let stays = from.is_some_and(|from| from.state == transition.state);
        let visit = transition.visit.unwrap_or_else(|| from.filter(|_| stays).map_or(seq, |from| from.visit));
        let entered_at = from.filter(|_| stays && visit != seq).map_or(at, |from| from.entered_at);
        let key = subject.key.filter(|_| transition.keyed);
        let summary = TransitionSummary {
            seq,
            command: Name::Borrowed(transition.operation),
            state: Name::Borrowed(graph.states[transition.state].name),
            payload: transition.payload.clone(),
            outcome: transition.outcome.clone(),
            fingerprint: transition.fingerprint,
            at,
            from_visit: from.map_or(0, |from| from.visit),
        };
        let (state, state_name) = (transition.state, graph.states[transition.state].name);
        self.write_row(
            subject,
            HistoryRow::Transition(TransitionRow {
                seq,
                command: summary.command.clone(),
                from_state: Name::Borrowed(from.map_or("", |from| graph.states[from.state].name)),
                state: summary.state.clone(),
                body: transition.body.clone(),
                payload: summary.payload.clone(),
                outcome: summary.outcome.clone(),
                fingerprint: summary.fingerprint,
                key: key.map(|(key, _)| key.clone()),
                from_visit: summary.from_visit,
                visit,
                at,
                // With the key, so that what erases the key finds it.
                correlation: subject.correlation.filter(|_| key.is_some() || subject.key.is_none()).cloned(),
                emitted: transition.emitted,
                hash: key.map(|(_, hash)| *hash),
            }),
        );
        if let Some((_, hash)) = key.filter(|_| self.many) {
            self.overlay_key(subject, *hash, &summary, (at, None));
        }
        let mut last = from.map_or_else(LastTransitions::default, |from| from.last.clone());
        last.note(transition.operation, seq);
        let emitted = transition.emitted.unwrap_or_else(|| from.map_or(0, |from| from.emitted));
        let body = transition.body;
        let current = Current { state, state_name, body, last, version: seq, visit, entered_at, emitted, at };
        self.move_machine(subject, &current, summary);
        let outcome = AnswerValue::Stored(transition.outcome);
        let state = Some(Name::Borrowed(state_name));
        (current, Answer { seq, at, outcome, fresh: true, superseded: false, state })
    }

    /// Brings a machine to where a transition has led it.
    fn move_machine(&mut self, subject: &Subject<'_>, current: &Current, transition: TransitionSummary) {
        let Self { snapshot, machines, many, .. } = self;
        let entry = machines.entry((subject.graph.name, subject.id.clone()));
        let machine = entry.or_insert_with_key(|id| MachineDraft {
            expected: snapshot.machines.get(id).and_then(Option::as_ref).map_or(0, |row| row.version),
            current: current.clone(),
            transitions: Vec::new(),
            visits: Vec::new(),
        });
        machine.current.clone_from(current);
        if *many {
            machine.transitions.push(transition);
            machine.visits.retain(|(state, _)| *state != current.state_name);
            machine.visits.push((current.state_name, current.visit));
        }
    }

    /// Records that the key is answered by a transition that was there before.
    pub(crate) fn write_alias(
        &mut self,
        subject: &Subject<'_>,
        (key, hash): &(Key, KeyHash),
        transition: &TransitionSummary,
        expires_at: Timestamp,
    ) {
        let (at, fingerprint) = (self.now(), subject.fingerprint);
        if self.many {
            self.overlay_key(subject, *hash, transition, (at, Some(expires_at)));
        }
        let answer = AliasAnswer::Transition(transition.seq);
        let alias = AliasRow { hash: *hash, key: key.clone(), fingerprint, answer, at, expires_at };
        self.write_row(subject, HistoryRow::Alias(alias));
    }

    /// Records that the command with this key was rejected.
    pub(crate) fn write_rejection(
        &mut self,
        subject: &Subject<'_>,
        (key, hash): &(Key, KeyHash),
        rejection: Stored,
        expires_at: Timestamp,
    ) {
        let (at, fingerprint) = (self.now(), subject.fingerprint);
        if self.many {
            let used = KeyUse::Rejection { id: subject.id.clone(), rejection: rejection.clone() };
            self.keys.insert(*hash, KnownKey { fingerprint, at, expires_at: Some(expires_at), used });
        }
        let answer = AliasAnswer::Rejection(rejection);
        let row = AliasRow { hash: *hash, key: key.clone(), fingerprint, answer, at, expires_at };
        self.write_row(subject, HistoryRow::Alias(row));
    }

    /// Records that a change of the ledger was refused, by an account or a hold.
    pub(crate) fn write_refusal(
        &mut self,
        key: &Key,
        named: (KeyHash, Fingerprint),
        by: (Arc<str>, Option<Arc<str>>),
        refusal: Stored,
    ) {
        if self.many {
            let (fingerprint, used) = (named.1, KeyUse::Refusal(refusal.clone()));
            self.keys.insert(named.0, KnownKey { fingerprint, at: self.now(), expires_at: None, used });
        }
        self.ledger.remember(key, named, by, refusal);
    }

    fn overlay_key(
        &mut self,
        subject: &Subject<'_>,
        hash: KeyHash,
        transition: &TransitionSummary,
        (at, expires_at): (Timestamp, Option<Timestamp>),
    ) {
        let (id, transition) = (subject.id.clone(), transition.clone());
        let used = KeyUse::Command { id, seq: transition.seq, transition: Some(transition) };
        self.keys.insert(hash, KnownKey { fingerprint: subject.fingerprint, at, expires_at, used });
    }

    fn write_row(&mut self, subject: &Subject<'_>, row: HistoryRow) {
        let (machine, id) = (subject.graph.name, subject.id.clone());
        self.write.transitions.push(TransitionWrite { machine, id, row });
    }

    /// The write, in the order that every writer takes its locks in, and what it leaves behind if nobody else writes.
    pub(crate) fn finish(mut self) -> (Write<DB>, After) {
        let now = self.now();
        let mut machines: Vec<_> = self.machines.into_iter().collect();
        machines.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        self.write.machines.reserve(machines.len());
        for ((machine, id), MachineDraft { expected, current, .. }) in machines {
            self.write.machines.push(MachineWrite {
                machine,
                id,
                state: Name::Borrowed(current.state_name),
                body: current.body,
                last_by_command: current.last.encode(),
                expected,
                version: current.version,
                visit: current.visit,
                entered_at: current.entered_at,
                emitted: current.emitted,
                at: current.at,
            });
        }
        let accounts = self.ledger.finish(self.snapshot, &mut self.write);
        // One that is alive was answered.
        let known = |hash: &KeyHash| self.snapshot.keys.contains_key(hash).then_some(*hash);
        self.write.expired = self.write.transitions.iter().filter_map(|row| known(row.hash()?)).collect();
        (self.write, After { now, accounts, row: None })
    }
}

/// A stored state in the subject's graph.
fn position_of(subject: &Subject<'_>, name: &str) -> Result<(usize, &'static str), Error> {
    let graph = subject.graph;
    let state = graph.state_named(name).ok_or_else(|| Error::UnknownState {
        machine: graph.name,
        id: subject.id.to_string(),
        stored: name.to_owned(),
        known: graph.states.iter().map(|state| state.name).collect(),
    })?;
    Ok((state, graph.states[state].name))
}

fn current_of(subject: &Subject<'_>, row: &MachineRow) -> Result<Current, Error> {
    let (graph, (state, state_name)) = (subject.graph, position_of(subject, &row.state)?);
    let last = LastTransitions::decode(&row.last_by_command).map_err(|error| Error::Undecodable {
        what: format!("what ran of {} {:?}", graph.name, &**subject.id),
        effect: Effect::NotApplied,
        source: error.into(),
    })?;
    let MachineRow { body, version, visit, entered_at, emitted, .. } = row;
    Ok(Current {
        state,
        state_name,
        body: body.clone(),
        last,
        version: *version,
        visit: *visit,
        entered_at: *entered_at,
        emitted: *emitted,
        at: *entered_at,
    })
}
