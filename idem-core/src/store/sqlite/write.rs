//! A write is one text of several statements: its parts in the order of their places, in a transaction or in a savepoint.

use sqlx::Sqlite;
use sqlx::sqlite::SqliteRow;

use super::classify::lost;
use super::frame::Frame;
use super::items::{Item, items};
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::reader::{Reader, placed};
use crate::store::session::Session;
use crate::store::write::cache::{Numbered, Report, WriteStatement};
use crate::store::write::part::{Form, Write};
use crate::store::write::rows::{AccountAfter, After, Locks};
use crate::store::write::run::Prepared;
use crate::store::write::store::WriteStore;
use crate::store::write::text::PartText;
use crate::store::write::written::Written;

impl WriteStore for Sqlite {
    fn compose(form: Form, texts: &[PartText]) -> WriteStatement<String> {
        let Frame { open, close, .. } = Frame::of(form.own);
        let mut numbered = Numbered::default();
        numbered.push(open);
        let steps = texts.iter().filter_map(|text| text.write.as_ref());
        let statements = steps.flat_map(|step| step.pieces.iter().map(String::as_str));
        let accounts: Vec<&str> = texts.iter().filter_map(|text| text.accounts).collect();
        for statement in statements.chain(accounts.iter().copied()).chain([close]) {
            numbered.push(";\n");
            numbered.push(statement);
        }
        let reports = accounts.iter().map(|_| Report::Accounts).collect();
        WriteStatement { text: numbered.finish(), binds: (0..texts.len()).collect(), reports }
    }

    async fn write_own(session: &mut Session<'_, Self>, write: &Write<Self>, _: Locks) -> Result<Written, StoreError> {
        let Some((rows, reports)) = all_or_nothing(session, write, true).await? else {
            return Ok(Written::Lost(Vec::new()));
        };
        let mut accounts = Vec::new();
        if let (true, Some(row)) = (reports.contains(&Report::Accounts), rows.first()) {
            let listed: String = Reader::new(row).field()?;
            let after = |row: &mut Reader<'_, Item>| {
                Ok(Some(AccountAfter { balance: row.field()?, seq: row.field()?, at: row.field()? }))
            };
            accounts = placed(&items(&listed)?, write.accounts.len(), after)?.into_iter().flatten().collect();
        }
        Ok(Written::Done(After { accounts, ..After::at(write.now) }))
    }

    /// A constraint that fails in a transaction which holds the write lock since it read is idem's own mistake, and the
    /// savepoint keeps it from leaving half a write behind.
    async fn write_joined(session: &mut Session<'_, Self>, write: &Write<Self>) -> Result<Option<After>, StoreError> {
        Ok(all_or_nothing(session, write, false).await?.map(|_| After::at(write.now)))
    }
}

/// Writes everything and gives the rows of all statements, or nothing: `None`, if the write was lost.
async fn all_or_nothing(
    session: &mut Session<'_, Sqlite>,
    write: &Write<Sqlite>,
    own: bool,
) -> Result<Option<(Vec<SqliteRow>, Vec<Report>)>, StoreError> {
    let prepared = Prepared::new(session.sql, write, write.form(own, false));
    let mut binder = Binder::new();
    prepared.bind(&mut binder);
    for part in &prepared.parts {
        part.bind_result(&mut binder);
    }
    let error = match session.fetch(&prepared.statement.text, binder).await {
        Ok(rows) => return Ok(Some((rows, prepared.statement.reports.clone()))),
        Err(error) => error,
    };
    if seeded_bug!("refused-write-stays") {
        return Err(error);
    }
    let undone = session.run(Frame::of(own).undo).await;
    if lost(&error.source, &session.sql.tables) {
        return undone.map(|()| None);
    }
    // Whether there is still something to roll back depends on the error; the first one is what happened.
    Err(error)
}
