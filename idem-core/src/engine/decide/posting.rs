//! Changes of the ledger under keys of their own.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::engine::answer::{Answer, AnswerValue, Answered, Refusal};
use crate::engine::decide::draft::{Missing, WriteDraft};
use crate::engine::decide::entry_origin::EntryOrigin;
use crate::engine::decide::ledger_draft::{DescribedEntry, Posted};
use crate::engine::decide::snapshot::{Asked, Snapshot};
use crate::engine::memory::outcomes::{Identity, Outcome};
use crate::engine::plan::{Assuming, Decided, Limits, Plan};
use crate::error::{Effect, Error, KeyReused, LedgerError, OutOfBounds};
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::model::claim::fence::Fence;
use crate::model::ledger::books::{Refused, out_of_range};
use crate::model::ledger::change::{LedgerChange, accounts_and_hold};
use crate::namespace::LEDGER;
use crate::store::Database;
use crate::store::key::{KeyUse, KnownKey};
use crate::store::ledger::rows::EntryRow;
use crate::wire::Stored;

/// One change of the ledger under a key of its own.
pub(crate) struct Posting {
    pub(crate) key: Key,
    pub(crate) hash: KeyHash,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) change: LedgerChange,
    /// What the caller notes with it.
    pub(crate) metadata: Option<Stored>,
    pub(crate) fence: Option<Fence>,
    /// The seq that the account must be at.
    pub(crate) expected: Option<i64>,
    /// A refusal uses up the key.
    pub(crate) remember_refusal: bool,
    /// Of several that are to be answered as if one came after the other.
    pub(crate) in_batch: bool,
}

impl<DB: Database> Plan<DB> for Posting {
    fn namespace(&self) -> &'static str {
        LEDGER
    }

    fn fence(&self) -> Option<&Fence> {
        self.fence.as_ref()
    }

    fn operation(&self) -> &'static str {
        self.change.kind()
    }

    fn key(&self) -> Option<&KeyHash> {
        Some(&self.hash)
    }

    fn identity(&self) -> Option<Identity<'_>> {
        Some(Identity { hash: &self.hash, fingerprint: &self.fingerprint, machine: None })
    }

    fn outcome(&self, answered: &Answered) -> Option<Outcome> {
        match answered {
            Ok(Answer { outcome: AnswerValue::Entries(entries), .. }) => Some(Outcome::Entries(entries.clone())),
            Err(refusal @ Refusal::Failed(error)) if Plan::<DB>::remembers(self, refusal) => {
                Some(Outcome::Refusal(error.repeat()))
            }
            _ => None,
        }
    }

    fn remembers(&self, refusal: &Refusal) -> bool {
        matches!(refusal, Refusal::Failed(error) if self.remember_refusal && Remembered::of(error).is_some())
    }

    fn size(&self) -> usize {
        const ROW: usize = 128;
        let metadata = self.metadata.as_ref().map_or(0, Stored::len);
        (ROW + metadata) * accounts_and_hold(&self.change).0.count().max(1)
    }

    fn locks(&self, tell: &mut dyn FnMut(&str, &str)) {
        let (accounts, hold) = accounts_and_hold(&self.change);
        for name in accounts.chain(hold) {
            tell(LEDGER, name);
        }
    }

    fn ask<'p>(&'p self, asked: &mut Asked<'p>) {
        asked.ledger_keys.insert(self.hash);
        let (accounts, hold) = accounts_and_hold(&self.change);
        asked.accounts.extend(accounts.cloned());
        asked.holds.extend(hold.cloned());
    }

    fn is_relative(&self) -> bool {
        let relative = matches!(
            self.change,
            LedgerChange::Delta { .. } | LedgerChange::Transfer { .. } | LedgerChange::Post { .. }
        );
        relative && DB::SUPPORTS_BLIND_WRITES && self.expected.is_none()
    }

    /// As if the key were new and nothing stood in the way: the write is relative to whatever the accounts hold.
    fn assume(&self, cx: &Assuming<'_>, snapshot: &mut Snapshot) -> bool {
        if !cx.own || !Plan::<DB>::is_relative(self) || cx.memory.knows(&self.hash) {
            return false;
        }
        for name in accounts_and_hold(&self.change).0 {
            snapshot.accounts.entry(name.clone()).or_insert_with(|| Some(cx.memory.accounts.assumed(name)));
        }
        true
    }

    fn decide(&self, draft: &mut WriteDraft<'_, DB>, _limits: &Limits) -> Decided {
        decide_posting(draft, self)
    }
}

fn decide_posting<DB: Database>(draft: &mut WriteDraft<'_, DB>, posting: &Posting) -> Decided {
    if let Some((fingerprint, entries)) = draft.ledger.posted(&posting.hash) {
        return Ok(if fingerprint == posting.fingerprint {
            Ok(drafted(entries, false))
        } else {
            Err(reused(posting, draft.now(), describe_entries(&draft.ledger.entries(entries))))
        });
    }
    if let Some(key) = draft.key(&posting.hash) {
        return Ok(answer_known(posting, key));
    }
    let Posting { key, expected, metadata, .. } = posting;
    let origin = EntryOrigin::Key { key, expected: *expected, metadata: metadata.as_ref() };
    let changes = std::slice::from_ref(&posting.change);
    match draft.ledger.post(draft.snapshot, &mut draft.needs, origin, changes) {
        Posted::Missing => Err(Missing),
        Posted::Entries(entries) if entries.is_empty() => {
            Ok(Err(Error::Internal { what: "a change of the ledger made no entry" }.into()))
        }
        Posted::Entries(entries) => {
            draft.ledger.note_posted(posting.hash, posting.fingerprint, entries.clone());
            Ok(Ok(drafted(entries, true)))
        }
        Posted::Refused(refused) => {
            let refused = match refused {
                // A batch is one write: called again, it would be refused again.
                Refused::SumOverflow { account, delta } if posting.in_batch => {
                    let row = draft.snapshot.accounts.get(&account).and_then(Option::as_ref);
                    out_of_range(&account, row.map_or(0, |row| row.balance), delta)
                }
                other => other,
            };
            // Its key and its accounts were read at once, and these not.
            draft.refused_late |= !(draft.snapshot.expired.is_empty() && draft.snapshot.tails.is_empty());
            if posting.in_batch || posting.remember_refusal {
                draft.ledger.compare(draft.snapshot, &refused, None);
            }
            if posting.remember_refusal
                && let Some(remembered) = Remembered::of(&Error::from(refused.clone()))
                && let Ok(outcome) = Stored::encode(&remembered)
            {
                let by = match remembered.by() {
                    RefusedBy::Account(account) => (account.into(), None),
                    RefusedBy::Hold(hold) => (draft.ledger.account_of(hold), Some(hold.into())),
                };
                draft.write_refusal(&posting.key, (posting.hash, posting.fingerprint), by, outcome);
            }
            Ok(Err(Error::from(refused).into()))
        }
    }
}

fn answer_known(posting: &Posting, key: &KnownKey) -> Answered {
    let same = key.fingerprint == posting.fingerprint || seeded_bug!("replay-without-fingerprint");
    let at = key.at;
    let forgotten = |effect| Err(Error::Forgotten { at, effect }.into());
    match (&key.used, same) {
        (KeyUse::Posting(entries), true) if entries.first().is_some_and(EntryRow::is_forgotten) => {
            forgotten(Effect::Applied)
        }
        (KeyUse::Refusal(refusal), true) if refusal.is_forgotten() => forgotten(Effect::NotApplied),
        (KeyUse::Posting(entries), true) => Ok(replay(entries)),
        (KeyUse::Posting(entries), false) => {
            let entries: Vec<_> = entries.iter().map(DescribedEntry::from).collect();
            Err(reused(posting, key.at, describe_entries(&entries)))
        }
        (KeyUse::Refusal(refusal), true) => Err(remembered(refusal).into()),
        (KeyUse::Refusal(_), false) => Err(reused(posting, key.at, "a change that was refused".to_owned())),
        (KeyUse::Command { .. } | KeyUse::Rejection { .. }, _) => {
            Err(Error::Internal { what: "a key of the ledger was used for a command" }.into())
        }
    }
}

fn drafted(entries: Range<usize>, fresh: bool) -> Answer {
    let at = Timestamp::from_micros(0);
    Answer { seq: 0, at, outcome: AnswerValue::Drafted(entries), fresh, superseded: false, state: None }
}

fn replay(entries: &[EntryRow]) -> Answer {
    let (seq, at) = entries.first().map_or((0, Timestamp::from_micros(0)), |first| (first.seq, first.at));
    Answer { seq, at, outcome: AnswerValue::Entries(entries.into()), fresh: false, superseded: false, state: None }
}

/// A refusal that used up its key.
#[derive(Serialize, Deserialize)]
enum Remembered {
    OutOfBounds {
        account: String,
        balance: i64,
        held: i64,
        delta: i64,
        floor: Option<i64>,
        ceiling: Option<i64>,
    },
    HoldSpent {
        hold: String,
    },
    HoldExpired {
        hold: String,
        /// In microseconds.
        at: i64,
    },
    HoldExceeded {
        hold: String,
        remaining: i64,
        amount: i64,
    },
}

/// What refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusedBy<'r> {
    Account(&'r str),
    Hold(&'r str),
}

impl Remembered {
    /// `None`: it is not for want of money, and not remembered.
    fn of(error: &Error) -> Option<Self> {
        match error {
            Error::OutOfBounds(bounds) => {
                let OutOfBounds { account, balance, held, delta, floor, ceiling } = (**bounds).clone();
                Some(Self::OutOfBounds { account, balance, held, delta, floor, ceiling })
            }
            Error::Ledger(error) => match (**error).clone() {
                LedgerError::HoldSpent { hold } => Some(Self::HoldSpent { hold }),
                LedgerError::HoldExpired { hold, at } => Some(Self::HoldExpired { hold, at: at.as_micros() }),
                LedgerError::HoldExceeded { hold, remaining, amount } => {
                    Some(Self::HoldExceeded { hold, remaining, amount })
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn by(&self) -> RefusedBy<'_> {
        match self {
            Self::OutOfBounds { account, .. } => RefusedBy::Account(account),
            Self::HoldSpent { hold } | Self::HoldExpired { hold, .. } | Self::HoldExceeded { hold, .. } => {
                RefusedBy::Hold(hold)
            }
        }
    }
}

impl From<Remembered> for Error {
    fn from(refusal: Remembered) -> Self {
        match refusal {
            Remembered::OutOfBounds { account, balance, held, delta, floor, ceiling } => {
                Self::OutOfBounds(Box::new(OutOfBounds { account, balance, held, delta, floor, ceiling }))
            }
            Remembered::HoldSpent { hold } => LedgerError::HoldSpent { hold }.into(),
            Remembered::HoldExpired { hold, at } => {
                LedgerError::HoldExpired { hold, at: Timestamp::from_micros(at) }.into()
            }
            Remembered::HoldExceeded { hold, remaining, amount } => {
                LedgerError::HoldExceeded { hold, remaining, amount }.into()
            }
        }
    }
}

/// Whether `stored` is a refusal by this account or hold.
pub(crate) fn is_refusal(stored: &Stored, by: RefusedBy<'_>) -> bool {
    stored.decode::<Remembered>().is_ok_and(|refusal| refusal.by() == by)
}

fn remembered(refusal: &Stored) -> Error {
    refusal.decode::<Remembered>().map_or_else(
        |source| Error::Undecodable {
            what: "a remembered refusal".to_owned(),
            effect: Effect::NotApplied,
            source: source.into(),
        },
        Error::from,
    )
}

fn reused(posting: &Posting, first_seen: Timestamp, first: String) -> Refusal {
    let mut second = describe_change(&posting.change);
    if posting.metadata.is_some() {
        let is_other = first.strip_suffix(METADATA).is_some_and(|first| first == second);
        second.push_str(if is_other { " with other metadata" } else { METADATA });
    }
    Error::KeyReused(Box::new(KeyReused::new(&posting.hash, first_seen, first, second))).into()
}

const METADATA: &str = " with metadata";

/// A posting that was made, in words.
fn describe_entries(entries: &[DescribedEntry<'_>]) -> String {
    let metadata = if entries.first().is_some_and(|first| first.has_metadata) { METADATA } else { "" };
    let change = match entries {
        [] => "a change".to_owned(),
        [only] if only.of_hold => format!("`{}` of a hold on {:?}", only.kind, only.account),
        [only] => format!("`{}` by {} on {:?}", only.kind, only.delta, only.account),
        [first, rest @ ..] => {
            let to = if let [other] = rest { format!(" to {:?}", other.account) } else { String::new() };
            format!("`{}` of {} from {:?}{to}", first.kind, first.delta.unsigned_abs(), first.account)
        }
    };
    change + metadata
}

/// A change that is asked for, in words.
fn describe_change(change: &LedgerChange) -> String {
    let kind = change.kind();
    match change {
        LedgerChange::Delta { account, delta } => format!("`{kind}` by {delta} on {:?}", &**account),
        LedgerChange::Set { account, balance } => format!("`{kind}` to {balance} on {:?}", &**account),
        LedgerChange::Transfer { from, to, amount } => {
            format!("`{kind}` of {amount} from {:?} to {:?}", &**from, &**to)
        }
        LedgerChange::Post { entries } => format!("`{kind}` of {} entries", entries.len()),
        LedgerChange::Hold { amount, .. } | LedgerChange::Capture { amount, .. } => {
            format!("`{kind}` of {amount} under {:?}", accounts_and_hold(change).1.map_or("", |hold| hold))
        }
        LedgerChange::Release { hold } => format!("`{kind}` of {:?}", &**hold),
    }
}
