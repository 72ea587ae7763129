//! One machine inside a transaction of the caller's.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::engine::attempt::run_joined;
use crate::engine::plan::{Answered, Command, Item};
use crate::engine::session::transaction::Tx;
use crate::error::Error;
use crate::key::Key;
use crate::machine::stored::{At, Call, StoredMachine, outcome, reply, typed_machine};
use crate::model::machine::rules::{Machine, Rules, State};
use crate::outcome::Outcome;
use crate::store::Database;

/// One machine inside a transaction: what it does commits with the transaction. Wrapped by the generated `Within`.
pub struct Within<'t, DB: Database, X: Rules> {
    at: At<DB, X>,
    tx: &'t mut Tx<DB>,
}

impl<DB: Database, X: Rules> At<DB, X> {
    #[doc(hidden)]
    pub fn __within<'t>(&self, tx: &'t mut Tx<DB>) -> Within<'t, DB, X> {
        Within { at: self.clone(), tx }
    }
}

impl<'t, DB: Database, X: Rules> Within<'t, DB, X> {
    /// The machine as the transaction sees it, locked until the transaction ends; `None` if it was not started.
    ///
    /// # Errors
    /// As [`At::get`]; [`Error::Interrupted`] if the transaction was left half-way.
    pub async fn get(self) -> Result<Option<StoredMachine<X::Machine>>, Error> {
        self.tx.usable()?;
        let shared = self.tx.shared.clone();
        let ids = [(X::Machine::GRAPH.name, self.at.id())];
        let conn = self.tx.engine_conn()?;
        let loaded = match DB::lock_machines(conn, &shared.sql, &ids).await {
            Ok(()) => DB::load(conn, &shared.sql, &ids, &[]).await,
            Err(error) => Err(error),
        };
        match loaded {
            Ok(loaded) => loaded.machines.into_iter().next().flatten().map(typed_machine).transpose(),
            Err(error) => Err(self.tx.failed(error)),
        }
    }

    #[doc(hidden)]
    #[allow(clippy::needless_pass_by_value, reason = "generated code has a value")]
    pub fn __start(self, initial: X::Machine) -> Call<'t, (), X::Rejection> {
        let item = self.at.start_item(&initial);
        self.call(item, outcome::<(), X::Rejection>)
    }

    #[doc(hidden)]
    pub fn __call<O: State>(
        self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Call<'t, O, X::Rejection> {
        let item = self.at.item(key, command);
        self.call(item, outcome::<O, X::Rejection>)
    }

    #[doc(hidden)]
    pub fn __apply(
        self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Call<'t, <X::Machine as Machine>::Reply, X::Rejection> {
        let index = X::Machine::command(&command);
        let item = self.at.item(key, command);
        self.call(item, move |answered| reply::<X>(index, answered))
    }

    fn call<O: Send + 'static>(
        self,
        item: Result<Command, Error>,
        read: impl FnOnce(Answered) -> Result<Outcome<O>, Error<X::Rejection>> + Send + 't,
    ) -> Call<'t, O, X::Rejection> {
        Call::new(item, move |command, _| {
            Box::pin(async move {
                let item = Item::Command(command);
                let span = crate::engine::trace::call(&item);
                let work = async {
                    let registered = &self.at.machines.driver.registered;
                    if !registered.load(Ordering::Relaxed) {
                        self.tx.shared.clone().register_within(X::Machine::GRAPH, self.tx).await?;
                        registered.store(true, Ordering::Relaxed);
                    }
                    run_joined(self.tx, std::slice::from_ref(&item)).await
                };
                let answers = span.record(work).await.map_err(Error::widen)?;
                answers.into_iter().next().map_or(Err(Error::Interrupted), read)
            })
        })
    }
}

impl<DB: Database, X: Rules> fmt::Debug for Within<'_, DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("at", &self.at).field("tx", &self.tx).finish()
    }
}
