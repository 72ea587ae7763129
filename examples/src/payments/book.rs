//! The book: what the database says, whoever ran and however often.

use std::collections::BTreeMap;

use idem_core::Idem;
use serde::Serialize;

use super::audit::{self, Audit};
use super::machine::{Payment, payment};
use super::rules::House;
use super::tables::Tables;

/// What all runs together have come to, whatever other users of the database have done. Two feeds of the same deliveries end in the same book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Book {
    /// How many payments are in each state.
    pub(super) payments: BTreeMap<&'static str, u64>,
    /// The balance of each account that payments have moved money on, in minor units.
    pub(super) accounts: BTreeMap<String, i64>,
    /// Commands that had an effect, and how many of them came with a key.
    pub(super) effects: i64,
    pub(super) fresh_keys: i64,
    /// Messages in the outbox.
    pub(super) messages: i64,
    pub(super) audit: Audit,
}

/// The database could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error(transparent)]
    Idem(#[from] idem_core::Error),
    #[error("the database refused a question of the book: {0}")]
    Sql(#[from] sqlx::Error),
}

const EFFECTS: &str = "SELECT count(*) FROM idem_transitions WHERE machine = 'payment' AND command NOT LIKE '@%'";
// Without a seq it is a second key of a command that had run before.
const FRESH_KEYS: &str = "SELECT count(hash) FROM idem_transitions WHERE machine = 'payment' AND seq IS NOT NULL";
const MESSAGES: &str = "SELECT count(*) FROM idem_outbox WHERE machine = 'payment'";

/// Reads the book and proves it. Nobody should be writing meanwhile.
pub(super) async fn read<DB: Tables>(idem: &Idem<DB>) -> Result<Book, Unreadable> {
    let payments = Payment::stored(idem, House);
    let mut counts: BTreeMap<_, _> = payment::StateKind::ALL.iter().map(|state| (state.name(), 0)).collect();
    counts.extend(payments.count_by_state().await?.known.into_iter().map(|count| (count.state.name(), count.machines)));
    let pool = idem.pool();
    Ok(Book {
        payments: counts,
        accounts: DB::numbers(pool, audit::BALANCES).await?.into_iter().collect(),
        effects: DB::number(pool, EFFECTS).await?,
        fresh_keys: DB::number(pool, FRESH_KEYS).await?,
        messages: DB::number(pool, MESSAGES).await?,
        audit: audit::audit(idem, &payments).await?,
    })
}

impl Book {
    /// The accounts of one kind, the kind cut off their names.
    pub(super) fn accounts_of(&self, kind: &str) -> impl Iterator<Item = (&str, i64)> {
        self.accounts.iter().filter_map(move |(name, balance)| {
            let name = name.strip_prefix(kind)?.strip_prefix(':')?;
            Some((name, *balance))
        })
    }
}
