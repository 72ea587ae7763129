//! What a part adds to a write.

use sqlx::Sqlite;

use crate::store::write::part::WriteText;

/// What a part adds to a write.
#[derive(Debug)]
pub struct PartText {
    /// Its statement, without the semicolon.
    pub(crate) text: String,
    /// The statement that reads the accounts it leaves behind, after all others.
    pub(crate) accounts: Option<&'static str>,
}

impl PartText {
    pub(crate) fn new(text: String) -> Self {
        Self { text, accounts: None }
    }
}

impl WriteText for Sqlite {
    type PartText = PartText;
}
