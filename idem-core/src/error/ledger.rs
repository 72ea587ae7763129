//! What the ledger refuses.

use std::fmt;

use crate::clock::Timestamp;

/// A change that does not fit an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("account {account:?} has {balance}{} and cannot change by {delta}: {}", Reserved(*held), Bound(*floor, *ceiling))]
#[non_exhaustive]
pub struct OutOfBounds {
    /// The account.
    pub account: String,
    /// Its balance before, in minor units.
    pub balance: i64,
    /// How much of that its holds reserve.
    pub held: i64,
    /// The change of what is available, in minor units.
    pub delta: i64,
    /// Its lowest balance, if it has one.
    pub floor: Option<i64>,
    /// Its highest balance, if it has one.
    pub ceiling: Option<i64>,
}

impl OutOfBounds {
    /// The refusal of a transfer of `i64::MIN`: its payer would have to be changed by a number that does not exist.
    pub(crate) fn no_negative() -> Self {
        Self { account: "the payer's".to_owned(), balance: 0, held: 0, delta: i64::MIN, floor: None, ceiling: None }
    }
}

/// A change of the ledger that has no meaning as things stand. Nothing is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The account takes no more entries.
    #[error("account {account:?} is closed; use another one")]
    Closed {
        /// The account.
        account: String,
    },
    /// The two sides of a transfer count different things.
    #[error(
        "{from:?} counts {}, {to:?} counts {}; transfer between accounts of one unit, or `post` both sides of an exchange",
        Unit(from_unit.as_deref()), Unit(to_unit.as_deref())
    )]
    OtherUnit {
        /// The payer.
        from: String,
        /// What it counts.
        from_unit: Option<String>,
        /// The payee.
        to: String,
        /// What it counts.
        to_unit: Option<String>,
    },
    /// The entries of a posting do not sum to zero.
    #[error("the entries in {} sum to {sum}; they must sum to 0", Unit(unit.as_deref()))]
    Unbalanced {
        /// The unit they do not balance in.
        unit: Option<String>,
        /// Their sum.
        sum: i128,
    },
    /// A posting has at least two entries.
    #[error("a posting needs at least 2 entries, this has {entries}; `apply_delta` changes one account")]
    TooFewEntries {
        /// How many it has.
        entries: usize,
    },
    /// More changes in one call than are taken.
    #[error("{items} changes in one call, at most {limit} are taken; cut the list")]
    TooMany {
        /// How many there are.
        items: usize,
        /// How many are taken.
        limit: usize,
    },
    /// Holds are of what is there.
    #[error("{amount} cannot be held or captured; an amount of 0 or more can")]
    NegativeAmount {
        /// The amount.
        amount: i64,
    },
    /// There is no hold of this name.
    #[error("there is no hold {hold:?}")]
    UnknownHold {
        /// Its name.
        hold: String,
    },
    /// The name of a hold is taken.
    #[error("there is a hold {hold:?} already; give each a name of its own, for example `cx.id(\"hold\")`")]
    HoldExists {
        /// Its name.
        hold: String,
    },
    /// Nothing is left of the hold to capture: it was captured whole, released, or let go when it had expired.
    #[error("nothing is left of the hold {hold:?}")]
    HoldSpent {
        /// Its name.
        hold: String,
    },
    /// The hold has expired, so it is not captured.
    #[error("the hold {hold:?} expired at {at}")]
    HoldExpired {
        /// Its name.
        hold: String,
        /// When.
        at: Timestamp,
    },
    /// More than what is left of the hold.
    #[error("{amount} is more than the {remaining} that is left of the hold {hold:?}")]
    HoldExceeded {
        /// Its name.
        hold: String,
        /// What is left of it.
        remaining: i64,
        /// What was to be captured.
        amount: i64,
    },
    /// A tally has no balance of the moment that could be checked or held.
    #[error("{account:?} is a tally, which has neither bounds, holds nor a balance to expect; use an account")]
    Tally {
        /// The account.
        account: String,
    },
    /// The account has changed since it was read.
    #[error("{account:?} is at entry {found}, not at {expected}; read it again and decide anew")]
    Stale {
        /// The account.
        account: String,
        /// The entry it was expected at.
        expected: u64,
        /// The entry it is at.
        found: u64,
    },
    /// The account is open with other settings.
    #[error("{account:?} is open with other {what}; an account keeps what it was opened with")]
    OpenedOtherwise {
        /// The account.
        account: String,
        /// What differs: bounds, unit, or whether it is a tally.
        what: &'static str,
    },
    /// An account that entries opened can only get what fits them.
    #[error("{account:?} has entries already, so its {what} cannot be set any more; open it before its first entry")]
    HasEntries {
        /// The account.
        account: String,
        /// The setting.
        what: &'static str,
    },
    /// A settled account can be closed.
    #[error("{account:?} has a balance of {balance}, of which {held} are held; bring both to 0 and close it then")]
    NotSettled {
        /// The account.
        account: String,
        /// Its balance.
        balance: i64,
        /// What its holds reserve.
        held: i64,
    },
}

struct Reserved(i64);

impl fmt::Display for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, ", {} of it held,", self.0) }
    }
}

struct Bound(Option<i64>, Option<i64>);

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (Some(floor), Some(ceiling)) => write!(f, "it must stay within {floor} and {ceiling}"),
            (Some(floor), None) => write!(f, "it must not fall below {floor}"),
            (None, Some(ceiling)) => write!(f, "it must not rise above {ceiling}"),
            (None, None) => f.write_str("it must stay within 64 bits"),
        }
    }
}

struct Unit<'a>(Option<&'a str>);

impl fmt::Display for Unit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(unit) => write!(f, "{unit:?}"),
            None => f.write_str("no unit"),
        }
    }
}
