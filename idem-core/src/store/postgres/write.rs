//! A write is one statement. Its parts lock rows first, in the order of their places, and then write; a part that may find that
//! the write is lost is the *gate* of those after it. Steps that no other step reads (history, entries, outbox) run last: the one
//! whose rows prove the write, and then the others in an order that PostgreSQL chooses. What waits there is for a key that another
//! transaction writes at the moment.
//!
//! In a transaction of its own a lost compare-and-set writes nothing and says so; what is found later raises, and everything
//! rolls back. In a lent transaction, which an error would abort, rows that may have keys are added before others are changed, and
//! what was added is taken back if the write is lost.
//!
//! A statement can come late: it waits for a lock on a table, for several rows one after the other, or in a proxy. So that it
//! does not write after its call was answered "not applied", it raises if its time is up once the rows that prove it are written: a
//! transaction that inserts one of them after that time meets it, or it never comes.

use sqlx::postgres::PgRow;
use sqlx::{Error, Postgres, Row as _};

use super::classify::lost;
use super::connect::milliseconds;
use super::post_one::post_one;
#[cfg(test)]
use super::post_one::post_one_text;
use super::raise::{is_open, unless_late};
use super::undo::undo;
#[cfg(test)]
use super::undo::{DELETE_KEY, undo_text};
use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::session::Session;
use crate::store::write::cache::{Numbered, Report, WriteStatement};
use crate::store::write::list_part::part_count;
use crate::store::write::part::{Form, Reported, Write};
use crate::store::write::rows::{AccountAfter, After, Locks};
use crate::store::write::run::Prepared;
use crate::store::write::store::WriteStore;
use crate::store::write::text::{Missed, PartText, StepText};
use crate::store::write::written::Written;

impl WriteStore for Postgres {
    #[cfg(test)]
    fn fixed() -> Vec<(&'static str, String)> {
        vec![
            ("one entry under one key", post_one_text()),
            ("undo the key of an update", DELETE_KEY.to_owned()),
            ("undo machines", undo_text("machines")),
            ("undo transitions", undo_text("transitions")),
            ("undo entries", undo_text("entries")),
            ("undo tails", undo_text("tails")),
        ]
    }

    fn compose(form: Form, texts: &[PartText]) -> WriteStatement<String> {
        let (mut numbered, mut binds, mut gate) = (Numbered::default(), Vec::new(), "begun");
        numbered.push(&if form.own { OWN.to_owned() } else { joined() });
        let stages: [fn(&PartText) -> &Option<StepText>; 3] =
            [|text| &text.lock, |text| &text.claim, |text| &text.write];
        for stage in stages {
            for (part, text) in texts.iter().enumerate() {
                let Some(cte) = stage(text) else { continue };
                numbered.push(",\n");
                let mut has_parameters = false;
                for piece in &cte.pieces {
                    has_parameters |= numbered.push(&piece.replace("{gate}", gate));
                }
                if has_parameters {
                    debug_assert!(!binds.contains(&part), "a part binds its rows once");
                    binds.push(part);
                }
                gate = cte.gate.unwrap_or(gate);
            }
        }
        numbered.push("\n");
        let (result, reports) = if form.own { own_result(texts, gate) } else { joined_result(texts, gate) };
        numbered.push(&result);
        WriteStatement { text: numbered.finish(), binds, reports }
    }

    async fn write_own(
        session: &mut Session<'_, Self>,
        write: &Write<Self>,
        locks: Locks,
    ) -> Result<Written, StoreError> {
        if let (None, false, [account], [entry]) = (write.now, locks.skip, &write.accounts[..], &write.entries[..])
            && entry.named.is_some()
            && entry.number.position().is_some()
            && part_count(write) == 2
        {
            return post_one(session, account, entry, locks).await;
        }
        let prepared = Prepared::new(session.sql, write, write.form(true, locks.skip));
        let mut binder = Binder::new().bind(&milliseconds(locks.wait).to_string()).bind(write.now).bind(locks.until);
        prepared.bind(&mut binder);
        let kinds = (!write.tallies.is_empty(), !write.entries.is_empty());
        let row = match session.fetch_one(&prepared.statement.text, binder).await {
            Err(error) if lost(&error.source, &session.sql.tables, kinds) => return Ok(Written::Lost(Vec::new())),
            row => row?,
        };
        written(&row, &prepared).map_err(StoreError::unread)
    }

    async fn write_joined(session: &mut Session<'_, Self>, write: &Write<Self>) -> Result<Option<After>, StoreError> {
        let prepared = Prepared::new(session.sql, write, write.form(false, false));
        let mut binder = Binder::new().bind(write.now);
        prepared.bind(&mut binder);
        let row = session.fetch_one(&prepared.statement.text, binder).await?;
        if row.try_get(0)? {
            return Ok(Some(After::at(write.now)));
        }
        for (column, report) in (1..).zip(&prepared.statement.reports) {
            if let Report::Added(table) = *report {
                undo(session, table, &row.try_get::<Vec<String>, _>(column)?).await?;
            }
        }
        Ok(None)
    }
}

/// A transaction of its own: the wait for its locks, its time, and the time until which it may write.
const OWN: &str = "WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, {now}) AS now,
        $3::bigint AS until)";

/// A lent transaction, if it still is open: it is marked by a setting that ends with it.
fn joined() -> String {
    format!("WITH begun AS MATERIALIZED (SELECT {} AS ok, $1::bigint AS now)", is_open!())
}

fn own_result(texts: &[PartText], gate: &str) -> (String, Vec<Report>) {
    let witness = texts.iter().find_map(|text| text.witness);
    let now = witness.map_or("b.now".to_owned(), |rows| unless_late("g.ok", rows, ("b.now", "b.until")));
    let (mut columns, mut reports) = (vec!["g.ok".to_owned(), now], Vec::new());
    for (part, missed) in texts.iter().enumerate().filter_map(|(part, text)| Some((part, text.missed?))) {
        let (rows, report) = match missed {
            Missed::Places(rows) => (rows, Report::MissedPlaces(part)),
            Missed::Names(rows) => (rows, Report::MissedNames(part)),
        };
        columns.push(rows.to_owned());
        reports.push(report);
    }
    if texts.iter().any(|text| text.accounts.is_some()) {
        reports.push(Report::Accounts);
        columns.extend(["balances", "seqs", "ats"].map(|column| format!("(SELECT {column} FROM accounts_planned)")));
    }
    (format!("SELECT {} FROM {gate} g CROSS JOIN begun b", columns.join(", ")), reports)
}

fn joined_result(texts: &[PartText], gate: &str) -> (String, Vec<Report>) {
    let undo = || texts.iter().flat_map(|text| &text.undo);
    let added = undo().map(|(_, rows)| format!(", ARRAY(SELECT ctid::text FROM {rows})"));
    let reports = undo().map(|(table, _)| Report::Added(table)).collect();
    (format!("SELECT ok{} FROM {gate}", added.collect::<String>()), reports)
}

/// Reads what a statement in a transaction of its own gives.
fn written(row: &PgRow, prepared: &Prepared<'_, Postgres>) -> Result<Written, Error> {
    let Prepared { parts, statement, .. } = prepared;
    let (ok, now): (bool, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (mut missed, mut accounts) = (Vec::new(), Vec::new());
    for (column, report) in (2..).zip(&statement.reports) {
        match *report {
            Report::MissedPlaces(part) if !ok => {
                missed.extend(parts[part].missed(Reported::Places(row.try_get(column)?)));
            }
            Report::MissedNames(part) if !ok => {
                missed.extend(parts[part].missed(Reported::Names(row.try_get(column)?)));
            }
            Report::Accounts if ok => accounts = accounts_after(row, column)?,
            _ => {}
        }
    }
    let now = Some(Timestamp::from_micros(now));
    Ok(if ok { Written::Done(After { accounts, ..After::at(now) }) } else { Written::Lost(missed) })
}

/// The accounts in the three columns from this one on.
fn accounts_after(row: &PgRow, column: usize) -> Result<Vec<AccountAfter>, Error> {
    let numbers = |at: usize| row.try_get::<Option<Vec<i64>>, _>(column + at).map(Option::unwrap_or_default);
    let (balances, seqs, ats) = (numbers(0)?, numbers(1)?, numbers(2)?);
    let after = balances.into_iter().zip(seqs).zip(ats);
    let after = after.map(|((balance, seq), at)| AccountAfter { balance, seq, at: Timestamp::from_micros(at) });
    Ok(after.collect())
}
