//! A call taken for its result: methods of the result whose bound no call meets, so that its text is the error.

use crate::error::Rejection;
use crate::machine::stored::call::Call;
use crate::outcome::{Origin, Outcome};

/// Holds for no call.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "[F505] the result of a call is read before `.await`",
    label = "found a call that has not run, expected its result",
    note = "fix: `.await` the call first, as in `order.pay(&key, payment).await?`",
    note = "see idem_core::compile_errors::f505"
)]
pub trait Awaited {
    fn __never(&self) -> !;
}

#[doc(hidden)]
#[allow(missing_docs, clippy::wrong_self_convention, reason = "no use of these compiles")]
impl<O, S, R: Rejection> Call<'_, O, S, R> {
    pub fn origin(self) -> Origin
    where
        Self: Awaited,
    {
        self.__never()
    }

    pub fn is_fresh(self) -> bool
    where
        Self: Awaited,
    {
        self.__never()
    }

    pub fn is_replay(self) -> bool
    where
        Self: Awaited,
    {
        self.__never()
    }

    pub fn is_superseded(self) -> bool
    where
        Self: Awaited,
    {
        self.__never()
    }

    pub fn state(self) -> Option<S>
    where
        Self: Awaited,
    {
        self.__never()
    }

    pub fn into_inner(self) -> O
    where
        Self: Awaited,
    {
        self.__never()
    }

    pub fn unwrap(self) -> Outcome<O, S>
    where
        Self: Awaited,
    {
        self.__never()
    }

    pub fn expect(self, _: &str) -> Outcome<O, S>
    where
        Self: Awaited,
    {
        self.__never()
    }
}
