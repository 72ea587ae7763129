//! What one machine is asked.

use std::time::{Duration, Instant};

use crate::engine::answer::Answered;
use crate::engine::decide::command::Command;
use crate::engine::observe;
use crate::engine::plan::BoxedPlan;
use crate::error::{CommandError, Error, Rejection};
use crate::key::Key;
use crate::machine::stored::call::Call;
use crate::machine::stored::handles::Handle;
use crate::machine::stored::stored_machine::StoredMachine;
use crate::machine::stored::typed::{outcome, reply, typed_machine};
use crate::model::machine::rules::{FirstCommand, KindOf, Machine, ReplyOf, Rules, State};
use crate::outcome::Outcome;
use crate::store::Database;

impl<DB: Database, X: Rules> Handle<DB, X> {
    /// The machine as it is stored; `None` if it was not started.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/payment.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, Natural};
    ///
    /// let payment = Payment::stored(&idem, Rules).at("pay-42");
    /// assert!(payment.get().await?.is_none());
    /// let started = payment.start(Natural, payment::Authorized { amount: 500 }).await?;
    /// let stored = payment.get().await?.expect("started above");
    /// assert!(matches!(stored.state(), Payment::Authorized { amount: 500 }));
    /// assert_eq!((stored.version(), stored.entered_at()), (1, started.at()));
    ///
    /// // As it would be after a release that dropped the state.
    /// sqlx::query("UPDATE idem_machines SET state = 'Reserved'").execute(idem.pool()).await?;
    /// assert!(matches!(payment.get().await, Err(Error::UnknownState { stored, .. }) if stored == "Reserved"));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::OtherRelease`], [`Error::UnknownState`] or [`Error::Undecodable`] if today's enum cannot hold what is stored.
    /// [`Error::Key`] if the id is none; [`Error::Unavailable`] if the database does not answer.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn get(&self) -> Result<Option<StoredMachine<X::Machine>>, Error> {
        let machine = self.row().await?.map(|row| typed_machine(self.id.to_string(), &row)).transpose();
        self.machines.explained(machine).await
    }

    #[doc(hidden)]
    #[allow(clippy::needless_pass_by_value, reason = "generated code has a value")]
    pub fn __start(&self, key: Option<Key>, initial: X::Machine) -> Call<'_, (), KindOf<X>, X::Rejection> {
        self.call(self.start_command(key, &initial))
    }

    #[doc(hidden)]
    #[allow(clippy::needless_pass_by_value, reason = "generated code has a value")]
    pub fn __start_and<C: FirstCommand<<X::Machine as Machine>::Command, Outcome: State>>(
        &self,
        key: &Key,
        initial: X::Machine,
        command: C,
    ) -> Call<'_, C::Outcome, KindOf<X>, X::Rejection> {
        self.call(self.start_and_command(key, &initial, command.__into_command()))
    }

    #[doc(hidden)]
    pub fn __call<O: State>(
        &self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Call<'_, O, KindOf<X>, X::Rejection> {
        self.call(self.command(key, command))
    }

    #[doc(hidden)]
    pub fn __apply(
        &self,
        key: Option<Key>,
        command: <X::Machine as Machine>::Command,
    ) -> Call<'_, ReplyOf<X>, KindOf<X>, X::Rejection> {
        let index = X::Machine::command(&command);
        self.call_with(self.command(key, command), move |answered| reply::<X>(index, answered))
    }

    fn call<O: State>(&self, command: Result<Command, Error>) -> Call<'_, O, KindOf<X>, X::Rejection> {
        self.call_with(command, outcome::<X, O>)
    }

    pub(super) fn call_with<O: Send + 'static>(
        &self,
        command: Result<Command, Error>,
        read: impl FnOnce(Answered) -> Result<Outcome<O, KindOf<X>>, CommandError<X::Rejection>> + Send + 'static,
    ) -> Call<'_, O, KindOf<X>, X::Rejection> {
        let machines = self.machines.clone();
        Call::new(command, move |command, deadline: Option<Duration>| {
            Box::pin(async move {
                let plan: BoxedPlan<DB> = Box::new(command);
                let span = observe::call(&*plan, &machines.shared);
                let work = async {
                    let began = Instant::now();
                    machines.register(deadline).await?;
                    let left = deadline.map(|deadline| deadline.saturating_sub(began.elapsed()));
                    machines.shared.submit(plan, left).await
                };
                let answered = span.record(work).await.map_err(CommandError::from);
                let answer = machines.explained(answered.and_then(read)).await;
                answer.map_err(Rejection::__error)
            })
        })
    }
}
