//! What a part adds to a statement.

use sqlx::Postgres;

use crate::store::write::part::WriteText;

/// What a part adds to a statement.
#[derive(Debug, Default)]
pub struct PartText {
    /// Claims keys, in a lent transaction: before anything else is written.
    pub(crate) claim: Option<Cte>,
    /// Locks rows and looks at them.
    pub(crate) lock: Option<Cte>,
    /// Writes.
    pub(crate) write: Option<Cte>,
    /// What it locked in vain.
    pub(crate) missed: Option<Missed>,
    /// It leaves accounts behind, as `accounts_written`.
    pub(crate) accounts: bool,
    /// What is taken back if the write is lost in a lent transaction: only these two write before that is known.
    pub(crate) undo: Option<Undo>,
}

/// What a part may have written when the write is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    Keys,
    Machines,
}

/// Common table expressions. `{gate}` in them is the gate before.
#[derive(Debug)]
pub struct Cte {
    /// Texts that each number their parameters from `$1`.
    pub(crate) pieces: Vec<String>,
    /// The row by whose `ok` later ones write.
    pub(crate) gate: Option<&'static str>,
}

impl Cte {
    pub(crate) fn open(text: impl Into<String>) -> Self {
        Self { pieces: vec![text.into()], gate: None }
    }

    pub(crate) fn gate(text: impl Into<String>, gate: &'static str) -> Self {
        Self { pieces: vec![text.into()], gate: Some(gate) }
    }
}

/// An array of the rows that a part did not obtain.
#[derive(Debug, Clone, Copy)]
pub enum Missed {
    /// Their places in the list that was bound.
    Places(&'static str),
    Names(&'static str),
}

impl WriteText for Postgres {
    type PartText = PartText;
}
