//! Machines: the rules of an annotated enum, in memory and stored.
//!
//! The examples use the payment of the README: a `Payment` is started as `Authorized { amount }`. `Capture { amount }` leads to
//! `Captured { receipt }`, gives the receipt, moves the amount and emits a message; more than is authorized is rejected.

#[cfg(not(feature = "_sql"))]
pub(crate) mod no_store;
#[cfg(feature = "_sql")]
pub(crate) mod stored;

pub use crate::model::machine::context::{Context, StableId};
pub use crate::model::machine::graph::{CommandInfo, Edge, Graph, Repeat, StateInfo, WhyNot};
pub use crate::model::machine::memory::InMemory;
pub use crate::model::machine::rules::{FirstCommand, KeyOrNatural, Machine, Natural, Repeatable, Rules, State, Taken};
pub use crate::model::machine::step::Step;
pub use crate::model::machine::target::{NoOutcome, Target, Targets};
#[cfg(feature = "_sql")]
pub use stored::call::{Call, CallFuture};
#[cfg(feature = "_sql")]
pub use stored::handles::{Handle, Repository};
#[cfg(feature = "_sql")]
pub use stored::history::{Event, History, Transition};
#[cfg(feature = "_sql")]
pub use stored::item::Item;
#[cfg(feature = "_sql")]
#[doc(hidden)]
pub use stored::not_awaited::Awaited;
#[cfg(feature = "_sql")]
pub use stored::operate::Override;
#[cfg(feature = "_sql")]
pub use stored::page::{Page, Unreadable};
#[cfg(feature = "_sql")]
pub use stored::query::{Cursor, InState, StateCount, StateCounts};
#[cfg(feature = "_sql")]
pub use stored::stored_machine::StoredMachine;
#[cfg(feature = "_sql")]
pub use stored::verify::{Difference, DifferenceKind, Verification};
#[cfg(feature = "_sql")]
pub use stored::within::InTx;
