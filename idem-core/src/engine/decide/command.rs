//! Decides items one after the other: each sees what the ones before it changed.

use crate::clock::Timestamp;
use crate::engine::decide::draft::{Change, Current, Draft, Missing};
use crate::engine::decide::ledger_draft::Maker;
use crate::engine::decide::posting::decide_posting;
use crate::engine::decide::snapshot::{Needs, Snapshot};
use crate::engine::plan::{Action, Answer, Answered, Command, Item, Refusal, Value};
use crate::error::{Effect, Error, KeyReused};
use crate::fingerprint::Fingerprint;
use crate::model::ledger::change::check_names;
use crate::model::machine::answer::{Last, Question, Verdict, answer};
use crate::model::machine::context::Context;
use crate::model::machine::driver::{ErasedStep, Ran};
use crate::model::machine::graph::Repeat;
use crate::namespace::START;
use crate::seq::shown;
use crate::store::rows::{After, Named, RunRow, Write};
use crate::wire::Stored;

/// The bounds a decision keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The largest state, payload, outcome or message, in bytes.
    pub(crate) payload: usize,
    /// How long a second key that was answered by a state already reached is remembered.
    pub(crate) alias: std::time::Duration,
}

/// What all items are answered with if the write succeeds.
pub(crate) struct Decision {
    pub(crate) answers: Vec<Answered>,
    pub(crate) write: Write,
    /// What the write leaves behind if nobody else writes: in a transaction that locked what it loaded.
    pub(crate) after: After,
}

/// Decides all items on one snapshot, or says what is missing in it.
pub(crate) fn decide(items: &[Item], snapshot: &Snapshot, limits: &Limits) -> Result<Decision, Needs> {
    let mut draft = Draft::new(snapshot, items.len() > 1);
    let answers: Vec<_> = items.iter().map(|item| decide_one(&mut draft, item, limits)).collect();
    if !draft.needs.is_empty() {
        return Err(draft.needs);
    }
    // Without needs every item has its answer.
    let (write, after) = draft.finish();
    Ok(Decision { answers: answers.into_iter().flatten().collect(), write, after })
}

fn decide_one(draft: &mut Draft<'_>, item: &Item, limits: &Limits) -> Result<Answered, Missing> {
    match item {
        Item::Command(command) => decide_command(draft, command, limits),
        Item::Posting(posting) => decide_posting(draft, posting),
    }
}

fn decide_command(draft: &mut Draft<'_>, item: &Command, limits: &Limits) -> Result<Answered, Missing> {
    let known = match item.key.as_ref().and_then(|(_, hash)| draft.key(hash)) {
        None => None,
        Some(row) => match &row.named {
            Named::Run(run) => {
                let same = row.fingerprint == item.fingerprint.0 || (row.target == *item.id && same_today(item, run));
                Some((same, row.at, row.target.clone(), run.clone()))
            }
            _ => return Ok(Err(lost_transition(item, row.seq).into())),
        },
    };
    let current = match draft.machine(item) {
        Ok(current) => current,
        // A known key is answered whatever became of the machine.
        Err(error) if known.is_none() => return Ok(Err(error.into())),
        Err(_) => None,
    };
    if let Some((same, first_seen, target, run)) = known {
        return Ok(if same || seeded_bug!("replay-without-fingerprint") {
            Ok(replay(current.as_ref(), &run))
        } else {
            Err(reused(item, first_seen, &target, &run))
        });
    }
    match &item.action {
        Action::Start { body } => start(draft, item, current, body),
        Action::Override { state, body, reopen } => put(draft, item, current, (*state, body, *reopen)),
        Action::Command { index, .. } => command(draft, item, current.as_ref(), *index, limits),
    }
}

fn start(draft: &mut Draft<'_>, item: &Command, current: Option<Current>, body: &Stored) -> Result<Answered, Missing> {
    let graph = item.driver.graph();
    let Some(current) = current else {
        let now = draft.now();
        let (_, answer) = draft.add(item, None, now, first(graph.initial, body, &item.payload, item.fingerprint));
        return Ok(Ok(answer));
    };
    let Some(run) = draft.run(item, 1)?.filter(|run| run.command == START) else {
        return Ok(Err(lost_transition(item, 1).into()));
    };
    if same(item, &run) {
        return Ok(Ok(replay(Some(&current), &run)));
    }
    Ok(Err(Error::AlreadyStarted { machine: graph.name, id: item.id.to_string(), at: run.at }.into()))
}

fn put(
    draft: &mut Draft<'_>,
    item: &Command,
    current: Option<Current>,
    to: (usize, &Stored, bool),
) -> Result<Answered, Missing> {
    let (state, body, reopen) = to;
    let Some(current) = current else {
        return Ok(Err(not_started(item).into()));
    };
    let visit = match reopen {
        true => Some(current.version + 1),
        false if current.state == state => Some(current.visit),
        false => draft.last_visit(item, state)?,
    };
    let at = draft.now().max(current.entered_at);
    let change = Change {
        state,
        body: body.clone(),
        payload: &item.payload,
        outcome: null(),
        operation: item.operation(),
        fingerprint: item.fingerprint,
        keyed: true,
        visit,
    };
    let (_, answer) = draft.add(item, Some(&current), at, change);
    Ok(Ok(answer))
}

fn command(
    draft: &mut Draft<'_>,
    item: &Command,
    current: Option<&Current>,
    index: usize,
    limits: &Limits,
) -> Result<Answered, Missing> {
    let graph = item.driver.graph();
    let bare = if current.is_none() { item.driver.bare(graph.initial) } else { None };
    let state = current.map_or(graph.initial, |current| current.state);
    let mut question = Question {
        known: None,
        started: current.is_some() || bare.is_some(),
        edge: graph.edge(state, index).is_some(),
        repeat: graph.commands[index].repeat,
        natural: item.key.is_none(),
        last: if current.is_none() { Last::Never } else { Last::Unasked },
    };
    let mut verdict = answer(question);
    let mut last = None;
    if verdict == Verdict::LookUp {
        let newest = current.and_then(|current| current.runs.newest(item.operations()));
        if let Some(seq) = newest {
            last = draft.run(item, seq)?;
            // It ran, and with what can no longer be told: to run it again would be a guess.
            if last.is_none() {
                return Ok(Err(lost_transition(item, seq).into()));
            }
        }
        question.last = match &last {
            None => Last::Never,
            Some(run) => {
                let visit = current.map_or(0, |current| current.visit);
                Last::Ran { same: same(item, run), this_visit: run.from_visit == visit }
            }
        };
        verdict = answer(question);
    }
    let info = &graph.commands[index];
    match (verdict, last) {
        (Verdict::Run, _) => run(draft, item, current, bare, limits),
        (Verdict::Reached, Some(run)) => {
            if let (Some((_, hash)), Repeat::Once) = (&item.key, info.repeat) {
                let expires_at = draft.now().saturating_add(limits.alias);
                draft.remember(item, *hash, &run, Some(expires_at));
            }
            Ok(Ok(replay(current, &run)))
        }
        (Verdict::ReachedOtherwise, Some(run)) => Ok(Err(Error::ReachedOtherwise {
            machine: graph.name,
            id: item.id.to_string(),
            command: info.name,
            seq: shown(run.seq),
            at: run.at,
        }
        .into())),
        (Verdict::NotStarted, _) => Ok(Err(not_started(item).into())),
        (Verdict::KeyRequired, _) => Ok(Err(Error::KeyRequired { machine: graph.name, command: info.name }.into())),
        _ => Ok(Err(invalid(item, state, info.name).into())),
    }
}

/// Row c: runs the transition and drafts what it says, or the step it names for money that does not fit.
fn run(
    draft: &mut Draft<'_>,
    item: &Command,
    current: Option<&Current>,
    bare: Option<Stored>,
    limits: &Limits,
) -> Result<Answered, Missing> {
    let graph = item.driver.graph();
    let Action::Command { index, value } = &item.action else {
        return Ok(Err(invalid(item, graph.initial, item.operation()).into()));
    };
    let (state, body, seq, entered_at) = match (current, &bare) {
        (Some(current), _) => (current.state, &current.body, current.version + 1, current.entered_at),
        (None, Some(bare)) => (graph.initial, bare, 2, draft.now()),
        (None, None) => return Ok(Err(not_started(item).into())),
    };
    let at = draft.now().max(entered_at);
    let key = item.key.as_ref().map(|(key, _)| key);
    let cx = Context { machine: graph.name, id: &item.id, seq: shown(seq), now: at, key };
    let mut step = match item.driver.run(state, body, &**value, &cx) {
        Ran::Stepped(step) => step,
        Ran::NoEdge => return Ok(Err(invalid(item, state, graph.commands[*index].name).into())),
        Ran::Rejected(rejection) => return Ok(Err(Refusal::Rejected(rejection))),
        Ran::Failed(error) => return Ok(Err(error.into())),
        Ran::Panicked(panic) => return Ok(Err(Refusal::Panicked(panic))),
    };
    loop {
        if let Err(error) = check(item, &step, limits) {
            return Ok(Err(error.into()));
        }
        let maker = Maker::Step { machine: graph.name, id: &item.id, seq };
        match draft.post(maker, &step.effects.moves)? {
            Ok(_) => break,
            Err(refused) => match step.otherwise.take() {
                Some(other) => step = other,
                None => return Ok(Err(Error::from(refused).into())),
            },
        }
    }
    let started = bare.filter(|_| current.is_none()).map(|bare| {
        let fingerprint = Fingerprint::of(START, &item.id, bare.json().unwrap_or_default(), &[]);
        draft.add(item, None, at, first(graph.initial, &bare, &bare, fingerprint)).0
    });
    for (leg, message) in (0..).zip(step.effects.messages) {
        if let Ok(payload) = message.payload {
            draft.add_message(item, seq, at, leg, message.topic, payload);
        }
    }
    let change = Change {
        state: step.state,
        body: step.body,
        payload: &item.payload,
        outcome: step.outcome,
        operation: item.operation(),
        fingerprint: item.fingerprint,
        keyed: true,
        visit: None,
    };
    let (_, answer) = draft.add(item, current.or(started.as_ref()), at, change);
    Ok(Ok(answer))
}

fn first<'a>(state: usize, body: &Stored, payload: &'a Stored, fingerprint: Fingerprint) -> Change<'a> {
    Change {
        state,
        body: body.clone(),
        payload,
        outcome: null(),
        operation: START,
        fingerprint,
        keyed: false,
        visit: None,
    }
}

/// Refuses a step that cannot be stored as it is.
fn check(item: &Command, step: &ErasedStep, limits: &Limits) -> Result<(), Error> {
    if let Some(problem) = step.effects.misuse {
        return Err(Error::Misuse { command: item.operation(), problem });
    }
    fits("the new state", &step.body, limits)?;
    fits("the outcome", &step.outcome, limits)?;
    for message in &step.effects.messages {
        match &message.payload {
            Ok(payload) => fits("a message", payload, limits)?,
            Err(error) => {
                return Err(Error::Unencodable {
                    what: format!("the message {:?}", message.topic),
                    source: error.to_string().into(),
                });
            }
        }
        crate::key::check_name("topic", &message.topic)?;
    }
    step.effects.moves.iter().try_for_each(check_names)
}

pub(crate) fn fits(what: &'static str, value: &Stored, limits: &Limits) -> Result<(), Error> {
    let (bytes, limit) = (value.len(), limits.payload);
    if bytes > limit { Err(Error::TooLarge { what, bytes, limit }) } else { Ok(()) }
}

fn replay(current: Option<&Current>, run: &RunRow) -> Answer {
    let superseded = current.is_some_and(|current| current.version > run.seq);
    Answer { seq: run.seq, at: run.at, outcome: Value::Stored(run.outcome.clone()), fresh: false, superseded }
}

/// Whether the run was by the same request: by its stored fingerprint, or by the one its payload has today.
fn same(item: &Command, run: &RunRow) -> bool {
    run.fingerprint == item.fingerprint.0 || same_today(item, run)
}

fn same_today(item: &Command, run: &RunRow) -> bool {
    match &item.action {
        Action::Command { index, .. } => {
            let today = item.driver.graph().command_named(&run.command) == Some(*index);
            today
                && item.driver.fingerprint(*index, &run.payload, &item.id).is_ok_and(|today| today == item.fingerprint)
        }
        Action::Start { body } => {
            run.command == START
                && item.driver.rewritten(item.driver.graph().initial, &run.payload).as_ref() == Some(body)
        }
        Action::Override { .. } => false,
    }
}

fn reused(item: &Command, first_seen: Timestamp, target: &str, run: &RunRow) -> Refusal {
    let Some((_, hash)) = &item.key else {
        return Error::KeyRequired { machine: item.machine(), command: item.operation() }.into();
    };
    let first = format!("`{}` on {target:?}", run.command);
    let second = match (run.command == item.operation(), *target == *item.id) {
        (true, true) => "another payload".to_owned(),
        _ => format!("`{}` on {:?}", item.operation(), &*item.id),
    };
    Error::KeyReused(Box::new(KeyReused::new(hash, first_seen, first, second))).into()
}

fn invalid(item: &Command, state: usize, command: &'static str) -> Error {
    let graph = item.driver.graph();
    Error::Invalid {
        machine: graph.name,
        id: item.id.to_string(),
        state: graph.states[state].name,
        command,
        allowed: graph.allowed(state),
    }
}

fn not_started(item: &Command) -> Error {
    Error::NotStarted { machine: item.machine(), id: item.id.to_string() }
}

fn lost_transition(item: &Command, seq: i64) -> Error {
    Error::Undecodable {
        what: format!("transition {seq} of {} {:?}", item.machine(), &*item.id),
        effect: Effect::Applied,
        source: "its row is gone".into(),
    }
}

fn null() -> Stored {
    Stored::from_json(b"null")
}
