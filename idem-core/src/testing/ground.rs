//! Where the explorer drives machines: in memory, or in a database.

use std::future::Future;
use std::ops::DerefMut;

use serde_json::Value;

use crate::error::{CommandError, Error, Rejection};
use crate::key::Key;
use crate::model::machine::memory::InMemory;
use crate::model::machine::rules::{KindOf, Machine, Rules};
use crate::outcome::Outcome;

/// What a call came to, its value as JSON.
pub(super) type Heard<X> = Result<Outcome<Value, KindOf<X>>, CommandError<<X as Rules>::Rejection>>;
pub(super) type CommandOf<X> = <<X as Rules>::Machine as Machine>::Command;

/// Gives a machine of its own to every case.
pub(super) trait Ground<X: Rules> {
    type Place: Place<X>;

    fn open(&self) -> Result<Self::Place, Error>;
}

/// One machine that the explorer drives.
pub(super) trait Place<X: Rules> {
    fn rules(&self) -> &X;
    fn id(&self) -> &str;
    /// The state it is in before anything is done; none if it must be started.
    fn begun(&self) -> Option<&X::Machine>;

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
    fn balances(&mut self, accounts: &[String]) -> impl Future<Output = Result<Vec<i64>, Error>>;
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

    fn open(&self) -> Result<Self::Place, Error> {
        let handle = (self.0)();
        Ok(MemoryPlace { begun: handle.state().clone(), handle })
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

    async fn balances(&mut self, accounts: &[String]) -> Result<Vec<i64>, Error> {
        Ok(accounts.iter().map(|account| self.handle.balance(account)).collect())
    }

    async fn audit(&mut self) -> Result<Option<String>, Error> {
        Ok(None)
    }
}

/// An answer with its value as JSON, so that two can be compared whatever their type.
fn as_json<T: serde::Serialize, S, R: Rejection>(
    answer: Result<Outcome<T, S>, R::Error>,
) -> Result<Outcome<Value, S>, CommandError<R>> {
    let unencodable =
        |source: serde_json::Error| Error::Unencodable { what: "the outcome".to_owned(), source: source.into() };
    let outcome = answer.map_err(R::__command_error)?;
    Ok(outcome.try_map(|value| serde_json::to_value(value)).map_err(unencodable)?)
}

#[cfg(feature = "_sql")]
pub(super) mod stored {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{CommandOf, Ground, Heard, Place, as_json};
    use crate::error::Error;
    use crate::key::Key;
    use crate::machine::{Handle, Repository};
    use crate::model::machine::rules::Rules;
    use crate::store::Database;

    /// Machines in a database, each under an id that was never used.
    pub(in crate::testing) struct Stored<'m, DB: Database, X: Rules> {
        machines: &'m Repository<DB, X>,
        run: Key,
        opened: AtomicU64,
    }

    impl<'m, DB: Database, X: Rules> Stored<'m, DB, X> {
        pub(in crate::testing) fn new(machines: &'m Repository<DB, X>) -> Result<Self, Error> {
            Ok(Self { machines, run: Key::random("explorer")?, opened: AtomicU64::new(0) })
        }
    }

    impl<DB: Database, X: Rules> Ground<X> for Stored<'_, DB, X> {
        type Place = Handle<DB, X>;

        fn open(&self) -> Result<Handle<DB, X>, Error> {
            let number = self.opened.fetch_add(1, Ordering::Relaxed);
            Ok(self.machines.__at(format!("explored {} {number}", self.run.as_str())))
        }
    }

    impl<DB: Database, X: Rules> Place<X> for Handle<DB, X> {
        fn rules(&self) -> &X {
            Handle::rules(self)
        }

        fn id(&self) -> &str {
            Handle::id(self)
        }

        fn begun(&self) -> Option<&X::Machine> {
            None
        }

        async fn start(&mut self, initial: X::Machine) -> Heard<X> {
            as_json(self.__start(None, initial).await)
        }

        async fn call(&mut self, key: Option<Key>, command: CommandOf<X>) -> Heard<X> {
            as_json(self.__apply(key, command).await)
        }

        async fn pair(&mut self, key: Key, [one, other]: [CommandOf<X>; 2]) -> [Heard<X>; 2] {
            let call = |command| {
                let (at, key) = (self.clone(), Some(key.clone()));
                tokio::spawn(async move { at.__apply(key, command).await })
            };
            let calls = [call(one), call(other)];
            let mut heard = Vec::with_capacity(2);
            for call in calls {
                heard.push(match call.await {
                    Ok(answer) => as_json(answer),
                    Err(panicked) => Err(Error::Config(format!("the call panicked: {panicked}")).into()),
                });
            }
            let second = heard.pop().unwrap_or(Err(Error::Interrupted.into()));
            [heard.pop().unwrap_or(Err(Error::Interrupted.into())), second]
        }

        async fn put(&mut self, key: Key, state: X::Machine, reopen: bool) -> Heard<X> {
            let call = self.override_state(&key, state, "the explorer");
            as_json(if reopen { call.reopen().await } else { call.await })
        }

        async fn look(&mut self) -> Result<Option<(X::Machine, u64)>, Error> {
            Ok(self.get().await?.map(|stored| (stored.state().clone(), stored.version())))
        }

        async fn balances(&mut self, accounts: &[String]) -> Result<Vec<i64>, Error> {
            Handle::balances(self, accounts).await
        }

        async fn audit(&mut self) -> Result<Option<String>, Error> {
            let found = self.verify().await?;
            if found.differences.is_empty() {
                return Ok(None);
            }
            Ok(Some(format!("verify() finds {:?}", found.differences)))
        }
    }
}
