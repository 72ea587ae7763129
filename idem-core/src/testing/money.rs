//! What a step must do to accounts and holds, worked out from the documented rules alone: no line of this is shared with the
//! engine's books.

use std::collections::BTreeMap;
use std::fmt;

use crate::clock::Timestamp;
use crate::error::ErrorKind;
use crate::model::ledger::change::LedgerChange;

/// Accounts and holds as they should be.
#[derive(Debug, Clone, Default)]
pub(super) struct Money {
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) holds: BTreeMap<String, Hold>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) balance: i64,
    /// What is reserved by holds that are not in `Money::holds`.
    pub(super) held: i64,
    pub(super) floor: Option<i64>,
    pub(super) ceiling: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) account: String,
    pub(super) amount: i64,
    pub(super) remaining: i64,
    pub(super) expires_at: Option<Timestamp>,
}

/// Why the changes of a step cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfit {
    /// For want of money: `or_if_refused` is taken instead, or the call fails with this.
    Refused(ErrorKind),
    /// Whatever money there is.
    Meaningless(String),
}

impl Money {
    /// After all these changes at this time, or none of them.
    pub(super) fn after(&self, changes: &[LedgerChange], now: Timestamp) -> Result<Self, Unfit> {
        self.check_holds(changes)?;
        let mut after = self.clone();
        after.expire(now);
        for change in changes {
            after.make(change, now)?;
        }
        Ok(after)
    }

    /// What is reserved of an account at this time.
    pub(super) fn held(&self, account: &str, now: Timestamp) -> i64 {
        let unknown = self.accounts.get(account).map_or(0, |account| account.held);
        let reserving = self.holds.values().filter(|hold| hold.account == account && !hold.has_expired(now));
        reserving.map(|hold| hold.remaining).fold(unknown, i64::saturating_add)
    }

    /// Whether time alone may end a hold of the account.
    pub(super) fn may_expire(&self, account: &str) -> bool {
        self.holds.values().any(|hold| hold.account == account && hold.expires_at.is_some())
    }

    /// A name of a hold that is opened twice, or never.
    fn check_holds(&self, changes: &[LedgerChange]) -> Result<(), Unfit> {
        let mut opened: Vec<&str> = Vec::new();
        for change in changes {
            let (name, opens) = match change {
                LedgerChange::Hold { hold, .. } => (&**hold, true),
                LedgerChange::Capture { hold, .. } | LedgerChange::Release { hold } => (&**hold, false),
                _ => continue,
            };
            let is_open = self.holds.contains_key(name) || opened.contains(&name);
            if opens && is_open {
                let problem = format!("a hold {name:?} is open already, and each needs a name of its own");
                return Err(Unfit::Meaningless(problem));
            }
            if !opens && !is_open {
                let remedy = "if a sample names it, let each case begin with it, by `Explorer::hold`";
                return Err(Unfit::Meaningless(format!("no hold {name:?} was opened before; {remedy}")));
            }
            opened.push(name);
        }
        Ok(())
    }

    fn expire(&mut self, now: Timestamp) {
        for hold in self.holds.values_mut().filter(|hold| hold.has_expired(now)) {
            hold.remaining = 0;
        }
    }

    fn make(&mut self, change: &LedgerChange, now: Timestamp) -> Result<(), Unfit> {
        match change {
            LedgerChange::Delta { account, delta } => self.add(account, *delta),
            LedgerChange::Set { account, balance } => {
                let before = self.accounts.get(&**account).map_or(0, |account| account.balance);
                self.add(account, balance.checked_sub(before).ok_or(Unfit::Refused(ErrorKind::OutOfBounds))?)
            }
            LedgerChange::Transfer { from, to, amount } => {
                self.add(from, amount.checked_neg().ok_or(Unfit::Refused(ErrorKind::OutOfBounds))?)?;
                self.add(to, *amount)
            }
            LedgerChange::Post { entries } => entries.iter().try_for_each(|(account, delta)| self.add(account, *delta)),
            LedgerChange::Hold { account, hold, amount, expires } => {
                let expires_at = expires.map(|lifetime| now.saturating_add(lifetime));
                let opened = Hold { account: account.to_string(), amount: *amount, remaining: *amount, expires_at };
                self.holds.insert(hold.to_string(), opened);
                self.add(account, 0)
            }
            LedgerChange::Capture { hold, amount, to } => {
                let found = self.holds.get_mut(&**hold).filter(|hold| !hold.has_expired(now));
                let found = found.filter(|hold| *amount <= hold.remaining && (hold.remaining > 0 || hold.amount == 0));
                let found = found.ok_or(Unfit::Refused(ErrorKind::Ledger))?;
                found.remaining -= amount;
                let account = found.account.clone();
                self.add(&account, amount.saturating_neg())?;
                to.as_ref().map_or(Ok(()), |to| self.add(to, *amount))
            }
            LedgerChange::Release { hold } => {
                if let Some(hold) = self.holds.get_mut(&**hold) {
                    hold.remaining = 0;
                }
                Ok(())
            }
        }
    }

    /// Changes a balance, if it stays within the account's bounds and 64 bits. What a hold of this very step reserves counts,
    /// however soon it expires.
    fn add(&mut self, name: &str, delta: i64) -> Result<(), Unfit> {
        let refused = || Unfit::Refused(ErrorKind::OutOfBounds);
        let reserved = self.holds.values().filter(|hold| hold.account == name).map(|hold| hold.remaining);
        let held = reserved.fold(0, i64::saturating_add);
        let account = self.accounts.entry(name.to_owned()).or_default();
        let balance = account.balance.checked_add(delta).ok_or_else(refused)?;
        let available = balance.checked_sub(held.saturating_add(account.held)).ok_or_else(refused)?;
        if account.floor.is_some_and(|floor| available < floor) || account.ceiling.is_some_and(|most| balance > most) {
            return Err(refused());
        }
        account.balance = balance;
        Ok(())
    }
}

impl Hold {
    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(kind) => write!(f, "{kind:?}: the accounts and holds do not have the money"),
            Self::Meaningless(problem) => f.write_str(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    fn wallet(balance: i64) -> Money {
        let wallet = Account { balance, floor: Some(0), ..Account::default() };
        Money { accounts: [("wallet".to_owned(), wallet)].into(), ..Money::default() }
    }

    fn hold(amount: i64, expires: Option<Duration>) -> LedgerChange {
        LedgerChange::Hold { account: "wallet".into(), hold: "h".into(), amount, expires }
    }

    fn capture(amount: i64) -> LedgerChange {
        LedgerChange::Capture { hold: "h".into(), amount, to: Some("shop".into()) }
    }

    #[test]
    fn hold_in_memory_reserves_until_captured_released_or_expired() {
        let held = wallet(100).after(&[hold(60, Some(Duration::from_secs(1)))], NOW).expect("the money is there");
        let (later, spend) = (NOW.saturating_add(Duration::from_secs(1)), |delta| LedgerChange::Delta {
            account: "wallet".into(),
            delta,
        });
        assert_eq!((held.held("wallet", NOW), held.held("wallet", later)), (60, 0));
        assert_eq!(held.after(&[spend(-41)], NOW).expect_err("reserved"), Unfit::Refused(ErrorKind::OutOfBounds));
        assert!(held.after(&[spend(-41)], later).is_ok());
        assert_eq!(held.after(&[capture(1)], later).expect_err("expired"), Unfit::Refused(ErrorKind::Ledger));
        let captured = held.after(&[capture(50)], NOW).expect("held");
        assert_eq!((captured.accounts["wallet"].balance, captured.held("wallet", NOW)), (50, 10));
        assert!(captured.after(&[capture(11)], NOW).is_err());
        let released = captured.after(&[LedgerChange::Release { hold: "h".into() }], NOW).expect("some is left");
        assert_eq!((released.accounts["shop"].balance, released.held("wallet", NOW)), (50, 0));
        assert!(released.after(&[capture(0)], NOW).is_err(), "spent");
    }

    #[test]
    fn hold_in_memory_has_one_name_and_is_opened_before_use() {
        assert!(matches!(wallet(9).after(&[capture(1)], NOW), Err(Unfit::Meaningless(_))));
        assert!(matches!(wallet(9).after(&[hold(1, None), hold(1, None)], NOW), Err(Unfit::Meaningless(_))));
        assert!(wallet(9).after(&[hold(1, None), capture(1)], NOW).is_ok());
        assert_eq!(wallet(9).after(&[hold(10, None)], NOW).expect_err("9"), Unfit::Refused(ErrorKind::OutOfBounds));
    }
}
