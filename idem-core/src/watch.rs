//! What is seen of calls from outside: a span of each (feature `tracing`), and metrics (feature `metrics`). Never a key; a machine's id on
//! demand.

pub(crate) mod meter;
mod name;
mod span;

use self::meter::Meter;
pub(crate) use self::name::CallName;
use self::span::Span;
use crate::error::Error;
use crate::outcome::Outcome;

/// A call that is under way.
pub(crate) struct Watch {
    span: Span,
    meter: Meter,
}

impl Watch {
    pub(crate) fn new(call: &CallName<'_>) -> Self {
        let namespace = call.machine.or(call.operation).unwrap_or_default();
        Self { span: Span::new(call), meter: Meter::new(namespace) }
    }

    /// Runs the call and notes its verdict, which is also answered.
    pub(crate) async fn run<T>(self, work: impl Future<Output = T>, verdict: impl FnOnce(&T) -> String) -> (T, String) {
        let result = self.span.run(self.meter.run(work)).await;
        let verdict = verdict(&result);
        self.span.record(&verdict);
        self.meter.record(&verdict);
        (result, verdict)
    }
}

/// Notes how often a call was tried.
pub(crate) fn attempts(made: u32) {
    span::attempts(made);
    meter::attempts(made);
}

/// Why a call with a closure has no outcome.
pub(crate) enum Stopped<E> {
    /// An error of this library.
    Refused(Error),
    /// What the closure answered.
    Failed(E),
}

impl<E> From<Error> for Stopped<E> {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl<E: From<Error>> Stopped<E> {
    pub(crate) fn into_callers(self) -> E {
        match self {
            Self::Refused(error) => error.into(),
            Self::Failed(error) => error,
        }
    }
}

/// What a call with a closure came to, in a word.
pub(crate) fn verdict<T, E>(result: &Result<Outcome<T>, Stopped<E>>) -> String {
    match result {
        Ok(outcome) => if outcome.is_fresh() { "fresh" } else { "replayed" }.to_owned(),
        Err(Stopped::Refused(error)) => error.kind().to_string(),
        Err(Stopped::Failed(_)) => "failed".to_owned(),
    }
}
