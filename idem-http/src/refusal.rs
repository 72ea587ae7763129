//! What is known, or not known, of a key before a handler runs.

use idem_core::{Error, ErrorKind};

use crate::observe::Verdict;
use crate::problem::{Kind, Problem};

/// Why a key cannot be worked under. [`Verdict::Refused`]: the records cannot be reached.
pub(crate) fn refusal(error: Error) -> (Problem, Verdict) {
    let verdict = match error.kind() {
        ErrorKind::KeyReused => Verdict::KeyReused,
        ErrorKind::InFlight => Verdict::InFlight,
        ErrorKind::Lost => Verdict::Unknown,
        ErrorKind::Forgotten => Verdict::Replayed,
        ErrorKind::ShutDown => return (error.into(), Verdict::Refused),
        _ => return (Problem::from(Kind::StoreAway).because(error), Verdict::Refused),
    };
    (error.into(), verdict)
}
