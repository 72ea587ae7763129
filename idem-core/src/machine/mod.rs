//! Machines: the rules of an annotated enum, in memory and stored.

mod context;
mod graph;
mod rules;
mod step;

pub use context::{Context, StableId};
pub use graph::{CommandInfo, Edge, Graph, Repeat, StateInfo, WhyNot};
pub use rules::{Machine, Named, Natural, Repeatable, Rules, State, Taken};
pub use step::Step;
