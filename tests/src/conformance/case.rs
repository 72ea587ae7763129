//! One machine at a time, stored or in memory.

use std::fmt::Debug;
use std::ops::DerefMut;

use idem_core::error::Rejection;
use idem_core::machine::{InMemory, Machine, Rules};
use idem_core::{CommandError, Effect, Error, ErrorKind, Key, Outcome};
use serde::Serialize;
use serde_json::Value;

use super::machines::{Order, Shop, Subscription, order, subscription};

/// The kinds of the states of a machine of these rules.
pub(super) type KindOf<X> = <<X as Rules>::Machine as Machine>::StateKind;
/// What a command on a machine of these rules is answered with, its value as JSON.
pub type Answer<X> = Result<Outcome<Value, KindOf<X>>, <<X as Rules>::Rejection as Rejection>::Error>;

/// Where the clauses get their machines from.
pub trait Case {
    /// Stands for an order.
    type Order: Desk<order::Driver<Shop>>;
    /// Stands for a subscription.
    type Subscription: Desk<subscription::Driver<Shop>>;

    /// A new order, started with this total.
    async fn order(&self, total: i64) -> Self::Order;

    /// A new subscription, not started where that is possible.
    async fn subscription(&self) -> Self::Subscription;
}

/// One machine.
pub trait Desk<X: Rules> {
    /// Gives a command.
    async fn apply(&mut self, key: Option<&Key>, command: impl Into<<X::Machine as Machine>::Command>) -> Answer<X>;

    /// Puts it into a state by hand.
    async fn put(&mut self, key: &Key, state: impl Into<X::Machine>, reopen: bool);

    /// The state, and the number of the newest transition.
    async fn look(&mut self) -> (X::Machine, u64);

    /// The balance of an account.
    async fn balance(&mut self, account: &str) -> i64;

    /// Bounds an account that was not used yet.
    async fn bound(&mut self, account: &str, floor: Option<i64>, ceiling: Option<i64>);

    /// How many messages were emitted.
    async fn messages(&mut self) -> u64;
}

/// A key of the suite's scope.
pub fn key(name: &str) -> Key {
    Key::new("conformance", name).expect("a fit key")
}

/// Why a call failed: an [`Error`], or a rejection beside it.
pub trait Failure: Debug {
    /// Which it is.
    fn kind(&self) -> ErrorKind;
    /// What it says of the effect.
    fn effect(&self) -> Effect;
    /// Whether the same call may succeed later.
    fn is_retryable(&self) -> bool;
}

macro_rules! failure {
    ($($error:ty $(: $rejection:ident)?),+) => {$(
        impl$(<$rejection: Debug>)? Failure for $error {
            fn kind(&self) -> ErrorKind {
                self.kind()
            }

            fn effect(&self) -> Effect {
                self.effect()
            }

            fn is_retryable(&self) -> bool {
                self.is_retryable()
            }
        }
    )+};
}
failure!(Error, CommandError<R>: R);

/// The outcome of a call that must have had its effect now.
#[track_caller]
pub fn fresh<T: Debug, S: Debug, E: Debug>(answer: Result<Outcome<T, S>, E>) -> Outcome<T, S> {
    match answer {
        Ok(outcome) if outcome.is_fresh() => outcome,
        other => panic!("expected a fresh outcome, found {other:?}"),
    }
}

/// The outcome of a call that must have been answered with `first`: the value, the number, the time, and the state it led to.
#[track_caller]
pub fn replayed<T, S, E>(answer: Result<Outcome<T, S>, E>, first: &Outcome<T, S>) -> Outcome<T, S>
where
    T: Debug + PartialEq,
    S: Copy + Debug + PartialEq,
    E: Debug,
{
    match answer {
        Ok(outcome) if outcome.is_replay() => {
            let parts = |outcome: &Outcome<T, S>| (outcome.seq(), outcome.at(), outcome.state());
            assert_eq!((&*outcome, parts(&outcome)), (&**first, parts(first)));
            outcome
        }
        other => panic!("expected a replay of {first:?}, found {other:?}"),
    }
}

/// The error of a call that must have been refused for this reason.
#[track_caller]
pub fn refused<T: Debug, E: Failure>(answer: Result<T, E>, kind: ErrorKind) -> E {
    match answer {
        Err(error) if error.kind() == kind => error,
        other => panic!("expected {kind:?}, found {other:?}"),
    }
}

/// The outcome with its value as JSON, so that two can be compared whatever their type.
pub(super) fn as_json<T: Serialize, S>(outcome: Outcome<T, S>) -> Outcome<Value, S> {
    outcome.map(|value| serde_json::to_value(value).expect("an outcome that was encoded before"))
}

/// Machines in memory.
#[derive(Debug, Clone, Copy)]
pub struct Memory;

impl Case for Memory {
    type Order = InMemoryDesk<order::InMemory<Shop>>;
    type Subscription = InMemoryDesk<subscription::InMemory<Shop>>;

    async fn order(&self, total: i64) -> Self::Order {
        InMemoryDesk(Order::in_memory(Shop, order::Pending { total }))
    }

    async fn subscription(&self) -> Self::Subscription {
        InMemoryDesk(Subscription::in_memory(Shop, subscription::Active))
    }
}

/// A machine in memory.
#[derive(Debug)]
pub struct InMemoryDesk<H>(H);

impl<X: Rules, H: DerefMut<Target = InMemory<X>>> Desk<X> for InMemoryDesk<H> {
    async fn apply(&mut self, key: Option<&Key>, command: impl Into<<X::Machine as Machine>::Command>) -> Answer<X> {
        self.0.__apply(key.cloned(), command.into()).map(as_json)
    }

    async fn put(&mut self, _key: &Key, state: impl Into<X::Machine>, reopen: bool) {
        self.0.override_state(state, reopen);
    }

    async fn look(&mut self) -> (X::Machine, u64) {
        (self.0.state().clone(), self.0.version())
    }

    async fn balance(&mut self, account: &str) -> i64 {
        self.0.balance(account)
    }

    async fn bound(&mut self, account: &str, floor: Option<i64>, ceiling: Option<i64>) {
        self.0.bound(account, floor, ceiling).expect("bounds that the balance fits");
    }

    async fn messages(&mut self) -> u64 {
        self.0.messages().count() as u64
    }
}
