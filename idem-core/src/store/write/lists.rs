//! The lists that are written: the name, kind and value of each column, and what else all databases have in common.

use std::fmt;

use super::part::{LockName, Place, Reported};
use super::rows::{
    AccountWrite, EntryNumber, EntryWrite, HoldWrite, MachineWrite, MessageWrite, TallyWrite, TransitionWrite,
};
use crate::clock::Timestamp;
use crate::key::{Key, KeyHash};
use crate::namespace::LEDGER;
use crate::store::columns::Column;
use crate::store::machine::rows::AliasRow;

/// A transition has a key.
pub(crate) const KEYED: u16 = 1;
/// There are keys without a transition of their own.
pub(crate) const ALIASES: u16 = 1 << 1;

/// An entry belongs to a hold.
pub(crate) const OF_HOLDS: u16 = 1;
/// An entry has a key.
pub(crate) const OF_KEYS: u16 = 1 << 1;
/// An entry is of a transition.
pub(crate) const OF_STEPS: u16 = 1 << 2;
/// An entry is of a posting of several.
pub(crate) const OF_POSTINGS: u16 = 1 << 3;
/// An entry is a tally's.
pub(crate) const OF_TALLIES: u16 = 1 << 4;
/// An entry counts.
pub(crate) const OF_COUNTED: u16 = 1 << 5;
/// A refusal is remembered. It has a key.
pub(crate) const OF_REFUSALS: u16 = 1 << 6;
/// An entry has metadata. It has a key.
pub(crate) const OF_METADATA: u16 = 1 << 7;

/// Shapes of entries: what calls alone write, and groups of several.
#[cfg(test)]
pub(crate) const ENTRY_SHAPES: &[u16] = &[
    OF_KEYS | OF_COUNTED,
    OF_KEYS | OF_COUNTED | OF_POSTINGS,
    OF_KEYS | OF_COUNTED | OF_HOLDS,
    OF_KEYS | OF_COUNTED | OF_HOLDS | OF_POSTINGS,
    OF_KEYS | OF_TALLIES,
    OF_KEYS | OF_TALLIES | OF_POSTINGS,
    OF_KEYS | OF_TALLIES | OF_COUNTED | OF_POSTINGS,
    OF_STEPS | OF_COUNTED,
    OF_STEPS | OF_COUNTED | OF_POSTINGS,
    OF_KEYS | OF_COUNTED | OF_METADATA,
    OF_KEYS | OF_REFUSALS,
    OF_KEYS | OF_REFUSALS | OF_HOLDS,
    OF_KEYS | OF_STEPS | OF_HOLDS | OF_TALLIES | OF_COUNTED | OF_POSTINGS,
    OF_KEYS | OF_STEPS | OF_HOLDS | OF_TALLIES | OF_COUNTED | OF_POSTINGS | OF_REFUSALS,
    OF_KEYS | OF_STEPS | OF_HOLDS | OF_TALLIES | OF_COUNTED | OF_POSTINGS | OF_REFUSALS | OF_METADATA,
];

/// An account is a tally.
pub(crate) const TALLIED: u16 = 1;

/// The single machine does not exist yet.
pub(crate) const STARTS: u16 = 1;

pub(crate) const MACHINES: &[Column<MachineWrite>] = &[
    Column::text("machine", |row: &MachineWrite| Some(row.machine)).key(),
    Column::text("id", |row: &MachineWrite| Some(&row.id)).key(),
    Column::text("state", |row| Some(&row.state)),
    Column::bytes("body", |row| Some(&row.body.0)),
    Column::bytes("last_by_command", |row| Some(&row.last_by_command.0)),
    Column::int("expected", |row: &MachineWrite| Some(row.expected)).used(),
    Column::int("version", |row| Some(row.version)),
    Column::int("visit", |row| Some(row.visit)),
    Column::int("entered_at", |row| Some(row.entered_at.as_micros())),
    Column::int("emitted", |row| Some(row.emitted)),
];

/// Transitions and aliases.
pub(crate) const TRANSITIONS: &[Column<TransitionWrite>] = &[
    Column::text("machine", |row| Some(row.machine)),
    Column::text("id", |row| Some(&row.id)),
    Column::int("seq", |row| row.transition().map(|row| row.seq)),
    Column::text("command", |row| row.transition().map(|row| &*row.command)),
    Column::text("from_state", |row| row.transition().map(|row| &*row.from_state)),
    Column::text("state", |row| row.transition().map(|row| &*row.state)),
    Column::bytes("body", |row| row.transition().map(|row| &*row.body.0)),
    Column::bytes("payload", |row| row.transition().map(|row| &*row.payload.0)),
    Column::bytes("outcome", |row| row.transition().map(|row| &*row.outcome.0)),
    Column::bytes("fingerprint", |row| Some(&row.fingerprint().0)),
    Column::int("from_visit", |row| row.transition().map(|row| row.from_visit)),
    Column::int("visit", |row| row.transition().map(|row| row.visit)),
    Column::int("at", |row| Some(row.at().as_micros())),
    Column::text("correlation", |row| row.transition().and_then(|row| row.correlation.as_deref())),
    Column::int("emitted", |row| row.transition().and_then(|row| row.emitted)),
    Column::text("scope", |row: &TransitionWrite| row.key().map(Key::scope)).when(KEYED),
    Column::text("key", |row: &TransitionWrite| row.key().map(Key::as_str)).when(KEYED),
    Column::bytes("hash", |row: &TransitionWrite| row.hash().map(|hash| &hash.0[..])).when(KEYED),
    Column::int("alias_of", |row: &TransitionWrite| row.alias().and_then(AliasRow::alias_of)).when(ALIASES),
    Column::bytes("rejection", |row: &TransitionWrite| row.alias().and_then(AliasRow::rejection)).when(ALIASES),
    Column::int("expires_at", |row: &TransitionWrite| row.alias().map(|row| row.expires_at.as_micros())).when(ALIASES),
];

const TALLY_NAME: Column<TallyWrite> = Column::text("name", |row| Some(&row.account));
const TALLY_UNIT: Column<TallyWrite> = Column::text("unit", |row| row.unit.as_deref());

pub(crate) const TALLIES: &[Column<TallyWrite>] = &[TALLY_NAME, TALLY_UNIT];

/// With the sums of their entries, where the sum is kept with the account.
pub(crate) const SUMMED_TALLIES: &[Column<TallyWrite>] =
    &[TALLY_NAME, TALLY_UNIT, Column::int("delta", |row| Some(row.delta))];

pub(crate) const ACCOUNTS: &[Column<AccountWrite>] = &[
    Column::text("name", |row| Some(&row.account)),
    Column::int("delta", |row| Some(row.delta)),
    Column::int("reserved", |row| Some(row.reserved)),
    Column::int("lowest", |row| Some(row.lowest)),
    Column::int("highest", |row| Some(row.highest)),
    Column::int("entries", |row| Some(row.entries)),
    Column::int("expected", |row| row.expected),
    Column::text("unit", |row| row.unit.as_deref()),
    Column::int("tallied", |row: &AccountWrite| row.tallied).when(TALLIED),
];

pub(crate) const HOLDS: &[Column<HoldWrite>] = &[
    Column::text("hold", |row: &HoldWrite| Some(&row.hold)).key(),
    Column::text("account", |row| Some(&row.account)),
    Column::int("amount", |row| Some(row.amount)),
    Column::int("expected", |row: &HoldWrite| row.expected).used(),
    Column::int("remaining", |row: &HoldWrite| Some(row.remaining)).used(),
    Column::int("expires_at", |row| row.expires_at.map(Timestamp::as_micros)),
];

/// Entries, counted back from the account as it is after the write. What no entry has is not sent.
pub(crate) const ENTRIES: &[Column<EntryWrite>] = &[
    Column::text("account", |row| Some(&row.account)),
    Column::int("delta", |row| Some(row.delta)),
    Column::text("kind", |row| Some(row.kind)),
    Column::int("place", |row: &EntryWrite| row.number.position().map(|position| position.account))
        .used()
        .when(OF_COUNTED),
    Column::int("back", |row: &EntryWrite| row.number.position().map(|position| position.back)).used().when(OF_COUNTED),
    Column::int("below", |row: &EntryWrite| row.number.position().map(|position| position.below))
        .used()
        .when(OF_COUNTED),
    Column::text("hold", |row: &EntryWrite| row.hold.as_ref().map(|(hold, _)| &**hold)).when(OF_HOLDS),
    Column::int("reserved", |row: &EntryWrite| row.hold.as_ref().map(|(_, reserved)| *reserved)).when(OF_HOLDS),
    Column::text("scope", |row: &EntryWrite| row.key.as_ref().map(Key::scope)).when(OF_KEYS),
    Column::text("key", |row: &EntryWrite| row.key.as_ref().map(Key::as_str)).when(OF_KEYS),
    Column::bytes("hash", |row: &EntryWrite| row.named.as_ref().map(|(hash, _)| &hash.0[..])).when(OF_KEYS),
    Column::bytes("fingerprint", |row: &EntryWrite| row.named.as_ref().map(|(_, of)| &of.0[..])).when(OF_KEYS),
    Column::bytes("metadata", |row: &EntryWrite| row.metadata.as_ref().map(|metadata| &*metadata.0)).when(OF_METADATA),
    Column::bytes("outcome", |row: &EntryWrite| row.refusal.as_ref().map(|refusal| &*refusal.0)).when(OF_REFUSALS),
    Column::text("machine", |row: &EntryWrite| row.step.as_ref().map(|step| step.machine)).when(OF_STEPS),
    Column::text("id", |row: &EntryWrite| row.step.as_ref().map(|step| &*step.id)).when(OF_STEPS),
    Column::int("machine_seq", |row: &EntryWrite| row.step.as_ref().map(|step| step.seq)).when(OF_STEPS),
    Column::int("entry_no", |row: &EntryWrite| row.step.as_ref().map(|step| step.entry_no)).when(OF_STEPS),
    Column::text("next_account", |row: &EntryWrite| row.next.as_ref().map(|next| &*next.account)).when(OF_POSTINGS),
    Column::int("seq", |row: &EntryWrite| row.number.given()).used().when(OF_TALLIES),
    Column::int("next_place", |row: &EntryWrite| {
        next(row).and_then(EntryNumber::position).map(|position| position.account)
    })
    .used()
    .when(OF_POSTINGS | OF_COUNTED),
    Column::int("next_back", |row: &EntryWrite| {
        next(row).and_then(EntryNumber::position).map(|position| position.back)
    })
    .used()
    .when(OF_POSTINGS | OF_COUNTED),
    Column::int("next_seq", |row: &EntryWrite| next(row).and_then(EntryNumber::given))
        .used()
        .when(OF_POSTINGS | OF_TALLIES),
];

fn next(row: &EntryWrite) -> Option<EntryNumber> {
    row.next.as_ref().map(|next| next.number)
}

/// Entries of tallies, until they are folded into the account's balance.
pub(crate) const fn tails<'w>() -> [Column<(&'w EntryWrite, i64)>; 3] {
    [
        Column::text("account", |row| Some(&row.0.account)),
        Column::int("seq", |row| Some(row.1)),
        Column::int("delta", |row| Some(row.0.delta)),
    ]
}

pub(crate) const MESSAGES: &[Column<MessageWrite>] = &[
    Column::text("machine", |row| Some(row.machine)),
    Column::text("id", |row| Some(&row.id)),
    Column::int("seq", |row| Some(row.seq)),
    Column::int("entry_no", |row| Some(row.entry_no)),
    Column::int("number", |row| Some(row.number)),
    Column::text("topic", |row| Some(&row.message.topic)),
    Column::text("key", |row| row.message.key.as_deref()),
    Column::bytes("headers", |row| row.headers.as_ref().map(|headers| &*headers.0)),
    Column::bytes("payload", |row| Some(&row.message.payload.0)),
    Column::text("correlation", |row| row.correlation.as_deref()),
    Column::int("at", |row| Some(row.at.as_micros())),
];

/// A list of rows that is written.
pub trait RowList: fmt::Debug + Send + Sync + Sized + 'static {
    /// The table's name.
    const NAME: &'static str;
    /// Where its locks stand.
    const PLACE: Place;
    const COLUMNS: &'static [Column<Self>];
    /// In a write of one machine it is one row at most, bound as values.
    const SINGLE: bool = false;
    /// The shapes that its rows can have, for tests of all statements.
    #[cfg(test)]
    const SHAPES: &'static [u16] = &[0];

    /// What the rows have, as far as that changes the text: bits.
    fn shape(_rows: &[Self]) -> u16 {
        0
    }

    /// The places of the rows in the order in which they are bound, if that is another one than theirs.
    fn order(_rows: &[Self]) -> Option<Vec<usize>> {
        None
    }

    /// What rows that others hold are called by those who need them.
    fn missed(_rows: &[Self], _reported: Reported) -> Vec<LockName> {
        Vec::new()
    }
}

impl RowList for TallyWrite {
    const NAME: &'static str = "tallies";
    const PLACE: Place = Place::Unlocked;
    const COLUMNS: &'static [Column<Self>] = TALLIES;
}

impl RowList for MachineWrite {
    const NAME: &'static str = "machines";
    const PLACE: Place = Place::Machines;
    const COLUMNS: &'static [Column<Self>] = MACHINES;
    const SINGLE: bool = true;
    #[cfg(test)]
    const SHAPES: &'static [u16] = &[0, STARTS];

    /// Many are started and moved by one statement.
    fn shape(rows: &[Self]) -> u16 {
        if matches!(rows, [only] if only.expected == 0) { STARTS } else { 0 }
    }

    fn missed(rows: &[Self], reported: Reported) -> Vec<LockName> {
        let Reported::Places(places) = reported else { return Vec::new() };
        let missed = places.into_iter().filter_map(|place| rows.get(usize::try_from(place - 1).ok()?));
        missed.map(|row| LockName { namespace: row.machine, name: row.id.clone() }).collect()
    }
}

impl RowList for AccountWrite {
    const NAME: &'static str = "accounts";
    const PLACE: Place = Place::Accounts;
    const COLUMNS: &'static [Column<Self>] = ACCOUNTS;
    #[cfg(test)]
    const SHAPES: &'static [u16] = &[0, TALLIED];

    fn shape(rows: &[Self]) -> u16 {
        if rows.iter().any(|row| row.tallied.is_some()) { TALLIED } else { 0 }
    }

    fn missed(_rows: &[Self], reported: Reported) -> Vec<LockName> {
        let Reported::Names(names) = reported else { return Vec::new() };
        names.into_iter().map(|name| LockName { namespace: LEDGER, name: name.into() }).collect()
    }
}

impl RowList for HoldWrite {
    const NAME: &'static str = "holds";
    const PLACE: Place = Place::Holds;
    const COLUMNS: &'static [Column<Self>] = HOLDS;
}

/// The places of rows by the hashes of their keys, if that is not as they stand: in this order two writes of the same keys wait for
/// each other.
fn by_hash<R>(rows: &[R], hash: impl Fn(&R) -> Option<&KeyHash>) -> Option<Vec<usize>> {
    let hashes: Vec<_> = rows.iter().map(hash).zip(0_usize..).collect();
    if hashes.is_sorted() {
        return None;
    }
    let mut order = hashes;
    order.sort_unstable();
    Some(order.into_iter().map(|(_, at)| at).collect())
}

/// A seq that is counted from an account, or given, or none; where some rows of a list are counted and some are not, `counted` is
/// NULL for the latter.
pub(in crate::store) fn seq(
    (is_counted, is_given): (bool, bool),
    counted: impl Fn() -> String,
    given: impl Fn() -> String,
) -> String {
    match (is_counted, is_given) {
        (true, true) => format!("coalesce({}, {})", counted(), given()),
        (true, false) => counted(),
        (false, true) => given(),
        (false, false) => "NULL".to_owned(),
    }
}

/// Whether the entries of this shape are counted from their accounts, and whether their numbers are given.
pub(in crate::store) fn numbers(shape: u16) -> (bool, bool) {
    (shape & OF_COUNTED != 0, shape & OF_TALLIES != 0)
}

/// The same of the next entry in the posting, if there is one.
pub(in crate::store) fn next_seq(shape: u16, counted: impl Fn() -> String, given: impl Fn() -> String) -> String {
    if shape & OF_POSTINGS == 0 { "NULL".to_owned() } else { seq(numbers(shape), counted, given) }
}

impl RowList for TransitionWrite {
    const NAME: &'static str = "transitions";
    const PLACE: Place = Place::History;
    const COLUMNS: &'static [Column<Self>] = TRANSITIONS;
    const SINGLE: bool = true;
    #[cfg(test)]
    const SHAPES: &'static [u16] = &[0, KEYED, KEYED | ALIASES];

    fn shape(rows: &[Self]) -> u16 {
        let bit = |has: bool, bit| if has { bit } else { 0 };
        rows.iter().fold(0, |shape, row| shape | bit(row.key().is_some(), KEYED) | bit(row.alias().is_some(), ALIASES))
    }

    fn order(rows: &[Self]) -> Option<Vec<usize>> {
        by_hash(rows, TransitionWrite::hash)
    }
}

impl RowList for EntryWrite {
    const NAME: &'static str = "entries";
    const PLACE: Place = Place::History;
    const COLUMNS: &'static [Column<Self>] = ENTRIES;
    #[cfg(test)]
    const SHAPES: &'static [u16] = ENTRY_SHAPES;

    fn shape(rows: &[Self]) -> u16 {
        let bit = |has: bool, bit| if has { bit } else { 0 };
        rows.iter().fold(0, |shape, row| {
            shape
                | bit(row.hold.is_some(), OF_HOLDS)
                | bit(row.key.is_some(), OF_KEYS)
                | bit(row.step.is_some(), OF_STEPS)
                | bit(row.next.is_some(), OF_POSTINGS)
                | bit(row.number.given().is_some(), OF_TALLIES)
                | bit(row.number.position().is_some(), OF_COUNTED)
                | bit(row.refusal.is_some(), OF_REFUSALS)
                | bit(row.metadata.is_some(), OF_METADATA)
        })
    }

    fn order(rows: &[Self]) -> Option<Vec<usize>> {
        by_hash(rows, |row| row.named.as_ref().map(|(hash, _)| hash))
    }
}

impl RowList for MessageWrite {
    const NAME: &'static str = "outbox";
    const PLACE: Place = Place::Outbox;
    const COLUMNS: &'static [Column<Self>] = MESSAGES;
}
