//! Machines: the rules of an annotated enum, in memory and stored.

mod context;
mod graph;
mod memory;
#[cfg(feature = "_sql")]
pub(crate) mod names;
mod rules;
mod step;
#[cfg(feature = "_sql")]
mod stored;

pub use context::{Context, StableId};
pub(crate) use graph::Names;
pub use graph::{CommandInfo, Edge, Graph, Repeat, StateInfo, WhyNot};
#[cfg(feature = "testing")]
pub(crate) use memory::ID as IN_MEMORY;
pub use memory::InMemory;
pub use rules::{Machine, Named, Natural, Repeatable, Rules, State, Taken, copy_outcome, taken};
#[cfg(any(feature = "_sql", feature = "testing"))]
pub(crate) use step::Effects;
pub(crate) use step::Move;
pub use step::Step;
#[cfg(feature = "_sql")]
pub use stored::{
    At, Call, CallFuture, Cursor, Difference, Event, History, InState, Machines, Override, Problem, StoredMachine,
    Transition, Verification, Within,
};
