//! Machines: the rules of an annotated enum, in memory and stored.

#[cfg(feature = "_sql")]
mod stored;

pub use crate::model::machine::context::{Context, StableId};
pub use crate::model::machine::graph::{CommandInfo, Edge, Graph, Repeat, StateInfo, WhyNot};
pub use crate::model::machine::memory::InMemory;
pub use crate::model::machine::rules::{Machine, Named, Natural, Repeatable, Rules, State, Taken, copy_outcome, taken};
pub use crate::model::machine::step::Step;
#[cfg(feature = "_sql")]
pub use stored::{
    At, Call, CallFuture, Cursor, Difference, Event, History, InState, Machines, Override, Problem, StoredMachine,
    Transition, Verification, Within,
};
