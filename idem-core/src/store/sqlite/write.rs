//! A write is one text of several statements: its parts in the order of their places, in a transaction or in a savepoint.

use std::time::Duration;

use sqlx::Sqlite;
use sqlx::sqlite::SqliteRow;

use super::classify::lost;
use super::part_text::PartText;
use super::{list, probe, row};
use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::reader::{Reader, placed};
use crate::store::session::Session;
use crate::store::tables::{Tables, Text};
#[cfg(test)]
use crate::store::template::filled;
use crate::store::template::render;
use crate::store::write::cache::{Numbered, Report, WriteStatement};
#[cfg(test)]
use crate::store::write::part::PartKind;
use crate::store::write::part::{Form, Part, Write, parts};
use crate::store::write::rows::{AccountAfter, After, CommitWitness, Locks};
use crate::store::write::store::{WriteStore, Written};

impl WriteStore for Sqlite {
    #[cfg(test)]
    const PART_KINDS: &'static [&'static PartKind<Self>] = &super::parts::KINDS;

    #[cfg(test)]
    const FIXED: &'static [(&'static str, &'static str)] = &[];

    async fn write_own(
        session: &mut Session<'_, Self>,
        write: &Write<Self>,
        _locks: Locks,
    ) -> Result<Written, StoreError> {
        if let Some(row) = &write.row {
            return Ok(row::own(session, row).await?.map_or_else(|| Written::Lost(Vec::new()), Written::Done));
        }
        let Some((rows, reports)) = all_or_nothing(session, write, true).await? else {
            return Ok(Written::Lost(Vec::new()));
        };
        let mut accounts = Vec::new();
        if let (true, Some(row)) = (reports.contains(&Report::Accounts), rows.first()) {
            let listed: String = Reader::new(row).field()?;
            let after = |row: &mut Reader<'_, list::Item>| {
                Ok(Some(AccountAfter { balance: row.field()?, seq: row.field()?, at: row.field()? }))
            };
            accounts = placed(&list::items(&listed)?, write.accounts.len(), after)?.into_iter().flatten().collect();
        }
        let now = write.now.unwrap_or(Timestamp::from_micros(0));
        Ok(Written::Done(After { now, accounts, row: None }))
    }

    /// A constraint that fails in a transaction which holds the write lock since it read is a mistake of idem's own, and the
    /// savepoint keeps it from leaving half a write behind.
    async fn write_joined(session: &mut Session<'_, Self>, write: &Write<Self>) -> Result<Option<After>, StoreError> {
        if let Some(row) = &write.row {
            return row::joined(session, row).await;
        }
        let now = write.now.unwrap_or(Timestamp::from_micros(0));
        let written = all_or_nothing(session, write, false).await?;
        Ok(written.map(|_| After { now, accounts: Vec::new(), row: None }))
    }

    async fn probe(
        session: &mut Session<'_, Self>,
        witness: &CommitWitness,
        _wait: Duration,
    ) -> Result<Option<bool>, StoreError> {
        probe::probe(session, witness).await
    }

    #[cfg(test)]
    fn statement(tables: &Tables, form: Form, parts: &[&dyn Part<Self>]) -> String {
        filled::<Self>(tables, &text(form, parts).0)
    }
}

/// What opens a write, closes it, and takes it back.
fn frame(own: bool) -> (&'static str, &'static str, &'static str) {
    if own {
        ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
    } else {
        ("SAVEPOINT idem_write", "RELEASE idem_write", "ROLLBACK TO idem_write; RELEASE idem_write")
    }
}

/// Writes everything and gives the rows of all statements, or nothing: `None`, if the write was lost.
async fn all_or_nothing(
    session: &mut Session<'_, Sqlite>,
    write: &Write<Sqlite>,
    own: bool,
) -> Result<Option<(Vec<SqliteRow>, Vec<Report>)>, StoreError> {
    let (form, parts) = (write.form(own, false), parts(write));
    let sql = session.sql;
    let statement = sql.writes.get(form, &parts, || compose(&sql.tables, form, &parts));
    let mut binder = Binder::new();
    for part in &statement.binds {
        parts[*part].bind(form, write.now, &mut binder);
    }
    for part in &parts {
        part.bind_result(&mut binder);
    }
    let error = match session.fetch(&statement.text, binder).await {
        Ok(rows) => return Ok(Some((rows, statement.reports.clone()))),
        Err(error) => error,
    };
    if seeded_bug!("refused-write-stays") {
        return Err(error);
    }
    let undone = session.run(frame(own).2).await;
    if lost(&error.source, &sql.tables) {
        return undone.map(|()| None);
    }
    // Whether there is still something to roll back depends on the error; the first one is what happened.
    Err(error)
}

fn compose(tables: &Tables, form: Form, parts: &[&dyn Part<Sqlite>]) -> WriteStatement {
    let (text, reports) = text(form, parts);
    let text: Text = render::<Sqlite>(tables, &text);
    WriteStatement { text, binds: (0..parts.len()).collect(), reports }
}

fn text(form: Form, parts: &[&dyn Part<Sqlite>]) -> (String, Vec<Report>) {
    let texts: Vec<PartText> = parts.iter().map(|part| (part.kind().text)(form, part.shape())).collect();
    let (open, close, _) = frame(form.own);
    let mut numbered = Numbered::default();
    numbered.push(open);
    let statements = texts.iter().map(|text| &*text.text);
    let accounts: Vec<&str> = texts.iter().filter_map(|text| text.accounts).collect();
    for statement in statements.chain(accounts.iter().copied()).chain([close]) {
        numbered.push(";\n");
        numbered.push(statement);
    }
    (numbered.finish(), accounts.iter().map(|_| Report::Accounts).collect())
}
