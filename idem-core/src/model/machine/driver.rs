//! A machine's rules with the types taken off, so that the engine is compiled once and one write may hold commands of
//! many machines.

use std::any::Any;

use crate::error::{Effect, Error};
use crate::fingerprint::Fingerprint;
use crate::model::machine::context::Context;
use crate::model::machine::graph::Graph;
use crate::model::machine::rules::{Machine, Rules, Taken};
use crate::model::machine::step::Effects;
use crate::wire::{Stored, WireError};

/// The engine's view of a machine and its rules.
pub(crate) trait Driver: Send + Sync {
    fn graph(&self) -> &'static Graph;

    /// Runs the transition that a command (a value of the machine's command enum) takes from a stored state.
    fn run(&self, state: usize, body: &Stored, command: &(dyn Any + Send + Sync), cx: &Context<'_>) -> Ran;

    /// The content of a stored state as it would be written today; `None` if it no longer decodes.
    fn rewritten(&self, state: usize, body: &Stored) -> Option<Stored>;

    /// The content of a state that carries nothing.
    fn bare(&self, state: usize) -> Option<Stored>;

    /// A rejection (a value of the rules' rejection type) as a key remembers it.
    fn write_rejection(&self, rejection: &(dyn Any + Send + Sync)) -> Result<Stored, WireError>;

    /// A rejection that a key remembers.
    fn read_rejection(&self, stored: &Stored) -> Result<Box<dyn Any + Send + Sync>, WireError>;

    /// The fingerprint that a stored payload has today: after a field became optional, or a command was renamed.
    fn fingerprint(&self, command: usize, payload: &Stored, id: &str) -> Result<Fingerprint, WireError>;
}

/// What came of running a transition.
pub(crate) enum Ran {
    NoEdge,
    /// The user's rejection, to be given back to the typed caller.
    Rejected(Box<dyn Any + Send + Sync>),
    Stepped(Box<ErasedStep>),
    Failed(Error),
}

/// A step whose parts are as they will be stored.
pub(crate) struct ErasedStep {
    pub(crate) state: usize,
    pub(crate) body: Stored,
    pub(crate) outcome: Stored,
    pub(crate) effects: Effects,
    pub(crate) otherwise: Option<Box<ErasedStep>>,
}

/// The driver of a machine by its generated rules.
pub(crate) struct TypedDriver<X> {
    rules: X,
    /// The graph was compared with the one in the database that this driver's handles belong to.
    #[cfg(feature = "_sql")]
    pub(crate) registered: std::sync::atomic::AtomicBool,
}

#[cfg(feature = "_sql")]
impl<X> TypedDriver<X> {
    pub(crate) fn new(rules: X) -> Self {
        Self { rules, registered: std::sync::atomic::AtomicBool::new(false) }
    }

    #[cfg(feature = "testing")]
    pub(crate) fn rules(&self) -> &X {
        &self.rules
    }
}

impl<X: Rules> Driver for TypedDriver<X> {
    fn graph(&self) -> &'static Graph {
        X::Machine::GRAPH
    }

    fn run(&self, state: usize, body: &Stored, command: &(dyn Any + Send + Sync), cx: &Context<'_>) -> Ran {
        let Some(command) = command.downcast_ref::<<X::Machine as Machine>::Command>() else {
            return Ran::NoEdge;
        };
        let from = match read_state::<X::Machine>(state, body) {
            Ok(from) => from,
            Err(source) => return Ran::Failed(undecodable_state(cx, source)),
        };
        match self.rules.run(from, command, cx) {
            None => Ran::NoEdge,
            Some(Err(rejection)) => Ran::Rejected(Box::new(rejection)),
            Some(Ok(taken)) => match erase(taken, X::Machine::command(command)) {
                Ok(step) => Ran::Stepped(step),
                Err(error) => Ran::Failed(error),
            },
        }
    }

    fn rewritten(&self, state: usize, body: &Stored) -> Option<Stored> {
        write_state(&read_state::<X::Machine>(state, body).ok()?).ok()
    }

    fn bare(&self, state: usize) -> Option<Stored> {
        write_state(&X::Machine::bare(state)?).ok()
    }

    fn write_rejection(&self, rejection: &(dyn Any + Send + Sync)) -> Result<Stored, WireError> {
        let rejection = rejection.downcast_ref::<X::Rejection>().ok_or(WireError::Format(None))?;
        put_rejection::<X>(rejection)
    }

    fn read_rejection(&self, stored: &Stored) -> Result<Box<dyn Any + Send + Sync>, WireError> {
        Ok(Box::new(X::read_rejection(stored)?))
    }

    fn fingerprint(&self, command: usize, payload: &Stored, id: &str) -> Result<Fingerprint, WireError> {
        fingerprint_of::<X::Machine>(&X::Machine::read_command(command, payload)?, id)
            .map(|(fingerprint, _)| fingerprint)
    }
}

fn erase<M: Machine>(taken: Taken<M>, command: usize) -> Result<Box<ErasedStep>, Error> {
    let unencodable =
        |what: &str, source: WireError| Error::Unencodable { what: what.to_owned(), source: source.into() };
    let outcome = Stored::encode(&taken.outcome)
        .and_then(|outcome| outcome.read_back(|outcome| Stored::encode(&M::read_reply(command, outcome)?)));
    Ok(Box::new(ErasedStep {
        state: taken.to.state(),
        body: put_state(&taken.to).map_err(|source| unencodable("the new state", source))?,
        outcome: outcome.map_err(|source| unencodable("the outcome", source))?,
        effects: taken.effects,
        otherwise: taken.otherwise.map(|other| erase(*other, command)).transpose()?,
    }))
}

/// A state's content, which reads back as it was written.
pub(crate) fn put_state<M: Machine>(state: &M) -> Result<Stored, WireError> {
    write_state(state)?.read_back(|body| write_state(&read_state::<M>(state.state(), body)?))
}

/// A rejection, which reads back as it was written.
pub(crate) fn put_rejection<X: Rules>(rejection: &X::Rejection) -> Result<Stored, WireError> {
    X::write_rejection(rejection)?.read_back(|stored| X::write_rejection(&X::read_rejection(stored)?))
}

fn undecodable_state(cx: &Context<'_>, source: WireError) -> Error {
    Error::Undecodable {
        what: format!("the state of {} {:?}", cx.machine, cx.machine_id()),
        effect: Effect::NotApplied,
        source: source.into(),
    }
}

/// A command's payload as it is stored, which reads back as it was written, and its fingerprint.
pub(crate) fn put_command<M: Machine>(command: &M::Command, id: &str) -> Result<(Fingerprint, Stored), WireError> {
    let (fingerprint, payload) = fingerprint_of::<M>(command, id)?;
    let position = M::command(command);
    let payload = payload.read_back(|payload| M::write_payload(&M::read_command(position, payload)?))?;
    Ok((fingerprint, payload))
}

/// The fingerprint of a command on a machine, with its payload as it is stored.
fn fingerprint_of<M: Machine>(command: &M::Command, id: &str) -> Result<(Fingerprint, Stored), WireError> {
    let payload = M::write_payload(command)?;
    let info = &M::GRAPH.commands[M::command(command)];
    let fingerprint = Fingerprint::of(info.name, id, payload.json()?, info.facts);
    Ok((fingerprint, payload))
}

/// A state's content: its name is in another column. serde writes the variant under the name on the wire, which the macro gives it.
fn write_state<M: Machine>(state: &M) -> Result<Stored, WireError> {
    Stored::encode_variant(state, M::GRAPH.states[state.state()].name)
}

/// The state at a position, from its stored content.
pub(crate) fn read_state<M: Machine>(state: usize, body: &Stored) -> Result<M, WireError> {
    match M::bare(state) {
        Some(bare) => Ok(bare),
        None => body.decode_variant(M::GRAPH.states[state].name),
    }
}
