//! The answer to a command.

use std::ops::Deref;

use crate::clock::Timestamp;

/// The remembered outcome of a command, and whether this call produced it or found it.
///
/// Dereferences to the value, so code that does not care writes the same line either way.
///
/// Of a command it also has the kind of the state that the command led to: `S` is the machine's `StateKind`. Of anything else `S`
/// is `()`.
///
/// With the payment of the README:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use idem_core::{Key, Origin};
///
/// let mut payment = Payment::in_memory(Rules, payment::Authorized { amount: 500 });
/// let key = Key::new("shop-1", "req-17")?;
/// let first = payment.capture(&key, payment::Capture { amount: 500 })?;
/// assert_eq!((first.is_fresh(), first.seq(), first.amount), (true, 2, 500));  // `amount` is the receipt's
/// let again = payment.capture(&key, payment::Capture { amount: 500 })?;
/// assert_eq!(again.origin(), Origin::Replayed { seq: 2, at: first.at() });
/// assert_eq!(again.into_inner(), first.into_inner());                         // the same receipt
/// assert!(payment.capture(&key, payment::Capture { amount: 400 }).is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<T, S = ()> {
    value: T,
    seq: u64,
    at: Timestamp,
    fresh: bool,
    superseded: bool,
    state: Option<S>,
}

/// Where an [`Outcome`] comes from.
///
/// With the payment of the README:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use idem_core::{Key, Origin};
///
/// let mut payment = Payment::in_memory(Rules, payment::Authorized { amount: 500 });
/// let key = Key::new("shop-1", "req-17")?;
/// let mut origin = || payment.capture(&key, payment::Capture { amount: 500 }).map(|captured| captured.origin());
/// assert_eq!(origin()?, Origin::Fresh);
/// assert!(matches!(origin()?, Origin::Replayed { seq: 2, .. }));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, reason = "an effect happened in this call or before it; there is no third case")]
pub enum Origin {
    /// This call had the effect.
    Fresh,
    /// An earlier call had the effect; this is its original outcome.
    Replayed {
        /// The number of what had the effect: of a command the transition's, from 1 within its machine; of a change of the ledger the first
        /// entry's in its account; of a conditional update the version that the row had then; of an operation 0.
        seq: u64,
        /// When it had the effect, on the database's clock.
        at: Timestamp,
    },
}

impl<T> Outcome<T> {
    pub(crate) fn new(value: T, seq: u64, at: Timestamp, fresh: bool, superseded: bool) -> Self {
        Self { value, seq, at, fresh, superseded, state: None }
    }

    /// The same answer, of a command that led to this state.
    pub(crate) fn led_to<S>(self, state: Option<S>) -> Outcome<T, S> {
        let Self { value, seq, at, fresh, superseded, state: _ } = self;
        Outcome { value, seq, at, fresh, superseded, state }
    }
}

impl<T, S: Copy> Outcome<T, S> {
    /// The kind of the state that the command led to, whatever state the machine is in now. `None` if only another release of the
    /// enum knows that state.
    ///
    /// ```
    /// # use idem_core::{Context, Natural, Never, Step, idempotent_fsm};
    /// # #[idempotent_fsm]
    /// # #[command(Pay { amount: i64 })]
    /// # #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
    /// # enum Bill { #[initial] #[on(Pay => Paid | Declined)] Open { limit: i64 }, #[terminal] Paid, #[terminal] Declined }
    /// # struct Rules;
    /// # impl bill::Transitions for Rules {
    /// #     type Rejection = Never;
    /// #     fn pay(&self, from: bill::Open, pay: &bill::Pay, _: &Context) -> Result<Step<bill::PayTo>, Never> {
    /// #         Ok(if pay.amount > from.limit { Step::to(bill::Declined) } else { Step::to(bill::Paid) })
    /// #     }
    /// # }
    /// # fn main() -> Result<(), idem_core::Error> {
    /// let mut bill = Bill::in_memory(Rules, bill::Open { limit: 100 });
    /// let paid = bill.pay(Natural, bill::Pay { amount: 500 })?;
    /// assert_eq!(paid.state(), Some(bill::StateKind::Declined));
    /// # Ok(()) }
    /// ```
    pub fn state(&self) -> Option<S> {
        self.state
    }
}

impl<T, S> Outcome<T, S> {
    /// Whether this call had the effect, or an earlier one.
    pub fn origin(&self) -> Origin {
        if self.fresh { Origin::Fresh } else { Origin::Replayed { seq: self.seq, at: self.at } }
    }

    /// True if this call had the effect.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// True if an earlier call had the effect.
    pub fn is_replay(&self) -> bool {
        !self.fresh
    }

    /// True if something happened to the machine after the effect of this outcome: the answer is still the
    /// original one, and the state is no longer the one it led to.
    ///
    /// With the payment of the README:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use idem_core::Key;
    ///
    /// let mut payment = Payment::in_memory(Rules, payment::Authorized { amount: 500 });
    /// let key = Key::new("shop-1", "req-17")?;
    /// assert!(!payment.capture(&key, payment::Capture { amount: 500 })?.is_superseded());
    /// payment.override_state(payment::Authorized { amount: 500 }, false);
    /// let again = payment.capture(&key, payment::Capture { amount: 500 })?;
    /// assert!(again.is_replay() && again.is_superseded());
    /// # Ok(()) }
    /// ```
    pub fn is_superseded(&self) -> bool {
        self.superseded
    }

    /// The number of what had the effect: of a command the transition's, from 1 within its machine; of a change of the ledger the first
    /// entry's in its account; of a conditional update the version that the row had then.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// When the effect happened, on the database's clock.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same answer with its value changed by `f`.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U, S> {
        let Self { value, seq, at, fresh, superseded, state } = self;
        Outcome { value: f(value), seq, at, fresh, superseded, state }
    }

    /// The same answer with its value changed by `f`, which may fail.
    pub(crate) fn try_map<U, E>(self, f: impl FnOnce(T) -> Result<U, E>) -> Result<Outcome<U, S>, E> {
        let Self { value, seq, at, fresh, superseded, state } = self;
        Ok(Outcome { value: f(value)?, seq, at, fresh, superseded, state })
    }
}

impl<T, S> Deref for Outcome<T, S> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
