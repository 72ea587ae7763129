//! A command as a plan: decided by the answer table of `docs/GUARANTEES.md`.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::engine::answer::{Answer, AnswerValue, Answered, Refusal};
use crate::engine::decide::command::{Action, Command, fits};
use crate::engine::decide::draft::{Current, Missing, TransitionDraft, WriteDraft};
use crate::engine::decide::entry_origin::EntryOrigin;
use crate::engine::decide::ledger_draft::Posted;
use crate::engine::decide::rejection::RememberedRejection;
use crate::engine::decide::repeat::{answer_rejected, is_start_with, reused, same, same_by_key, unless_forgotten};
use crate::engine::decide::snapshot::{Asked, Snapshot};
use crate::engine::memory::outcomes::{Identity, Outcome};
use crate::engine::plan::{Assuming, Decided, Limits, Plan};
use crate::error::{Effect, Error};
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::message::unencodable;
use crate::model::claim::fence::Fence;
use crate::model::ledger::change::check_names;
use crate::model::machine::answer::{AnswerInputs, Last, Verdict, answer};
use crate::model::machine::context::Context;
use crate::model::machine::driver::{ErasedStep, Ran};
use crate::model::machine::graph::Repeat;
use crate::namespace::START;
use crate::seq::shown;
use crate::store::Database;
use crate::store::key::{KeyUse, KnownKey};
use crate::store::machine::rows::TransitionSummary;
use crate::wire::Stored;

impl<DB: Database> Plan<DB> for Command {
    fn namespace(&self) -> &'static str {
        self.machine()
    }

    fn correlation(&self) -> Option<(Option<&str>, &str)> {
        let scope = self.key.as_ref().map(|(key, _)| key.scope());
        self.correlation.as_deref().map(|id| (scope, id))
    }

    fn fence(&self) -> Option<&Fence> {
        self.fence.as_ref()
    }

    fn operation(&self) -> &'static str {
        Command::operation(self)
    }

    fn key(&self) -> Option<&KeyHash> {
        self.key.as_ref().map(|(_, hash)| hash)
    }

    fn identity(&self) -> Option<Identity<'_>> {
        let machine = Some((self.machine(), &self.id));
        self.key.as_ref().map(|(_, hash)| Identity { hash, fingerprint: &self.fingerprint, machine })
    }

    /// A fresh one has the key for good. A later one may have it as an alias, which expires.
    fn outcome(&self, answered: &Answered) -> Option<Outcome> {
        match answered {
            Ok(Answer { seq, at, outcome: AnswerValue::Stored(outcome), fresh: true, state, .. }) => {
                Some(Outcome::Transition { seq: *seq, at: *at, outcome: outcome.clone(), state: state.clone() })
            }
            _ => None,
        }
    }

    fn remembers(&self, refusal: &Refusal) -> bool {
        let command = self.action.command();
        let remembers = command.is_some_and(|(index, _)| self.driver.graph().commands[index].remembers);
        matches!(refusal, Refusal::Rejected(..)) && self.key.is_some() && remembers
    }

    /// As this process last wrote the machine, and as if the key were new.
    fn assume(&self, cx: &Assuming<'_>, snapshot: &mut Snapshot) -> bool {
        let is_known = |(_, hash): &(Key, KeyHash)| cx.memory.knows(hash);
        if !DB::SUPPORTS_BLIND_WRITES || !cx.own || self.key.as_ref().is_some_and(is_known) {
            return false;
        }
        let Some(now) = cx.now else { return false };
        let id = (self.machine(), self.id.clone());
        let Some((row, at)) = cx.memory.machine(&id) else { return false };
        // One that is ahead of the clock is loaded: the time of a group is that of all its calls.
        if at > now && !seeded_bug!("time-of-one-is-of-all") {
            return false;
        }
        snapshot.now = Some(snapshot.now.unwrap_or(now).max(at));
        snapshot.machines.insert(id, Some(row));
        true
    }

    fn size(&self) -> usize {
        const ROW: usize = 128;
        ROW + self.payload.len()
    }

    fn locks(&self, tell: &mut dyn FnMut(&str, &str)) {
        tell(self.machine(), &self.id);
    }

    fn ask<'p>(&'p self, asked: &mut Asked<'p>) {
        asked.machines.insert((self.machine(), &self.id));
        asked.keys.extend(self.key.as_ref().map(|(_, hash)| *hash));
    }

    fn decide(&self, draft: &mut WriteDraft<'_, DB>, limits: &Limits) -> Decided {
        // The caller's code runs in it: rules, and what reads and writes the caller's types. It runs before anything is drafted,
        // so a command that panics falls alone.
        let decided = catch_unwind(AssertUnwindSafe(|| decide_command(draft, self, limits)));
        decided.unwrap_or_else(|panic| refuse(Refusal::Panicked(panic)))
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a plan decides, or misses something")]
fn refuse(refusal: impl Into<Refusal>) -> Decided {
    Ok(Err(refusal.into()))
}

fn decide_command<DB: Database>(draft: &mut WriteDraft<'_, DB>, command: &Command, limits: &Limits) -> Decided {
    let known = match command.key.as_ref().and_then(|(_, hash)| draft.key(hash)).cloned() {
        None => None,
        Some(KnownKey { fingerprint, at, used, .. }) => match used {
            KeyUse::Command { id, transition: Some(transition), .. } => {
                let same = fingerprint == command.fingerprint
                    || (*id == *command.id && same_by_key(draft, command, fingerprint, &transition)?);
                Some((same, at, id, transition))
            }
            KeyUse::Command { seq, transition: None, .. } => return refuse(lost_transition(command, seq)),
            KeyUse::Rejection { id, rejection } => {
                return refuse(answer_rejected(command, (fingerprint, at), &id, &rejection));
            }
            KeyUse::Posting(_) | KeyUse::Refusal(_) => {
                return refuse(Error::Internal { what: "a key of a machine was used for a change of the ledger" });
            }
        },
    };
    let current = match draft.machine(&command.subject()) {
        Ok(current) => current,
        // A known key is answered whatever became of the machine.
        Err(error) if known.is_none() => return refuse(error),
        Err(_) => None,
    };
    if let Some((same, first_seen, target, transition)) = known {
        return if same || seeded_bug!("replay-without-fingerprint") {
            Ok(replay(current.as_ref(), &transition))
        } else {
            let other = || reused(command, first_seen, &target, &transition.command);
            let may_be_it = *target == *command.id && command.is_stored_as(&transition.command);
            refuse(if may_be_it { unless_forgotten(&transition, other) } else { other() })
        };
    }
    match &command.action {
        Action::Start { body } => decide_start(draft, command, current, body, limits),
        Action::StartAnd { body, index, .. } => {
            let Some(current) = current else {
                return run_transition(draft, command, None, Some(body.clone()), limits);
            };
            match started_with(draft, command, body)? {
                Ok(_) => decide_edge(draft, command, Some(&current), *index, limits),
                Err(error) => refuse(error),
            }
        }
        Action::Override { state, body, reopen } => decide_override(draft, command, current, (*state, body, *reopen)),
        Action::Command { index, .. } => decide_edge(draft, command, current.as_ref(), *index, limits),
    }
}

fn decide_start<DB: Database>(
    draft: &mut WriteDraft<'_, DB>,
    command: &Command,
    current: Option<Current>,
    body: &Stored,
    limits: &Limits,
) -> Decided {
    let graph = command.driver.graph();
    let Some(current) = current else {
        let now = draft.now();
        let initial = initial_transition(graph.initial, body, &command.payload, command.fingerprint);
        let initial = TransitionDraft { keyed: true, ..initial };
        return Ok(Ok(draft.add(&command.subject(), None, now, initial).1));
    };
    match started_with(draft, command, body)? {
        Ok(first) => {
            let answer = replay(Some(&current), &first);
            if let (Ok(_), Some(key)) = (&answer, &command.key) {
                let expires_at = draft.now().saturating_add(limits.alias);
                draft.write_alias(&command.subject(), key, &first, expires_at);
            }
            Ok(answer)
        }
        Err(error) => refuse(error),
    }
}

/// The start of a machine that is there, if it was started with this state.
fn started_with<DB: Database>(
    draft: &mut WriteDraft<'_, DB>,
    command: &Command,
    body: &Stored,
) -> Result<Result<TransitionSummary, Refusal>, Missing> {
    let first = draft.transition(&command.subject(), 1)?.filter(|first| first.command == START);
    let Some(first) = first else { return Ok(Err(lost_transition(command, 1).into())) };
    if is_start_with(command, body, &first) {
        return Ok(Ok(first));
    }
    let (machine, id, at) = (command.machine(), command.id.to_string(), first.at);
    Ok(Err(unless_forgotten(&first, || Error::AlreadyStarted { machine, id, at }.into())))
}

fn decide_override<DB: Database>(
    draft: &mut WriteDraft<'_, DB>,
    command: &Command,
    current: Option<Current>,
    (state, body, reopen): (usize, &Stored, bool),
) -> Decided {
    let Some(current) = current else { return refuse(not_started(command)) };
    let visit = match reopen {
        true => Some(current.version + 1),
        false if current.state == state => Some(current.visit),
        false => draft.last_visit(&command.subject(), state)?,
    };
    let at = draft.now().max(current.entered_at);
    let transition = TransitionDraft {
        state,
        body: body.clone(),
        payload: &command.payload,
        outcome: null(),
        operation: command.operation(),
        fingerprint: command.fingerprint,
        keyed: true,
        visit,
        emitted: None,
    };
    Ok(Ok(draft.add(&command.subject(), Some(&current), at, transition).1))
}

/// By the answer table.
fn decide_edge<DB: Database>(
    draft: &mut WriteDraft<'_, DB>,
    command: &Command,
    current: Option<&Current>,
    index: usize,
    limits: &Limits,
) -> Decided {
    let graph = command.driver.graph();
    let bare = if current.is_none() { command.driver.bare(graph.initial) } else { None };
    let state = current.map_or(graph.initial, |current| current.state);
    let mut inputs = AnswerInputs {
        known: None,
        started: current.is_some() || bare.is_some(),
        edge: graph.edge(state, index).is_some(),
        repeat: graph.commands[index].repeat_of(command.key.is_none()),
        natural: command.key.is_none(),
        last: if current.is_none() { Last::Never } else { Last::Unasked },
    };
    let mut verdict = answer(inputs);
    let mut last = None;
    if verdict == Verdict::LookUp {
        let newest = current.and_then(|current| current.last.newest(command.operations()));
        if let Some(seq) = newest {
            last = draft.transition(&command.subject(), seq)?;
            // It ran, and with what can no longer be told: to run it again would be a guess.
            if last.is_none() {
                return refuse(lost_transition(command, seq));
            }
        }
        inputs.last = match &last {
            None => Last::Never,
            Some(last) => {
                let visit = current.map_or(0, |current| current.visit);
                Last::Ran { same: same(command, last), this_visit: last.from_visit == visit }
            }
        };
        verdict = answer(inputs);
    }
    let info = &graph.commands[index];
    match (verdict, last) {
        (Verdict::Run, _) => run_transition(draft, command, current, bare, limits),
        (Verdict::Reached, Some(last)) => {
            let answer = replay(current, &last);
            if let (Ok(_), Some(key), Repeat::Once) = (&answer, &command.key, info.repeat) {
                let expires_at = draft.now().saturating_add(limits.alias);
                draft.write_alias(&command.subject(), key, &last, expires_at);
            }
            Ok(answer)
        }
        (Verdict::ReachedOtherwise, Some(last)) => refuse(unless_forgotten(&last, || {
            let (machine, id, command) = (graph.name, command.id.to_string(), info.name);
            Error::ReachedOtherwise { machine, id, command, seq: shown(last.seq), at: last.at }.into()
        })),
        (Verdict::NotStarted, _) => refuse(not_started(command)),
        (Verdict::KeyRequired, _) => refuse(Error::KeyRequired { machine: graph.name, command: info.name }),
        _ => refuse(invalid(command, state, info.name)),
    }
}

/// Row c: runs the transition and drafts what it says, or the step it names for money that does not fit.
fn run_transition<DB: Database>(
    draft: &mut WriteDraft<'_, DB>,
    command: &Command,
    current: Option<&Current>,
    bare: Option<Stored>,
    limits: &Limits,
) -> Decided {
    let graph = command.driver.graph();
    let Some((index, value)) = command.action.command() else {
        return refuse(Error::Internal { what: "a transition was to run without a command" });
    };
    let (state, body, seq, entered_at) = match (current, &bare) {
        (Some(current), _) => (current.state, &current.body, current.version + 1, current.entered_at),
        (None, Some(bare)) => (graph.initial, bare, 2, draft.now()),
        (None, None) => return refuse(not_started(command)),
    };
    let at = draft.now().max(entered_at);
    let key = command.key.as_ref().map(|(key, _)| key);
    let cx = Context { machine: graph.name, id: &command.id, seq: shown(seq), now: at, key };
    let mut step = match command.driver.run(state, body, value, &cx) {
        Ran::Stepped(step) => step,
        Ran::NoEdge => return refuse(invalid(command, state, graph.commands[index].name)),
        Ran::Rejected(rejection) => {
            return match remember_rejection(draft, command, index, &*rejection, limits) {
                Ok(()) => refuse(Refusal::Rejected(rejection, None)),
                Err(error) => refuse(error),
            };
        }
        Ran::Failed(error) => return refuse(error),
    };
    loop {
        if let Err(error) = check(command, &step, limits) {
            return refuse(error);
        }
        let origin = EntryOrigin::Step { machine: graph.name, id: &command.id, seq };
        match draft.ledger.post(draft.snapshot, &mut draft.needs, origin, &step.effects.moves) {
            Posted::Entries(_) => break,
            Posted::Missing => return Err(Missing),
            Posted::Refused(refused) => match step.otherwise.take() {
                Some(other) if refused.is_of_money() => {
                    draft.ledger.compare(draft.snapshot, &refused, Some(command.lock_name()));
                    step = other;
                }
                _ => {
                    if command.in_batch {
                        draft.ledger.compare(draft.snapshot, &refused, Some(command.lock_name()));
                    }
                    draft.refused_late = true;
                    return refuse(Error::from(refused));
                }
            },
        }
    }
    let subject = command.subject();
    let started = bare.filter(|_| current.is_none()).map(|bare| {
        let fingerprint = Fingerprint::of(START, &command.id, bare.json().unwrap_or_default(), &[]);
        draft.add(&subject, None, at, initial_transition(graph.initial, &bare, &bare, fingerprint)).0
    });
    let before = current.or(started.as_ref()).map_or(0, |current| current.emitted);
    let emitted = draft.add_messages(&subject, (seq, at), before, step.effects.messages);
    let transition = TransitionDraft {
        state: step.state,
        body: step.body,
        payload: &command.payload,
        outcome: step.outcome,
        operation: command.operation(),
        fingerprint: command.fingerprint,
        keyed: true,
        visit: None,
        emitted,
    };
    Ok(Ok(draft.add(&subject, current.or(started.as_ref()), at, transition).1))
}

/// Drafts what the rule said under the key of the command, if the command says that it is remembered.
fn remember_rejection<DB: Database>(
    draft: &mut WriteDraft<'_, DB>,
    command: &Command,
    index: usize,
    rejection: &(dyn Any + Send + Sync),
    limits: &Limits,
) -> Result<(), Error> {
    let info = &command.driver.graph().commands[index];
    let Some(key) = command.key.as_ref().filter(|_| info.remembers) else { return Ok(()) };
    let request = (&command.payload, command.start());
    let stored = RememberedRejection::write(&*command.driver, info.name, request, rejection)
        .map_err(|source| Error::Unencodable { what: "the rejection".to_owned(), source: source.into() })?;
    fits("the rejection", &stored, limits)?;
    let expires_at = draft.now().saturating_add(limits.rejection);
    draft.write_rejection(&command.subject(), key, stored, expires_at);
    Ok(())
}

fn initial_transition<'a>(
    state: usize,
    body: &Stored,
    payload: &'a Stored,
    fingerprint: Fingerprint,
) -> TransitionDraft<'a> {
    TransitionDraft {
        state,
        body: body.clone(),
        payload,
        outcome: null(),
        operation: START,
        fingerprint,
        keyed: false,
        visit: None,
        emitted: None,
    }
}

/// Refuses a step that cannot be stored as it is.
fn check(command: &Command, step: &ErasedStep, limits: &Limits) -> Result<(), Error> {
    if let Some(problem) = step.effects.misuse {
        return Err(Error::Misuse { command: command.operation(), problem });
    }
    fits("the new state", &step.body, limits)?;
    fits("the outcome", &step.outcome, limits)?;
    if let Some((topic, source)) = &step.effects.unencodable {
        return Err(unencodable(topic, source));
    }
    for message in &step.effects.messages {
        fits("a message", &message.payload, limits)?;
        message.check()?;
    }
    step.effects.moves.iter().try_for_each(check_names)
}

fn replay(current: Option<&Current>, last: &TransitionSummary) -> Answered {
    if last.outcome.is_forgotten() {
        return Err(Error::Forgotten { at: last.at, effect: Effect::Applied }.into());
    }
    let superseded = current.is_some_and(|current| current.version > last.seq);
    let (outcome, state) = (AnswerValue::Stored(last.outcome.clone()), Some(last.state.clone()));
    Ok(Answer { seq: last.seq, at: last.at, outcome, fresh: false, superseded, state })
}

fn invalid(command: &Command, state: usize, name: &'static str) -> Error {
    let graph = command.driver.graph();
    Error::Invalid {
        machine: graph.name,
        id: command.id.to_string(),
        state: graph.states[state].name,
        command: name,
        allowed: graph.allowed(state),
    }
}

fn not_started(command: &Command) -> Error {
    Error::NotStarted { machine: command.machine(), id: command.id.to_string() }
}

fn lost_transition(command: &Command, seq: i64) -> Error {
    Error::Undecodable {
        what: format!("transition {seq} of {} {:?}", command.machine(), &*command.id),
        effect: Effect::Applied,
        source: "its row is gone".into(),
    }
}

fn null() -> Stored {
    Stored::from_json(b"null")
}
