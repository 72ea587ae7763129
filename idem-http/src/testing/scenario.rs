//! What a probe does to a route.

use std::fmt;

/// One thing that clients do to a route, on purpose or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scenario {
    /// A request under a new key.
    Fresh,
    /// The same request under the same key.
    Repeated,
    /// The same again, its key in the other form: bare instead of in quotation marks.
    OtherForm,
    /// Another body under the key of a request that was accepted.
    OtherBody,
    /// Another query under the key of a request that was accepted.
    OtherQuery,
    /// The same request under the same new key, twice at once.
    AtOnce,
    /// A client that ends its request before the answer, at several moments, and repeats it.
    ClientGone,
    /// Half of the body, then all of it under the same key.
    BrokenBody,
    /// No key.
    NoKey,
    /// A key that is empty.
    EmptyKey,
    /// Two keys, in two lines of the header.
    TwoKeys,
}

impl Scenario {
    /// What was sent.
    pub(super) fn sent(self) -> &'static str {
        match self {
            Self::Fresh => "a new key",
            Self::Repeated => "the same request and key again",
            Self::OtherForm => "the same again, the key in its other form",
            Self::OtherBody => "another body under the same key",
            Self::OtherQuery => "another query under the same key",
            Self::AtOnce => "twice at once, then again",
            Self::ClientGone => "dropped by the client, then again",
            Self::BrokenBody => "half of the body, then all of it under the same key",
            Self::NoKey => "no key",
            Self::EmptyKey => "an empty key",
            Self::TwoKeys => "two keys",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sent())
    }
}
