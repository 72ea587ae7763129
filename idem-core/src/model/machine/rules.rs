//! What generated code says about a machine to the engine.

use std::any::Any;
use std::fmt::Debug;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Rejection;
use crate::key::Key;
use crate::model::machine::context::Context;
use crate::model::machine::graph::Graph;
use crate::model::machine::step::{Effects, Step};
use crate::wire::{Stored, WireError};

/// A domain enum under `#[idempotent_fsm]`. Implemented by the macro.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a machine",
    label = "this enum has no `#[idempotent_fsm]`",
    note = "put `#[idempotent_fsm]` above the enum"
)]
pub trait Machine: State + Clone {
    /// The generated enum of the states' names.
    type StateKind: Copy + Eq + Hash + Debug + Send + Sync + 'static;
    /// The generated enum of all commands.
    type Command: Send + Sync + 'static;
    /// The generated enum of all outcomes.
    type Reply: Serialize + Send + 'static;

    /// The graph. Positions in this trait are positions in its lists.
    const GRAPH: &'static Graph;

    /// The position of this state.
    fn state(&self) -> usize;

    /// The state's name at a position; the initial state's for a position that does not exist.
    fn kind(state: usize) -> Self::StateKind;

    /// The position of a state's name.
    fn position(kind: Self::StateKind) -> usize;

    /// The state at a position, if it carries nothing.
    fn bare(state: usize) -> Option<Self>;

    /// The position of a command.
    fn command(command: &Self::Command) -> usize;

    #[doc(hidden)]
    /// The command's payload as it is stored.
    ///
    /// # Errors
    /// If the payload's serde refuses.
    fn write_payload(command: &Self::Command) -> Result<Stored, WireError>;

    #[doc(hidden)]
    /// The command at a position, with a stored payload.
    ///
    /// # Errors
    /// If the payload no longer decodes.
    fn read_command(command: usize, payload: &Stored) -> Result<Self::Command, WireError>;

    #[doc(hidden)]
    /// The outcome of the command at a position.
    ///
    /// # Errors
    /// If the outcome no longer decodes.
    fn read_reply(command: usize, outcome: &Stored) -> Result<Self::Reply, WireError>;

    #[doc(hidden)]
    /// Puts a clone of an outcome into `copy`, an `Option` of the outcome's type or of `Reply`. Leaves it as it is if
    /// the type has no `Clone`.
    fn copy_outcome(reply: &Self::Reply, copy: &mut dyn Any);
}

/// What is stored: a state, a payload or an outcome.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is stored by a machine, so it needs serde",
    label = "neither written nor read back without `Serialize` and `Deserialize`",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to `{Self}`; it must own its data"
)]
pub trait State: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> State for T {}

/// The kinds of the states of a machine of these rules.
pub(crate) type KindOf<X> = <<X as Rules>::Machine as Machine>::StateKind;

/// The same for a payload or an outcome, whose lack of serde is found here alone: see `must_have_serde`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[F305] `{Self}` is stored by a machine, so it needs serde",
    label = "neither written nor read back without `Serialize` and `Deserialize`",
    note = "fix: `#[derive(serde::Serialize, serde::Deserialize)]` on `{Self}`, which must own its data",
    note = "see idem_core::compile_errors::f305"
)]
pub trait WithSerde {}

// Without this the compiler asks for `Serialize`, which is half of what is missing.
#[diagnostic::do_not_recommend]
impl<T: State> WithSerde for T {}

/// For generated code: requires serde of a type.
#[doc(hidden)]
pub const fn must_have_serde<T: WithSerde>() {}

/// Any outcome of a machine of these rules.
pub(crate) type ReplyOf<X> = <<X as Rules>::Machine as Machine>::Reply;

/// What a command fails with on a machine of these rules.
pub(crate) type ErrorOf<X> = <<X as Rules>::Rejection as Rejection>::Error;

/// A machine together with the user's transitions. Implemented by the macro for the wrapper around the user's rules.
pub trait Rules: Send + Sync + 'static {
    /// The enum.
    type Machine: Machine;
    /// Why a transition refuses.
    type Rejection: Rejection;

    #[doc(hidden)]
    /// Runs the transition that `command` takes from the state `from`; `None` if no edge leads on.
    ///
    /// # Errors
    /// The rejection of the user's rule.
    fn run(
        &self,
        from: Self::Machine,
        command: &<Self::Machine as Machine>::Command,
        cx: &Context<'_>,
    ) -> Option<Result<Taken<Self::Machine>, Self::Rejection>>;

    #[doc(hidden)]
    /// A rejection as a key remembers it.
    ///
    /// # Errors
    /// If no command of the machine says `remember_rejections`, or the rejection's serde refuses.
    fn write_rejection(rejection: &Self::Rejection) -> Result<Stored, WireError>;

    #[doc(hidden)]
    /// A rejection that a key remembers.
    ///
    /// # Errors
    /// If no command of the machine says `remember_rejections`, or the rejection no longer decodes.
    fn read_rejection(stored: &Stored) -> Result<Self::Rejection, WireError>;
}

#[doc(hidden)]
/// A step taken: its target as the enum, its outcome as one of all commands'.
#[allow(missing_debug_implementations, reason = "outcomes need none")]
pub struct Taken<M: Machine> {
    pub(crate) to: M,
    pub(crate) outcome: M::Reply,
    pub(crate) effects: Effects,
    pub(crate) otherwise: Option<Box<Taken<M>>>,
}

impl<M: Machine> Taken<M> {
    /// For generated code: the step whose outcome becomes one of all commands' by `reply`.
    #[doc(hidden)]
    pub fn __new<S: Into<M>, T>(step: Step<S, T>, reply: fn(T) -> M::Reply) -> Self {
        let (to, outcome, effects, otherwise) = step.into_parts();
        Self {
            to: to.into(),
            outcome: reply(outcome),
            effects,
            otherwise: otherwise.map(|step| Box::new(Self::__new(*step, reply))),
        }
    }
}

/// For generated code: what a transition said, its outcome made one of all commands' by `reply`.
///
/// # Errors
/// The rejection, as it is.
#[doc(hidden)]
pub fn taken<M: Machine, S: Into<M>, T, R>(
    said: Result<Step<S, T>, R>,
    reply: fn(T) -> M::Reply,
) -> Result<Taken<M>, R> {
    said.map(|step| Taken::__new(step, reply))
}

/// For generated code: see [`Machine::copy_outcome`].
#[doc(hidden)]
pub fn copy_outcome<T: Clone + 'static, R: 'static>(outcome: &T, reply: fn(T) -> R, copy: &mut dyn Any) {
    if let Some(copy) = copy.downcast_mut::<Option<T>>() {
        *copy = Some(outcome.clone());
    } else if let Some(copy) = copy.downcast_mut::<Option<R>>() {
        *copy = Some(reply(outcome.clone()));
    }
}

/// Stands where a key would, for a command that its own payload names: the repeat is recognised by the state it led to.
///
/// Compiles only for commands that have one effect in a machine's life (proved from the graph) and for those that the
/// enum marks `per_visit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::exhaustive_structs, reason = "a name, written by users as a value")]
pub struct Natural;

/// A command that [`Natural`] can name. Implemented by the macro.
#[diagnostic::on_unimplemented(
    message = "[F401] a repeat of `{Self}` without a key is ambiguous",
    label = "`{Self}` can be legal again, or its rejections are remembered, so `Natural` cannot tell a repeat from a new request",
    note = "pass a `&Key`; or, if the command remembers no rejections, write `per_visit` in its attribute: one effect per visit of the source state"
)]
pub trait Repeatable {}

/// For generated code: the graph proves that a command is [`Repeatable`], or the enum says so.
#[doc(hidden)]
pub trait Unambiguous {}

// Without this the compiler lists other commands, which are no help to who passes this one without a key.
#[diagnostic::do_not_recommend]
impl<C: Unambiguous> Repeatable for C {}

/// What stands in the key's place of a command `C`: a `&Key`; [`Natural`] where that is unambiguous; or there an `Option<&Key>`,
/// for a program that has a key at times.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot name a repeat of `{C}`",
    label = "expected `&Key`, or `Natural` for a command whose repeat is unambiguous",
    note = "pass `&key`, with a key made by `Key::new(scope, key)`; see idem_core::compile_errors::f401"
)]
pub trait KeyOrNatural<C> {
    /// The key, if there is one.
    #[doc(hidden)]
    fn __key(self) -> Option<Key>;
}

impl<C> KeyOrNatural<C> for &Key {
    fn __key(self) -> Option<Key> {
        Some(self.clone())
    }
}

impl<C: Repeatable> KeyOrNatural<C> for Natural {
    fn __key(self) -> Option<Key> {
        None
    }
}

impl<C: Repeatable> KeyOrNatural<C> for Option<&Key> {
    fn __key(self) -> Option<Key> {
        self.cloned()
    }
}

/// A command that is legal in the initial state: `start_and` takes it. `C` is the enum of all commands. Implemented by the macro.
#[diagnostic::on_unimplemented(
    message = "[F511] `{Self}` is not legal in the initial state",
    label = "no edge leads from the initial state by this command",
    note = "fix: `start` the machine and call the command after, or let an edge lead from the initial state",
    note = "see idem_core::compile_errors::f511"
)]
pub trait FirstCommand<C> {
    /// Its outcome.
    type Outcome;

    /// The command as one of all commands.
    #[doc(hidden)]
    fn __into_command(self) -> C;
}
