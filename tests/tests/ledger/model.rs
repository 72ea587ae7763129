//! The ledger as its documentation says it is, in maps.

use std::collections::BTreeMap;

use idem_core::ErrorKind;

use crate::plan::{ACCOUNTS, Call, TALLY};

/// One leg of an outcome: account, number (0 in a tally), delta, balance.
pub(crate) type Leg = (usize, u64, i64, Option<i64>);

/// What a call is answered with: fresh or not, and its legs.
pub(crate) type Told = Result<(bool, Vec<Leg>), ErrorKind>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    pub(crate) held: i64,
    pub(crate) seq: u64,
    floor: Option<i64>,
    ceiling: Option<i64>,
    closed: bool,
}

#[derive(Debug, Clone)]
struct Hold {
    account: usize,
    amount: i64,
    left: i64,
    expired: bool,
}

/// What a key stands for: the request, and its outcome.
type Known = (String, Result<Vec<Leg>, ErrorKind>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) accounts: BTreeMap<usize, Account>,
    holds: BTreeMap<u32, Hold>,
    keys: BTreeMap<u32, Known>,
}

/// A part of a change: account, delta, and of which hold it changes what is reserved by how much.
type Part = (usize, i64, Option<(u32, i64)>);

fn tally(account: usize) -> bool {
    account == TALLY
}

fn euro(account: usize) -> bool {
    ACCOUNTS[account].starts_with("euro")
}

impl Model {
    /// One answer, or one for each item of a batch.
    pub(crate) fn call(&mut self, key: u32, call: &Call) -> Vec<Told> {
        match call {
            Call::Batch { items } => {
                items.iter().map(|&(account, key, delta)| self.keyed(key, &Call::Delta { account, delta })).collect()
            }
            Call::Open { account, floor, ceiling } => vec![self.open(*account, *floor, *ceiling)],
            Call::Close { account } => vec![self.close(*account)],
            call => vec![self.keyed(key, call)],
        }
    }

    fn keyed(&mut self, key: u32, call: &Call) -> Told {
        let request = request(call);
        if let Some((first, outcome)) = self.keys.get(&key) {
            return if *first == request {
                outcome.clone().map(|legs| (false, legs))
            } else {
                Err(ErrorKind::KeyReused)
            };
        }
        let outcome = loop {
            match self.change(key, call) {
                Err((ErrorKind::OutOfBounds, account)) if self.let_go(account) => {}
                Err((kind, _)) => break Err(kind),
                Ok(legs) => break Ok(legs),
            }
        };
        let remembers = matches!(call, Call::Remembered { .. }) && outcome == Err(ErrorKind::OutOfBounds);
        if outcome.is_ok() || remembers {
            self.keys.insert(key, (request, outcome.clone()));
        }
        outcome.map(|legs| (true, legs))
    }

    /// Expired holds make way where the money is needed; whether there were any.
    fn let_go(&mut self, account: usize) -> bool {
        let state = self.accounts.entry(account).or_default();
        let mut any = false;
        for hold in self.holds.values_mut().filter(|hold| hold.account == account && hold.expired && hold.left > 0) {
            state.held -= hold.left;
            state.seq += 1;
            hold.left = 0;
            any = true;
        }
        any
    }

    fn change(&mut self, key: u32, call: &Call) -> Result<Vec<Leg>, (ErrorKind, usize)> {
        let unlawful = Err((ErrorKind::Ledger, 0));
        let parts: Vec<Part> = match call {
            Call::Delta { account, delta } | Call::Remembered { account, delta } => vec![(*account, *delta, None)],
            Call::DeltaAt { account, ahead, delta } => {
                if tally(*account) || *ahead > 0 {
                    return unlawful;
                }
                vec![(*account, *delta, None)]
            }
            Call::Set { account, .. } if tally(*account) => return unlawful,
            Call::Set { account, balance } => {
                vec![(*account, balance - self.accounts.get(account).map_or(0, |account| account.balance), None)]
            }
            Call::Transfer { from, to, amount } => vec![(*from, -amount, None), (*to, *amount, None)],
            Call::Post { legs } => {
                let sum = |of: bool| legs.iter().filter(|(at, _)| euro(*at) == of).map(|(_, delta)| delta).sum::<i64>();
                if legs.len() < 2 || sum(true) != 0 || sum(false) != 0 {
                    return unlawful;
                }
                legs.iter().map(|&(account, delta)| (account, delta, None)).collect()
            }
            Call::Hold { account, amount, .. } if *amount < 0 || tally(*account) => return unlawful,
            Call::Hold { account, amount, .. } => vec![(*account, 0, Some((key, *amount)))],
            Call::Capture { hold, to, amount } => match self.holds.get(hold) {
                Some(found) if !found.expired && (found.left > 0 || found.amount == 0) => {
                    if *amount < 0 || *amount > found.left {
                        return unlawful;
                    }
                    vec![(found.account, -amount, Some((*hold, -amount))), (*to, *amount, None)]
                }
                _ => return unlawful,
            },
            Call::Release { hold } => match self.holds.get(hold) {
                Some(found) => vec![(found.account, 0, Some((*hold, -found.left)))],
                None => return unlawful,
            },
            Call::Batch { .. } | Call::Open { .. } | Call::Close { .. } => return unlawful,
        };
        if let [(from, ..), (to, ..)] = parts[..]
            && euro(from) != euro(to)
        {
            return unlawful;
        }
        if parts.iter().any(|(at, ..)| self.accounts.get(at).is_some_and(|account| account.closed)) {
            return unlawful;
        }
        let before = self.accounts.clone();
        let legs: Result<Vec<Leg>, _> = parts.iter().map(|part| self.part(*part)).collect();
        if legs.is_err() {
            self.accounts = before;
            return legs;
        }
        if let Call::Hold { account, amount, expired } = call {
            self.holds.insert(key, Hold { account: *account, amount: *amount, left: 0, expired: *expired });
        }
        for (hold, reserved) in parts.iter().filter_map(|(.., hold)| *hold) {
            self.holds.get_mut(&hold).expect("it exists by now").left += reserved;
        }
        legs
    }

    fn part(&mut self, (at, delta, hold): Part) -> Result<Leg, (ErrorKind, usize)> {
        let account = self.accounts.entry(at).or_default();
        let balance = account.balance + delta;
        let reserved = account.held + hold.map_or(0, |(_, reserved)| reserved);
        let fits = account.floor.is_none_or(|floor| balance - reserved >= floor)
            && account.ceiling.is_none_or(|ceiling| balance <= ceiling);
        if !fits {
            return Err((ErrorKind::OutOfBounds, at));
        }
        (account.balance, account.held) = (balance, reserved);
        if tally(at) {
            return Ok((at, 0, delta, None));
        }
        account.seq += 1;
        Ok((at, account.seq, delta, Some(balance)))
    }

    fn open(&mut self, at: usize, floor: Option<i64>, ceiling: Option<i64>) -> Told {
        let account = self.accounts.entry(at).or_default();
        if account.closed {
            return Err(ErrorKind::Ledger);
        }
        if (account.floor, account.ceiling) != (floor, ceiling) {
            if account.floor.is_some() || account.ceiling.is_some() {
                return Err(ErrorKind::Ledger);
            }
            let low = floor.is_some_and(|floor| account.balance - account.held < floor);
            if low || ceiling.is_some_and(|ceiling| account.balance > ceiling) {
                return Err(ErrorKind::OutOfBounds);
            }
            (account.floor, account.ceiling) = (floor, ceiling);
        }
        Ok((true, Vec::new()))
    }

    fn close(&mut self, at: usize) -> Told {
        let account = self.accounts.entry(at).or_default();
        if !account.closed && (tally(at) || account.balance != 0 || account.held != 0) {
            return Err(ErrorKind::Ledger);
        }
        account.closed = true;
        Ok((true, Vec::new()))
    }
}

/// What makes two calls one request: how it is remembered and what is expected are no part of it.
fn request(call: &Call) -> String {
    match call {
        Call::Remembered { account, delta } | Call::DeltaAt { account, delta, .. } => {
            format!("{:?}", Call::Delta { account: *account, delta: *delta })
        }
        call => format!("{call:?}"),
    }
}
