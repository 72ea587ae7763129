//! Whether a command repeats what its key, or its machine, has stored.

use crate::clock::Timestamp;
use crate::engine::answer::Refusal;
use crate::engine::decide::command::{Action, Command};
use crate::engine::decide::draft::{Missing, WriteDraft};
use crate::engine::decide::rejection::RememberedRejection;
use crate::error::{Effect, Error, KeyReused};
use crate::fingerprint::Fingerprint;
use crate::namespace::{OVERRIDE, START};
use crate::store::Database;
use crate::store::machine::rows::TransitionSummary;
use crate::wire::Stored;

/// Whether the transition was by the same request: by its stored fingerprint, or by the one its payload has today.
pub(super) fn same(command: &Command, last: &TransitionSummary) -> bool {
    last.fingerprint == command.request() || same_today(command, last)
}

/// The same, where a key names the transition, with another fingerprint: one that was made together with a start is no other.
pub(super) fn same_by_key<DB: Database>(
    draft: &mut WriteDraft<'_, DB>,
    command: &Command,
    fingerprint: Fingerprint,
    last: &TransitionSummary,
) -> Result<bool, Missing> {
    if fingerprint.is_after_start() != command.fingerprint.is_after_start() && !seeded_bug!("start-is-no-part-of-it") {
        return Ok(false);
    }
    if let Some(body) = command.start()
        && !draft.transition(&command.subject(), 1)?.is_some_and(|first| is_start_with(command, body, &first))
    {
        return Ok(false);
    }
    Ok(same_today(command, last))
}

/// Whether the transition is the start with this state, as it is written today.
pub(super) fn is_start_with(command: &Command, body: &Stored, first: &TransitionSummary) -> bool {
    let by_fingerprint =
        || first.fingerprint == Fingerprint::of(START, &command.id, body.json().unwrap_or_default(), &[]);
    let is_same =
        if first.payload.is_forgotten() { by_fingerprint() } else { is_same_state(command, body, &first.payload) };
    first.command == START && is_same
}

/// The answer where a transition is another request; with a payload that is forgotten it is not known whether it is.
pub(super) fn unless_forgotten(last: &TransitionSummary, other: impl FnOnce() -> Refusal) -> Refusal {
    if last.payload.is_forgotten() && !seeded_bug!("forgotten-is-another") {
        Error::Forgotten { at: last.at, effect: Effect::Unknown }.into()
    } else {
        other()
    }
}

/// Whether an initial state that was stored is this one, as it is written today.
fn is_same_state(command: &Command, body: &Stored, stored: &Stored) -> bool {
    stored == body || command.driver.rewritten(command.driver.graph().initial, stored).as_ref() == Some(body)
}

fn same_today(command: &Command, last: &TransitionSummary) -> bool {
    match &command.action {
        Action::Command { .. } | Action::StartAnd { .. } => is_today(command, &last.command, Some(&last.payload)),
        Action::Start { body } => is_start_with(command, body, last),
        Action::Override { .. } => false,
    }
}

/// Whether a command that was stored by this name, with this payload, is this one, as it is written today.
fn is_today(command: &Command, name: &str, payload: Option<&Stored>) -> bool {
    let (Some((index, _)), Some(payload)) = (command.action.command(), payload) else { return false };
    let today = || command.driver.fingerprint(index, payload, &command.id);
    command.driver.graph().command_named(name) == Some(index) && today().is_ok_and(|today| today == command.request())
}

/// The answer to a command whose key remembers a rejection.
pub(super) fn answer_rejected(
    command: &Command,
    (fingerprint, at): (Fingerprint, Timestamp),
    target: &str,
    rejection: &Stored,
) -> Refusal {
    if rejection.is_forgotten() {
        return Error::Forgotten { at, effect: Effect::NotApplied }.into();
    }
    let remembered = match RememberedRejection::read(rejection) {
        Ok(remembered) => remembered,
        Err(error) => return error.into(),
    };
    let same_start = || match (command.start(), remembered.start()) {
        (Some(body), Ok(Some(first))) => is_same_state(command, body, &first),
        (None, Ok(None)) => true,
        _ => false,
    };
    let same = fingerprint == command.fingerprint
        || (*target == *command.id
            && (same_start() || seeded_bug!("rejection-forgets-its-start"))
            && is_today(command, &remembered.command, remembered.payload().ok().as_ref()));
    if same {
        remembered.refusal(&*command.driver, &command.id, at)
    } else {
        reused(command, at, target, &remembered.command)
    }
}

pub(super) fn reused(command: &Command, first_seen: Timestamp, target: &str, before: &str) -> Refusal {
    let Some((_, hash)) = &command.key else {
        return Error::KeyRequired { machine: command.machine(), command: command.operation() }.into();
    };
    let graph = command.driver.graph();
    let unknown = ![START, OVERRIDE].contains(&before) && graph.command_named(before).is_none();
    if unknown && *target == *command.id && !seeded_bug!("renamed-is-reused") {
        return graph.unknown_command(&command.id, before).into();
    }
    let named = |operation: &str| format!("`{}`", operation.trim_start_matches('@'));
    let first = format!("{} on {target:?}", named(before));
    let second = match (before == command.operation(), *target == *command.id) {
        (true, true) => "another payload".to_owned(),
        _ => format!("{} on {:?}", named(command.operation()), &*command.id),
    };
    Error::KeyReused(Box::new(KeyReused::new(hash, first_seen, first, second))).into()
}
