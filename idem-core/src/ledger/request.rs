//! What is asked of the ledger, as plans.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::decide::posting::Posting;
use crate::error::{Error, LedgerError};
use crate::fingerprint::Fingerprint;
use crate::key::Key;
use crate::ledger::metadata::Metadata;
use crate::model::ledger::change::{LedgerChange, check_names, lifetime_within_bounds};
use crate::namespace::LEDGER;
use crate::wire::Stored;

/// The most entries of one posting.
const MAX_ENTRIES: usize = 1_000;

/// The plan of a change under its key.
pub(super) fn posting(key: &Key, change: LedgerChange) -> Result<Posting, Error> {
    fits(&change)?;
    let fingerprint = fingerprint(&change, None);
    Ok(Posting {
        key: key.clone(),
        hash: key.hash_in(LEDGER),
        fingerprint,
        change,
        metadata: None,
        fence: None,
        expected: None,
        remember_refusal: false,
        in_batch: false,
    })
}

/// Adds metadata to a change.
pub(super) fn note(posting: &mut Posting, metadata: &Metadata) {
    let metadata = metadata.stored();
    if !seeded_bug!("metadata-is-no-part-of-it") {
        posting.fingerprint = fingerprint(&posting.change, Some(&metadata));
    }
    posting.metadata = Some(metadata);
}

/// What is asked for, of whom, and with which metadata. What an account is expected to be at is no part of it.
pub(super) fn fingerprint(change: &LedgerChange, metadata: Option<&Stored>) -> Fingerprint {
    let of = |target: &str, payload: &str| match metadata.map(|metadata| metadata.json().unwrap_or_default()) {
        None => Fingerprint::of(change.kind(), target, payload.as_bytes(), &[]),
        // No change alone is an object.
        Some(metadata) => {
            let both = [b"{\"change\":", payload.as_bytes(), b",\"metadata\":", metadata, b"}"].concat();
            Fingerprint::of(change.kind(), target, &both, &[])
        }
    };
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match change {
        LedgerChange::Delta { account, delta: number } | LedgerChange::Set { account, balance: number } => {
            of(account, &number.to_string())
        }
        LedgerChange::Transfer { from, to, amount } => of(from, &format!("[{},{amount}]", quoted(to))),
        LedgerChange::Post { entries } => {
            let entries = entries.iter().map(|(account, delta)| serde_json::json!([&**account, delta]));
            of("", &entries.collect::<serde_json::Value>().to_string())
        }
        LedgerChange::Hold { account, amount, expires, .. } => {
            let lifetime = expires.map_or_else(|| "null".to_owned(), |expires| expires.as_micros().to_string());
            of(account, &format!("[{amount},{lifetime}]"))
        }
        LedgerChange::Capture { hold, amount, to } => {
            of(hold, &format!("[{},{amount}]", quoted(to.as_deref().unwrap_or_default())))
        }
        LedgerChange::Release { hold } => of(hold, "null"),
    }
}

/// What a change names must be fit to be stored, and small enough.
fn fits(change: &LedgerChange) -> Result<(), Error> {
    if let LedgerChange::Post { entries } = change
        && entries.len() > MAX_ENTRIES
    {
        return Err(LedgerError::TooMany { items: entries.len(), limit: MAX_ENTRIES }.into());
    }
    check_names(change)
}

/// A hold whose id nobody else has: made from its key.
pub(super) fn hold(account: &Arc<str>, key: &Key, amount: i64, expires: Option<Duration>) -> LedgerChange {
    let hold = key.derive("hold").as_str().into();
    LedgerChange::Hold { account: account.clone(), hold, amount, expires: expires.map(lifetime_within_bounds) }
}

pub(super) fn name(text: impl Into<String>) -> Arc<str> {
    text.into().into()
}

pub(super) fn post<A: Into<String>>(entries: impl IntoIterator<Item = (A, i64)>) -> LedgerChange {
    LedgerChange::Post { entries: entries.into_iter().map(|(account, delta)| (name(account), delta)).collect() }
}
