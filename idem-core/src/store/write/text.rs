//! What a part adds to the statements of a write.

/// What a part adds to the statements of a write. Where a write is one statement, each step is one or several common table
/// expressions; where it is several, each step is a statement.
#[derive(Debug, Default)]
pub struct PartText {
    /// Locks rows and compares them; in a transaction of its own a single machine is written here, too.
    pub(crate) lock: Option<StepText>,
    /// Adds rows that may have to be taken back, in a lent transaction that an error would abort: before others are changed.
    pub(crate) claim: Option<StepText>,
    /// Writes.
    pub(crate) write: Option<StepText>,
    /// The rows that it did not obtain, as an expression.
    pub(crate) missed: Option<Missed>,
    /// It leaves accounts behind. Where they are read by a statement of their own, that statement; otherwise anything.
    pub(crate) accounts: Option<&'static str>,
    /// The step whose rows prove a write that is one statement, and which may wait for other writers: it runs before
    /// the statement looks whether its time is up.
    pub(crate) witness: Option<&'static str>,
    /// The rows that are taken back if the write is lost in a lent transaction: tables, and the steps that added to them.
    pub(crate) undo: Vec<(&'static str, &'static str)>,
}

/// One step of a part. `{gate}` in its text is the gate before.
#[derive(Debug)]
pub struct StepText {
    /// Texts that each number their parameters from `$1`.
    pub(crate) pieces: Vec<String>,
    /// The row by whose `ok` later steps write.
    pub(crate) gate: Option<&'static str>,
}

/// The rows that a part did not obtain.
#[derive(Debug, Clone, Copy)]
pub enum Missed {
    /// Their places in the list that was bound.
    Places(&'static str),
    Names(&'static str),
}

impl PartText {
    /// A part that only writes.
    pub(crate) fn write(text: impl Into<String>) -> Self {
        Self { write: Some(StepText::open(text)), ..Self::default() }
    }
}

impl StepText {
    pub(crate) fn open(text: impl Into<String>) -> Self {
        Self { pieces: vec![text.into()], gate: None }
    }

    pub(crate) fn gate(text: impl Into<String>, gate: &'static str) -> Self {
        Self { pieces: vec![text.into()], gate: Some(gate) }
    }
}
