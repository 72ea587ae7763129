//! What an audit finds.

use std::fmt;

/// One thing that does not add up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The account; empty where no account can be named.
    pub account: String,
    /// The number of the entry; `None` where it is about no single entry.
    pub seq: Option<u64>,
    /// What is wrong.
    pub what: FindingKind,
}

/// What does not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FindingKind {
    /// A number is missing before this entry, or is there twice.
    #[error("the entry before it should be number {}", .expected.saturating_sub(1))]
    Gap {
        /// The number that should have come.
        expected: u64,
    },
    /// The balance is not the one before plus the delta.
    #[error("the balance should be {expected}")]
    Balance {
        /// The balance before, plus the delta.
        expected: i128,
    },
    /// An entry of a tally has a balance, or one of another account has none.
    #[error("its balance does not fit whether the account is a tally")]
    WrongAccountKind,
    /// Its time is later than that of its transition, or earlier than that of the entry before.
    #[error("its time is not when it was made")]
    Time,
    /// Of columns that are empty together only some are.
    #[error("some of its columns are empty that are not empty alone")]
    PartialColumns,
    /// What the entry says made it is not what made it.
    #[error("its kind is not what it did")]
    Kind,
    /// Entries of an account that does not exist.
    #[error("the account is not there")]
    NoAccount,
    /// A column of the account is not what its entries say.
    #[error("the account's `{column}` should be {expected}")]
    Account {
        /// The column.
        column: &'static str,
        /// What the entries say.
        expected: i128,
    },
    /// The account is outside its bounds.
    #[error("the account is outside its bounds")]
    Bounds,
    /// A closed account has a balance, something held, or an entry after it was closed.
    #[error("the account is closed and not settled")]
    Closed,
    /// A posting is not whole: its entries do not form a ring of one change.
    #[error("the entries of its posting are not all there")]
    Posting,
    /// A posting does not sum to zero.
    #[error("its posting does not sum to zero in each unit")]
    Unbalanced,
    /// Entries of postings that no posting reaches.
    #[error("{entries} entries more or less are in postings than postings have")]
    OrphanEntries {
        /// By how many.
        entries: u64,
    },
    /// The entry has not the hash of its key, or has one and no key.
    #[error("the hash of its key is not there, or is another one")]
    Key,
    /// Its key was erased, and not all that the key named; or the other way round.
    #[error("it was erased in part")]
    PartlyErased,
    /// The entry has the fingerprint of a change that is not what it did.
    #[error("its key has the fingerprint of another change")]
    Fingerprint,
    /// A remembered refusal that cannot be read, is of something else, or has not the hash of its key.
    #[error("what the key {tag} remembers is not a refusal by this account or its hold")]
    Refusal {
        /// The beginning of the key's hash.
        tag: String,
    },
    /// An entry of a step without its transition.
    #[error("there is no transition that could have made it")]
    Step,
    /// An entry about a hold that does not exist or differs from it.
    #[error("the hold {hold:?} is not what its entries say")]
    Hold {
        /// The hold.
        hold: String,
    },
    /// Holds that no entry opened.
    #[error("{holds} holds more or less are there than entries opened")]
    Holds {
        /// By how many.
        holds: u64,
    },
    /// A row of a tally's tail is not that of an entry.
    #[error("the tail has a row that is not the entry's")]
    Tail,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, seq, what } = self;
        match (account.as_str(), seq) {
            ("", _) => write!(f, "the ledger: {what}"),
            (account, None) => write!(f, "account {account:?}: {what}"),
            (account, Some(seq)) => write!(f, "entry {seq} of account {account:?}: {what}"),
        }
    }
}
