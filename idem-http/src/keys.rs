//! The keys of what a handler does, derived from the key of the request.

use http::{Extensions, Request};
use idem_core::Key;

use crate::problem::{Kind, Problem};

/// Keys for what a handler does: each derived from the client's scope, its key, and a word. Under any guard.
///
/// Under `Guard::keyed` the command's own key is what answers a repeat, so the handler is **one** command: with two under two words, a
/// process that dies between them has done one of them.
#[derive(Debug, Clone)]
pub struct Keys(Key);

impl Keys {
    pub(crate) fn new(key: Key) -> Self {
        Self(key)
    }

    /// The keys of a request, in a tower service. In axum it is an extractor.
    ///
    /// # Errors
    /// A problem (500 `no-guard`) if no guard is around the service.
    pub fn of<B>(request: &Request<B>) -> Result<Self, Problem> {
        Self::of_extensions(request.extensions())
    }

    pub(crate) fn of_extensions(extensions: &Extensions) -> Result<Self, Problem> {
        let missing =
            || Problem::misuse(Kind::NoGuard, "put a guard around this route, and its method among the guarded ones");
        extensions.get::<Self>().cloned().ok_or_else(missing)
    }

    /// The key for one step of what the handler does: `keys.key("pay")`. The same for every repeat of the request.
    pub fn key(&self, step: &str) -> Key {
        self.0.derive(step)
    }

    /// The scope of the request.
    pub fn scope(&self) -> &str {
        self.0.scope()
    }
}
