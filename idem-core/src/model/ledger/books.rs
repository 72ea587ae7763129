//! Money against accounts and holds, change by change.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::error::{Error, LedgerError, OutOfBounds};
use crate::map::Map;
use crate::model::ledger::change::{LedgerChange, accounts_and_hold};

/// An account as far as deciding needs it, with what the decisions so far have changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) balance: i64,
    /// What its holds reserve.
    pub(crate) held: i64,
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
    pub(crate) unit: Option<Arc<str>>,
    pub(crate) tally: bool,
    /// What the tail of a tally adds up to beside its balance, where it was looked at.
    pub(crate) tail: Option<i128>,
    pub(crate) closed: bool,
}

/// A hold as far as deciding needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) account: Arc<str>,
    pub(crate) amount: i64,
    pub(crate) remaining: i64,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Accounts and holds as the decisions so far have left them. A missing account is opened, unbounded.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) accounts: Map<Arc<str>, Account>,
    pub(crate) holds: Map<Arc<str>, Hold>,
}

/// Accounts and holds as they were.
#[derive(Debug, Default)]
struct Touched {
    accounts: Vec<(Arc<str>, Option<Account>)>,
    holds: Vec<(Arc<str>, Option<Hold>)>,
}

/// One entry to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntryDraft {
    pub(crate) account: Arc<str>,
    pub(crate) delta: i64,
    /// The hold it belongs to, and by how much it changes what is reserved.
    pub(crate) hold: Option<(Arc<str>, i64)>,
    pub(crate) link: Link,
}

/// Where a draft stands among those of its change: they form a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Alone,
    Next,
    /// The last of that many.
    Last(usize),
}

/// Why a change of money is refused.
#[derive(Debug, Clone)]
pub(crate) enum Refused {
    /// The money does not fit an account.
    OutOfBounds(OutOfBounds),
    /// The hold that is to be captured reserves too little, or nothing any more.
    Hold(LedgerError),
    /// The change has no meaning, whatever money there is.
    Invalid(LedgerError),
    /// With the changes before it in the same write, an account's sum leaves 64 bits. In a write of its own it may fit.
    #[cfg(feature = "_sql")]
    SumOverflow { account: Arc<str>, delta: i64 },
}

impl Refused {
    /// Whether money is what is missing: such a refusal can be an answer that is remembered.
    pub(crate) fn is_of_money(&self) -> bool {
        matches!(self, Self::OutOfBounds(_) | Self::Hold(_))
    }

    /// The account whose balance or entries it rests on, which others may change. What is left of a hold only falls.
    #[cfg(feature = "_sql")]
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::OutOfBounds(OutOfBounds { account, .. }) | Self::Invalid(LedgerError::Stale { account, .. }) => {
                Some(account)
            }
            Self::Hold(_) | Self::Invalid(_) | Self::SumOverflow { .. } => None,
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::OutOfBounds(bounds) => Self::OutOfBounds(Box::new(bounds)),
            Refused::Hold(error) | Refused::Invalid(error) => Self::Ledger(Box::new(error)),
            #[cfg(feature = "_sql")]
            Refused::SumOverflow { .. } => Self::Contention { attempts: 1 },
        }
    }
}

impl From<LedgerError> for Refused {
    fn from(error: LedgerError) -> Self {
        Self::Invalid(error)
    }
}

impl Books {
    /// Takes all changes into the books, or none of them, each after `check` has seen its drafts; gives the drafts of each.
    ///
    /// That a change has no meaning comes before that money is missing for one: the latter may be remembered.
    pub(crate) fn apply(
        &mut self,
        changes: &[LedgerChange],
        now: Timestamp,
        mut check: impl FnMut(&Self, &LedgerChange, &[EntryDraft]) -> Result<(), Refused>,
    ) -> Result<Vec<Vec<EntryDraft>>, Refused> {
        self.check_meaning(changes)?;
        let before = self.touched(changes);
        let taken: Result<_, _> = changes.iter().map(|change| self.apply_one(change, now, &mut check)).collect();
        if let (Err(_), Some(before)) = (&taken, before) {
            self.restore(before);
        }
        taken
    }

    fn apply_one(
        &mut self,
        change: &LedgerChange,
        now: Timestamp,
        check: &mut impl FnMut(&Self, &LedgerChange, &[EntryDraft]) -> Result<(), Refused>,
    ) -> Result<Vec<EntryDraft>, Refused> {
        let drafts = self.drafts(change, now)?;
        check(self, change, &drafts)?;
        if let LedgerChange::Hold { account, hold, amount, expires } = change {
            let expires_at = expires.map(|lifetime| now.saturating_add(lifetime));
            let opened = Hold { account: account.clone(), amount: *amount, remaining: 0, expires_at };
            self.holds.insert(hold.clone(), opened);
        }
        let settled = self.settle(&drafts);
        if let (Err(_), LedgerChange::Hold { hold, .. }) = (&settled, change) {
            self.holds.remove(hold);
        }
        settled.map(|()| drafts)
    }

    /// What several changes touch, as it is before them; one alone leaves nothing half-done.
    fn touched(&self, changes: &[LedgerChange]) -> Option<Touched> {
        if changes.len() < 2 {
            return None;
        }
        let mut before = Touched::default();
        for change in changes {
            let (accounts, hold) = accounts_and_hold(change);
            let known = hold.and_then(|hold| self.holds.get(hold));
            before.holds.extend(hold.map(|hold| (hold.clone(), known.cloned())));
            for name in accounts.chain(known.map(|hold| &hold.account)) {
                before.accounts.push((name.clone(), self.accounts.get(name).cloned()));
            }
        }
        Some(before)
    }

    fn restore(&mut self, before: Touched) {
        for (name, account) in before.accounts {
            match account {
                Some(account) => self.accounts.insert(name, account),
                None => self.accounts.remove(&name),
            };
        }
        for (name, hold) in before.holds {
            match hold {
                Some(hold) => self.holds.insert(name, hold),
                None => self.holds.remove(&name),
            };
        }
    }

    /// Gives an account bounds that its balance is within.
    pub(crate) fn set_bounds(
        &mut self,
        account: Arc<str>,
        floor: Option<i64>,
        ceiling: Option<i64>,
    ) -> Result<(), Refused> {
        let mut bounded = Account { floor, ceiling, ..self.accounts.get(&account).cloned().unwrap_or_default() };
        bounded.apply(&draft(&account, 0))?;
        self.accounts.insert(account, bounded);
        Ok(())
    }

    /// What holds of an account reserve that have not expired by `now`.
    pub(crate) fn held(&self, account: &str, now: Timestamp) -> i64 {
        let lasts = |hold: &&Hold| *hold.account == *account && hold.expires_at.is_none_or(|at| at > now);
        self.holds.values().filter(lasts).map(|hold| hold.remaining).sum()
    }

    /// Lets go what holds reserve that have expired by `now`.
    pub(crate) fn expire_holds(&mut self, now: Timestamp) {
        for hold in self.holds.values_mut().filter(|hold| hold.expires_at.is_some_and(|at| at <= now)) {
            if let Some(account) = self.accounts.get_mut(&hold.account) {
                account.held -= std::mem::take(&mut hold.remaining);
            }
        }
    }

    /// The holds of an account that reserve something and have expired by `now`, sorted.
    #[cfg(feature = "_sql")]
    pub(crate) fn expired(&self, account: &str, now: Timestamp) -> Vec<Arc<str>> {
        let is_expired = |hold: &Hold| {
            *hold.account == *account && hold.remaining > 0 && hold.expires_at.is_some_and(|at| at <= now)
        };
        let mut names: Vec<_> =
            self.holds.iter().filter(|(_, hold)| is_expired(hold)).map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names
    }

    #[cfg(feature = "_sql")]
    pub(crate) fn is_tally(&self, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|account| account.tally)
    }

    /// The entries that a change makes. The accounts and holds it names are in the books, if they exist.
    fn drafts(&self, change: &LedgerChange, now: Timestamp) -> Result<Vec<EntryDraft>, Refused> {
        match change {
            LedgerChange::Delta { account, delta } => Ok(vec![draft(account, *delta)]),
            LedgerChange::Set { account, balance } => {
                let before = self.accounts.get(account).map_or(0, |account| account.balance);
                let delta = balance.checked_sub(before);
                Ok(vec![draft(account, delta.ok_or_else(|| out_of_range(account, before, *balance))?)])
            }
            LedgerChange::Transfer { from, to, amount } => {
                let negative = amount.checked_neg().ok_or_else(|| Refused::OutOfBounds(OutOfBounds::no_negative()))?;
                Ok(linked(vec![draft(from, negative), draft(to, *amount)]))
            }
            LedgerChange::Post { entries } => {
                Ok(linked(entries.iter().map(|(account, delta)| draft(account, *delta)).collect()))
            }
            LedgerChange::Hold { account, hold, amount, .. } => {
                Ok(vec![EntryDraft { hold: Some((hold.clone(), *amount)), ..draft(account, 0) }])
            }
            LedgerChange::Capture { hold, amount, to } => {
                let found = self.capturable(hold, *amount, now)?;
                self.check_open(&found.account)?;
                let payer = EntryDraft { hold: Some((hold.clone(), -amount)), ..draft(&found.account, -amount) };
                Ok(match to {
                    Some(to) => linked(vec![payer, draft(to, *amount)]),
                    None => vec![payer],
                })
            }
            LedgerChange::Release { hold } => {
                let found = self.hold(hold)?;
                // What was captured, released or let go before is released by an entry of nothing. A closed account takes none.
                if found.remaining == 0 && self.is_closed(&found.account) {
                    return Ok(Vec::new());
                }
                Ok(vec![EntryDraft { hold: Some((hold.clone(), -found.remaining)), ..draft(&found.account, 0) }])
            }
        }
    }

    pub(super) fn hold(&self, hold: &Arc<str>) -> Result<&Hold, LedgerError> {
        self.holds.get(hold).ok_or_else(|| LedgerError::UnknownHold { hold: hold.to_string() })
    }

    /// A hold that has not expired by `now`, and reserves as much.
    fn capturable(&self, hold: &Arc<str>, amount: i64, now: Timestamp) -> Result<&Hold, Refused> {
        let (found, name) = (self.hold(hold)?, || hold.to_string());
        let missing = match found.expires_at {
            Some(at) if at <= now => LedgerError::HoldExpired { hold: name(), at },
            _ if found.remaining == 0 && found.amount > 0 => LedgerError::HoldSpent { hold: name() },
            _ if amount > found.remaining => {
                LedgerError::HoldExceeded { hold: name(), remaining: found.remaining, amount }
            }
            _ => return Ok(found),
        };
        Err(Refused::Hold(missing))
    }

    pub(super) fn is_closed(&self, account: &str) -> bool {
        self.accounts.get(account).is_some_and(|account| account.closed)
    }

    pub(super) fn unit(&self, account: &str) -> Option<&str> {
        self.accounts.get(account).and_then(|account| account.unit.as_deref())
    }

    /// Applies all drafts of one change, or none: with each, the account must stay within its bounds and within `i64`.
    fn settle(&mut self, drafts: &[EntryDraft]) -> Result<(), Refused> {
        if let [only] = drafts {
            // A refusal leaves the account as it was.
            if let Some(account) = self.accounts.get_mut(&only.account) {
                account.apply(only)?;
            } else {
                let mut opened = Account::default();
                opened.apply(only)?;
                self.accounts.insert(only.account.clone(), opened);
            }
        } else {
            let mut changed: Map<&Arc<str>, Account> = Map::default();
            for draft in drafts {
                let before = || self.accounts.get(&draft.account).cloned().unwrap_or_default();
                changed.entry(&draft.account).or_insert_with(before).apply(draft)?;
            }
            self.accounts.extend(changed.into_iter().map(|(name, account)| (name.clone(), account)));
        }
        for draft in drafts {
            if let Some((hold, reserved)) = &draft.hold
                && let Some(hold) = self.holds.get_mut(hold)
            {
                hold.remaining += reserved;
            }
        }
        Ok(())
    }
}

impl Account {
    fn apply(&mut self, draft: &EntryDraft) -> Result<(), Refused> {
        if self.tally {
            return self.count(draft);
        }
        let reserved = draft.hold.as_ref().map_or(0, |(_, reserved)| *reserved);
        let after = self.balance.checked_add(draft.delta).zip(self.held.checked_add(reserved));
        let fits = |&(balance, held): &(i64, i64)| {
            let available = balance.checked_sub(held);
            available.is_some_and(|available| self.floor.is_none_or(|floor| floor <= available))
                && self.ceiling.is_none_or(|ceiling| balance <= ceiling)
        };
        let Some((balance, held)) = after.filter(fits) else {
            return Err(Refused::OutOfBounds(OutOfBounds {
                account: draft.account.to_string(),
                balance: self.balance,
                held: self.held,
                delta: if reserved > 0 { -reserved } else { draft.delta },
                floor: self.floor,
                ceiling: self.ceiling,
            }));
        };
        (self.balance, self.held) = (balance, held);
        Ok(())
    }
}

fn draft(account: &Arc<str>, delta: i64) -> EntryDraft {
    EntryDraft { account: account.clone(), delta, hold: None, link: Link::Alone }
}

fn linked(mut drafts: Vec<EntryDraft>) -> Vec<EntryDraft> {
    let count = drafts.len();
    if count > 1 {
        for (nth, draft) in (1..).zip(&mut drafts) {
            draft.link = if nth == count { Link::Last(count) } else { Link::Next };
        }
    }
    drafts
}

/// A change that leaves 64 bits, of an account with this balance.
pub(crate) fn out_of_range(account: &str, balance: i64, delta: i64) -> Refused {
    let account = account.to_owned();
    Refused::OutOfBounds(OutOfBounds { account, balance, held: 0, delta, floor: None, ceiling: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(balance: i64) -> Books {
        let account = Account { balance, floor: Some(0), ceiling: Some(100), ..Account::default() };
        Books { accounts: Map::from_iter([("purse".into(), account)]), ..Books::default() }
    }

    fn try_all(books: &mut Books, deltas: &[(&str, i64)]) -> Result<(), OutOfBounds> {
        let drafts: Vec<_> = deltas.iter().map(|&(account, delta)| draft(&account.into(), delta)).collect();
        books.settle(&drafts).map_err(|refused| match refused {
            Refused::OutOfBounds(bounds) => bounds,
            other => panic!("{other:?}"),
        })
    }

    const NOW: Timestamp = Timestamp::from_micros(1_000);

    fn change(books: &mut Books, change: &LedgerChange) -> Result<(), Refused> {
        books.apply(std::slice::from_ref(change), NOW, |_, _, _| Ok(())).map(drop)
    }

    #[test]
    fn bounds_hold_after_each_entry() {
        let mut books = purse(10);
        assert_eq!(try_all(&mut books, &[("purse", -11), ("till", 5), ("purse", 5)]).unwrap_err().delta, -11);
        assert_eq!(try_all(&mut books, &[("purse", 90), ("purse", 1)]).unwrap_err().balance, 100);
        assert_eq!(books.accounts, purse(10).accounts);
        try_all(&mut books, &[("purse", 90), ("purse", -100)]).expect("both bounds touched");
        assert_eq!(books.accounts["purse"].balance, 0);
    }

    #[test]
    fn refused_change_leaves_books_unchanged() {
        let mut books = purse(10);
        try_all(&mut books, &[("till", 5), ("purse", -11)]).unwrap_err();
        assert_eq!(books.accounts, purse(10).accounts);
    }

    #[test]
    fn change_beyond_64_bits_is_refused_by_books() {
        let mut books = Books::default();
        try_all(&mut books, &[("till", i64::MAX)]).expect("fits");
        let error = try_all(&mut books, &[("till", 1)]).unwrap_err();
        assert_eq!((error.balance, error.floor, error.ceiling), (i64::MAX, None, None));
        let whole = LedgerChange::Transfer { from: "a".into(), to: "b".into(), amount: i64::MIN };
        assert!(books.drafts(&whole, NOW).is_err());
    }

    #[test]
    fn hold_reserves_money_until_capture_or_release() {
        let mut books = purse(10);
        let hold = |hold: &str, amount| LedgerChange::Hold {
            account: "purse".into(),
            hold: hold.into(),
            amount,
            expires: None,
        };
        change(&mut books, &hold("h", 7)).expect("fits");
        assert!(change(&mut books, &LedgerChange::Delta { account: "purse".into(), delta: -4 }).is_err());
        assert!(change(&mut books, &hold("h", 1)).is_err(), "a name of its own");
        change(&mut books, &LedgerChange::Capture { hold: "h".into(), amount: 5, to: Some("shop".into()) })
            .expect("held");
        assert!(change(&mut books, &LedgerChange::Capture { hold: "h".into(), amount: 3, to: None }).is_err());
        change(&mut books, &LedgerChange::Release { hold: "h".into() }).expect("two are left");
        let drafts = books.drafts(&LedgerChange::Release { hold: "h".into() }, NOW).expect("nothing is left");
        assert_eq!(drafts[0].hold, Some(("h".into(), 0)));
        let purse = &books.accounts["purse"];
        assert_eq!((purse.balance, purse.held, books.accounts["shop"].balance), (5, 0, 5));
    }

    #[test]
    fn posting_must_sum_to_zero_in_each_unit() {
        let mut books = Books::default();
        for (account, unit) in [("eur", "EUR"), ("usd", "USD")] {
            books.accounts.insert(account.into(), Account { unit: Some(unit.into()), ..Account::default() });
        }
        let post = |drafts: &[(&str, i64)]| LedgerChange::Post {
            entries: drafts.iter().map(|&(a, d)| (a.into(), d)).collect(),
        };
        assert!(change(&mut books, &post(&[("eur", 5), ("usd", -5)])).is_err());
        assert!(change(&mut books, &post(&[("eur", 5)])).is_err());
        let fits = post(&[("eur", 5), ("eur", -5), ("usd", 1), ("usd", -1)]);
        assert_eq!(books.drafts(&fits, NOW).expect("balanced")[3].link, Link::Last(4));
        let mixed = LedgerChange::Transfer { from: "eur".into(), to: "usd".into(), amount: 1 };
        assert!(change(&mut books, &mixed).is_err());
    }

    #[test]
    fn invalid_change_is_reported_before_missing_money() {
        let mut books = purse(10);
        let closed = Account { closed: true, ..Account::default() };
        books.accounts.insert("closed".into(), closed);
        books.accounts.insert("usd".into(), Account { unit: Some("USD".into()), ..Account::default() });
        let delta = |account: &str, delta| LedgerChange::Delta { account: account.into(), delta };
        let to = |to: &str| LedgerChange::Transfer { from: "purse".into(), to: to.into(), amount: 11 };
        let hold = || LedgerChange::Hold { account: "purse".into(), hold: "h".into(), amount: 11, expires: None };
        let capture =
            |hold: &str, to: &str| LedgerChange::Capture { hold: hold.into(), amount: 1, to: Some(to.into()) };
        let invalid: [&[LedgerChange]; 6] = [
            &[to("closed")],
            &[to("usd")],
            &[to("shop"), delta("closed", 1)],
            &[hold(), capture("h", "usd")],
            &[hold(), hold()],
            &[hold(), LedgerChange::Release { hold: "other".into() }],
        ];
        for changes in invalid {
            let refused = books.apply(changes, NOW, |_, _, _| Ok(())).expect_err("neither right nor affordable");
            assert!(!refused.is_of_money(), "{changes:?}: {refused:?}");
        }
        for changes in [&[to("shop")][..], &[hold(), capture("h", "shop")]] {
            assert!(books.apply(changes, NOW, |_, _, _| Ok(())).expect_err("too much").is_of_money());
        }
        assert_eq!(books.accounts["purse"], purse(10).accounts["purse"]);
    }
}
