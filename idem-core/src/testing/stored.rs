//! Machines in a database, each under an id that was never used, with accounts of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::idem::Idem;
use crate::key::Key;
use crate::ledger::{AccountSettings, Bounds};
use crate::machine::{Handle, Repository};
use crate::model::machine::rules::Rules;
use crate::store::Database;
use crate::testing::ground::{CommandOf, Ground, Heard, Place, as_json};
use crate::testing::money::{Account, Hold};
use crate::testing::per_case::{Names, PerCase};
use crate::testing::world::World;

pub(super) struct Stored<'m, DB: Database, X: Rules> {
    machines: &'m Repository<DB, X>,
    run: Key,
    opened: AtomicU64,
}

impl<'m, DB: Database, X: Rules> Stored<'m, DB, X> {
    pub(super) fn new(machines: &'m Repository<DB, X>) -> Result<Self, Error> {
        Ok(Self { machines, run: Key::random("explorer")?, opened: AtomicU64::new(0) })
    }
}

pub(super) struct StoredPlace<DB: Database, X: Rules> {
    machine: Handle<DB, PerCase<X>>,
    idem: Idem<DB>,
    /// The holds that the case began with, by the names that the rules know.
    holds: BTreeMap<String, Hold>,
}

impl<DB: Database, X: Rules> Ground<X> for Stored<'_, DB, X> {
    type Place = StoredPlace<DB, X>;

    const SETS_CLOCK: bool = false;

    async fn open(&self, world: &World) -> Result<Self::Place, Error> {
        let case = format!("{} {}", self.run.as_str(), self.opened.fetch_add(1, Ordering::Relaxed));
        let accounts: Arc<BTreeSet<String>> = world.accounts().into();
        let mut names = Names { case, accounts, holds: BTreeMap::new() };
        let idem = self.machines.idem();
        let account = |name: &str| idem.ledger().account(&*names.account(name));
        let key = |what: &str, name: &str| Key::new("explorer", format!("{} {what} {name}", names.case));
        for (name, amount) in &world.deposits {
            account(name).apply_delta(&key("deposit", name)?, *amount).await?;
        }
        for (name, bounds) in &world.bounds {
            let bounds = match *bounds {
                (Some(floor), Some(ceiling)) => Bounds::between(floor, ceiling),
                (Some(floor), None) => Bounds::at_least(floor),
                (None, Some(ceiling)) => Bounds::at_most(ceiling),
                (None, None) => Bounds::none(),
            };
            account(name).open(AccountSettings::from(bounds)).await?;
        }
        let (mut holds, mut held) = (BTreeMap::new(), BTreeMap::new());
        for hold in &world.holds {
            let made = account(&hold.account).hold(&key("hold", &hold.hold)?, hold.amount).await?;
            held.insert(hold.hold.clone(), made.id.clone());
            let (account, amount) = (hold.account.clone(), hold.amount);
            holds.insert(hold.hold.clone(), Hold { account, amount, remaining: amount, expires_at: None });
        }
        names.holds = held;
        let id = format!("explored {}", names.case);
        let machine = self.machines.with_rules(|rules| PerCase::new(rules, names)).__at(id);
        Ok(StoredPlace { machine, idem, holds })
    }
}

impl<DB: Database, X: Rules> Place<X> for StoredPlace<DB, X> {
    fn rules(&self) -> &X {
        self.machine.rules().rules()
    }

    fn id(&self) -> &str {
        self.machine.id()
    }

    fn begun(&self) -> Option<&X::Machine> {
        None
    }

    fn now(&self) -> Option<Timestamp> {
        None
    }

    fn advance(&mut self, _by: Duration) -> bool {
        false
    }

    async fn start(&mut self, initial: X::Machine) -> Heard<X> {
        as_json(self.machine.__start(None, initial).await)
    }

    async fn call(&mut self, key: Option<Key>, command: CommandOf<X>) -> Heard<X> {
        as_json(self.machine.__apply(key, command).await)
    }

    async fn pair(&mut self, key: Key, [one, other]: [CommandOf<X>; 2]) -> [Heard<X>; 2] {
        let call = |command| {
            let (at, key) = (self.machine.clone(), Some(key.clone()));
            tokio::spawn(async move { at.__apply(key, command).await })
        };
        let calls = [call(one), call(other)];
        let mut heard = Vec::with_capacity(2);
        for call in calls {
            heard.push(match call.await {
                Ok(answer) => as_json(answer),
                Err(panicked) => Err(Error::Config { problem: format!("the call panicked: {panicked}") }.into()),
            });
        }
        let second = heard.pop().unwrap_or(Err(Error::Interrupted.into()));
        [heard.pop().unwrap_or(Err(Error::Interrupted.into())), second]
    }

    async fn put(&mut self, key: Key, state: X::Machine, reopen: bool) -> Heard<X> {
        let call = self.machine.override_state(&key, state, "the explorer");
        as_json(if reopen { call.reopen().await } else { call.await })
    }

    async fn look(&mut self) -> Result<Option<(X::Machine, u64)>, Error> {
        Ok(self.machine.get().await?.map(|stored| (stored.state().clone(), stored.version())))
    }

    async fn accounts(&mut self, names: &[String]) -> Result<Vec<Account>, Error> {
        let mut accounts = Vec::with_capacity(names.len());
        for name in names {
            let name = self.machine.rules().names().account(name);
            let found = self.idem.ledger().account(&*name).get().await?;
            accounts.push(found.map_or_else(Account::default, |found| Account {
                balance: found.balance,
                held: found.held,
                floor: found.bounds.floor(),
                ceiling: found.bounds.ceiling(),
            }));
        }
        Ok(accounts)
    }

    fn hold(&self, name: &str) -> Option<Hold> {
        self.holds.get(name).cloned()
    }

    async fn audit(&mut self) -> Result<Option<String>, Error> {
        let found = self.machine.verify().await?;
        if found.differences.is_empty() {
            return Ok(None);
        }
        Ok(Some(format!("verify() finds {:?}", found.differences)))
    }
}
