//! Where a step may lead: the bound of `Step::to`, whose text names the targets.

/// What a transition leads to: a state, or the enum of several. Implemented by the macro.
pub trait Targets {
    /// The state, or the states as a tuple: the text of the error for a wrong target.
    type States;
}

/// A state of the targets `S`, or `S` itself. Holds for whatever converts into `S`.
#[diagnostic::on_unimplemented(
    message = "[F503] `{Self}` is not a target of the transition to `{S}`",
    label = "found `{Self}`, expected `{States}`",
    note = "fix: a struct of the machine's module, `Step::to(module::State {{ … }})`, not a variant of the enum; a target that is missing is added to the edge: `#[on(… => …)]`",
    note = "see idem_core::compile_errors::f503"
)]
pub trait Target<S, States>: Into<S> {}

// Without this the compiler asks for `From`, which nobody is meant to write.
#[diagnostic::do_not_recommend]
impl<X: Into<S>, S, States> Target<S, States> for X {}

/// The outcome of a step that has none yet: `()`.
#[diagnostic::on_unimplemented(
    message = "[F504] this step has no outcome, and its command has one",
    label = "found a step without an outcome, expected one with `{Self}`",
    note = "fix: `Step::to(…).outcome(value)`, before `or_if_refused`",
    note = "see idem_core::compile_errors::f504"
)]
pub trait NoOutcome: Sized {
    #[doc(hidden)]
    fn __none() -> Self;
}

#[diagnostic::do_not_recommend]
impl NoOutcome for () {
    fn __none() -> Self {}
}
