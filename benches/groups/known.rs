//! Calls of which some repeat what was done before.

use std::sync::{Arc, Mutex, PoisonError};

use idem_core::{Database, Idem, Key};

use crate::drive::{Call, call};
use crate::machine::{Bar, Tab, tab};
use crate::{ACCOUNTS, MACHINES, mix};

/// How many of the newest requests may be repeated.
const KEPT: usize = 10_000;

/// Requests that were answered, the newest of them.
pub(crate) struct Known<R> {
    kept: Mutex<Vec<R>>,
    /// Of so many calls one repeats a request.
    every: u64,
}

impl<R: Clone> Known<R> {
    fn new(every: u64) -> Arc<Self> {
        Arc::new(Self { kept: Mutex::default(), every })
    }

    /// A request to repeat, if it is the turn of one and one is known. With `every` of 1 the first ones fill what is kept.
    fn repeated(&self, nth: u64) -> Option<R> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = if self.every == 1 { KEPT / 10 } else { 1 };
        let at = usize::try_from(mix(nth)).unwrap_or(0).checked_rem(kept.len())?;
        (nth.is_multiple_of(self.every) && kept.len() >= enough).then(|| kept.get(at).cloned()).flatten()
    }

    fn keep(&self, nth: u64, request: R) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = usize::try_from(nth).unwrap_or(0) % KEPT;
        match kept.get_mut(at) {
            Some(place) => *place = request,
            None => kept.push(request),
        }
    }
}

impl Known<()> {
    /// Changes of accounts, of which every so-manieth is a repeat.
    pub(crate) fn deltas<DB: Database>(idem: &Idem<DB>, every: u64) -> Call {
        let (ledger, known) = (idem.ledger(), Known::<(Key, u64)>::new(every));
        call(move |nth| {
            let (ledger, known) = (ledger.clone(), known.clone());
            async move {
                let repeated = known.repeated(nth);
                let is_repeat = repeated.is_some();
                let (key, account) = match repeated {
                    Some(request) => request,
                    None => (Key::random("bench")?, mix(nth) % ACCOUNTS),
                };
                let made = ledger.account(format!("account-{account}")).apply_delta(&key, 1).await?;
                if made.is_replay() != is_repeat {
                    return Err("a repeat is a replay, and nothing else is".into());
                }
                if !is_repeat {
                    known.keep(nth, (key, account));
                }
                Ok(())
            }
        })
    }

    /// Commands, of which every so-manieth is a repeat.
    pub(crate) fn commands<DB: Database>(idem: &Idem<DB>, every: u64) -> Call {
        let (tabs, known) = (Tab::stored(idem, Bar), Known::<(Key, u64)>::new(every));
        call(move |nth| {
            let (tabs, known) = (tabs.clone(), known.clone());
            async move {
                let repeated = known.repeated(nth);
                let is_repeat = repeated.is_some();
                let (key, first) = match repeated {
                    Some(request) => request,
                    None => (Key::random("bench")?, nth),
                };
                let add = tab::Add { amount: 1, reference: format!("reference-{first:012}") };
                let made = tabs.at(format!("tab-{}", mix(first) % MACHINES)).add(&key, add).await?;
                if made.is_replay() != is_repeat {
                    return Err("a repeat is a replay, and nothing else is".into());
                }
                if !is_repeat {
                    known.keep(nth, (key, first));
                }
                Ok(())
            }
        })
    }
}
