//! Answers and rows with their types put back on.

use crate::engine::answer::{AnswerValue, Answered, Refusal};
use crate::error::{CommandError, Effect, Error};
use crate::machine::stored::stored_machine::StoredMachine;
use crate::model::machine::driver::read_state;
use crate::model::machine::rules::{KindOf, Machine, ReplyOf, Rules, State};
use crate::outcome::Outcome;
use crate::seq::shown;
use crate::store::machine::rows::MachineRow;
use crate::wire::{Stored, WireError};

/// Puts the type of an outcome back on.
pub(super) fn outcome<X: Rules, O: State>(answered: Answered) -> Result<Typed<X, O>, CommandError<X::Rejection>> {
    typed::<X, O>(answered, Stored::decode)
}

pub(super) fn reply<X: Rules>(
    command: usize,
    answered: Answered,
) -> Result<Typed<X, ReplyOf<X>>, CommandError<X::Rejection>> {
    typed::<X, _>(answered, |stored| X::Machine::read_reply(command, stored))
}

/// The outcome of a command on a machine of these rules.
type Typed<X, O> = Outcome<O, KindOf<X>>;

fn typed<X: Rules, O>(
    answered: Answered,
    read: impl FnOnce(&Stored) -> Result<O, WireError>,
) -> Result<Typed<X, O>, CommandError<X::Rejection>> {
    match answered {
        Ok(answer) => {
            let undecodable = |source| Error::Undecodable {
                what: format!("the outcome of transition {}", answer.seq),
                effect: Effect::Applied,
                source,
            };
            let value = match &answer.outcome {
                AnswerValue::Stored(stored) => read(stored).map_err(|source| undecodable(source.into()))?,
                AnswerValue::Entries(_) | AnswerValue::Drafted(_) | AnswerValue::Version => {
                    return Err(undecodable("it is not one of a machine".into()).into());
                }
            };
            let state = answer.state.and_then(|name| X::Machine::GRAPH.state_named(&name)).map(X::Machine::kind);
            Ok(Outcome::new(value, shown(answer.seq), answer.at, answer.fresh, answer.superseded).led_to(state))
        }
        Err(Refusal::Failed(error)) => Err(error.into()),
        Err(Refusal::Panicked(panic)) => std::panic::resume_unwind(panic),
        Err(Refusal::Rejected(rejection, remembered)) => match rejection.downcast() {
            Ok(rejection) => Err(CommandError::Rejected { rejection: *rejection, remembered }),
            Err(_) => Err(Error::Internal { what: "a rule refused with another type than its own" }.into()),
        },
    }
}

/// A stored row as the enum.
pub(super) fn typed_machine<M: Machine>(id: String, row: &MachineRow) -> Result<StoredMachine<M>, Error> {
    let state = state_of::<M>(&id, &row.state, &row.body)?;
    Ok(StoredMachine { id, state, version: shown(row.version), entered_at: row.entered_at })
}

pub(super) fn state_of<M: Machine>(id: &str, name: &str, body: &Stored) -> Result<M, Error> {
    read_state(position_of::<M>(id, name)?, body).map_err(|source| Error::Undecodable {
        what: format!("the state `{name}` of {} {id:?}", M::GRAPH.name),
        effect: Effect::NotApplied,
        source: source.into(),
    })
}

/// The state that is stored by this name.
pub(super) fn position_of<M: Machine>(id: &str, name: &str) -> Result<usize, Error> {
    let graph = M::GRAPH;
    graph.state_named(name).ok_or_else(|| Error::UnknownState {
        machine: graph.name,
        id: id.to_owned(),
        stored: name.to_owned(),
        known: graph.states.iter().map(|state| state.name).collect(),
    })
}

pub(super) fn unencodable(what: &str, source: WireError) -> Error {
    Error::Unencodable { what: what.to_owned(), source: source.into() }
}
