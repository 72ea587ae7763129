//! Money against the bounds of accounts, item by item.

use std::collections::BTreeMap;

use crate::error::OutOfBounds;
use crate::machine::Move;

/// An account as far as deciding needs it, with what this decision has changed so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
}

impl Account {
    fn after(&self, delta: i64) -> Option<i64> {
        let balance = self.balance.checked_add(delta)?;
        let fits =
            self.floor.is_none_or(|floor| floor <= balance) && self.ceiling.is_none_or(|ceiling| balance <= ceiling);
        fits.then_some(balance)
    }
}

/// One entry to be made: an account and its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting<'a> {
    pub(crate) account: &'a str,
    pub(crate) delta: i64,
}

/// The entries that a step's moves make, in their order. `None` if an amount has no negative.
pub(crate) fn postings(moves: &[Move]) -> Option<Vec<Posting<'_>>> {
    let mut postings = Vec::with_capacity(moves.len() * 2);
    for change in moves {
        match change {
            Move::Delta { account, delta } => postings.push(Posting { account, delta: *delta }),
            Move::Transfer { from, to, amount } => {
                postings.push(Posting { account: from, delta: amount.checked_neg()? });
                postings.push(Posting { account: to, delta: *amount });
            }
        }
    }
    Some(postings)
}

/// Applies all postings to `accounts`, or none: with each, the account must stay within its bounds and within `i64`.
/// An account that is not there opens itself, unbounded.
pub(crate) fn settle(accounts: &mut BTreeMap<String, Account>, postings: &[Posting<'_>]) -> Result<(), OutOfBounds> {
    let mut changed: Vec<(&str, Account)> = Vec::with_capacity(postings.len());
    for posting in postings {
        let known = changed.iter().position(|(name, _)| *name == posting.account);
        let at = known.unwrap_or_else(|| {
            changed.push((posting.account, accounts.get(posting.account).copied().unwrap_or_default()));
            changed.len() - 1
        });
        let account = &mut changed[at].1;
        account.balance = account.after(posting.delta).ok_or_else(|| OutOfBounds {
            account: posting.account.to_owned(),
            balance: account.balance,
            delta: posting.delta,
            floor: account.floor,
            ceiling: account.ceiling,
        })?;
    }
    for (name, account) in changed {
        match accounts.get_mut(name) {
            Some(slot) => *slot = account,
            None => drop(accounts.insert(name.to_owned(), account)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(balance: i64) -> BTreeMap<String, Account> {
        BTreeMap::from([("purse".to_owned(), Account { balance, floor: Some(0), ceiling: Some(100) })])
    }

    fn try_all(accounts: &mut BTreeMap<String, Account>, deltas: &[(&str, i64)]) -> Result<(), OutOfBounds> {
        let postings: Vec<_> = deltas.iter().map(|&(account, delta)| Posting { account, delta }).collect();
        settle(accounts, &postings)
    }

    #[test]
    fn bounds_hold_at_every_posting_not_at_the_end_alone() {
        let mut accounts = purse(10);
        assert_eq!(try_all(&mut accounts, &[("purse", -11), ("purse", 5)]).unwrap_err().delta, -11);
        assert_eq!(try_all(&mut accounts, &[("purse", 90), ("purse", 1)]).unwrap_err().balance, 100);
        assert_eq!(accounts, purse(10));
        try_all(&mut accounts, &[("purse", 90), ("purse", -100)]).expect("both bounds touched");
        assert_eq!(accounts["purse"].balance, 0);
    }

    #[test]
    fn all_or_nothing() {
        let mut accounts = purse(10);
        try_all(&mut accounts, &[("till", 5), ("purse", -11)]).unwrap_err();
        assert_eq!(accounts, purse(10));
    }

    #[test]
    fn sixty_four_bits_are_a_bound() {
        let mut accounts = BTreeMap::new();
        try_all(&mut accounts, &[("till", i64::MAX)]).expect("fits");
        let error = try_all(&mut accounts, &[("till", 1)]).unwrap_err();
        assert_eq!((error.balance, error.floor, error.ceiling), (i64::MAX, None, None));
        assert!(postings(&[Move::Transfer { from: "a".into(), to: "b".into(), amount: i64::MIN }]).is_none());
    }
}
