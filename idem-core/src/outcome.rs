//! What a command is answered with.

use std::ops::Deref;

use crate::clock::Timestamp;

/// The remembered outcome of a command, and whether this call produced it or found it.
///
/// Dereferences to the value, so code that does not care writes the same line either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<T> {
    value: T,
    seq: u64,
    at: Timestamp,
    fresh: bool,
    superseded: bool,
}

/// Where an [`Outcome`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "an effect happened in this call or before it; there is no third case")]
pub enum Origin {
    /// This call had the effect.
    Fresh,
    /// An earlier call had the effect; this is its original outcome.
    Replayed {
        /// The number of the transition that had the effect, counted from 1 within one machine.
        seq: u64,
        /// When it had the effect, on the database's clock.
        at: Timestamp,
    },
}

impl<T> Outcome<T> {
    pub(crate) fn new(value: T, seq: u64, at: Timestamp, fresh: bool, superseded: bool) -> Self {
        Self { value, seq, at, fresh, superseded }
    }

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

    /// True if something happened to the machine after the effect this outcome tells of: the answer is still the
    /// original one, and the state is no longer the one it led to.
    pub fn is_superseded(&self) -> bool {
        self.superseded
    }

    /// The number of the transition that had the effect, counted from 1 within one machine.
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
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome { value: f(self.value), seq: self.seq, at: self.at, fresh: self.fresh, superseded: self.superseded }
    }

    /// The same answer with its value changed by `f`, which may fail.
    pub(crate) fn try_map<U, E>(self, f: impl FnOnce(T) -> Result<U, E>) -> Result<Outcome<U>, E> {
        let Self { value, seq, at, fresh, superseded } = self;
        Ok(Outcome { value: f(value)?, seq, at, fresh, superseded })
    }
}

impl<T> Deref for Outcome<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
