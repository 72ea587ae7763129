//! Whether what callers were told fits the entries, in one pass over both.
//!
//! Each key that was acknowledged stands once among the entries, as it was acknowledged, to everybody the same; one that
//! was only refused does not stand there. A call that ended before another began has the lower number on an account that
//! both changed. Who asks after an acknowledgement is told the same again.

use std::collections::HashMap;

use idem_core::ledger::Entry;
use idem_core::{Database, Idem};

use crate::many_callers::{ACCOUNTS, TALLY};

/// What one call was told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) key: u64,
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) answer: Answer,
}

#[derive(Debug)]
pub(crate) enum Answer {
    Made { fresh: bool, legs: Vec<Leg> },
    Refused,
}

/// An entry without what all entries of a key share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Leg {
    account: u8,
    seq: u64,
    delta: i64,
    balance: Option<i64>,
    at: i64,
}

impl From<&Entry> for Leg {
    fn from(entry: &Entry) -> Self {
        let account = entry.account.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number");
        let Entry { seq, delta, balance, at, .. } = *entry;
        Self { account, seq, delta, balance, at: at.as_micros() }
    }
}

/// What is known of a key from all who asked.
struct Known {
    legs: Vec<Leg>,
    fresh: usize,
    /// When the call that made it began, and when the first that was told of it ended.
    began: u64,
    ended: u64,
}

pub(crate) async fn check<DB: Database>(idem: &Idem<DB>, told: Vec<Told>) {
    let (known, refused) = acknowledged(&told);
    let asked = told.len();
    assert!(known.values().all(|key| key.fresh == 1), "a key has one effect");
    for call in &told {
        let Some(key) = known.get(&call.key) else { continue };
        if call.began > key.ended {
            let again = matches!(&call.answer, Answer::Made { fresh: false, .. });
            assert!(again, "asked after it was acknowledged, and told otherwise: {call:?}");
        }
    }
    let mut stored: HashMap<u64, Vec<Leg>> = HashMap::new();
    for number in 0..ACCOUNTS {
        on_account(idem, number, &known, &mut stored).await;
    }
    assert_eq!(stored.len(), known.len(), "keys among the entries");
    for (key, mut legs) in stored {
        let mut acknowledged = known.get(&key).unwrap_or_else(|| panic!("{key} was not acknowledged")).legs.clone();
        acknowledged.sort();
        legs.sort();
        assert_eq!(legs, acknowledged, "the entries of {key}");
    }
    let report = idem.ledger().audit().await.expect("readable");
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(report.keys, known.len() as u64);
    assert!(refused > 0 && known.len() < asked, "nothing was refused or repeated");
    eprintln!("{asked} operations: {} keys, {} entries, {refused} refused", known.len(), report.entries);
}

/// What is known of each key that was made, and how many calls were refused.
fn acknowledged(told: &[Told]) -> (HashMap<u64, Known>, usize) {
    let (mut known, mut refused) = (HashMap::<u64, Known>::new(), 0);
    for call in told {
        let Answer::Made { fresh, legs } = &call.answer else {
            refused += 1;
            continue;
        };
        let key = known.entry(call.key).or_insert_with(|| Known {
            legs: legs.clone(),
            fresh: 0,
            began: u64::MAX,
            ended: call.ended,
        });
        assert_eq!(*legs, key.legs, "two answers of {}", call.key);
        key.ended = key.ended.min(call.ended);
        if *fresh {
            key.fresh += 1;
            key.began = call.began;
        }
    }
    (known, refused)
}

/// Walks along one account: balances follow one another, and numbers follow time.
async fn on_account<DB: Database>(
    idem: &Idem<DB>,
    number: u64,
    known: &HashMap<u64, Known>,
    stored: &mut HashMap<u64, Vec<Leg>>,
) {
    const PAGE: u32 = 10_000;
    let account = idem.ledger().account(format!("account {number}"));
    let (mut after, mut balance, mut latest) = (0, 0, 0);
    loop {
        let page = account.entries().after(after).limit(PAGE).await.expect("readable");
        for entry in &page {
            let key = entry.key.as_ref().expect("nothing expires here, and no step runs");
            let key: u64 = key.as_str().parse().expect("a number");
            let leg = Leg::from(entry);
            if account.name() != TALLY {
                balance += leg.delta;
                assert_eq!((entry.seq, entry.balance), (after + 1, Some(balance)), "{}", entry.account);
                let made = known.get(&key).unwrap_or_else(|| panic!("{key} was not acknowledged"));
                assert!(
                    made.ended >= latest,
                    "{key} ended before what made an earlier entry of {} began",
                    entry.account
                );
                latest = latest.max(made.began);
            }
            after = entry.seq;
            stored.entry(key).or_default().push(leg);
        }
        if page.len() < PAGE as usize {
            return;
        }
    }
}
