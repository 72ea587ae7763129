//! What is known, or not known, of a key before a handler runs.

use idem_core::{Error, ErrorKind};

use crate::observe::{self, Verdict};
use crate::problem::{Kind, Problem};

/// What an error of a look-up or a claim comes to.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The records cannot be reached, and the handler runs all the same.
    Open,
    Answer(Problem, Verdict),
}

const FIX: &str = "a namespace is 1 to 255 bytes without control characters, and does not begin with `@`";

/// What an error comes to. `fail_open` is the reason to run without a record where the store cannot be reached.
pub(crate) fn refusal(error: Error, fail_open: Option<&'static str>) -> Refusal {
    let verdict = match error.kind() {
        ErrorKind::KeyReused => Verdict::KeyReused,
        ErrorKind::InFlight => Verdict::InFlight,
        ErrorKind::Lost => Verdict::Unknown,
        ErrorKind::Forgotten => Verdict::Replayed,
        ErrorKind::Config | ErrorKind::Key => {
            return Refusal::Answer(Problem::misuse(Kind::BadNamespace, FIX), Verdict::Refused);
        }
        kind => {
            // It did not answer. One that refuses, whatever and for whatever reason, has.
            let opens = error.is_store_away();
            let problem = if is_away(kind) { Problem::from(Kind::StoreAway).because(error) } else { error.into() };
            return match fail_open.filter(|_| opens) {
                Some(why) => {
                    observe::problem(&problem);
                    observe::fail_open(why);
                    Refusal::Open
                }
                None => Refusal::Answer(problem, Verdict::Refused),
            };
        }
    };
    Refusal::Answer(error.into(), verdict)
}

/// Whether the store cannot be used now. Not: it is shut down, or what it has cannot be read.
fn is_away(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unavailable
            | ErrorKind::NotApplied
            | ErrorKind::Indeterminate
            | ErrorKind::Contention
            | ErrorKind::Interrupted
            | ErrorKind::NotMigrated
            | ErrorKind::ReadOnly
            | ErrorKind::Store
    )
}
