//! The verdicts of a run, counted.

use std::collections::BTreeMap;

use idem_core::{CommandError, ErrorKind};
use serde::Serialize;

use super::machine::Refusal;

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This delivery had the effect.
    Fresh,
    /// An earlier one had it, and this one got the original outcome. Superseded: the payment has moved on since.
    Replayed { superseded: bool },
    /// Nothing is written; why.
    Refused(&'static str),
    /// The line is read, but names what cannot be stored.
    Malformed(String),
}

/// A line that is no delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Malformed {
    pub(super) line: u64,
    pub(super) problem: String,
}

/// How many malformed lines are kept to be shown; all are counted.
const SHOWN: usize = 20;

/// The verdicts of a worker, or of all.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    pub(super) fresh: u64,
    pub(super) replayed: u64,
    pub(super) superseded: u64,
    pub(super) refused: BTreeMap<&'static str, u64>,
    pub(super) malformed: u64,
    /// The first of them.
    pub(super) malformed_lines: Vec<Malformed>,
}

impl Tally {
    pub(super) fn add(&mut self, line: u64, verdict: Verdict) {
        match verdict {
            Verdict::Fresh => self.fresh += 1,
            Verdict::Replayed { superseded } => {
                self.replayed += 1;
                self.superseded += u64::from(superseded);
            }
            Verdict::Refused(reason) => *self.refused.entry(reason).or_default() += 1,
            Verdict::Malformed(problem) => self.add_malformed(Malformed { line, problem }),
        }
    }

    pub(super) fn add_malformed(&mut self, malformed: Malformed) {
        self.malformed += 1;
        if self.malformed_lines.len() < SHOWN {
            self.malformed_lines.push(malformed);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.fresh += other.fresh;
        self.replayed += other.replayed;
        self.superseded += other.superseded;
        for (reason, count) in other.refused {
            *self.refused.entry(reason).or_default() += count;
        }
        self.malformed += other.malformed;
        self.malformed_lines.extend(other.malformed_lines);
        self.malformed_lines.sort_by_key(|malformed| malformed.line);
        self.malformed_lines.truncate(SHOWN);
    }

    pub(super) fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }
}

/// Every reason of [`refusal`].
#[cfg(test)]
pub(super) const REASONS: [&str; 8] = [
    "account of another unit, or closed",
    "account out of bounds",
    "illegal in its state",
    "key reused for another request",
    "more than is held",
    "more than was sold",
    "needs a key",
    "ran before with other arguments",
];

/// The verdict that an error stands for; `None` if it is not about the delivery but about the database.
pub(super) fn refusal(error: &CommandError<Refusal>) -> Option<Verdict> {
    let reason = match (error, error.kind()) {
        (CommandError::Rejected { rejection: Refusal::OverHold { .. }, .. }, _) => "more than is held",
        (CommandError::Rejected { rejection: Refusal::OverSale { .. }, .. }, _) => "more than was sold",
        (_, ErrorKind::Invalid) => "illegal in its state",
        (_, ErrorKind::KeyReused) => "key reused for another request",
        (_, ErrorKind::ReachedOtherwise) => "ran before with other arguments",
        (_, ErrorKind::KeyRequired) => "needs a key",
        (_, ErrorKind::OutOfBounds) => "account out of bounds",
        (_, ErrorKind::Ledger) => "account of another unit, or closed",
        (_, ErrorKind::Key | ErrorKind::TooLarge) => return Some(Verdict::Malformed(error.to_string())),
        _ => return None,
    };
    Some(Verdict::Refused(reason))
}
