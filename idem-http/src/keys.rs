//! The keys of what a handler does, derived from the key of the request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Extensions, Request};
use idem_core::Key;

use crate::problem::{Kind, Problem};

/// Keys for what a handler does: each derived from the client's scope, its key, and a word. Under any guard.
///
/// Under `Guard::keyed` the command's own key is what answers a repeat, so the handler is **one** command: with two under two words, a
/// process that dies between them has done one of them.
#[derive(Debug, Clone)]
pub struct Keys {
    key: Key,
    namespace: Arc<str>,
    /// The client sent it.
    is_clients: bool,
    /// Under a lease: whether a key was taken, with which something may have gone out.
    taken: Option<Arc<AtomicBool>>,
}

impl Keys {
    /// Made of the client's key.
    pub(crate) fn of_client(key: Key, namespace: &Arc<str>) -> Self {
        Self { key, namespace: namespace.clone(), is_clients: true, taken: None }
    }

    /// Made of another key, where the client sent none.
    pub(crate) fn made(key: Key, namespace: &Arc<str>) -> Self {
        Self { key, namespace: namespace.clone(), is_clients: false, taken: None }
    }

    /// The same, which note in `taken` that a key was taken.
    pub(crate) fn noting(&self, taken: &Arc<AtomicBool>) -> Self {
        Self { taken: Some(taken.clone()), ..self.clone() }
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

    /// The key for one step of what the handler does: `keys.key("pay")`, made of the scope, the client's key, the namespace of the guard and this
    /// word. The same for every repeat of the request, and also for a later request under the same key, once the record has expired: what
    /// a command or a foreign side remembers longer than the guard is then not done again. A request without a key, also one whose key is
    /// [derived](crate::Guard::derived), gets other keys in each run: what it does outside its transaction may be done again. Under a lease it counts as
    /// [`Lease::key`](crate::Lease::key): from this call on an end that is not handed back is unknown.
    pub fn key(&self, step: &str) -> Key {
        if let Some(taken) = &self.taken {
            taken.store(true, Ordering::SeqCst);
        }
        // The length makes the border between the two.
        self.key.derive(&format!("{} {}{step}", self.namespace.len(), self.namespace))
    }

    /// The key as the client sent it, without quotation marks and escapes; `None` if it sent none. For a table of your own, while a service
    /// moves from one: send it to nobody.
    pub fn client_key(&self) -> Option<&str> {
        Some(self.key.as_str()).filter(|_| self.is_clients)
    }

    /// The scope of the request.
    pub fn scope(&self) -> &str {
        self.key.scope()
    }
}
