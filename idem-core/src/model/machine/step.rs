//! What a transition answers: the next state, the outcome, money and messages, all of it data.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::message::NewMessage;
use crate::model::ledger::change::{LedgerChange, lifetime_within_bounds};
use crate::model::machine::target::{NoOutcome, Target, Targets};
use crate::wire::{Stored, WireError};

/// The result of a transition. Nothing in it has happened yet: the engine makes all of it happen at once, or nothing.
///
/// ```
/// # use idem_core::{Step, idempotent_fsm};
/// # #[idempotent_fsm]
/// # #[command(Pay -> u32)]
/// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
/// # enum Order { #[initial] #[on(Pay => Paid)] Pending, #[terminal] Paid }
/// # fn main() {
/// let step: Step<order::Paid, u32> =
///     Step::to(order::Paid).transfer("customers", "sales", 500).emit("order.paid", &7).outcome(7);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a step does nothing until the transition returns it"]
pub struct Step<S, T = ()> {
    to: S,
    outcome: T,
    effects: Effects,
    otherwise: Option<Box<Step<S, T>>>,
}

impl<S: Targets, T: NoOutcome> Step<S, T> {
    /// The step to the state `to`, with nothing else.
    pub fn to(to: impl Target<S, S::States>) -> Self {
        Self { to: to.into(), outcome: T::__none(), effects: Effects::default(), otherwise: None }
    }
}

impl<S> Step<S> {
    /// Sets what the caller, and every repeat of the call, is answered with. It comes before `or_if_refused`, as money and messages do:
    /// each of the two steps has its own.
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
    ///
    /// ```
    /// # use idem_core::{Context, ErrorKind, Natural, Never, Step, idempotent_fsm};
    /// # #[idempotent_fsm]
    /// # #[command(Pay { amount: i64 })]
    /// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    /// # enum Order { #[initial] #[on(Pay => Paid)] Open, #[terminal] Paid }
    /// struct Shop;
    ///
    /// impl order::Transitions for Shop {
    ///     type Rejection = Never;
    ///
    ///     fn pay(&self, _: order::Open, pay: &order::Pay, _: &Context) -> Result<Step<order::Paid>, Never> {
    ///         Ok(Step::to(order::Paid).transfer("customer", "shop", pay.amount))
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), idem_core::Error> {
    /// let mut order = Order::in_memory(Shop, order::Open);
    /// order.bound("customer", Some(-100), None)?;
    /// let refused = order.pay(Natural, order::Pay { amount: 101 }).expect_err("more than the customer may owe");
    /// assert_eq!(refused.kind(), ErrorKind::OutOfBounds);
    /// assert_eq!(order.pay(Natural, order::Pay { amount: 40 })?.state(), Some(order::StateKind::Paid));
    /// assert_eq!((order.balance("customer"), order.balance("shop")), (-40, 40));
    /// # Ok(()) }
    /// ```
    pub fn transfer(self, from: impl Into<String>, to: impl Into<String>, amount: i64) -> Self {
        self.change(LedgerChange::Transfer { from: name(from), to: name(to), amount })
    }

    /// Changes the balance of one account by `delta` minor units.
    pub fn delta(self, account: impl Into<String>, delta: i64) -> Self {
        self.change(LedgerChange::Delta { account: name(account), delta })
    }

    /// Reserves `amount` minor units of an account under the name `hold`, which no other hold has: a later step, or the
    /// ledger, captures or releases it by that name. [`Context::id`](crate::Context::id) makes one.
    ///
    /// ```
    /// # use idem_core::{Context, ErrorKind, Natural, Never, Step, idempotent_fsm};
    /// # #[idempotent_fsm]
    /// # #[command(Reserve { amount: i64 })]
    /// # #[command(Ship)]
    /// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    /// # enum Order {
    /// #     #[initial] #[on(Reserve => Reserved)] Open,
    /// #     #[on(Ship => Shipped)] Reserved { hold: String },
    /// #     #[terminal] Shipped,
    /// # }
    /// struct Shop;
    ///
    /// impl order::Transitions for Shop {
    ///     type Rejection = Never;
    ///
    ///     fn reserve(&self, _: order::Open, reserve: &order::Reserve, cx: &Context) -> Result<Step<order::Reserved>, Never> {
    ///         let hold = cx.id("hold").to_string();
    ///         Ok(Step::to(order::Reserved { hold: hold.clone() }).hold("customer", hold, reserve.amount))
    ///     }
    ///
    ///     fn ship(&self, from: order::Reserved, _: &order::Ship, _: &Context) -> Result<Step<order::Shipped>, Never> {
    ///         Ok(Step::to(order::Shipped).capture(&from.hold, "shop", 30).release(from.hold))
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), idem_core::Error> {
    /// let mut order = Order::in_memory(Shop, order::Open);
    /// order.apply_delta("customer", 100)?;
    /// order.bound("customer", Some(0), None)?;
    /// let refused = order.reserve(Natural, order::Reserve { amount: 101 }).expect_err("more than the customer has");
    /// assert_eq!(refused.kind(), ErrorKind::OutOfBounds);
    /// order.reserve(Natural, order::Reserve { amount: 40 })?;
    /// assert_eq!((order.balance("customer"), order.held("customer")), (100, 40));
    /// order.ship(Natural)?;
    /// assert_eq!((order.balance("customer"), order.held("customer"), order.balance("shop")), (70, 0, 30));
    /// # Ok(()) }
    /// ```
    pub fn hold(self, account: impl Into<String>, hold: impl Into<String>, amount: i64) -> Self {
        self.change(LedgerChange::Hold { account: name(account), hold: name(hold), amount, expires: None })
    }

    /// The same until `lifetime` has passed on the database's clock, at most a thousand years: then it reserves nothing more.
    pub fn hold_for(
        self,
        account: impl Into<String>,
        hold: impl Into<String>,
        amount: i64,
        lifetime: Duration,
    ) -> Self {
        self.change(LedgerChange::Hold {
            account: name(account),
            hold: name(hold),
            amount,
            expires: Some(lifetime_within_bounds(lifetime)),
        })
    }

    /// Moves `amount` minor units of what `hold` reserves to the account `to`. What is left stays reserved.
    ///
    /// A hold that has expired, was spent or reserves less refuses it, as the bounds of an account do.
    pub fn capture(self, hold: impl Into<String>, to: impl Into<String>, amount: i64) -> Self {
        self.change(LedgerChange::Capture { hold: name(hold), amount, to: Some(name(to)) })
    }

    /// Gives back what `hold` still reserves. That may be nothing: captured, released or expired before, it is no error.
    pub fn release(self, hold: impl Into<String>) -> Self {
        self.change(LedgerChange::Release { hold: name(hold) })
    }

    fn change(mut self, change: LedgerChange) -> Self {
        self.effects.moves.push(change);
        self.before_otherwise()
    }

    /// Nobody could tell of which of the two steps it is.
    fn before_otherwise(mut self) -> Self {
        if self.otherwise.is_some() {
            self.effects.misuse =
                Some("money and messages come before `or_if_refused`: each of the two steps has its own");
        }
        self
    }

    /// Writes a message to the outbox, in the same transaction.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use idem_core::Key;
    ///
    /// // Its rule says `.emit("payment.captured", &receipt)`.
    /// let mut payment = Payment::in_memory(Rules, payment::Authorized { amount: 500 });
    /// assert!(payment.capture(&Key::new("shop-1", "req-1")?, payment::Capture { amount: 600 }).is_err());
    /// assert_eq!(payment.messages().count(), 0);                                  // a rejection sends nothing
    /// let receipt = payment.capture(&Key::new("shop-1", "req-2")?, payment::Capture { amount: 500 })?.into_inner();
    /// let message = payment.messages().next().expect("one message");
    /// assert_eq!((message.topic(), message.json::<Receipt>()?), ("payment.captured", receipt));
    /// # Ok(()) }
    /// ```
    pub fn emit(self, topic: impl Into<String>, payload: &(impl Serialize + ?Sized)) -> Self {
        self.emit_with(topic, payload, |message| message)
    }

    /// As [`emit`](Self::emit), with a key or headers.
    ///
    /// ```
    /// # use idem_core::{Context, Natural, Never, Step, idempotent_fsm};
    /// # #[idempotent_fsm]
    /// # #[command(Ship)]
    /// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    /// # enum Parcel { #[initial] #[on(Ship => Shipped)] Packed { to: String }, #[terminal] Shipped }
    /// struct Depot;
    ///
    /// impl parcel::Transitions for Depot {
    ///     type Rejection = Never;
    ///
    ///     fn ship(&self, from: parcel::Packed, _: &parcel::Ship, _: &Context) -> Result<Step<parcel::Shipped>, Never> {
    ///         Ok(Step::to(parcel::Shipped).emit_with("parcel.shipped", &(), |message| message.key(from.to).header("tenant", "acme")))
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), idem_core::Error> {
    /// let mut parcel = Parcel::in_memory(Depot, parcel::Packed { to: "Kiel".into() });
    /// parcel.ship(Natural)?;
    /// let message = parcel.messages().next().expect("one message");
    /// assert_eq!((message.key(), message.header("tenant")?, message.number()), ("Kiel", "acme", Some(1)));
    /// # Ok(()) }
    /// ```
    pub fn emit_with(
        mut self,
        topic: impl Into<String>,
        payload: &(impl Serialize + ?Sized),
        describe: impl FnOnce(NewMessage) -> NewMessage,
    ) -> Self {
        let topic = topic.into();
        match Stored::encode(payload) {
            Ok(payload) => {
                let message = describe(NewMessage::stored(topic, payload));
                if message.ordered.is_some() {
                    self.effects.misuse = Some("a message of a step has the sequence of its machine, and no other one");
                }
                self.effects.messages.push(message);
            }
            Err(source) => self.effects.unencodable = Some((topic, source)),
        }
        self.before_otherwise()
    }

    /// The step to take instead if this one's money is refused: by the bounds of an account, or by a hold of which too little
    /// is left to capture. A decline that is remembered. Called last: a step to which more is added after it is
    /// [`Misuse`](crate::Error::Misuse). Called again it names what to take if the other one is refused as well; if all are, the
    /// refusal of the last one is the answer.
    ///
    /// What no money would make right is an error, and never declined: accounts of two units, a closed account, a hold that
    /// does not exist or exists already.
    ///
    /// ```
    /// # use idem_core::{Context, ErrorKind, Natural, Never, Step, idempotent_fsm};
    /// # #[idempotent_fsm]
    /// # #[command(Pay { to: String })]
    /// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    /// # enum Order { #[initial] #[on(Pay => Paid | Declined)] Open, #[terminal] Paid, #[terminal] Declined }
    /// struct Shop;
    ///
    /// impl order::Transitions for Shop {
    ///     type Rejection = Never;
    ///
    ///     fn pay(&self, _: order::Open, pay: &order::Pay, _: &Context) -> Result<Step<order::PayTo>, Never> {
    ///         Ok(Step::to(order::Paid)
    ///             .capture("card", &pay.to, 40)
    ///             .or_if_refused(Step::to(order::Declined)))
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), idem_core::Error> {
    /// let mut order = Order::in_memory(Shop, order::Open);
    /// let unknown = order.pay(Natural, order::Pay { to: "shop".into() }).expect_err("there is no such hold");
    /// assert_eq!(unknown.kind(), ErrorKind::Ledger);                              // no money would make that right
    /// order.open_hold("customer", "card", 30)?;
    /// let declined = order.pay(Natural, order::Pay { to: "shop".into() })?;       // 30 are held, 40 are needed
    /// assert_eq!(declined.state(), Some(order::StateKind::Declined));
    /// # Ok(()) }
    /// ```
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

fn name(text: impl Into<String>) -> Arc<str> {
    text.into().into()
}

/// Everything a step does besides the state and the outcome.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) moves: Vec<LedgerChange>,
    pub(crate) messages: Vec<NewMessage>,
    /// The topic of a message whose payload cannot be written.
    pub(crate) unencodable: Option<(String, WireError)>,
    /// How the step was built wrongly; the engine refuses such a step.
    pub(crate) misuse: Option<&'static str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Targets for u8 {
        type States = Self;
    }

    fn misuse<T>(step: Step<u8, T>) -> bool {
        step.into_parts().2.misuse.is_some()
    }

    #[test]
    fn step_method_after_or_if_refused_is_misuse() {
        let both = || Step::to(1).delta("a", -1).or_if_refused(Step::to(2).delta("b", 1).emit("declined", &1));
        assert!(!misuse(both()));
        assert!(!misuse(both().or_if_refused(Step::to(3))));
        assert!(misuse(both().outcome(1)));
        assert!(misuse(both().emit("paid", &1)));
        assert!(misuse(both().transfer("a", "b", 1)) && misuse(both().delta("a", 1)));
        assert!(misuse(both().hold("a", "h", 1)) && misuse(both().hold_for("a", "h", 1, Duration::MAX)));
        assert!(misuse(both().capture("h", "a", 1)) && misuse(both().release("h")));
    }
}
