//! One entry under one key, without a load before it: what most calls of the ledger write.

use sqlx::Postgres;

use super::classify::lost;
use super::connect::milliseconds;
use super::list::List;
use super::raise::unless_late;
use crate::clock::Timestamp;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::key::{KeyUse, KnownKey};
use crate::store::reader::Reader;
use crate::store::session::Session;
use crate::store::template::render;
use crate::store::write::lists::{ENTRIES, OF_KEYS, OF_METADATA};
use crate::store::write::rows::{AccountAfter, AccountWrite, After, EntryWrite, Locks};
use crate::store::write::written::Written;

/// The columns of the entry that do not come from the account as it then is.
const SHAPE: u16 = OF_KEYS | OF_METADATA;

/// The second arm answers for a key that is known. No row at all: something is in the way, and a load shows what.
///
/// An account that does not exist is opened by its first entry, but without a unit: the one that it is known to have is of one that
/// is gone.
///
/// The key is looked up before anything is written, so that a repeat writes nothing; one that is taken between the two is refused
/// by its index.
pub(super) fn post_one_text() -> String {
    const BOUND: usize = 3;
    let entry = List::new(ENTRIES, SHAPE).after(BOUND);
    let [hash, account, delta] = ["hash", "account", "delta"].map(|column| entry.value(column));
    let (columns, values) = (entry.stored(), entry.stored_as(|column| entry.value(column)));
    let its_account_is_there = if seeded_bug!("account-of-a-rollback") {
        "true".to_owned()
    } else {
        format!("EXISTS (SELECT 1 FROM {{accounts}} WHERE account = {account})")
    };
    let at = unless_late("true", "entries_written", ("at", "until"));
    format!(
        "WITH begun AS MATERIALIZED (
            SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, {{now}} AS now, $2::bigint AS until),
        keys_known AS MATERIALIZED (SELECT * FROM {{entries}} WHERE hash = {hash}),
        accounts_written AS (
            INSERT INTO {{accounts}} AS a (account, balance, seq, at, unit)
            SELECT {account}, {delta}, 1, now, $3::text FROM begun
            WHERE NOT EXISTS (SELECT 1 FROM keys_known)
                AND ($3::text IS NULL OR {its_account_is_there})
            ON CONFLICT (account) DO UPDATE SET balance = a.balance + excluded.balance, seq = a.seq + 1,
                at = greatest(a.at, excluded.at)
            WHERE a.closed_at IS NULL AND NOT a.tally AND a.unit IS NOT DISTINCT FROM excluded.unit
                AND a.balance - a.held + excluded.balance >= coalesce(a.floor, a.balance - a.held + excluded.balance)
                AND a.balance + excluded.balance <= coalesce(a.ceiling, a.balance + excluded.balance)
            RETURNING balance, seq, at),
        entries_written AS (
            INSERT INTO {{entries}} ({columns}, seq, balance, at)
            SELECT {values}, seq, balance, at FROM accounts_written
            RETURNING 1)
        SELECT balance, seq, {at}, {{no ledger key}}, {{no entry}} FROM accounts_written, begun
        UNION ALL
        SELECT NULL, NULL, NULL, {{ledger key of k}}, {{entry of k}} FROM keys_known k"
    )
}

/// Posts it, or says that something is in the way.
pub(super) async fn post_one(
    session: &mut Session<'_, Postgres>,
    account: &AccountWrite,
    entry: &EntryWrite,
    locks: Locks,
) -> Result<Written, StoreError> {
    let sql = session.sql;
    let mut binder =
        Binder::new().bind(&milliseconds(locks.wait).to_string()).bind(locks.until).bind(account.unit.as_deref());
    binder.add_row(ENTRIES, SHAPE, entry);
    let text = sql.writes.fixed(|| render::<Postgres>(&sql.tables, &post_one_text()));
    let rows = match session.fetch(&text, binder).await {
        Err(error) if lost(&error.source, &sql.tables, (false, true)) => return Ok(Written::Lost(Vec::new())),
        rows => rows?,
    };
    let Some(row) = rows.first() else { return Ok(Written::Lost(Vec::new())) };
    let mut row = Reader::new(row);
    let after: (Option<i64>, Option<i64>, Option<Timestamp>) = (row.field()?, row.field()?, row.field()?);
    if let (Some(balance), Some(seq), Some(at)) = after {
        let accounts = vec![AccountAfter { balance, seq, at }];
        return Ok(Written::Done(After { accounts, ..After::at(Some(at)) }));
    }
    Ok(match KnownKey::of_ledger(&mut row)? {
        // Of a posting of several only the first entry is here.
        Some(known) if !of_several(&known) => Written::Known(known),
        _ => Written::Lost(Vec::new()),
    })
}

fn of_several(key: &KnownKey) -> bool {
    matches!(&key.used, KeyUse::Posting(entries) if entries.iter().any(|entry| entry.next.is_some()))
}
