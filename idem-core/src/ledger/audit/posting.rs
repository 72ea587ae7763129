//! What one entry proves: its kind, its key, its transition and the posting it belongs to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::ledger::audit::fetch::Evidence;
use crate::ledger::audit::finding::FindingKind;
use crate::ledger::request::fingerprint;
use crate::model::ledger::change::LedgerChange;
use crate::store::ledger::rows::{EntryRow, PostingEntry};

/// What is wrong with an entry, seen with what it points to; `before` is the time of the entry before it.
pub(super) fn damage(of: &Evidence, before: Timestamp, found: &mut Vec<FindingKind>) {
    let entry = &of.entry;
    if of.torn {
        found.push(FindingKind::PartialColumns);
    }
    if !kind_fits(entry) {
        found.push(FindingKind::Kind);
    }
    match (&entry.key, &entry.step) {
        (None, None) if &*entry.kind == "expire" && of.step_entry_no.is_none() => {}
        (Some(_), None) if of.step_entry_no.is_none() => by_key(of, before, found),
        (None, Some((_, _, _))) if of.step_entry_no.is_some() => by_step(of, found),
        (_, Some(_)) => found.push(FindingKind::Step),
        _ => found.push(FindingKind::Key),
    }
    if entry.key.is_none() && of.named.is_some() {
        found.push(FindingKind::Key);
    }
    if of.is_head() {
        whole(of, found);
    }
}

/// Of a posting one entry has its key: one more is another key's, and none makes its entries strays.
fn by_key(of: &Evidence, before: Timestamp, found: &mut Vec<FindingKind>) {
    let entry = &of.entry;
    if of.key.is_none() && !entry.is_forgotten() {
        found.push(FindingKind::Key);
        return;
    }
    if entry.metadata.as_ref().is_some_and(|noted| noted.is_forgotten() != entry.is_forgotten()) {
        found.push(FindingKind::PartlyErased);
    }
    if !of.has_key() && (of.named.is_some() || entry.next.is_none()) {
        found.push(FindingKind::Key);
    }
    if let (Some(key), Some((hold, _)), "hold") = (&of.key, &entry.hold, &*entry.kind)
        && **hold != *key.derive("hold").as_str()
    {
        found.push(FindingKind::Hold { hold: hold.to_string() });
    }
    if let (true, Some((_, stored))) = (of.has_key(), &of.named)
        && change(of).is_none_or(|change| fingerprint(&change, entry.metadata.as_ref()) != *stored)
        && !has_unknown_lifetime(of, before)
        && !(entry.is_forgotten() && entry.metadata.is_some())
    {
        found.push(FindingKind::Fingerprint);
    }
}

/// Whether a hold was asked for at a time that its entry does not tell: it is never before the entry before it, so that one may
/// have set it. Then the lifetime that was asked for is not known.
fn has_unknown_lifetime(of: &Evidence, before: Timestamp) -> bool {
    let expires = of.hold.as_ref().is_some_and(|hold| hold.expires_at.is_some());
    &*of.entry.kind == "hold" && expires && of.entry.at == before
}

fn by_step(of: &Evidence, found: &mut Vec<FindingKind>) {
    if of.command.as_ref().is_none_or(|command| command.command.starts_with('@')) {
        found.push(FindingKind::Step);
    }
}

/// Whether the kind is the one that entries of this shape have.
fn kind_fits(entry: &EntryRow) -> bool {
    let (alone, free) = (entry.next.is_none(), entry.key.is_none() && entry.step.is_none());
    let reserved = entry.hold.as_ref().map(|(_, reserved)| *reserved);
    match (&*entry.kind, reserved) {
        ("delta", None) => alone && !free,
        ("set", None) => alone && entry.key.is_some(),
        ("transfer", None) => !alone && !free,
        ("post", None) => !alone && entry.key.is_some(),
        ("hold", Some(0..)) | ("release", Some(..=0)) => alone && !free && entry.delta == 0,
        ("expire", Some(..0)) => alone && free && entry.delta == 0,
        ("capture", Some(reserved @ ..=0)) => !alone && !free && entry.delta == reserved,
        ("capture", None) => !alone && !free && entry.delta >= 0,
        _ => false,
    }
}

/// The posting is whole, and sums to zero in each unit.
fn whole(of: &Evidence, found: &mut Vec<FindingKind>) {
    let (entry, entries) = (&of.entry, &of.posting);
    let same = |other: &PostingEntry| {
        (&other.entry.kind, &other.entry.key, &other.entry.step, &other.entry.metadata)
            == (&entry.kind, &entry.key, &entry.step, &entry.metadata)
    };
    let back = entries.last().and_then(|last| last.entry.next.as_ref());
    let closes = back.is_some_and(|(account, seq)| (&**account, *seq) == (&*entry.account, entry.seq));
    let right_size = match &*entry.kind {
        "post" => entries.len() >= 2,
        _ => entries.len() == 2,
    };
    if !(closes && right_size && entries.iter().all(same) && (entry.step.is_none() || are_consecutive(entries))) {
        found.push(FindingKind::Posting);
        return;
    }
    let mut sums: BTreeMap<Option<&str>, i128> = BTreeMap::new();
    for each in entries {
        *sums.entry(each.unit.as_deref()).or_default() += i128::from(each.entry.delta);
    }
    let one_unit = &*entry.kind == "post" || sums.len() == 1;
    if !one_unit || sums.values().any(|sum| *sum != 0) {
        found.push(FindingKind::Unbalanced);
    }
}

/// The two entries of a step's transfer follow one another among the entries of the step.
fn are_consecutive(entries: &[PostingEntry]) -> bool {
    let [one, other] = entries else { return false };
    one.step_entry_no.zip(other.step_entry_no).is_some_and(|(one, other)| one.abs_diff(other) == 1)
}

/// The change that made an entry that has its key, as it was asked for.
fn change(of: &Evidence) -> Option<LedgerChange> {
    let entry = &of.entry;
    let account = entry.account.clone();
    Some(match (&*entry.kind, &entry.hold, &of.posting[..]) {
        ("delta", None, []) => LedgerChange::Delta { account, delta: entry.delta },
        ("set", None, []) => LedgerChange::Set { account, balance: entry.balance? },
        ("transfer", None, [from, to]) => LedgerChange::Transfer {
            from: from.entry.account.clone(),
            to: to.entry.account.clone(),
            amount: to.entry.delta,
        },
        ("post", None, entries) => LedgerChange::Post {
            entries: entries.iter().map(|each| (each.entry.account.clone(), each.entry.delta)).collect(),
        },
        ("hold", Some((hold, amount)), []) => {
            let expires_at = of.hold.as_ref()?.expires_at;
            let lifetime = |at: Timestamp| at.as_micros().checked_sub(entry.at.as_micros());
            let expires = expires_at.map(|at| lifetime(at).and_then(|micros| u64::try_from(micros).ok()));
            let expires = match expires {
                None => None,
                Some(micros) => Some(Duration::from_micros(micros?)),
            };
            LedgerChange::Hold { account, hold: hold.clone(), amount: *amount, expires }
        }
        ("capture", Some((hold, _)), [_, to]) => {
            LedgerChange::Capture { hold: hold.clone(), amount: to.entry.delta, to: Some(to.entry.account.clone()) }
        }
        ("release", Some((hold, _)), []) => LedgerChange::Release { hold: hold.clone() },
        _ => return None,
    })
}
