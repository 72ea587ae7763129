//! One machine inside the caller's transaction.

use std::fmt;
use std::sync::atomic::Ordering;

use crate::engine::answer::{Answered, only};
use crate::engine::decide::command::Command;
use crate::engine::fence::run_joined;
use crate::engine::graph_record::register_joined;
use crate::engine::observe;
use crate::engine::plan::BoxedPlan;
use crate::engine::session::transaction::Tx;
use crate::error::{CommandError, Error, Rejection};
use crate::key::Key;
use crate::machine::stored::call::Call;
use crate::machine::stored::handles::Handle;
use crate::machine::stored::release::explained_joined;
use crate::machine::stored::stored_machine::StoredMachine;
use crate::machine::stored::typed::{outcome, reply, typed_machine};
use crate::model::machine::rules::{FirstCommand, KindOf, Machine, ReplyOf, Rules, State};
use crate::outcome::Outcome;
use crate::store::Database;
use crate::store::machine::queries;

/// One machine inside a transaction: what it does commits with the transaction. Wrapped by the generated `InTx`.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::{Error, Key, Natural};
///
/// let payment = Payment::stored(&idem, Rules).at("pay-42");
/// let mut tx = idem.begin().await?;
/// payment.within(&mut tx).start(Natural, payment::Authorized { amount: 500 }).await?;
/// assert!(payment.get().await?.is_none());                                    // others do not see it yet
/// let rejected = payment.within(&mut tx).capture(&Key::new("shop-1", "req-17")?, payment::Capture { amount: 600 }).await;
/// assert!(rejected.is_err());                                                 // which leaves the transaction as it was
/// let seen = payment.within(&mut tx).get().await?.expect("started in this transaction");
/// tx.commit().await?;
/// assert_eq!(payment.get().await?.map(|payment| payment.version()), Some(seen.version()));
/// # Ok(()) }) }
/// ```
pub struct InTx<'t, DB: Database, X: Rules> {
    at: Handle<DB, X>,
    tx: &'t mut Tx<DB>,
}

impl<DB: Database, X: Rules> Handle<DB, X> {
    #[doc(hidden)]
    pub fn __within<'t>(&self, tx: &'t mut Tx<DB>) -> InTx<'t, DB, X> {
        InTx { at: self.clone(), tx }
    }
}

impl<'t, DB: Database, X: Rules> InTx<'t, DB, X> {
    /// The machine as the transaction sees it, locked until the transaction ends; `None` if it was not started.
    ///
    /// # Errors
    /// As [`Handle::get`]; [`Error::Interrupted`] in a broken transaction; [`Error::InFlight`] or [`Error::Contention`] if
    /// another transaction holds the machine.
    ///
    /// # Cancel safety
    /// Dropped while it waits for the database, it leaves the transaction broken: see [`Tx`].
    pub async fn get(self) -> Result<Option<StoredMachine<X::Machine>>, Error> {
        let id = [(X::Machine::GRAPH.name, self.at.id())];
        let mut call = self.tx.call()?;
        let mut session = call.session()?;
        let loaded = match queries::lock_machines(&mut session, &id).await {
            Ok(()) => queries::load(&mut session, &id, &[]).await,
            Err(error) => Err(error),
        };
        let row = call.end(loaded)?.rows.into_iter().next().flatten();
        let machine = row.map(|row| typed_machine(self.at.id().to_owned(), &row)).transpose();
        explained_joined::<DB, X, _, _>(self.tx, machine).await
    }

    #[doc(hidden)]
    #[allow(clippy::needless_pass_by_value, reason = "generated code has a value")]
    pub fn __start(self, key: Option<Key>, initial: X::Machine) -> Call<'t, (), KindOf<X>, X::Rejection> {
        let command = self.at.start_command(key, &initial);
        self.call(command, outcome::<X, ()>)
    }

    #[doc(hidden)]
    #[allow(clippy::needless_pass_by_value, reason = "generated code has a value")]
    pub fn __start_and<C: FirstCommand<<X::Machine as Machine>::Command, Outcome: State>>(
        self,
        key: &Key,
        initial: X::Machine,
        command: C,
    ) -> Call<'t, C::Outcome, KindOf<X>, X::Rejection> {
        let command = self.at.start_and_command(key, &initial, command.__into_command());
        self.call(command, outcome::<X, C::Outcome>)
    }

    #[doc(hidden)]
    pub fn __call<O: State>(
        self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Call<'t, O, KindOf<X>, X::Rejection> {
        let command = self.at.command(key, command);
        self.call(command, outcome::<X, O>)
    }

    #[doc(hidden)]
    pub fn __apply(
        self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Call<'t, ReplyOf<X>, KindOf<X>, X::Rejection> {
        let index = X::Machine::command(&command);
        let command = self.at.command(key, command);
        self.call(command, move |answered| reply::<X>(index, answered))
    }

    fn call<O: Send + 'static>(
        self,
        command: Result<Command, Error>,
        read: impl FnOnce(Answered) -> Result<Outcome<O, KindOf<X>>, CommandError<X::Rejection>> + Send + 't,
    ) -> Call<'t, O, KindOf<X>, X::Rejection> {
        Call::new(command, move |mut command, _| {
            Box::pin(async move {
                command.correlation = command.correlation.or_else(|| self.tx.correlation.clone());
                let plan: BoxedPlan<DB> = Box::new(command);
                let span = observe::call(&*plan, &self.tx.shared);
                let work = async {
                    let registered = &self.at.machines.driver.registered;
                    if !registered.load(Ordering::Relaxed) && register_joined(self.tx, X::Machine::GRAPH).await? {
                        registered.store(true, Ordering::Relaxed);
                    }
                    run_joined(self.tx, &[&*plan]).await.map(only)
                };
                let answered = span.record(work).await.map_err(CommandError::from);
                let answer = explained_joined::<DB, X, _, _>(self.tx, answered.and_then(read)).await;
                answer.map_err(Rejection::__error)
            })
        })
    }
}

impl<DB: Database, X: Rules> fmt::Debug for InTx<'_, DB, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InTx").field("at", &self.at).field("tx", &self.tx).finish()
    }
}
