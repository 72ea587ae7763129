//! Where the explorer drives machines: in memory, or in a database.

use std::future::Future;
use std::ops::DerefMut;
use std::time::Duration;

use serde_json::Value;

use crate::clock::Timestamp;
use crate::error::{CommandError, Error, Rejection};
use crate::key::Key;
use crate::model::machine::memory::InMemory;
use crate::model::machine::rules::{KindOf, Machine, Rules};
use crate::outcome::Outcome;
use crate::testing::money::{Account, Hold};
use crate::testing::world::World;

/// What a call came to, its value as JSON.
pub(super) type Heard<X> = Result<Outcome<Value, KindOf<X>>, CommandError<<X as Rules>::Rejection>>;
pub(super) type CommandOf<X> = <<X as Rules>::Machine as Machine>::Command;

/// Gives a machine of its own to every case.
pub(super) trait Ground<X: Rules> {
    type Place: Place<X>;

    /// Whether the clock can be set.
    const SETS_CLOCK: bool;

    /// A new machine, with the accounts that every case begins with.
    fn open(&self, world: &World) -> impl Future<Output = Result<Self::Place, Error>>;
}

/// One machine that the explorer drives.
pub(super) trait Place<X: Rules> {
    fn rules(&self) -> &X;
    fn id(&self) -> &str;
    /// The state it is in before anything is done; none if it must be started.
    fn begun(&self) -> Option<&X::Machine>;
    /// The time that the next transition has, if that is known.
    fn now(&self) -> Option<Timestamp>;
    /// Moves the clock on, if it can be set.
    fn advance(&mut self, by: Duration) -> bool;

    /// The key that a script calls `token`, of this place alone.
    fn key(&self, token: &str) -> Result<Key, Error> {
        Ok(Key::new("explorer", format!("{} {token}", self.id()))?)
    }

    fn start(&mut self, initial: X::Machine) -> impl Future<Output = Heard<X>>;
    fn call(&mut self, key: Option<Key>, command: CommandOf<X>) -> impl Future<Output = Heard<X>>;
    /// Both at once, where calls can run at once.
    fn pair(&mut self, key: Key, commands: [CommandOf<X>; 2]) -> impl Future<Output = [Heard<X>; 2]>;
    fn put(&mut self, key: Key, state: X::Machine, reopen: bool) -> impl Future<Output = Heard<X>>;
    /// The state and the version.
    fn look(&mut self) -> impl Future<Output = Result<Option<(X::Machine, u64)>, Error>>;
    /// The accounts as they stand, `held` being all that is reserved.
    fn accounts(&mut self, names: &[String]) -> impl Future<Output = Result<Vec<Account>, Error>>;
    /// A hold that is open already when the case begins.
    fn hold(&self, name: &str) -> Option<Hold>;
    /// What the place's own audit finds wrong.
    fn audit(&mut self) -> impl Future<Output = Result<Option<String>, Error>>;
}

/// Machines in memory, made by the user's function.
pub(super) struct Memory<N>(pub(super) N);

pub(super) struct MemoryPlace<X: Rules, H> {
    handle: H,
    begun: X::Machine,
}

impl<X: Rules, H: DerefMut<Target = InMemory<X>>, N: Fn() -> H> Ground<X> for Memory<N> {
    type Place = MemoryPlace<X, H>;

    const SETS_CLOCK: bool = true;

    async fn open(&self, world: &World) -> Result<Self::Place, Error> {
        let mut handle = (self.0)();
        if let Some(clock) = world.clock {
            handle.begin_at(clock);
        } else {
            // It stands, so that the rules run again see the time that they saw.
            let now = handle.now();
            handle.set_now(now);
        }
        for (account, amount) in &world.deposits {
            handle.apply_delta(account, *amount)?;
        }
        for (account, (floor, ceiling)) in &world.bounds {
            handle.bound(account, *floor, *ceiling)?;
        }
        for hold in &world.holds {
            handle.open_hold(&hold.account, &hold.hold, hold.amount)?;
        }
        Ok(MemoryPlace { begun: handle.state().clone(), handle })
    }
}

impl<X: Rules, H: DerefMut<Target = InMemory<X>>> MemoryPlace<X, H> {
    fn time(&self) -> Timestamp {
        self.handle.now().max(self.handle.entered_at())
    }
}

impl<X: Rules, H: DerefMut<Target = InMemory<X>>> Place<X> for MemoryPlace<X, H> {
    fn rules(&self) -> &X {
        self.handle.rules()
    }

    fn id(&self) -> &str {
        crate::model::machine::memory::ID
    }

    fn begun(&self) -> Option<&X::Machine> {
        Some(&self.begun)
    }

    fn now(&self) -> Option<Timestamp> {
        Some(self.time())
    }

    fn advance(&mut self, by: Duration) -> bool {
        let later = self.time().saturating_add(by);
        self.handle.set_now(later);
        true
    }

    async fn start(&mut self, _initial: X::Machine) -> Heard<X> {
        let (machine, id, at) = (X::Machine::GRAPH.name, self.id().to_owned(), self.handle.entered_at());
        Err(Error::AlreadyStarted { machine, id, at }.into())
    }

    async fn call(&mut self, key: Option<Key>, command: CommandOf<X>) -> Heard<X> {
        as_json(self.handle.__apply(key, command))
    }

    async fn pair(&mut self, key: Key, [one, other]: [CommandOf<X>; 2]) -> [Heard<X>; 2] {
        [self.call(Some(key.clone()), one).await, self.call(Some(key), other).await]
    }

    async fn put(&mut self, _key: Key, state: X::Machine, reopen: bool) -> Heard<X> {
        let kind = X::Machine::kind(state.state());
        self.handle.override_state(state, reopen);
        let put = Outcome::new(Value::Null, self.handle.version(), self.handle.entered_at(), true, false);
        Ok(put.led_to(Some(kind)))
    }

    async fn look(&mut self) -> Result<Option<(X::Machine, u64)>, Error> {
        Ok(Some((self.handle.state().clone(), self.handle.version())))
    }

    async fn accounts(&mut self, names: &[String]) -> Result<Vec<Account>, Error> {
        let (books, now) = (self.handle.books(), self.time());
        let account = |name: &String| {
            let found = books.accounts.get(name.as_str()).cloned().unwrap_or_default();
            Account { balance: found.balance, held: books.held(name, now), floor: found.floor, ceiling: found.ceiling }
        };
        Ok(names.iter().map(account).collect())
    }

    fn hold(&self, name: &str) -> Option<Hold> {
        let found = self.handle.books().holds.get(name)?;
        let account = found.account.to_string();
        Some(Hold { account, amount: found.amount, remaining: found.remaining, expires_at: found.expires_at })
    }

    async fn audit(&mut self) -> Result<Option<String>, Error> {
        Ok(None)
    }
}

/// An answer with its value as JSON, so that two can be compared whatever their type.
pub(super) fn as_json<T: serde::Serialize, S, R: Rejection>(
    answer: Result<Outcome<T, S>, R::Error>,
) -> Result<Outcome<Value, S>, CommandError<R>> {
    let unencodable =
        |source: serde_json::Error| Error::Unencodable { what: "the outcome".to_owned(), source: source.into() };
    let outcome = answer.map_err(R::__command_error)?;
    Ok(outcome.try_map(|value| serde_json::to_value(value)).map_err(unencodable)?)
}
