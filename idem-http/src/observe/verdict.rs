//! What a guarded request came to.

use std::fmt;

/// What a guarded request came to, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It was done, and its answer is remembered.
    Fresh,
    /// It was done before, and its answer was given again.
    Replayed,
    /// It was done by another process while the handler ran here; that one's answer was given.
    Late,
    /// Nothing was done, and the key is free.
    Released,
    /// The first request with the key has not finished.
    InFlight,
    /// The key was used for another request.
    KeyReused,
    /// The key is missing, malformed, weak or too old.
    Malformed,
    /// Whether it was done is not known.
    Unknown,
    /// It ran without a record: the store could not be reached, or could not record it.
    FailOpen,
    /// It was refused before its key was looked for: its body, its scope, too many in flight.
    Refused,
    /// It ran, and its key is the command's own, or it had none.
    Passed,
}

impl Verdict {
    /// The word in metrics and logs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Replayed => "replayed",
            Self::Late => "late",
            Self::Released => "released",
            Self::InFlight => "in_flight",
            Self::KeyReused => "key_reused",
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::FailOpen => "fail_open",
            Self::Refused => "refused",
            Self::Passed => "passed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
