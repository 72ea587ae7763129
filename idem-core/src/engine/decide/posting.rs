//! Decides one change of the ledger, and puts its answer together once it is written.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::engine::decide::draft::{Draft, Missing};
use crate::engine::decide::ledger_draft::Maker;
use crate::engine::plan::{Answer, Answered, Posting, Refusal, Value};
use crate::error::{Effect, Error, KeyReused, OutOfBounds};
use crate::model::ledger::books::Refused;
use crate::model::ledger::change::{LedgerChange, accounts_and_hold};
use crate::namespace::LEDGER;
use crate::store::rows::{After, EntryRow, KeyWrite, Named, Write};
use crate::wire::Stored;

pub(super) fn decide_posting(draft: &mut Draft<'_>, item: &Posting) -> Result<Answered, Missing> {
    if let Some((fingerprint, entries)) = draft.posted(&item.hash) {
        return Ok(if fingerprint == item.fingerprint {
            Ok(drafted(entries, false))
        } else {
            Err(reused(item, draft.now(), "another change in the same batch".to_owned()))
        });
    }
    if let Some(row) = draft.key(&item.hash) {
        let same = row.fingerprint == item.fingerprint.0 || seeded_bug!("replay-without-fingerprint");
        return Ok(match (&row.named, same) {
            (Named::Entries(entries), true) => Ok(replay(entries)),
            (Named::Entries(entries), false) => Err(reused(item, row.at, told(entries))),
            (Named::Outcome(refusal), true) => Err(remembered(refusal).into()),
            (Named::Outcome(_), false) => Err(reused(item, row.at, "a change that was refused".to_owned())),
            (Named::Run(_) | Named::Gone, _) => Err(lost_entry(&row.target, row.seq).into()),
        });
    }
    match draft.post(Maker::Posting(item), std::slice::from_ref(&item.change))? {
        Ok(entries) => {
            let (target, seq) = match draft.write.entries.get(entries.start) {
                Some(entry) => (entry.account.clone(), entry.seq),
                None => return Ok(Err(lost_entry("", 0).into())),
            };
            let seq = seq.unwrap_or_else(|| draft.seq_as_decided(entries.start));
            let key = KeyWrite { entry: Some(entries.start), ..key(item, target, seq) };
            draft.write.keys.push(key);
            draft.know_posted(item.hash, item.fingerprint, entries.clone());
            Ok(Ok(drafted(entries, true)))
        }
        Err(Refused::OutOfBounds(bounds)) if item.remember_refusal => {
            if let Ok(outcome) = Stored::encode(&Remembered::from(&bounds)) {
                let target = bounds.account.as_str().into();
                draft.write.keys.push(KeyWrite { outcome: Some(outcome), ..key(item, target, 0) });
            }
            Ok(Err(Error::from(Refused::OutOfBounds(bounds)).into()))
        }
        Err(refused) => Ok(Err(Error::from(refused).into())),
    }
}

fn key(item: &Posting, target: std::sync::Arc<str>, seq: i64) -> KeyWrite {
    let (hash, fingerprint) = (item.hash, item.fingerprint);
    KeyWrite { hash, surface: LEDGER, target, seq, entry: None, fingerprint, expires_at: None, outcome: None }
}

fn drafted(entries: Range<usize>, fresh: bool) -> Answer {
    let at = Timestamp::from_micros(0);
    Answer { seq: 0, at, outcome: Value::Drafted(entries), fresh, superseded: false }
}

fn replay(entries: &[EntryRow]) -> Answer {
    let (seq, at) = entries.first().map_or((0, Timestamp::from_micros(0)), |first| (first.seq, first.at));
    Answer { seq, at, outcome: Value::Entries(entries.to_vec()), fresh: false, superseded: false }
}

/// Puts the entries of a write into the answers that wait for them: what was counted from accounts is counted from the
/// accounts as they are after it.
pub(crate) fn fill_in(answers: &mut [Answered], write: &Write, after: &After) {
    for answer in answers.iter_mut().flatten() {
        let Value::Drafted(places) = &answer.outcome else { continue };
        let entries: Vec<EntryRow> = places.clone().filter_map(|place| entry(write, after, place)).collect();
        if let Some(first) = entries.first() {
            (answer.seq, answer.at) = (first.seq, first.at);
        }
        answer.outcome = Value::Entries(entries);
    }
}

/// The entry at a place of the write, as it is stored.
fn entry(write: &Write, after: &After, place: usize) -> Option<EntryRow> {
    let drafted = write.entries.get(place)?;
    let numbers = |place: usize| {
        let drafted = write.entries.get(place)?;
        if let Some(seq) = drafted.seq {
            return Some((seq, None, after.now));
        }
        let position = write.accounts.binary_search_by(|account| account.account.cmp(&drafted.account)).ok()?;
        let (account, funded) = (write.accounts.get(position)?, after.accounts.get(position)?);
        let balance = funded.balance - (account.delta - drafted.running);
        Some((funded.seq - (account.entries - drafted.nth), Some(balance), funded.at))
    };
    let (seq, balance, at) = numbers(place)?;
    let next = drafted.next.and_then(|next| Some((write.entries.get(next)?.account.clone(), numbers(next)?.0)));
    Some(EntryRow {
        account: drafted.account.clone(),
        seq,
        delta: drafted.delta,
        balance,
        at,
        kind: drafted.kind.into(),
        hold: drafted.hold.clone(),
        key: drafted.key.as_ref().map(|key| (key.scope().to_owned(), key.as_str().to_owned())),
        step: drafted.step.as_ref().map(|step| (step.machine.to_owned(), step.id.to_string(), step.seq)),
        next,
    })
}

/// A refusal that used up its key.
#[derive(Serialize, Deserialize)]
struct Remembered {
    account: String,
    balance: i64,
    held: i64,
    delta: i64,
    floor: Option<i64>,
    ceiling: Option<i64>,
}

impl From<&OutOfBounds> for Remembered {
    fn from(bounds: &OutOfBounds) -> Self {
        let OutOfBounds { account, balance, held, delta, floor, ceiling } = bounds.clone();
        Self { account, balance, held, delta, floor, ceiling }
    }
}

/// Whether `stored` is a refusal of a change of `account`.
pub(crate) fn is_refusal(stored: &Stored, account: &str) -> bool {
    stored.decode::<Remembered>().is_ok_and(|refusal| refusal.account == account)
}

fn remembered(refusal: &Stored) -> Error {
    match refusal.decode() {
        Ok(Remembered { account, balance, held, delta, floor, ceiling }) => {
            Error::OutOfBounds(Box::new(OutOfBounds { account, balance, held, delta, floor, ceiling }))
        }
        Err(source) => Error::Undecodable {
            what: "a remembered refusal".to_owned(),
            effect: Effect::NotApplied,
            source: source.into(),
        },
    }
}

fn reused(item: &Posting, first_seen: Timestamp, first: String) -> Refusal {
    Error::KeyReused(Box::new(KeyReused::new(&item.hash, first_seen, first, asked(&item.change)))).into()
}

/// A posting that was made, in words.
fn told(entries: &[EntryRow]) -> String {
    match entries {
        [] => "a change".to_owned(),
        [only] if only.hold.is_some() => format!("`{}` of a hold on {:?}", only.kind, &*only.account),
        [only] => format!("`{}` by {} on {:?}", only.kind, only.delta, &*only.account),
        [first, rest @ ..] => {
            let to = if let [other] = rest { format!(" to {:?}", &*other.account) } else { String::new() };
            format!("`{}` of {} from {:?}{to}", first.kind, first.delta.unsigned_abs(), &*first.account)
        }
    }
}

/// A change that is asked for, in words.
fn asked(change: &LedgerChange) -> String {
    let kind = change.kind();
    match change {
        LedgerChange::Delta { account, delta } => format!("`{kind}` by {delta} on {:?}", &**account),
        LedgerChange::Set { account, balance } => format!("`{kind}` to {balance} on {:?}", &**account),
        LedgerChange::Transfer { from, to, amount } => {
            format!("`{kind}` of {amount} from {:?} to {:?}", &**from, &**to)
        }
        LedgerChange::Post { legs } => format!("`{kind}` of {} entries", legs.len()),
        LedgerChange::Hold { amount, .. } | LedgerChange::Capture { amount, .. } => {
            format!("`{kind}` of {amount} under {:?}", accounts_and_hold(change).1.map_or("", |hold| hold))
        }
        LedgerChange::Release { hold } => format!("`{kind}` of {:?}", &**hold),
    }
}

fn lost_entry(account: &str, seq: i64) -> Error {
    Error::Undecodable {
        what: format!("entry {seq} of account {account:?}"),
        effect: Effect::Applied,
        source: "its row is gone".into(),
    }
}
