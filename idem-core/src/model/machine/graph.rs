//! The graph of a machine as constant data: what the macro read from the enum.

use std::fmt;

use crate::error::BackTicked;
#[cfg(feature = "_sql")]
use crate::error::Error;

/// A machine's states, commands and edges. The macro makes one per enum, as a constant.
#[derive(Debug)]
#[non_exhaustive]
pub struct Graph {
    /// The name the machine is stored under.
    pub name: &'static str,
    /// The states in the order of the enum's variants.
    pub states: &'static [StateInfo],
    /// The commands in the order of their attributes.
    pub commands: &'static [CommandInfo],
    /// Every edge, in the order of the source.
    pub edges: &'static [Edge],
    /// The position of the initial state in `states`.
    pub initial: usize,
}

/// One state.
#[derive(Debug)]
#[non_exhaustive]
pub struct StateInfo {
    /// The variant's identifier, without `r#`.
    pub ident: &'static str,
    /// The name on the wire: `#[name = "…"]`, else the identifier.
    pub name: &'static str,
    /// Earlier names on the wire, still read: `#[was("…")]`.
    pub was: &'static [&'static str],
    /// No command is legal here.
    pub terminal: bool,
    /// The variant has fields.
    pub carries: bool,
}

/// One command.
#[derive(Debug)]
#[non_exhaustive]
pub struct CommandInfo {
    /// The command's identifier, without `r#`.
    pub ident: &'static str,
    /// The name on the wire.
    pub name: &'static str,
    /// Earlier names on the wire, still read.
    pub was: &'static [&'static str],
    /// What a repeat without a key means.
    pub repeat: Repeat,
    /// Its key remembers a rejection.
    pub remembers: bool,
    /// The payload's members that are stored but not fingerprinted, by their names on the wire.
    pub facts: &'static [&'static str],
}

/// What a repeat of a command without a key means; proved from the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// No way leads from the command's targets back to one of its sources: it has one effect in a machine's life, and
    /// [`Natural`](crate::Natural) names it.
    Once,
    /// `per_visit`: one effect per visit of the source state.
    PerVisit,
    /// The command can be legal again, so only a key distinguishes a repeat from a new request.
    Ambiguous,
}

/// An edge: in this state this command leads to one of these states.
#[derive(Debug)]
#[non_exhaustive]
pub struct Edge {
    /// The position of the source in [`Graph::states`].
    pub from: usize,
    /// The position of the command in [`Graph::commands`].
    pub command: usize,
    /// The positions of the targets in [`Graph::states`].
    pub to: &'static [usize],
}

impl Graph {
    /// For generated code.
    #[doc(hidden)]
    pub const fn __new(
        name: &'static str,
        states: &'static [StateInfo],
        commands: &'static [CommandInfo],
        edges: &'static [Edge],
        initial: usize,
    ) -> Self {
        Self { name, states, commands, edges, initial }
    }

    /// The edge that `command` takes from `state`, both by position.
    pub fn edge(&self, state: usize, command: usize) -> Option<&'static Edge> {
        self.edges.iter().find(|edge| edge.from == state && edge.command == command)
    }

    /// The names of the commands that are legal in `state`.
    pub fn allowed(&self, state: usize) -> Vec<&'static str> {
        self.edges.iter().filter(|edge| edge.from == state).map(|edge| self.commands[edge.command].name).collect()
    }

    /// The position of the state that is stored as `name`, now or under an earlier name.
    pub fn state_named(&self, name: &str) -> Option<usize> {
        let live = self.states.iter().position(|state| state.name == name);
        live.or_else(|| self.states.iter().position(|state| state.was.contains(&name)))
    }

    /// The error for a command that this enum does not have.
    #[cfg(feature = "_sql")]
    pub(crate) fn unknown_command(&self, id: &str, stored: &str) -> Error {
        Error::UnknownCommand {
            machine: self.name,
            id: id.to_owned(),
            stored: stored.to_owned(),
            known: self.commands.iter().map(|command| command.name).collect(),
        }
    }

    /// The position of the command that is stored as `name`, now or under an earlier name.
    pub fn command_named(&self, name: &str) -> Option<usize> {
        let live = self.commands.iter().position(|command| command.name == name);
        live.or_else(|| self.commands.iter().position(|command| command.was.contains(&name)))
    }
}

impl StateInfo {
    /// For generated code.
    #[doc(hidden)]
    pub const fn __new(
        ident: &'static str,
        name: &'static str,
        was: &'static [&'static str],
        terminal: bool,
        carries: bool,
    ) -> Self {
        Self { ident, name, was, terminal, carries }
    }
}

impl CommandInfo {
    /// What a repeat means, of a call with a key or without one: a rejection is remembered by a key alone.
    pub(crate) fn repeat_of(&self, natural: bool) -> Repeat {
        if natural && self.remembers { Repeat::Ambiguous } else { self.repeat }
    }

    /// For generated code.
    #[doc(hidden)]
    pub const fn __new(
        ident: &'static str,
        name: &'static str,
        was: &'static [&'static str],
        repeat: Repeat,
        remembers: bool,
        facts: &'static [&'static str],
    ) -> Self {
        Self { ident, name, was, repeat, remembers, facts }
    }
}

impl Edge {
    /// For generated code.
    #[doc(hidden)]
    pub const fn __new(from: usize, command: usize, to: &'static [usize]) -> Self {
        Self { from, command, to }
    }
}

/// Why a command is not legal in a state, and what would be. From the generated `why_not`.
///
/// With the payment of the README:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert!(payment::guard(payment::StateKind::Authorized, payment::CommandKind::Capture));
/// let why = payment::why_not(payment::StateKind::Captured, payment::CommandKind::Capture).expect("it is not legal");
/// assert_eq!((why.allowed, why.legal_in), (&[][..], &["Authorized"][..]));
/// assert_eq!(why.to_string(), "`Capture` is legal in `Authorized`; `Captured` answers no command");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhyNot {
    /// The state.
    pub state: &'static str,
    /// The command.
    pub command: &'static str,
    /// The commands that are legal in the state.
    pub allowed: &'static [&'static str],
    /// The states in which the command is legal.
    pub legal_in: &'static [&'static str],
}

impl WhyNot {
    /// For generated code.
    #[doc(hidden)]
    pub const fn __new(
        state: &'static str,
        command: &'static str,
        allowed: &'static [&'static str],
        legal_in: &'static [&'static str],
    ) -> Self {
        Self { state, command, allowed, legal_in }
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is legal in {}; `{}` answers ", self.command, BackTicked(self.legal_in), self.state)?;
        if self.allowed.is_empty() { f.write_str("no command") } else { write!(f, "{}", BackTicked(self.allowed)) }
    }
}
