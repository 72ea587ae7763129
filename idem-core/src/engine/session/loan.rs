//! Something that is lent to a closure by value, and comes back when the closure drops it: a transaction.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where it comes back to; one for the lender, one for the borrower.
pub(crate) struct Loan<T>(Arc<Mutex<Lent<T>>>);

/// What became of what was lent.
pub(crate) enum Lent<T> {
    /// The closure has it.
    Away,
    /// The closure dropped it.
    Back(T),
    /// The closure commits it. If the loan ends like this, the commit was dropped half-way, or it was not its to commit.
    Committing,
    /// The closure committed it or rolled it back; whether another run may do better.
    Ended { again: bool },
    /// The closure has ended. What it kept takes no more calls.
    Over,
}

impl<T> Loan<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(Lent::Away)))
    }

    /// The borrower's side.
    pub(crate) fn to_borrower(&self) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn state(&self) -> MutexGuard<'_, Lent<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the borrower does, unless the loan is over: then what was to be noted is given back.
    pub(crate) fn note(&self, now: Lent<T>) -> Option<Lent<T>> {
        let mut state = self.state();
        if matches!(*state, Lent::Over) {
            return Some(now);
        }
        *state = now;
        None
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(*self.state(), Lent::Over)
    }

    /// Ends the loan.
    pub(crate) fn end(&self) -> Lent<T> {
        std::mem::replace(&mut *self.state(), Lent::Over)
    }
}

impl<T> fmt::Debug for Loan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loan").field("over", &self.is_over()).finish_non_exhaustive()
    }
}
