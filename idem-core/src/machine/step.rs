//! What a transition answers: the next state, the outcome, money and messages, all of it data.

use serde::Serialize;

use crate::wire::{Stored, WireError};

/// The result of a transition. Nothing in it has happened yet: the engine makes all of it happen at once, or nothing.
///
/// ```
/// # use idem_core::Step;
/// # #[derive(serde::Serialize)] struct Paid;
/// let step: Step<Paid, u32> = Step::to(Paid).transfer("customers", "sales", 500).emit("order.paid", &7).outcome(7);
/// ```
#[derive(Debug)]
#[must_use = "a step does nothing until the transition returns it"]
pub struct Step<S, T = ()> {
    to: S,
    outcome: T,
    effects: Effects,
    otherwise: Option<Box<Step<S, T>>>,
}

impl<S> Step<S> {
    /// The step to the state `to`, with nothing else.
    pub fn to(to: impl Into<S>) -> Self {
        Self { to: to.into(), outcome: (), effects: Effects::default(), otherwise: None }
    }

    /// Sets what the caller, and every repeat of the call, is answered with.
    pub fn outcome<T>(mut self, outcome: T) -> Step<S, T> {
        if self.otherwise.is_some() {
            self.effects.misuse =
                Some("`outcome` comes before `or_if_refused`: the other step needs an outcome of the same type");
        }
        Step { to: self.to, outcome, effects: self.effects, otherwise: None }
    }
}

impl<S, T> Step<S, T> {
    /// Moves `amount` minor units from the account `from` to the account `to`. Accounts open themselves, unbounded.
    ///
    /// A negative amount moves the other way. A zero amount writes two entries of zero.
    pub fn transfer(mut self, from: impl Into<String>, to: impl Into<String>, amount: i64) -> Self {
        self.effects.moves.push(Move::Transfer { from: from.into(), to: to.into(), amount });
        self
    }

    /// Changes the balance of one account by `delta` minor units.
    pub fn delta(mut self, account: impl Into<String>, delta: i64) -> Self {
        self.effects.moves.push(Move::Delta { account: account.into(), delta });
        self
    }

    /// Writes a message to the outbox, in the same transaction.
    pub fn emit(mut self, topic: impl Into<String>, payload: &(impl Serialize + ?Sized)) -> Self {
        self.effects.messages.push(Message { topic: topic.into(), payload: Stored::encode(payload) });
        self
    }

    /// The step to take instead if this one's money does not fit the bounds of an account: a decline that is
    /// remembered. Called last, so that both steps have an outcome of one type.
    pub fn or_if_refused(mut self, other: Self) -> Self {
        self.otherwise = Some(Box::new(match self.otherwise.take() {
            None => other,
            Some(first) => first.or_if_refused(other),
        }));
        self
    }

    pub(crate) fn into_parts(self) -> (S, T, Effects, Option<Box<Self>>) {
        (self.to, self.outcome, self.effects, self.otherwise)
    }
}

/// Everything a step does besides the state and the outcome.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) moves: Vec<Move>,
    pub(crate) messages: Vec<Message>,
    /// How the step was built wrongly; the engine refuses such a step.
    pub(crate) misuse: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) enum Move {
    Delta { account: String, delta: i64 },
    Transfer { from: String, to: String, amount: i64 },
}

#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Result<Stored, WireError>,
}
