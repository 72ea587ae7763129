//! Rows to write.

use crate::clock::Timestamp;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::message::NewMessage;
use crate::store::dialect::Dialect;
use crate::store::machine::rows::{AliasAnswer, AliasRow, TransitionRow};
use crate::store::write::part::Write;
use crate::store::write::rows::{
    AccountWrite, EntryNumber, EntryPosition, EntryWrite, HistoryRow, MachineWrite, MessageWrite, StepEntry,
    TransitionWrite,
};
use crate::wire::Stored;

pub(super) const SHOP: &str = "shop";
pub(super) const NOW: i64 = 1_800_000_000_000_000;

pub(super) fn now() -> Timestamp {
    Timestamp::from_micros(NOW)
}

pub(super) fn hash(key: &str) -> KeyHash {
    Key::new("customer", key).expect("a key").hash_in(SHOP)
}

pub(super) fn fingerprint(text: &str) -> Fingerprint {
    Fingerprint::of("pay", text, b"{}", &[])
}

fn stored(text: &str) -> Stored {
    Stored::encode(text).expect("text")
}

/// Transition `seq` of a machine, from the version before it.
pub(super) fn step<DB: Dialect>(id: &str, seq: i64) -> Write<DB> {
    Write {
        now: Some(now()),
        machines: vec![machine(id, seq - 1, seq)],
        transitions: vec![transition(id, seq)],
        ..Write::default()
    }
}

pub(super) fn machine(id: &str, expected: i64, version: i64) -> MachineWrite {
    MachineWrite {
        machine: SHOP,
        id: id.into(),
        state: format!("State{version}").into(),
        body: stored(&format!("body {version} of {id}")),
        last_by_command: stored(&format!("runs {version}")),
        expected,
        version,
        visit: version,
        entered_at: Timestamp::from_micros(NOW + version),
        emitted: 0,
        at: Timestamp::from_micros(NOW + version),
    }
}

pub(super) fn transition(id: &str, seq: i64) -> TransitionWrite {
    let row = TransitionRow {
        seq,
        command: "pay".into(),
        from_state: if seq == 1 { "".into() } else { format!("State{}", seq - 1).into() },
        state: format!("State{seq}").into(),
        body: stored(&format!("body {seq}")),
        payload: stored(&format!("payload {seq}")),
        outcome: stored(&format!("outcome {seq}")),
        fingerprint: fingerprint(id),
        key: None,
        from_visit: seq - 1,
        visit: seq,
        at: Timestamp::from_micros(NOW + seq),
        correlation: None,
        emitted: None,
        hash: None,
    };
    TransitionWrite { machine: SHOP, id: id.into(), row: HistoryRow::Transition(row) }
}

/// A key of a transition that is there, until `expires_at`.
pub(super) fn alias(name: &str, id: &str, seq: i64, expires_at: i64) -> TransitionWrite {
    let row = AliasRow {
        hash: hash(name),
        key: scope_and(name),
        fingerprint: fingerprint(id),
        answer: AliasAnswer::Transition(seq),
        at: now(),
        expires_at: Timestamp::from_micros(expires_at),
    };
    TransitionWrite { machine: SHOP, id: id.into(), row: HistoryRow::Alias(row) }
}

pub(super) fn scope_and(key: &str) -> Key {
    Key::new("customer", key).expect("a fit key")
}

/// The deltas of one account, with the entries they make; the account's place in the write follows.
pub(super) fn money(account: &str, deltas: &[i64]) -> (AccountWrite, Vec<EntryWrite>) {
    let (mut running, mut lowest, mut highest) = (0, i64::MAX, i64::MIN);
    for delta in deltas {
        running += delta;
        (lowest, highest) = (lowest.min(running), highest.max(running));
    }
    let entry = |(at, delta): (usize, &i64)| {
        let after = &deltas[at + 1..];
        let back = i64::try_from(after.len()).expect("a few");
        let number = EntryNumber::Counted(EntryPosition { account: 0, back, below: after.iter().sum() });
        let entry_no = i64::try_from(at).expect("a few") + 1;
        let step = StepEntry { machine: SHOP, id: "m".into(), seq: 1, entry_no };
        EntryWrite {
            account: account.into(),
            number,
            in_tail: false,
            delta: *delta,
            kind: "delta",
            hold: None,
            key: None,
            named: None,
            step: Some(step),
            next: None,
            metadata: None,
            refusal: None,
        }
    };
    let change = AccountWrite {
        account: account.into(),
        delta: running,
        reserved: 0,
        lowest,
        highest,
        entries: i64::try_from(deltas.len()).expect("a few"),
        expected: None,
        tallied: None,
        unit: None,
    };
    (change, deltas.iter().enumerate().map(entry).collect())
}

pub(super) fn message(entry_no: i64) -> MessageWrite {
    MessageWrite {
        message: NewMessage::stored("paid".into(), stored(&format!("message {entry_no}"))),
        headers: None,
        number: entry_no + 1,
        correlation: None,
        machine: SHOP,
        id: "m".into(),
        seq: 1,
        entry_no,
        at: Timestamp::from_micros(NOW),
    }
}

/// Writes to be put together.
pub(super) trait With: Sized {
    fn with_key(self, name: &str) -> Self;
    fn with_money(self, account: &str, deltas: &[i64]) -> Self;
    fn and(self, other: Self) -> Self;
}

/// Says of each entry which account of the write it is of.
pub(super) fn place<DB: Dialect>(write: &mut Write<DB>) {
    for entry in &mut write.entries {
        if let EntryNumber::Counted(position) = &mut entry.number {
            let place = write.accounts.iter().position(|row| row.account == entry.account).expect("its account");
            position.account = i64::try_from(place).expect("a few") + 1;
        }
    }
}

impl<DB: Dialect> With for Write<DB> {
    /// A key of the last transition.
    fn with_key(mut self, name: &str) -> Self {
        if let Some(HistoryRow::Transition(last)) = self.transitions.last_mut().map(|last| &mut last.row) {
            (last.key, last.hash) = (Some(scope_and(name)), Some(hash(name)));
        }
        self
    }

    fn with_money(mut self, account: &str, deltas: &[i64]) -> Self {
        let (change, entries) = money(account, deltas);
        self.accounts.push(change);
        self.accounts.sort_by(|one, other| one.account.cmp(&other.account));
        self.entries.extend(entries);
        place(&mut self);
        self
    }

    fn and(mut self, other: Self) -> Self {
        self.machines.extend(other.machines);
        self.machines.sort_by(|one, other| one.id.cmp(&other.id));
        self.transitions.extend(other.transitions);
        self.transitions.sort_by_key(|row| row.hash().copied());
        self.expired.extend(other.expired);
        self.accounts.extend(other.accounts);
        self.tallies.extend(other.tallies);
        self.entries.extend(other.entries);
        self.messages.extend(other.messages);
        self
    }
}
