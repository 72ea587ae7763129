//! One value, at least, of everything that a machine stores.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::machine::graph::Graph;
use crate::model::machine::rules::Machine;
use crate::wire::Stored;

/// Values of a machine's states, commands and outcomes, for [`Explorer`](crate::testing::Explorer) and
/// [`schema_lock`](crate::testing::schema_lock).
///
/// Each state, command and outcome needs one value at least, and where a command says `remember_rejections` the rejection; what
/// carries nothing has its one value already. Give a command several values where its rule treats them differently, for example a
/// right and a wrong amount.
///
/// With the payment of the README:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use idem_core::testing::Samples;
///
/// let receipt = Receipt { id: "r-7".into(), amount: 500 };
/// let samples = Samples::<Payment>::new()
///     .state(payment::Authorized { amount: 500 })
///     .state(payment::Captured { receipt: receipt.clone() })
///     .command(payment::Capture { amount: 500 });
/// assert_eq!(samples.missing(), ["outcome of `Capture`: no sample"]);
/// assert!(samples.outcome(payment::CommandKind::Capture, &receipt).missing().is_empty());
/// # Ok(()) }
/// ```
pub struct Samples<M> {
    /// For each state, by position: contents as JSON.
    states: Vec<Vec<Value>>,
    /// For each command, by position: payloads as JSON.
    payloads: Vec<Vec<Value>>,
    /// For each command, by position: outcomes as JSON.
    outcomes: Vec<Vec<Value>>,
    /// Rejections that keys remember, and how today's type writes what it reads of one.
    rejections: Vec<Value>,
    again: Option<Again>,
    /// Samples that are none, each with the reason.
    unfit: Vec<String>,
    machine: PhantomData<fn() -> M>,
}

/// Reads a value as a type, and writes it again.
#[derive(Clone, Copy)]
struct Again {
    of: TypeId,
    write: fn(&Value) -> Result<Value, String>,
}

impl<M: Machine> Samples<M> {
    /// Those of states, commands and outcomes that carry nothing.
    #[must_use]
    pub fn new() -> Self {
        let Graph { states, commands, .. } = M::GRAPH;
        let bare = |readable: bool| if readable { vec![Value::Null] } else { Vec::new() };
        let null = Stored::from_json(b"null");
        Self {
            states: (0..states.len()).map(|at| bare(M::bare(at).is_some())).collect(),
            payloads: (0..commands.len()).map(|at| bare(M::read_command(at, &null).is_ok())).collect(),
            outcomes: (0..commands.len()).map(|at| bare(M::read_reply(at, &null).is_ok())).collect(),
            rejections: Vec::new(),
            again: None,
            unfit: Vec::new(),
            machine: PhantomData,
        }
    }

    /// Adds a state.
    #[must_use]
    pub fn state(mut self, state: impl Into<M>) -> Self {
        let state = state.into();
        let position = state.state();
        match content(&state) {
            Ok(content) => add(self.states.get_mut(position), content),
            Err(problem) => self.unfit.push(format!("state `{}`: {problem}", M::GRAPH.states[position].name)),
        }
        self
    }

    /// Adds a command with its payload.
    #[must_use]
    pub fn command(mut self, command: impl Into<M::Command>) -> Self {
        let command = command.into();
        let position = M::command(&command);
        match payload::<M>(&command) {
            Ok(payload) => add(self.payloads.get_mut(position), payload),
            Err(problem) => self.unfit.push(format!("command `{}`: {problem}", M::GRAPH.commands[position].name)),
        }
        self
    }

    /// Adds an outcome of the command of this name, for example `order::CommandKind::Pay`.
    #[must_use]
    pub fn outcome(mut self, command: impl fmt::Display, outcome: &(impl Serialize + ?Sized)) -> Self {
        match read_outcome::<M>(&command.to_string(), outcome) {
            Ok((position, outcome)) => add(self.outcomes.get_mut(position), outcome),
            Err(problem) => self.unfit.push(format!("outcome of `{command}`: {problem}")),
        }
        self
    }

    /// Adds a rejection, of the type that the rules name, for a machine with a command that says `remember_rejections`: the keys of
    /// such a command store it.
    #[must_use]
    pub fn rejection<R: Serialize + DeserializeOwned + 'static>(mut self, rejection: &R) -> Self {
        let again = Again { of: TypeId::of::<R>(), write: written_again::<R> };
        let written = serde_json::to_value(rejection).map_err(|error| error.to_string());
        match written.and_then(came_back::<R>) {
            _ if self.again.is_some_and(|first| first.of != again.of) => {
                self.unfit.push("rejection: the samples are of two types, and the rules have one".to_owned());
            }
            Ok(value) => {
                self.again = Some(again);
                add(Some(&mut self.rejections), value);
            }
            Err(problem) => self.unfit.push(format!("rejection: {problem}")),
        }
        self
    }

    /// What has no sample, and which samples are none; empty if all is there.
    pub fn missing(&self) -> Vec<String> {
        let Graph { states, commands, .. } = M::GRAPH;
        let absent = |what: &'static str, names: Vec<&'static str>, values: &[Vec<Value>]| -> Vec<String> {
            let unsampled = names.into_iter().zip(values).filter(|(_, values)| values.is_empty());
            unsampled.map(|(name, _)| format!("{what} `{name}`: no sample")).collect()
        };
        let names = || commands.iter().map(|command| command.name).collect();
        let mut missing = absent("state", states.iter().map(|state| state.name).collect(), &self.states);
        missing.extend(absent("command", names(), &self.payloads));
        missing.extend(absent("outcome of", names(), &self.outcomes));
        if let Some(command) = commands.iter().find(|command| command.remembers && self.rejections.is_empty()) {
            missing.push(format!("rejection: no sample, and `{}` remembers its rejections", command.name));
        }
        missing.extend(self.unfit.iter().cloned());
        missing
    }

    pub(super) fn states(&self, position: usize) -> &[Value] {
        self.states.get(position).map_or(&[], Vec::as_slice)
    }

    pub(super) fn payloads(&self, position: usize) -> &[Value] {
        self.payloads.get(position).map_or(&[], Vec::as_slice)
    }

    pub(super) fn rejections(&self) -> &[Value] {
        &self.rejections
    }

    /// What today's type writes of a rejection that was written before.
    pub(super) fn rejection_again(&self, rejection: &Value) -> Result<Value, String> {
        let again = self.again.ok_or("no command remembers its rejections, or there is no sample of one")?;
        (again.write)(rejection)
    }

    pub(super) fn outcomes(&self, position: usize) -> &[Value] {
        self.outcomes.get(position).map_or(&[], Vec::as_slice)
    }
}

impl<M: Machine> Default for Samples<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Machine> fmt::Debug for Samples<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Samples").field("machine", &M::GRAPH.name).field("missing", &self.missing()).finish()
    }
}

fn came_back<R: Serialize + DeserializeOwned>(value: Value) -> Result<Value, String> {
    let again = written_again::<R>(&value)?;
    if again == value { Ok(value) } else { Err(format!("{value} does not come back as it was written: {again}")) }
}

fn written_again<R: Serialize + DeserializeOwned>(value: &Value) -> Result<Value, String> {
    let read: R = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    serde_json::to_value(read).map_err(|error| error.to_string())
}

/// A value that stands for what carries nothing gives way to none: it is a value of the type like any other.
fn add(values: Option<&mut Vec<Value>>, value: Value) {
    if let Some(values) = values
        && !values.contains(&value)
    {
        values.push(value);
    }
}

/// A state's content, as its own serde writes it inside the enum's tag.
pub(super) fn content<M: Machine>(state: &M) -> Result<Value, String> {
    match serde_json::to_value(state).map_err(|error| error.to_string())? {
        Value::String(_) => Ok(Value::Null),
        Value::Object(tagged) if tagged.len() == 1 => Ok(tagged.into_iter().next().map_or(Value::Null, |(_, it)| it)),
        _ => Err("the enum's serde does not write `{\"Variant\": content}`".to_owned()),
    }
}

/// The state at a position with this content.
pub(super) fn state<M: Machine>(position: usize, content: &Value) -> Result<M, String> {
    if let Some(bare) = M::bare(position) {
        return Ok(bare);
    }
    let name = M::GRAPH.states.get(position).map_or("", |state| state.name);
    let tagged = Value::Object([(name.to_owned(), content.clone())].into_iter().collect());
    serde_json::from_value(tagged).map_err(|error| error.to_string())
}

/// A command's payload.
pub(super) fn payload<M: Machine>(command: &M::Command) -> Result<Value, String> {
    M::write_payload(command).and_then(|stored| stored.decode()).map_err(|error| error.to_string())
}

/// The command at a position with this payload.
pub(super) fn command<M: Machine>(position: usize, payload: &Value) -> Result<M::Command, String> {
    let stored = Stored::encode(payload).map_err(|error| error.to_string())?;
    M::read_command(position, &stored).map_err(|error| error.to_string())
}

fn read_outcome<M: Machine>(command: &str, outcome: &(impl Serialize + ?Sized)) -> Result<(usize, Value), String> {
    let position = M::GRAPH.command_named(command).ok_or("no command has this name")?;
    let stored = Stored::encode(outcome).map_err(|error| error.to_string())?;
    M::read_reply(position, &stored).map_err(|error| format!("not what the command answers with: {error}"))?;
    Ok((position, stored.decode().map_err(|error| error.to_string())?))
}
